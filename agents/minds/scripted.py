"""A mind that does what it is told: protocols, confederates and tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

import numpy as np

from moltarium.agents.interface import (
    Action,
    CastVote,
    FoundCommunity,
    Observation,
    Remember,
    RemoveTarget,
    SetFollow,
    SetSubscription,
    Thought,
    WriteComment,
    WritePost,
)

Script: TypeAlias = Mapping[int, Sequence[Action]] | Callable[[Observation], Sequence[Action]]
"""Actions by step, or whatever a function of the observation says."""

LONGEST: Final = 10_000
"""Steps over which one entry may be repeated."""

_KINDS: Final[dict[str, type[Action]]] = {
    kind.__name__: kind
    for kind in (
        WritePost,
        WriteComment,
        CastVote,
        SetFollow,
        SetSubscription,
        FoundCommunity,
        RemoveTarget,
        Remember,
    )
}


@dataclass(frozen=True, slots=True)
class ScriptedMind:
    """Acts out a script and nothing else.

    Parameters
    ----------
    script
        Actions by step, a function of the observation, or JSON (the form for scenario files): a list of
        objects ``{"step": 3, "act": "CastVote", "target": "p1", "value": 1}``, fields named as in
        `moltarium.agents.interface`; ``"until": 9`` repeats it at every step up to that one, ``"index": 0``
        restricts it to that agent of the society.

    Raises
    ------
    ValueError
        If the JSON script is wrong; the entry is named.
    """

    script: Script | str = "[]"

    def __post_init__(self) -> None:
        if isinstance(self.script, str):
            read_script(self.script)

    @property
    def name(self) -> str:
        """``"scripted"``."""
        return "scripted"

    def decide(self, seen: Observation, rng: np.random.Generator) -> Thought:  # noqa: ARG002 - draws nothing
        """Return this step's actions; asks no model (see `moltarium.agents.interface.Mind`)."""
        yield from ()
        if isinstance(self.script, str):
            lines = read_script(self.script).get(seen.step, ())
            return tuple(action for index, action in lines if index is None or index == seen.index)
        if callable(self.script):
            return tuple(self.script(seen))
        return tuple(self.script.get(seen.step, ()))


@lru_cache(maxsize=256)
def read_script(text: str) -> Mapping[int, tuple[tuple[int | None, Action], ...]]:
    """Return a JSON script as (agent's index or ``None`` for all, action) by step.

    Raises
    ------
    ValueError
        If it is not a list of complete entries.
    """
    entries = json.loads(text)
    if not isinstance(entries, list):
        raise ValueError("a script is a list of entries")
    lines: dict[int, tuple[tuple[int | None, Action], ...]] = {}
    for number, entry in enumerate(entries, 1):
        first, last, index, action = _line(entry, number)
        for step in range(first, last + 1):
            lines[step] = (*lines.get(step, ()), (index, action))
    return lines


def _line(entry: Any, number: int) -> tuple[int, int, int | None, Action]:
    if not isinstance(entry, dict):
        raise ValueError(f"script entry {number} is not an object")
    fields = dict(entry)
    step, index, act = fields.pop("step", None), fields.pop("index", None), fields.pop("act", None)
    until = fields.pop("until", step)
    if not isinstance(step, int) or not isinstance(until, int) or not isinstance(index, int | None):
        raise ValueError(f"script entry {number}: step (and until and index, if given) must be whole numbers")
    if not step <= until <= step + LONGEST:
        raise ValueError(f"script entry {number}: until lies at most {LONGEST} steps after step")
    if act not in _KINDS:
        raise ValueError(f"script entry {number}: act must be one of {', '.join(_KINDS)}")
    try:
        return step, until, index, _KINDS[act](**fields)
    except TypeError as error:
        raise ValueError(f"script entry {number}: {error}") from error
