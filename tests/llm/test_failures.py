"""Every failure has one class, every Retry-After one meaning, every backoff a bound."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.sim.llm.failures import BACKOFF_CEILING_S, Trouble, backoff, classify
from moltarium.sim.llm.waits import requested_wait

NOW = "Wed, 28 Jan 2026 10:00:00 GMT"
NOW_S = 1769594400.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "250ms"}, 0.25),
        ({"retry-after": "1m30s"}, 90.0),
        ({"retry-after-ms": "750"}, 0.75),
        ({"retry-after-ms": "750", "retry-after": "20"}, 0.75),
        ({"retry-after": "Wed, 28 Jan 2026 10:01:00 GMT", "date": NOW}, 60.0),
        ({"retry-after": "Wed, 28 Jan 2026 09:00:00 GMT", "date": NOW}, 0.0),
        ({"retry-after": "Wed, 28 Jan 2026 10:01:00 GMT"}, 60.0),
        ({"retry-after": "Wednesday, 28-Jan-26 10:01:00 GMT", "date": NOW}, 60.0),
        ({"retry-after": "Wed Jan 28 10:01:00 2026", "date": NOW}, 60.0),
        ({"retry-after": "2026-01-28T10:01:00Z", "date": NOW}, 60.0),
        ({"retry-after": "Wed, 28 Jan 2026 10:01:00 GMT", "date": "Wed, 28 Jan 2026 10:00:50 GMT"}, 10.0),
        ({"retry-after": "Wed, 28 Jan 2026 10:01:00 GMT", "date": "garbled"}, 60.0),
        ({"retry-after": "soon", "x-ratelimit-reset-requests": "2s"}, 2.0),
        ({"retry-after-ms": "-1", "retry-after": "3"}, 3.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": ""}, None),
        ({"ratelimit-reset": "7"}, 7.0),
        ({"x-ratelimit-reset": "1769594430"}, 30.0),
        ({"x-ratelimit-reset": "1769594430500"}, 30.5),
        ({"retry-after": "soon", "date": NOW}, None),
        ({"retry-after": "-5"}, None),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        ({"x-ratelimit-reset-requests": "garbage"}, None),
        ({"retry-after": "999999999"}, 999999999.0),
    ],
)
def test_requested_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert requested_wait(headers, now_s=NOW_S) == seconds


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"retry_after_seconds": 7}, 7.0),
        ({"error": {"retry_after_minutes": 3}}, 180.0),
        ({"retryAfterMs": 250}, 0.25),
        ({"retry_after": "1m30s"}, 90.0),
        ({"retry_after": -4}, None),
        ({"retry_after": True}, None),
        ([{"error": {"details": [{"retryDelay": "38s"}]}}], 38.0),
        ({"error": {"message": "Rate limit reached. Please try again in 1.2s. Visit our site."}}, 1.2),
        ({"error": {"message": "Please try again in 6m5s."}}, 365.0),
        ("Please retry after 20 seconds.", 20.0),
        ("try again in 250ms", 0.25),
        ("try again in 2 minutes", 120.0),
        ("try again in a while", None),
        ({"error": {"message": "x" * 5000 + " try again in 900s"}}, None),
    ],
)
def test_a_wait_may_stand_in_the_body(body: object, seconds: float | None) -> None:
    assert requested_wait({}, body) == pytest.approx(seconds)
    assert requested_wait({"retry-after": "5"}, body) == 5.0


@given(
    st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "date", "ratelimit-reset"]), st.text())
)
def test_any_header_is_a_wait_or_none(headers: dict[str, str]) -> None:
    wait_s = requested_wait(headers, now_s=NOW_S)
    assert wait_s is None or wait_s >= 0


@pytest.mark.parametrize(
    ("status", "message", "trouble"),
    [
        (429, "slow down", Trouble.RATE_LIMITED),
        (429, "You exceeded your current quota, please check your plan", Trouble.OUT_OF_QUOTA),
        (429, "You exceeded your current quota. Please retry in 38.2s.", Trouble.RATE_LIMITED),
        (429, "insufficient_quota: try again in 1s", Trouble.OUT_OF_QUOTA),
        (429, "Rate limit reached for m. Add a payment method at example.com/billing", Trouble.RATE_LIMITED),
        (402, "Payment required", Trouble.OUT_OF_QUOTA),
        (500, "oops", Trouble.OVERLOADED),
        (529, "overloaded_error", Trouble.OVERLOADED),
        (408, "timeout", Trouble.OVERLOADED),
        (401, "Incorrect API key", Trouble.NO_ACCESS),
        (404, "The model does not exist", Trouble.NO_ACCESS),
        (400, "Unsupported parameter: seed", Trouble.UNSUPPORTED),
        (422, "response_format: extra fields not permitted", Trouble.UNSUPPORTED),
        (400, "This model's maximum context length is 8192 tokens", Trouble.TOO_LONG),
        (400, "request (5001 tokens) exceeds the available context size", Trouble.TOO_LONG),
        (413, "payload too large", Trouble.TOO_LONG),
        (400, "The response was filtered: content_filter", Trouble.FILTERED),
    ],
)
def test_classes(status: int, message: str, trouble: Trouble) -> None:
    body = orjson.dumps({"error": {"message": message}})
    assert classify(status, {}, body).trouble is trouble


@given(st.integers(400, 599), st.binary(max_size=400))
def test_any_answer_is_classified_in_one_short_printable_line(status: int, body: bytes) -> None:
    failure = classify(status, {}, body)
    assert failure.detail
    assert failure.detail.isprintable()
    assert len(failure.detail) <= 200


@given(st.text(), st.integers(0, 40), st.floats(0.001, 60))
def test_backoff_is_foretold_and_bounded(key: str, attempt: int, mean_s: float) -> None:
    wait_s = backoff(key, attempt, mean_s)
    assert 0 < wait_s <= min(BACKOFF_CEILING_S, 2 * mean_s * 2.0**attempt)
    assert wait_s == backoff(key, attempt, mean_s)


def test_backoff_doubles_on_average_and_differs_between_calls() -> None:
    means = [sum(backoff(f"{key}", n, 0.5) for key in range(2000)) / 2000 for n in range(3)]
    assert means == pytest.approx([0.5, 1.0, 2.0], rel=0.1)
