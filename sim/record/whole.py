"""Whether a record is whole: every page, row and text as it was written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from moltarium.sim.record import checksum
from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.files import open_for_reading
from moltarium.sim.record.layout import trouble
from moltarium.sim.record.lock import holder
from moltarium.sim.record.seal import intact


def must_be_whole(file: Path) -> bool:
    """Refuse a damaged record; return whether it is sealed.

    A sealed file is compared with its seal. One whose writer was killed has none: it is read as a whole and
    compared with its checksums. One that is being written is taken as it is; its rows are read from pages
    that the writer has just written.

    Raises
    ------
    RecordError
        If it is damaged.
    """
    if intact(file):
        return True
    if holder(file.parent) is None:
        must_be_as_written(file)
    return False


def must_be_as_written(file: Path) -> None:
    """Refuse a record whose pages, rows or texts are not as they were committed.

    Within one process, a file is read again only if it or its log has changed.

    Raises
    ------
    RecordError
        If it is damaged.
    """
    log = file.with_name(file.name + "-wal")
    states = [each.stat() for each in (file, log) if each.exists()]
    _read_through(file, *((now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns) for now in states))


@lru_cache(maxsize=64)
def _read_through(file: Path, *_state: tuple[int, ...]) -> None:
    with closing(open_for_reading(file)) as database:
        verify(database, file)


def verify(database: sqlite3.Connection, file: Path) -> None:
    """Read every page, row and text of one moment: slow, seconds for a million rows.

    Raises
    ------
    RecordError
        If something is not as it was written.
    """
    fault: str | None = None
    try:
        database.execute("BEGIN")
        try:
            [(found,), *_] = database.execute("PRAGMA integrity_check(1)").fetchall()
            if found != "ok":
                fault = found
            elif checksum.kept(database):
                fault = next(checksum.faults(database), None)
        finally:
            database.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise trouble(error, file) from error
    if fault is not None:
        raise RecordError(
            f"the record is damaged ({fault})",
            place=str(file),
            remedy="restore it from a copy, or run or import it again",
        )
