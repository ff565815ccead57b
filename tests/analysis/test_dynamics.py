"""Courses of moods: planted truths with known recovery, loop, overshoot and lag."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.analysis.affect.dynamics import (
    Series,
    course,
    depression,
    hysteresis,
    lag,
    overshoot,
    phases,
    recovery_time,
)
from moltarium.sim.record.errors import NotComputable


def path(decay: float, turns: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """A blow at turn 10, its repair at turn 20, and a state that goes (1 − decay) of the way each turn."""
    x = np.zeros(turns)
    x[10:20], x[20:] = -1.0, 0.2
    s = np.zeros(turns)
    for t in range(1, turns):
        s[t] = decay * s[t - 1] + (1 - decay) * x[t]
    return x, s


@given(st.floats(0.05, 0.9))
def test_recovery_time_is_the_planted_one(decay: float) -> None:
    _, s = path(decay)
    found = recovery_time(s, 0.0, 20)
    expected = next(t for t in range(40) if (s[20 + t : 23 + t] >= -0.05).all())
    assert found == expected
    # The closed form: s after k turns is 0.2 + (s₁₉ − 0.2)·decay^k.
    k = found + 1 if found is not None else 0
    assert 0.2 + (s[19] - 0.2) * decay**k >= -0.05
    assert found == 0 or 0.2 + (s[19] - 0.2) * decay ** (k - 1) < -0.05


def test_a_mood_that_stays_down_is_censored() -> None:
    assert recovery_time(np.full(10, -0.5), 0.0, 3) is None


def test_a_dip_back_restarts_the_count() -> None:
    assert recovery_time(np.array([0.0, 0.0, -0.5, 0.0, 0.0, 0.0]), 0.0, 0) == 3


def test_no_memory_no_loop() -> None:
    x = np.sin(np.linspace(0, 2 * np.pi, 400, endpoint=False))
    assert hysteresis(x, 0.5 * x) == pytest.approx(0.0, abs=1e-12)


@given(st.floats(0.1, 1.0), st.floats(0.1, 1.0))
def test_the_area_of_an_ellipse(a: float, b: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    assert hysteresis(a * np.cos(angle), b * np.sin(angle)) == pytest.approx(np.pi * a * b, rel=1e-4)


@pytest.mark.parametrize("shift", [0, 1, 4, 7])
def test_lag_finds_a_shift(shift: int) -> None:
    x = np.random.default_rng(2).normal(size=300)
    assert lag(x, np.roll(x, shift), longest=10) == shift


def test_lag_needs_something_that_varies() -> None:
    with pytest.raises(NotComputable, match="vary"):
        lag(np.zeros(9), np.arange(9.0))


def test_overshoot_and_depression_by_hand() -> None:
    s = np.array([0.1, -0.3, -0.1, 0.1, 0.4, 0.2])
    assert overshoot(s, 0.1, 3) == pytest.approx(0.3)
    assert overshoot(s, 0.5, 3) == 0.0
    assert depression(s, 0.1) == pytest.approx(0.6)


def test_a_course_and_its_phases() -> None:
    x, s = path(0.5)
    series = Series("a1", np.arange(60), x, s)
    onset, release = phases([series])
    assert (onset, release) == (10, 20)
    found = course(series, onset, release)
    assert found.baseline == 0.0
    assert found.depth == pytest.approx(-s.min())
    assert found.recovery == recovery_time(s, 0.0, 20)


def test_without_a_before_there_is_no_baseline() -> None:
    x, s = path(0.5)
    with pytest.raises(NotComputable, match="before"):
        course(Series("a1", np.arange(60), x, s), 0, 20)
    with pytest.raises(NotComputable, match="hostile"):
        phases([Series("a1", np.arange(60), np.zeros(60), s)])
