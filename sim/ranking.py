"""Feeds: MoltBook's published orders of posts and comments.

The formulas are pure and vectorised. Orders over all posts are computed at most once between two events, in
numpy, and kept by `Platform.derived`; what is left per viewer is a slice or a merge of a few short lists.
Feeds never show removed posts. They may show an agent its own posts and ones it has seen, as MoltBook does.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from moltarium.sim.columns import Floats, Ints, PostTable
from moltarium.sim.platform import Platform, TargetState

Numbers: TypeAlias = npt.NDArray[np.integer[Any]] | npt.NDArray[np.floating[Any]]

HOT_SECONDS: Final = 45_000
"""Age that outweighs a tenfold score in `hot` (MoltBook's public API, launch version)."""

RISING_OFFSET_H: Final = 2
"""Hours added to the age in `rising` (same source), likewise `RISING_POWER`."""

RISING_POWER: Final = 1.5

COMMENTS_LISTED: Final = 100
"""Most comments that a thread lists (same source)."""

US_PER_SECOND: Final = 1_000_000
US_PER_HOUR: Final = 3_600 * US_PER_SECOND


def hot(score: Numbers, t_us: Ints) -> Floats:
    """Return log10(max(|s|, 1))·sign(s) + t/45000, with the score s and the time of writing t in seconds."""
    return np.log10(np.maximum(np.abs(score), 1)) * np.sign(score) + t_us / US_PER_SECOND / HOT_SECONDS


def rising(score: Numbers, age_us: Ints) -> Floats:
    """Return (s + 1)/(age + 2)^1.5, with the score s and the age in hours."""
    hours = np.maximum(age_us, 0) / US_PER_HOUR
    found: Floats = (score + 1) / (hours + RISING_OFFSET_H) ** RISING_POWER
    return found


def controversy(up: Numbers, down: Numbers) -> Floats:
    """Return (u + d)·(1 − |u − d|/max(u + d, 1)): many votes, evenly split."""
    cast = up + down
    found: Floats = cast * (1 - np.abs(up - down) / np.maximum(cast, 1))
    return found


class FeedRanker(Protocol):
    """Decides which posts an agent is shown, and in which order."""

    def rank(self, viewer: str, platform: Platform, now: int, k: int, rng: Generator) -> Sequence[str]:
        """Return at most `k` post ids, best first.

        Parameters
        ----------
        viewer
            Agent id.
        platform
            The state to rank.
        now
            Simulated time, microseconds UTC.
        k
            Length of the feed.
        rng
            The only source of chance.
        """
        ...


Order: TypeAlias = Literal["hot", "new", "top", "rising", "controversial"]


@dataclass(frozen=True, slots=True)
class Ranked:
    """The `k` best of all visible posts; ties go to the newest, then to the one written last."""

    by: Order

    def rank(self, viewer: str, platform: Platform, now: int, k: int, rng: Generator) -> Sequence[str]:  # noqa: ARG002
        """Return the same feed for every viewer."""
        moment = now if self.by == "rising" else 0
        found: tuple[str, ...] = platform.derived(
            ("feed", self.by, k, moment), lambda: _best(platform, self.by, now, k)
        )
        return found


@dataclass(frozen=True, slots=True)
class Chosen:
    """The `k` best posts by followed agents and, if `communities`, in subscribed communities."""

    by: Order
    communities: bool

    def rank(self, viewer: str, platform: Platform, now: int, k: int, rng: Generator) -> Sequence[str]:  # noqa: ARG002
        """Return the viewer's own feed; empty if it follows nobody and joined nothing."""
        moment = now if self.by == "rising" else 0
        ladder: Ladder = platform.derived(("ladder", self.by, moment), lambda: climb(platform, self.by, now))
        account = platform.agents[viewer]
        codes = platform.columns.author_codes
        rungs = [ladder.by_author(codes[name], k) for name in account.following if name in codes]
        if self.communities:
            codes = platform.columns.community_codes
            rungs += [ladder.by_community(codes[name], k) for name in account.subscriptions if name in codes]
        ids, order = platform.columns.ids, ladder.order
        return [ids[order[place]] for place in _lowest(rungs, k)]


@dataclass(frozen=True, slots=True)
class Drawn:
    """`k` different visible posts, each as likely as any other: the null feed."""

    def rank(self, viewer: str, platform: Platform, now: int, k: int, rng: Generator) -> Sequence[str]:  # noqa: ARG002
        """Return posts drawn from `rng`."""
        rows: Ints = platform.derived("visible", lambda: np.flatnonzero(_table(platform).visible))
        if not len(rows):
            return ()
        ids = platform.columns.ids
        return [ids[row] for row in rows[rng.choice(len(rows), min(k, len(rows)), replace=False)]]


RANKERS: Final[Mapping[str, Callable[[], FeedRanker]]] = MappingProxyType(
    {
        "hot": lambda: Ranked("hot"),
        "new": lambda: Ranked("new"),
        "top": lambda: Ranked("top"),
        "rising": lambda: Ranked("rising"),
        "controversial": lambda: Ranked("controversial"),
        "following": lambda: Chosen("new", communities=False),
        "personal": lambda: Chosen("hot", communities=True),
        "random": lambda: Drawn(),
    }
)
"""Feeds by name. ``personal`` is MoltBook's: subscribed communities and followed agents, by hot;
``following`` is its followed agents alone, newest first."""


class Ladder:
    """All visible posts in one order, with each author's and community's places in it.

    Attributes
    ----------
    order
        Rows of `Platform.columns`, best first. A *place* is an index into it.
    """

    __slots__ = ("_author_ends", "_author_places", "_community_ends", "_community_places", "order")

    def __init__(self, order: Ints, author: Ints, community: Ints) -> None:
        self.order: list[int] = order.tolist()
        self._author_places, self._author_ends = _segments(author)
        self._community_places, self._community_ends = _segments(community)

    def by_author(self, code: int, k: int) -> list[int]:
        """Return the `k` lowest places held by one author."""
        return _segment(self._author_places, self._author_ends, code, k)

    def by_community(self, code: int, k: int) -> list[int]:
        """Return the `k` lowest places held by one community."""
        return _segment(self._community_places, self._community_ends, code, k)


def climb(platform: Platform, by: Order, now: int) -> Ladder:
    """Rank all visible posts."""
    table = _table(platform)
    rows = np.flatnonzero(table.visible)
    order = rows[_descending(_key(table, by, now)[rows], table.t_us[rows])]
    return Ladder(order, table.author[order], table.community[order])


CommentOrder: TypeAlias = Literal["top", "new", "controversial"]


def order_comments(
    platform: Platform, post_id: str, how: CommentOrder, k: int = COMMENTS_LISTED
) -> list[str]:
    """Return at most `k` comments of a whole thread, best first, without removed ones.

    Parameters
    ----------
    platform
        The state to rank.
    post_id
        The thread's post.
    how
        ``"top"``: highest score, then oldest. ``"new"``: newest. ``"controversial"``: `controversy`, then
        oldest.
    k
        How many.

    Raises
    ------
    KeyError
        If there is no such post, or no such order.
    """
    found: list[str] = platform.derived(("thread", post_id, how), lambda: _thread(platform, post_id, how))
    return found[:k]


def _table(platform: Platform) -> PostTable:
    found: PostTable = platform.derived("columns", platform.columns.table)
    return found


def _key(table: PostTable, by: Order, now: int) -> Numbers:
    """Return what is ranked by, larger first; ties go to the newest."""
    score = table.up - table.down
    match by:
        case "hot":
            return hot(score, table.t_us)
        case "new":
            return table.t_us
        case "top":
            return score
        case "rising":
            return rising(score, now - table.t_us)
        case "controversial":
            return controversy(table.up, table.down)


def _best(platform: Platform, by: Order, now: int, k: int) -> tuple[str, ...]:
    """Return the first `k` visible posts, sorting no more than those that can be among them."""
    table = _table(platform)
    key = _key(table, by, now)
    rows = np.flatnonzero(table.visible)
    if k < len(rows):
        least = np.partition(key[rows], len(rows) - k)[len(rows) - k]
        rows = rows[key[rows] >= least]
    rows = rows[_descending(key[rows], table.t_us[rows])[:k]]
    ids = platform.columns.ids
    return tuple(ids[row] for row in rows.tolist())


def _descending(key: Numbers, t_us: Ints) -> Ints:
    """Return the order by key, time and row, all descending."""
    ascending = np.lexsort((t_us, key))  # stable, so that equals stand in order of rows
    return ascending[::-1]


def _segments(codes: Ints) -> tuple[Ints, Ints]:
    """Return places grouped by code, ascending in each group, and where each group ends."""
    places = np.argsort(codes, kind="stable")
    largest = int(codes.max()) if len(codes) else -1
    ends = np.searchsorted(codes[places], np.arange(-1, largest + 1), side="right")
    return places, ends


def _segment(places: Ints, ends: Ints, code: int, k: int) -> list[int]:
    if code + 1 >= len(ends):
        return []
    start, end = int(ends[code]), int(ends[code + 1])
    found: list[int] = places[start : min(end, start + k)].tolist()
    return found


def _lowest(rungs: Iterable[Sequence[int]], k: int) -> list[int]:
    return heapq.nsmallest(k, {place for rung in rungs for place in rung})


def _thread(platform: Platform, post_id: str, how: CommentOrder) -> list[str]:
    targets = platform.targets
    found: list[TargetState] = []
    unseen = list(targets[post_id].children)
    while unseen:
        comment = targets[unseen.pop()]
        unseen.extend(comment.children)
        if not comment.removed:
            found.append(comment)
    found.sort(key=_COMMENT_KEYS[how])
    return [comment.target_id for comment in found]


def _by_score(comment: TargetState) -> tuple[float, int, int]:
    return (-comment.score, comment.t_us, comment.seq)


def _by_age(comment: TargetState) -> tuple[float, int, int]:
    return (-comment.t_us, -comment.seq, 0)


def _by_controversy(comment: TargetState) -> tuple[float, int, int]:
    up, down = np.asarray(comment.up), np.asarray(comment.down)
    return (-float(controversy(up, down)), comment.t_us, comment.seq)


_COMMENT_KEYS: Final[Mapping[str, Callable[[TargetState], tuple[float, int, int]]]] = {
    "top": _by_score,
    "new": _by_age,
    "controversial": _by_controversy,
}
