"""The surrogate mind: what holds for any turn, whatever its parameters."""

from __future__ import annotations

import inspect
import math
import os
import re
import subprocess
import sys
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moltarium.agents.interface import (
    VAD,
    Allowance,
    BigFive,
    CastVote,
    CommunityCard,
    FoundCommunity,
    Item,
    Notice,
    Observation,
    Persona,
    SetFollow,
    SetSubscription,
    WriteComment,
    WritePost,
)
from moltarium.agents.minds.drafts import CommentDraft
from moltarium.agents.minds.surrogate import SurrogateMind
from moltarium.agents.topics import TOPICS, topic_of
from tests.agents.silent import CARDS, NOBODY, SILENT, an_item, decide, plans, seen

GLAD = "I am so happy, this is wonderful! I love it and I am proud. The archive made me smile."


def test_a_turn_depends_on_nothing_but_its_stream() -> None:
    mind = SurrogateMind(post_rate=1, comment_rate=3)
    assert decide(mind, seen(), 5) == decide(mind, seen(), 5)
    assert decide(mind, seen(), 5) != decide(mind, seen(), 6)


def test_a_turn_is_the_same_in_every_process() -> None:
    code = (
        "import numpy as np\n"
        "from moltarium.agents.minds.dice import Dice\n"
        "from moltarium.agents.minds.language import Tone, write_post, write_comment\n"
        "from moltarium.agents.interface import BigFive, Persona\n"
        "from moltarium.agents.topics import topic_of\n"
        "rng, who = np.random.default_rng(9), Persona('TideClerk', '', BigFive(*(.5,) * 5), ())\n"
        "post = write_post('share', 'lore', Tone('joy', True), who, Dice(rng))\n"
        "print(post, topic_of(post[1]), write_comment('agree', 'lore', Tone(), who, post[1], Dice(rng)))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outputs) == 1
    assert next(iter(outputs))


def test_limits_are_respected() -> None:
    busy = SurrogateMind(post_rate=1, comment_rate=5, reply_back=1, found_rate=1, intro_first=1)
    told = (Notice("reply", an_item(1, target="c1", depth=0), ""),)
    closed = Allowance(post=False, comment=False, found_community=False, wait_s=60.0)
    for seed in range(50):
        actions = decide(busy, seen(allowance=closed, notices=told, first_turn=True), seed)
        assert not any(isinstance(a, WritePost | WriteComment | FoundCommunity) for a in actions)


def test_own_texts_and_standing_votes_are_left_alone() -> None:
    feed = (
        an_item(0, author_id="me"),
        an_item(1, author="TideClerk"),
        an_item(2, standing_vote=1),
        an_item(3),
    )
    mind = replace(SILENT, vote_rate=1.0, comment_rate=4.0)
    for plan in plans(mind, seen(feed=feed), 50):
        assert {s.target for s in plan if isinstance(s, CastVote)} <= {"p3"}
        assert {s.parent.target for s in plan if isinstance(s, CommentDraft)} <= {"p2", "p3"}


@pytest.mark.parametrize("each", [each.name for each in fields(SurrogateMind)])
def test_values_out_of_range_are_refused(each: str) -> None:
    values: list[Any] = [-0.1, 1e9, math.nan, "much", True]
    for wrong in values:
        with pytest.raises(ValueError, match=each):
            SurrogateMind(**{each: wrong})


def test_every_parameter_has_a_documented_range() -> None:
    source = inspect.getsource(SurrogateMind)
    for each in fields(SurrogateMind):
        assert each.metadata["low"] <= each.default <= each.metadata["high"]
        assert re.search(rf'\b{each.name}: float = .*\n\s+"""', source), each.name


UNIT = st.floats(0, 1)
AXIS = st.floats(-1, 1)
TEXT = st.text(max_size=80) | st.sampled_from([GLAD, "The flaky test and the cron job. {claim} %s"])
ITEMS = st.builds(
    Item,
    target=st.sampled_from([f"t{n}" for n in range(6)]),
    post=st.sampled_from(["t0", "t1"]),
    author=st.sampled_from(["moth", "TideClerk", "[deleted]", "émile", "a b\n"]),
    author_id=st.sampled_from([None, "me", "a1", "a2"]),
    community=st.sampled_from(["general", "buildlogs", "no-such"]),
    title=TEXT,
    body=TEXT,
    score=st.integers(-(10**6), 10**9),
    n_comments=st.integers(0, 99),
    depth=st.integers(-1, 12),
    age_s=st.floats(0, 1e9),
    feed=st.sampled_from(["hot", "thread", "notice"]),
    rank=st.integers(0, 30),
    standing_vote=st.sampled_from([-1, 0, 1]),
)
OBSERVATIONS: st.SearchStrategy[Observation] = st.builds(
    seen,
    persona=st.builds(
        Persona,
        handle=st.sampled_from(["TideClerk", "", "ümlaut"]),
        bio=st.text(max_size=10),
        traits=st.builds(BigFive, UNIT, UNIT, UNIT, UNIT, UNIT),
        interests=st.lists(st.sampled_from([*TOPICS, "knitting"]), max_size=4).map(tuple),
    ),
    mood=st.builds(VAD, AXIS, AXIS, AXIS),
    first_turn=st.booleans(),
    feed=st.lists(ITEMS, max_size=6).map(tuple),
    notices=st.lists(
        st.builds(Notice, st.sampled_from(["reply", "mention", "removal"]), ITEMS, st.just("")), max_size=3
    ).map(tuple),
    own=st.lists(ITEMS, max_size=3).map(tuple),
    communities=st.lists(st.sampled_from(CARDS), max_size=4).map(tuple),
    allowance=st.builds(Allowance, st.booleans(), st.booleans(), st.booleans(), st.just(0.0)),
)
EAGER = SurrogateMind(
    post_rate=1, comment_rate=3, vote_rate=0.6, reply_back=0.8, reply_share=0.5, norm_conformity=0.5,
    contagion=1, popularity_bias=5, novelty_bias=5, reward_gain=10, follow_rate=0.5, mention_rate=0.5,
    subscribe=0.5, found_rate=0.5, negativity=0.3, retaliation=10,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(OBSERVATIONS, st.integers(0, 2**32))
def test_any_turn_ends_in_actions_on_what_was_seen(observation: Observation, seed: int) -> None:
    shown = {item.target: item for item in observation.feed}
    told = {notice.item.target for notice in observation.notices if notice.kind != "removal"}
    cards = {card.community for card in observation.communities}
    for action in decide(EAGER, observation, seed):
        if isinstance(action, WriteComment):
            assert action.target in shown.keys() | told
            assert action.body.strip()
        elif isinstance(action, CastVote):
            assert action.target in shown
            assert action.value in (-1, 1)
        elif isinstance(action, WritePost):
            assert action.community in cards
            assert action.title.strip()
            assert len(action.title) <= 300
        elif isinstance(action, SetFollow):
            assert action.agent in {item.author_id for item in observation.feed} - {"me"}
        elif isinstance(action, SetSubscription):
            assert action.community in cards


def test_posts_are_about_their_authors_interests() -> None:
    mind = SurrogateMind(post_rate=1, topic_focus=20)
    posts = [a for seed in range(400) for a in decide(mind, seen(), seed) if isinstance(a, WritePost)]
    told = [topic_of(f"{post.title} {post.body}") for post in posts]
    assert np.mean([name in NOBODY.interests for name in told]) > 0.8


def test_introductions_go_where_newcomers_are_met() -> None:
    doorstep = CommunityCard("introductions", "Say hello.", 3, False)
    mind = replace(SILENT, intro_first=1.0)
    (action,) = decide(mind, seen(first_turn=True, communities=(*CARDS, doorstep)), 1)
    assert isinstance(action, WritePost)
    assert action.community == "introductions"
