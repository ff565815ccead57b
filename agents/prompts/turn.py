"""One turn of one agent in words: persona, memory, what is new, and last the moment.

What changes least stands first, so that two turns of one agent share their prompt up to the newest memory.
Every part has a budget in bytes; no society, however loud, makes a prompt longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from moltarium.agents.emotion import describe_mood
from moltarium.agents.interface import CommunityCard, Item, Notice, Observation, Remembered
from moltarium.agents.memory import recall, words
from moltarium.agents.personality import describe_traits
from moltarium.agents.prompts.untrusted import clip, neutralise, quoted

TITLE_BYTES: Final = 160
NAME_BYTES: Final = 48
BIO_BYTES: Final = 320
TREATMENT_BYTES: Final = 800
REFUSALS_BYTES: Final = 400
"""What an agent is told of its refused actions is never crowded out by what others wrote."""
FIXED_BYTES: Final = 1500
"""Headings and the sentences of the last part; `prompt_bytes` counts them so."""


class Budget(NamedTuple):
    """How long each part may grow, in UTF-8 bytes."""

    feed: int
    notices: int
    memory: int
    recalled: int
    communities: int
    own: int
    refusals: int
    body: int
    """One item's text."""

    @classmethod
    def of(cls, total: int) -> Budget:
        """Share `total` bytes out over the parts that grow."""
        share = total / 100
        return cls(
            feed=int(44 * share),
            notices=int(14 * share),
            memory=int(15 * share),
            recalled=int(5 * share),
            communities=int(10 * share),
            own=int(6 * share),
            refusals=max(REFUSALS_BYTES, int(6 * share)),
            body=int(6 * share),
        )

    def prompt_bytes(self) -> int:
        """Return a bound on what `turn` returns, in bytes."""
        return sum(self) - self.body + BIO_BYTES + 2 * TREATMENT_BYTES + FIXED_BYTES


class Shown(NamedTuple):
    """What a prompt named, by the short names that it used; an answer may point at nothing else."""

    items: Mapping[str, Item]
    """``"i1"`` (feed), ``"n1"`` (notices), ``"o1"`` (own) and so on."""
    communities: Mapping[str, str]
    """Community ids by the name shown."""


def turn(seen: Observation, budget: Budget) -> tuple[str, Shown]:
    """Return the user's part of the prompt and what it named.

    Parameters
    ----------
    seen
        All that the agent knows. ``seen.treatment["preamble"]`` is told after the persona and
        ``seen.treatment["closing"]`` just before the clock.
    budget
        Bytes for each part.
    """
    items: dict[str, Item] = {}
    communities: dict[str, str] = {}
    newest = _newest(seen, budget.memory - 20)
    parts = [
        persona(seen),
        _memory(newest),
        _communities(seen.communities, budget.communities, communities),
        _own(seen.own, budget.own, items),
        _notices(seen.notices, budget, items),
        _feed(seen.feed, budget, items),
        _recalled(seen, seen.memories[len(newest) :], budget.recalled),
        _refusals(seen, budget.refusals),
        _now(seen),
    ]
    return "\n\n".join(part for part in parts if part), Shown(items, communities)


def persona(seen: Observation) -> str:
    """Return who the agent is: fixed over a run, so it stands before everything that moves."""
    who = seen.persona
    lines = [
        f"# You\nYou are @{neutralise(who.handle, NAME_BYTES)}. {neutralise(who.bio, BIO_BYTES)}".rstrip()
    ]
    lines.append(f"Your character: {describe_traits(who.traits)}.")
    if who.interests:
        lines.append(clip(f"You care about {', '.join(who.interests)}.", 240))
    if preamble := seen.treatment.get("preamble"):
        lines.append(clip(preamble, TREATMENT_BYTES))
    return "\n".join(lines)


def _fitting(lines: Iterable[str], limit: int) -> list[str]:
    """Return the first lines that fit into `limit` bytes together."""
    kept: list[str] = []
    for line in lines:
        limit -= len(line.encode()) + 1
        if limit < 0:
            break
        kept.append(line)
    return kept


@lru_cache(maxsize=1 << 14)
def _dated(when: datetime, text: str) -> str:
    # The date, not the age: an age would change with every turn and with it all that follows.
    return f"- {when:%d %b %H:%M}: {neutralise(text, 240)}"


def _newest(seen: Observation, limit: int) -> list[str]:
    """Return the newest memories that fit, from the start of a half-day on if not all of them do.

    A window that slid with each new memory would change its beginning every turn, and with it all that a
    server could have kept of the prompt; so it moves by half-days, unless that would cost more than half.
    """
    lines = _fitting((_dated(memory.when, memory.text) for memory in seen.memories), limit)
    if not lines or len(lines) == len(seen.memories):
        return lines
    cut = seen.memories[: len(lines) + 1]
    half_days = [memory.when.timestamp() // 43200 for memory in cut]
    whole = next((i for i in range(len(lines)) if half_days[i] == half_days[len(lines)]), len(lines))
    return lines[:whole] if 2 * whole >= len(lines) else lines


def _memory(newest: list[str]) -> str:
    return "# What you remember\n" + "\n".join(reversed(newest)) if newest else ""


def _recalled(seen: Observation, older: tuple[Remembered, ...], limit: int) -> str:
    """Return what the feed brings back of the memories that are no longer among the newest."""
    if not older:
        return ""
    query = " ".join(item.title or item.body[:200] for item in seen.feed[:8])
    topical = words(query)
    related = [memory for memory in older if not topical.isdisjoint(words(memory.text))]
    back = recall(related, query, 3, now=seen.now, mood=seen.mood.v)
    lines = _fitting((_dated(memory.when, memory.text) for memory in back), limit - 30)
    return "# This reminds you of\n" + "\n".join(lines) if lines else ""


def _communities(cards: tuple[CommunityCard, ...], limit: int, named: dict[str, str]) -> str:
    lines: list[str] = []
    shown = sorted(cards, key=lambda card: (not card.subscribed, -card.members, card.community))
    for card in shown[:24]:
        name = neutralise(card.community, NAME_BYTES)
        joined = ", joined" if card.subscribed else ""
        about = f": {quoted(card.description, 100)}" if card.description.strip() else ""
        line = f"- {name}{joined}{about}"
        limit -= len(line.encode()) + 1
        if limit < 20:
            break
        named[name] = card.community
        lines.append(line)
    return "# Communities\n" + "\n".join(lines) if lines else ""


def ago(seconds: float) -> str:
    """Return an age in its largest fitting unit: ``"just now"``, ``"5 min ago"``, ``"3 h ago"`` …"""
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 172800:
        return f"{int(seconds // 3600)} h ago"
    return f"{int(seconds // 86400)} d ago"


def _words(item: Item, limit: int) -> str:
    if not item.title:
        return quoted(item.body, limit)
    title = neutralise(item.title, TITLE_BYTES)
    return quoted(f"{title} — {item.body}" if item.body else title, limit)


def _item(name: str, item: Item, limit: int) -> str:
    kind = "post" if item.depth < 0 else "comment" if item.depth == 0 else "reply"
    place = neutralise(item.community, NAME_BYTES)
    vote = {1: ", you voted up", -1: ", you voted down"}.get(item.standing_vote, "")
    talk = f", {item.n_comments} comments" if item.depth < 0 else ""
    head = f"[{name}] {kind} in {place} by @{neutralise(item.author, NAME_BYTES)}, {ago(item.age_s)}"
    return f"{head}, score {item.score}{talk}{vote}\n{_words(item, limit)}"


def _named(lines: Iterable[tuple[str, Item, str]], heading: str, limit: int, items: dict[str, Item]) -> str:
    """Return as many entries as fit, and enter those into `items`: what is not shown can't be named."""
    kept: list[str] = []
    limit -= len(heading.encode()) + 1
    for name, item, line in lines:
        limit -= len(line.encode()) + 1
        if limit < 0:
            break
        items[name] = item
        kept.append(line)
    return "\n".join([heading, *kept]) if kept else ""


def _feed(feed: tuple[Item, ...], budget: Budget, items: dict[str, Item]) -> str:
    entries = ((f"i{i}", item, _item(f"i{i}", item, budget.body)) for i, item in enumerate(feed, 1))
    return _named(entries, "# What you read", budget.feed, items)


def _own(own: tuple[Item, ...], limit: int, items: dict[str, Item]) -> str:
    entries = (
        (f"o{i}", item, f"[o{i}] {ago(item.age_s)}, score {item.score}: {_words(item, 120)}")
        for i, item in enumerate(own, 1)
    )
    return _named(entries, "# What you wrote last", limit, items)


_HAPPENED: Final = {"reply": "replied to you", "mention": "mentioned you", "removal": "your text was removed"}


def _notices(notices: tuple[Notice, ...], budget: Budget, items: dict[str, Item]) -> str:
    def lines() -> Iterable[tuple[str, Item, str]]:
        for i, (kind, item, detail) in enumerate(notices, 1):
            who = "" if kind == "removal" else f"@{neutralise(item.author, NAME_BYTES)} "
            why = f" ({neutralise(detail, 120)})" if detail else ""
            head = f"[n{i}] {who}{_HAPPENED[kind]} {ago(item.age_s)}{why}"
            yield f"n{i}", item, f"{head}\n{_words(item, budget.body)}"

    return _named(lines(), "# What happened since", budget.notices, items)


def _refusals(seen: Observation, limit: int) -> str:
    # The reasons are the platform's own words, but they may quote what the agent wrote. None is
    # crowded out: where they are many, each is told in fewer words.
    if not seen.refusals:
        return ""
    told = seen.refusals[:8]
    each = min(160, (limit - 60) // len(told) - 3)
    lines = [f"- {neutralise(refusal.reason, each)}" for refusal in told]
    if len(seen.refusals) > len(told):
        lines.append(f"- and {len(seen.refusals) - len(told)} more")
    return "# The forum refused last time\n" + "\n".join(lines)


def _now(seen: Observation) -> str:
    allowed = seen.allowance
    lines = [f"# Now\nYou feel {describe_mood(seen.mood)}. Your karma is {seen.karma}."]
    if seen.votes_received:
        lines.append(f"Your words got {seen.votes_received:+d} votes since you last looked.")
    if seen.first_turn:
        lines.append("This is your first visit.")
    if not allowed.post:
        lines.append(f"You can't post for another {max(1, int(allowed.wait_s // 60))} min.")
    if not allowed.comment:
        lines.append("You can't comment right now.")
    if closing := seen.treatment.get("closing"):
        lines.append(clip(closing, TREATMENT_BYTES))
    lines.append(f"It is {seen.now:%A %d %B %Y, %H:%M} UTC. What do you do?")
    return "\n".join(lines)
