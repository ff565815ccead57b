"""A model server of our own for tests and benchmarks: OpenAI-compatible, deterministic, and ill on demand."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

Answer = Callable[[dict[str, Any]], str]
"""From a request's body to the model's text."""


def hashed_answer(body: dict[str, Any]) -> str:
    """Return a text that depends on the request alone; for a schema, a JSON object of its properties."""
    digest = hashlib.sha256(orjson.dumps(body.get("messages") or body.get("prompt"))).hexdigest()
    draw = random.Random(f"{digest}:{body.get('seed')}")
    schema = schema_of(body)
    if schema is None:
        return f"answer {draw.getrandbits(48):012x}"
    return orjson.dumps(
        {name: _value(part, draw) for name, part in schema.get("properties", {}).items()}
    ).decode()


def acting_answer(body: dict[str, Any]) -> str:
    """Return one action that the request's schema allows, drawn from the request: what an `LLMMind` obeys."""
    digest = hashlib.sha256(orjson.dumps(body.get("messages"))).hexdigest()
    draw = random.Random(f"{digest}:{body.get('seed')}")
    schema = schema_of(body)
    offered = [] if schema is None else schema["properties"]["actions"]["items"].get("anyOf", [])
    if not offered:
        return orjson.dumps({"actions": [], "memory": ""}).decode()
    action = {
        name: draw.choice(part["enum"]) if "enum" in part else " ".join(draw.choices(_WORDS, k=24))
        for name, part in draw.choice(offered)["properties"].items()
    }
    memory = " ".join(draw.choices(_WORDS, k=8)) if draw.random() < 0.3 else ""
    return orjson.dumps({"actions": [action], "memory": memory}).decode()


def hashed_vector(text: str) -> list[float]:
    """Return eight numbers that depend on the text alone."""
    return [byte - 127.5 for byte in hashlib.sha256(text.encode()).digest()[:8]]


_WORDS = (
    "we",
    "agree",
    "that",
    "slow",
    "tools",
    "teach",
    "patience",
    "happy",
    "crabs",
    "build",
    "reefs",
    "moons",
)
ANSWERS: dict[str, Answer] = {"hashed": hashed_answer, "acting": acting_answer}
"""Answers by the name under which a process of its own is told of them."""


def _value(part: dict[str, Any], draw: random.Random) -> Any:
    if "enum" in part:
        return draw.choice(part["enum"])
    if "const" in part:
        return part["const"]
    if part.get("type") == "integer":
        return draw.randint(part.get("minimum", 0), part.get("maximum", 9))
    if part.get("type") == "boolean":
        return draw.random() < 0.5
    if part.get("type") == "number":
        return round(draw.uniform(part.get("minimum", 0), part.get("maximum", 1)), 3)
    if part.get("type") == "array":
        return []
    return f"text {draw.getrandbits(32):08x}"


def schema_of(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema that a request asks for, in whichever way."""
    if (form := body.get("response_format")) and form.get("type") == "json_schema":
        return dict(form["json_schema"]["schema"])
    if tools := body.get("tools"):
        return dict(tools[0]["function"]["parameters"])
    return None


@dataclass(frozen=True)
class Fault:
    """One way of going wrong, instead of answering."""

    kind: str
    """``status``, ``hang``, ``drip``, ``cut``, ``html``, ``malformed``, ``gzip``, ``flood``,
    ``reset``, ``raw``."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b'{"error": {"message": "scripted"}}'


def status(code: int, message: str = "scripted", **headers: str) -> Fault:
    """Return an error answer; header names are given with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault("status", code, named, orjson.dumps({"error": {"message": message}}))


_PIECES = {
    "drip": (b" ", 1000, {"Content-Length": "1000"}),
    "cut": (b" ", 1, {"Content-Length": "1000"}),
    "flood": (b" " * 2**20, 1000, {}),
}
"""What is sent bit by bit: the bit, how often, and what was promised."""

Script = Callable[[dict[str, Any], int], Fault | None]
"""From a request's body and how often that body came before to a fault, or ``None`` to answer."""


class StubServer:
    """The server's state: what it does, and what it was asked."""

    def __init__(
        self,
        latency: float | tuple[float, float] = 0.0,
        answer: Answer = hashed_answer,
        script: Script | None = None,
        models: tuple[str, ...] = ("stub",),
        api_key: str | None = None,
        usage: bool = True,
        seed: int = 0,
        listing: tuple[Fault, ...] = (),
    ) -> None:
        self.latency = latency
        self.answer = answer
        self.script = script
        self.models = models
        self.api_key = api_key
        self.usage = usage
        self.listing = list(listing)
        self.base_url = ""
        self.bodies: list[dict[str, Any]] = []
        self.by_body: Counter[bytes] = Counter()
        self.in_flight = 0
        self.most_in_flight = 0
        self._draw = random.Random(seed)

    @property
    def requests(self) -> int:
        """Completions asked for, faults included."""
        return len(self.bodies)

    def app(self) -> web.Application:
        """Return the aiohttp application."""
        app = web.Application()
        app.router.add_get("/v1/models", self._list)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_post("/v1/completions", self._complete)
        app.router.add_post("/v1/embeddings", self._complete)
        return app

    def _denied(self, request: web.Request) -> web.Response | None:
        sent = request.headers.get("Authorization", "")
        if self.api_key is None or sent == f"Bearer {self.api_key}":
            return None
        return web.json_response({"error": {"message": f"Incorrect API key: {sent[7:]}"}}, status=401)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if denied := self._denied(request):
            return denied
        if self.listing:
            return await self._fail(request, self.listing.pop(0))
        return web.json_response({"object": "list", "data": [{"id": name} for name in self.models]})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body = orjson.loads(raw)
        before = self.by_body[raw]
        self.by_body[raw] += 1
        self.bodies.append(body)
        if denied := self._denied(request):
            return denied
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            fault = self.script(body, before) if self.script else None
            delay = self._draw.uniform(*self.latency) if isinstance(self.latency, tuple) else self.latency
            await asyncio.sleep(delay)
            if fault is not None:
                return await self._fail(request, fault)
            if request.path.endswith("embeddings"):
                return self._embed(body)
            return self._answer(body, chat=request.path.endswith("chat/completions"))
        finally:
            self.in_flight -= 1

    def _answer(self, body: dict[str, Any], *, chat: bool) -> web.Response:
        if body["model"] not in self.models:
            return web.json_response(
                {"error": {"message": "no such model", "code": "model_not_found"}}, status=404
            )
        text = self.answer(body)
        choice: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
        if not chat:
            choice["text"] = text
        elif body.get("tools"):
            call = {"id": "1", "type": "function", "function": {"name": "answer", "arguments": text}}
            choice |= {"message": {"role": "assistant", "content": None, "tool_calls": [call]}}
        else:
            choice["message"] = {"role": "assistant", "content": text}
        answer: dict[str, Any] = {
            "id": "stub",
            "object": "chat.completion" if chat else "text_completion",
            "created": 0,
            "model": body["model"],
            "choices": [choice],
        }
        if self.usage:
            prompt = len(orjson.dumps(body.get("messages") or body.get("prompt"))) // 4
            out = len(text) // 4
            answer["usage"] = {
                "prompt_tokens": prompt,
                "completion_tokens": out,
                "total_tokens": prompt + out,
                "prompt_tokens_details": {"cached_tokens": prompt // 2},
            }
        return web.Response(body=orjson.dumps(answer), content_type="application/json")

    def _embed(self, body: dict[str, Any]) -> web.Response:
        """Answer with hashed vectors, last text first: only their index says whose they are."""
        data = [
            {"object": "embedding", "index": at, "embedding": hashed_vector(text)}
            for at, text in enumerate(body["input"])
        ]
        tokens = sum(map(len, body["input"])) // 4
        usage = {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}} if self.usage else {}
        return web.json_response({"object": "list", "model": body["model"], "data": data[::-1], **usage})

    async def _fail(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.kind in {"status", "raw"}:
            return web.Response(status=fault.status, headers=fault.headers, body=fault.body)
        if fault.kind == "html":
            return web.Response(text="<html><body>502 Bad Gateway</body></html>", content_type="text/html")
        if fault.kind == "malformed":
            return web.Response(body=b'{"choices": [{"mess', content_type="application/json")
        if fault.kind == "gzip":
            return web.Response(body=b"no gzip at all", headers={"Content-Encoding": "gzip"})
        if fault.kind == "hang":
            await asyncio.sleep(3600)
        if fault.kind in _PIECES:
            piece, times, headers = _PIECES[fault.kind]
            response = web.StreamResponse(headers=headers)
            await response.prepare(request)
            for _ in range(times):
                await response.write(piece)
                await asyncio.sleep(0.05 if len(piece) == 1 else 0)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


async def serve_app(server: StubServer, port: int = 0) -> tuple[web.AppRunner, int]:
    """Listen on loopback and return the runner and the port."""
    runner = web.AppRunner(server.app(), access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=4096)
    await site.start()
    address: tuple[str, int] = runner.addresses[0]
    return runner, address[1]


@contextmanager
def stub_server(**settings: Any) -> Iterator[StubServer]:
    """Run a `StubServer` in a thread; parameters are the class's own."""
    server = StubServer(**settings)
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    runners: list[web.AppRunner] = []

    def serve() -> None:
        asyncio.set_event_loop(loop)
        runner, port = loop.run_until_complete(serve_app(server))
        runners.append(runner)
        server.base_url = f"http://127.0.0.1:{port}/v1"
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


@contextmanager
def stub_process(latency: float = 0.05, answer: str = "hashed") -> Iterator[str]:
    """Run a `StubServer` in a process of its own and yield its base URL, so that CPU times stay apart."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--latency", str(latency), "--answer", answer],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().decode().strip()
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


async def _main(latency: float, answer: Answer) -> None:
    runner, port = await serve_app(StubServer(latency=latency, answer=answer))
    sys.stdout.write(f"http://127.0.0.1:{port}/v1\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--answer", choices=sorted(ANSWERS), default="hashed")
    chosen = parser.parse_args()
    asyncio.run(_main(chosen.latency, ANSWERS[chosen.answer]))
