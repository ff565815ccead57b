"""Traits to temperament and to words."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from moltarium.agents.interface import BigFive
from moltarium.agents.personality import describe_traits, temperament


def test_each_weight_stands_where_mehrabian_put_it() -> None:
    published = {
        "o": (0.0, 0.15, 0.25),
        "c": (0.0, 0.0, 0.17),
        "e": (0.21, 0.0, 0.60),
        "a": (0.59, 0.30, -0.32),
        "n": (-0.19, 0.57, 0.0),  # emotional stability is the opposite of neuroticism
    }
    for column, vad in enumerate(published.values()):
        traits = np.full((1, 5), 0.5)
        traits[0, column] = 1.0
        np.testing.assert_allclose(temperament(traits)[0], vad)


def test_the_average_agent_rests_at_the_origin() -> None:
    np.testing.assert_array_equal(temperament(np.full((3, 5), 0.5)), np.zeros((3, 3)))


def test_peld_feeds_neuroticism_unflipped() -> None:
    traits = np.random.default_rng(0).random((50, 5)) * 0.5 + 0.25
    flipped = traits.copy()
    flipped[:, 4] = 1.0 - flipped[:, 4]
    np.testing.assert_allclose(temperament(traits, "peld"), temperament(flipped, "mehrabian"))
    assert not np.allclose(temperament(traits, "peld"), temperament(traits))
    with pytest.raises(ValueError, match="convention"):
        temperament(traits, "other")


def test_extreme_traits_stay_in_the_box_and_input_is_untouched() -> None:
    corners = np.array(list(itertools.product((0.0, 1.0), repeat=5)))
    copy = corners.copy()
    assert np.abs(temperament(corners)).max() == 1.0
    np.testing.assert_array_equal(corners, copy)


def test_words_grow_with_the_trait() -> None:
    for column in range(5):
        told: list[str] = []
        for value in (0.05, 0.25, 0.5, 0.7, 0.95):
            traits = [0.5] * 5
            traits[column] = value
            told.append(describe_traits(BigFive(*traits)))
        assert len(set(told)) == 5
        assert told[2].startswith("you are even-tempered")


def test_every_extreme_trait_is_told() -> None:
    assert describe_traits(BigFive(1, 1, 1, 1, 1)).count("; ") == 4
    assert describe_traits(BigFive(0, 0.5, 0.5, 0.5, 1)).count("; ") == 1
