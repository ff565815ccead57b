"""The opening of a society: which people, threads and places of a snapshot it starts from."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from heapq import nlargest
from typing import Any, NamedTuple

from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.order import in_order
from moltarium.sim.record.schema import Agent, Comment, Community, Post
from moltarium.sim.record.view import Record


class Opening(NamedTuple):
    """What a society starts from."""

    rows: tuple[Agent | Community | Post | Comment, ...]
    """Events with their own times, ``step`` 0 and ``seq`` from 0; whatever one needs stands before it."""
    living: tuple[str, ...]
    """Ids of the agents that live on, most active first. Other authors' accounts stay silent."""


def seed_rows(record: Record, *, until: datetime | None, posts: int, agents: int) -> Opening:
    """Choose the opening of a society from a snapshot.

    Parameters
    ----------
    record
        An imported snapshot, or a run seen through the keyhole.
    until
        The last moment that counts; ``None`` for the snapshot's end.
    posts
        At most this many posts, the latest, with all their comments up to `until`.
    agents
        At most this many agents live on: those with most posts and comments up to `until`; ties go to the
        one who wrote first, accounts that wrote nothing come last.

    Returns
    -------
    Opening
        Votes and scores are left behind: a society starts with a clean slate. Replies to comments that the
        snapshot lacks stand on the post itself.

    Raises
    ------
    RecordError
        If the snapshot holds no agent up to `until`.
    """
    end = 2**63 - 1 if until is None else _us(until)
    living = _most_active(record, end, agents)
    if not living:
        raise RecordError(
            "the snapshot has nobody to start from" + (f" before {until.isoformat()}" if until else ""),
            place=record.run.title,
            remedy="choose a later `until`, or another snapshot",
        )
    latest = nlargest(posts, ((row.t, row.seq) for row in record.rows(Post) if row.t <= end))
    chosen = {seq for _, seq in latest}
    kept: list[Any] = [row for row in record.rows(Post) if row.seq in chosen]
    threads = {post.post_id for post in kept}
    said = [row for row in record.rows(Comment) if row.post_id in threads and row.t <= end]
    here = {comment.comment_id for comment in said}
    kept += [row if row.parent in here else row._replace(parent=None) for row in said]

    communities = {row.community for row in kept if isinstance(row, Post)}
    people = {*living, *(row.author for row in kept if row.author is not None)}
    kept += [row for row in record.rows(Agent) if row.agent_id in people]
    kept += [
        row if row.creator in people else row._replace(creator=None)
        for row in record.rows(Community)
        if row.community_id in communities
    ]
    kept.sort(key=lambda row: row.seq)
    return Opening(tuple(row._replace(seq=seq, step=0) for seq, row in enumerate(kept)), living)


def _us(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _most_active(record: Record, end: int, agents: int) -> tuple[str, ...]:
    written = Counter[str]()
    for row in in_order(record, Post, Comment):
        if isinstance(row, Post | Comment) and row.t <= end and row.author is not None:
            written[row.author] += 1
    # A Counter keeps the order in which authors first wrote, and sorting keeps it among equals.
    known = [row.agent_id for row in record.rows(Agent) if row.t <= end]
    ranked = sorted(written, key=lambda agent: -written[agent])
    present = set(known)
    silent = (agent for agent in known if agent not in written)
    return tuple([agent for agent in [*ranked, *silent] if agent in present][:agents])
