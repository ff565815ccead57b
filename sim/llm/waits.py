"""How long a server asks to wait, in whichever header or body it says so. Pure: the caller has the clock."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

_UNITS: Final = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SPANS: Final = re.compile(rf"(?:{_SPAN.pattern})+")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_FIELDS: Final = {
    "retryafter": 1.0,
    "retryafterseconds": 1.0,
    "retryafterms": 1e-3,
    "retryaftermilliseconds": 1e-3,
    "retryafterminutes": 60.0,
    "retrydelay": 1.0,
}
"""Names of fields in error bodies, without case and marks, with the seconds that 1 in them means."""
_WORDS: Final = re.compile(
    r"\b(?:try again|retry) (?:in|after) (\d+(?:\.\d+)?) ?"
    r"(ms|milliseconds?|s(?=\W|$)|sec|seconds?|m(?=[\W\d]|$)|min|minutes?|h(?=[\W\d]|$)|hours?)"
    r"(?:(\d+(?:\.\d+)?)s)?",
    re.IGNORECASE,
)
"""``try again in 1.2s``, ``6m0s``, ``20 seconds``, ``3 minutes``."""
_EPOCH_S: Final = 1e9
"""A reset above is a moment since 1970 and no span; above 1e12 in milliseconds."""
_READ: Final = 1000
"""Characters of a text in which a wait is looked for: a long one may quote what agents wrote."""
_DEEPEST: Final = 6
"""Levels of an error body in which a wait is looked for."""


def requested_wait(headers: Mapping[str, str], body: Any = None, now_s: float | None = None) -> float | None:
    """Return how many seconds the server asks to wait, in any form it may say so; ``None`` if it doesn't.

    The first that can be read counts: ``retry-after-ms``; ``retry-after`` in seconds, as a span (``20ms``,
    ``6m0s``) or as a date (RFC 9110 §10.2.3); a field of the body such as ``retry_after_seconds``,
    ``retry_after_minutes`` or ``retryDelay``, or its words (``try again in 1.2s``); the latest reset of a
    rate limit, as a span or a moment.

    Parameters
    ----------
    headers
        Response headers with lower-case names.
    body
        The error's body, parsed if it is JSON.
    now_s
        Seconds since 1970, for moments in an answer that has no Date of its own.
    """
    at = _moment(headers.get("date", ""))
    if at is not None:
        now_s = at  # the server's clock and ours may differ: its dates are by its own
    if (wait := _seconds(headers.get("retry-after-ms"), 1e-3)) is not None:
        return wait
    if (after := headers.get("retry-after")) is not None:
        wait = _seconds(after)
        if wait is None and now_s is not None and (until := _moment(after)) is not None:
            wait = max(0.0, until - now_s)
        if wait is not None:
            return wait
    if (wait := max(_said_in(body, _DEEPEST), default=None)) is not None:
        return wait
    names = ("x-ratelimit-reset-requests", "x-ratelimit-reset-tokens", "x-ratelimit-reset", "ratelimit-reset")
    resets = (_reset(headers.get(name), now_s) for name in names)
    return max((wait for wait in resets if wait is not None), default=None)


def _seconds(value: object, unit: float = 1.0) -> float | None:
    """Return the seconds of ``20`` (in `unit`), ``"1.5"``, ``"20ms"`` or ``"6m0s"``."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value * unit if value >= 0 else None
    if not isinstance(value, str):
        return None
    text = value.strip().lower()
    if _NUMBER.fullmatch(text):
        return float(text) * unit
    if _SPANS.fullmatch(text):
        return sum(float(number) * _UNITS[name] for number, name in _SPAN.findall(text))
    return None


def _moment(text: str) -> float | None:
    """Return a date as in RFC 9110 or ISO 8601 in seconds since 1970; without a zone it is UTC."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(text.strip())
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _reset(value: str | None, now_s: float | None) -> float | None:
    seconds = _seconds(value)
    if seconds is None or seconds < _EPOCH_S:
        return seconds
    moment = seconds / 1000 if seconds > 1000 * _EPOCH_S else seconds
    return None if now_s is None else max(0.0, moment - now_s)


def _said_in(body: Any, levels: int) -> Iterator[float]:
    """Yield every wait that an error's body asks for."""
    if isinstance(body, str):
        for number, unit, seconds in _WORDS.findall(body[:_READ]):
            name = "ms" if unit.lower().startswith(("ms", "milli")) else unit[0].lower()
            yield float(number) * _UNITS[name] + float(seconds or 0)
    elif levels and isinstance(body, list):
        for each in body:
            yield from _said_in(each, levels - 1)
    elif levels and isinstance(body, dict):
        for name, each in body.items():
            unit = _FIELDS.get(str(name).lower().replace("_", "").replace("-", ""))
            if unit is not None and (wait := _seconds(each, unit)) is not None:
                yield wait
            else:
                yield from _said_in(each, levels - 1)
