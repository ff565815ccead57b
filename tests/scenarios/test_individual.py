"""What differs between personalities can be switched off from the scenario."""

from __future__ import annotations

import numpy as np

from moltarium.agents.emotion import NO_INDIVIDUALITY, FirstOrder, Individual, MoodState
from moltarium.scenarios.load import load
from moltarium.scenarios.world import build_world

OFF = [f"emotion.individual.{name}=0" for name in ("negative_reactivity", "positive_reactivity", "inertia")]


def test_the_scenario_reaches_every_switch() -> None:
    model = build_world(load("quickstart", OFF)).setting.emotion
    assert isinstance(model, FirstOrder)
    assert model.individual == NO_INDIVIDUALITY
    other = build_world(load("quickstart", ["emotion.individual.susceptibility=0.4"])).setting.emotion
    assert isinstance(other, FirstOrder)
    assert other.individual == Individual(susceptibility=0.4)


def test_agreeable_agents_catch_more_if_asked_to() -> None:
    model = FirstOrder(0.4, 6.0, Individual(0, 0, 0, susceptibility=0.5))
    traits = np.full((2, 5), 0.5)
    traits[:, 3] = 0.0, 1.0
    zero = np.zeros((2, 3))
    after = model.step(MoodState(zero, zero), np.ones((2, 3)), np.ones(2), zero, traits, np.zeros(2))
    np.testing.assert_allclose(after.mood[:, 1], [0.2, 0.6])
    np.testing.assert_allclose(after.mood[:, 0], after.mood[:, 1])
