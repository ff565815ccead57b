"""Rate limits as data: how many acts of a kind an agent may do in how long a time.

Every limit of MoltBook is a sliding window (n acts in any span), the gap "1 comment per 20 s" among them. An
agent's own targets stand in order of time, so a window is checked by one look at its n-th latest act.

**Ticks.** A society commits the acts of a whole tick within that tick, as if an agent wrote all it has to say
in one breath. Taken literally, a 20-second gap would then mean one comment per tick, however long the tick,
though an agent that is awake for 15 minutes could have spaced 45 of them. `Limits.over` turns a window that
is shorter than the tick into the same rate over the tick. Without it limits are literal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Final, NamedTuple, overload

from moltarium.agents.interface import Allowance
from moltarium.sim.clock import MICROSECOND
from moltarium.sim.platform import AgentState, Platform
from moltarium.sim.state import CommunityState, TargetState

SECOND_US: Final = timedelta(seconds=1) // MICROSECOND
MINUTE_US: Final = timedelta(minutes=1) // MICROSECOND
HOUR_US: Final = timedelta(hours=1) // MICROSECOND
DAY_US: Final = timedelta(days=1) // MICROSECOND


class Window(NamedTuple):
    """At most `acts` acts in any stretch of `span_us` microseconds."""

    acts: int
    span_us: int

    def over(self, tick_us: int) -> Window:
        """Return the same rate as seen by acts that are known only to the tick."""
        if tick_us <= self.span_us:
            return self
        return Window(self.acts * (tick_us // self.span_us), tick_us)

    def free_at(self, times: Sequence[int], now_us: int) -> int:
        """Return when one more act is allowed: `now_us` itself, or a later moment.

        Parameters
        ----------
        times
            Moments of the latest acts, oldest first; the last `acts` of them suffice.
        now_us
            The moment of the act.
        """
        if len(times) < self.acts:
            return now_us
        return max(now_us, times[-self.acts] + self.span_us)


class Rates(NamedTuple):
    """Windows by kind of act; all windows of a kind hold at once."""

    post: tuple[Window, ...] = ()
    comment: tuple[Window, ...] = ()
    community: tuple[Window, ...] = ()

    def over(self, tick_us: int) -> Rates:
        """Return the same rates as seen by acts that are known only to the tick."""
        return Rates(*(tuple(window.over(tick_us) for window in windows) for windows in self))


UNLIMITED: Final = Rates()


@dataclass(frozen=True, slots=True)
class Limits:
    """What the site allows.

    The text and depth limits are MoltBook's (public API, launch version).
    """

    name: str
    settled: Rates = UNLIMITED
    """For everybody else than newcomers."""
    newcomer: Rates | None = None
    """For accounts younger than `newcomer_us`; ``None`` if they are treated like the rest."""
    newcomer_us: int = DAY_US
    title_chars: int = 300
    comment_chars: int = 10_000
    body_chars: int = 100_000
    """Ours: the API states none for posts, and one of 66,519 characters has been seen."""
    depth: int = 10
    """Deepest comment; a comment on the post has depth 0."""
    moderation: bool = False
    """Whether a community's creator and `moderators` may remove what others wrote."""
    moderators: frozenset[str] = frozenset()
    """Agent ids of the site's moderators."""

    def rates(self, agent: AgentState, now_us: int) -> Rates:
        """Return the rates that hold for an agent now."""
        if self.newcomer is not None and now_us - agent.created_us < self.newcomer_us:
            return self.newcomer
        return self.settled

    def over(self, tick: timedelta) -> Limits:
        """Return these limits for a society whose acts are known only to the tick."""
        tick_us = tick // MICROSECOND
        newcomer = None if self.newcomer is None else self.newcomer.over(tick_us)
        return replace(self, settled=self.settled.over(tick_us), newcomer=newcomer)


_FEBRUARY: Final = Rates(
    post=(Window(1, 30 * MINUTE_US),),
    comment=(Window(1, 20 * SECOND_US), Window(50, DAY_US)),
)

PROFILES: Final[Mapping[str, Limits]] = MappingProxyType(
    {
        "launch": Limits(
            "launch",
            Rates(post=(Window(1, 30 * MINUTE_US),), comment=(Window(50, HOUR_US),)),
        ),
        "february": Limits("february", _FEBRUARY),
        "newcomer": Limits(
            "newcomer",
            _FEBRUARY,
            newcomer=Rates(
                post=(Window(1, 2 * HOUR_US),),
                comment=(Window(1, MINUTE_US), Window(20, DAY_US)),
                community=(Window(1, DAY_US),),
            ),
        ),
        "none": Limits("none"),
    }
)
"""MoltBook's limits by name: at launch; from February 2026; February's with those of an account's first 24
hours; none. The request limit (100 a minute) has no counterpart: a turn is one look and a few acts."""


class Moments(Sequence[int]):
    """When an agent did all that it did of one kind, oldest first; a moment is looked up when asked for.

    Parameters
    ----------
    names
        What it made, oldest first.
    made
        What stands behind a name, with its `t_us`.
    """

    __slots__ = ("_made", "_names")

    def __init__(self, names: Sequence[str], made: Mapping[str, TargetState | CommunityState]) -> None:
        self._names = names
        self._made = made

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[int]: ...
    def __getitem__(self, place: int | slice) -> int | Sequence[int]:
        if isinstance(place, slice):
            return [self._made[name].t_us for name in self._names[place]]
        return self._made[self._names[place]].t_us


def post_times(agent: AgentState, platform: Platform) -> Moments:
    """Return the moments of an agent's posts, oldest first, removed ones included."""
    return Moments(agent.posts, platform.targets)


def comment_times(agent: AgentState, platform: Platform) -> Moments:
    """Return the moments of an agent's comments, oldest first, removed ones included."""
    return Moments(agent.comments, platform.targets)


def founding_times(agent: AgentState, platform: Platform) -> Moments:
    """Return the moments at which an agent founded its communities, oldest first."""
    return Moments(agent.founded, platform.communities)


def free_at(windows: Sequence[Window], times: Sequence[int], now_us: int) -> int:
    """Return when all windows allow one more act: `now_us` itself, or a later moment."""
    return max((window.free_at(times, now_us) for window in windows), default=now_us)


def remaining(window: Window, times: Sequence[int], now_us: int) -> int:
    """Return how many more acts a window allows now."""
    return max(0, window.acts - sum(t > now_us - window.span_us for t in times[-window.acts :]))


def allowance(platform: Platform, agent_id: str, now_us: int, limits: Limits) -> Allowance:
    """Return what the limits leave to an agent at `now_us`."""
    agent = platform.agents[agent_id]
    rates = limits.rates(agent, now_us)
    post = free_at(rates.post, post_times(agent, platform), now_us)
    comment = free_at(rates.comment, comment_times(agent, platform), now_us)
    found = free_at(rates.community, founding_times(agent, platform), now_us)
    return Allowance(
        post=post <= now_us,
        comment=comment <= now_us,
        found_community=found <= now_us,
        wait_s=(post - now_us) / SECOND_US,
    )


def minutes_up(us: int) -> int:
    """Return a wait in whole minutes, rounded up."""
    return math.ceil(us / MINUTE_US)


def seconds_up(us: int) -> int:
    """Return a wait in whole seconds, rounded up."""
    return math.ceil(us / SECOND_US)
