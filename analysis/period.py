"""Part of a record's time, as a record: what a figure published on an earlier or shorter span is set beside.

A figure of MoltBook belongs to the span that it was measured on: clustering and reciprocity fall as a network
grows, duplicates rise. `during` gives the same part of any larger record, so that like stands beside like.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final, cast

import pandas as pd

from moltarium.sim.record.schema import (
    UNDIGESTED,
    Agent,
    Comment,
    Community,
    Follow,
    Persona,
    Post,
    Profile,
    Quarantine,
    R,
    Removal,
    Row,
    Run,
    Score,
    Subscription,
)
from moltarium.sim.record.tables import frame
from moltarium.sim.record.view import Record

STANDING: Final = frozenset({Agent, Community, Follow, Subscription, Removal, Persona})
"""Rows from before a period that still hold within it."""

ASIDE: Final = frozenset({Run, Quarantine}) | UNDIGESTED
"""Rows that tell of the record, not of a moment."""


def during(record: Record, since: int | None = None, until: int | None = None) -> Record:
    """Return the part of a record from `since` on and before `until`, as ``import --since --until`` keeps it.

    Parameters
    ----------
    record
        A run or a snapshot; must stay open. For the keyhole view of a period, cut first: votes that came
        later must not be counted.
    since, until
        Microseconds since 1970 UTC; ``None``: no bound. `since` is within, `until` is not.

    Returns
    -------
    Record
        Posts, comments and acts of the period, later comments on its posts left out. Accounts, communities,
        follows and memberships from before `since` hold within it. A crawler's `Score` and `Profile` are kept
        as they were seen, possibly after `until`, if their target or account is kept.

    Raises
    ------
    ValueError
        If `until` is not after `since`.

    Examples
    --------
    >>> from moltarium.analysis.by_hand import MINUTE, forum
    >>> talk = forum({"p": "ann", "q": "bob"}, [("c", "p", "bob")], minutes={"p": 0, "q": 5, "c": 9})
    >>> [post.post_id for post in during(talk, until=5 * MINUTE).rows(Post)]
    ['p']
    >>> during(talk, until=9 * MINUTE).count(Comment)
    0
    """
    if since is None and until is None:
        return record
    if since is not None and until is not None and since >= until:
        raise ValueError("a period must end after it begins")
    return Period(record, -(2**63) if since is None else since, 2**63 - 1 if until is None else until)


class Period:
    """A `Record` that withholds what lies outside.

    Parameters
    ----------
    record
        As for `during`.
    since, until
        Microseconds since 1970 UTC. `since` is within, `until` is not.
    """

    def __init__(self, record: Record, since: int, until: int) -> None:
        self._record = record
        self._since, self._until = since, until

    @property
    def run(self) -> Run:
        """The record's row."""
        return self._record.run

    def has(self, need: type[Row] | str) -> bool:
        """Whether the record knows a table or a ``table.column``."""
        return self._record.has(need)

    def rows(self, table: type[R]) -> Iterator[R]:
        """What one table holds of the period, in order of ``seq``."""
        return cast("Iterator[R]", self._rows(table))

    def _rows(self, table: type[Any]) -> Iterator[Any]:
        return self.held(table, self._record.rows(table))

    def held(self, table: type[Any], rows: Iterator[Any]) -> Iterator[Any]:
        """Return those of a table's rows that the period holds, in their order."""
        if table in ASIDE:
            return rows
        if table is Score:
            return (row for row in rows if row.target in self._targets)
        if table is Profile:
            return (row for row in rows if row.agent in self._accounts)
        since = -(2**63) if table in STANDING else self._since
        return (row for row in rows if since <= row.t < self._until)

    def count(self, table: type[Row]) -> int:
        """The number of rows of one table in the period."""
        return sum(1 for _ in self._rows(table))

    def frame(self, table: type[Row]) -> pd.DataFrame:
        """One table as a frame (see `moltarium.sim.record.tables.frame`)."""
        return frame(table, list(self._rows(table)))

    @cached_property
    def _targets(self) -> frozenset[str]:
        posts = {post.post_id for post in self.rows(Post)}
        return frozenset(posts.union(comment.comment_id for comment in self.rows(Comment)))

    @cached_property
    def _accounts(self) -> frozenset[str]:
        return frozenset(agent.agent_id for agent in self.rows(Agent))
