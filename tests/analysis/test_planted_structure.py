"""Planted societies: intervals of structure hold what their making gives on average.

Twelve seeds of one world; ``python -m benchmarks.coverage_structure`` repeats all with a hundred.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.coverage_structure import FAMILIES, TRUTHS, WORLDS, figures, judged, truths
from moltarium.analysis.graphs.shape_intervals import NO_INTERVAL
from moltarium.analysis.metric import Measure

SEEDS = 12


@pytest.fixture(scope="module")
def busy() -> list[dict[str, Measure]]:
    return [figures("busy", seed, 2) for seed in range(SEEDS)]


def test_intervals_hold_the_truth(busy: list[dict[str, Measure]]) -> None:
    from benchmarks.planted import Found

    missed = {}
    for name, (mean, sd) in truths()["busy"].items():
        held = judged([Found(mean, found[name].ci) for found in busy], sd)
        # At 95 % four of twelve miss once in 400 measures; there are 70.
        if held is not None and (1 - held.share) * (SEEDS - held.absent) >= 4.5:
            missed[name] = held
    assert not missed


def test_whatever_has_no_interval_says_why(busy: list[dict[str, Measure]]) -> None:
    for found in busy:
        for name, measure in found.items():
            if measure.value is not None and measure.ci is None:
                assert "no interval" in (measure.note or ""), name
    shaped = {name.removeprefix("shape.reply.") for name in busy[0] if name.startswith("shape.")}
    assert set(NO_INTERVAL) <= shaped


def test_the_truths_are_what_the_worlds_give(busy: list[dict[str, Measure]]) -> None:
    known = truths()
    assert set(known) == set(WORLDS)
    names = {name for family in FAMILIES for name in family.names}
    assert all(set(world) <= names for world in known.values()), f"take {TRUTHS.name} anew"
    for name, (mean, sd) in known["busy"].items():
        values = [value for found in busy if (value := found[name].value) is not None]
        # Two hundred comparisons: none should lie five standard errors away.
        assert abs(float(np.mean(values)) - mean) <= 5 * sd / math.sqrt(len(values)) + 1e-12, name
