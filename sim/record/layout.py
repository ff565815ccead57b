"""How rows lie in SQLite: tables and codecs derived from the row types, so that they cannot drift apart."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, cast, get_args, get_type_hints

from moltarium.sim.record.errors import RecordError, SchemaMismatch
from moltarium.sim.record.schema import SCHEMA_VERSION, TABLE_OF, TABLES, R, Row

FILE: Final = "record.sqlite"
"""The record's file inside its folder."""

APPLICATION_ID: Final = 0x4D6F6C74
"""``Molt`` in ASCII: tells a record from any other SQLite file."""

KEYS: Final = {"run": "run_id", "blob": "sha"}
"""Primary keys of the tables that have no ``seq`` (telemetry has none)."""

UNIQUE: Final = {"agent": "agent_id", "community": "community_id", "post": "post_id", "comment": "comment_id"}
"""Ids that a record may hold only once."""

INDEXED: Final = (
    ("comment", "post_id"),
    ("emotion", "agent"),
    ("llm_call", "agent"),
    ("action", "agent"),
)
"""What a thread reader and an agent's page look up; every further index would slow the writer."""

_SQL_TYPE: Final = {str: "TEXT", int: "INTEGER", bool: "INTEGER", float: "REAL"}


class Column(NamedTuple):
    """One field of a row type."""

    name: str
    kind: type
    """``str``, ``int``, ``bool`` or ``float``."""
    optional: bool


def columns(table: type[Row]) -> tuple[Column, ...]:
    """Return the fields of a row type with their types."""
    found = []
    for name, hint in get_type_hints(table).items():
        kinds = [kind for kind in get_args(hint) or (hint,) if kind is not type(None)]
        found.append(Column(name, kinds[0], optional=type(None) in get_args(hint)))
    return tuple(found)


def ddl() -> Iterator[str]:
    """Yield the statements that lay out an empty record of this schema version."""
    yield f"PRAGMA application_id = {APPLICATION_ID}"
    yield f"PRAGMA user_version = {SCHEMA_VERSION}"
    for name, table in TABLES.items():
        key = "seq" if table._fields[0] == "seq" else KEYS.get(name)
        parts = []
        for column in columns(table):
            null = "" if column.optional else " NOT NULL"
            primary = " PRIMARY KEY" if column.name == key else ""
            parts.append(f'"{column.name}" {_SQL_TYPE[column.kind]}{null}{primary}')
        yield f'CREATE TABLE "{name}" ({", ".join(parts)})'
    yield "CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), step INTEGER NOT NULL)"
    for name, column_name in UNIQUE.items():
        yield f'CREATE UNIQUE INDEX "{name}_{column_name}" ON "{name}" ("{column_name}")'
    for name, column_name in INDEXED:
        yield f'CREATE INDEX "{name}_{column_name}" ON "{name}" ("{column_name}")'


def encoded(row: Iterable[Any]) -> tuple[Any, ...]:
    """Return a row that SQLite can hold: text that is not valid Unicode becomes bytes, reversibly."""
    return tuple(_storable(value) for value in row)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "surrogatepass")
    return value


def restored(value: Any) -> Any:
    """Return the text that `encoded` turned into bytes; any other value as it is."""
    return value.decode("utf-8", "surrogatepass") if type(value) is bytes else value


def decoder(table: type[R]) -> Callable[[tuple[Any, ...]], R]:
    """Return the function that makes a row out of what SQLite returns.

    It turns integers back into the booleans they were and bytes into the text they were (see `encoded`).
    """
    fields = columns(cast("type[Row]", table))
    make = cast("Callable[[Iterable[Any]], R]", cast("Any", table)._make)
    flags = tuple(i for i, column in enumerate(fields) if column.kind is bool)
    has_text = any(column.kind is str for column in fields)

    def decode(raw: tuple[Any, ...]) -> R:
        values: Iterable[Any] = raw
        if has_text and bytes in map(type, raw):
            values = [restored(value) for value in raw]
        if flags:
            values = list(values)
            for i in flags:
                values[i] = bool(values[i])
        return make(values)

    return decode


def insert(table: type[Row]) -> str:
    """Return the statement that inserts one row of a table (a blob that is there already stays)."""
    ignore = "OR IGNORE " if TABLE_OF[table] == "blob" else ""
    marks = ", ".join("?" * len(table._fields))
    return f'INSERT {ignore}INTO "{TABLE_OF[table]}" VALUES ({marks})'


def order(table: type[Row]) -> str:
    """Return the column that orders a table."""
    return "seq" if table._fields[0] == "seq" else "rowid"


def check_identity(database: sqlite3.Connection, path: Path) -> None:
    """Refuse what is not a record of this schema version.

    Raises
    ------
    RecordError
        If the file is a database of something else.
    SchemaMismatch
        If another schema version wrote it.
    """
    application = database.execute("PRAGMA application_id").fetchone()[0]
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise RecordError(
            "this is a database, but not a run record",
            place=str(path),
            remedy="give the folder that `moltarium run` or `moltarium import` wrote",
        )
    if version != SCHEMA_VERSION:
        raise SchemaMismatch(
            f"written by schema version {version}, this is version {SCHEMA_VERSION}",
            place=str(path),
            remedy="read it with the Moltarium version that wrote it, or run or import it again",
        )


_WHY: Final = {
    sqlite3.SQLITE_FULL: ("the disk is full", "free some space, then resume: all committed steps are safe"),
    sqlite3.SQLITE_READONLY: ("the record can't be written", "make the folder and its files writable"),
    sqlite3.SQLITE_CANTOPEN: (
        "the record can't be opened",
        "check that the folder exists and its permissions",
    ),
    sqlite3.SQLITE_PERM: ("access to the record is denied", "check the folder's permissions"),
    sqlite3.SQLITE_NOTADB: (
        "this file is not a database",
        "it was overwritten or damaged: restore it from a copy",
    ),
    sqlite3.SQLITE_CORRUPT: ("the record is damaged", "restore it from a copy, or run or import it again"),
    sqlite3.SQLITE_IOERR: ("the disk reported an error", "check free space and the disk, then resume"),
    sqlite3.SQLITE_BUSY: ("the record is locked by another program", "close the other program and try again"),
    sqlite3.SQLITE_CONSTRAINT: (
        "a row breaks the record's rules",
        "this is a bug in what wrote the row: ids and seq must be new, required fields must be set",
    ),
}


def trouble(error: sqlite3.Error, path: Path) -> RecordError:
    """Return what SQLite reported as a `RecordError` with a remedy."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    what, remedy = _WHY.get(primary or -1, ("the record can't be read or written", "check the file"))
    return RecordError(f"{what} ({error})", place=str(path), remedy=remedy)
