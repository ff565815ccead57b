"""Gini, top shares and exponents against hand computation and planted truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.analysis.inequality import gini, power_law_alpha, top_share
from moltarium.sim.record.errors import NotComputable

counts = st.lists(st.integers(0, 1000), min_size=1, max_size=40).filter(any)


@given(counts)
def test_gini_is_the_mean_difference_over_twice_the_mean(values: list[int]) -> None:
    x = np.array(values, dtype=float)
    expected = np.abs(x[:, None] - x[None, :]).mean() / (2 * x.mean())
    assert gini(values) == pytest.approx(expected, abs=1e-12)


@given(counts, st.integers(1, 5))
def test_gini_does_not_see_scale_or_copies(values: list[int], factor: int) -> None:
    assert gini([factor * x for x in values]) == pytest.approx(gini(values), abs=1e-9)
    assert gini(values * factor) == pytest.approx(gini(values), abs=1e-9)
    assert gini(values, [factor] * len(values)) == pytest.approx(gini(values), abs=1e-9)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 4)), min_size=1, max_size=20))
def test_weights_are_copies(pairs: list[tuple[int, int]]) -> None:
    values, weights = [x for x, _ in pairs], [w for _, w in pairs]
    copies = [x for x, w in pairs for _ in range(w)]
    if any(copies):
        assert gini(values, weights) == pytest.approx(gini(copies), abs=1e-9)


def test_gini_of_one_holder_is_one_minus_one_over_n() -> None:
    assert gini([0] * 99 + [5]) == pytest.approx(0.99)
    assert gini([7]) == 0.0


@pytest.mark.parametrize("values", [[], [0, 0]])
def test_nothing_to_share_is_not_computable(values: list[float]) -> None:
    with pytest.raises(NotComputable, match="positive value"):
        gini(values)
    with pytest.raises(NotComputable, match="positive value"):
        top_share(values, 0.01)


def test_top_share_rounds_the_number_of_holders_up() -> None:
    values = [1] * 299 + [301]
    assert top_share(values, 0.01) == pytest.approx(303 / 600)
    assert top_share([3, 1], 0.01) == 0.75
    assert top_share([3, 1], 1.0) == 1.0


@pytest.mark.parametrize("alpha", [1.7, 2.5, 3.5])
def test_the_exponent_of_a_power_law_is_recovered(alpha: float) -> None:
    rng = np.random.default_rng(4)
    draws = (1 - rng.random(20_000)) ** (-1 / (alpha - 1))
    # The estimator's standard error is (α − 1)/√n.
    assert power_law_alpha(draws) == pytest.approx(alpha, abs=4 * (alpha - 1) / np.sqrt(20_000))
    assert power_law_alpha(draws, xmin=2.0) == pytest.approx(alpha, abs=0.15)


def test_all_ones_have_no_exponent() -> None:
    with pytest.raises(NotComputable, match="above 1"):
        power_law_alpha([1, 1, 1])
