"""The tree of emotion words is a tree, its links join words that are in it, and every label has a place."""

from __future__ import annotations

import pytest

from moltarium.agents.emotion import ANCHORS
from moltarium.agents.ontology import COMPOSED, LEADS_TO, OPPOSITE, TIERS, kinship, opposite, place, places
from moltarium.agents.reader import FINE


@pytest.mark.parametrize("name", [name for name in (*FINE, *ANCHORS) if name != "neutral"])
def test_every_label_of_the_reader_has_a_place(name: str) -> None:
    found = place(name)
    assert found is not None
    assert found.primary in TIERS


def test_neutral_is_no_emotion() -> None:
    assert place("neutral") is None
    assert opposite("neutral") is None


def test_links_join_words_of_the_tree() -> None:
    linked = {*OPPOSITE, *OPPOSITE.values(), *COMPOSED, *LEADS_TO}
    linked |= {word for pair in COMPOSED.values() for word in pair}
    linked |= {word for after in LEADS_TO.values() for word in after}
    assert linked <= set(places())


def test_tiers_by_example() -> None:
    assert place("grief") == ("sadness", "sadness", "grief")
    assert [found.tier for name in ("joy", "pride", "triumph") if (found := place(name))] == [1, 2, 3]


def test_opposites_are_mutual_and_inherited() -> None:
    for word, other in OPPOSITE.items():
        assert opposite(word) == other
    assert opposite("sadness") == "joy"
    assert opposite("fury") is None
    assert opposite("glee") == opposite("cheerfulness") == "gloom"


def test_kinship_counts_shared_tiers() -> None:
    assert kinship("grief", "grief") == 3
    assert kinship("annoyance", "aggravation") == 2
    assert kinship("annoyance", "fury") == 1
    assert kinship("annoyance", "joy") == 0
    assert kinship("neutral", "joy") == 0
