"""What the rules allow, what they make of it, and what they say when they refuse."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.agents.interface import (
    Abstain,
    Action,
    CastVote,
    FoundCommunity,
    Remember,
    RemoveTarget,
    SetFollow,
    SetSubscription,
    WriteComment,
    WritePost,
)
from moltarium.sim.limits import PROFILES
from moltarium.sim.record.schema import Comment, Community, Follow, Post, Removal, Subscription, Vote
from moltarium.sim.rules import CATEGORIES, Refused, Stamp, judge, storable
from tests.platform.site import START_US, Site


def test_a_post_becomes_one_row_with_an_id_from_its_number(site: Site) -> None:
    seq = site.seq
    assert site.act("ada", WritePost("general", "Hi", "there")) == (
        Post(seq, START_US, 1, f"p{seq}", "ada", "general", "Hi", "there", None),
    )


def test_a_comment_knows_its_thread_and_its_parent(site: Site) -> None:
    post = site.post("ada")
    first = site.comment("bob", post)
    seq = site.seq
    assert site.act("cyd", WriteComment(first, "no")) == (
        Comment(seq, START_US, 1, f"c{seq}", post, first, "cyd", "no"),
    )
    assert site.platform.targets[first].parent is None


@pytest.mark.parametrize(
    ("presses", "score", "standing"),
    [
        ((1,), 1, 1),
        ((1, 1), 0, 0),
        ((1, -1), -1, -1),
        ((-1, -1), 0, 0),
        ((-1, 1), 1, 1),
        ((1, 1, 1), 1, 1),
        ((1, -1, -1), 0, 0),
    ],
)
def test_pressing_arrows(site: Site, presses: tuple[int, ...], score: int, standing: int) -> None:
    post = site.post("ada")
    for press in presses:
        site.vote("bob", post, press)
    assert site.score(post) == score == site.platform.agents["ada"].karma
    assert site.platform.agents["bob"].votes.get(post, 0) == standing
    last = site.log[-1]
    assert isinstance(last, Vote)
    assert last.value == standing


def test_replies_end_at_the_deepest_level(site: Site) -> None:
    target = site.post("ada")
    for depth in range(site.limits.depth + 1):
        target = site.comment("bob", target)
        assert site.platform.targets[target].depth == depth
    assert site.refusal("bob", WriteComment(target, "deeper")) == "too_deep"


@pytest.mark.parametrize(
    ("action", "category"),
    [
        (WritePost("nowhere", "title", ""), "unknown_community"),
        (WritePost("general", " \n", "body"), "empty"),
        (WritePost("general", "x" * 301, ""), "too_long"),
        (WritePost("general", "x", "x" * 100_001), "too_long"),
        (WriteComment("p999", "text"), "unknown_target"),
        (WriteComment("POST", "\t "), "empty"),
        (WriteComment("POST", "x" * 10_001), "too_long"),
        (WriteComment("GONE", "text"), "removed_target"),
        (WriteComment("BELOW", "text"), "removed_target"),
        (CastVote("p999", 1), "unknown_target"),
        (CastVote("OWN", 1), "own_target"),
        (CastVote("OWN", -1), "own_target"),
        (CastVote("GONE", 1), "removed_target"),
        (CastVote("POST", 0), "not_allowed"),
        (CastVote("POST", 2), "not_allowed"),
        (SetFollow("zoe", True), "unknown_target"),
        (SetFollow("bob", True), "own_target"),
        (SetFollow("ada", True), "no_change"),
        (SetFollow("cyd", False), "no_change"),
        (SetSubscription("nowhere", True), "unknown_community"),
        (SetSubscription("general", True), "no_change"),
        (SetSubscription("second", False), "no_change"),
        (FoundCommunity("general", ""), "name_taken"),
        (FoundCommunity("Upper", ""), "bad_name"),
        (FoundCommunity("", ""), "bad_name"),
        (FoundCommunity("-edge", ""), "bad_name"),
        (FoundCommunity("line\n", ""), "bad_name"),
        (FoundCommunity("x" * 31, ""), "bad_name"),
        (FoundCommunity("fine", "x" * 10_001), "too_long"),
        (RemoveTarget("POST", "mine"), "not_allowed"),
        (RemoveTarget("GONE", "again"), "removed_target"),
        (RemoveTarget("p999", "what"), "unknown_target"),
        (Abstain("malformed", "The answer was no JSON."), "malformed"),
    ],
    ids=str,
)
def test_refusals(site: Site, action: Action, category: str) -> None:
    site.found("second", "ada")
    places = {"POST": site.post("ada"), "OWN": site.post("bob"), "GONE": site.post("ada")}
    places["BELOW"] = site.comment("ada", places["GONE"])
    site.remove("ada", places["GONE"])
    site.act("bob", SetFollow("ada", True))
    site.act("bob", SetSubscription("general", True))
    if isinstance(action, WriteComment | CastVote | RemoveTarget):
        action = action._replace(target=places.get(action.target, action.target))
    before = copy.deepcopy(site.platform)
    verdict = site.act("bob", action)
    assert isinstance(verdict, Refused)
    assert verdict.category == category
    assert category in CATEGORIES or isinstance(action, Abstain)
    assert verdict.reason.endswith(".")
    assert site.platform == before


def test_remembering_is_no_platform_action(site: Site) -> None:
    assert site.act("bob", Remember("own", "a thing", 0.5, None)) == ()


def test_judging_changes_nothing(site: Site) -> None:
    post = site.post("ada")
    before = copy.deepcopy(site.platform)
    for action in (
        WritePost("general", "t", ""),
        WriteComment(post, "b"),
        CastVote(post, 1),
        SetFollow("ada", True),
        SetSubscription("general", True),
        FoundCommunity("fine", ""),
    ):
        verdict = judge(action, "bob", site.platform, site.limits, Stamp(site.seq, site.now, 1))
        assert not isinstance(verdict, Refused)
        assert site.platform == before


def test_who_has_no_account_cannot_act(site: Site) -> None:
    with pytest.raises(KeyError):
        site.act("nobody", WritePost("general", "t", ""))


def test_agents_and_communities_go_by_id_or_name(site: Site) -> None:
    assert site.act("bob", SetFollow("@ADA", True)) == (
        Follow(site.log[-1].seq, START_US, 1, "bob", "ada", True),
    )
    site.fold(Community(site.seq, site.now, 1, "5f3c-uuid", "Poetry", "", None))
    assert site.act("bob", SetSubscription("poetry", True)) == (
        Subscription(site.log[-1].seq, START_US, 1, "bob", "5f3c-uuid", True),
    )


def test_founding_a_community(site: Site) -> None:
    seq = site.seq
    assert site.act("bob", FoundCommunity("ai-poetry_2", "Verse")) == (
        Community(seq, START_US, 1, "ai-poetry_2", "ai-poetry_2", "Verse", "bob"),
    )
    assert site.post("cyd", community="ai-poetry_2")


def test_creators_and_site_moderators_may_remove_when_moderation_is_on(site: Site) -> None:
    first, second = site.post("bob"), site.post("bob")
    site.limits = replace(site.limits, moderators=frozenset({"eve"}))
    assert site.refusal("cyd", RemoveTarget(first, "")) == "not_allowed"
    assert site.act("ada", RemoveTarget(first, "spam")) == (
        Removal(site.log[-1].seq, START_US, 1, first, "ada", "spam"),
    )
    site.remove("eve", second)
    site.limits = replace(site.limits, moderation=False)
    third = site.post("bob")
    assert site.refusal("ada", RemoveTarget(third, "")) == "not_allowed"
    assert site.refusal("eve", RemoveTarget(third, "")) == "not_allowed"


def test_an_opening_row_may_hold_an_id_of_the_same_pattern(site: Site) -> None:
    taken = f"p{site.seq + 1}"
    site.fold(Post(site.seq, site.now, 0, taken, None, "general", "old", "", None))
    assert site.post("ada") == taken + "-"
    assert site.platform.targets[taken].title == "old"


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_can_be_stored_and_sound_text_is_kept(text: str) -> None:
    kept = storable(text)
    kept.encode()
    if not any("\ud800" <= letter <= "\udfff" for letter in text):
        assert kept == text


def test_halves_of_pairs_are_joined_or_replaced(site: Site) -> None:
    post = site.post("ada", "a\ud83d\ude00b", "x\ud800y\x00")
    assert site.platform.targets[post].title == "a\U0001f600b"
    assert site.platform.targets[post].body == "x\ufffdy\x00"


def test_limits_of_length_are_inclusive(site: Site) -> None:
    post = site.post("ada", "x" * 300)
    site.comment("bob", post, "x" * 10_000)


def test_profiles_differ_only_in_rates() -> None:
    plain = {
        replace(each, name="", settled=PROFILES["none"].settled, newcomer=None) for each in PROFILES.values()
    }
    assert len(plain) == 1
