"""A span of a record's time, named by the address: every page can be asked about a part of what happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import pandas as pd

from moltarium.analysis.period import Period
from moltarium.dashboards.parts import Query
from moltarium.sim.record.schema import R, Row, Run
from moltarium.sim.record.store import RunReader

KEYS: Final = ("since", "until")
"""Under which a span stands in the address, in ISO 8601."""


class Span(NamedTuple):
    """From when on, and until when, in microseconds since 1970 UTC."""

    since: int
    until: int


ALWAYS: Final = Span(-(2**63), 2**63 - 1)
"""The whole record."""


def span_of(query: Query) -> Span:
    """Return the span that the address asks for; what is no moment, or ends before it begins, is ignored."""
    since, until = (_microseconds(query.get(key, "")) for key in KEYS)
    asked = Span(
        ALWAYS.since if since is None else since,
        ALWAYS.until if until is None else until,
    )
    return asked if asked.since < asked.until else ALWAYS


def _microseconds(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1e6)


class Window:
    """An open record of which only a span is seen: what pages read is there, under the same names.

    Parameters
    ----------
    record
        The whole record.
    span
        What is seen of it.
    """

    def __init__(self, record: RunReader, span: Span) -> None:
        self._record = record
        self._part = Period(record, *span)

    @property
    def run(self) -> Run:
        """The record's one `Run` row."""
        return self._record.run

    def has(self, need: type[Row] | str) -> bool:
        """Whether a table or a ``table.column`` is known."""
        return self._record.has(need)

    def rows(self, table: type[R]) -> Iterator[R]:
        """The rows of one table in the span, in order of ``seq``."""
        return self._part.rows(table)

    def rows_where(self, table: type[R], **equal: str | int | None) -> Iterator[R]:
        """The rows of one table in the span whose columns equal the given values, in order of ``seq``."""
        return self._part.held(table, self._record.rows_where(table, **equal))

    def count(self, table: type[Row]) -> int:
        """The number of rows of one table in the span."""
        return self._part.count(table)

    def frame(self, table: type[Row]) -> pd.DataFrame:
        """One table as a frame."""
        return self._part.frame(table)

    def still(self) -> AbstractContextManager[Any]:
        """As `RunReader.still`."""
        return self._record.still()

    def last_seq(self) -> int:
        """The largest ``seq`` of the whole record: what was computed of a span is kept until it moves."""
        return self._record.last_seq()

    def last_step(self) -> int | None:
        """The last complete tick of the whole record."""
        return self._record.last_step()

    def blob(self, sha: str) -> str | None:
        """The text under a hash."""
        return self._record.blob(sha)

    def close(self) -> None:
        """Leave the record open: it is the whole's."""
