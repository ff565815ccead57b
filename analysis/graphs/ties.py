"""Who turned to whom by other acts than commenting: mentions, votes, follows; and cuts of any record.

Acts come straight from the record's tables, because agents who only vote or follow wrote nothing and so have
no place in a `Corpus`. What a society was seeded with (step 0) makes no tie.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.analysis.corpus import OPENING, Ints, require
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.mentions import fold_handle, mentioned
from moltarium.sim.record.schema import Agent, Comment, Follow, Post, Row, Vote
from moltarium.sim.record.view import Record

TieKind: TypeAlias = Literal["mention", "vote", "follow"]
"""Acts that tie two agents without an answer; see `TIE`."""

TIE: Final[dict[TieKind, str]] = {
    "mention": "author of a post or comment → each account it calls by @handle",
    "vote": "voter → author of the target, votes that stand (up or down)",
    "follow": "follower → followed, follows that stand",
}
"""What a tie is, by kind."""

_TEXTS: Final[frozenset[type[Row] | str]] = frozenset({Post, Comment, "post.author", "comment.author"})

NEEDS: Final[dict[TieKind, frozenset[type[Row] | str]]] = {
    "mention": frozenset(
        {Agent, Post, Comment, "post.author", "comment.author", "post.body", "comment.body"}
    ),
    "vote": frozenset({Vote, Post, Comment, "post.author", "comment.author"}),
    "follow": frozenset({Follow}),
}
"""Without these a kind has no ties."""


class Cut(NamedTuple):
    """The part of a record that is looked at."""

    since: int | None = None
    """Microseconds since 1970 UTC; earlier acts are left out."""
    until: int | None = None
    """Microseconds since 1970 UTC; acts from then on are left out."""
    community: str | None = None
    """Only acts in the threads of this community."""

    def holds(self, t: int) -> bool:
        """Whether a moment lies in the window."""
        return (self.since is None or t >= self.since) and (self.until is None or t < self.until)

    def when(self, t: Ints) -> npt.NDArray[np.bool_]:
        """Return `holds` of each moment, shape (n,)."""
        low, high = self.since, self.until
        return (t >= (-(2**62) if low is None else low)) & (t < (2**62 if high is None else high))


WHOLE: Final = Cut()
"""Everything."""


@dataclass(frozen=True, slots=True)
class Ties:
    """One entry per act that ties two agents."""

    agents: npt.NDArray[np.object_]
    """Agent ids by code."""
    source: Ints
    """Who acts, shape (ties,)."""
    target: Ints
    """Whom it is done to, shape (ties,)."""
    unknown: int
    """Acts left out because one of the two agents is unknown."""


def ties(record: Record, kind: TieKind, cut: Cut = WHOLE) -> Ties:
    """Read the ties of one kind.

    Of a vote that was changed and a follow that was taken back, what stands at the end of the window counts.

    Parameters
    ----------
    record
        Any record that knows the kind's tables.
    kind
        What ties, see `TIE`.
    cut
        Window and community. A follow belongs to no community.

    Raises
    ------
    NotComputable
        If the record lacks what the kind needs (`NEEDS`), or follows are cut by community.
    """
    require(record, *sorted(NEEDS[kind], key=str))
    found = {"mention": _mentions, "vote": _votes, "follow": _follows}[kind](record, cut)
    agents: dict[str, int] = {}
    source, target = array("q"), array("q")
    unknown = 0
    for one, other in found:
        if one is None or other is None:
            unknown += 1
            continue
        source.append(agents.setdefault(one, len(agents)))
        target.append(agents.setdefault(other, len(agents)))
    return Ties(
        np.array(list(agents), dtype=object),
        np.array(source, dtype=np.int64),
        np.array(target, dtype=np.int64),
        unknown,
    )


def targets(record: Record, community: str | None = None) -> dict[str, str | None]:
    """Return the author of every post and comment by id; only those in one community's threads if named."""
    posts = [post for post in record.rows(Post) if community is None or post.community == community]
    inside = {post.post_id for post in posts}
    authors = {post.post_id: post.author for post in posts}
    authors.update(
        (comment.comment_id, comment.author)
        for comment in record.rows(Comment)
        if community is None or comment.post_id in inside
    )
    return authors


_Pairs: TypeAlias = Iterator[tuple[str | None, str | None]]


def _mentions(record: Record, cut: Cut) -> _Pairs:
    handles: dict[str, str] = {}
    shared: set[str] = set()
    for agent in record.rows(Agent):
        name = fold_handle(agent.handle)
        if handles.setdefault(name, agent.agent_id) != agent.agent_id:
            shared.add(name)
    # A handle that two accounts share calls neither of them.
    handles = {name: agent for name, agent in handles.items() if name and name not in shared}
    inside: set[str] = set()

    def texts() -> Iterator[tuple[Post | Comment, str]]:
        for post in record.rows(Post):
            if cut.community is None or post.community == cut.community:
                if cut.community is not None:
                    inside.add(post.post_id)
                yield post, f"{post.title}\n{post.body}"
        for comment in record.rows(Comment):
            if cut.community is None or comment.post_id in inside:
                yield comment, comment.body

    return (
        (row.author, called)
        for row, text in texts()
        if row.step != OPENING and cut.holds(row.t)
        for called in mentioned(text, handles)
    )


def _votes(record: Record, cut: Cut) -> _Pairs:
    authors = targets(record, cut.community)
    standing = {
        (vote.voter, vote.target): vote.value
        for vote in record.rows(Vote)
        if vote.step != OPENING and cut.holds(vote.t) and (cut.community is None or vote.target in authors)
    }
    return ((voter, authors.get(target)) for (voter, target), value in standing.items() if value)


def _follows(record: Record, cut: Cut) -> _Pairs:
    if cut.community is not None:
        raise NotComputable("ties that belong to a community; a follow does not")
    standing = {
        (follow.source, follow.target): follow.active
        for follow in record.rows(Follow)
        if follow.step != OPENING and cut.holds(follow.t)
    }
    return (pair for pair, active in standing.items() if active)
