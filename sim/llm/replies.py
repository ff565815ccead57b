"""The reply cache: every reply that arrived, durable before it is used, so that none is paid for twice."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from zlib import crc32

from moltarium.agents.interface import Reply
from moltarium.sim.record.errors import RecordError, SchemaMismatch
from moltarium.sim.record.seal import break_seal, intact, seal

REPLIES_VERSION: Final = 2
"""Stored as SQLite's ``user_version``. Version 1 had no checksums; it is brought up when it is written to."""

CACHE_KIB: Final = 32 * 1024
"""Of pages kept in memory: keys are random, so each new one may touch any page of the index."""

MEMORY: Final = Path(":memory:")
"""In place of a file: replies that last as long as the store."""

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS reply (
    key BLOB PRIMARY KEY,
    request BLOB NOT NULL,
    text BLOB NOT NULL,
    finish TEXT NOT NULL,
    model TEXT NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_cached INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    checksum INTEGER
)
"""
_ADD_CHECKSUM: Final = "ALTER TABLE reply ADD COLUMN checksum INTEGER"
_CHECKED: Final = (
    "SELECT checksum, key, text, finish, model, tokens_in, tokens_cached, tokens_out, estimated "
    "FROM reply WHERE checksum IS NOT NULL"
)
_GET: Final = (
    "SELECT text, finish, model, tokens_in, tokens_cached, tokens_out, estimated FROM reply WHERE key = ?"
)
_PAID: Final = (
    "SELECT json_extract(CAST(request AS TEXT), '$.model') AS asked, "
    "sum(tokens_in), sum(tokens_cached), sum(tokens_out) FROM reply GROUP BY asked"
)
_PUT: Final = "INSERT OR IGNORE INTO reply VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def _mark(key: bytes) -> int:
    return int.from_bytes(key[:7], "little")


def _checksum(reply: tuple[Any, ...]) -> int:
    """Return the CRC-32 of a reply with its key: of what it says and what it cost, not of what was asked."""
    return crc32(repr(reply).encode())


def _connect(path: Path, *, writable: bool) -> sqlite3.Connection:
    mode = "rwc" if writable else "ro"
    connection: sqlite3.Connection | None = None
    try:
        place = f"{path.absolute().as_uri()}?mode={mode}" if path != MEMORY else str(MEMORY)
        connection = sqlite3.connect(
            place,
            uri=True,
            isolation_level=None,
            timeout=10,
            check_same_thread=False,  # one thread at a time: the gateway changes threads in a notebook
        )
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        fresh = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if writable:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise RecordError(
            f"the reply cache can't be opened ({error})",
            place=path.name,
            remedy="check that its folder is writable, or set the file aside: its replies are asked again",
        ) from error
    if version not in {1, REPLIES_VERSION} and not (fresh and writable):
        connection.close()
        raise SchemaMismatch(
            f"the reply cache has version {version}, this code reads {REPLIES_VERSION}",
            place=path.name,
            remedy="use the version of Moltarium that wrote it",
        )
    return connection


def _must_be_as_written(connection: sqlite3.Connection, path: Path) -> None:
    """Read the replies of a store that nobody closed, and refuse one that a flipped bit has changed."""
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] < REPLIES_VERSION:
            return
        with closing(connection.execute(_CHECKED)) as rows:
            whole = all(_checksum(tuple(reply)) == said for said, *reply in rows)
        fault = "" if whole else "a reply is not as it was recorded"
    except sqlite3.Error as error:
        fault = str(error)
    if fault:
        raise RecordError(
            f"the reply cache is damaged ({fault})",
            place=str(path),
            remedy="restore it from a copy, or set it aside: its replies are asked again",
        )


class ReplyStore:
    """Replies by key in one SQLite file.

    Each `put` is its own transaction in WAL mode: it survives ``kill -9`` at once, and a power loss from the
    next checkpoint on. The first reply to a key stands; a second is ignored.

    Parameters
    ----------
    path
        The file, made if it doesn't exist; `MEMORY` for none.
    fallback
        Another run's file to look in where this one has no reply: a replay asks no model at all.

    Raises
    ------
    RecordError
        If a file can't be opened, or has changed since it was closed and sealed.
    SchemaMismatch
        If another version wrote it.
    """

    def __init__(self, path: Path, fallback: Path | None = None) -> None:
        self._path = path
        self._file = None if path == MEMORY else path
        sealed = [file is None or intact(file) for file in (self._file, fallback)]
        self._wrote = False
        self._own = _connect(path, writable=True)
        self._other: sqlite3.Connection | None = None
        self._marks: set[int] = set()
        self._marked = 0
        try:
            self._bring_up()
            if not sealed[0]:
                _must_be_as_written(self._own, path)
            self.catch_up()
            if fallback is not None:
                self._other = _connect(fallback, writable=False)
                if not sealed[1]:
                    _must_be_as_written(self._other, fallback)
        except BaseException:
            self._own.close()
            if self._other is not None:
                self._other.close()
            raise

    def _bring_up(self) -> None:
        """Lay out a new file; give one of version 1 its column of checksums."""
        version = self._own.execute("PRAGMA user_version").fetchone()[0]
        if version == REPLIES_VERSION:
            return
        if self._file is not None:
            break_seal(self._file)
        with self._own:
            self._own.execute("BEGIN IMMEDIATE")
            self._own.execute(_TABLE)
            if version == 1:
                self._own.execute(_ADD_CHECKSUM)
            self._own.execute(f"PRAGMA user_version = {REPLIES_VERSION}")
        self._wrote = True

    def catch_up(self) -> None:
        """Take note of the keys in the own file that another store put there since the last time.

        Most keys sought are new, and by these notes `get` can tell so without asking the file.
        """
        for row, key in self._own.execute("SELECT rowid, key FROM reply WHERE rowid > ?", (self._marked,)):
            self._marks.add(_mark(key))
            self._marked = row

    def get(self, key: str) -> Reply | None:
        """Return the recorded reply to `key`, or ``None`` if none has arrived yet."""
        sought = (bytes.fromhex(key),)
        row = None
        if _mark(sought[0]) in self._marks:
            row = self._own.execute(_GET, sought).fetchone()
        if row is None and self._other is not None:
            row = self._other.execute(_GET, sought).fetchone()
        if row is None:
            return None
        text, finish, model, tokens_in, tokens_cached, tokens_out, estimated = row
        return Reply(
            text=text.decode("utf-8", "surrogatepass"),
            finish=finish,
            model=model,
            tokens_in=tokens_in,
            tokens_cached=tokens_cached,
            tokens_out=tokens_out,
            estimated=bool(estimated),
        )

    def put(self, key: str, request_text: str, reply: Reply) -> None:
        """Record a reply. When this returns, the reply survives the death of the process.

        Raises
        ------
        RecordError
            If it can't be written, for instance because the disk is full.
        """
        row = (
            bytes.fromhex(key),
            request_text.encode("utf-8", "surrogatepass"),
            reply.text.encode("utf-8", "surrogatepass"),
            reply.finish,
            reply.model,
            reply.tokens_in,
            reply.tokens_cached,
            reply.tokens_out,
            int(reply.estimated),
        )
        checksum = _checksum((row[0], *row[2:]))
        if not self._wrote and self._file is not None:
            break_seal(self._file)
        self._wrote = True
        try:
            self._own.execute(_PUT, (*row, checksum))
            self._marks.add(_mark(row[0]))
        except sqlite3.Error as error:
            raise RecordError(
                f"a reply can't be recorded ({error})",
                place=self._path.name,
                remedy="make room on the disk and resume: all earlier replies are safe",
            ) from error

    def checkpoint(self) -> None:
        """Make every reply so far safe from power loss (a `put` alone is safe from a killed process).

        Raises
        ------
        RecordError
            If the disk fails.
        """
        try:
            self._own.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            raise RecordError(
                f"replies can't be brought to the disk ({error})",
                place=self._path.name,
                remedy="check free space and the disk, then resume: nothing is lost yet",
            ) from error

    def count(self) -> int:
        """Return the number of replies in the own file."""
        return int(self._own.execute("SELECT count(*) FROM reply").fetchone()[0])

    def paid(self) -> list[tuple[str, int, int, int]]:
        """Return ``(Endpoint.meaning, tokens in, cached, out)`` per model, summed over all own replies."""
        return self._own.execute(_PAID).fetchall()

    def close(self) -> None:
        """Close the files; what was put stays. Whoever has put something seals the file."""
        self._own.close()
        if self._wrote and self._file is not None:
            seal(self._file)
        if self._other is not None:
            self._other.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
