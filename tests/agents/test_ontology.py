"""The tree of emotion words is a tree, its links join words that are in it, and every label has a place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.agents.emotion import ANCHORS
from moltarium.agents.ontology import (
    COMPOSED,
    LEADS_TO,
    OPPOSITE,
    TIERS,
    at_tier,
    composed,
    leads_to,
    opposite,
    place,
    places,
    summed,
)
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


def test_a_name_at_each_tier() -> None:
    assert [at_tier("grief", tier) for tier in (1, 2, 3)] == ["sadness", "sadness", "grief"]
    assert [at_tier("triumph", tier) for tier in (1, 2, 3)] == ["joy", "pride", "triumph"]
    assert [at_tier("joy", tier) for tier in (1, 2, 3)] == ["joy"] * 3
    assert at_tier("neutral", 1) == "neutral"


@given(st.dictionaries(st.sampled_from(FINE), st.floats(0, 1)), st.sampled_from([1, 2, 3]))
def test_shares_add_up_at_every_tier(shares: dict[str, float], tier: int) -> None:
    found = summed(shares, tier)
    assert sum(found.values()) == pytest.approx(sum(shares.values()))
    assert len(found) <= len(shares)
    assert summed(found, tier) == found
    assert summed(shares, 1) == pytest.approx(summed(found, 1))


def test_parts_make_a_whole_and_emotions_lead_on() -> None:
    assert composed(["surprise", "grief"]) == "disappointment"
    assert composed(["joy", "joy"]) is None
    assert leads_to("annoyance") == leads_to("anger") == ("regret",)
    assert leads_to("frustration") == ("anger",)
    assert leads_to("relief") == ()
