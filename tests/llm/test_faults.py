"""Every transport fault over real HTTP: classified, retried N times at most, or said in full."""

from __future__ import annotations

import gzip
import random
import resource
import time
from pathlib import Path
from typing import Any

import pytest

from moltarium.agents.interface import Message, Request, Thought, WritePost
from moltarium.sim.llm.bounded import LONGEST, LONGEST_PACKED
from moltarium.sim.llm.failures import Trouble
from moltarium.sim.llm.lane import STRIKES
from moltarium.sim.llm.replies import ReplyStore
from moltarium.sim.record.errors import ModelRefusedAccess, ModelUnavailable
from tests.llm.conftest import SCHEMA, GatewayAt, branching, pending
from tests.llm.stub_server import Fault, Script, status, stub_server

PACKED = {"Content-Encoding": "gzip"}
NOISE = random.Random(1).randbytes(LONGEST_PACKED + 1)
TRANSIENT = {
    "429": (status(429), Trouble.RATE_LIMITED),
    "429, seconds": (status(429, retry_after="0.01"), Trouble.RATE_LIMITED),
    "429, milliseconds": (status(429, retry_after_ms="10"), Trouble.RATE_LIMITED),
    "429, a past date": (status(429, retry_after="Wed, 28 Jan 2026 10:00:00 GMT"), Trouble.RATE_LIMITED),
    "500": (status(500), Trouble.OVERLOADED),
    "503, seconds": (status(503, retry_after="0.01"), Trouble.OVERLOADED),
    "529": (status(529), Trouble.OVERLOADED),
    "hang": (Fault("hang"), Trouble.TIMED_OUT),
    "drip": (Fault("drip"), Trouble.TIMED_OUT),
    "cut": (Fault("cut"), Trouble.UNREACHABLE),
    "reset": (Fault("reset"), Trouble.UNREACHABLE),
    "bad gzip": (Fault("gzip"), Trouble.UNREACHABLE),
    "packed beyond measure": (
        Fault("raw", headers=PACKED, body=gzip.compress(NOISE, 1)),
        Trouble.UNREACHABLE,
    ),
    "HTML page": (Fault("html"), Trouble.GARBLED),
    "malformed JSON": (Fault("malformed"), Trouble.GARBLED),
    "error inside a 200": (Fault("raw", body=b'{"error": {"code": 503}}'), Trouble.OVERLOADED),
}


def first(times: int, fault: Fault) -> Script:
    """Fail the first `times` requests of each kind."""
    return lambda body, before: fault if before < times else None


@pytest.mark.parametrize("name", TRANSIENT)
def test_a_transient_fault_is_retried_and_leaves_no_trace(name: str, gateway_at: GatewayAt) -> None:
    fault, trouble = TRANSIENT[name]
    with stub_server(script=first(1, fault)) as server:
        gateway = gateway_at(server.base_url, deadline_s=1.0)
        outcome = gateway.think(pending(1))[0]
        assert server.requests == 2
    assert isinstance(outcome.actions[0], WritePost)
    assert outcome.actions[0].body.startswith("answer ")
    assert dict(gateway.usage.troubles) == {trouble: 1}
    assert (gateway.usage.retries, gateway.usage.calls) == (1, 1)


DEADLINE_S = {"429": 30.0, "500": 30.0, "hang": 0.5, "reset": 30.0, "HTML page": 30.0}
"""Short only where the deadline is what is tested: a busy machine may take longer than that to connect."""


@pytest.mark.parametrize("name", sorted(DEADLINE_S))
@pytest.mark.parametrize("retries", [0, 2])
def test_exactly_n_plus_one_requests_reach_the_server(name: str, retries: int, gateway_at: GatewayAt) -> None:
    with stub_server(script=first(99, TRANSIENT[name][0])) as server:
        with pytest.raises(ModelUnavailable, match=f"{retries + 1} attempts"):
            gateway_at(server.base_url, retries=retries, deadline_s=DEADLINE_S[name]).think(pending(1))
        assert server.requests == retries + 1


def test_who_is_refused_for_asking_too_much_is_told_what_to_turn_down(gateway_at: GatewayAt) -> None:
    with (
        stub_server(script=first(9, status(429))) as server,
        pytest.raises(ModelUnavailable, match="rate limited") as told,
    ):
        gateway_at(server.base_url, retries=0).think(pending(1))
    assert "`requests_per_min`" in told.value.remedy


def test_a_requested_wait_is_honoured(gateway_at: GatewayAt) -> None:
    with stub_server(script=first(1, status(429, retry_after="0.4"))) as server:
        began = time.perf_counter()
        gateway_at(server.base_url).think(pending(1))
        assert time.perf_counter() - began >= 0.4


def test_a_wait_requested_before_the_first_call_is_honoured(gateway_at: GatewayAt) -> None:
    slow, absurd = status(429, retry_after="0.4"), status(503, retry_after="86400")
    with stub_server(listing=(slow,)) as server:
        began = time.perf_counter()
        assert gateway_at(server.base_url).preflight() == {"default": "stub"}
        assert time.perf_counter() - began >= 0.4
    with stub_server(listing=(absurd,)) as server:
        with pytest.raises(ModelUnavailable, match="server error"):
            gateway_at(server.base_url).preflight()
        assert not server.listing


def test_an_absurd_wait_ends_at_once_and_says_so(gateway_at: GatewayAt) -> None:
    with stub_server(script=first(9, status(429, retry_after="86400"))) as server:
        with pytest.raises(ModelUnavailable, match="asks to wait 86400 s"):
            gateway_at(server.base_url).think(pending(1))
        assert server.requests == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (status(401, "Incorrect API key"), "access refused"),
        (status(403), "access refused"),
        (status(404, "The model does not exist"), "access refused"),
        (status(402), "quota exhausted"),
        (status(429, "You exceeded your current quota (insufficient_quota)"), "quota exhausted"),
        (status(400, "messages must alternate"), "unsupported parameter"),
    ],
)
def test_what_no_retry_can_mend_is_not_retried(fault: Fault, words: str, gateway_at: GatewayAt) -> None:
    with stub_server(script=first(9, fault)) as server:
        with pytest.raises(ModelRefusedAccess, match=words):
            gateway_at(server.base_url).think(pending(1))
        assert server.requests == 1


def test_an_answer_without_an_end_is_cut_off(gateway_at: GatewayAt) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with stub_server(script=first(1, Fault("flood"))) as server:
        gateway = gateway_at(server.base_url, deadline_s=30.0)
        gateway.think(pending(1))
    assert dict(gateway.usage.troubles) == {Trouble.UNREACHABLE: 1}
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < 8 * LONGEST / 2**20


def test_nobody_there(gateway_at: GatewayAt) -> None:
    with pytest.raises(ModelUnavailable, match="not reachable") as caught:
        gateway_at("http://127.0.0.1:9/v1?x=1", retries=1).think(pending(1))
    assert caught.value.place == "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("fault", "finish"),
    [
        (status(400, "maximum context length is 2048 tokens"), "too_long"),
        (status(400, "blocked by content_filter"), "refusal"),
        (status(422, "something about this one request"), "rejected"),
    ],
)
def test_a_request_at_fault_costs_one_answer_and_not_the_run(
    fault: Fault, finish: str, gateway_at: GatewayAt
) -> None:
    def thought(number: int) -> Thought:
        replies = yield [Request("write", (Message("user", f"{number}"),))]
        return [WritePost(replies[0].finish, "", replies[0].text)]

    with stub_server(
        script=lambda body, before: fault if body["messages"][0]["content"] == "1" else None
    ) as server:
        gateway = gateway_at(server.base_url, concurrency=1)
        outcomes = gateway.think(pending(3, thought))
        assert outcomes == gateway.think(pending(3, thought))
        assert server.requests == 3
    assert [outcome.actions[0][0] for outcome in outcomes] == ["stop", finish, "stop"]
    assert outcomes[1].actions == [WritePost(finish, "", "")]


def test_missing_usage_is_estimated_and_marked(gateway_at: GatewayAt) -> None:
    with stub_server(usage=False) as server:
        gateway = gateway_at(server.base_url)
        call = gateway.think(pending(1))[0].calls[0]
    assert call.estimated
    assert call.tokens_in > 0
    assert gateway.usage.estimated == 1


def choosing(number: int) -> Thought:
    """Ask for one schema-bound answer."""
    replies = yield [Request("decide", (Message("user", f"{number}"),), schema=SCHEMA)]
    return [WritePost("general", "", replies[0].text)]


@pytest.mark.parametrize(("understands", "way"), [("tools", "tool"), ("nothing", "json")])
def test_a_server_without_schemas_is_asked_in_another_way_from_then_on(
    understands: str, way: str, gateway_at: GatewayAt
) -> None:
    def script(body: dict[str, Any], before: int) -> Fault | None:
        known = {"tools"} if understands == "tools" else set()
        unknown = {"response_format", "tools"} & body.keys() - known
        return status(400, f"unknown parameter {unknown}") if unknown else None

    with stub_server(script=script) as server:
        gateway = gateway_at(server.base_url, retries=0)
        gateway.think(pending(1, choosing))
        finding_out = server.requests
        assert finding_out == (2 if way == "tool" else 3)
        keys = [
            call.request_sha
            for outcome in gateway.think(pending(5, choosing, step=2))
            for call in outcome.calls
        ]
        assert server.requests == finding_out + 5
    with stub_server() as server:
        strict = gateway_at(server.base_url)
        assert keys == [
            call.request_sha for out in strict.think(pending(5, choosing, step=2)) for call in out.calls
        ]


def test_a_way_that_has_worked_is_kept(gateway_at: GatewayAt) -> None:
    def script(body: dict[str, Any], before: int) -> Fault | None:
        return status(400, "odd") if body["messages"][0]["content"] == "2" else None

    with stub_server(script=script) as server:
        outcomes = gateway_at(server.base_url, concurrency=1).think(pending(5, choosing))
        assert all("response_format" in body for body in server.bodies)
        assert server.requests == 5
    assert [bool(outcome.calls[0].reply_text) for outcome in outcomes] == [True, True, False, True, True]


def test_many_calls_at_once_find_the_dialect_together(gateway_at: GatewayAt) -> None:
    def script(body: dict[str, Any], before: int) -> Fault | None:
        return status(400, "response_format?") if "response_format" in body else None

    with stub_server(latency=0.02, script=script) as server:
        outcomes = gateway_at(server.base_url, concurrency=30).think(pending(30, choosing))
        assert len(outcomes) == 30
        assert server.requests == 60


def test_a_storm_of_faults_changes_no_outcome(gateway_at: GatewayAt, tmp_path: Path) -> None:
    draw = random.Random(3)
    kinds = [status(429, retry_after="0.01"), status(500), Fault("cut"), Fault("malformed"), Fault("reset")]

    def storm(body: dict[str, Any], before: int) -> Fault | None:
        return draw.choice(kinds) if draw.random() < 0.25 else None

    with stub_server() as server:
        calm = gateway_at(server.base_url).think(pending(80, branching))
    with stub_server(script=storm) as server, ReplyStore(tmp_path / "storm.sqlite") as store:
        gateway = gateway_at(server.base_url, store, retries=12, concurrency=24)
        assert gateway.think(pending(80, branching)) == calm
        assert max(server.by_body.values()) <= 13
        assert (
            server.requests
            == gateway.usage.calls + gateway.usage.retries
            == store.count() + gateway.usage.retries
        )
        assert gateway.usage.retries > 20


def test_a_dead_server_is_not_hammered(gateway_at: GatewayAt) -> None:
    with stub_server(script=first(999, status(503))) as server:
        with pytest.raises(ModelUnavailable):
            gateway_at(server.base_url, concurrency=64, retries=4).think(pending(500))
        assert server.requests <= 64 + STRIKES + 5
