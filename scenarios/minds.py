"""Minds by the name that a scenario calls them, with their parameters checked against their fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final

from moltarium.agents.interface import Mind
from moltarium.agents.minds.carrier import CarrierMind, GullibleMind
from moltarium.agents.minds.heart import HeartMind
from moltarium.agents.minds.hef import HefMind
from moltarium.agents.minds.llm import LLMMind
from moltarium.agents.minds.mimicry import MimicryMind
from moltarium.agents.minds.random import RandomMind
from moltarium.agents.minds.scripted import ScriptedMind
from moltarium.agents.minds.surrogate import SurrogateMind
from moltarium.agents.minds.writer import WriterMind
from moltarium.sim.record.errors import ScenarioError

ASKING: Final = frozenset({"heart", "hef", "llm", "mimicry", "writer"})
"""Minds that ask a model."""

Parameters = Mapping[str, float | int | str | bool]


def make_mind(name: str, model: str, parameters: Parameters) -> Mind:
    """Return the mind called `name`.

    Parameters
    ----------
    name
        ``surrogate``, ``llm``, ``writer``, ``random``, ``scripted``, ``carrier`` or ``gullible``.
    model
        Label of the endpoint it asks, if it asks one.
    parameters
        Values for the mind's own named parameters. A writer passes on what it does not know to the
        surrogate that chooses its actions.

    Raises
    ------
    ScenarioError
        For an unknown name or parameter.
    """
    maker = _MAKERS.get(name)
    if maker is None:
        raise ScenarioError(
            f"no mind is called {name!r}", remedy=f"known minds: {', '.join(sorted(_MAKERS))}"
        )
    return maker(model, parameters)


def _fields(kind: type[Any]) -> set[str]:
    return {field.name for field in dataclasses.fields(kind) if field.init and field.name != "name"}


def _fill(kind: type[Any], known: Mapping[str, Any], fixed: Mapping[str, Any]) -> Any:
    unknown = sorted(set(known) - _fields(kind))
    if unknown:
        raise ScenarioError(
            f"{kind.__name__} has no parameter {unknown[0]!r}",
            remedy=f"it has: {', '.join(sorted(_fields(kind) - set(fixed)))}",
        )
    try:
        mind = kind(**known, **fixed)
    except (TypeError, ValueError) as error:
        raise ScenarioError(f"{kind.__name__}: {error}") from error
    return mind


def _writer(model: str, parameters: Parameters) -> Mind:
    own = {key: value for key, value in parameters.items() if key in _fields(WriterMind)}
    policy = {key: value for key, value in parameters.items() if key not in own}
    mind: Mind = _fill(WriterMind, own, {"policy": _fill(SurrogateMind, policy, {}), "model": model})
    return mind


def _around(kind: type[Any], model: str, parameters: Parameters) -> Mind:
    """Fill a mind that has an `LLMMind` within; what it does not know itself is for that one."""
    own = {key: value for key, value in parameters.items() if key in _fields(kind)}
    inner = {key: value for key, value in parameters.items() if key not in own}
    mind: Mind = _fill(kind, own, {"inner": _fill(LLMMind, inner, {"model": model})})
    return mind


_MAKERS: Final[dict[str, Callable[[str, Parameters], Mind]]] = {
    "surrogate": lambda _, parameters: _fill(SurrogateMind, parameters, {}),
    "random": lambda _, parameters: _fill(RandomMind, parameters, {}),
    "scripted": lambda _, parameters: _fill(ScriptedMind, parameters, {}),
    "carrier": lambda _, parameters: _fill(CarrierMind, parameters, {}),
    "gullible": lambda _, parameters: _fill(GullibleMind, parameters, {}),
    "llm": lambda model, parameters: _fill(LLMMind, parameters, {"model": model}),
    "heart": lambda model, parameters: _around(HeartMind, model, parameters),
    "hef": lambda model, parameters: _around(HefMind, model, parameters),
    "mimicry": lambda model, parameters: _fill(MimicryMind, parameters, {"model": model}),
    "writer": _writer,
}
