"""Simulated time: UTC only, in whole microseconds, never read from the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Return microseconds since 1970-01-01 UTC.

    Raises
    ------
    ValueError
        If `moment` has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return (moment - EPOCH) // MICROSECOND


def from_us(t: int) -> datetime:
    """Return the UTC moment `t` microseconds after 1970-01-01."""
    return EPOCH + timedelta(microseconds=t)


class Clock(NamedTuple):
    """The scheduler's time axis: step k covers [start + k·tick, start + (k+1)·tick).

    Step 0 is the opening: what a society is seeded with. The first tick is step 1.
    """

    start: datetime
    tick: timedelta

    def moment(self, step: int) -> datetime:
        """Return the moment at which `step` begins."""
        return self.start + step * self.tick

    def us(self, step: int) -> int:
        """Return `moment(step)` in microseconds since 1970."""
        return to_us(self.start) + step * (self.tick // MICROSECOND)
