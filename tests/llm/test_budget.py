"""Ceilings bind before the money is spent, and a run goes on from them without paying twice."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.sim.llm.budget import NOTHING, Budget, Ceilings, Cost
from moltarium.sim.llm.endpoint import Endpoint
from moltarium.sim.llm.failures import Halted
from moltarium.sim.llm.gateway import Gateway
from moltarium.sim.llm.meter import Meter
from moltarium.sim.llm.prices import Prices, price_of, shipped_as_of, shipped_prices
from moltarium.sim.llm.replies import MEMORY, ReplyStore
from moltarium.sim.record.errors import CeilingReached
from tests.llm.conftest import GatewayAt, pending
from tests.llm.stub_server import Fault, hashed_answer, stub_server

PRICES = Prices(2.0, 1.0, 10.0)


def bounded(base_url: str, replies: ReplyStore, ceilings: Ceilings, spent: Cost = NOTHING) -> Gateway:
    endpoint = Endpoint("default", base_url, model="stub", prices=PRICES, concurrency=8)
    return Gateway({"default": endpoint}, replies, seed=7, budget=Budget(ceilings, spent))


def long_answer(body: dict[str, Any]) -> str:
    """Nearly as long as a request allows, so that worst cases are not far from what is paid."""
    return hashed_answer(body) + " word" * 180


def test_a_dollar_ceiling_stops_before_it_is_broken_and_goes_on_when_raised(replies: ReplyStore) -> None:
    with stub_server(latency=(0.0, 0.004), answer=long_answer) as server:
        with ReplyStore(MEMORY) as free, bounded(server.base_url, free, Ceilings()) as whole:
            outcomes = whole.think(pending(60))
            cost = whole.usage.cost_usd
        asked = server.requests
        ceiling = cost / 2
        with bounded(server.base_url, replies, Ceilings(budget_usd=ceiling)) as gateway:
            with pytest.raises(CeilingReached, match="budget ceiling"):
                gateway.think(pending(60))
            assert 0 < gateway.usage.calls < 60
            assert gateway.usage.cost_usd <= ceiling
            spent = gateway.budget.spent
        with bounded(server.base_url, replies, Ceilings(budget_usd=cost * 2), spent) as gateway:
            assert [o.actions for o in gateway.think(pending(60))] == [o.actions for o in outcomes]
        assert server.requests == 2 * asked, "nothing was paid for twice"


def test_a_token_ceiling_counts_what_earlier_sessions_used(replies: ReplyStore) -> None:
    with stub_server() as server:
        with (
            bounded(server.base_url, replies, Ceilings(max_tokens=5000), Cost(0.0, 4999)) as gateway,
            pytest.raises(CeilingReached, match="token ceiling of 5,000"),
        ):
            gateway.think(pending(3))
        assert server.requests == 0


def test_a_ceiling_says_how_much_was_used_and_what_is_lacking() -> None:
    budget = Budget(Ceilings(budget_usd=1.0, max_tokens=1000), Cost(0.9, 100))
    with pytest.raises(CeilingReached, match=r"1 USD is reached \(0.9 spent, the next call may cost 0.2\)"):
        budget.reserve(Cost(0.2, 10))
    with pytest.raises(
        CeilingReached, match=r"1,000 tokens is reached \(100 used, the next call may take 901\)"
    ):
        budget.reserve(Cost(0.0, 901))
    budget.spent = Cost(1.25, 2000)
    with pytest.raises(CeilingReached, match=r"\(1.25 spent\)"):
        budget.check()


def test_a_time_ceiling_ends_a_wait_for_a_slow_server(replies: ReplyStore) -> None:
    with stub_server(latency=0.3) as server:
        with bounded(server.base_url, replies, Ceilings(max_wall_s=0.5)) as gateway:
            began = time.monotonic()
            with pytest.raises(CeilingReached, match="time ceiling"):
                gateway.think(pending(200))
            assert time.monotonic() - began < 5
        assert replies.count() == server.requests, "what was in flight is kept"


@given(
    st.floats(0.1, 10), st.lists(st.tuples(st.floats(0.01, 3), st.floats(0, 1), st.booleans()), max_size=40)
)
def test_spent_and_reserved_never_exceed_the_ceiling(
    ceiling: float, calls: list[tuple[float, float, bool]]
) -> None:
    budget = Budget(Ceilings(budget_usd=ceiling))
    open_calls: list[tuple[Cost, float]] = []
    for worst_usd, share, settle in calls:
        worst = Cost(worst_usd, 1)
        try:
            if budget.reserve(worst):
                open_calls.append((worst, share))
        except CeilingReached:
            assert not open_calls, "as long as something is in flight there may be room"
        assert budget.spent.usd + budget.reserved.usd <= ceiling * (1 + 1e-9)
        if settle and open_calls:
            worst, share = open_calls.pop(0)
            budget.settle(worst, Cost(worst.usd * share, 1))


@given(
    st.floats(6, 6000),
    st.lists(st.tuples(st.floats(0.1, 50), st.floats(0, 3)), min_size=1, max_size=60),
)
def test_no_minute_passes_more_than_its_limit(per_minute: float, amounts: list[tuple[float, float]]) -> None:
    meter = Meter(per_minute)
    now = 0.0
    passed: list[tuple[float, float]] = []
    for amount, pause in amounts:
        now += pause
        now += meter.wait(amount, now)
        assert meter.wait(amount, now) <= 1e-6
        meter.take(amount, now)
        passed.append((now, amount))
    burst = max(1.0, per_minute / 60)
    for start, _ in passed:
        within = [amount for at, amount in passed if start <= at < start + 60]
        assert sum(within) <= per_minute + burst + max(within) + 1e-6


def test_requests_per_minute_hold_calls_back(gateway_at: GatewayAt) -> None:
    with stub_server() as server:
        gateway = gateway_at(server.base_url, requests_per_min=1200)
        began = time.monotonic()
        gateway.think(pending(40))
        assert time.monotonic() - began >= (40 - 20) / 20 * 0.95
        assert server.requests == 40


def test_tokens_per_minute_hold_calls_back(gateway_at: GatewayAt) -> None:
    with stub_server(answer=long_answer) as server:
        gateway = gateway_at(server.base_url, tokens_per_min=60 * 1000)
        began = time.monotonic()
        gateway.think(pending(12))
        used = gateway.usage.tokens_in + gateway.usage.tokens_out
        assert time.monotonic() - began >= (used - 2 * 1000) / 1000 > 0.5


def test_the_concurrency_can_be_changed_from_outside(gateway_at: GatewayAt) -> None:
    with stub_server(latency=0.01) as server:
        gateway = gateway_at(server.base_url, concurrency=16)
        gateway.think(pending(1))
        gateway.set_concurrency(2)
        gateway.think(pending(20, step=2))
        assert server.most_in_flight <= 2


def test_a_raised_concurrency_reaches_the_server(gateway_at: GatewayAt) -> None:
    """No pool of connections made for the old limit holds calls back: they would spend their deadline so."""
    with stub_server(latency=0.3) as server:
        gateway = gateway_at(server.base_url, concurrency=1)
        gateway.think(pending(1))
        gateway.set_concurrency(24)
        gateway.think(pending(24, step=2))
        assert server.most_in_flight == 24


def test_a_changed_fingerprint_is_noticed(gateway_at: GatewayAt) -> None:
    def answer(number: int) -> Fault:
        said = {
            "model": "stub",
            "system_fingerprint": f"fp_{number // 3}",
            "choices": [
                {"message": {"content": 'a "system_fingerprint": "fp_fake"'}, "finish_reason": "stop"}
            ],
        }
        return Fault("raw", 200, {"Content-Type": "application/json"}, orjson.dumps(said))

    asked = iter(range(100))
    with stub_server(script=lambda body, before: answer(next(asked))) as server:
        gateway = gateway_at(server.base_url, concurrency=1)
        gateway.think(pending(6))
    assert [(met.fingerprint, count) for met, count in gateway.usage.met.items()] == [
        ("fp_0", 3),
        ("fp_1", 3),
    ]


def test_a_stopped_gateway_sends_nothing_more(gateway_at: GatewayAt, replies: ReplyStore) -> None:
    with stub_server() as server:
        gateway = gateway_at(server.base_url)
        gateway.think(pending(2))
        gateway.stop()
        with pytest.raises(Halted):
            gateway.think(pending(5, step=2))
        assert server.requests == replies.count() == 2


def test_prices_cover_dated_and_routed_names() -> None:
    table = shipped_prices()
    assert "as_of" not in table
    assert re.fullmatch(r"20\d\d-\d\d", shipped_as_of())
    assert (
        price_of("openai/gpt-4o-mini-2024-07-18", table) == table["gpt-4o-mini"] == Prices(0.15, 0.075, 0.6)
    )
    assert price_of("my-own-model", table) is None
    assert all(0 <= p.tokens_cached <= p.tokens_in <= p.tokens_out for p in table.values())


def test_a_waiting_call_wakes_when_another_settles() -> None:
    async def play() -> list[str]:
        budget = Budget(Ceilings(max_tokens=10))
        order: list[str] = []
        assert budget.reserve(Cost(0.0, 9))

        async def second() -> None:
            while not budget.reserve(Cost(0.0, 5)):
                await budget.room()
            order.append("second")

        waiting = asyncio.ensure_future(second())
        await asyncio.sleep(0)
        order.append("first")
        budget.settle(Cost(0.0, 9), Cost(0.0, 3))
        await waiting
        return order

    assert asyncio.run(play()) == ["first", "second"]
