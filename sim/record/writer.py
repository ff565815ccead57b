"""The run record on disk, written only through `RunWriter`."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from moltarium.sim.record import checksum
from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.files import PATIENCE_S, lay_out, make_folder, must_exist, open_for_writing
from moltarium.sim.record.layout import FILE, encoded, insert, trouble
from moltarium.sim.record.lock import WriterLock
from moltarium.sim.record.schema import TABLE_OF, Blob, Row, Run
from moltarium.sim.record.seal import seal
from moltarium.sim.record.store import RunReader
from moltarium.sim.record.whole import must_be_as_written

LOOKERS_S: Final = 1.0
"""How long a closing writer waits for readers in the midst of a page, so that its record can be sealed."""


class RunWriter:
    """The only way into a record. One per record; a second one is refused.

    Rows wait in memory until `commit` writes them in one transaction: readers see all of a commit or nothing.
    What was not committed when the writer closes, or its process dies, was never part of the record.
    Make one with `create` or `resume`; use it as a context manager to commit on success and discard on error.
    """

    def __init__(self, folder: Path, database: sqlite3.Connection, lock: WriterLock, run: Run) -> None:
        self.path = folder
        """The record's folder."""
        self.run = run
        """The record's one `Run` row."""
        self._database = database
        self._lock: WriterLock | None = lock
        self._pending: dict[type[Any], list[Any]] = {}
        self._insert = {table: insert(table) for table in TABLE_OF}

    @classmethod
    def create(cls, folder: Path, run: Run) -> Self:
        """Start a new record in `folder`, which is made if need be.

        Raises
        ------
        RecordError
            If there is a record already, or the folder can't be written. Nothing is left behind.
        RecordBusy
            If another process is making a record there.
        """
        made = make_folder(folder)
        try:
            lock = WriterLock(folder)
            try:
                if (folder / FILE).exists():
                    raise RecordError(
                        "there is a record here already",
                        place=str(folder),
                        remedy="choose another folder, or resume this one with `moltarium resume`",
                    )
                lay_out(folder, run)
                return cls(folder, open_for_writing(folder), lock, run)
            except BaseException:
                lock.release()
                raise
        except BaseException:
            if made:
                with suppress(OSError):
                    folder.rmdir()
            raise

    @classmethod
    def resume(cls, folder: Path) -> Self:
        """Go on with the record in `folder` after its last commit.

        Raises
        ------
        RecordError
            If there is no record, or it is damaged.
        RecordBusy
            If another process is writing it.
        SchemaMismatch
            If another schema version wrote it.
        """
        must_exist(folder)
        lock = WriterLock(folder)
        try:
            with RunReader(folder) as reader:
                run = reader.run
                if not reader.sealed:
                    must_be_as_written(folder / FILE)
            return cls(folder, open_for_writing(folder), lock, run)
        except BaseException:
            lock.release()
            raise

    def append(self, rows: Iterable[Row]) -> None:
        """Take rows of any types, in order, for the next commit.

        Raises
        ------
        TypeError
            If something is not a row type, or is a second `Run`.
        """
        pending = self._pending
        for row in rows:
            table = type(row)
            if table in pending:
                pending[table].append(row)
            elif table in TABLE_OF and table is not Run:
                pending[table] = [row]
            else:
                raise TypeError(f"{table.__name__} is not a row that can be appended")

    def put_blobs(self, blobs: Iterable[Blob]) -> None:
        """Take texts for the next commit; a hash that is there already keeps its text."""
        self.append(blobs)

    def commit(self, *, step: int | None = None) -> None:
        """Write all rows taken since the last commit in one transaction.

        Parameters
        ----------
        step
            The tick that is now complete, so that a tick without rows counts as done too.

        Raises
        ------
        RecordError
            If they can't be written. The record is as it was before, and the rows are still pending.
        """
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                for table, rows in self._pending.items():
                    self._write(table, rows)
                    checksum.add(self._database, table, rows)
                if step is not None:
                    self._database.execute(
                        "INSERT INTO progress VALUES (1, ?) "
                        "ON CONFLICT (one) DO UPDATE SET step = max(step, excluded.step)",
                        (step,),
                    )
                    checksum.add_progress(self._database)
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise trouble(error, self.path / FILE) from error
        except OverflowError as error:
            raise RecordError(
                "a number does not fit in 64 bits", place=str(self.path / FILE), remedy="report this as a bug"
            ) from error
        self._pending.clear()

    def _write(self, table: type[Row], rows: list[Row]) -> None:
        statement = self._insert[table]
        self._database.execute("SAVEPOINT rows")
        try:
            self._database.executemany(statement, rows)
        except UnicodeEncodeError:
            # Rare, so it is paid for only when it happens: write this batch again, lone surrogates as bytes.
            self._database.execute("ROLLBACK TO rows")
            self._database.executemany(statement, map(encoded, rows))
        self._database.execute("RELEASE rows")

    def checkpoint(self) -> None:
        """Make every commit so far safe from power loss (a commit alone is safe from a killed process).

        Readers are never waited for: where one holds back the checkpoint, the log itself is forced to disk.

        Raises
        ------
        RecordError
            If the disk fails.
        """
        try:
            self._database.execute("PRAGMA busy_timeout = 0")
            held_back = self._database.execute("PRAGMA wal_checkpoint(FULL)").fetchone()[0]
            self._database.execute(f"PRAGMA busy_timeout = {int(PATIENCE_S * 1000)}")
        except sqlite3.Error as error:
            raise trouble(error, self.path / FILE) from error
        if held_back:
            file = os.open(self.path / f"{FILE}-wal", os.O_RDONLY)
            try:
                os.fsync(file)
            finally:
                os.close(file)

    def close(self) -> None:
        """Let go of the record; rows that were not committed are not part of it. May be called twice."""
        if self._lock is None:
            return
        self._pending.clear()
        try:
            # A record at rest is one plain file, readable from read-only media. Where a reader is still
            # looking on this is refused, and an empty log stays beside the record.
            with suppress(sqlite3.Error):
                self._database.execute("PRAGMA busy_timeout = 0")
                self._database.execute("PRAGMA journal_mode = DELETE")
            with suppress(sqlite3.Error):
                self._database.execute(f"PRAGMA busy_timeout = {int(LOOKERS_S * 1000)}")
                self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._database.close()
            seal(self.path / FILE)
        finally:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.commit()
                self.checkpoint()
        finally:
            self.close()
