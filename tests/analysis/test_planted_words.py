"""Worlds with a known effect on words, and the same worlds without it: found at its strength, else silence.

``python -m benchmarks.words_coverage`` counts over 100 seeds what is tried on a few here.
"""

from __future__ import annotations

import pytest

from benchmarks import motive_worlds, norm_worlds, reward_worlds
from benchmarks.words_coverage import NEUTRAL, WORLDS, alarms, held

ELSEWHERE = {"a template that rises", "tone that brightens", "newcomers who learn"}
"""Tried in the tests of templates, tone and the report."""
SLOW = {
    "feedback", "half-life of adoption", "JSD between windows", "communities that stand apart",
    "communities that converge",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in WORLDS if name not in ELSEWHERE])
def test_a_planted_effect_is_found_at_its_strength_and_none_where_there_is_none(name: str) -> None:
    world = WORLDS[name]
    seeds = range(2 if name in SLOW else 3)
    planted = [world.make(seed, world.strength) for seed in seeds]
    assert all(found.alarm for found in planted)
    assert sum(found.holds(world.truth) for found in planted) >= len(planted) - 1, planted
    quiet = [world.make(seed, NEUTRAL.get(name, 0.0)) for seed in seeds]
    assert sum(found.alarm for found in quiet) <= 1, quiet


def test_rewards_that_change_nothing_stay_silent_where_the_placebo_alone_does_not() -> None:
    said = [reward_worlds.SILENT["away, introductions first, rewards early"](seed) for seed in range(6)]
    assert all(each.placebo.alarm for each in said), "introductions end where the reward comes"
    assert sum(each.both.alarm for each in said) <= 1


def test_a_site_that_moves_as_a_whole_does_not_converge() -> None:
    said = [norm_worlds.converging(seed, 0.0, draws=40, kind="whole site") for seed in range(3)]
    assert sum(found.alarm for found in said) <= 1


@pytest.mark.parametrize("k", [1, 3, 8])
def test_as_many_clusters_as_were_planted(k: int) -> None:
    assert [norm_worlds.clusters(seed, k) for seed in range(4)].count(k) >= 3


def test_a_truth_known_by_definition_is_the_one_that_is_held_to() -> None:
    for name in ("half-life of adoption", "output shift", "tone that brightens"):
        assert WORLDS[name].again() == pytest.approx(WORLDS[name].truth, abs=1e-3)


def test_counts_are_told_beside_their_chance() -> None:
    assert held(94, 100) == "holds the truth 94 of 100 (94.0%; P(≤) = 0.38)"
    assert alarms(5, 100) == "alarms without it 5 of 100 (5.0%; P(≥) = 0.56)"
    assert motive_worlds.WORLDS.keys() <= WORLDS.keys()
