"""The learnt transition: bounded, read in mood space, and as its weights say."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from moltarium.agents.dynamics import emotion_model
from moltarium.agents.emotion import ANCHORS, MoodState
from moltarium.agents.transition import CONTEXT, EMOTIONS, Learnt, Transition, affinity, context, shipped

POINTS = np.array(list(ANCHORS.values()))
IN_RANGE = st.floats(-1, 1)


def test_an_anchor_is_most_like_its_own_emotion() -> None:
    like = affinity(POINTS)
    assert like.argmax(axis=1).tolist() == list(range(7))
    np.testing.assert_allclose(like.sum(axis=1), 1.0)


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.float64, (5, 3), elements=st.floats(-1, 1)),
    arrays(np.float64, (5, 3), elements=st.floats(-1, 1)),
)
def test_moods_are_read_as_probabilities(mood: np.ndarray, told: np.ndarray) -> None:
    weights = shipped()
    moved = weights.moved(mood, context(mood, told), np.zeros((5, 3)))
    read = weights.emotions(mood, moved)
    assert (read >= 0).all()
    np.testing.assert_allclose(read.sum(axis=1), 1.0)


def test_the_formula_by_hand() -> None:
    delta = np.zeros((CONTEXT, 3))
    delta[0] = 0.1, 0.2, -0.1
    personality = np.diag([0.5, 0.0, -0.5])
    weights = Transition(delta, personality, np.zeros(3), 1.0, np.zeros(7), np.zeros((7, 7)))
    mood, told, rest = np.array([[0.2, 0.0, 0.0]]), np.zeros((1, 3)), np.array([[0.4, 0.9, 0.4]])
    moved = weights.moved(mood, context(mood, told), rest)
    np.testing.assert_allclose(moved, [[0.2 + 0.1 * 1.2, 0.2, -0.1 * 0.8]])
    assert EMOTIONS[int(weights.emotions(moved, moved).argmax())] == "neutral"


def test_a_stranger_temperament_scales_the_push_by_two_at_most() -> None:
    delta = np.zeros((CONTEXT, 3))
    delta[0] = 0.1
    weights = Transition(delta, 50 * np.eye(3), np.zeros(3), 1.0, np.zeros(7), np.zeros((7, 7)))
    mood, told = np.zeros((2, 3)), np.zeros((2, 3))
    moved = weights.moved(mood, context(mood, told), np.array([[1.0] * 3, [-1.0] * 3]))
    np.testing.assert_allclose(moved, [[0.2] * 3, [0.0] * 3])


def test_joy_heard_lifts_more_than_anger_heard() -> None:
    model = emotion_model("learnt", gain=1.0)
    assert isinstance(model, Learnt)
    start, rest = np.zeros((2, 3)), np.zeros((2, 3))
    told = np.array([ANCHORS["joy"], ANCHORS["anger"]])
    after = model.step(MoodState(start, start), told, np.ones(2), rest, np.full((2, 5), 0.5), np.zeros(2))
    assert after.mood[0, 0] > after.mood[1, 0]


def test_without_strength_nothing_is_pushed() -> None:
    model = emotion_model("learnt")
    mood = np.array([[0.3, -0.2, 0.1]])
    after = model.step(
        MoodState(mood, np.zeros((1, 3))), -mood, np.zeros(1), mood, np.full((1, 5), 0.5), np.ones(1)
    )
    np.testing.assert_allclose(after.mood, mood)
