"""The keyhole view: a simulated run as a crawler of the real site would have seen it.

Every comparison of a run with a snapshot goes through here, so that no measure can profit from what nobody
could have known about the real site. What is degraded, and why:

* latent tables, votes, follows, subscriptions, removals and interventions are unknown: no crawler lists them;
* votes are folded to `Score`, karma and follow counts to `Profile`, both as of the record's last moment;
* downvotes of comments read 0: the site's API reported them so, and every known crawl shows it;
* removed posts, removed comments and all that hangs below them are gone: the API nests replies in their
  parents, so what is under a removed comment is never delivered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final, NamedTuple, cast

import pandas as pd

from moltarium.sim.record.coverage import Coverage, coverage_of
from moltarium.sim.record.order import in_order
from moltarium.sim.record.schema import (
    EVENTS,
    LATENT,
    TABLE_OF,
    Agent,
    Blob,
    Comment,
    Follow,
    Intervention,
    Post,
    Profile,
    R,
    Removal,
    Row,
    Run,
    Score,
    Subscription,
    Telemetry,
    Vote,
)
from moltarium.sim.record.tables import frame
from moltarium.sim.record.view import Record

HIDDEN: Final = LATENT | {Vote, Follow, Subscription, Removal, Intervention, Blob, Telemetry}
"""Row types that the view does not know."""

NOTE: Final = "Seen through the keyhole: only what a crawler could have seen."


class _Votes(NamedTuple):
    """Standing votes on one target."""

    up: int
    down: int


def keyhole(record: Record) -> Record:
    """Return `record` as a crawler would have seen it.

    A snapshot is returned as it is, and so is a view: the keyhole of a keyhole is itself. Derived rows are
    computed on first use and kept; all other rows are passed through from `record`, which must stay open.
    """
    if record.run.kind == "observed" or not any(record.has(table) for table in HIDDEN):
        return record
    return _Keyhole(record)


class _Keyhole:
    """A `Record` that withholds. Made by `keyhole`."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._coverage: Coverage = coverage_of(record.run).without(
            (TABLE_OF[table] for table in HIDDEN), note=NOTE
        )
        self._run = record.run._replace(coverage=self._coverage.json())

    @property
    def run(self) -> Run:
        """The run's row with the view's coverage."""
        return self._run

    def has(self, need: type[Row] | str) -> bool:
        """Whether a crawler could know a table or a ``table.column``."""
        return self._coverage.knows(need)

    def rows(self, table: type[R]) -> Iterator[R]:
        """What a crawler would have seen of one table, in order of ``seq``."""
        return cast("Iterator[R]", self._rows(table))

    def _rows(self, table: type[Any]) -> Iterator[Any]:
        if table in HIDDEN:
            return iter(())
        if table is Run:
            return iter((self._run,))
        if table is Score:
            return iter(self._scores)
        if table is Profile:
            return iter(self._profiles)
        rows = self._record.rows(table)
        if self._gone and table is Post:
            return (row for row in rows if row.post_id not in self._gone)
        if self._gone and table is Comment:
            return (row for row in rows if row.comment_id not in self._gone)
        return rows

    def count(self, table: type[Row]) -> int:
        """The number of rows that a crawler would have seen of one table."""
        return sum(1 for _ in self._rows(table))

    def frame(self, table: type[Row]) -> pd.DataFrame:
        """One table as a frame (see `moltarium.sim.record.tables.frame`)."""
        return frame(table, list(self._rows(table)))

    @cached_property
    def _gone(self) -> frozenset[str]:
        gone = {removal.target for removal in self._record.rows(Removal)}
        if gone:
            for comment in self._record.rows(Comment):  # parents come before their replies
                if comment.post_id in gone or comment.parent in gone:
                    gone.add(comment.comment_id)
        return frozenset(gone)

    @cached_property
    def _end(self) -> tuple[int, int]:
        """The last ``seq`` and the latest ``t`` of all public events: when the crawler came by."""
        last_seq, latest = -1, 0
        for row in in_order(self._record, *EVENTS):
            last_seq, latest = row.seq, max(latest, row.t)
        return last_seq, latest

    @cached_property
    def _standing(self) -> dict[str, _Votes]:
        latest: dict[tuple[str, str], int] = {}
        for vote in self._record.rows(Vote):
            latest[vote.voter, vote.target] = vote.value
        up, down = Counter[str](), Counter[str]()
        for (_, target), value in latest.items():
            up[target] += value > 0
            down[target] += value < 0
        return {target: _Votes(up[target], down[target]) for target in up.keys() | down.keys()}

    @cached_property
    def _scores(self) -> tuple[Score, ...]:
        last_seq, now = self._end
        none = _Votes(0, 0)
        comments = Counter(comment.post_id for comment in self.rows(Comment))
        seen: list[tuple[str, int, int, int | None]] = []
        for post in self.rows(Post):
            votes = self._standing.get(post.post_id, none)
            seen.append((post.post_id, votes.up, votes.down, comments[post.post_id]))
        for comment in self.rows(Comment):
            votes = self._standing.get(comment.comment_id, none)
            seen.append((comment.comment_id, votes.up, 0, None))
        return tuple(Score(last_seq + i, now, None, *row, now) for i, row in enumerate(seen, start=1))

    @cached_property
    def _profiles(self) -> tuple[Profile, ...]:
        last_seq, now = self._end
        karma = Counter[str]()
        written = [(post.post_id, post.author) for post in self._record.rows(Post)]
        written += [(comment.comment_id, comment.author) for comment in self._record.rows(Comment)]
        for target, author in written:
            votes = self._standing.get(target)
            if votes is not None and author is not None:
                karma[author] += votes.up - votes.down
        follows = {(row.source, row.target): row.active for row in self._record.rows(Follow)}
        followers = Counter(target for (_, target), active in follows.items() if active)
        following = Counter(source for (source, _), active in follows.items() if active)
        first = last_seq + len(self._scores) + 1
        return tuple(
            Profile(first + i, now, None, agent, karma[agent], followers[agent], following[agent], now)
            for i, agent in enumerate(row.agent_id for row in self._record.rows(Agent))
        )
