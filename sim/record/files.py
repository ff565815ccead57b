"""A record's file: made whole, opened for one writer or any reader, refused if it is something else."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from moltarium.sim.record import checksum
from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.layout import FILE, check_identity, ddl, encoded, insert, trouble
from moltarium.sim.record.schema import Run
from moltarium.sim.record.seal import break_seal

PATIENCE_S: Final = 10.0
"""How long a statement waits for another program's lock."""
CACHE_KIB: Final = 32 * 1024
"""Of pages that the writer keeps in memory: texts are filed by hash, so a new one may touch any page."""


def must_exist(folder: Path) -> None:
    """Refuse a folder without a record."""
    if not (folder / FILE).is_file():
        raise RecordError(
            _lacks_record(folder),
            place=str(folder),
            remedy="give the folder that `moltarium run` or `moltarium import` wrote",
        )


def _lacks_record(folder: Path) -> str:
    if folder.is_dir():
        return "there is no run record here"
    return "is not a folder" if folder.exists() else "there is no such folder"


def make_folder(folder: Path) -> bool:
    """Make a folder if need be; return whether it was made."""
    try:
        existed = folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(
            f"the folder can't be made ({error.strerror})", place=str(folder), remedy="choose another folder"
        ) from error
    return not existed


def lay_out(folder: Path, run: Run) -> None:
    """Put an empty record with its `Run` row into a folder, whole or not at all."""
    draft = folder / f".{FILE}.{os.getpid()}"
    try:
        with closing(sqlite3.connect(draft, isolation_level=None)) as database:
            database.execute("BEGIN")
            for statement in ddl():
                database.execute(statement)
            database.execute(checksum.DDL)
            database.execute(insert(Run), encoded(run))
            checksum.add(database, Run, [run])
            database.execute("COMMIT")
        break_seal(folder / FILE)
        draft.rename(folder / FILE)
    except sqlite3.Error as error:
        raise trouble(error, folder) from error
    finally:
        draft.unlink(missing_ok=True)
        draft.with_name(draft.name + "-journal").unlink(missing_ok=True)


def open_for_writing(folder: Path) -> sqlite3.Connection:
    """Open a record in WAL mode."""
    break_seal(folder / FILE)
    try:
        database = sqlite3.connect(folder / FILE, timeout=PATIENCE_S, isolation_level=None)
        try:
            check_identity(database, folder / FILE)
            if not checksum.kept(database):
                database.execute("BEGIN IMMEDIATE")
                checksum.lay(database)
                database.execute("COMMIT")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        except BaseException:
            database.close()
            raise
    except sqlite3.Error as error:
        raise trouble(error, folder / FILE) from error
    return database


def open_for_reading(file: Path) -> sqlite3.Connection:
    """Open a record without the right to change it.

    A writer killed while it put its record to rest leaves half a transaction and the journal that undoes it,
    which nobody can apply without writing: that is done first, by SQLite itself, and changes no row.
    """
    try:
        try:
            return _read_only(file)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
                raise
            _roll_back(file)
            return _read_only(file)
    except sqlite3.Error as error:
        raise trouble(error, file) from error


def _read_only(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(
        f"{file.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=PATIENCE_S,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        check_identity(database, file)
    except BaseException:
        database.close()
        raise
    return database


def _roll_back(file: Path) -> None:
    """Have SQLite undo what a killed writer left half done; it does so before the first read."""
    with closing(
        sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=PATIENCE_S)
    ) as database:
        database.execute("PRAGMA user_version").fetchone()
