"""Points in time as a user writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from moltarium.sim.record.errors import ScenarioError

RESOLUTION: Final = timedelta(microseconds=1)
"""Records count time in these."""


def moment(option: str, text: str | None) -> datetime | None:
    """Return the moment that an option gives, in UTC unless it names a zone; ``None`` if it is not given.

    Raises
    ------
    ScenarioError
        If the text is no ISO 8601 time.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ScenarioError(
            "is not an ISO 8601 time",
            place=f"{option} {text}",
            remedy="write 2026-01-30 or 2026-01-30T08:00:00Z",
        ) from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def microseconds(option: str, text: str | None) -> int | None:
    """Return the same as microseconds since 1970 UTC, as records count."""
    found = moment(option, text)
    return None if found is None else (found - datetime(1970, 1, 1, tzinfo=UTC)) // RESOLUTION
