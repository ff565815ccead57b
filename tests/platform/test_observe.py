"""What one turn shows beside texts: who of their authors the agent has to do with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from moltarium.agents.interface import VAD, BigFive, Observation, Persona, SetFollow
from moltarium.agents.minds.random import RandomMind
from moltarium.sim.limits import PROFILES
from moltarium.sim.observe import Inner, Observer, Past
from moltarium.sim.setting import Member, Window
from tests.platform.site import Site

NOWHERE = VAD(0.0, 0.0, 0.0)


def look(site: Site, agent: str, past: Past | None = None) -> Observation:
    """Return what an agent sees in the newest posts."""
    observer = Observer(site.platform, Window(feed_size=2, threads_opened=2), PROFILES["none"])
    observer.begin()
    persona = Persona(agent, "", BigFive(0.5, 0.5, 0.5, 0.5, 0.5), ())
    member = Member(agent, persona, RandomMind(), "random", None, (("new", 1.0),))
    inner = Inner(NOWHERE, "neutral", NOWHERE, ())
    return observer.look(member, 0, site.step, site.now, inner, past or Past(), np.random.default_rng(0))


def society(names: Sequence[str]) -> Site:
    """Return a site where Ada follows two and was answered by two, each once in sight and once not."""
    site = Site()
    site.settle(*names)
    site.found("general")
    own = site.post("ada")
    for answerer in ("bob", "dan"):
        site.comment(answerer, own)
    for followed in ("bob", "cyd"):
        site.act("ada", SetFollow(followed, True))
    for author in ("bob", "eve"):
        site.post(author)
    return site


def test_of_followed_and_answerers_only_those_in_sight_are_told() -> None:
    site = society(("ada", "bob", "cyd", "dan", "eve"))
    seen = look(site, "ada")
    assert {item.author_id for item in seen.feed} == {"bob", "eve"}
    assert (seen.followed, seen.answerers) == ({"bob"}, {"bob"})
    stranger = look(site, "eve")
    assert not stranger.followed | stranger.answerers


def test_what_was_seen_stays_as_it_was() -> None:
    site = society(("ada", "bob", "cyd", "dan", "eve"))
    seen = look(site, "ada")
    site.act("ada", SetFollow("eve", True))
    site.act("ada", SetFollow("bob", False))
    assert seen.followed == {"bob"}
    assert look(site, "ada").followed == {"eve"}


def test_votes_are_told_with_the_text_that_got_most_of_them() -> None:
    site = Site()
    site.settle("ada", "bob", "cyd", "dan")
    site.found("general")
    old, newer, newest = (site.post("ada") for _ in range(3))
    site.vote("bob", newer, 1)
    site.vote("cyd", newer, 1)
    site.vote("dan", newer, 1)
    site.vote("bob", old, -1)
    liked = look(site, "ada")
    assert (liked.votes_received, liked.votes_on) == (2, newer)
    since = Past(site.platform.last_seq, liked.karma, 1)
    assert look(site, "ada", since).votes_on == ""
    site.vote("cyd", old, -1)
    site.vote("dan", old, -1)
    site.vote("bob", newest, 1)
    disliked = look(site, "ada", since)
    assert (disliked.votes_received, disliked.votes_on) == (-1, old)
