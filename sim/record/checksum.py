"""Checksums: a sum per table that a flipped bit in any of its rows would change, kept with every commit.

A seal (`moltarium.sim.record.seal`) covers a record at rest. One whose writer was killed has none, and SQLite
checks the structure of its pages, not their content. These sums are committed together with the rows that
they cover, so they hold at every moment of a record's life, the one after a ``kill -9`` included.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, Final
from zlib import crc32

from moltarium.sim.record.digest import line
from moltarium.sim.record.layout import columns, decoder
from moltarium.sim.record.schema import TABLE_OF, TABLES, Blob, Row

DDL: Final = "CREATE TABLE checksum (name TEXT PRIMARY KEY, rows INTEGER NOT NULL, sum INTEGER NOT NULL)"
"""One row per table that has rows; ``progress`` stands there too, with its step as the sum."""

_MODULUS: Final = 2**62
"""Two sums below it add up within SQLite's 64 bits."""

_ADD: Final = (
    "INSERT INTO checksum VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
    f"rows = rows + excluded.rows, sum = (sum + excluded.sum) % {_MODULUS}"
)

_PROGRESS: Final = "INSERT OR REPLACE INTO checksum SELECT 'progress', 1, step FROM progress"

_SHA256_HEX: Final = 64


def kept(database: sqlite3.Connection) -> bool:
    """Whether a record has checksums; one that was written before there were any has none."""
    return database.execute("SELECT 1 FROM sqlite_master WHERE name = 'checksum'").fetchone() is not None


def total(table: type[Row], rows: Iterable[Row]) -> int:
    """Return the sum of the rows' CRC-32: the same in whatever order and batches they come."""
    flags, reals = (
        tuple(i for i, column in enumerate(columns(table)) if column.kind is kind) for kind in (bool, float)
    )
    found = 0
    for row in rows:
        values: list[Any] = list(row)
        for i in flags:
            values[i] = bool(values[i])
        for i in reals:
            if values[i] is not None:
                values[i] = float(values[i]) + 0.0  # as SQLite gives it back: −0.0 is 0.0 to it, 1 is 1.0
        found += crc32(line(values))
    return found % _MODULUS


def add(database: sqlite3.Connection, table: type[Row], rows: list[Row]) -> None:
    """Add rows of one table that the open transaction has inserted.

    Blobs are left out: their key is their checksum, and one that is there already is not inserted again.
    """
    if table is not Blob:
        database.execute(_ADD, (TABLE_OF[table], len(rows), total(table, rows)))


def add_progress(database: sqlite3.Connection) -> None:
    """Note the step that the open transaction has written."""
    database.execute(_PROGRESS)


def lay(database: sqlite3.Connection) -> None:
    """Make the checksums of what is there, within the open transaction."""
    database.execute("DROP TABLE IF EXISTS checksum")
    database.execute(DDL)
    for table in TABLES.values():
        add(database, table, list(_rows(database, table)))
    database.execute(_PROGRESS)


def faults(database: sqlite3.Connection) -> Iterator[str]:
    """Yield what is not as it was committed.

    The caller sees to it that all is read of one moment, and that there are checksums.
    """
    said = {name: (rows, found) for name, rows, found in database.execute("SELECT * FROM checksum")}
    for name, table in TABLES.items():
        if table is not Blob and _counted(database, table) != said.get(name, (0, 0)):
            yield f"the rows of table {name} are not those that were written"
    if database.execute("SELECT 1, step FROM progress").fetchone() != said.get("progress"):
        yield "the last complete step is not the one that was written"
    for sha, text in database.execute("SELECT sha, text FROM blob"):
        if len(str(sha)) == _SHA256_HEX and _sha256(text) != sha:
            yield f"the text filed under {str(sha)[:12]}… is not the one that was written"


def _counted(database: sqlite3.Connection, table: type[Row]) -> tuple[int, int] | None:
    """Return a table's number of rows and their sum; ``None`` if a value is not of its column's type."""
    name = TABLE_OF[table]
    count = int(database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])
    try:
        return count, total(table, _rows(database, table))
    except (TypeError, ValueError):
        return None


def _sha256(text: Any) -> str:
    content = text if isinstance(text, bytes) else str(text).encode()
    return hashlib.sha256(content).hexdigest()


def _rows(database: sqlite3.Connection, table: type[Row]) -> Iterator[Row]:
    names = ", ".join(f'"{field}"' for field in table._fields)
    return map(decoder(table), database.execute(f'SELECT {names} FROM "{TABLE_OF[table]}"'))
