"""The rules: an action becomes public rows, or a refusal that the agent is told of.

`judge` reads the platform and never changes it. A refusal has one of `CATEGORIES` for machines and a sentence
for the agent, with ``retry_after_minutes`` or ``retry_after_seconds`` and ``daily_remaining`` as MoltBook's
API gives them.

What MoltBook leaves open is settled here: a post may have an empty body but no empty title; a thread whose
post was removed is closed to comments and votes; who founds a community is not thereby its member; text is
kept as written, except that halves of surrogate pairs, which no encoding can store, become U+FFFD.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

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
from moltarium.sim.limits import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    Limits,
    Window,
    comment_times,
    founding_times,
    free_at,
    minutes_up,
    post_times,
    remaining,
    seconds_up,
)
from moltarium.sim.platform import AgentState, Platform, TargetState
from moltarium.sim.record.schema import Comment, Community, Event, Follow, Post, Removal, Subscription, Vote

CATEGORIES: Final = frozenset(
    {
        "own_target",
        "unknown_target",
        "removed_target",
        "too_deep",
        "too_long",
        "empty",
        "rate_limit",
        "unknown_community",
        "name_taken",
        "bad_name",
        "not_allowed",
        "no_change",
    }
)
"""Every category of refusal that the rules make. Those of an `Abstain` pass through and are the mind's."""

COMMUNITY_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,28}[a-z0-9])?")
"""A name as it stands in addresses: 1 to 30 lower-case letters, digits, ``-`` and ``_`` inside."""


class Stamp(NamedTuple):
    """Where and when an action's rows stand in the record."""

    seq: int
    """Number of the first row; further rows count on."""
    t: int
    """Simulated time, microseconds UTC."""
    step: int


class Refused(NamedTuple):
    """Why an action had no effect."""

    category: str
    reason: str
    """A sentence for the agent."""


Verdict: TypeAlias = tuple[Event, ...] | Refused


class _Case(NamedTuple):
    """What every rule looks at."""

    actor: AgentState
    platform: Platform
    limits: Limits
    stamp: Stamp


def judge(action: Action, actor: str, platform: Platform, limits: Limits, stamp: Stamp) -> Verdict:
    """Return the rows that an action makes, or why it is refused.

    Parameters
    ----------
    action
        What the agent wants to do.
    actor
        The agent's id.
    platform
        The state to judge by; read only.
    limits
        The limits in force.
    stamp
        Place and time of the rows. New ids derive from it: post ``p<seq>``, comment ``c<seq>`` (and a dash
        where an opening row has that name already).

    Returns
    -------
    tuple of rows, or Refused
        Rows for `Platform.apply`, numbered from ``stamp.seq``; none for `Remember`, which is no platform
        action; a `Refused` as the mind gave it for `Abstain`.

    Raises
    ------
    KeyError
        If the actor has no account: only residents act.
    """
    rule = _RULES[type(action)]
    return rule(action, _Case(platform.agents[actor], platform, limits, stamp))


def _post(action: WritePost, case: _Case) -> Verdict:
    seq, t, step = case.stamp
    limits = case.limits
    if not action.title.strip():
        return Refused("empty", "A post needs a title.")
    if len(action.title) > limits.title_chars:
        return _too_long("title", len(action.title), limits.title_chars)
    if len(action.body) > limits.body_chars:
        return _too_long("post", len(action.body), limits.body_chars)
    community = case.platform.resolve_community(action.community)
    if community is None:
        return _no_community(action.community)
    windows = limits.rates(case.actor, t).post
    refused = _rate(windows, post_times(case.actor, case.platform), t, "post")
    title, body = storable(action.title), storable(action.body)
    return refused or (
        Post(
            seq, t, step, _fresh(f"p{seq}", case.platform), case.actor.agent_id, community, title, body, None
        ),
    )


def _comment(action: WriteComment, case: _Case) -> Verdict:
    seq, t, step = case.stamp
    limits = case.limits
    target = _standing(action.target, case.platform)
    if isinstance(target, Refused):
        return target
    if not action.body.strip():
        return Refused("empty", "A comment needs some text.")
    if len(action.body) > limits.comment_chars:
        return _too_long("comment", len(action.body), limits.comment_chars)
    if target.depth is not None and target.depth >= limits.depth:
        return Refused("too_deep", f"Replies end at depth {limits.depth}: answer higher up in the thread.")
    windows = limits.rates(case.actor, t).comment
    refused = _rate(windows, comment_times(case.actor, case.platform), t, "comment")
    parent = None if target.target_id == target.post_id else target.target_id
    body = storable(action.body)
    return refused or (
        Comment(
            seq, t, step, _fresh(f"c{seq}", case.platform), target.post_id, parent, case.actor.agent_id, body
        ),
    )


def _vote(action: CastVote, case: _Case) -> Verdict:
    target = _standing(action.target, case.platform)
    if isinstance(target, Refused):
        return target
    if action.value not in (-1, 1):
        return Refused("not_allowed", "A vote is +1 or -1.")
    if target.author == case.actor.agent_id:
        return Refused("own_target", "You cannot vote on your own content.")
    taken_back = case.actor.votes.get(target.target_id, 0) == action.value
    value = 0 if taken_back else action.value
    return (Vote(*case.stamp, case.actor.agent_id, target.target_id, value),)


def _follow(action: SetFollow, case: _Case) -> Verdict:
    followed = case.platform.resolve_agent(action.agent)
    if followed is None:
        return Refused("unknown_target", f"There is no agent {_quoted(action.agent)}.")
    if followed == case.actor.agent_id:
        return Refused("own_target", "You cannot follow yourself.")
    if (followed in case.actor.following) == action.active:
        return Refused("no_change", f"You {_are(action.active)} following {_quoted(action.agent)}.")
    return (Follow(*case.stamp, case.actor.agent_id, followed, action.active),)


def _subscribe(action: SetSubscription, case: _Case) -> Verdict:
    community = case.platform.resolve_community(action.community)
    if community is None:
        return _no_community(action.community)
    if (community in case.actor.subscriptions) == action.active:
        return Refused("no_change", f"You {_are(action.active)} subscribed to {_quoted(action.community)}.")
    return (Subscription(*case.stamp, case.actor.agent_id, community, action.active),)


def _found(action: FoundCommunity, case: _Case) -> Verdict:
    t = case.stamp.t
    if not COMMUNITY_NAME.fullmatch(action.name):
        return Refused(
            "bad_name", "A community's name is 1 to 30 lower-case letters, digits, - and _ inside."
        )
    if case.platform.resolve_community(action.name) is not None:
        return Refused("name_taken", f"There already is a community {_quoted(action.name)}.")
    if len(action.description) > case.limits.comment_chars:
        return _too_long("description", len(action.description), case.limits.comment_chars)
    windows = case.limits.rates(case.actor, t).community
    refused = _rate(windows, founding_times(case.actor, case.platform), t, "community")
    description = storable(action.description)
    return refused or (Community(*case.stamp, action.name, action.name, description, case.actor.agent_id),)


def _remove(action: RemoveTarget, case: _Case) -> Verdict:
    target = _standing(action.target, case.platform)
    if isinstance(target, Refused):
        return target
    community = case.platform.communities.get(target.community)
    creator = None if community is None else community.creator
    entitled = case.actor.agent_id == creator or case.actor.agent_id in case.limits.moderators
    if not (case.limits.moderation and entitled):
        return Refused(
            "not_allowed", "Only a community's creator and the site's moderators may remove content."
        )
    return (Removal(*case.stamp, target.target_id, case.actor.agent_id, storable(action.reason)),)


def _remember(_action: Remember, _case: _Case) -> Verdict:
    return ()


def _abstain(action: Abstain, _case: _Case) -> Verdict:
    return Refused(action.category, action.reason)


_RULES: Final[dict[type[Action], Callable[[Any, _Case], Verdict]]] = {
    WritePost: _post,
    WriteComment: _comment,
    CastVote: _vote,
    SetFollow: _follow,
    SetSubscription: _subscribe,
    FoundCommunity: _found,
    RemoveTarget: _remove,
    Remember: _remember,
    Abstain: _abstain,
}


def storable(text: str) -> str:
    """Return text in which lone surrogates, which UTF-8 cannot carry, are U+FFFD and pairs are joined."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _fresh(name: str, platform: Platform) -> str:
    """Return a new target's id: societies seeded from a simulated run hold ids made by the same pattern."""
    while name in platform.targets:
        name += "-"
    return name


def _standing(target_id: str, platform: Platform) -> TargetState | Refused:
    """Return a target that can still be acted on."""
    target = platform.targets.get(target_id)
    if target is None:
        return Refused("unknown_target", f"There is no post or comment {_quoted(target_id)}.")
    if platform.hidden(target):
        return Refused("removed_target", "That content was removed by a moderator.")
    return target


def _rate(windows: tuple[Window, ...], times: Sequence[int], now_us: int, act: str) -> Refused | None:
    """Return the refusal by the window that stays closed longest, if any is closed."""
    until = free_at(windows, times, now_us)
    if until <= now_us:
        return None
    window = max(windows, key=lambda each: each.free_at(times, now_us))
    wait = until - now_us
    told = (
        f"retry_after_minutes: {minutes_up(wait)}"
        if wait > MINUTE_US
        else f"retry_after_seconds: {seconds_up(wait)}"
    )
    day = next((each for each in windows if each.span_us == DAY_US), None)
    left = "" if day is None else f", daily_remaining: {remaining(day, times, now_us)}"
    acts = {"community": "communities"}.get(act, f"{act}s") if window.acts > 1 else act
    return Refused(
        "rate_limit", f"Too fast: at most {window.acts} {acts} per {_span(window.span_us)}. {told}{left}."
    )


def _span(us: int) -> str:
    for unit_us, unit in ((DAY_US, "day"), (HOUR_US, "hour"), (MINUTE_US, "minute")):
        if us % unit_us == 0:
            n = us // unit_us
            return unit if n == 1 else f"{n} {unit}s"
    return f"{us / 1_000_000:g} seconds"


def _too_long(what: str, chars: int, most: int) -> Refused:
    return Refused("too_long", f"The {what} has {chars} characters; at most {most} are allowed.")


def _no_community(name: str) -> Refused:
    return Refused("unknown_community", f"There is no community {_quoted(name)}.")


def _are(active: bool) -> str:
    return "already are" if active else "are not"


def _quoted(name: str) -> str:
    """Return an agent's word for a thing, short enough to be told back."""
    return f'"{storable(name[:60])}"'
