"""Say of what a run lacks which run that is, and which one would have it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moltarium.sim.record.errors import NotComputable


@contextmanager
def asked_of(folder: Path, remedy: str) -> Iterator[None]:
    """Add the run's folder and what to do to any `NotComputable` that is raised inside.

    Parameters
    ----------
    folder
        The run or snapshot that is asked.
    remedy
        Which record would have what is missing, or what to ask for instead.
    """
    try:
        yield
    except NotComputable as lack:
        raise NotComputable(lack.needs, place=str(folder), remedy=lack.remedy or remedy) from lack
