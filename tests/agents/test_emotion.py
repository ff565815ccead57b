"""Moods stay in bounds, come home, and do not care how time is cut up."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from moltarium.agents.dynamics import emotion_model
from moltarium.agents.emotion import (
    ANCHORS,
    FASTEST,
    LONGEST_H,
    NO_INDIVIDUALITY,
    EmotionModel,
    FirstOrder,
    Individual,
    MoodState,
    SecondOrder,
    Still,
    describe_mood,
    label,
)
from moltarium.agents.interface import VAD
from moltarium.agents.transition import Learnt, shipped

Floats = npt.NDArray[np.float64]
N = 4
QUIET = np.zeros(N)
MODELS: list[EmotionModel] = [
    Still(),
    FirstOrder(0.35, 6.0),
    FirstOrder(1.0, 0.5, NO_INDIVIDUALITY),
    SecondOrder(0.35, 0.8, 6.0),
    SecondOrder(1.0, 0.95, 2.0),
    Learnt(shipped()),
    Learnt(shipped(), 1.0, 0.5, NO_INDIVIDUALITY),
    SecondOrder(0.6, 0.5, 1.0, NO_INDIVIDUALITY),  # decay and fade at the same rate: the degenerate case
]
MOVING = MODELS[1:]
MONOTONE = [model for model in MOVING if not isinstance(model, Learnt)]


def axes(low: float = -1.0, high: float = 1.0) -> st.SearchStrategy[Floats]:
    return arrays(np.float64, (N, 3), elements=st.floats(low, high))


TRAITS = arrays(np.float64, (N, 5), elements=st.floats(0, 1))
HOURS = arrays(np.float64, (N,), elements=st.floats(0, 500))
STRENGTH = arrays(np.float64, (N,), elements=st.floats(0, 1))
WILD = st.floats(allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=40, deadline=None)
@given(
    state=st.builds(
        MoodState, arrays(np.float64, (N, 3), elements=WILD), arrays(np.float64, (N, 3), elements=WILD)
    ),
    stimulus=arrays(np.float64, (N, 3), elements=WILD),
    strength=arrays(np.float64, (N,), elements=WILD),
    rest=arrays(np.float64, (N, 3), elements=WILD),
    traits=arrays(np.float64, (N, 5), elements=WILD),
    hours=arrays(np.float64, (N,), elements=WILD),
)
def test_any_input_gives_a_mood(
    model: EmotionModel,
    state: MoodState,
    stimulus: Floats,
    strength: Floats,
    rest: Floats,
    traits: Floats,
    hours: Floats,
) -> None:
    after = model.step(state, stimulus, strength, rest, traits, hours)
    assert np.isfinite(after.mood).all()
    assert np.abs(after.mood).max() <= 1.0
    assert np.isfinite(after.velocity).all()
    inputs = ((state.mood, -1, 1), (stimulus, -1, 1), (rest, -1, 1), (strength, 0, 1), (traits, 0, 1))
    outside = sum(int(np.count_nonzero(~((a >= low) & (a <= high)))) for a, low, high in inputs)
    outside += int(np.count_nonzero(~((hours >= 0) & (hours <= LONGEST_H))))
    outside += int(np.count_nonzero(~(np.abs(state.velocity) <= FASTEST)))
    assert after.clamped == outside


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=40, deadline=None)
@given(mood=axes(), velocity=axes(-2, 2), rest=axes(), traits=TRAITS, hours=HOURS, cut=st.floats(0, 1))
def test_two_part_steps_equal_one_whole(
    model: EmotionModel,
    mood: Floats,
    velocity: Floats,
    rest: Floats,
    traits: Floats,
    hours: Floats,
    cut: float,
) -> None:
    start = MoodState(mood, velocity)
    whole = model.step(start, rest, QUIET, rest, traits, hours)
    part = model.step(start, rest, QUIET, rest, traits, hours * cut)
    both = model.step(part, rest, QUIET, rest, traits, hours * (1 - cut))
    np.testing.assert_allclose(both.mood, whole.mood, atol=1e-9)
    np.testing.assert_allclose(both.velocity, whole.velocity, atol=1e-9)


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=20, deadline=None)
@given(
    mood=axes(), velocity=axes(-2, 2), stimulus=axes(), rest=axes(), traits=TRAITS, push=STRENGTH,
    hours=HOURS, order=st.permutations(range(N)),
)  # fmt: skip
def test_nobodys_mood_depends_on_who_is_moved_before_it(
    model: EmotionModel,
    mood: Floats,
    velocity: Floats,
    stimulus: Floats,
    rest: Floats,
    traits: Floats,
    push: Floats,
    hours: Floats,
    order: list[int],
) -> None:
    together = model.step(MoodState(mood, velocity), stimulus, push, rest, traits, hours)
    state = MoodState(mood[order], velocity[order])
    after = model.step(state, stimulus[order], push[order], rest[order], traits[order], hours[order])
    np.testing.assert_allclose(after.mood, together.mood[order], atol=1e-12)
    np.testing.assert_allclose(after.velocity, together.velocity[order], atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=40, deadline=None)
@given(mood=axes(), velocity=axes(-2, 2), rest=axes(), traits=TRAITS)
def test_left_alone_a_mood_comes_home(
    model: EmotionModel, mood: Floats, velocity: Floats, rest: Floats, traits: Floats
) -> None:
    after = model.step(MoodState(mood, velocity), rest, QUIET, rest, traits, np.full(N, 2000.0))
    np.testing.assert_allclose(after.mood, rest, atol=1e-6)
    np.testing.assert_allclose(after.velocity, 0.0, atol=1e-6)


@pytest.mark.parametrize("model", MONOTONE)
@settings(max_examples=40, deadline=None)
@given(
    mood=axes(),
    rest=axes(),
    traits=TRAITS,
    strength=STRENGTH,
    hours=HOURS,
    one=axes(),
    other=axes(),
    eased=HOURS,
)
def test_a_higher_stimulus_never_lowers_a_mood(
    model: EmotionModel,
    mood: Floats,
    rest: Floats,
    traits: Floats,
    strength: Floats,
    hours: Floats,
    one: Floats,
    other: Floats,
    eased: Floats,
) -> None:
    start = MoodState(mood, np.zeros((N, 3)))
    moods: list[Floats] = []
    for stimulus in (np.minimum(one, other), np.maximum(one, other)):
        pushed = model.step(start, stimulus, strength, rest, traits, hours)
        moods.append(model.step(pushed, stimulus, QUIET, rest, traits, eased).mood)
    assert (moods[1] >= moods[0] - 1e-12).all()


@settings(max_examples=40, deadline=None)
@given(mood=axes(), rest=axes(), traits=TRAITS, stimulus=axes(), strength=STRENGTH, hours=HOURS)
def test_without_momentum_second_order_is_first(
    mood: Floats, rest: Floats, traits: Floats, stimulus: Floats, strength: Floats, hours: Floats
) -> None:
    start = MoodState(mood, np.zeros((N, 3)))
    first = FirstOrder(0.4, 5.0).step(start, stimulus, strength, rest, traits, hours)
    for momentum, tolerance in ((0.0, 0.0), (1e-9, 1e-6)):
        second = SecondOrder(0.4, momentum, 5.0).step(start, stimulus, strength, rest, traits, hours)
        np.testing.assert_allclose(second.mood, first.mood, atol=tolerance)


def test_hourly_impulses_reproduce_the_published_recursion() -> None:
    momentum, gain = 0.8, 0.3
    model = SecondOrder(gain, momentum, 1e12, NO_INDIVIDUALITY)
    rng = np.random.default_rng(5)
    state = MoodState(np.zeros((1, 3)), np.zeros((1, 3)))
    s, v = np.zeros(3), np.zeros(3)
    for turn in range(40):
        stimulus = rng.uniform(-0.4, 0.4, (1, 3))
        hour = np.array([float(turn > 0)])
        state = model.step(state, stimulus, np.ones(1), np.zeros((1, 3)), np.full((1, 5), 0.5), hour)
        v = momentum * v + (1 - momentum) * gain * (stimulus[0] - (s + momentum * v))
        s = s + v
        np.testing.assert_allclose(state.mood[0], s, atol=1e-9)


def test_the_closed_form_solves_the_equation() -> None:
    model = SecondOrder(0.0, 0.7, 3.0, NO_INDIVIDUALITY)
    s, u, rest = 0.5, -0.3, 0.2
    dt, decay, fade = 1e-4, np.log(2) / 3.0, -np.log(0.7)
    for _ in range(20000):
        middle_s, middle_u = s + dt / 2 * (u - decay * (s - rest)), u - dt / 2 * fade * u
        s, u = s + dt * (middle_u - decay * (middle_s - rest)), u - dt * fade * middle_u
    start = MoodState(np.full((1, 3), 0.5), np.full((1, 3), -0.3))
    after = model.step(
        start, np.zeros((1, 3)), np.zeros(1), np.full((1, 3), rest), np.full((1, 5), 0.5), np.full(1, 2.0)
    )
    np.testing.assert_allclose(after.mood, s, atol=1e-7)
    np.testing.assert_allclose(after.velocity, u, atol=1e-7)


def test_half_of_the_distance_goes_in_a_half_life() -> None:
    model = FirstOrder(0.35, 6.0, NO_INDIVIDUALITY)
    start = MoodState(np.full((1, 3), 0.8), np.zeros((1, 3)))
    rest = np.full((1, 3), 0.2)
    after = model.step(start, rest, np.zeros(1), rest, np.full((1, 5), 0.9), np.full(1, 6.0))
    np.testing.assert_allclose(after.mood, 0.5)


def test_momentum_carries_a_mood_on_after_the_blow() -> None:
    model = SecondOrder(0.5, 0.8, 24.0, NO_INDIVIDUALITY)
    rest, traits = np.zeros((1, 3)), np.full((1, 5), 0.5)
    struck = model.step(MoodState(rest, rest), np.full((1, 3), -0.8), np.ones(1), rest, traits, np.zeros(1))
    later = model.step(struck, rest, np.zeros(1), rest, traits, np.full(1, 3.0))
    assert later.mood[0, 0] < struck.mood[0, 0] < 0.0


@pytest.mark.parametrize(
    ("individual", "column", "stimulus"),
    [(Individual(0.5, 0, 0), 4, -0.8), (Individual(0, 0.5, 0), 2, 0.8)],
)
def test_personality_scales_reactions(individual: Individual, column: int, stimulus: float) -> None:
    traits = np.full((2, 5), 0.5)
    traits[:, column] = 0.1, 0.9
    start, zero = MoodState(np.zeros((2, 3)), np.zeros((2, 3))), np.zeros((2, 3))
    aim, push = np.full((2, 3), stimulus), np.ones(2)
    after = FirstOrder(0.3, 6.0, individual).step(start, aim, push, zero, traits, np.zeros(2))
    opposite = FirstOrder(0.3, 6.0, individual).step(start, -aim, push, zero, traits, np.zeros(2))
    off = FirstOrder(0.3, 6.0, NO_INDIVIDUALITY).step(start, aim, push, zero, traits, np.zeros(2))
    assert abs(after.mood[1, 0]) > abs(off.mood[0, 0]) > abs(after.mood[0, 0])
    assert off.mood[0, 0] == off.mood[1, 0]
    assert opposite.mood[0, 0] == opposite.mood[1, 0]
    assert after.mood[0, 1] == after.mood[1, 1]


def test_moods_of_neurotic_agents_linger() -> None:
    traits = np.full((2, 5), 0.5)
    traits[:, 4] = 0.1, 0.9
    start, zero = MoodState(np.full((2, 3), 0.8), np.zeros((2, 3))), np.zeros((2, 3))
    after = FirstOrder(0.3, 6.0, Individual(0, 0, 0.5)).step(
        start, zero, np.zeros(2), zero, traits, np.full(2, 6.0)
    )
    assert after.mood[1, 0] > 0.4 > after.mood[0, 0]


def test_inputs_are_left_as_they_were() -> None:
    rng = np.random.default_rng(1)
    given_ = [rng.uniform(-1, 1, (N, 3)) for _ in range(4)]
    copies = [array.copy() for array in given_]
    traits, hours = np.full((N, 5), 0.7), np.full(N, 2.0)
    for model in MODELS:
        model.step(MoodState(given_[0], given_[1]), given_[2], np.ones(N), given_[3], traits, hours)
    for array, copy in zip(given_, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_labels_are_the_nearest_anchors() -> None:
    assert label(np.array(list(ANCHORS.values()))) == list(ANCHORS)
    cloud = np.random.default_rng(2).uniform(-1, 1, (500, 3))
    points = np.array(list(ANCHORS.values()))
    slow = [list(ANCHORS)[int(np.argmin(((points - mood) ** 2).sum(axis=1)))] for mood in cloud]
    assert label(cloud) == slow
    assert label(np.empty((0, 3))) == []


def test_moods_in_words_are_graded() -> None:
    told = [describe_mood(VAD(v, 0.0, 0.0)) for v in (-0.9, -0.5, -0.2, 0.0, 0.2, 0.5, 0.9)]
    assert len(set(told)) == 7
    assert told[3] == "balanced"
    assert describe_mood(VAD(0.5, 0.5, -0.5)) == "glad, alert, unsure"


def test_models_by_name() -> None:
    assert emotion_model("none") == Still()
    assert emotion_model("first", gain=0.2, half_life_h=3.0) == FirstOrder(0.2, 3.0)
    assert emotion_model("second", momentum=0.5, individual=NO_INDIVIDUALITY) == SecondOrder(
        0.35, 0.5, 6.0, NO_INDIVIDUALITY
    )
    with pytest.raises(ValueError, match="none, first, second or learnt"):
        emotion_model("third")
    mistakes: list[dict[str, Any]] = [
        {"gain": 1.5},
        {"half_life_h": 0.0},
        {"momentum": 1.0},
        {"gain": float("nan")},
    ]
    for wrong in mistakes:
        with pytest.raises(ValueError, match=r"is positive|lies in"):
            emotion_model("second", **wrong)
    with pytest.raises(ValueError, match="inertia"):
        Individual(inertia=2.0)


@pytest.mark.parametrize("model", [FirstOrder(), SecondOrder()])
def test_a_million_moods_a_second(model: EmotionModel) -> None:
    n, rounds = 50_000, 4
    rng = np.random.default_rng(3)
    state = MoodState(rng.uniform(-1, 1, (n, 3)), np.zeros((n, 3)))
    stimulus, rest, traits = rng.uniform(-1, 1, (n, 3)), rng.uniform(-1, 1, (n, 3)), rng.random((n, 5))
    strength, hours = rng.random(n), rng.random(n) * 8
    before = time.process_time()
    for _ in range(rounds):
        state = model.step(state, stimulus, strength, rest, traits, hours)
    assert rounds * n / (time.process_time() - before) > 1e6


@settings(max_examples=20, deadline=None)
@given(traits=TRAITS, stimuli=st.lists(axes(), min_size=10, max_size=60))
def test_a_storm_of_impulses_never_leaves_the_box(traits: Floats, stimuli: list[Floats]) -> None:
    model = SecondOrder(1.0, 0.95, 50.0)
    state = MoodState(np.zeros((N, 3)), np.zeros((N, 3)))
    rest = np.full((N, 3), 0.6)
    for stimulus in stimuli:
        state = model.step(state, np.sign(stimulus), np.ones(N), rest, traits, np.full(N, 0.5))
        assert np.abs(state.mood).max() <= 1.0
        assert state.clamped == 0
