"""Worlds with a known truth: each measure's 95 % interval holds it, and nulls stay silent where nothing is.

Ten to forty seeds each; ``python -m benchmarks.coverage`` repeats them with a hundred.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.coverage import WORLDS, silent_reciprocity, silent_spectrum


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_the_planted_truth_lies_in_the_interval(name: str) -> None:
    world = WORLDS[name]
    held = sum(world(seed).holds for seed in range(20))
    # With a true coverage of 95 % this fails three times in a thousand.
    assert held >= 16, (name, held, world(0))


def test_nulls_are_silent_where_nothing_is_planted() -> None:
    flagged = sum(silent_reciprocity(seed) < 0.05 for seed in range(20))
    assert flagged <= 4  # 1 expected
    p = np.array([silent_spectrum(seed) for seed in range(200)])
    assert 0.015 <= (p < 0.05).mean() <= 0.1
