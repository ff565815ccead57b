"""Sorted-out snapshot rows to record rows: dated, in one order, with what the record knows of itself."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from heapq import merge
from importlib.metadata import version
from operator import itemgetter
from typing import Any, Final

from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.fields import FieldReader
from moltarium.sim.record.intake import Intake
from moltarium.sim.record.layout import restored
from moltarium.sim.record.schema import (
    LATENT,
    SCHEMA_VERSION,
    TABLE_OF,
    Agent,
    Comment,
    Community,
    Dated,
    Follow,
    Post,
    Profile,
    Quarantine,
    Run,
    Score,
)
from moltarium.sim.record.staging import Staging

UNSEEN: Final = (
    *(TABLE_OF[table] for table in LATENT),
    *("vote", "subscription", "removal", "intervention", "blob", "telemetry"),
)
"""Tables that no snapshot has."""

_TITLE: Final = 200
"""Characters of a snapshot's own title that are kept."""

_NO_CLOCK: Final = (
    "Times are UTC; where the source named no zone it was taken as UTC ({naive} times). Rows stand in order "
    "of time, but never before what they answer."
)


_QUERIES: Final[dict[type[Any], str]] = {
    Agent: (
        "SELECT eff, eff, id, coalesce(name, id), coalesce(bio, ''), created FROM account ORDER BY eff, id"
    ),
    Community: (
        "SELECT eff, eff, id, coalesce(display, name), description, creator FROM community ORDER BY eff, id"
    ),
    Post: "SELECT t, t, id, author, community, title, body, url FROM post ORDER BY t, id",
    Comment: "SELECT eff, t, id, post_id, parent, author, body FROM comment ORDER BY eff, level, id",
    Follow: "SELECT eff, eff, source, target FROM follow ORDER BY eff, id",
    Score: (
        "SELECT max(coalesce(fetched, :end), eff) AS seen, coalesce(fetched, :end), id, up, down, replies, "
        "coalesce(fetched, :end) FROM ("
        "SELECT id, up, down, replies, fetched, eff FROM post WHERE up IS NOT NULL UNION ALL "
        "SELECT id, up, down, replies, fetched, eff FROM comment WHERE up IS NOT NULL) ORDER BY seen, id"
    ),
    Profile: (
        "SELECT max(coalesce(fetched, :end), eff) AS seen, coalesce(fetched, :end), id, karma, followers, "
        "following, coalesce(fetched, :end) FROM account "
        "WHERE coalesce(karma, followers, following) IS NOT NULL ORDER BY seen, id"
    ),
}
"""Per table: its rows' place in time, then their fields from ``t`` on. What is needed first stands first."""

_ODDITIES: Final = {
    "SELECT count(*) FROM account WHERE NOT stated": "{} accounts are only known from what they wrote.",
    "SELECT count(*) FROM comment WHERE post_id NOT IN (SELECT id FROM post)": (
        "{} comments are on posts that the snapshot lacks."
    ),
    "SELECT count(*) FROM comment WHERE level = 0 AND parent IS NOT NULL": (
        "{} comments reply to comments that the snapshot lacks: their depth is unknown."
    ),
    "SELECT count(*) FROM comment WHERE t < eff": "{} comments are dated before what they answer.",
}
"""What a reader of the record should know, if there is any of it."""


class Emission:
    """What a settled staging database says, as a run record.

    Parameters
    ----------
    staging
        After `Staging.settle`.
    intake, reader
        What read it; they know what was assumed on the way.
    flat
        Files with comments that never say who replied to whom.
    name
        The source's own name, for the title.
    window
        The import's (since, until) in microseconds.
    """

    def __init__(
        self,
        staging: Staging,
        intake: Intake,
        reader: FieldReader,
        flat: list[str],
        name: str,
        window: tuple[int | None, int | None],
    ) -> None:
        self._staging = staging
        self._intake = intake
        self._reader = reader
        self._flat = flat
        self._name = name
        self._window = window
        self._end = staging.close_of_crawl()

    def run(self) -> Run:
        """Return the record's `Run` row."""
        about = self._intake.found.about
        coverage = self._coverage(synthetic=about.get("synthetic") is True)
        given = about.get("title")
        title = given[:_TITLE] if isinstance(given, str) and given.strip() else f"MoltBook, {self._name}"
        if coverage.synthetic and "SYNTHETIC" not in title:
            title = f"SYNTHETIC: {title}"
        content = self._intake.sha256
        return Run(
            run_id="snapshot-" + sha256(f"{content} {self._window}".encode()).hexdigest()[:12],
            kind="observed",
            title=title,
            schema_version=SCHEMA_VERSION,
            scenario=None,
            scenario_sha256=None,
            seed=None,
            source_sha256=content,
            coverage=coverage.json(),
            code_version=version("moltarium"),
            captured_at=self._end,
            transport="{}",
        )

    def _coverage(self, *, synthetic: bool) -> Coverage:
        count = self._staging.scalar
        kinds = self._intake.kinds
        missing = set(UNSEEN) | {kind for kind in ("post", "comment", "follow") if kind not in kinds}
        notes = [_NO_CLOCK.format(naive=self._reader.naive)]
        if self._flat:
            missing.add("comment.parent")
            notes.append(f"No comment has a parent in {', '.join(self._flat[:5])}: threads are unknown.")
        voted = "SELECT count(up) FROM (SELECT up FROM post UNION ALL SELECT up FROM comment)"
        if not count(voted):
            missing.add("score")
        if self._reader.net_scores:
            missing.add("score.downvotes")
            notes.append("The source gives net scores: upvotes hold upvotes − downvotes.")
        if not count("SELECT count(coalesce(karma, followers, following)) FROM account"):
            missing.add("profile")
        if not count("SELECT count(created) FROM account"):
            missing.add("agent.created")
        for query, note in _ODDITIES.items():
            if number := count(query):
                notes.append(note.format(number))
        notes += [f"Not read: {line}." for line in self._intake.found.passed_over[:20]]
        return Coverage(frozenset(missing), tuple(notes), synthetic)

    def rows(self) -> Iterator[Dated]:
        """Yield every row of the record in order, numbered by ``seq``."""
        seq = -1
        streams = (self._stream(rank, table) for rank, table in enumerate(_QUERIES))
        for seq, (_, _, table, values) in enumerate(merge(*streams, key=itemgetter(0, 1))):
            yield table(seq, values[0], None, *values[1:])
        refused = self._staging.execute("SELECT place, reason, excerpt FROM refused ORDER BY n")
        for later, found in enumerate(refused, start=seq + 1):
            yield Quarantine(later, self._end, None, *map(restored, found))

    def _stream(self, rank: int, table: type[Any]) -> Iterator[tuple[int, int, type[Any], list[Any]]]:
        """Yield one table's rows with their place in time: (moment, rank, table, fields from ``t`` on)."""
        extra = [True] if table is Follow else []
        for moment, *values in self._staging.execute(_QUERIES[table].replace(":end", str(self._end))):
            yield moment, rank, table, [restored(value) for value in values] + extra
