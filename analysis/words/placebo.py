"""Before and after, each beside what a split at any other place gives, and what others do without a reward.

A before/after difference mixes what the event did with what any split would show: agents introduce
themselves first, subjects wander, sites fill up. Two controls take that out. The *placebo* moves the event to
every other admissible place of the same agent's history. The *matched* control asks agents who had not been
rewarded yet, at the same place of their histories and over as many texts (not-yet-treated controls: Callaway
& Sant'Anna 2021, doi:10.1016/j.jeconom.2020.12.001).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.analysis.bootstrap import Z95, ends
from moltarium.analysis.words.histories import Floats, History
from moltarium.sim.record.errors import NotComputable

WINDOW: Final = 10
"""Texts read on either side of a split at most."""
MIN_AGENTS: Final = 10
"""Fewer agents than this say nothing."""
SIGNIFICANT: Final = 0.05

Ints: TypeAlias = npt.NDArray[np.int64]
Verdict: TypeAlias = Literal["more", "less", "none"]
Outcome: TypeAlias = Callable[[History, Ints, Ints], Floats]
"""What changed between the texts up to each split (first array, inclusive) and as many after it as the second
array says; NaN where it can't be said."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A change after reward beside its control."""

    name: str
    control: str
    """``"placebo"``, ``"matched"``, ``"uniform position"`` or ``"shuffled rewards"``."""
    definition: str
    observed: float
    """Mean over agents."""
    expected: float
    """The same under the control."""
    difference: float
    """observed − expected."""
    ci: tuple[float, float]
    """95 % interval of `difference`, agents resampled."""
    p: float
    """Two-sided."""
    n: int
    """Agents."""
    left_out: int
    """Agents with the event for whom the control has nothing to offer."""

    @property
    def verdict(self) -> Verdict:
        """``"none"`` unless p < .05 and the interval leaves out 0."""
        if self.p >= SIGNIFICANT or self.ci[0] <= 0 <= self.ci[1]:
            return "none"
        return "more" if self.difference > 0 else "less"


def _block(sums: Floats, a: Ints, b: Ints, c: Ints, d: Ints) -> Floats:
    """Σ of rows a..b−1, columns c..d−1 from two-way running sums."""
    return sums[b, d] - sums[a, d] - sums[b, c] + sums[a, c]


def _running(table: Floats) -> Floats:
    sums = np.zeros((table.shape[0] + 1, table.shape[1] + 1))
    sums[1:, 1:] = table.cumsum(axis=0).cumsum(axis=1)
    return sums


def likeness_levels(history: History, splits: Ints) -> tuple[Floats, Floats, Floats]:
    """Return likeness before each split and after it, over the whole history, as papers report them.

    Mean cosine of the texts up to the split among themselves, that of all later texts to them, and the first
    once more with every text counted as like itself.
    """
    sums, diagonal = _running(history.alike), np.append(0.0, np.diag(history.alike).cumsum())
    zero, end, n = np.zeros_like(splits), splits + 1, np.full_like(splits, history.n)
    whole = _block(sums, zero, end, zero, end)
    before = (whole - diagonal[end]) / (end * (end - 1))
    after = _block(sums, end, n, zero, end) / ((n - end) * end)
    return before, after, whole / end**2


def likeness_change(history: History, splits: Ints, after: Ints) -> Floats:
    """Return mean cosine of the texts after to those before, less that of those before among themselves.

    Pairs of a text with itself are left out: with them any split looks like drift (docs/metrics/drift.md).
    Below 0: away from what it wrote.
    """
    sums, diagonal = _running(history.alike), np.append(0.0, np.diag(history.alike).cumsum())
    start, end = np.maximum(splits + 1 - WINDOW, 0), splits + 1
    size = end - start
    own = _block(sums, start, end, start, end) - (diagonal[end] - diagonal[start])
    across = _block(sums, end, end + after, start, end)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(across / (after * size) - own / (size * (size - 1)), np.float64)


def away_change(history: History, splits: Ints, after: Ints) -> Floats:
    """Return 1 where `likeness_change` is below 0, else 0: its mean is the share that drift away."""
    change = likeness_change(history, splits, after)
    return np.where(np.isfinite(change), (change < 0).astype(np.float64), np.nan)


def pull_change(history: History, splits: Ints, after: Ints) -> Floats:
    """Return how much nearer the centroid of the texts after comes to everyone else's than those before did.

    ``cos(Σ after, others) − cos(Σ before, others)``; the pull ΔS of arXiv:2602.14299, own texts left out of
    the others. Centroids of few texts point anywhere, so equal numbers are compared: the last m before.
    """
    sums, reach = _running(history.alike), np.append(0.0, history.towards.cumsum())
    end = splits + 1
    start = np.maximum(end - after, 0)

    def cosine(a: Ints, b: Ints) -> Floats:
        length = np.sqrt(np.maximum(_block(sums, a, b, a, b), 0))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(length > 0, (reach[b] - reach[a]) / length, np.nan), np.float64)

    later = end + np.minimum(after, end)
    return cosine(end, later) - cosine(start, end)


def pace_change(history: History, splits: Ints, after: Ints) -> Floats:
    """Return ln(mean gap between texts before / after the split): above 0 the agent writes faster."""
    hours, end = history.hours, splits
    start = np.maximum(splits + 1 - WINDOW, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        before = (hours[end] - hours[start]) / (end - start)
        later = (hours[end + after] - hours[end]) / after
        change = np.log(before) - np.log(later)
    return np.where(np.isfinite(change), change, np.nan)


def _admissible(until: int) -> tuple[Ints, Ints]:
    """Splits with two texts before and one after among the first `until`, and texts after each."""
    splits = np.arange(1, until - 1)
    return splits, np.minimum(until - 1 - splits, WINDOW)


def placebo_effect(
    name: str, definition: str, outcome: Outcome, pool: Sequence[History], events: Sequence[int | None],
    *, draws: int, rng: np.random.Generator,
) -> Effect:  # fmt: skip
    """Return a change after the event beside the same change at a random split of the same history.

    ``mean_i (y_i(event) − mean_j y_i(j))`` over all admissible splits j: the expectation of a random split,
    not one draw of it. p from splits drawn at random for every agent.

    Raises
    ------
    NotComputable
        Under `MIN_AGENTS` agents with the event at an admissible split and another split beside it.
    """
    values, seen, left_out = [], [], 0
    for history, event in zip(pool, events, strict=True):
        if event is None:
            continue
        splits, after = _admissible(history.n)
        y = outcome(history, splits, after)
        at = event - 1
        if not (0 <= at < len(y) and np.isfinite(y[at]) and np.isfinite(y).sum() > 1):
            left_out += 1
            continue
        values.append(y[np.isfinite(y)])
        seen.append(float(y[at]))
    if len(seen) < MIN_AGENTS:
        raise NotComputable(f"at least {MIN_AGENTS} agents with posts on both sides (has {len(seen)})")
    observed, means = np.array(seen), np.array([y.mean() for y in values])
    difference = observed - means
    null = np.zeros(draws)
    for y, mean in zip(values, means, strict=True):
        null += rng.choice(y, draws) - mean
    far = int((np.abs(null) >= abs(difference.sum()) - 1e-12).sum())
    return Effect(
        name, "placebo", definition, float(observed.mean()), float(means.mean()), float(difference.mean()),
        mean_interval(difference, draws, rng), (1 + far) / (1 + draws), len(seen), left_out,
    )  # fmt: skip


def mean_interval(values: Floats, draws: int, rng: np.random.Generator) -> tuple[float, float]:
    """Percentile interval of a mean, widened by √(n/(n−1)) for the spread that resampling loses."""
    n = len(values)
    means = np.array([values[rng.integers(0, n, n)].mean() for _ in range(draws)])
    centre = float(values.mean())
    wider = np.sqrt(n / (n - 1))
    low, high = ends(centre + (means - centre) * wider)
    return low, high


def matched_effect(
    name: str, definition: str, outcome: Outcome, pool: Sequence[History], events: Sequence[int | None],
    *, draws: int, rng: np.random.Generator,
) -> Effect:  # fmt: skip
    """Return a change after the event beside that of agents not rewarded yet, at the same place.

    A control is an agent whose own event lies later (or never comes), read up to its event only, split at the
    same place of its history (places beyond `WINDOW` count as one) with as many texts after.
    ``Σ_s n_s (mean y of the rewarded in s − mean y of the controls in s) / Σ_s n_s`` over strata
    s = (place, texts after). Interval and p from agents resampled as wholes, as rewarded and as controls.

    Raises
    ------
    NotComputable
        Under `MIN_AGENTS` rewarded agents in strata with controls.
    """
    treated, controls = _strata(outcome, pool, events)
    offered = np.unique(controls[1]) if len(controls[1]) else np.array([], np.int64)
    kept = np.isin(treated[1], offered)
    left_out = int((~kept).sum()) + sum(e is not None for e in events) - len(kept)
    if kept.sum() < MIN_AGENTS:
        raise NotComputable(f"at least {MIN_AGENTS} rewarded agents with matched controls (has {kept.sum()})")
    who, stratum, y = treated[0][kept], treated[1][kept], treated[2][kept]
    used = np.isin(controls[1], stratum)
    c_who, c_stratum, c_y = controls[0][used], controls[1][used], controls[2][used]
    codes = np.unique(stratum)
    s, c = np.searchsorted(codes, stratum), np.searchsorted(codes, c_stratum)

    def means(weight: Floats) -> tuple[float, float]:
        n_s = np.bincount(s, weight[who], len(codes))
        y_s = np.bincount(s, weight[who] * y, len(codes))
        n_c = np.bincount(c, weight[c_who], len(codes))
        y_c = np.bincount(c, weight[c_who] * c_y, len(codes))
        both = (n_s > 0) & (n_c > 0)
        total = n_s[both].sum()
        control = n_s * y_c / np.where(n_c > 0, n_c, 1)
        return float(y_s[both].sum() / total), float(control[both].sum() / total)

    observed, expected = means(np.ones(len(pool)))
    boot = []
    for _ in range(draws):
        a, b = means(rng.multinomial(len(pool), np.full(len(pool), 1 / len(pool))).astype(float))
        boot.append(a - b)
    replicates = np.array(boot)
    difference = observed - expected
    far = int((np.abs(replicates - replicates.mean()) >= abs(difference)).sum())
    reach = Z95 * float(replicates.std(ddof=1))
    return Effect(
        name, "matched", definition, observed, expected, difference,
        (difference - reach, difference + reach), (1 + far) / (1 + draws), int(kept.sum()), left_out,
    )  # fmt: skip


_Entries: TypeAlias = tuple[Ints, Ints, Floats]
"""Agent, stratum and outcome, one entry each."""


def _strata(
    outcome: Outcome, pool: Sequence[History], events: Sequence[int | None]
) -> tuple[_Entries, _Entries]:
    treated: list[tuple[int, int, float]] = []
    who, strata, values = [], [], []
    for agent, (history, event) in enumerate(zip(pool, events, strict=True)):
        if event is not None and 1 <= event < history.n - 1:
            after = min(history.n - 1 - event, WINDOW)
            y = outcome(history, np.array([event]), np.array([after]))
            if np.isfinite(y[0]):
                treated.append((agent, int(_stratum(event, after)), float(y[0])))
        until = history.n if event is None else event + 1
        splits, most = _admissible(until)
        for after in range(1, WINDOW + 1):
            here = splits[most >= after]
            if not len(here):
                break
            y = outcome(history, here, np.full(len(here), after))
            said = np.isfinite(y)
            who.append(np.full(int(said.sum()), agent))
            strata.append(_stratum(here[said], after))
            values.append(y[said])
    columns = list(zip(*treated, strict=True)) or [(), (), ()]
    rewarded = (np.array(columns[0], np.int64), np.array(columns[1], np.int64), np.array(columns[2], float))
    if not who:
        return rewarded, (np.array([], np.int64), np.array([], np.int64), np.array([]))
    return rewarded, (np.concatenate(who), np.concatenate(strata), np.concatenate(values))


def _stratum(place: Ints | int, after: int) -> Ints:
    return np.asarray(np.minimum(place, WINDOW) * (WINDOW + 1) + after, np.int64)
