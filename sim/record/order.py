"""One total order over several tables."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from operator import itemgetter
from typing import Any

from moltarium.sim.record.schema import Dated
from moltarium.sim.record.view import Record


def in_order(record: Record, *tables: type[Any]) -> Iterator[Dated]:
    """Yield the rows of several dated tables merged by ``seq``, with bounded memory.

    Parameters
    ----------
    record
        Any record; unknown tables yield nothing.
    tables
        Dated row types, e.g. ``*EVENTS`` for all that the platform folds.
    """
    return merge(*(record.rows(table) for table in tables), key=itemgetter(0))
