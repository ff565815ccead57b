"""From what a scenario says of its models to endpoints that can be asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from moltarium.scenarios.endpoints import EMBEDDED_DEADLINE_S, open_endpoints
from moltarium.scenarios.spec import ModelSpec
from moltarium.sim.llm.endpoint import Endpoint


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("[::1]", True),
        ("127.0.0.1.example.org", False),
        ("10.0.0.1", False),
        ("api.example.org", False),
    ],
)
def test_only_loopback_is_this_machine(host: str, local: bool) -> None:
    """A model there is taken to be free and is asked past any proxy: a name must not pass for an address."""
    assert Endpoint("a", f"http://{host}:8000/v1").local is local


def test_a_scenarios_limits_reach_its_endpoints() -> None:
    limits = {"concurrency": 64, "concurrency_start": 8, "concurrency_floor": 2, "retries": 6}
    rates = {"requests_per_min": 500.0, "tokens_per_min": 2e5}
    url = "http://127.0.0.1:9/v1"
    held = ModelSpec.model_validate({"base_url": url, "deadline": "90s", "patience": "4m", **limits, **rates})
    with open_endpoints({"held": held, "plain": ModelSpec(base_url=url)}) as endpoints:
        given = {name: getattr(endpoints["held"], name) for name in (*limits, *rates)}
        assert given == limits | rates
        assert (endpoints["held"].deadline_s, endpoints["held"].patience_s) == (90, 240)
        assert endpoints["plain"].requests_per_min is None
        assert endpoints["plain"].concurrency_start is None


def test_the_embedded_model_is_given_the_time_that_two_slow_cores_take() -> None:
    elsewhere = ModelSpec(base_url="http://127.0.0.1:9/v1", deadline=timedelta(seconds=7))
    longer = ModelSpec(deadline=timedelta(seconds=2 * EMBEDDED_DEADLINE_S))
    with open_endpoints({"here": ModelSpec(), "longer": longer, "elsewhere": elsewhere}) as endpoints:
        given = {label: endpoint.deadline_s for label, endpoint in endpoints.items()}
    assert given == {"here": EMBEDDED_DEADLINE_S, "longer": 2 * EMBEDDED_DEADLINE_S, "elsewhere": 7.0}
