"""The run record on disk, read only through `RunReader`; `moltarium.sim.record.writer` is its other side.

A record is a folder with ``record.sqlite`` in it: SQLite in WAL mode, so that any number of readers look on
while one writer appends, and none of them ever sees half a commit.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Self, cast

import pandas as pd

from moltarium.sim.record.coverage import coverage_of
from moltarium.sim.record.digest import digest
from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.files import must_exist, open_for_reading
from moltarium.sim.record.layout import FILE, decoder, encoded, order, trouble
from moltarium.sim.record.schema import TABLE_OF, TABLES, Blob, R, Row, Run
from moltarium.sim.record.tables import frame
from moltarium.sim.record.whole import must_be_whole, verify

_AT_ONCE: Final = 1024
"""Rows fetched at once while iterating: bounds memory, amortises the call."""

_DATED: Final = tuple(name for name, table in TABLES.items() if table._fields[0] == "seq")


class RunReader:
    """The only way out of a record: the `Record` protocol over the file, opened read-only.

    Never blocks the writer. Each iteration of `rows` sees the commits of the moment at which it began.
    May be shared between threads.

    Parameters
    ----------
    folder
        The record's folder.

    Raises
    ------
    RecordError
        If there is no record, the file is not one, or it has changed since it was put to rest.
    SchemaMismatch
        If another schema version wrote it.
    """

    def __init__(self, folder: Path) -> None:
        must_exist(folder)
        self.path = folder
        """The record's folder."""
        self._file = folder / FILE
        self._still = 0
        self._gate = threading.Lock()
        self._database = open_for_reading(self._file)
        try:
            self.sealed = must_be_whole(self._file)
            """Whether every byte is as the last writer left it; false of a record that is being written, or
            whose writer died."""
            found = list(self.rows(Run))
            if len(found) != 1:
                raise RecordError(
                    f"the record has {len(found)} run rows instead of one",
                    place=str(self._file),
                    remedy="restore it from a copy, or run or import it again",
                )
            self._run = found[0]
            self._coverage = coverage_of(self._run)
        except BaseException:
            self._database.close()
            raise

    @property
    def run(self) -> Run:
        """The record's one `Run` row."""
        return self._run

    def has(self, need: type[Row] | str) -> bool:
        """Whether a table (``Vote``, ``"vote"``) or a column (``"comment.parent"``) is known here."""
        return self._coverage.knows(need)

    @contextmanager
    def still(self) -> Iterator[None]:
        """Let everything that is read in the block be of one moment, whatever is written meanwhile.

        Blocks in several threads that overlap share their moment. The writer is not held up, but its log
        grows as long as a block lasts: keep it short.
        """
        with self._gate, self._reading():
            if not self._still:
                self._database.execute("BEGIN")
            self._still += 1
        try:
            yield
        finally:
            with self._gate, self._reading():
                self._still -= 1
                if not self._still:
                    self._database.execute("COMMIT")

    def rows(self, table: type[R]) -> Iterator[R]:
        """All rows of one table in order of ``seq``; none if the table is unknown."""
        return self._select(table)

    def rows_since(self, table: type[R], seq: int) -> Iterator[R]:
        """The rows of a dated table after `seq`, in order."""
        if TABLE_OF[cast("type[Row]", table)] not in _DATED:
            raise ValueError(f"{table.__name__} has no seq")
        return self._select(table, "seq > ?", (seq,))

    def rows_where(self, table: type[R], **equal: str | int | None) -> Iterator[R]:
        """The rows of one table whose columns equal the given values, in order of ``seq``.

        Raises
        ------
        ValueError
            If the table has no such column.
        """
        fields = cast("type[Row]", table)._fields
        if strangers := [name for name in equal if name not in fields]:
            raise ValueError(f"{table.__name__} has no column {strangers[0]!r}")
        terms = " AND ".join(f'"{name}" IS ?' for name in equal) or "1"
        return self._select(table, terms, encoded(equal.values()))

    def _select(self, table: type[R], where: str = "1", values: Iterable[Any] = ()) -> Iterator[R]:
        row_type = cast("type[Row]", table)
        names = ", ".join(f'"{field}"' for field in row_type._fields)
        query = f'SELECT {names} FROM "{TABLE_OF[row_type]}" WHERE {where} ORDER BY {order(row_type)}'
        decode = decoder(table)
        with self._reading():
            cursor = self._database.execute(query, tuple(values))
            while batch := cursor.fetchmany(_AT_ONCE):
                yield from map(decode, batch)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise trouble(error, self._file) from error

    def _scalar(self, query: str, values: tuple[Any, ...] = ()) -> Any:
        with self._reading():
            found = self._database.execute(query, values).fetchone()
        return None if found is None else found[0]

    def count(self, table: type[Row]) -> int:
        """The number of rows of one table."""
        return int(self._scalar(f'SELECT count(*) FROM "{TABLE_OF[table]}"'))

    def frame(self, table: type[Row]) -> pd.DataFrame:
        """One table as a frame (see `moltarium.sim.record.tables.frame`)."""
        names = ", ".join(f'"{field}"' for field in table._fields)
        with self._reading():
            query = f'SELECT {names} FROM "{TABLE_OF[table]}" ORDER BY {order(table)}'
            return frame(table, self._database.execute(query).fetchall())

    def last_seq(self) -> int:
        """The largest ``seq`` of all tables; −1 if there is none."""
        return max(int(self._scalar(f'SELECT ifnull(max(seq), -1) FROM "{name}"')) for name in _DATED)

    def last_step(self) -> int | None:
        """The last complete tick; ``None`` if none was committed."""
        latest = [self._scalar(f'SELECT step FROM "{name}" ORDER BY seq DESC LIMIT 1') for name in _DATED]
        known = [step for step in (*latest, self._scalar("SELECT step FROM progress")) if step is not None]
        return max(known, default=None)

    def blob(self, sha: str) -> str | None:
        """The text under a hash; ``None`` if it is not stored."""
        for found in self.rows_where(Blob, sha=sha):
            return found.text
        return None

    def digest(self) -> str:
        """The record's canonical sha256 (see `moltarium.sim.record.digest.digest`), of one moment."""
        with closing(RunReader(self.path)) as own, own.still():
            return digest(own)

    def verify(self) -> None:
        """Read everything and check that it is as it was written: slow, for a record that one doubts.

        Raises
        ------
        RecordError
            If the record is damaged.
        """
        with closing(open_for_reading(self._file)) as own:
            verify(own, self._file)

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
