"""From a TOML file to a `Scenario`: every error says file:line:column, what, why and what was meant."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError

from moltarium.scenarios.endpoints import EMBEDDED
from moltarium.scenarios.minds import ASKING, make_mind
from moltarium.scenarios.positions import KeyPath, key_positions
from moltarium.scenarios.spec import Scenario
from moltarium.scenarios.world import group_sizes
from moltarium.sim.llm.endpoint import Endpoint
from moltarium.sim.record.errors import ScenarioError

DEEPEST = 32
"""Levels of tables and arrays in a scenario at most; the deepest shipped one has five."""
_SECRET = re.compile(r"key|token(?!s_per)|secret|password|auth|header|bearer", re.IGNORECASE)
"""Names of keys beside which someone may have written a secret: what stands there is never shown."""
_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_DEEP_KEY = re.compile(rf"(?:^|[\[{{,])[ \t]*(?:{_PART}[ \t]*\.[ \t]*){{{DEEPEST}}}", re.MULTILINE)
"""A dotted key of more parts: `tomllib` takes time in the square of them, so it must not meet one."""
_KEY = re.compile(rf"\s*({_PART}(?:[ \t]*\.[ \t]*{_PART}){{0,{DEEPEST}}})\s*=(.*)", re.DOTALL)
"""An override: a key as TOML writes it, where what stands in quotes is one part, and its value."""


def shipped() -> dict[str, Path]:
    """Return the scenarios that come with Moltarium, by name."""
    folder = Path(str(resources.files("moltarium.scenarios")))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def find(name: str) -> Path:
    """Return the path of a scenario given as a path or as the name of a shipped one.

    Raises
    ------
    ScenarioError
        If there is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    known = shipped()
    if name in known:
        return known[name]
    if path.exists():
        raise ScenarioError("is not a file", place=name, remedy="give a scenario file (.toml)")
    close = difflib.get_close_matches(Path(name).stem, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise ScenarioError("no such scenario", place=name, remedy=f"{hint}shipped: {', '.join(known)}")


def load(name: str, overrides: Sequence[str] = ()) -> Scenario:
    """Read, override and validate a scenario.

    Parameters
    ----------
    name
        A path, or the name of a shipped scenario.
    overrides
        ``a.b=c`` each; the value is TOML, or a string where it is not.

    Raises
    ------
    ScenarioError
        With the place of the first fault and one line for each further one.
    """
    path = find(name)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(
            f"can't be read: {error}", place=str(path), remedy="give a TOML file in UTF-8 that you may read"
        ) from error
    values = _values(path, text)
    for override in overrides:
        apply_override(values, override)
    scenario = validate(values, path, text, overrides)
    return _anchored(scenario, path)


def _values(path: Path, text: str) -> dict[str, Any]:
    """Read TOML that a person could have written.

    Raises
    ------
    ScenarioError
        If it is not TOML, or is beyond what any scenario needs.
    """
    beyond = ScenarioError(
        f"nests deeper than {DEEPEST} tables or arrays, or holds a number beyond measure",
        place=str(path),
        remedy="compare it with a shipped scenario",
    )
    if _DEEP_KEY.search(text):
        raise beyond
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, text, error) from error
    except (RecursionError, ValueError) as error:
        raise beyond from error
    level: list[Any] = [values]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    if level:
        raise beyond
    return values


def validate(values: Mapping[str, Any], path: Path, text: str, overrides: Sequence[str] = ()) -> Scenario:
    """Check `values`, read from `text` at `path` and overridden, and return the scenario.

    Raises
    ------
    ScenarioError
        Naming file, line and column of each fault, or the override that brought it.
    """
    source = _Source(path, text, {_parts(each): each for each in overrides})
    try:
        scenario = Scenario.model_validate(values)
    except ValidationError as error:
        raise _faults(error, source) from error
    try:
        group_sizes(scenario.population.groups, scenario.population.size)
    except ScenarioError as error:
        place = source.place(("population", "groups", 0))
        raise ScenarioError(error.what, place=place, remedy=error.remedy) from error
    for label, spec in scenario.models.items():
        try:
            Endpoint(label, "http://localhost" if spec.base_url == EMBEDDED else spec.base_url)
        except ScenarioError as error:
            place = source.place(("models", label, "base_url"), hidden=True)
            raise ScenarioError(error.what, place=place, remedy=error.remedy) from None
    for number, group in enumerate(scenario.population.groups):
        try:
            make_mind(group.mind, group.model, group.parameters)
        except ScenarioError as error:
            key = "mind" if "no mind" in error.what else "parameters"
            place = source.place(("population", "groups", number, key))
            raise ScenarioError(error.what, place=place, remedy=error.remedy) from error
        asks = group.mind in ASKING or "model" in group.model_fields_set
        if asks and group.model not in scenario.models:
            place = source.place(("population", "groups", number, "model"))
            known = ", ".join(sorted(scenario.models))
            raise ScenarioError(
                f"no endpoint is labelled {group.model!r}", place=place, remedy=f"known: {known}"
            )
    return scenario


def apply_override(values: dict[str, Any], override: str) -> None:
    """Set one dotted key of `values`; numbers address items of an array.

    Raises
    ------
    ScenarioError
        If it is not ``key=value`` or the key leads through something that is no table.
    """
    place = _shown(override)
    written = _KEY.fullmatch(override)
    if written is None:
        raise ScenarioError("is not key=value", place=place, remedy="write --set clock.steps=24")
    key, raw = written.groups()
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError:
        value = raw
    at: Any = values
    *path, last = _named(key)
    for part in path:
        at = _descend(at, part, place)
    if isinstance(at, list):
        at[_number(last, at, place)] = value
    elif isinstance(at, dict):
        at[last] = value
    else:
        raise _through_a_value(key, place)


def _through_a_value(part: str, place: str) -> ScenarioError:
    remedy = "`moltarium schema` shows which keys hold others"
    return ScenarioError(f"{part!r} leads through a plain value", place=place, remedy=remedy)


def _descend(at: Any, part: str, place: str) -> Any:
    if isinstance(at, list):
        return at[_number(part, at, place)]
    if isinstance(at, dict):
        return at.setdefault(part, {})
    raise _through_a_value(part, place)


def _number(part: str, items: list[Any], place: str) -> int:
    if part.isdecimal() and int(part) < len(items):
        return int(part)
    remedy = f"count from 0 to {len(items) - 1}" if items else "the array is empty: write it in the scenario"
    raise ScenarioError(f"{part!r} is no index of an array of {len(items)}", place=place, remedy=remedy)


def _anchored(scenario: Scenario, path: Path) -> Scenario:
    """Resolve the seed's path against the scenario file."""
    if scenario.seed_from is None or scenario.seed_from.record.is_absolute():
        return scenario
    beside = (path.parent / scenario.seed_from.record).resolve()
    here = scenario.seed_from.record.resolve()
    chosen = beside if beside.exists() or not here.exists() else here
    return scenario.model_copy(update={"seed_from": scenario.seed_from.model_copy(update={"record": chosen})})


def _syntax_error(path: Path, text: str, error: tomllib.TOMLDecodeError) -> ScenarioError:
    what = str(error)
    message, _, where = what.partition(" (at ")
    if where.startswith("line "):
        line, column = (part.split()[-1] for part in where.rstrip(")").split(","))
    else:
        line, column = str(max(1, len(text.splitlines()))), "1"
    return ScenarioError(
        f"is not TOML: {message}",
        place=f"{path}:{line}:{column}",
        remedy="mend the line; the fault may begin on the one before it",
    )


def _faults(error: ValidationError, source: _Source) -> ScenarioError:
    lines: list[tuple[str, str, str]] = []
    # A misspelt key is often why another one is missing.
    for fault in sorted(error.errors(include_url=False), key=lambda each: each["type"] == "missing"):
        where = tuple(fault["loc"])
        lines.append((source.place(where), *_wording(where, fault["type"], fault["msg"], fault.get("input"))))
    place, what, remedy = lines[0]
    more = "".join(f"\n{p}: {w}" + (f" ({r})" if r else "") for p, w, r in lines[1:])
    return ScenarioError(what, place=place, remedy=remedy + more if remedy else more.lstrip("\n"))


def _wording(where: KeyPath, kind: str, message: str, given: object) -> tuple[str, str]:
    dotted = ".".join(map(str, where))
    secret = where[0] == "models" and _SECRET.search(str(where[-1]))
    if secret:
        what = f"unknown key {dotted!r}" if kind == "extra_forbidden" else f"{dotted}: {message}"
        return what, "a scenario holds no key: name a variable in `api_key_env` or a file in `api_key_file`"
    if kind == "extra_forbidden":
        known = _siblings(where)
        close = difflib.get_close_matches(str(where[-1]), known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
        return f"unknown key {dotted!r}", hint
    if kind == "missing":
        return f"missing key {dotted!r}", "add it"
    if kind.startswith("time_delta"):
        return f"{dotted}: no length of time: {given!r}", 'write it like "90s", "15m", "4h" or "2d"'
    return f"{dotted or 'scenario'}: {message}, not {given!r}", "`moltarium schema` says what may stand here"


def _siblings(where: KeyPath) -> list[str]:
    """Return the keys that a section knows, following types from the root."""
    section: Any = Scenario
    labelled = False
    for part in where[:-1]:
        if (
            labelled
            or isinstance(part, int)
            or not (isinstance(section, type) and issubclass(section, BaseModel))
        ):
            labelled = False
            continue
        field = section.model_fields.get(str(part))
        section = None if field is None else _inner_model(field.annotation)
        if field is None or section is None:
            return []
        labelled = get_origin(field.annotation) is dict
    return (
        sorted(section.model_fields) if isinstance(section, type) and issubclass(section, BaseModel) else []
    )


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _inner_model(inner)
        if found is not None:
            return found
    return None


def _parts(override: str) -> KeyPath:
    written = _KEY.fullmatch(override)
    parts = _named(written[1]) if written else [override]
    return tuple(int(part) if part.isdecimal() else part for part in parts)


def _shown(override: str, *, hidden: bool = False) -> str:
    """Return an override as errors name it: without its value if that is to be hidden, or may be a secret."""
    written = _KEY.fullmatch(override)
    name = written[1] if written else override.partition("=")[0]
    return f"--set {name}=***" if hidden or _SECRET.search(name) else f"--set {override}"


def _named(key: str) -> list[str]:
    """Return the parts of a key, quotes taken off."""
    return [
        next(iter(tomllib.loads(f"{part} = 0"))) if part[0] in "\"'" else part
        for part in re.findall(_PART, key)
    ]


@dataclass(frozen=True)
class _Source:
    """Where a scenario's values came from."""

    path: Path
    text: str
    overrides: Mapping[KeyPath, str]

    def place(self, where: KeyPath, *, hidden: bool = False) -> str:
        """Return the override or the position that set the key at `where`, or the nearest key around it."""
        for key, override in self.overrides.items():
            if where[: len(key)] == key or key[: len(where)] == where:
                return _shown(override, hidden=hidden)
        for length in range(len(where), 0, -1):
            if where[:length] in self._positions:
                line, column = self._positions[where[:length]]
                return f"{self.path}:{line}:{column}"
        return f"{self.path}:1:1"

    @cached_property
    def _positions(self) -> dict[KeyPath, tuple[int, int]]:
        return key_positions(self.text)
