"""The fold: notices, removals, rows out of a snapshot, and what is kept between two events."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.agents.interface import SetFollow, SetSubscription
from moltarium.sim.platform import INBOX_SIZE, NoticeRecord, Platform
from moltarium.sim.record.mentions import mentioned
from moltarium.sim.record.schema import Agent, Comment, Community, Event, Follow, Post, Removal, Vote
from moltarium.sim.state import AgentState
from tests.platform.site import Site


def _kinds(site: Site, agent: str, since_seq: int = -1) -> list[tuple[str, str]]:
    return [(notice.kind, notice.target) for notice in site.platform.inbox(agent, since_seq)]


def _folded(events: Sequence[Event]) -> Platform:
    platform = Platform()
    for event in events:
        platform.apply(event)
    return platform


def test_a_comment_notifies_whom_it_answers_and_no_one_else(site: Site) -> None:
    post = site.post("ada")
    first = site.comment("bob", post)
    second = site.comment("cyd", first)
    assert _kinds(site, "ada") == [("reply", first)]
    assert _kinds(site, "bob") == [("reply", second)]
    assert _kinds(site, "cyd") == []


def test_own_acts_notify_nobody(site: Site) -> None:
    post = site.post("ada", "I am @ada")
    site.comment("ada", post, "yes, @Ada")
    site.remove("ada", post)
    assert site.platform.inbox("ada") == []


def test_mentions_notify_known_handles_once_and_do_not_repeat_a_reply(site: Site) -> None:
    post = site.post("ada", "@bob and @BOB", "and @Cyd, @nobody, mail@dan.com")
    reply = site.comment("bob", post, "@ada @dan: see @cyd.")
    assert _kinds(site, "bob") == [("mention", post)]
    assert _kinds(site, "ada") == [("reply", reply)]
    assert _kinds(site, "cyd") == [("mention", post), ("mention", reply)]
    assert _kinds(site, "dan") == [("mention", reply)]


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("@ada", ["ada"]),
        ("(@ada)", ["ada"]),
        ("@ada's", ["ada"]),
        ("@Ada-", ["ada"]),
        ("thanks @ada...", ["ada"]),
        ("@dot.ted.", ["dotted"]),
        ("@dash-ed!", ["dashed"]),
        ("@дом", ["dom"]),
        ("@cyd @ada @cyd", ["cyd", "ada"]),
        ("x@ada", []),
        ("https://site/@ada", []),
        ("@adamant", []),
        ("@@ada", []),
        ("@", []),
    ],
)
def test_what_counts_as_a_mention(text: str, called: list[str]) -> None:
    handles = {"ada": "ada", "cyd": "cyd", "dot.ted": "dotted", "dash-ed": "dashed", "дом": "dom"}
    assert mentioned(text, handles) == called


def test_removal_hides_and_tells_the_author(site: Site) -> None:
    post = site.post("bob")
    comment = site.comment("cyd", post)
    site.vote("dan", post, 1)
    site.remove("ada", post, "off topic")
    assert site.platform.targets[post].removed
    assert site.platform.hidden(site.platform.targets[comment])
    assert site.platform.inbox("bob") == [
        NoticeRecord("removal", post, site.platform.last_seq, "off topic"),
    ]
    assert site.platform.agents["bob"].karma == 1


def test_a_removed_comment_is_no_longer_news(site: Site) -> None:
    post = site.post("bob")
    comment = site.comment("cyd", post, "@dan look")
    assert _kinds(site, "dan") == [("mention", comment)]
    site.remove("ada", comment)
    assert _kinds(site, "bob") == _kinds(site, "dan") == []
    assert _kinds(site, "cyd") == [("removal", comment)]
    assert site.platform.targets[post].n_comments == 1


def test_an_inbox_keeps_the_latest_and_gives_what_is_new(site: Site) -> None:
    post = site.post("ada")
    made = [site.comment("bob", post) for _ in range(3 * INBOX_SIZE + 7)]
    assert [notice.target for notice in site.platform.inbox("ada")] == made[-INBOX_SIZE:]
    since = site.platform.targets[made[-3]].seq
    assert _kinds(site, "ada", since) == [("reply", made[-2]), ("reply", made[-1])]
    assert site.platform.inbox("ada", site.platform.last_seq) == []
    assert site.platform.inbox("nobody") == []


def test_votes_got_are_as_bounded_as_an_inbox(site: Site) -> None:
    post = site.post("ada")
    for turn in range(3 * INBOX_SIZE):
        site.vote("bob", post, 1 if turn % 2 else -1)
    assert abs(site.platform.votes_got("ada")[post]) <= 2 * INBOX_SIZE
    assert site.platform.votes_got("ada", site.platform.last_seq) == site.platform.votes_got("bob") == {}


def test_ties_begin_and_end(site: Site) -> None:
    site.act("bob", SetFollow("ada", True))
    site.act("bob", SetSubscription("general", True))
    assert site.platform.agents["ada"].followers == site.platform.communities["general"].members == {"bob"}
    site.act("bob", SetFollow("ada", False))
    site.act("bob", SetSubscription("general", False))
    assert not site.platform.agents["ada"].followers | site.platform.communities["general"].members


def test_an_account_is_as_old_as_its_row_says_or_else_as_its_row() -> None:
    platform = _folded([Agent(0, 50, 0, "a", "A", "", None), Agent(1, 60, 0, "b", "B", "", 10)])
    assert platform.agents["a"].created_us == 50
    assert platform.agents["b"].created_us == 10


def test_rows_must_come_in_order() -> None:
    platform = _folded([Agent(5, 0, 0, "a", "A", "", None)])
    with pytest.raises(ValueError, match="in order of seq"):
        platform.apply(Agent(5, 0, 0, "b", "B", "", None))
    assert platform == _folded([Agent(5, 0, 0, "a", "A", "", None)])


def test_a_snapshot_may_point_at_nothing() -> None:
    platform = _folded(
        [
            Post(0, 0, None, "p", None, "lost", "t", "@gone", None),
            Comment(1, 1, None, "dangling", "p", "nowhere", None, "who said that"),
            Comment(2, 2, None, "below", "p", "dangling", None, "so deep"),
            Comment(3, 3, None, "adrift", "no-post", None, None, "hello?"),
            Vote(4, 4, None, "ghost", "nothing", 1),
            Removal(5, 5, None, "nothing", None, ""),
            Follow(6, 6, None, "ghost", "phantom", True),
            Post(7, 7, None, "p", None, "lost", "again", "", None),
        ]
    )
    depths = {name: target.depth for name, target in platform.targets.items()}
    assert depths == {"p": -1, "dangling": None, "below": None, "adrift": None}
    assert platform.targets["p"].n_comments == 2
    assert platform.targets["p"].title == "t"
    assert platform.targets["adrift"].community == ""
    assert platform.unplaced == 3
    assert not platform.agents


def test_whom_one_is_answered_by(site: Site) -> None:
    site.settle("Ada", "Bob", "Cyd")
    site.found("general")
    post = site.post("ada")
    site.comment("ada", post)
    said = site.comment("bob", post)
    site.comment("cyd", said)
    answerers = {name: set(site.platform.agents[name].answerers) for name in ("ada", "bob", "cyd")}
    assert answerers == {"ada": {"bob"}, "bob": {"cyd"}, "cyd": set()}


def test_acts_before_an_accounts_own_row_are_not_lost() -> None:
    community = Community(0, 0, None, "m", "m", "", "a")
    account = Agent(0, 0, None, "a", "A", "", 0)
    acts: list[Event] = [
        Post(2, 2, None, "p", "a", "m", "t", "", None),
        Vote(3, 3, None, "b", "p", 1),
        Follow(4, 4, None, "b", "a", True),
    ]
    late = _folded([*acts, community._replace(seq=5), account._replace(seq=6)])
    assert late.agents["a"] == AgentState(
        "a", "A", "", 0, 6, karma=1, followers={"b"}, posts=["p"], own=["p"], founded=["m"]
    )
    assert late.communities["m"].posts == ["p"]
    assert "b" not in late.agents


def test_two_accounts_may_want_one_handle_and_the_first_keeps_it() -> None:
    platform = _folded([Agent(0, 0, 0, "a", "Same", "", None), Agent(1, 0, 0, "b", "SAME", "", None)])
    assert platform.resolve_agent("same") == "a"
    assert platform.resolve_agent("b") == "b"
    assert platform.resolve_agent("other") is None


def test_equality_sees_every_difference(site: Site) -> None:
    post = site.post("ada")
    before = copy.deepcopy(site.platform)
    assert site.platform == before
    site.vote("bob", post, 1)
    site.vote("bob", post, 1)
    assert site.platform != before
    assert site.platform != "platform"


def test_derived_values_live_until_the_next_event(site: Site) -> None:
    computed: list[int] = []

    def compute() -> int:
        computed.append(site.platform.version)
        return site.platform.version

    first = site.platform.derived("key", compute)
    assert site.platform.derived("key", compute) == first
    assert computed == [first]
    site.post("ada")
    assert site.platform.derived("key", compute) == first + 1


@given(st.text())
def test_no_text_upsets_the_search_for_mentions(text: str) -> None:
    assert mentioned(text, {}) == []
    assert set(mentioned(f"{text} @ada", {"ada": "ada"})) <= {"ada"}
