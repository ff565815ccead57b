"""What a measure is: a named, sourced, pure function of one record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from moltarium.sim.record.schema import Row
from moltarium.sim.record.view import Record


@dataclass(frozen=True, slots=True)
class Null:
    """Where an observed value stands against a null model."""

    model: str
    """What the null keeps fixed, e.g. ``"directed configuration"``."""
    mean: float
    sd: float
    z: float | None
    """(value − mean) / sd; ``None`` where sd is 0."""
    p: float
    """Two-sided, (1 + #{as extreme}) / (1 + draws)."""
    draws: int


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure, with all that is needed to read it."""

    value: float | None
    """``None`` only together with `needs`."""
    source: str
    """Where the definition comes from, with its DOI or arXiv id."""
    definition: str
    """One line: formula and filter."""
    ci: tuple[float, float] | None = None
    """95 % interval."""
    null: Null | None = None
    needs: str | None = None
    """Why there is no value: ``"table vote"``, ``"comment.parent"``, ``"at least 10 positive values"``."""


Compute: TypeAlias = Callable[[Record], dict[str, Measure]]
"""Computes one family of measures: they share the same graph or frame, so they come together."""


@dataclass(frozen=True, slots=True)
class Family:
    """A family of measures registered under a common prefix."""

    prefix: str
    """E.g. ``"network.reply"``."""
    needs: frozenset[type[Row] | str]
    compute: Compute
    names: tuple[str, ...]
    """Every dotted name that `compute` returns."""


REGISTRY: Final[dict[str, Family]] = {}
"""Families by prefix. Filled by `analysis.battery`, not at import of a family's own module."""

Json: TypeAlias = dict[str, Any]
