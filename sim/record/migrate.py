"""Older records brought up to this schema version, one version at a time, after a backup."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from moltarium.sim.record import checksum
from moltarium.sim.record.errors import RecordError, SchemaMismatch
from moltarium.sim.record.files import must_exist
from moltarium.sim.record.layout import APPLICATION_ID, FILE, trouble
from moltarium.sim.record.lock import WriterLock
from moltarium.sim.record.schema import SCHEMA_VERSION
from moltarium.sim.record.seal import break_seal, intact, seal

Migration = Callable[[sqlite3.Connection], None]
"""Changes a record of one version to the next, inside a transaction that is already open."""

MIGRATIONS: Final[Mapping[int, Migration]] = {}
"""By the version they start from. Empty as long as there is one version."""


def migrate(folder: Path, migrations: Mapping[int, Migration] = MIGRATIONS) -> Path | None:
    """Bring the record in `folder` to `SCHEMA_VERSION`, all steps or none.

    Parameters
    ----------
    folder
        The record's folder.
    migrations
        Steps by the version they start from.

    Returns
    -------
    Path or None
        The backup; ``None`` if the record already has this version.

    Raises
    ------
    SchemaMismatch
        If the record is newer, or a step is missing. Nothing is changed.
    RecordError
        If it is no record, or a step fails. The record is as it was.
    RecordBusy
        If a run is writing it.
    """
    must_exist(folder)
    file = folder / FILE
    lock = WriterLock(folder)
    try:
        was_sealed = intact(file)
        break_seal(file)
        try:
            return _brought_up(file, migrations)
        finally:
            if was_sealed:
                seal(file)
    except sqlite3.Error as error:
        raise trouble(error, file) from error
    finally:
        lock.release()


def _brought_up(file: Path, migrations: Mapping[int, Migration]) -> Path | None:
    """Back the record up and take every step in one transaction; return the backup, if there was a step."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        version = _version(database, file)
        if version == SCHEMA_VERSION:
            return None
        steps = range(version, SCHEMA_VERSION)
        if version > SCHEMA_VERSION or any(step not in migrations for step in steps):
            raise SchemaMismatch(
                f"written by schema version {version}; no way leads from it to version {SCHEMA_VERSION}",
                place=str(file),
                remedy="read it with the Moltarium version that wrote it, or run or import it again",
            )
        backup = _back_up(database, file.with_name(f"record.v{version}.sqlite"))
        database.execute("BEGIN IMMEDIATE")
        try:
            for step in steps:
                migrations[step](database)
            database.execute("UPDATE run SET schema_version = ?", (SCHEMA_VERSION,))
            checksum.lay(database)
            database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            database.execute("COMMIT")
        except BaseException:
            database.execute("ROLLBACK")
            raise
        return backup


def _version(database: sqlite3.Connection, file: Path) -> int:
    if database.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise RecordError(
            "this is a database, but not a run record",
            place=str(file),
            remedy="give the folder that `moltarium run` or `moltarium import` wrote",
        )
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _back_up(database: sqlite3.Connection, path: Path) -> Path:
    """Copy the record, whole and on the disk, before anything is changed."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with closing(sqlite3.connect(draft)) as copy:
            database.backup(copy)
        handle = os.open(draft, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    return path
