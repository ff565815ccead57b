"""Every failure has one class, every Retry-After one meaning, every backoff a bound."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.sim.llm.failures import BACKOFF_CEILING_S, Trouble, backoff, classify, requested_wait

NOW = "Wed, 28 Jan 2026 10:00:00 GMT"


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
        ({"retry-after": "Wed, 28 Jan 2026 10:01:00 GMT"}, None),
        ({"retry-after": "soon", "date": NOW}, None),
        ({"retry-after": "-5"}, None),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        ({"x-ratelimit-reset-requests": "garbage"}, None),
        ({"retry-after": "999999999"}, 999999999.0),
    ],
)
def test_requested_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert requested_wait(headers) == seconds


@pytest.mark.parametrize(
    ("status", "message", "trouble"),
    [
        (429, "slow down", Trouble.RATE_LIMITED),
        (429, "You exceeded your current quota, please check your plan", Trouble.OUT_OF_QUOTA),
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
