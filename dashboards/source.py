"""One open record and everything computed from it, each thing once."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from moltarium.sim.record.coverage import coverage_of
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Run
from moltarium.sim.record.store import RunReader

T = TypeVar("T")


class Source:
    """A record for the dashboard, read-only.

    Whatever is computed is kept under its name until the record grows (its last ``seq`` moves), so memory
    stays flat over a long live session, and two visitors never compute the same thing twice.

    Parameters
    ----------
    path
        The record's folder.

    Raises
    ------
    RecordError
        If there is no readable record.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        """The record's folder."""
        self.record = RunReader(path)
        """The record itself."""
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
