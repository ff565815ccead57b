"""A forum written out by hand, as a record: for worked examples and for asking what a measure does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import (
    SCHEMA_VERSION,
    Agent,
    Comment,
    Follow,
    Impression,
    Post,
    Row,
    Run,
    Vote,
)

MINUTE: Final = 60_000_000
"""Microseconds."""
UNKNOWN: Final = frozenset({"vote", "score", "profile"})
"""Tables that nobody wrote out; votes are known where some are given."""


def forum(
    posts: Mapping[str, str | None],
    comments: Sequence[tuple[str, str, str | None]] = (),
    *,
    texts: Mapping[str, str] | None = None,
    minutes: Mapping[str, float] | None = None,
    communities: Mapping[str, str] | None = None,
    votes: Sequence[tuple[str, str]] = (),
    follows: Sequence[tuple[str, str]] = (),
    shown: Sequence[tuple[str, str]] = (),
) -> MemoryRecord:
    """Return a record of posts and comments, and of what else agents did.

    Parameters
    ----------
    posts
        Author by post, ``None`` for one who is gone.
    comments
        (comment, what it answers, author): what it answers is a post or an earlier comment.
    texts
        Body by post or comment; default "body of <id>".
    minutes
        When each was written, in minutes; default one a minute, posts first.
    communities
        Community by post; default "general".
    votes
        (voter, post or comment), all up.
    follows
        (follower, followed).
    shown
        (agent, post or comment), one impression each.

    Raises
    ------
    ValueError
        If a comment answers what is not there yet.

    Examples
    --------
    >>> from moltarium.analysis.graphs.networks import to_networkx
    >>> talk = forum({"p": "ann"}, [("c1", "p", "bob"), ("c2", "c1", "ann")])
    >>> sorted(to_networkx(talk).edges)
    [('ann', 'bob'), ('bob', 'ann')]
    """
    said, at, home = texts or {}, minutes or {}, communities or {}
    names = [*posts, *(name for name, _, _ in comments)]
    when = {name: round(at.get(name, k) * MINUTE) for k, name in enumerate(names)}
    authors = dict.fromkeys(
        who for who in (*posts.values(), *(who for *_, who in comments)) if who is not None
    )
    start = min(when.values(), default=0)
    agents = [Agent(k, start, None, name, name, "", None) for k, name in enumerate(authors)]
    opened = [
        Post(k, when[name], None, name, who, home.get(name, "general"), name, _body(said, name), None)
        for k, (name, who) in enumerate(posts.items(), start=len(agents))
    ]
    thread = {name: name for name in posts}
    written: list[Comment] = []
    for k, (name, above, who) in enumerate(comments, start=len(agents) + len(opened)):
        if above not in thread:
            raise ValueError(f"{name} answers {above}, which is not there")
        thread[name] = thread[above]
        parent = None if above in posts else above
        written.append(Comment(k, when[name], None, name, thread[name], parent, who, _body(said, name)))
    run = Run(
        run_id="by-hand",
        kind="observed",
        title="A forum written by hand",
        schema_version=SCHEMA_VERSION,
        scenario=None,
        scenario_sha256=None,
        seed=None,
        source_sha256=None,
        coverage=Coverage(
            UNKNOWN - {"vote"} if votes else UNKNOWN, ("Written by hand.",), synthetic=True
        ).json(),
        code_version="by hand",
        captured_at=None,
        transport="{}",
    )
    last, seq = max(when.values(), default=0), len(agents) + len(names)
    acts: dict[type[Any], list[Row]] = {
        Vote: [Vote(seq + k, last, None, who, target, 1) for k, (who, target) in enumerate(votes)],
        Follow: [Follow(seq + k, last, None, who, other, True) for k, (who, other) in enumerate(follows)],
        Impression: [
            Impression(seq + k, last, None, who, target, "hot", 0) for k, (who, target) in enumerate(shown)
        ],
    }
    return MemoryRecord(run, {Agent: agents, Post: opened, Comment: written, **acts})


def _body(said: Mapping[str, str], name: str) -> str:
    return said.get(name, f"body of {name}")
