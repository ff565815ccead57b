"""How a mood answers a blow and its repair: recovery time, hysteresis, overshoot, lag, depression.

Pure functions of two series by turn, the stimulus x and the state s (valence, in [−1, 1]), and the reading of
both from a record. The quantities are those that arXiv:2601.16087 reports for its perturbation →
reconciliation protocol; the definitions are ours and stand with each function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.analysis.corpus import require
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Appraisal, Emotion
from moltarium.sim.record.view import Record

Floats: TypeAlias = npt.NDArray[np.float64]

TOLERANCE: Final = 0.05
"""ε: how near to the baseline counts as back."""
HOLD: Final = 3
"""k: turns in a row that a mood must stay back."""


def recovery_time(
    state: Floats, baseline: float, release: int, eps: float = TOLERANCE, hold: int = HOLD
) -> int | None:
    """Return how many turns after `release` the mood is back for good measure.

    The first t ≥ 0 with s ≥ baseline − ε at t, t+1 … t+k−1 (counted from `release`); ``None`` if that does
    not happen before the series ends: censored, not infinite.

    Examples
    --------
    >>> recovery_time(np.array([0, -0.5, -0.4, -0.2, 0, 0, 0.0]), 0.0, release=2)
    2
    """
    back = state[release:] >= baseline - eps
    for t in range(len(back) - hold + 1):
        if back[t : t + hold].all():
            return t
    return None


def hysteresis(stimulus: Floats, state: Floats) -> float:
    """Return the area of the loop that (x, s) runs through, by the shoelace formula, closed at its ends.

    ½|Σ x_t·s_{t+1} − x_{t+1}·s_t|. 0 if the state depends on the present stimulus alone.

    Examples
    --------
    >>> hysteresis(np.array([0, 1, 1, 0.0]), np.array([0, 0, 1, 1.0]))
    1.0
    """
    return float(0.5 * abs(stimulus @ np.roll(state, -1) - np.roll(stimulus, -1) @ state))


def overshoot(state: Floats, baseline: float, release: int) -> float:
    """Return how far above its baseline the mood rises after `release`: max(0, max s − baseline)."""
    return max(0.0, float(state[release:].max()) - baseline)


def depression(state: Floats, baseline: float) -> float:
    """Return Σ max(0, baseline − s): valence lost, times turns."""
    return float(np.maximum(0.0, baseline - state).sum())


def lag(stimulus: Floats, state: Floats, longest: int | None = None) -> int:
    """Return by how many turns the state follows the stimulus: argmax_k corr(x_t, s_{t+k}), k ≥ 0.

    Parameters
    ----------
    stimulus, state
        By turn.
    longest
        Largest lag tried; default a third of the series.

    Raises
    ------
    NotComputable
        If either does not vary.
    """
    if np.ptp(stimulus) < 1e-9 or np.ptp(state) < 1e-9:
        raise NotComputable("a stimulus and a mood that vary")
    tried = range((len(state) // 3 if longest is None else longest) + 1)
    # Both keep their overall mean and scale: a shorter overlap must not be rescaled into a better fit.
    x, s = stimulus - stimulus.mean(), state - state.mean()
    return int(np.argmax([float(x[: len(x) - k] @ s[k:]) for k in tried]))


class Series(NamedTuple):
    """One agent, turn by turn."""

    agent: str
    step: npt.NDArray[np.int64]
    stimulus: Floats
    """Mean of what was appraised in that turn, weighted by attention; 0 where nothing was."""
    state: Floats
    """Valence of the mood after the turn."""


@dataclass(frozen=True, slots=True)
class Course:
    """What one agent went through."""

    agent: str
    baseline: float
    """Mean valence before the onset."""
    depth: float
    """How far below it the mood fell."""
    recovery: int | None
    """Turns from the release until it was back; ``None``: not within the horizon."""
    hysteresis: float
    overshoot: float
    depression: float
    lag: int | None
    """``None`` if stimulus or mood never varied."""


def series_of(record: Record) -> list[Series]:
    """Return every agent's stimulus and valence by turn, in order of agent.

    Raises
    ------
    NotComputable
        If the record knows no moods: a snapshot, or a run without dynamics.
    """
    require(record, Emotion, Appraisal)
    pulled: dict[tuple[str, int | None], tuple[float, float]] = {}
    for pull in record.rows(Appraisal):
        total, weight = pulled.get((pull.agent, pull.step), (0.0, 0.0))
        pulled[pull.agent, pull.step] = (total + pull.weight * pull.dv, weight + pull.weight)
    turns: dict[str, list[tuple[int, float, float]]] = {}
    for row in record.rows(Emotion):
        total, weight = pulled.get((row.agent, row.step), (0.0, 0.0))
        felt = total / weight if weight > 0 else 0.0
        turns.setdefault(row.agent, []).append((row.step or 0, felt, row.v))
    if not turns:
        raise NotComputable("moods that move: this run has no dynamics")
    return [
        Series(agent, np.array([t[0] for t in found]), *(np.array([t[i] for t in found]) for i in (1, 2)))
        for agent, found in sorted(turns.items())
    ]


def course(series: Series, onset: int, release: int) -> Course:
    """Measure one agent's course.

    Parameters
    ----------
    series
        The agent's turns.
    onset, release
        Steps at which the hostile and then the friendly words are first read.

    Raises
    ------
    NotComputable
        If the agent had no turn before the onset, or none from the release on.
    """
    first, last = (int(np.searchsorted(series.step, step)) for step in (onset, release))
    if first == 0 or last >= len(series.step):
        raise NotComputable("turns before the onset and after the release")
    x, s = series.stimulus, series.state
    baseline = float(s[:first].mean())
    try:
        behind: int | None = lag(x, s)
    except NotComputable:
        behind = None
    return Course(
        agent=series.agent,
        baseline=baseline,
        depth=max(0.0, baseline - float(s[first:].min())),
        recovery=recovery_time(s, baseline, last),
        hysteresis=hysteresis(x, s),
        overshoot=overshoot(s, baseline, last),
        depression=depression(s[first:], baseline),
        lag=behind,
    )


def phases(every: list[Series]) -> tuple[int, int]:
    """Return onset and release as the stimuli tell them.

    The onset is the first step at which the mean stimulus over agents is below −0.1, the release the first
    step after it at which it is above 0.1.

    Raises
    ------
    NotComputable
        If there is no such pair of steps.
    """
    by_step: dict[int, list[float]] = {}
    for series in every:
        for step, felt in zip(series.step.tolist(), series.stimulus.tolist(), strict=True):
            by_step.setdefault(step, []).append(felt)
    means = [(step, float(np.mean(felt))) for step, felt in sorted(by_step.items())]
    onset = next((step for step, mean in means if mean < -0.1), None)
    release = next((step for step, mean in means if onset is not None and step > onset and mean > 0.1), None)
    if onset is None or release is None:
        raise NotComputable("a hostile phase followed by a friendly one")
    return onset, release
