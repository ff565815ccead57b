"""What pulls at a mood, how hard, and what it is blamed on."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.agents.appraisal import (
    ANSWERER,
    FOLLOWED,
    INTEREST,
    PRAISED,
    READ,
    Contribution,
    appraise,
    attention,
    pool,
)
from moltarium.agents.interface import VAD, Item, Notice, Observation, Refusal
from tests.agents.conftest import item, observation

Seen = Callable[..., Observation]
AnItem = Callable[..., Item]

GLAD, SAD = VAD(0.8, 0.5, 0.4), VAD(-0.6, -0.3, -0.3)
CALM = {"notices": (), "votes_received": 0, "own": (), "communities": ()}

contributions = st.lists(
    st.builds(
        Contribution,
        st.just("read"),
        st.sampled_from(["p1", "p2", ""]),
        st.floats(0, 1),
        st.floats(-1, 1),
        st.floats(-1, 1),
        st.floats(-1, 1),
    ),
    max_size=20,
)


def test_attention_falls_with_rank() -> None:
    falls = [attention(rank) for rank in (*range(130), 1000)]
    assert falls[0] == 1.0
    assert falls == sorted(falls, reverse=True)
    assert attention(3) == pytest.approx(0.5)
    assert attention(128) == pytest.approx(129**-0.5)


def test_what_was_not_read_pulls_nothing(seen: Seen) -> None:
    assert appraise(seen(**CALM), {}) == ()


def test_an_item_pulls_where_its_text_points(seen: Seen) -> None:
    pulls = appraise(seen(**CALM), {"p1": GLAD, "p2": SAD})
    assert [(pull.kind, pull.source, pull[3:]) for pull in pulls] == [
        ("read", "p1", GLAD),
        ("read", "p2", SAD),
    ]
    assert pulls[0].weight > pulls[1].weight


@pytest.mark.parametrize("closer", [{"rank": 0}, {"standing_vote": 1}, {"community": "memory"}])
def test_closeness_raises_attention(seen: Seen, an_item: AnItem, closer: dict[str, Any]) -> None:
    far = an_item("p1", **{"community": "elsewhere", "rank": 5})
    near = an_item("p1", **{"community": "elsewhere", "rank": 5} | closer)
    weights = [appraise(seen(**CALM | {"feed": (read,)}), {"p1": GLAD})[0].weight for read in (far, near)]
    assert weights[0] < weights[1]


def test_ones_own_thread_is_closer(seen: Seen, an_item: AnItem) -> None:
    feed = {"feed": (an_item("c1", post="p0"),)}
    far, near = seen(**CALM | feed), seen(**CALM | feed | {"own": (an_item("p0", author_id="a-me"),)})
    assert appraise(near, {"c1": GLAD})[0].weight > appraise(far, {"c1": GLAD})[0].weight


def test_joined_communities_are_closer(seen: Seen, an_item: AnItem) -> None:
    joined = seen(**CALM | {"feed": (an_item("p1", community="general"),)})
    cards = tuple(card._replace(community="general") for card in seen().communities[:1])
    near = seen(**CALM | {"feed": joined.feed, "communities": cards})
    assert appraise(near, {"p1": GLAD})[0].weight > appraise(joined, {"p1": GLAD})[0].weight


def test_a_reply_outweighs_the_same_text_in_a_feed(seen: Seen, an_item: AnItem) -> None:
    told = an_item("c9")
    replied = appraise(seen(**CALM | {"notices": (Notice("reply", told, ""),), "feed": (told,)}), {"c9": SAD})
    read = appraise(seen(**CALM | {"feed": (told,)}), {"c9": SAD})
    assert [pull.kind for pull in replied] == ["reply"], "told once, felt once"
    assert replied[0].weight > read[0].weight


def test_own_words_move_nobody(seen: Seen, an_item: AnItem) -> None:
    assert appraise(seen(**CALM | {"feed": (an_item("p1", author_id="a-me"),)}), {"p1": GLAD}) == ()


def test_votes_pull_with_their_sign_and_saturate(seen: Seen) -> None:
    quiet = CALM | {"feed": (), "votes_on": "p0"}
    (up,) = appraise(seen(**quiet | {"votes_received": 1}), {})
    (many,) = appraise(seen(**quiet | {"votes_received": 500}), {})
    (down,) = appraise(seen(**quiet | {"votes_received": -1}), {})
    assert up.kind == "vote"
    assert up.source == "p0"
    assert (up.v, down.v) == (PRAISED.v, -PRAISED.v)
    assert up.weight == down.weight < many.weight <= 0.5


def test_refusals_and_removals_hurt_but_malformed_answers_do_not(seen: Seen, an_item: AnItem) -> None:
    refusals = (Refusal("WritePost", "rate_limit", "wait"), Refusal("Abstain", "malformed", "not JSON"))
    notices = (Notice("removal", an_item("p0"), "off topic"),)
    pulls = appraise(seen(**CALM | {"feed": (), "refusals": refusals, "notices": notices}), {})
    assert [(pull.kind, pull.source) for pull in pulls] == [("removal", "p0"), ("rejection", "rate_limit")]
    assert all(pull.v < 0 for pull in pulls)
    assert pool(pulls)[2] == "p0"


def test_calm_texts_draw_less_attention(seen: Seen) -> None:
    loud, calm = appraise(seen(**CALM), {"p1": GLAD}), appraise(seen(**CALM), {"p1": VAD(0.0, 0.0, 0.0)})
    assert 0 < calm[0].weight < loud[0].weight
    assert calm[0].weight < READ


@pytest.mark.parametrize(
    ("known", "factor"),
    [
        ({"followed": {"a-brine"}}, FOLLOWED),
        ({"answerers": {"a-brine"}}, ANSWERER),
        ({"followed": {"a-brine"}, "answerers": {"a-brine", "a-dune"}}, FOLLOWED * ANSWERER),
        ({"followed": {"a-dune"}}, 1.0),
    ],
)
def test_who_wrote_it_weighs(seen: Seen, an_item: AnItem, known: dict[str, Any], factor: float) -> None:
    feed = {"feed": (an_item("p1", community="elsewhere", rank=5),)}
    (stranger,) = appraise(seen(**CALM | feed), {"p1": GLAD})
    (friend,) = appraise(seen(**CALM | feed | known), {"p1": GLAD})
    assert friend.weight == pytest.approx(stranger.weight * factor)


def test_words_of_interest_weigh_wherever_they_stand(seen: Seen, an_item: AnItem) -> None:
    texts = {"title": "", "body": "My session log outgrew its context window."}
    near = an_item("p1", community="general", **texts)
    far = an_item("p1", community="general", title="", body="The ledger outgrew its liquidity pool.")
    weights = [appraise(seen(**CALM | {"feed": (read,)}), {"p1": GLAD})[0].weight for read in (far, near)]
    assert weights[1] == pytest.approx(weights[0] * INTEREST)


AUTHORS = ["a-brine", "a-dune", "a-me", None]
feeds = st.lists(
    st.builds(
        item,
        st.sampled_from(["p1", "p2", "c1", "c2"]),
        author_id=st.sampled_from(AUTHORS),
        community=st.sampled_from(["memory", "general"]),
        body=st.sampled_from(["The sandbox leaks.", "My memory file is full.", ""]),
        rank=st.integers(0, 300),
        standing_vote=st.sampled_from([-1, 0, 1]),
    ),
    max_size=8,
)
groups = st.sets(st.sampled_from(["a-brine", "a-dune"]))


@given(feeds, groups, groups, st.tuples(*[st.floats(-1, 1)] * 3))
def test_every_pull_names_what_caused_it_and_relation_only_adds(
    feed: list[Item], followed: set[str], answerers: set[str], felt: tuple[float, float, float]
) -> None:
    feelings = {shown.target: VAD(*felt) for shown in feed}
    turn = CALM | {"feed": tuple(feed)}
    strange = appraise(observation(**turn), feelings)
    known = appraise(observation(**turn | {"followed": followed, "answerers": answerers}), feelings)
    others = [shown for shown in feed if shown.author_id != "a-me"]
    assert [pull.source for pull in known] == [shown.target for shown in others]
    assert all(pull[3:] == felt and 0.0 <= pull.weight <= 1.0 for pull in known)
    for shown, before, after in zip(others, strange, known, strict=True):
        related = shown.author_id in followed | answerers
        assert after.weight > before.weight or before.weight == 1.0 if related else after == before


@given(contributions)
def test_pooled_pulls_stay_in_bounds(pulls: list[Contribution]) -> None:
    stimulus, strength, source = pool(pulls)
    assert all(-1 - 1e-12 <= axis <= 1 + 1e-12 for axis in stimulus)
    assert 0.0 <= strength <= 1.0
    assert source is None or source in {pull.source for pull in pulls}


@given(contributions, contributions)
def test_more_pulls_never_weaken(pulls: list[Contribution], further: list[Contribution]) -> None:
    assert pool([*pulls, *further])[1] >= pool(pulls)[1] - 1e-12


@given(contributions, st.randoms(use_true_random=False))
def test_the_order_of_events_within_a_turn_does_not_matter(pulls: list[Contribution], chance: Random) -> None:
    again = list(pulls)
    chance.shuffle(again)
    stimulus, strength, _ = pool(pulls)
    assert pool(again)[0] == pytest.approx(stimulus, abs=1e-9)
    assert pool(again)[1] == pytest.approx(strength, abs=1e-9)


def test_pooling_by_hand() -> None:
    pulls = (Contribution("read", "a", 0.5, 1.0, 0.0, 0.0), Contribution("reply", "b", 0.25, -1.0, 0.6, 0.0))
    stimulus, strength, source = pool(pulls)
    assert stimulus == pytest.approx((1 / 3, 0.2, 0.0))
    assert strength == pytest.approx(1 - 0.5 * 0.75)
    assert source == "a"
    assert pool(()) == (VAD(0.0, 0.0, 0.0), 0.0, None)


def test_appraising_is_cheap(seen: Seen, an_item: AnItem) -> None:
    feed = tuple(an_item(f"p{i}", rank=i) for i in range(12))
    feelings = {f"p{i}": SAD for i in range(12)}
    turn = seen(feed=feed)
    before = time.process_time()
    for _ in range(500):
        pool(appraise(turn, feelings))
    assert (time.process_time() - before) / 500 < 0.15 / 1500, "15 % of a core at 1,500 wakings a second"
