"""What can go wrong between a request and its reply, and what to do about each.

Classification is pure: a status, headers and a body in, a `Failure` out. The one retry loop stands in
`sim.llm.client`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, Final, NamedTuple

import orjson


class Halted(Exception):
    """The run stops (an outage, a ceiling, the user), so this call was not sent."""


class Trouble(Enum):
    """Kinds of failure, by what helps."""

    RATE_LIMITED = "rate limited"
    """429: wait, then again; fewer calls at once."""
    OVERLOADED = "server error"
    """5xx, 408, 409, 425: again after a while."""
    TIMED_OUT = "no answer within the deadline"
    """Hang or slow drip: again."""
    UNREACHABLE = "not reachable"
    """Refused, reset or cut connection, bad encoding: again."""
    GARBLED = "answer that is no completion"
    """200 with HTML, cut JSON or no choices: again."""
    UNSUPPORTED = "unsupported parameter"
    """400 or 422: ask in another way."""
    TOO_LONG = "prompt longer than the model's window"
    """The request's own fault: an empty reply with finish ``"too_long"``."""
    FILTERED = "prompt refused by the endpoint's filter"
    """The request's own fault: an empty reply with finish ``"refusal"``."""
    NO_ACCESS = "access refused"
    """401, 403, 404: wrong key or unknown model; no use in trying again."""
    OUT_OF_QUOTA = "quota exhausted"
    """402, or a 429 that says so: no use in trying again."""


RETRYABLE: Final = frozenset(
    {
        Trouble.RATE_LIMITED,
        Trouble.OVERLOADED,
        Trouble.TIMED_OUT,
        Trouble.UNREACHABLE,
        Trouble.GARBLED,
    }
)
"""Failures of transport: the same request may well succeed later."""


class Failure(NamedTuple):
    """One failed attempt."""

    trouble: Trouble
    detail: str
    """What the endpoint said, cut to a line."""
    wait_s: float | None = None
    """How long the endpoint asked to wait."""
    status: int | None = None


_TROUBLE_BY_STATUS: Final = {
    401: Trouble.NO_ACCESS,
    402: Trouble.OUT_OF_QUOTA,
    403: Trouble.NO_ACCESS,
    404: Trouble.NO_ACCESS,
    408: Trouble.OVERLOADED,
    409: Trouble.OVERLOADED,
    413: Trouble.TOO_LONG,
    425: Trouble.OVERLOADED,
    429: Trouble.RATE_LIMITED,
}
_QUOTA: Final = re.compile(r"insufficient_quota|exceeded your current quota|billing|credit balance", re.I)
_LENGTH: Final = re.compile(
    r"context_length|context length|context size|context window|maximum context|too many tokens|too long"
    r"|exceed_context",
    re.I,
)
_FILTER: Final = re.compile(r"content_filter|content_policy|responsible_ai|safety", re.I)
_DETAIL_LENGTH: Final = 200


def _said(body: bytes) -> str:
    """Return the message of an error body in one printable line."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body.decode("utf-8", "replace")
    else:
        error = parsed.get("error", parsed) if isinstance(parsed, dict) else parsed
        text = str(error)
        if isinstance(error, dict):
            named = (str(error[part]) for part in ("code", "type", "param", "message") if error.get(part))
            text = " · ".join(named) or text
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:_DETAIL_LENGTH]


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """Return what an answer with an error status means.

    Parameters
    ----------
    status
        HTTP status, or the code inside an error that came with status 200.
    headers
        Response headers with lower-case names.
    body
        The answer's body.
    """
    said = _said(body)
    trouble = _TROUBLE_BY_STATUS.get(status)
    if trouble is None:
        trouble = Trouble.OVERLOADED if status >= 500 else Trouble.UNSUPPORTED
    if trouble is Trouble.RATE_LIMITED and _QUOTA.search(said):
        trouble = Trouble.OUT_OF_QUOTA
    if trouble is Trouble.UNSUPPORTED and _LENGTH.search(said):
        trouble = Trouble.TOO_LONG
    if trouble in {Trouble.UNSUPPORTED, Trouble.NO_ACCESS} and _FILTER.search(said):
        trouble = Trouble.FILTERED
    return Failure(trouble, said or f"status {status}", requested_wait(headers), status)


_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SPAN_S: Final = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _span(text: str) -> float | None:
    """Return the seconds of ``"20"``, ``"1.5"``, ``"20ms"`` or ``"6m0s"``."""
    text = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if re.fullmatch(rf"(?:{_SPAN.pattern})+", text):
        return sum(float(number) * _SPAN_S[unit] for number, unit in _SPAN.findall(text))
    return None


def _until(date: str, now: str | None) -> float | None:
    """Return the seconds from the answer's own Date to an HTTP date: the server's clock, never ours."""
    if now is None:
        return None
    try:
        seconds: float = (parsedate_to_datetime(date) - parsedate_to_datetime(now)).total_seconds()
    except (ValueError, TypeError):
        return None
    return max(0.0, seconds)


def requested_wait(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds the server asks to wait, in any form it may say so; ``None`` if it doesn't.

    Forms: ``retry-after-ms``; ``retry-after`` in seconds, as a span (``20ms``, ``6m0s``) or as a date
    (RFC 9110 §10.2.3); ``x-ratelimit-reset-requests`` and ``-tokens`` as spans, the longer of the two.
    """
    milliseconds = headers.get("retry-after-ms")
    if milliseconds is not None and (wait := _span(milliseconds)) is not None:
        return wait / 1000
    after = headers.get("retry-after")
    if after is not None:
        wait = _span(after)
        return wait if wait is not None else _until(after, headers.get("date"))
    resets = (headers.get(f"x-ratelimit-reset-{what}") for what in ("requests", "tokens"))
    spans = [wait for reset in resets if reset is not None and (wait := _span(reset)) is not None]
    return max(spans, default=None)


BACKOFF_CEILING_S: Final = 30.0
"""Longest wait of our own choice."""


def backoff(key: str, attempt: int, mean_s: float) -> float:
    """Return the seconds to wait before another attempt: exponential with full jitter.

    Uniform on (0, 2·mean·2^attempt], at most `BACKOFF_CEILING_S`. The draw comes from the request's key, so a
    test can foretell it; it never touches a result.

    Parameters
    ----------
    key
        The request's key.
    attempt
        0 after the first failure.
    mean_s
        Mean wait after the first failure.
    """
    span = min(BACKOFF_CEILING_S, 2 * mean_s * 2.0**attempt)
    return span * (1 - random.Random(f"{key}:{attempt}").random())


def mentions(failure: Failure, *names: str) -> bool:
    """Whether the endpoint's complaint names one of the parameters."""
    return any(name in failure.detail for name in names)


def embedded_error(parsed: Mapping[str, Any]) -> Failure | None:
    """Return the failure inside an answer that came with status 200, as some routers send it."""
    error = parsed.get("error")
    if not error:
        return None
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else 502
    return classify(status, {}, orjson.dumps({"error": error}))
