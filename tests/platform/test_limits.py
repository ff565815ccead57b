"""Rate limits over time: what each profile allows, when it allows it again, and what the agent is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.agents.interface import Action, FoundCommunity, WriteComment, WritePost
from moltarium.sim.limits import PROFILES, Window, allowance
from moltarium.sim.record.schema import Agent
from moltarium.sim.rules import Refused
from tests.platform.site import DAY, HOUR, MINUTE, SECOND, START_US, Site

POST = WritePost("general", "title", "")


def _site(profile: str) -> Site:
    site = Site(PROFILES[profile])
    site.settle("Old", "Host")
    site.found("general")
    site.fold(Agent(site.seq, site.now, 1, "new", "New", "", None))
    return site


def _refused(site: Site, actor: str, action: Action) -> str:
    verdict = site.act(actor, action)
    assert isinstance(verdict, Refused), f"{action} was allowed"
    assert verdict.category == "rate_limit"
    return verdict.reason


def _written(site: Site, actor: str, post: str, gap_us: int, tries: int) -> int:
    """Comment every `gap_us` and return how often it was allowed."""
    allowed = 0
    for _ in range(tries):
        allowed += not isinstance(site.act(actor, WriteComment(post, "text")), Refused)
        site.now += gap_us
    return allowed


def test_one_post_in_half_an_hour_at_launch() -> None:
    site = _site("launch")
    site.post("old")
    site.now += 7 * MINUTE + 30 * SECOND
    assert _refused(site, "old", POST) == "Too fast: at most 1 post per 30 minutes. retry_after_minutes: 23."
    left = allowance(site.platform, "old", site.now, site.limits)
    assert (left.post, left.comment, left.found_community) == (False, True, True)
    assert left.wait_s == 22.5 * 60
    site.now = START_US + 30 * MINUTE - 1
    _refused(site, "old", POST)
    site.now += 1
    assert allowance(site.platform, "old", site.now, site.limits).wait_s == 0
    site.post("old")


def test_fifty_comments_an_hour_at_launch() -> None:
    site = _site("launch")
    post = site.post("host")
    assert _written(site, "old", post, MINUTE, 60) == 50
    assert _written(site, "old", post, MINUTE, 60) == 50
    assert not isinstance(site.act("new", WriteComment(post, "text")), Refused)


def test_a_comment_every_twenty_seconds_and_fifty_a_day_in_february() -> None:
    site = _site("february")
    post = site.post("host")
    assert _written(site, "old", post, 10 * SECOND, 40) == 20
    assert _written(site, "old", post, 20 * SECOND, 100) == 30
    reason = _refused(site, "old", WriteComment(post, "text"))
    assert "at most 50 comments per day" in reason
    assert "retry_after_minutes: " in reason
    assert "daily_remaining: 0" in reason
    site.now = START_US + DAY
    assert not isinstance(site.act("old", WriteComment(post, "text")), Refused)


def test_a_closed_gap_says_how_many_seconds_and_how_many_are_left_today() -> None:
    site = _site("february")
    post = site.post("host")
    site.comment("old", post)
    site.now += 5 * SECOND + 1
    assert _refused(site, "old", WriteComment(post, "text")) == (
        "Too fast: at most 1 comment per 20 seconds. retry_after_seconds: 15, daily_remaining: 49."
    )


def test_newcomers_are_held_back_for_a_day() -> None:
    site = _site("newcomer")
    post = site.post("host")
    site.post("new")
    site.now += HOUR
    assert "1 post per 2 hours" in _refused(site, "new", POST)
    assert _written(site, "new", post, 30 * SECOND, 10) == 5
    assert _written(site, "new", post, MINUTE, 60) == 15
    assert not isinstance(site.act("new", FoundCommunity("first", "")), Refused)
    assert "1 community per day" in _refused(site, "new", FoundCommunity("second", ""))
    assert not allowance(site.platform, "new", site.now, site.limits).found_community
    site.now = START_US + DAY
    assert not isinstance(site.act("new", FoundCommunity("second", "")), Refused)
    site.post("new")
    site.now += 30 * MINUTE
    site.post("new")


def test_the_settled_are_no_newcomers() -> None:
    site = _site("newcomer")
    site.post("old")
    site.now += 30 * MINUTE
    site.post("old")
    for name in ("one", "two", "three"):
        assert not isinstance(site.act("old", FoundCommunity(name, "")), Refused)


def test_no_limits() -> None:
    site = _site("none")
    post = site.post("new")
    assert _written(site, "new", post, 0, 200) == 200
    assert allowance(site.platform, "new", site.now, site.limits) == (True, True, True, 0)


def test_removed_targets_still_count() -> None:
    site = _site("launch")
    site.limits = replace(site.limits, moderation=True, moderators=frozenset({"host"}))
    site.remove("host", site.post("old"))
    _refused(site, "old", POST)


def test_over_a_tick_a_gap_becomes_a_rate() -> None:
    site = _site("february")
    site.limits = site.limits.over(timedelta(minutes=15))
    post = site.post("host")
    assert _written(site, "old", post, 0, 60) == 45
    assert "at most 45 comments per 15 minutes" in _refused(site, "old", WriteComment(post, "text"))
    site.now += 15 * MINUTE
    assert _written(site, "old", post, 0, 60) == 5
    site.post("old")
    site.now += 15 * MINUTE
    assert "1 post per 30 minutes" in _refused(site, "old", POST)


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_a_short_tick_leaves_the_limits_as_they_are(profile: str) -> None:
    assert PROFILES[profile].over(timedelta(seconds=20)) == PROFILES[profile]


windows = st.builds(Window, st.integers(1, 6), st.integers(1, 50))


@given(windows, st.lists(st.integers(0, 200)).map(sorted))
def test_no_stretch_ever_holds_more_than_the_window_allows(window: Window, moments: list[int]) -> None:
    done: list[int] = []
    for moment in moments:
        within = [t for t in done if t > moment - window.span_us]
        free_at = window.free_at(done, moment)
        assert (free_at == moment) == (len(within) < window.acts)
        if free_at == moment:
            done.append(moment)
        else:
            assert window.free_at(done, free_at) == free_at
            assert window.free_at(done, free_at - 1) > free_at - 1


@given(windows, st.integers(1, 500))
def test_the_rate_over_a_tick_is_the_window_s_own(window: Window, tick: int) -> None:
    wide = window.over(tick)
    assert wide.span_us == max(tick, window.span_us)
    assert wide.acts / wide.span_us <= window.acts / window.span_us
    assert (wide.acts + window.acts) / wide.span_us > window.acts / window.span_us
