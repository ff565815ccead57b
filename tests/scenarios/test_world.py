"""From scenario to setting: who lives there, and from what it starts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.scenarios.recorded import title_of
from moltarium.scenarios.spec import GroupSpec, PopulationSpec, Scenario
from moltarium.scenarios.world import build_world, group_sizes
from moltarium.sim.record.errors import ScenarioError


@given(
    st.lists(st.floats(0.01, 1), min_size=1, max_size=5),
    st.lists(st.integers(1, 20), max_size=3),
    st.integers(60, 500),
)
def test_groups_fill_the_population(shares: list[float], counts: list[int], size: int) -> None:
    groups = [GroupSpec(mind="surrogate", share=share) for share in shares]
    groups += [GroupSpec(mind="random", count=count) for count in counts]
    sizes = group_sizes(groups, size)
    assert sum(sizes) == size
    assert sizes[len(shares) :] == counts
    rest = size - sum(counts)
    for share, given_size in zip(shares, sizes, strict=False):
        assert abs(given_size - rest * share / sum(shares)) < 1 + 1e-9


def test_counts_beyond_the_population_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"population\.groups"):
        group_sizes([GroupSpec(mind="random", count=7)], 5)
    with pytest.raises(ScenarioError, match="give one group a share"):
        group_sizes([GroupSpec(mind="random", count=3)], 5)


def test_the_same_seed_gives_the_same_people() -> None:
    scenario = Scenario(name="t", seed=4, population=PopulationSpec(size=30))
    first, again = build_world(scenario).setting, build_world(scenario).setting
    assert [m.persona for m in first.members] == [m.persona for m in again.members]
    other = build_world(scenario.model_copy(update={"seed": 5})).setting
    assert [m.persona for m in first.members] != [m.persona for m in other.members]


def test_a_group_may_have_its_own_personality() -> None:
    groups = (
        GroupSpec.model_validate(
            {"mind": "surrogate", "share": 0.5, "personality": {"mean": [0.5, 0.5, 0.5, 0.5, 0.9], "sd": 0.0}}
        ),
        GroupSpec.model_validate(
            {"mind": "random", "share": 0.5, "personality": {"mean": [0.5, 0.5, 0.5, 0.5, 0.1], "sd": 0.0}}
        ),
    )
    setting = build_world(Scenario(name="t", population=PopulationSpec(size=20, groups=groups))).setting
    found = {m.mind_name: m.persona.traits.neuroticism for m in setting.members}
    assert found == pytest.approx({"surrogate": 0.9, "random": 0.1})


def test_a_run_from_a_synthetic_snapshot_says_so_in_its_title() -> None:
    scenario = Scenario(name="t", title="A day")
    world = build_world(scenario)
    assert title_of(scenario, world) == "A day"
    assert "SYNTHETIC" in title_of(scenario, replace(world, synthetic=True))
