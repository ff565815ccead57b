"""The lively model server in a process of its own, which keeps count of what it was asked."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

from tests.llm.stub_server import Fault, Script, StubServer, serve_app, status
from tests.torture.society import lively_answer

CUT = Fault("cut")
GARBLED = Fault("malformed")


class Asked(NamedTuple):
    """What a server was asked since it was last reset."""

    requests: int
    """Completions asked for, faults included."""
    answers: int
    """Completions that were answered in full: what was paid for."""
    distinct: int
    """Different requests among them."""
    most: int
    """How often the most repeated request came."""


class Counter(StubServer):
    """The stub server with a tally that another process can read."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(answer=lively_answer, **settings)
        self.answers = 0

    def app(self) -> web.Application:
        """Return the application with ``/asked``."""
        app = super().app()
        app.router.add_get("/asked", self._asked)
        return app

    async def _asked(self, request: web.Request) -> web.Response:
        asked = Asked(self.requests, self.answers, len(self.by_body), max(self.by_body.values(), default=0))
        if request.query.get("reset"):
            self.bodies.clear()
            self.by_body.clear()
            self.answers = 0
        return web.json_response(asked._asdict())

    def _answer(self, body: dict[str, Any], *, chat: bool) -> web.Response:
        self.answers += 1
        return super()._answer(body, chat=chat)


def storm(rate: float, seed: int) -> Script:
    """Return a script that fails each request with four transport faults at `rate` each."""
    draw = random.Random(seed)
    kinds = (status(429, retry_after_ms="5"), status(500), CUT, GARBLED)

    def script(_body: dict[str, Any], _before: int) -> Fault | None:
        place = draw.random() / rate if rate else len(kinds)
        return kinds[int(place)] if place < len(kinds) else None

    return script


class Served(NamedTuple):
    """A running server process."""

    base_url: str

    def asked(self, *, reset: bool = False) -> Asked:
        """Return what it was asked, and forget it if told to."""
        root = self.base_url.removesuffix("/v1")
        with urllib.request.urlopen(f"{root}/asked{'?reset=1' if reset else ''}", timeout=10) as answer:
            return Asked(**json.load(answer))


@contextmanager
def lively_process(latency: float = 0.0, rate: float = 0.0, seed: int = 0) -> Iterator[Served]:
    """Run the server as a process; `rate` is that of each of the four transport faults."""
    command = [sys.executable, "-m", "tests.torture.server", str(latency), str(rate), str(seed)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Served(process.stdout.readline().decode().strip())
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


async def _main(latency: float, rate: float, seed: int) -> None:
    server = Counter(latency=latency, script=storm(rate, seed) if rate else None)
    runner, port = await serve_app(server)
    sys.stdout.write(f"http://127.0.0.1:{port}/v1\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("latency", type=float)
    parser.add_argument("rate", type=float)
    parser.add_argument("seed", type=int)
    given = parser.parse_args()
    asyncio.run(_main(given.latency, given.rate, given.seed))
