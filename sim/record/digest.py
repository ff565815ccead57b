"""The canonical digest: one hash over what a record says, blind to how and when it was written."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from moltarium.sim.record.layout import columns
from moltarium.sim.record.schema import TABLES, UNDIGESTED, UNDIGESTED_COLUMNS
from moltarium.sim.record.view import Record


def digest(record: Record) -> str:
    """Return the record's canonical sha256 in hex.

    Every table outside `UNDIGESTED` in the schema's order, rows by ``seq``, each as one line of JSON:
    ``[table, field, …]`` without `UNDIGESTED_COLUMNS`. Reals are written by ``repr`` as text, so that no
    JSON library's notation enters the hash; text that is not valid Unicode as ``{"utf8": hex}``. Batches,
    commits, blobs, telemetry and wall-clock times leave no trace.
    """
    sha = hashlib.sha256()
    for name, table in TABLES.items():
        if table in UNDIGESTED:
            continue
        fields = [(i, column) for i, column in enumerate(columns(table))]
        kept = [i for i, column in fields if (name, column.name) not in UNDIGESTED_COLUMNS]
        reals = [place + 1 for place, i in enumerate(kept) if fields[i][1].kind is float]
        for row in record.rows(table):
            values: list[Any] = [name, *row] if len(kept) == len(fields) else [name, *(row[i] for i in kept)]
            for i in reals:
                values[i] = repr(float(values[i]) + 0.0)  # −0.0 and 0.0 are one number, and so to SQLite
            sha.update(line(values))
    return sha.hexdigest()


def line(values: list[Any]) -> bytes:
    """Return a row as one line of JSON; text that is not valid Unicode as ``{"utf8": hex}``."""
    try:
        return orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return orjson.dumps([_spelt(value) for value in values], option=orjson.OPT_APPEND_NEWLINE)


def _spelt(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return {"utf8": value.encode("utf-8", "surrogatepass").hex()}
    return value
