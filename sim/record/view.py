"""What every reader of a record can rely on, whether rows lie in SQLite or in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pandas as pd

from moltarium.sim.record.schema import R, Row, Run


class Record(Protocol):
    """A run record, read-only: a simulated run, a snapshot, or either seen through the keyhole."""

    @property
    def run(self) -> Run:
        """The record's one `Run` row."""
        ...

    def has(self, need: type[Row] | str) -> bool:
        """Whether a table (``Vote``, ``"vote"``) or a column (``"comment.parent"``) is known here.

        False means *unknown*: a metric must then raise `NotComputable`, never count zero.
        """
        ...

    def rows(self, table: type[R]) -> Iterator[R]:
        """All rows of one table in order of ``seq``; none if the table is unknown."""
        ...

    def count(self, table: type[Row]) -> int:
        """The number of rows of one table."""
        ...

    def frame(self, table: type[Row]) -> pd.DataFrame:
        """One table as a pandas frame, a column per field, in order of ``seq``; ``t`` as UTC datetimes."""
        ...
