"""Two records, or a record and what is published, side by side: like with like, or not at all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from moltarium.analysis.battery import measure
from moltarium.analysis.bootstrap import Interval
from moltarium.analysis.metric import Json, Measure
from moltarium.analysis.published import Grade, Published, comparable, published_figures
from moltarium.analysis.results import number
from moltarium.sim.record.keyhole import keyhole
from moltarium.sim.record.view import Record


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure on both sides."""

    a: float | None
    b: float | None
    a_ci: Interval | None
    b_ci: Interval | None
    difference: float | None
    """a − b; ``None`` where either side has no value."""
    difference_ci: Interval | None
    """95 % interval of the difference, the two sides taken as independent; needs both intervals."""
    ratio: float | None
    """a / b; ``None`` where b is 0 or either side has no value."""
    needs: str | None
    """What a side lacks: ``"a: comment.parent"``."""
    definition: str
    """How both sides were measured."""
    source: str
    """Where the definition comes from; for a published b, where its value comes from."""
    grade: Grade | None = None
    """How well a published b is known; ``None`` between two records."""
    note: str | None = None
    """What either side left out, and how b's own definition reads."""
    theirs: str | None = None
    """What a published b is, what was left out of it, and the data it was measured on."""


def compare(a: Record, b: Record, *, seed: int = 0, draws: int = 200) -> dict[str, Comparison]:
    """Compare two records measure by measure, both seen through the keyhole.

    Parameters
    ----------
    a, b
        Runs or snapshots, in any mix. A run is degraded to what a crawler would have seen; a snapshot stays
        as it is.
    seed, draws
        See `battery.measure`.

    Returns
    -------
    dict
        Every name of the battery.
    """
    return beside(measure(keyhole(a), seed=seed, draws=draws), measure(keyhole(b), seed=seed, draws=draws))


def beside(left: Mapping[str, Measure], right: Mapping[str, Measure]) -> dict[str, Comparison]:
    """Set the measures of two records beside each other; each is to be taken through the keyhole."""
    return {name: _beside(left[name], right[name]) for name in left}


def compare_published(
    a: Record, *, seed: int = 0, draws: int = 200, every: bool = False
) -> dict[str, Comparison]:
    """Set a record, through the keyhole, beside every figure published under the same definition.

    Parameters
    ----------
    a
        A run or a snapshot.
    seed, draws
        See `battery.measure`.
    every
        Also give the figures that can't be compared, under their published names and without a value of ours,
        each with what that would take.

    Returns
    -------
    dict
        By metric name, the best-known figure; further figures of the same metric as
        ``"<metric> (<published name>)"``.
    """
    return beside_published(measure(keyhole(a), seed=seed, draws=draws), every=every)


def beside_published(measures: Mapping[str, Measure], *, every: bool = False) -> dict[str, Comparison]:
    """Set measures, taken through the keyhole, beside published figures: see `compare_published`."""
    found: dict[str, Comparison] = {}
    for metric, figures in comparable().items():
        for place, figure in enumerate(figures):
            found[metric if not place else f"{metric} ({figure.name})"] = _published(measures[metric], figure)
    if every:
        alone = (figure for figure in published_figures() if figure.metric is None)
        found |= {figure.name: _alone(figure) for figure in alone}
    return found


def as_json(comparisons: Mapping[str, Comparison]) -> Json:
    """Return comparisons as ``{name: {a, b, a_ci?, b_ci?, difference?, ratio?, grade?, …}}``.

    `a` and `b` are always there, ``None`` where a side has no value; what does not apply is left out.
    """
    return {name: _entry(found) for name, found in comparisons.items()}


def _beside(a: Measure, b: Measure) -> Comparison:
    lacks = [f"{side}: {found.needs}" for side, found in (("a", a), ("b", b)) if found.needs]
    notes = [f"{side}: {found.note}" for side, found in (("a", a), ("b", b)) if found.note]
    difference, ratio = _contrast(a.value, b.value)
    return Comparison(
        a=a.value,
        b=b.value,
        a_ci=a.ci,
        b_ci=b.ci,
        difference=difference,
        difference_ci=_difference_ci(difference, a.ci, b.ci),
        ratio=ratio,
        needs="; ".join(lacks) or None,
        definition=a.definition,
        source=a.source,
        note="; ".join(notes) or None,
    )


def _published(a: Measure, figure: Published) -> Comparison:
    difference, ratio = _contrast(a.value, figure.value)
    theirs = "; ".join(filter(None, (figure.definition, figure.filter, figure.sample)))
    return Comparison(
        a=a.value,
        b=figure.value,
        a_ci=a.ci,
        b_ci=None,
        difference=difference,
        difference_ci=None,
        ratio=ratio,
        needs=f"a: {a.needs}" if a.needs else None,
        definition=a.definition,
        source=figure.source,
        grade=figure.grade,
        note="; ".join(filter(None, (a.note, f"{figure.name}: {theirs}"))),
        theirs=theirs,
    )


def _alone(figure: Published) -> Comparison:
    ours = Measure(None, figure.source, figure.definition, needs=figure.needs)
    return _published(ours, figure)


def _contrast(a: float | None, b: float | None) -> tuple[float | None, float | None]:
    if a is None or b is None:
        return None, None
    return a - b, a / b if b else None


def _difference_ci(difference: float | None, a: Interval | None, b: Interval | None) -> Interval | None:
    if difference is None or a is None or b is None:
        return None
    # Half-widths of independent, roughly normal estimates add in squares.
    reach = math.hypot((a[1] - a[0]) / 2, (b[1] - b[0]) / 2)
    return difference - reach, difference + reach


def _entry(found: Comparison) -> Json:
    entry: Json = {"a": None, "b": None}
    for name, value in asdict(found).items():
        if isinstance(value, tuple):
            entry[name] = [number(end) for end in value]
        elif isinstance(value, float):
            entry[name] = number(value)
        elif value is not None:
            entry[name] = value
    return entry
