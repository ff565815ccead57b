"""Order, concurrency, caches and interruptions change nothing in what a thought comes to."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from moltarium.agents.interface import Abstain, Request, Thought
from moltarium.sim.llm.endpoint import Endpoint
from moltarium.sim.llm.gateway import Gateway, Progress
from moltarium.sim.llm.keys import text_sha
from moltarium.sim.llm.prices import Prices
from moltarium.sim.llm.replies import ReplyStore
from moltarium.sim.record.errors import ModelRefusedAccess, ModelUnavailable, ScenarioError
from tests.llm.conftest import GatewayAt, branching, pending, single
from tests.llm.stub_server import Fault, status, stub_server


def test_outcomes_do_not_depend_on_concurrency_or_on_the_order_of_answers(
    tmp_path: Path, gateway_at: GatewayAt
) -> None:
    seen = []
    for concurrency in (1, 16, 64):
        with (
            stub_server(latency=(0.0, 0.004), seed=concurrency) as server,
            ReplyStore(tmp_path / f"{concurrency}.sqlite") as store,
        ):
            gateway = gateway_at(server.base_url, store, concurrency=concurrency)
            seen.append(gateway.think(pending(60, branching)))
            assert server.most_in_flight <= concurrency
            assert server.requests == store.count() == gateway.usage.calls
    assert seen[0] == seen[1] == seen[2]
    assert len({outcome.actions[0] for outcome in seen[0]}) > 40


def test_the_requests_of_one_yield_go_out_together(gateway_at: GatewayAt) -> None:
    def wide(number: int) -> Thought:
        replies = yield [Request("write", prompt=f"{number} {draft}") for draft in range(8)]
        return [Abstain("test", reply.text) for reply in replies]

    with stub_server(latency=0.1) as server:
        outcome = gateway_at(server.base_url, concurrency=8).think(pending(1, wide))[0]
        assert server.most_in_flight == 8
    assert [call.request_text.count(f'"0 {place}"') for place, call in enumerate(outcome.calls)] == [1] * 8


def test_calls_are_kept_with_all_that_the_record_wants(gateway_at: GatewayAt) -> None:
    with stub_server() as server:
        gateway = gateway_at(server.base_url, prices=Prices(2.0, 1.0, 10.0))
        call = gateway.think(pending(1))[0].calls[0]
    assert call.purpose == "write"
    assert call.request_sha == text_sha(call.request_text)
    assert call.reply_sha == text_sha(call.reply_text)
    assert call.model == "stub"
    assert (call.tokens_in, call.tokens_cached, call.tokens_out, call.estimated) == (11, 5, 4, False)
    assert call.cost_usd == pytest.approx((6 * 2.0 + 5 * 1.0 + 4 * 10.0) / 1e6)
    assert gateway.usage.cost_usd == call.cost_usd


def test_replay_asks_nothing(tmp_path: Path, gateway_at: GatewayAt) -> None:
    with stub_server() as server:
        first = gateway_at(server.base_url).think(pending(20, branching))
        asked = server.requests
        again = gateway_at(server.base_url).think(pending(20, branching))
        assert server.requests == asked
    with ReplyStore(tmp_path / "new.sqlite", fallback=tmp_path / "replies.sqlite") as store:
        elsewhere = gateway_at("http://127.0.0.1:9/v1", store, concurrency=3)
        assert elsewhere.think(pending(20, branching)) == again == first
        assert (elsewhere.usage.hits, elsewhere.usage.calls, store.count()) == (asked, 0, 0)


def test_another_seed_or_step_is_another_draw(replies: ReplyStore, gateway_at: GatewayAt) -> None:
    with stub_server() as server:
        gateway = gateway_at(server.base_url)
        gateway.think(pending(5, step=1))
        gateway.think(pending(5, step=2))
        with Gateway({"default": Endpoint("default", server.base_url, "stub")}, replies, seed=8) as other:
            other.think(pending(5, step=1))
        assert replies.count() == server.requests == 15


def test_equal_prompts_of_different_agents_are_independent_draws(gateway_at: GatewayAt) -> None:
    with stub_server() as server:
        outcomes = gateway_at(server.base_url).think(pending(12, lambda _: single(0)))
    assert len({outcome.actions[0] for outcome in outcomes}) == 12


def test_an_outage_keeps_what_arrived_and_the_rest_is_asked_later(
    replies: ReplyStore, gateway_at: GatewayAt
) -> None:
    def ill(body: dict[str, object], before: int) -> Fault | None:
        return status(500) if "Agent 7:" in str(body) else None

    with stub_server(latency=0.03, script=ill) as server:
        gateway = gateway_at(server.base_url, concurrency=20, retries=1)
        with pytest.raises(ModelUnavailable, match="server error"):
            gateway.think(pending(20))
        arrived = replies.count()
        assert arrived == 19
        server.script = None
        outcomes = gateway.think(pending(20))
        assert [outcome.actions[0][1] for outcome in outcomes] == [str(number) for number in range(20)]
        assert server.requests == 20 + 2


def test_after_a_final_failure_nothing_new_is_sent(gateway_at: GatewayAt) -> None:
    with stub_server(latency=0.02, script=lambda body, before: status(401)) as server:
        with pytest.raises(ModelUnavailable.__mro__[1], match="refused"):
            gateway_at(server.base_url, concurrency=4).think(pending(100))
        assert server.requests <= 4


def test_the_cause_is_told_and_not_what_followed_from_it(gateway_at: GatewayAt) -> None:
    """Of two requests of one thought the first waits for its retry while the second ends the run."""

    def pair(number: int) -> Thought:
        yield [Request("write", prompt=f"{number} {draft}") for draft in ("first", "second")]
        return []

    def ill(body: dict[str, object], before: int) -> Fault | None:
        return status(500) if "first" in str(body) else status(401)

    with stub_server(latency=0.02, script=ill) as server:
        with pytest.raises(ModelRefusedAccess, match="access refused"):
            gateway_at(server.base_url, concurrency=1, backoff_s=5.0).think(pending(1, pair))
        assert server.requests == 2


def test_a_thought_begun_goes_before_new_ones(gateway_at: GatewayAt) -> None:
    with stub_server(latency=0.002) as server:
        gateway_at(server.base_url, concurrency=1).think(pending(6, branching))
        kinds = ["chat" if "messages" in body else "raw" for body in server.bodies]
    first = "".join("c" if kind == "chat" else "r" for kind in kinds)
    assert first.startswith("ccr") or first.startswith("cr")
    assert "cccc" not in first


def test_a_fault_in_a_mind_is_raised_as_it_is(gateway_at: GatewayAt, replies: ReplyStore) -> None:
    def faulty(number: int) -> Thought:
        yield [Request("write", prompt=f"{number}")]
        if number == 3:
            raise ZeroDivisionError("a bug in a mind")
        return []

    with stub_server(latency=0.01) as server:
        with pytest.raises(ZeroDivisionError, match="a bug in a mind"):
            gateway_at(server.base_url, concurrency=8).think(pending(8, faulty))
        assert replies.count() == 8


def test_a_model_that_is_not_declared_is_named(gateway_at: GatewayAt) -> None:
    def lost(number: int) -> Thought:
        yield [Request("write", prompt="x", model="nowhere")]
        return []

    with pytest.raises(ScenarioError, match="'nowhere'"):
        gateway_at("http://127.0.0.1:9/v1").think(pending(1, lost))


def test_the_first_listed_model_is_taken_where_none_is_named(gateway_at: GatewayAt) -> None:
    with stub_server(models=("first", "second")) as server:
        gateway = gateway_at(server.base_url, model=None)
        assert gateway.think(pending(3))[0].calls[0].model == "first"
        assert gateway.preflight() == {"default": "first"}


def test_progress_counts_to_the_end(replies: ReplyStore) -> None:
    seen: list[Progress] = []
    with stub_server() as server:
        endpoints = {"default": Endpoint("default", server.base_url, "stub")}
        with Gateway(endpoints, replies, seed=0, on_progress=seen.append) as gateway:
            gateway.think(pending(9))
    assert [(progress.done, progress.total) for progress in seen] == [(n, 9) for n in range(1, 10)]


def test_it_works_where_a_loop_already_runs(gateway_at: GatewayAt) -> None:
    async def notebook(base_url: str) -> int:
        return len(gateway_at(base_url).think(pending(3)))

    with stub_server() as server:
        assert asyncio.run(notebook(server.base_url)) == 3


INTERRUPTED = """
import signal
import sys
import time
from pathlib import Path
from moltarium.sim.llm.endpoint import Endpoint
from moltarium.sim.llm.gateway import Gateway
from moltarium.sim.llm.replies import ReplyStore
from tests.llm.conftest import pending

# Whoever starts the tests in the background may have turned Ctrl-C off for all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
store = ReplyStore(Path(sys.argv[1]))
gateway = Gateway({"default": Endpoint("default", sys.argv[2], "stub", concurrency=5)}, store, 7)
try:
    gateway.think(pending(50))
except KeyboardInterrupt:
    gateway.close()
    sys.exit(99)
"""


@pytest.mark.parametrize(("blow", "code"), [(signal.SIGINT, 99), (signal.SIGKILL, -9)])
def test_an_interrupted_run_pays_for_no_reply_twice(
    tmp_path: Path, gateway_at: GatewayAt, replies: ReplyStore, blow: signal.Signals, code: int
) -> None:
    with stub_server(latency=0.1) as server:
        child = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED, str(tmp_path / "replies.sqlite"), server.base_url],
            cwd=Path(__file__).parents[2],
        )
        while server.requests < 12:
            assert child.poll() is None
            time.sleep(0.01)
        os.kill(child.pid, blow)
        assert child.wait(10) == code
        before = server.requests
        if blow is signal.SIGINT:
            assert replies.count() == before, "what was in flight is awaited and kept"
        kept = replies.count()
        assert kept >= 5
        gateway_at(server.base_url).think(pending(50))
        assert server.requests == before + 50 - kept


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    with stub_server(script=lambda body, before: Fault("hang")) as server:
        child = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED, str(tmp_path / "own.sqlite"), server.base_url],
            cwd=Path(__file__).parents[2],
        )
        while server.requests < 5:
            assert child.poll() is None
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.3)
        child.send_signal(signal.SIGINT)
        assert child.wait(10) == 99
