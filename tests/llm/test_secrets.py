"""A key shows itself nowhere: not in a repr, a message, a traceback, a log or the reply file."""

from __future__ import annotations

import logging
import pickle
import traceback
from pathlib import Path

import pytest

from moltarium.sim.llm.endpoint import Endpoint, Secret
from moltarium.sim.llm.replies import ReplyStore
from moltarium.sim.record.errors import ModelError, ModelRefusedAccess, ModelUnavailable, ScenarioError
from tests.llm.conftest import GatewayAt, pending
from tests.llm.stub_server import status, stub_server

CANARY = "sk-canary-5f2d9e1b7a"


def test_a_secret_masks_itself() -> None:
    endpoint = Endpoint("default", "http://127.0.0.1:9/v1", api_key=Secret(CANARY))
    for shown in (repr(endpoint), str(endpoint), f"{endpoint.api_key}", f"{endpoint.api_key!r}"):
        assert CANARY not in shown
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(endpoint)


def test_credentials_in_an_address_are_refused_without_being_shown() -> None:
    with pytest.raises(ScenarioError, match="holds credentials") as caught:
        Endpoint("default", f"http://me:{CANARY}@127.0.0.1:9/v1")
    assert caught.value.place == "http://127.0.0.1:9/v1"
    assert CANARY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("case", ["answered", "refused", "echoed", "unreachable"])
def test_the_canary_is_found_nowhere(
    case: str,
    tmp_path: Path,
    gateway_at: GatewayAt,
    replies: ReplyStore,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = ""
    with stub_server(api_key="another" if case == "refused" else CANARY) as server:
        if case == "echoed":
            server.script = lambda body, before: status(500, f"proxy dump: Authorization: Bearer {CANARY}")
        url = "http://127.0.0.1:9/v1" if case == "unreachable" else server.base_url
        gateway = gateway_at(url, api_key=Secret(CANARY), retries=1)
        try:
            gateway.preflight()
            gateway.think(pending(2))
        except ModelError as error:
            shown = "".join(traceback.format_exception(error)) + repr(error)
        gateway.close()
    assert (case == "answered") == (not shown)
    shown += repr(gateway.usage) + caplog.text + "".join(capfd.readouterr())
    assert CANARY not in shown
    for file in tmp_path.iterdir():
        assert CANARY.encode() not in file.read_bytes()


def test_preflight_refuses_a_wrong_key_before_anything_is_asked(gateway_at: GatewayAt) -> None:
    with stub_server(api_key="right") as server:
        with pytest.raises(ModelRefusedAccess, match="access refused") as caught:
            gateway_at(server.base_url, api_key=Secret("wrong-key")).preflight()
        assert "wrong-key" not in str(caught.value)
        assert caught.value.place == server.base_url
        assert caught.value.remedy
        assert server.requests == 0


def test_who_forgot_the_key_is_told_so(gateway_at: GatewayAt) -> None:
    with (
        stub_server(api_key="right") as server,
        pytest.raises(ModelRefusedAccess, match="access refused") as caught,
    ):
        gateway_at(server.base_url).preflight()
    assert "no key was sent" in caught.value.remedy
    assert "OPENAI_API_KEY" in caught.value.remedy


def test_preflight_refuses_an_unknown_model_and_accepts_an_unlisted_one(gateway_at: GatewayAt) -> None:
    with stub_server(models=("stub",)) as server:
        with pytest.raises(ModelRefusedAccess, match="no such model"):
            gateway_at(server.base_url, model="unknown").preflight()
        assert gateway_at(server.base_url).preflight() == {"default": "stub"}


def test_preflight_names_an_address_where_nobody_listens(gateway_at: GatewayAt) -> None:
    with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:9") as told:
        gateway_at("http://127.0.0.1:9/v1", retries=1).preflight()
    assert "resume" not in told.value.remedy, "there is no run yet that could be resumed"
