"""Planted activity and attention: intervals hold the truth, silent worlds stay silent, figures have reasons.

Sixteen seeds each; ``python -m benchmarks.activity_worlds`` repeats them with a hundred.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.activity_worlds import SILENT, WORLDS, judged, measured, speaks, truths
from benchmarks.planted import HOUR
from moltarium.analysis.conversation.rhythm import Spread, beat, finite_burstiness, peak
from moltarium.analysis.studentised import Influence, alpha_pull, gini_pull, studentised_interval, top_pull
from moltarium.analysis.without import clusters

SEEDS = range(500, 516)


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_intervals_hold_what_was_planted(name: str) -> None:
    truth = truths()[name]
    rows = [judged(name, truth, seed) for seed in SEEDS]
    for key in truth:
        # At 95 % this fails once in a thousand figures.
        assert sum(row[key].holds for row in rows) >= 12, (key, [row[key] for row in rows])


@pytest.mark.parametrize("name", sorted(SILENT))
def test_intervals_hold_nothing_where_nothing_is(name: str) -> None:
    assert sum(speaks(name, seed) for seed in SEEDS) <= 4


def test_what_has_no_interval_says_why() -> None:
    unequal, noticed = WORLDS["unequal"], WORLDS["noticed"]
    found = measured(unequal, 1, 400, 50)
    assert found["top1_share"].ci is None
    assert "fewer than ten" in (found["top1_share"].note or "")
    assert "four agents" in (found["top4_comments"].note or "")
    few = measured(noticed, 1, 8, 50)
    assert few["upvote_scaling"].ci is None
    assert "fewer than ten authors" in (few["upvote_scaling"].note or "")


@pytest.mark.parametrize("hours", [6, 8, 10, 12, 18])
def test_office_hours_are_no_heartbeat(hours: int) -> None:
    rng = np.random.default_rng(hours)
    flagged = 0
    for _ in range(20):
        t = rng.uniform(0, 240, 20_000)
        busy = np.sort(t[t % 24 < hours])
        flagged += beat((busy * HOUR).astype(np.int64)).p < 0.05
    assert flagged <= 1


def test_a_beat_among_office_hours_is_found() -> None:
    rng = np.random.default_rng(0)
    t = rng.uniform(0, 240, 5000)
    beats = np.arange(60) * 4.0 + rng.normal(0, 1 / 3, (60, 60)) + 1
    both = np.sort(np.r_[t[t % 24 < 10], np.abs(beats.ravel())])
    assert beat((both * HOUR).astype(np.int64)).p < 0.05


def test_a_day_is_found_where_there_is_one() -> None:
    rng = np.random.default_rng(0)
    t = rng.uniform(0, 20 * 24, 8000)
    flat = (np.sort(t) * HOUR).astype(np.int64)
    days = np.sort(t[rng.random(len(t)) < 0.5 + 0.3 * np.cos(2 * np.pi * t / 24)])
    assert peak((days * HOUR).astype(np.int64), 24.0).p < 1e-6
    assert peak(flat, 24.0).p > 0.001


@given(st.integers(2, 400))
def test_burstiness_reaches_its_ends_whatever_the_number_of_gaps(n: int) -> None:
    even, all_at_once = np.ones(n), np.r_[np.zeros(n - 1), 1.0]
    random = np.sqrt((n - 1) / (n + 1)) * np.sqrt(n / (n - 1))
    spread = Spread(
        np.array([1.0, all_at_once.mean(), 1.0]),
        np.array([even.std(ddof=1), all_at_once.std(ddof=1), random]),
        np.full(3, float(n)),
    )
    assert finite_burstiness(spread) == pytest.approx([-1, 1, 0], abs=1e-9)


@given(st.lists(st.integers(1, 20), min_size=3, max_size=40), st.sampled_from([0.05, 0.2, 0.5]))
def test_pulls_are_what_one_more_would_change(drawn: list[int], top: float) -> None:
    values, times = np.unique(np.array(drawn, dtype=np.float64), return_counts=True)
    weights = times.astype(np.float64)
    step = 1e-7 * weights.sum()
    figures: list[Influence] = [gini_pull, partial(top_pull, top=top)]
    if values[-1] > 1:
        figures.append(alpha_pull)
    for figure in figures:
        value, pull = figure(values, weights)
        assert weights @ pull == pytest.approx(0, abs=1e-6 * (1 + np.abs(pull).max()) * len(drawn))
        more = weights.copy()
        more[-1] += step
        assert (figure(values, more)[0] - value) / 1e-7 == pytest.approx(pull[-1], rel=1e-3, abs=1e-3)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(0, 99))
def test_any_values_have_an_interval_or_none(drawn: list[int], seed: int) -> None:
    values = np.array(drawn, dtype=np.float64)
    for figure in (gini_pull, partial(top_pull, top=0.5)):
        found = studentised_interval(values, figure, 20, np.random.default_rng(seed))
        assert found is None or 0 <= found[0] < found[1] <= 1
        assert found is None or len(set(drawn)) > 1


def test_values_of_unknown_agents_stand_alone() -> None:
    found = clusters(np.array([-1, 4, -1, 4, 0])).tolist()
    assert found[1] == found[3]
    assert len(set(found)) == 4
