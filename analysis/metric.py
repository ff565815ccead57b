"""What a measure is: a named, sourced, pure function of one record."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from moltarium.analysis.corpus import Corpus
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Row


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
    note: str | None = None
    """What was left out of this value and how many: dangling parents, unknown authors, …"""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How much chance a measure may use."""

    seed: int = 0
    """Root of every draw; the same seed gives the same intervals and nulls."""
    draws: int = 200
    """Bootstrap replicates and null graphs; 0 leaves out intervals and nulls that have no formula."""


class Definition(NamedTuple):
    """What a measure's name stands for."""

    text: str
    """One line: formula and filter."""
    source: str
    """Where it comes from, with its DOI or arXiv id."""


Compute: TypeAlias = Callable[[Corpus, Sampling], dict[str, Measure]]
"""Computes one family of measures: they share the same graph or frame, so they come together."""


@dataclass(frozen=True, slots=True)
class Family:
    """A family of measures registered under a common prefix."""

    prefix: str
    """E.g. ``"network.reply"``."""
    needs: frozenset[type[Row] | str]
    """Without these no measure of the family has a value."""
    compute: Compute
    definitions: Mapping[str, Definition]
    """What each measure is, by its name without the prefix."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every dotted name that `compute` returns."""
        return tuple(f"{self.prefix}.{name}" for name in self.definitions)

    def absent(self, needs: str) -> dict[str, Measure]:
        """Return the family's measures without values, for a record that lacks what they need."""
        return {
            f"{self.prefix}.{name}": Measure(None, found.source, found.text, needs=needs)
            for name, found in self.definitions.items()
        }


NO_INTERVAL: Final = "no interval"
"""With these words a note begins to say why a figure has no interval."""
UNDRAWN: Final = f"{NO_INTERVAL}: none was asked for, or too few to draw from, or all alike"
"""Why a figure has no interval where its measure has one."""
COUNT: Final = f"{NO_INTERVAL}: a count"
EXTREME: Final = f"{NO_INTERVAL}: it hangs on an extreme"


class Sheet:
    """Fills in a family's measures one by one; what can't be computed is entered with its reason.

    Parameters
    ----------
    prefix
        The family's prefix.
    definitions
        The family's definitions; every entry must be one of them.
    """

    def __init__(self, prefix: str, definitions: Mapping[str, Definition]) -> None:
        self.measures: dict[str, Measure] = {}
        self.prefix = prefix
        self._definitions = definitions

    def enter(
        self,
        name: str,
        compute: Callable[[], float],
        *,
        ci: Callable[[float], tuple[float, float] | None] | None = None,
        null: Callable[[float], Null | None] | None = None,
        note: str | None = None,
        why: str = UNDRAWN,
    ) -> None:
        """Compute and enter one measure.

        Parameters
        ----------
        name
            Name without the prefix.
        compute
            Gives the value, or raises `NotComputable`.
        ci, null
            Give interval and null standing of a value that could be computed.
        note
            What was left out.
        why
            Added to the note where there is no interval: every figure says why it has none.
        """
        text, source = self._definitions[name]
        try:
            value = float(compute())
        except NotComputable as lack:
            self.measures[f"{self.prefix}.{name}"] = Measure(None, source, text, needs=lack.needs, note=note)
            return
        if not math.isfinite(value):
            raise ArithmeticError(f"{self.prefix}.{name} is {value}: a measure is finite or not computable")
        interval = ci(value) if ci else None
        if interval is None and NO_INTERVAL not in (note or ""):
            note = "; ".join(filter(None, (note, why)))
        self.measures[f"{self.prefix}.{name}"] = Measure(
            value, source, text, ci=interval, null=null(value) if null else None, note=note
        )

    def lack(self, names: Iterable[str], needs: str) -> None:
        """Enter measures that this record can't give."""
        for name in names:
            text, source = self._definitions[name]
            self.measures[f"{self.prefix}.{name}"] = Measure(None, source, text, needs=needs)


REGISTRY: Final[dict[str, Family]] = {}
"""Families by prefix. Filled by `analysis.battery`, not at import of a family's own module."""

Json: TypeAlias = dict[str, Any]
