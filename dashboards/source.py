"""One open record and everything computed from it, each thing once."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from moltarium.dashboards.window import ALWAYS, Span, Window
from moltarium.sim.record.coverage import coverage_of
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Run
from moltarium.sim.record.store import RunReader

T = TypeVar("T")

SPANS: Final = 4
"""Parts of a record of which results are kept."""


class Source:
    """A record for the dashboard, read-only.

    Whatever is computed is kept under its name until the record grows (its last ``seq`` moves), so memory
    stays flat over a long live session, and two visitors never compute the same thing twice.

    Parameters
    ----------
    path
        The record's folder.
    whole, span
        The source of the whole record, where this one sees only a span of it. Made by `during`.

    Raises
    ------
    RecordError
        If there is no readable record.
    """

    def __init__(self, path: Path, *, whole: Source | None = None, span: Span = ALWAYS) -> None:
        self.path = path
        """The record's folder."""
        self._reader: RunReader = RunReader(path) if whole is None else whole._reader
        self.record: RunReader | Window = self._reader if whole is None else Window(self._reader, span)
        """The record itself, or the span of it."""
        self.whole: Source = self if whole is None else whole
        """The source that sees all of it."""
        self._spans: OrderedDict[Span, Source] = OrderedDict()
        self._kept: dict[str, tuple[int, Any]] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._gate = threading.Lock()

    @property
    def run(self) -> Run:
        """The record's `Run` row."""
        return self.record.run

    @property
    def synthetic(self) -> bool:
        """Whether the content only serves in place of a real snapshot."""
        return coverage_of(self.run).synthetic

    def during(self, span: Span) -> Source:
        """Return the source of a span of the record; the last `SPANS` asked for keep their results."""
        if span == ALWAYS:
            return self
        with self._gate:
            found = self._spans.pop(span, None) or Source(self.path, whole=self, span=span)
            self._spans[span] = found
            while len(self._spans) > SPANS:
                self._spans.popitem(last=False)
        return found

    def get(self, name: str, compute: Callable[[Source], T]) -> T:
        """Return what `compute` gives for this record, from before if the record has not grown since.

        Parameters
        ----------
        name
            Under which it is kept: one name per function and parameters.
        compute
            Called with this source. What it finds not computable is remembered too.

        Raises
        ------
        NotComputable
            As `compute` did.
        """
        with self._gate:
            lock = self._locks[name]
        with lock:
            last = self.record.last_seq()
            kept = self._kept.get(name)
            if kept is None or kept[0] != last:
                try:
                    kept = (last, compute(self))
                except NotComputable as lack:
                    kept = (last, lack)
                self._kept[name] = kept
        found: Any = kept[1]
        if isinstance(found, NotComputable):
            raise NotComputable(found.needs)
        return cast("T", found)

    def close(self) -> None:
        """Close the record."""
        self.record.close()
