"""From platform to observation: what one agent sees in one turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from moltarium.agents.interface import CommunityCard, Item, Notice, Observation, Refusal
from moltarium.agents.prompts.treatments import NOTHING
from moltarium.sim.clock import from_us
from moltarium.sim.limits import Limits, allowance
from moltarium.sim.ranking import RANKERS, order_comments
from moltarium.sim.setting import Member, Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moltarium.agents.interface import VAD, Remembered
    from moltarium.sim.platform import AgentState, Platform, TargetState

US_PER_S = 1_000_000
NOBODY_HANDLE = "[deleted]"
THREAD = "thread"
NOTICE = "notice"


@dataclass(slots=True)
class Past:
    """Where an agent's last turn left it."""

    seq: int = -1
    """Every event up to this number has been noticed."""
    karma: int = 0
    turns: int = 0
    step: int = 0
    """When it was; 0 before the first."""
    refusals: list[Refusal] = field(default_factory=list)
    bytes_per_token: float | None = None
    """By the last of its calls whose tokens an endpoint counted."""


@dataclass(frozen=True, slots=True)
class Inner:
    """What an agent brings to a turn from within."""

    mood: VAD
    mood_label: str
    temperament: VAD
    memories: tuple[Remembered, ...]


class Slate(NamedTuple):
    """A feed with its opened threads, laid out once per step for all who are shown the same."""

    items: tuple[Item, ...]
    targets: frozenset[str]
    """Ids of `items`."""
    authors: frozenset[str]
    """Ids of those who wrote them, as far as known."""


class Observer:
    """Builds observations from one platform; rankings and listings are shared by all who look in one step.

    Parameters
    ----------
    platform
        The state to look at. It must not change between two looks of one step.
    window
        How much one turn shows.
    limits
        The rules that say what is still allowed.
    """

    def __init__(self, platform: Platform, window: Window, limits: Limits) -> None:
        self.platform = platform
        self.window = window
        self.limits = limits
        self._rankers = {name: make() for name, make in RANKERS.items()}
        self._largest: list[tuple[str, str, int]] = []
        self._comments: dict[str, list[str]] = {}
        self._slates: dict[tuple[str, int, tuple[str, ...]], Slate] = {}

    def begin(self) -> None:
        """Forget what was shared in the last step."""
        sized = sorted(
            self.platform.communities.values(), key=lambda c: (-len(c.members) - len(c.posts), c.seq)
        )
        self._largest = [
            (c.community_id, c.description, len(c.members)) for c in sized[: self.window.communities_shown]
        ]
        self._comments = {}
        self._slates = {}

    def look(
        self,
        member: Member,
        index: int,
        step: int,
        now_us: int,
        inner: Inner,
        past: Past,
        rng: np.random.Generator,
    ) -> Observation:
        """Return what `member` sees now; the turn's chance comes from `rng` alone."""
        platform = self.platform
        account = platform.agents[member.agent_id]
        slate = self._slate(member, account, now_us, rng)
        return Observation(
            agent=member.agent_id,
            index=index,
            step=step,
            now=from_us(now_us),
            persona=member.persona,
            mood=inner.mood,
            mood_label=inner.mood_label,
            temperament=inner.temperament,
            karma=account.karma,
            first_turn=past.turns == 0,
            feed=_with_votes(slate, account.votes),
            notices=tuple(self._notices(account, past.seq, now_us)),
            refusals=tuple(past.refusals),
            bytes_per_token=past.bytes_per_token,
            own=tuple(self._own(account, now_us)),
            votes_received=account.karma - past.karma,
            votes_on=_most_voted(platform.votes_got(member.agent_id, past.seq), account.karma - past.karma),
            communities=tuple(self._cards(account)),
            memories=inner.memories,
            allowance=allowance(platform, member.agent_id, now_us, self.limits),
            treatment=NOTHING if member.arm is None else member.arm.at(step),
            followed=account.following & slate.authors,
            answerers=account.answerers & slate.authors,
        )

    def _slate(self, member: Member, account: AgentState, now_us: int, rng: np.random.Generator) -> Slate:
        """Return a feed with its opened threads; viewers who are shown the same share it."""
        name = _choose(member.feeds, float(rng.random()))
        shown = self._rankers[name].rank(account.agent_id, self.platform, now_us, self.window.feed_size, rng)
        key = (name, now_us, tuple(shown))
        slate = self._slates.get(key)
        if slate is None:
            items = self._laid_out(name, shown, now_us)
            slate = self._slates[key] = Slate(
                items,
                frozenset(item.target for item in items),
                frozenset(item.author_id for item in items if item.author_id is not None),
            )
        return slate

    def _laid_out(self, name: str, shown: Sequence[str], now_us: int) -> tuple[Item, ...]:
        """Return posts and the comments of those opened, as somebody sees them who voted on none."""
        items: list[Item] = []
        for rank, target in enumerate(shown):
            items.append(self._item(self.platform.targets[target], {}, now_us, name, rank))
            if rank < self.window.threads_opened:
                items.extend(
                    self._item(self.platform.targets[comment], {}, now_us, THREAD, place)
                    for place, comment in enumerate(self._thread(target))
                )
        return tuple(items)

    def _thread(self, post: str) -> list[str]:
        known = self._comments.get(post)
        if known is None:
            known = order_comments(self.platform, post, "top", self.window.comments_shown)
            self._comments[post] = known
        return known

    def _notices(self, account: AgentState, since_seq: int, now_us: int) -> list[Notice]:
        return [
            Notice(
                record.kind,
                self._item(self.platform.targets[record.target], account.votes, now_us, NOTICE, rank),
                record.detail,
            )
            for rank, record in enumerate(self.platform.inbox(account.agent_id, since_seq))
        ]

    def _own(self, account: AgentState, now_us: int) -> list[Item]:
        targets: Sequence[str] = account.own[-self.window.own_shown :][::-1]
        return [
            self._item(self.platform.targets[target], account.votes, now_us, "own", rank)
            for rank, target in enumerate(targets)
        ]

    def _cards(self, account: AgentState) -> list[CommunityCard]:
        joined = account.subscriptions
        return [CommunityCard(name, text, size, name in joined) for name, text, size in self._largest]

    def _item(self, target: TargetState, votes: Mapping[str, int], now_us: int, feed: str, rank: int) -> Item:
        author = self.platform.agents.get(target.author) if target.author is not None else None
        return Item(
            target.target_id,
            target.post_id,
            NOBODY_HANDLE if author is None else author.handle,
            target.author,
            target.community,
            target.title,
            target.body,
            target.up - target.down,
            target.n_comments,
            target.depth if target.depth is not None else 0,
            (now_us - target.t_us) / US_PER_S,
            feed,
            rank,
            votes.get(target.target_id, 0),
        )


def _with_votes(slate: Slate, votes: Mapping[str, int]) -> tuple[Item, ...]:
    """Return what a slate shows to somebody with these standing votes."""
    if votes.keys().isdisjoint(slate.targets):
        return slate.items
    return tuple(
        Item(*item[:-1], votes[item.target]) if item.target in votes else item for item in slate.items
    )


def _most_voted(changes: Mapping[str, int], net: int) -> str:
    """Return the text whose score went furthest in the direction of all together; empty if none did."""
    return max((change * net, target) for target, change in {"": 0, **changes}.items())[1] if net else ""


def _choose(feeds: Sequence[tuple[str, float]], draw: float) -> str:
    for name, weight in feeds:
        draw -= weight
        if draw < 0:
            return name
    return feeds[-1][0]
