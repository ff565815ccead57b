"""Embeddings from an endpoint: over real HTTP, in order, retried, paid for once, under ceilings."""

from __future__ import annotations

import numpy as np
import pytest

from moltarium.sim.llm.budget import Budget, Ceilings
from moltarium.sim.llm.embedding import BATCH, EndpointEmbedder
from moltarium.sim.llm.endpoint import Endpoint
from moltarium.sim.llm.gateway import Gateway
from moltarium.sim.llm.replies import MEMORY, ReplyStore
from moltarium.sim.record.errors import CeilingReached, ModelUnavailable
from tests.llm.conftest import GatewayAt
from tests.llm.stub_server import Fault, hashed_vector, status, stub_server

TEXTS = [f"post {number}" for number in range(2 * BATCH + 3)]


def test_vectors_come_back_in_order_and_equal_texts_are_sent_once(gateway_at: GatewayAt) -> None:
    with stub_server() as server:
        embedder = EndpointEmbedder(gateway_at(server.base_url), "default", "stub")
        found = embedder.encode([*TEXTS, " ", TEXTS[0], "half \ud83d"])
        again = embedder.encode(TEXTS)
    wanted = np.array([hashed_vector(text) for text in TEXTS])
    np.testing.assert_allclose(
        found[: len(TEXTS)], wanted / np.linalg.norm(wanted, axis=1, keepdims=True), atol=1e-6
    )
    np.testing.assert_array_equal(again, found[: len(TEXTS)])
    assert not found[len(TEXTS)].any()
    np.testing.assert_array_equal(found[len(TEXTS) + 1], found[0])
    sent = [text for body in server.bodies for text in body["input"]]
    assert sorted(sent[: len(TEXTS) + 1]) == sorted([*TEXTS, "half ?"])
    assert embedder.usage.calls == server.requests
    assert embedder.usage.tokens_in > 0


def test_faults_are_retried_and_vectors_that_make_no_sense_refused(gateway_at: GatewayAt) -> None:
    short = Fault("raw", body=b'{"data": [{"index": 0, "embedding": [1, 2]}, {"index": 1, "embedding": []}]}')
    for fault in (status(503), status(429), Fault("malformed"), short):
        with stub_server(script=lambda body, before, fault=fault: fault if before == 0 else None) as server:
            embedder = EndpointEmbedder(gateway_at(server.base_url), "default", "stub")
            assert embedder.encode([f"{fault.kind} {fault.status}", "b"]).shape == (2, 8)
            assert server.requests == 2
    with stub_server(script=lambda body, before: short) as server:
        embedder = EndpointEmbedder(gateway_at(server.base_url, retries=1), "default", "stub")
        with pytest.raises(ModelUnavailable):
            embedder.encode(["c", "d"])
    with stub_server(script=lambda body, before: status(400, "maximum context length exceeded")) as server:
        embedder = EndpointEmbedder(gateway_at(server.base_url), "default", "stub")
        with pytest.raises(ModelUnavailable, match="refuses a batch"):
            embedder.encode(["e", "f"])


def test_a_ceiling_stops_it_before_it_is_passed() -> None:
    with stub_server() as server, ReplyStore(MEMORY) as replies:
        endpoint = Endpoint("default", server.base_url, model="stub", concurrency=1)
        budget = Budget(Ceilings(max_tokens=1_500))
        with Gateway({"default": endpoint}, replies, 0, budget=budget) as gateway:
            embedder = EndpointEmbedder(gateway, "default", "stub")
            with pytest.raises(CeilingReached):
                embedder.encode([f"{text} {'word ' * 30}" for text in TEXTS])
        assert budget.spent.tokens <= 1_500
        assert server.requests < 3
