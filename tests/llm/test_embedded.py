"""The embedded model answers through the gateway like any endpoint, and goes when its parent goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from moltarium.agents.interface import Message, Reply, Request, Thought, WritePost
from moltarium.sim.llm import embedded
from moltarium.sim.llm.embedded import MODEL, embedded_server
from moltarium.sim.record.errors import ModelUnavailable
from tests.llm.conftest import SCHEMA, GatewayAt, pending


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """One server for this module."""
    with embedded_server(slots=2, window=512) as url:
        yield url


def gives(replies: list[Reply], *requests: Request) -> Any:
    """Return a thought that asks `requests` at once and collects their replies."""

    def thought(number: int) -> Thought:
        replies.extend((yield list(requests)))
        return [WritePost("general", "", "done")]

    return thought


@pytest.mark.embedded
def test_a_schema_bound_chat_and_a_raw_completion(base_url: str, gateway_at: GatewayAt) -> None:
    chat = Request(
        "decide", (Message("user", "Bees are great. What do you do?"),), schema=SCHEMA, max_tokens=60
    )
    raw = Request(
        "write", prompt="Post: I like bees\nReply: So do I.\nPost: Cats\nReply:", stop=("\n",), max_tokens=16
    )
    bound = Request("decide", prompt="Vote:", schema={"enum": ["up", "down"]}, max_tokens=8)
    replies: list[Reply] = []
    gateway = gateway_at(base_url, model=None, deadline_s=30.0)
    assert gateway.preflight() == {"default": MODEL}
    gateway.think(pending(1, gives(replies, chat, raw, bound)))
    chosen = orjson.loads(replies[0].text)
    assert chosen.keys() == {"choice", "why"}
    assert chosen["choice"] in {"post", "vote", "nothing"}
    assert replies[1].text.strip()
    assert "\n" not in replies[1].text
    assert orjson.loads(replies[2].text) in {"up", "down"}
    assert all(reply.tokens_in and reply.tokens_out and not reply.estimated for reply in replies)


@pytest.mark.embedded
def test_a_prompt_beyond_the_window_costs_one_answer(base_url: str, gateway_at: GatewayAt) -> None:
    replies: list[Reply] = []
    gateway = gateway_at(base_url, model=MODEL)
    gateway.think(pending(1, gives(replies, Request("write", prompt="bees " * 2000))))
    assert (replies[0].finish, replies[0].text) == ("too_long", "")


PARENT = """
import sys, time
from moltarium.sim.llm.embedded import embedded_server
with embedded_server(slots=1, window=256) as url:
    print(url, flush=True)
    time.sleep(60)
"""


@pytest.mark.embedded
def test_it_dies_with_a_killed_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout as out:
        url = out.readline().decode().strip()
    assert urllib.request.urlopen(f"{url}/models", timeout=5).status == 200
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{url}/models", timeout=1).close()
        except (urllib.error.URLError, OSError):
            return
        time.sleep(0.05)
    pytest.fail("the server outlived its parent")


DRAINS = """
import signal, time
from moltarium.sim.llm.embedded import embedded_server
signal.signal(signal.SIGINT, lambda *_: print("Ctrl-C", flush=True))  # as a run that drains: it lives on
with embedded_server(slots=1, window=256) as url:
    print(url, flush=True)
    time.sleep(60)
"""


@pytest.mark.embedded
def test_a_terminals_ctrl_c_leaves_it_answering() -> None:
    """A terminal sends it to every process of the run's group, and a run that drains waits for answers."""
    parent = subprocess.Popen([sys.executable, "-c", DRAINS], stdout=subprocess.PIPE, start_new_session=True)
    assert parent.stdout is not None
    with parent.stdout as out:
        url = out.readline().decode().strip()
        os.killpg(parent.pid, signal.SIGINT)
        assert out.readline().decode().strip() == "Ctrl-C"
        asked = orjson.dumps({"prompt": "Bees", "max_tokens": 4})
        request = urllib.request.Request(f"{url}/completions", asked, {"Content-Type": "application/json"})
        for _ in range(3):
            assert "choices" in orjson.loads(urllib.request.urlopen(request, timeout=60).read())
            time.sleep(0.5)
        parent.kill()
    parent.wait()


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "MODEL", "A-model-that-is-not-there")
    with pytest.raises(ModelUnavailable, match=r"moltarium\[embedded\]"):
        embedded.weights()
