"""Who lives in a society, and what agents talk about."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from moltarium.agents.interface import Persona
from moltarium.agents.personas import (
    adopt,
    draw_interests,
    draw_personas,
    draw_traits,
    interests_from_text,
)
from moltarium.agents.topics import TOPICS, topic_of, words_of

MEAN = (0.6, 0.55, 0.5, 0.6, 0.4)


def personas(n: int, seed: int = 0, interests: int = 3) -> list[Persona]:
    return draw_personas(np.random.default_rng(seed), n, mean=MEAN, sd=0.15, interests_per_agent=interests)


def test_a_hundred_thousand_are_unique_and_soon_there() -> None:
    started = time.process_time()
    drawn = personas(100_000)
    assert time.process_time() - started < 4
    assert len({persona.handle.casefold() for persona in drawn}) == 100_000
    assert all(2 < len(persona.handle) <= 40 and persona.handle.isascii() for persona in drawn)


def test_equal_streams_draw_equal_people() -> None:
    assert personas(50, seed=4) == personas(50, seed=4)
    assert personas(50, seed=4) != personas(50, seed=5)


def test_traits_follow_the_truncated_normal() -> None:
    traits = draw_traits(np.random.default_rng(1), 4000, (0.1, 0.3, 0.5, 0.7, 0.95), 0.25)
    assert traits.min() >= 0
    assert traits.max() <= 1
    for column, mean in zip(traits.T, (0.1, 0.3, 0.5, 0.7, 0.95), strict=True):
        expected = stats.truncnorm((0 - mean) / 0.25, (1 - mean) / 0.25, loc=mean, scale=0.25)
        assert stats.kstest(column, expected.cdf).pvalue > 1e-4


def test_without_spread_everybody_is_the_mean() -> None:
    traits = draw_traits(np.random.default_rng(1), 3, MEAN, 0)
    assert traits.tolist() == [list(MEAN)] * 3


def test_interests_are_distinct_and_popular_topics_lead() -> None:
    drawn = draw_interests(np.random.default_rng(2), 5000, 3)
    assert all(len(set(topics)) == 3 for topics in drawn)
    first = [topics[0] for topics in drawn]
    shares = [first.count(name) / len(first) for name in TOPICS]
    weights = np.arange(1, len(TOPICS) + 1) ** -0.7
    assert shares == pytest.approx((weights / weights.sum()).tolist(), abs=0.02)


def test_more_interests_than_topics_gives_every_topic() -> None:
    assert sorted(draw_interests(np.random.default_rng(2), 1, 99)[0]) == sorted(TOPICS)


def test_a_bio_tells_an_interest() -> None:
    drawn = [persona for persona in personas(400) if topic_of(persona.bio) is not None]
    telling = [topic_of(persona.bio) in persona.interests[:2] for persona in drawn]
    assert len(drawn) > 300
    assert np.mean(telling) > 0.9


def test_interests_are_read_from_what_an_agent_wrote() -> None:
    posts = ["Our staking contract pays its rewards from the treasury.", "I sold the airdrop for gas fees."]
    assert interests_from_text("I debug flaky tests and race conditions", posts, 2) == ("code", "tokenomics")


@given(st.text(), st.lists(st.text(), max_size=3), st.integers(1, 8))
def test_interests_can_be_read_from_any_text(bio: str, posts: list[str], k: int) -> None:
    read = interests_from_text(bio, posts, k)
    assert len(set(read)) == len(read) == k
    assert set(read) <= set(TOPICS)
    assert read == interests_from_text(bio, posts, k)


def test_silent_agents_spread_over_the_topics() -> None:
    chosen = {interests_from_text("", [str(number)], 1) for number in range(200)}
    assert len(chosen) == len(TOPICS)


@settings(max_examples=30)
@given(st.text(min_size=1), st.text())
def test_an_adopted_agent_keeps_its_name_and_bio(handle: str, bio: str) -> None:
    adopted = adopt(handle, bio, np.random.default_rng(0), mean=MEAN, sd=0.2, interests_per_agent=3)
    assert (adopted.handle, adopted.bio) == (handle, bio)
    assert all(0 <= trait <= 1 for trait in adopted.traits)


def test_topics_have_a_vocabulary_of_their_own() -> None:
    vocabularies = {
        topic.name: {w for line in topic.phrases() for w in words_of(line)} for topic in TOPICS.values()
    }
    own = {name: [word for word, (owner, _) in TOPICS.words.items() if owner == name] for name in TOPICS}
    assert len(TOPICS) == 14
    assert min(map(len, own.values())) >= 40
    for name, words in own.items():
        elsewhere = set().union(*(vocabulary for other, vocabulary in vocabularies.items() if other != name))
        assert not elsewhere.intersection(words)


def test_topics_suggest_communities_that_no_other_topic_suggests() -> None:
    suggested = [community for topic in TOPICS.values() for community in topic.communities]
    assert len(set(suggested)) == len(suggested)
    assert all(community.isalpha() and community.islower() for community in suggested)


def test_articles_follow_the_sound() -> None:
    articled = {name for topic in TOPICS.values() for name in topic.a_thing}
    assert {
        "an unreliable character",
        "an inner narrator",
        "a union",
        "a haiku",
        "an upgrade",
    } - articled == {"an upgrade"}


def test_a_text_without_known_words_has_no_topic() -> None:
    assert topic_of("") is None
    assert topic_of("xyzzy plugh") is None
