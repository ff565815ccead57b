"""A record held in memory: the keyhole view and planted worlds for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from moltarium.sim.record.coverage import coverage_of
from moltarium.sim.record.schema import R, Row, Run
from moltarium.sim.record.tables import frame


class MemoryRecord:
    """Rows in memory behind the `Record` protocol.

    Parameters
    ----------
    run
        What the record is; its coverage decides what is known.
    tables
        Rows by type, in any order. A known table that is not named here is empty.

    Raises
    ------
    ValueError
        If rows are given for a table that the coverage calls missing.
    """

    def __init__(self, run: Run, tables: Mapping[type[Any], Sequence[Row]] | None = None) -> None:
        self._run = run
        self._coverage = coverage_of(run)
        self._tables: dict[type[Any], tuple[Any, ...]] = {Run: (run,)}
        for table, rows in (tables or {}).items():
            if rows and not self.has(table):
                raise ValueError(f"{table.__name__} has rows, but the coverage calls it missing")
            dated = table._fields[0] == "seq"
            self._tables[table] = tuple(sorted(rows, key=lambda row: row[0])) if dated else tuple(rows)

    @property
    def run(self) -> Run:
        """The record's one `Run` row."""
        return self._run

    def has(self, need: type[Row] | str) -> bool:
        """Whether a table or a ``table.column`` is known."""
        return self._coverage.knows(need)

    def rows(self, table: type[R]) -> Iterator[R]:
        """All rows of one table in order of ``seq``."""
        return iter(self._tables.get(table, ()))

    def count(self, table: type[Row]) -> int:
        """The number of rows of one table."""
        return len(self._tables.get(table, ()))

    def frame(self, table: type[Row]) -> pd.DataFrame:
        """One table as a frame (see `moltarium.sim.record.tables.frame`)."""
        return frame(table, self._tables.get(table, ()))
