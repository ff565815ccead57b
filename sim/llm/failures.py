"""What can go wrong between a request and its reply, and what to do about each.

Classification is pure: a status, headers and a body in, a `Failure` out. The one retry loop stands in
`sim.llm.client`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, NamedTuple

import orjson

from moltarium.sim.llm.waits import requested_wait


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
_OUT_OF_QUOTA: Final = re.compile(
    r"insufficient_(?:quota|funds|balance|credits)|billing_(?:hard_limit_reached|not_active)|credit balance",
    re.I,
)
_SAYS_QUOTA: Final = re.compile(r"exceeded your current quota|quota exceeded|out of credits", re.I)
"""Some say so of a minute's limit too: then they also say how long to wait."""
_LENGTH: Final = re.compile(
    r"context_length|context length|context size|context window|maximum context|too many tokens|too long"
    r"|exceed_context",
    re.I,
)
_FILTER: Final = re.compile(r"content_filter|content_policy|responsible_ai|safety", re.I)
_DETAIL_LENGTH: Final = 200
_READ: Final = 4096
"""Of what an endpoint says: an error page may be long."""


def _read(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body[:_READ].decode("utf-8", "replace")


def _said(parsed: Any) -> str:
    """Return the message of an error body in one printable line."""
    error = parsed.get("error", parsed) if isinstance(parsed, dict) else parsed
    text = str(error)
    if isinstance(error, dict):
        named = (str(error[part]) for part in ("code", "type", "param", "message") if error.get(part))
        text = " · ".join(named) or text
    printable = "".join(letter if letter.isprintable() else " " for letter in text[:_READ])
    return " ".join(printable.split())


def classify(status: int, headers: Mapping[str, str], body: bytes, now_s: float | None = None) -> Failure:
    """Return what an answer with an error status means.

    Parameters
    ----------
    status
        HTTP status, or the code inside an error that came with status 200.
    headers
        Response headers with lower-case names.
    body
        The answer's body.
    now_s
        Seconds since 1970, for waits until a moment.
    """
    parsed = _read(body)
    said = _said(parsed)
    wait_s = requested_wait(headers, parsed, now_s)
    trouble = _TROUBLE_BY_STATUS.get(status)
    if trouble is None:
        trouble = Trouble.OVERLOADED if status >= 500 else Trouble.UNSUPPORTED
    spent = _OUT_OF_QUOTA.search(said) or (wait_s is None and _SAYS_QUOTA.search(said))
    if trouble is Trouble.RATE_LIMITED and spent:
        trouble = Trouble.OUT_OF_QUOTA
    if trouble is Trouble.UNSUPPORTED and _LENGTH.search(said):
        trouble = Trouble.TOO_LONG
    if trouble in {Trouble.UNSUPPORTED, Trouble.NO_ACCESS} and _FILTER.search(said):
        trouble = Trouble.FILTERED
    return Failure(trouble, said[:_DETAIL_LENGTH] or f"status {status}", wait_s, status)


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
