"""The canonical digest: one hash over what a record says, blind to how and when it was written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson

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
        kept = [i for i, field in enumerate(table._fields) if (name, field) not in UNDIGESTED_COLUMNS]
        whole = len(kept) == len(table._fields)
        for row in record.rows(table):
            sha.update(_line(name, row if whole else [row[i] for i in kept]))
    return sha.hexdigest()


def _line(name: str, values: Sequence[Any]) -> bytes:
    plain = [name, *(repr(value) if type(value) is float else value for value in values)]
    try:
        return orjson.dumps(plain, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return orjson.dumps([_spelt(value) for value in plain], option=orjson.OPT_APPEND_NEWLINE)


def _spelt(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return {"utf8": value.encode("utf-8", "surrogatepass").hex()}
    return value
