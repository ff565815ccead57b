"""Feeds and comment orders: formulas by hand, orders by brute force, work done once per state."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.agents.interface import CastVote, SetFollow, SetSubscription
from moltarium.sim.platform import Platform, TargetState
from moltarium.sim.ranking import RANKERS, controversy, hot, order_comments, rising
from moltarium.sim.record.schema import Agent, Community, Event, Follow, Post, Removal, Subscription, Vote
from moltarium.sim.streams import Purpose, stream
from tests.platform.site import HOUR, MINUTE, START_US, Site

NOW = START_US + 30 * HOUR


def _rank(name: str, platform: Platform, k: int = 10, viewer: str = "ada", now: int = NOW) -> list[str]:
    return list(RANKERS[name]().rank(viewer, platform, now, k, stream(7, Purpose.FEED)))


@pytest.mark.parametrize(
    ("score", "seconds", "value"),
    [(0, 0, 0.0), (1, 0, 0.0), (10, 0, 1.0), (-100, 0, -2.0), (0, 45_000, 1.0), (1000, 90_000, 5.0)],
)
def test_hot_by_hand(score: int, seconds: int, value: float) -> None:
    assert hot(np.array([score]), np.array([seconds * 1_000_000]))[0] == pytest.approx(value)


@pytest.mark.parametrize(
    ("score", "hours", "value"), [(0, 0, 1 / 2**1.5), (7, 2, 1.0), (26, 7, 1.0), (-1, 5, 0.0), (-9, 2, -1.0)]
)
def test_rising_by_hand(score: int, hours: int, value: float) -> None:
    assert rising(np.array([score]), np.array([hours * HOUR]))[0] == pytest.approx(value)


@pytest.mark.parametrize(
    ("up", "down", "value"), [(0, 0, 0.0), (5, 5, 10.0), (9, 1, 2.0), (4, 0, 0.0), (0, 4, 0.0), (6, 4, 8.0)]
)
def test_controversy_by_hand(up: int, down: int, value: float) -> None:
    assert controversy(np.array([up]), np.array([down]))[0] == pytest.approx(value)


def _hot(post: TargetState) -> float:
    order = math.log10(max(abs(post.score), 1))
    sign = (post.score > 0) - (post.score < 0)
    return order * sign + post.t_us / 1e6 / 45_000


def _rising(post: TargetState) -> float:
    return (post.score + 1) / math.pow((NOW - post.t_us) / HOUR + 2, 1.5)


def _controversial(post: TargetState) -> float:
    cast = post.up + post.down
    return cast * (1 - abs(post.up - post.down) / max(cast, 1))


KEYS: dict[str, Callable[[TargetState], float]] = {
    "hot": _hot,
    "new": lambda post: post.t_us,
    "top": lambda post: post.score,
    "rising": _rising,
    "controversial": _controversial,
    "personal": _hot,
    "following": lambda post: post.t_us,
}


NAMES = ("ada", "bob", "cyd", "dan", "eve")
PLACES = ("x", "y", "z")
numbers = st.integers(0, 24)
names = st.sampled_from(NAMES)
places = st.sampled_from(PLACES)
posts = st.tuples(names | st.none(), places, st.integers(0, 12))
votes = st.tuples(names, numbers, st.sampled_from([-1, 0, 1]))


@st.composite
def platforms(draw: st.DrawFn) -> Platform:
    """A platform of posts in few communities by few authors, with votes, removals and many ties."""
    seq = count()
    written = draw(st.lists(posts, max_size=25))
    events: list[Event] = [
        *(Agent(next(seq), START_US, 0, name, name, "", None) for name in NAMES),
        *(Community(next(seq), START_US, 0, place, place, "", None) for place in PLACES),
        *(
            Post(next(seq), START_US + 2 * HOUR * t, 1, f"p{number}", author, place, "t", "", None)
            for number, (author, place, t) in enumerate(written)
        ),
        *(
            Vote(next(seq), NOW, 1, name, f"p{number}", value)
            for name, number, value in draw(st.lists(votes))
        ),
        *(
            Removal(next(seq), NOW, 1, f"p{number}", None, "")
            for number in draw(st.sets(numbers, max_size=8))
        ),
        *(Follow(next(seq), NOW, 1, "ada", name, True) for name in draw(st.sets(names)) if name != "ada"),
        *(Subscription(next(seq), NOW, 1, "ada", place, True) for place in draw(st.sets(places))),
    ]
    platform = Platform()
    for event in events:
        platform.apply(event)
    return platform


@given(platforms(), st.sampled_from(sorted(KEYS)), st.integers(1, 30))
def test_feeds_are_what_sorting_everything_gives(platform: Platform, name: str, k: int) -> None:
    ada = platform.agents["ada"]
    posts = [post for post in platform.targets.values() if not post.removed]
    if name == "following":
        posts = [post for post in posts if post.author in ada.following]
    if name == "personal":
        posts = [p for p in posts if p.author in ada.following or p.community in ada.subscriptions]
    posts.sort(key=lambda post: (KEYS[name](post), post.t_us, post.seq), reverse=True)
    assert _rank(name, platform, k) == [post.target_id for post in posts[:k]]


def test_top_posts_by_hand(site: Site) -> None:
    old, liked, disliked, new = (site.post("ada", title) for title in ("old", "liked", "disliked", "new"))
    site.vote("bob", liked, 1)
    site.vote("bob", disliked, -1)
    assert _rank("top", site.platform) == [liked, new, old, disliked]
    assert _rank("new", site.platform) == [new, disliked, liked, old]
    site.vote("bob", liked, 1)
    assert _rank("top", site.platform) == [new, liked, old, disliked]


def test_rising_forgets_what_is_old(site: Site) -> None:
    old = site.post("ada")
    site.vote("bob", old, 1)
    site.now += HOUR
    new = site.post("ada")
    assert _rank("rising", site.platform, now=site.now) == [old, new]
    later = site.now + 48 * HOUR
    site.now = later
    newest = site.post("ada")
    assert _rank("rising", site.platform, now=later)[0] == newest


def test_own_feeds_begin_empty_and_change_with_ties(site: Site) -> None:
    by_bob, by_cyd = site.post("bob"), site.post("cyd")
    assert _rank("personal", site.platform) == _rank("following", site.platform) == []
    site.act("ada", SetFollow("bob", True))
    assert _rank("personal", site.platform) == _rank("following", site.platform) == [by_bob]
    site.act("ada", SetSubscription("general", True))
    assert _rank("personal", site.platform) == [by_cyd, by_bob]
    assert _rank("following", site.platform) == [by_bob]
    assert _rank("personal", site.platform, viewer="bob") == []


def test_following_one_who_never_posted_shows_nothing(site: Site) -> None:
    site.post("bob")
    site.act("ada", SetFollow("eve", True))
    assert _rank("following", site.platform) == []
    site.remove("ada", site.post("eve"))
    assert _rank("following", site.platform) == []


def test_the_random_feed_is_fair_and_follows_its_stream(site: Site) -> None:
    posts = [site.post("ada", str(number)) for number in range(20)]
    ranker = RANKERS["random"]()
    rng = stream(3, Purpose.FEED)
    counts = dict.fromkeys(posts, 0)
    for _ in range(4000):
        for shown in ranker.rank("bob", site.platform, NOW, 5, rng):
            counts[shown] += 1
    assert sum(counts.values()) == 20_000
    assert all(abs(count - 1000) < 6 * math.sqrt(1000) for count in counts.values())
    assert _rank("random", site.platform) == _rank("random", site.platform)
    assert sorted(_rank("random", site.platform, k=50)) == sorted(posts)


@pytest.mark.parametrize("name", sorted(RANKERS))
def test_an_empty_site_has_empty_feeds(name: str, site: Site) -> None:
    assert _rank(name, site.platform) == []


def test_all_viewers_share_one_ranking_until_something_happens(site: Site) -> None:
    post = site.post("ada")
    one, other = RANKERS["hot"](), RANKERS["hot"]()
    rng = stream(0, Purpose.FEED)
    feed = one.rank("ada", site.platform, NOW, 10, rng)
    assert other.rank("bob", site.platform, NOW, 10, rng) is feed
    site.vote("bob", post, 1)
    assert one.rank("ada", site.platform, NOW, 10, rng) is not feed


def test_comment_orders_by_hand(site: Site) -> None:
    post = site.post("ada")
    first = site.comment("bob", post)
    site.now += MINUTE
    second = site.comment("cyd", first)
    third = site.comment("dan", second)
    gone = site.comment("dan", post)
    below_gone = site.comment("eve", gone)
    site.remove("ada", gone)
    site.vote("ada", third, 1)
    site.vote("ada", second, 1)
    site.vote("bob", second, -1)
    platform = site.platform
    assert order_comments(platform, post, "top", 9) == [third, first, second, below_gone]
    assert order_comments(platform, post, "new", 9) == [below_gone, third, second, first]
    assert order_comments(platform, post, "controversial", 9) == [second, first, third, below_gone]
    assert order_comments(platform, post, "top", 2) == [third, first]


def test_a_thread_lists_a_hundred_comments(site: Site) -> None:
    post = site.post("ada")
    made = [site.comment("bob", post) for _ in range(120)]
    site.act("cyd", CastVote(made[-1], 1))
    assert order_comments(site.platform, post, "top") == [made[-1], *made[:99]]
    with pytest.raises(KeyError):
        order_comments(site.platform, "p999999", "top")
