"""Rows as a crawler finds them, and what became of them in a record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moltarium.sim.record.moltbook import ImportReport
from moltarium.sim.record.schema import Quarantine
from moltarium.sim.record.store import RunReader

SNAPSHOTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "moltbook"
T = "2026-01-30T08:00:00+00:00"

Import = Callable[..., RunReader]
Accounted = Callable[[ImportReport, RunReader], None]


def post(name: str, **fields: Any) -> dict[str, Any]:
    """Return a post's row."""
    return {
        "id": name,
        "title": "T",
        "content": "x",
        "author": "Ann",
        "submolt": "general",
        "created_at": T,
    } | fields


def comment(name: str, on: str = "p", **fields: Any) -> dict[str, Any]:
    """Return the row of a comment on the post `on`."""
    return {"id": name, "post_id": on, "content": "x", "author": "Bo", "created_at": T, "depth": 1} | fields


def lines(rows: Iterable[Any]) -> str:
    """Return rows as JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def reasons(reader: RunReader) -> dict[str, str]:
    """Return why each refused row was refused, by its place."""
    return {row.place: row.reason for row in reader.rows(Quarantine)}
