"""Intervals of ratios: shares of blocks are exact, other ratios are judged by their resamples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from moltarium.analysis.bootstrap import MIN_BLOCKS
from moltarium.analysis.ratios import binomial_interval, ratio_intervals


@pytest.mark.parametrize("share", [0.001, 0.02, 0.1, 0.37, 0.5, 0.8, 0.999])
@pytest.mark.parametrize("blocks", [10, 47, 300])
def test_the_interval_of_a_share_holds_it_95_times_of_100_whatever_it_is(share: float, blocks: int) -> None:
    counts = np.arange(blocks + 1)
    holds = [
        (ci := binomial_interval(int(k), blocks)) is not None and ci[0] <= share <= ci[1] for k in counts
    ]
    assert binom.pmf(counts, blocks, share)[holds].sum() >= 0.95


def test_shares_of_blocks_need_no_resample() -> None:
    has, of = np.repeat([1, 0, 0], 20), np.repeat([1, 1, 0], 20)
    found = [ratio_intervals({"s": (has, of)}, 20, np.random.default_rng(seed))["s"] for seed in (0, 1)]
    assert found[0] == found[1] == binomial_interval(20, 40)
    parts = {"s": (has * 2, of * 2)}
    assert ratio_intervals(parts, 20, np.random.default_rng(0))["s"] != found[0]


def test_nobody_and_everybody_have_an_interval_but_a_handful_has_none() -> None:
    none, everybody = binomial_interval(0, 30), binomial_interval(30, 30)
    assert none is not None
    assert everybody is not None
    assert none[0] == 0.0 < none[1] < 0.2
    assert everybody == pytest.approx((1 - none[1], 1.0))
    assert binomial_interval(2, MIN_BLOCKS - 1) is None
