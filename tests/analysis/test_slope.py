"""Slopes of points in groups: against matrices written out, with each group left out, on planted lines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from moltarium.analysis.bootstrap import TAIL, Floats, Interval
from moltarium.analysis.corpus import Ints
from moltarium.analysis.slope import slope_of
from moltarium.sim.record.errors import NotComputable


def written_out(x: Floats, y: Floats, group: Ints) -> tuple[float, Interval]:
    """Return slope and interval with every group left out in turn and the quadratic form as a matrix."""
    whole = float(np.polyfit(x, y, 1)[0])
    names = np.unique(group)
    moved = [whole - float(np.polyfit(x[group != name], y[group != name], 1)[0]) for name in names]
    design = np.column_stack((np.ones_like(x), x))
    hat = design @ np.linalg.solve(design.T @ design, design.T)
    dx = x - x.mean()
    pulls = np.zeros((len(x), len(names)))
    for k, name in enumerate(names):
        own = np.flatnonzero(group == name)
        inside = np.eye(len(own)) - hat[np.ix_(own, own)]
        pulls[own, k] = np.linalg.solve(inside, dx[own]) / (dx @ dx)
    form = pulls.T @ (np.eye(len(x)) - hat) @ pulls
    even = np.trace(form) ** 2 / np.trace(form @ form)
    seen = 3 * np.sum(np.square(moved)) ** 2 / np.sum(np.power(moved, 4))
    reach = float(stdtrit(min(even, seen), 1 - TAIL) * np.sqrt(np.sum(np.square(moved))))
    return whole, (whole - reach, whole + reach)


@given(st.integers(0, 10**6), st.integers(12, 40), st.integers(10, 12))
def test_equals_the_matrices(seed: int, points: int, groups: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.exponential(1, points), rng.normal(0, 1, points)
    group = np.r_[np.arange(groups), rng.integers(0, groups, points - groups)]
    slope, interval = slope_of(x, y, group)
    expected, ends = written_out(x, y, group)
    assert slope == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert interval == pytest.approx(ends, rel=1e-4, abs=1e-6)


def test_points_on_their_own_are_groups_of_one() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 1, (2, 30))
    assert slope_of(x, y)[1] == pytest.approx(slope_of(x, y, np.arange(30)[::-1])[1], rel=1e-12)


def test_clusters_make_wide_intervals_that_hold() -> None:
    held = naive = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        group = np.repeat(np.arange(60), rng.geometric(0.2, 60))
        x = rng.normal(0, 1, 60)[group] + rng.normal(0, 1, len(group))
        y = 0.78 * x + rng.normal(0, 1, 60)[group] + rng.normal(0, 1, len(group))
        (low, high), (left, right) = slope_of(x, y, group)[1] or (1, 0), slope_of(x, y)[1] or (1, 0)
        held += low <= 0.78 <= high
        naive += left <= 0.78 <= right
    assert held >= 183  # under 95 % once in 200 runs
    assert naive <= 170


@pytest.mark.parametrize(
    ("x", "group"),
    [
        (np.arange(20.0), np.arange(20) % 9),
        # Only the first group's points differ.
        (np.r_[0.0, 1.0, np.full(18, 0.5)], np.r_[0, 0, np.arange(18)]),
    ],
)
def test_no_interval_where_nothing_can_be_left_out(x: Floats, group: Ints) -> None:
    rng = np.random.default_rng(1)
    slope, interval = slope_of(x, x + rng.normal(0, 1, 20), group)
    assert np.isfinite(slope)
    assert interval is None


def test_points_on_a_line_have_no_error() -> None:
    slope, interval = slope_of(np.arange(20.0), 3 * np.arange(20.0))
    assert slope == pytest.approx(3)
    assert interval is None


@pytest.mark.parametrize("x", [np.arange(9.0), np.ones(30)])
def test_too_few_points_have_no_slope(x: Floats) -> None:
    with pytest.raises(NotComputable, match="10 points"):
        slope_of(x, x)


def test_noise_that_grows_with_x_leaves_fewer_degrees_of_freedom() -> None:
    held = 0
    for seed in range(2000):
        rng = np.random.default_rng(seed)
        x = rng.exponential(1.5, 100)
        low, high = slope_of(x, 0.78 * x + rng.normal(0, 0.2 + 0.3 * x))[1] or (1, 0)
        held += low <= 0.78 <= high
    # With the degrees of freedom of even noise alone 1,887.
    assert held >= 1895
