"""A snapshot's rows between being read and being recorded: a scratch database that sorts them out.

Everything that needs all rows at once (which of two versions is newer, who replies to whom, who wrote first)
is done by SQLite on disk, so that memory does not grow with the snapshot.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, TypeAlias

from moltarium.sim.record.fields import Account, CommentFields, CommunityFields, FollowFields, PostFields
from moltarium.sim.record.layout import encoded, restored
from moltarium.sim.record.unfold import EXCERPT

Staged: TypeAlias = PostFields | CommentFields | Account | CommunityFields | FollowFields
"""A row that was understood."""

_DDL: Final = """
CREATE TABLE post (n INTEGER PRIMARY KEY, place, id, t, author_id, author_name, community, display,
    title, body, url, up, down, replies, fetched, author, eff);
CREATE TABLE comment (n INTEGER PRIMARY KEY, place, id, t, author_id, author_name, post_id, parent, body,
    up, down, replies, fetched, author, level, eff);
CREATE TABLE agent (n INTEGER PRIMARY KEY, place, site_id, name, bio, created, karma, followers, following,
    fetched, id);
CREATE TABLE community (n INTEGER PRIMARY KEY, place, site_id, name, display, description, creator_id,
    creator_name, created, fetched, id, creator, eff);
CREATE TABLE follow (n INTEGER PRIMARY KEY, place, source_id, source_name, target_id, target_name, t, fetched,
    source, target, id, eff);
CREATE TABLE sighting (site_id NOT NULL, name NOT NULL, bio, created, karma, followers, following, fetched,
    PRIMARY KEY (site_id, name));
CREATE TABLE refused (n INTEGER PRIMARY KEY, place, reason, excerpt);
CREATE TABLE doomed (n INTEGER PRIMARY KEY, reason);
CREATE TABLE cyclic (n INTEGER PRIMARY KEY);
CREATE TABLE handle (name PRIMARY KEY, id);
CREATE TABLE account (id PRIMARY KEY, name, bio, created, karma, followers, following, fetched, stated, eff);
CREATE TABLE first (id PRIMARY KEY, t);
"""

_SHOWN: Final = {
    "post": ("id", "author_id", "author_name", "community", "title", "body"),
    "comment": ("id", "post_id", "parent", "author_id", "author_name", "body"),
    "agent": ("site_id", "name", "bio"),
    "community": ("site_id", "name", "description"),
    "follow": ("source_id", "source_name", "target_id", "target_name"),
}
"""What the quarantine shows of a row that was understood but not kept."""

_SAME: Final = {
    "post": ("title", "body", "community"),
    "comment": ("body", "post_id", "parent"),
    "agent": ("name", "bio"),
    "community": ("name", "description"),
    "follow": ("source", "target"),
}
"""What makes two rows with one id the same content."""

_LATER: Final = "name", "bio", "karma", "followers", "following", "fetched"


class Staging:
    """The scratch database. Rows go in with `add` and `refuse`; `settle` sorts them out.

    Parameters
    ----------
    path
        Where the database may be made. The caller removes it.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.executescript(_DDL)
        self._database.execute("BEGIN")
        self._known: set[tuple[str, str]] = set()
        self.n = 0
        """Rows taken in so far."""

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def execute(self, query: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        """Run one statement with parameters."""
        return self._database.execute(query, encoded(values))

    def scalar(self, query: str, values: Iterable[Any] = ()) -> Any:
        """Return the first value of a query's first row."""
        return self.execute(query, values).fetchone()[0]

    def refuse(self, place: str, reason: str, excerpt: str) -> None:
        """Take a row that can't be kept."""
        self.n += 1
        self._insert("refused", self.n, place, reason, excerpt)

    def add(self, place: str, row: Staged) -> None:
        """Take a row that was understood."""
        self.n += 1
        match row:
            case PostFields():
                ids = self._sight(row.author, row.fetched)
                self._insert(
                    *("post", self.n, place, row.post_id, row.t, *ids, row.community),
                    *(
                        row.display,
                        row.title,
                        row.body,
                        row.url,
                        row.up,
                        row.down,
                        row.replies,
                        row.fetched,
                        None,
                        row.t,
                    ),
                )
            case CommentFields():
                ids = self._sight(row.author, row.fetched)
                self._insert(
                    *(
                        "comment",
                        self.n,
                        place,
                        row.comment_id,
                        row.t,
                        *ids,
                        row.post_id,
                        row.parent,
                        row.body,
                    ),
                    *(row.up, row.down, row.replies, row.fetched, None, None, None),
                )
            case Account():
                self._insert("agent", self.n, place, *row, None)
            case CommunityFields():
                ids = self._sight(row.creator, row.fetched)
                self._insert(
                    *("community", self.n, place, row.site_id, row.name, row.display, row.description, *ids),
                    *(row.created, row.fetched, row.name, None, None),
                )
            case FollowFields():
                ends = (*self._sight(row.source, row.fetched), *self._sight(row.target, row.fetched))
                self._insert(
                    *("follow", self.n, place, *ends, row.t, row.fetched, None, None, None, None),
                )

    def _insert(self, table: str, *values: Any) -> None:
        marks = ", ".join("?" * len(values))
        self.execute(f"INSERT INTO {table} VALUES ({marks})", values)

    def _sight(self, account: Account | None, fetched: int | None) -> tuple[str | None, str | None]:
        """Note that an account was named, with what was said of it; return its id and handle."""
        if account is None:
            return None, None
        pair = (account.site_id or "", account.handle or "")
        bare = all(value is None for value in account[2:7])
        if not (bare and pair in self._known):
            if len(self._known) > 100_000:
                self._known.clear()
            self._known.add(pair)
            facts = ("bio", "created", "karma", "followers", "following", "fetched")
            later = ", ".join(f"{name} = coalesce(excluded.{name}, {name})" for name in facts)
            self.execute(
                "INSERT INTO sighting VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                f"{later} WHERE coalesce(excluded.fetched, 0) >= coalesce(fetched, 0)",
                (*pair, *account[2:7], fetched),
            )
        return account.site_id, account.handle

    def condemn(self, table: str, select: str, values: Iterable[Any] = ()) -> int:
        """Move the rows that `select` (n, reason) finds from a table to the refused; return how many."""
        self.execute(f"INSERT INTO doomed {select}", values)
        names = _SHOWN[table]
        shown = self.execute(
            f"SELECT n, place, reason, {', '.join(names)} FROM {table} JOIN doomed USING (n) ORDER BY n"
        )
        count = 0
        for n, place, reason, *found in shown:
            fields = {
                name: restored(value) for name, value in zip(names, found, strict=True) if value is not None
            }
            self._insert("refused", n, place, reason, json.dumps(fields, ensure_ascii=False)[:EXCERPT])
            count += 1
        self.execute(f"DELETE FROM {table} WHERE n IN (SELECT n FROM doomed)")
        self.execute("DELETE FROM doomed")
        return count

    def settle(self, since: int | None, until: int | None) -> None:
        """Sort everything out: identities, duplicates, the window, reply trees, and who came first."""
        self._identify()
        for table in ("agent", "community", "post", "comment", "follow"):
            self._keep_latest(table)
        self._cut(since, until)
        for table in ("post", "comment"):
            self.execute(f"CREATE UNIQUE INDEX {table}_id ON {table} (id)")
        self._grow_trees()
        self._merge_accounts()
        self._found_communities()
        self._date_all()
        self.execute("CREATE INDEX post_time ON post (t, id)")
        self.execute("CREATE INDEX comment_time ON comment (eff, level, id)")

    def close_of_crawl(self) -> int:
        """Return the last moment that any row was fetched at; where none says, the last it was written at."""
        for column in ("fetched", "eff"):
            tables = ("post", "comment", "account") if column == "fetched" else ("post", "comment", "follow")
            found = [self.scalar(f"SELECT max({column}) FROM {table}") for table in tables]
            if known := [moment for moment in found if moment is not None]:
                return int(max(known))
        return 0

    def _identify(self) -> None:
        """Give every account one id (the site's if any row names it, else the handle) and use it."""
        for table, before in (("agent", "n"), ("sighting", "site_id")):
            self.execute(
                f"INSERT OR IGNORE INTO handle SELECT name, site_id FROM {table} "
                f"WHERE coalesce(name, '') <> '' AND coalesce(site_id, '') <> '' ORDER BY {before}"
            )
        for table, column, source in (
            ("agent", "id", ("site_id", "name")),
            ("post", "author", ("author_id", "author_name")),
            ("comment", "author", ("author_id", "author_name")),
            ("community", "creator", ("creator_id", "creator_name")),
            ("follow", "source", ("source_id", "source_name")),
            ("follow", "target", ("target_id", "target_name")),
        ):
            by_id, by_name = source
            self.execute(
                f"UPDATE {table} SET {column} = "
                f"coalesce({by_id}, (SELECT id FROM handle WHERE name = {by_name}), {by_name})"
            )
        self.execute("UPDATE follow SET id = source || char(0) || target")
        self.execute("CREATE INDEX community_site_id ON community (site_id)")
        self.execute(
            "UPDATE post SET community = "
            "(SELECT id FROM community WHERE site_id = post.community ORDER BY n LIMIT 1) "
            "WHERE community IN (SELECT site_id FROM community)"
        )

    def _keep_latest(self, table: str) -> None:
        same = " AND ".join(f"it.{name} IS kept.{name}" for name in _SAME[table])
        versions = (
            "SELECT n, first_value(n) OVER (PARTITION BY id ORDER BY coalesce(fetched, 0) DESC, n DESC) "
            f"AS latest FROM {table}"
        )
        self.condemn(
            table,
            f"SELECT it.n, CASE WHEN {same} THEN 'duplicate of ' || kept.place "
            "ELSE 'one id, two contents: kept ' || kept.place || ', fetched last' END "
            f"FROM ({versions}) AS version JOIN {table} AS it ON it.n = version.n "
            f"JOIN {table} AS kept ON kept.n = version.latest WHERE version.n <> version.latest",
        )

    def _cut(self, since: int | None, until: int | None) -> None:
        outside = "SELECT n, 'outside the window' FROM {0} WHERE {1} < ? OR {1} >= ?"
        low, high = -(2**63) if since is None else since, 2**63 - 1 if until is None else until
        for table in ("post", "comment"):
            self.condemn(table, outside.format(table, "t"), (low, high))
        for table, column in (("agent", "created"), ("community", "created"), ("follow", "t")):
            # Who and what was there before the window is still there within it.
            self.condemn(table, outside.format(table, column), (-(2**63), high))

    def _grow_trees(self) -> None:
        """Find every comment's level below the known root of its tree; refuse what has no root."""
        self.execute("CREATE INDEX comment_parent ON comment (parent)")
        self.condemn(
            "comment",
            "SELECT it.n, 'replies to a comment of another post' FROM comment AS it "
            "JOIN comment AS up ON up.id = it.parent WHERE up.post_id <> it.post_id",
        )
        self.execute("CREATE INDEX comment_level ON comment (level)")
        self._level()
        self._database.executemany("INSERT INTO cyclic VALUES (?)", ((n,) for n in self._cycles()))
        if self.condemn("comment", "SELECT n, 'its replies form a cycle' FROM cyclic"):
            self._level()

    def _level(self) -> None:
        # A comment is placed after its post and its parent even where the source's clock says otherwise.
        self.execute(
            "UPDATE comment SET level = 0, "
            "eff = max(t, coalesce((SELECT t FROM post WHERE post.id = comment.post_id), t)) "
            "WHERE level IS NULL AND (parent IS NULL OR parent NOT IN (SELECT id FROM comment))"
        )
        level, grown = 0, 1
        while grown:
            level += 1
            grown = self.execute(
                "UPDATE comment SET level = ?, eff = max(comment.t, up.eff) FROM comment AS up "
                "WHERE up.level = ? AND comment.parent = up.id AND comment.level IS NULL",
                (level, level - 1),
            ).rowcount

    def _cycles(self) -> list[int]:
        """Return the rows on a cycle of replies (not those that merely hang below one)."""
        rootless = {
            row[0]: row for row in self.execute("SELECT id, parent, n FROM comment WHERE level IS NULL")
        }
        replies = Counter(parent for _, parent, _ in rootless.values())
        leaves = [comment for comment in rootless if not replies[comment]]
        while leaves:
            _, parent, _ = rootless.pop(leaves.pop())
            replies[parent] -= 1
            if not replies[parent] and parent in rootless:
                leaves.append(parent)
        return sorted(n for _, _, n in rootless.values())

    def _merge_accounts(self) -> None:
        """Make one account of all that was said of it, the latest word winning."""
        key = "coalesce(nullif(site_id, ''), (SELECT id FROM handle WHERE handle.name = sighting.name), name)"
        facts = "bio, created, karma, followers, following, fetched"
        later = ", ".join(f"{name} = coalesce(excluded.{name}, {name})" for name in _LATER)
        self.execute(
            f"INSERT INTO account (id, name, {facts}, stated) SELECT * FROM ("
            f"SELECT id, name, {facts}, 1 AS stated FROM agent UNION ALL "
            f"SELECT {key}, nullif(name, ''), {facts}, 0 FROM sighting) "
            "WHERE true ORDER BY coalesce(fetched, 0), stated "
            f"ON CONFLICT DO UPDATE SET {later}, stated = max(stated, excluded.stated), "
            "created = coalesce(min(created, excluded.created), created, excluded.created)"
        )

    def _found_communities(self) -> None:
        """Add the communities that are only known from their posts."""
        self.execute(
            "INSERT INTO community (place, name, display, description, id) "
            "SELECT '', community, max(display), '', community FROM post "
            "WHERE community NOT IN (SELECT id FROM community) GROUP BY community"
        )

    def _date_all(self) -> None:
        """Date accounts and communities no later than their first use."""
        start = self.scalar(
            "SELECT coalesce(min(t), 0) FROM "
            "(SELECT min(t) AS t FROM post UNION ALL SELECT min(t) FROM comment)"
        )
        self._date("community", "SELECT community AS id, min(t) AS t FROM post GROUP BY community", start)
        self.execute("UPDATE follow SET eff = coalesce(t, fetched, (SELECT max(t) FROM post), 0)")
        acts = " UNION ALL ".join(
            f"SELECT {who} AS id, eff AS t FROM {table}"
            for table, who in (
                ("post", "author"),
                ("comment", "author"),
                ("community", "creator"),
                ("follow", "source"),
                ("follow", "target"),
            )
        )
        self.execute(f"INSERT INTO first SELECT id, min(t) FROM ({acts}) WHERE id IS NOT NULL GROUP BY id")
        # An account that only a refused row named is nobody.
        self.execute("DELETE FROM account WHERE NOT stated AND id NOT IN (SELECT id FROM first)")
        self._date("account", "SELECT id, t FROM first", start)

    def _date(self, table: str, firsts: str, start: int) -> None:
        """Date what was made some time: then, or at its first use if that is earlier, else at `start`."""
        self.execute(f"UPDATE {table} SET eff = created")
        self.execute(
            f"UPDATE {table} SET eff = min(coalesce(eff, used.t), used.t) FROM ({firsts}) AS used "
            f"WHERE used.id = {table}.id"
        )
        self.execute(f"UPDATE {table} SET eff = ? WHERE eff IS NULL", (start,))
