"""A society whose every agent asks a model, beside a bare `AsyncOpenAI` loop that sends the same requests.

The society is the shipped one, all of it: `LLMMind`, gateway, reply store, emotion reader, record on disk.
Its requests are read back from its own reply store and sent again by the loop that a careful user would
write by hand: one warm client, one semaphore, one gather. The stub server answers each with exactly one
action, so that a call is an action.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import openai

from moltarium.agents.reader import load_reader
from moltarium.scenarios.recorded import run_row
from moltarium.scenarios.spec import ClockSpec, GroupSpec, PopulationSpec, Scenario, ScheduleSpec
from moltarium.scenarios.world import build_world
from moltarium.sim.llm.endpoint import Endpoint
from moltarium.sim.llm.gateway import Gateway
from moltarium.sim.llm.replies import ReplyStore
from moltarium.sim.record.writer import RunWriter
from moltarium.sim.society import Society, settled

TICK = timedelta(minutes=15)


class Cost(NamedTuple):
    """What a stretch of calls took."""

    calls: int
    seconds: float
    cpu_s: float

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds of this process per call."""
        return 1e3 * self.cpu_s / self.calls

    @property
    def per_s(self) -> float:
        """Calls per second."""
        return self.calls / self.seconds

    def plus(self, other: Cost) -> Cost:
        """Return both stretches as one."""
        return Cost(self.calls + other.calls, self.seconds + other.seconds, self.cpu_s + other.cpu_s)


class Living(NamedTuple):
    """What one run of a society took, tick by tick, and what it asked."""

    ticks: list[Cost]
    requests: list[list[dict[str, Any]]]
    """Bodies that say the same as the society's own, by tick."""

    def cost(self, first: int = 0, last: int | None = None) -> Cost:
        """Return the cost of ticks `first` to `last`."""
        return total(self.ticks[first:last])

    def prompt_bytes(self) -> list[tuple[float, int]]:
        """Return the mean and the largest prompt of each tick, in bytes of messages."""
        sizes = [
            [sum(len(message["content"].encode()) for message in body["messages"]) for body in tick]
            for tick in self.requests
        ]
        return [(sum(tick) / len(tick), max(tick)) for tick in sizes]


def total(costs: list[Cost]) -> Cost:
    """Return several stretches as one."""
    whole = Cost(0, 0.0, 0.0)
    for cost in costs:
        whole = whole.plus(cost)
    return whole


def scenario(agents: int, awake: int, steps: int) -> Scenario:
    """Return a society of LLM minds of which `awake` wake per tick."""
    return Scenario(
        name="asked",
        seed=1,
        clock=ClockSpec(tick=TICK, steps=steps),
        schedule=ScheduleSpec(heartbeat=TICK * agents / awake, heavy_tailed=False, jitter=0.0),
        population=PopulationSpec(size=agents, groups=(GroupSpec(mind="llm", share=1.0),)),
    )


@contextmanager
def _society(made: Scenario, base_url: str, concurrency: int, folder: Path) -> Iterator[Society]:
    world = build_world(made)
    endpoint = Endpoint("default", base_url, "stub", concurrency=concurrency)
    with (
        RunWriter.create(folder, run_row(made, world)) as writer,
        ReplyStore(folder / "replies.sqlite") as replies,
        Gateway({"default": endpoint}, replies, made.seed) as gateway,
    ):
        gateway.preflight()
        reader = load_reader()
        reader.read(["warm"])
        society = Society(world.setting, writer, reader, gateway.think)
        society.open()
        yield society


def live(made: Scenario, base_url: str, concurrency: int) -> Living:
    """Run a society of LLM minds against the server at `base_url`."""
    ticks: list[Cost] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        with _society(made, base_url, concurrency, folder) as society:
            for _ in range(made.clock.steps):
                calls, wall, cpu = society.total.llm_calls, time.perf_counter(), time.process_time()
                society.step()
                took = time.perf_counter() - wall, time.process_time() - cpu
                ticks.append(Cost(society.total.llm_calls - calls, *took))
            faults = society.total.invalid
        if faults:
            raise RuntimeError(f"{faults} answers of the stub server could not be used")
        return Living(ticks, _requests(folder / "replies.sqlite"))


def _requests(store: Path) -> list[list[dict[str, Any]]]:
    by_tick: dict[int, list[dict[str, Any]]] = {}
    with closing(sqlite3.connect(store)) as database:
        for (text,) in database.execute("SELECT request FROM reply ORDER BY rowid"):
            asked = json.loads(text)
            schema = {"name": "answer", "schema": asked["schema"], "strict": True}
            body = {
                "model": "stub",
                "messages": [{"role": role, "content": content} for role, content in asked["messages"]],
                "max_tokens": asked["max_tokens"],
                "temperature": asked["temperature"],
                "seed": len(by_tick),
                "response_format": {"type": "json_schema", "json_schema": schema},
            }
            by_tick.setdefault(asked["salt"][2], []).append(body)
    return [by_tick[step] for step in sorted(by_tick)]


class BareLoop:
    """The loop that a careful user writes by hand."""

    def __init__(self, base_url: str, concurrency: int) -> None:
        self._runner = asyncio.Runner()
        self._concurrency = concurrency
        self._client = openai.AsyncOpenAI(
            base_url=base_url,
            api_key="none",
            max_retries=0,
            timeout=60,
            http_client=openai.DefaultAioHttpClient(),
        )

    def ask(self, requests: list[list[dict[str, Any]]]) -> Cost:
        """Send each tick's requests together, tick after tick, as the society did."""
        with settled():  # the bodies held here for it are no loop's own
            wall, cpu = time.perf_counter(), time.process_time()
            for tick in requests:
                self._runner.run(self._all(tick))
            took = time.perf_counter() - wall, time.process_time() - cpu
        return Cost(sum(map(len, requests)), *took)

    async def _all(self, requests: list[dict[str, Any]]) -> None:
        gate = asyncio.Semaphore(self._concurrency)

        async def one(body: dict[str, Any]) -> str:
            async with gate:
                answer = await self._client.chat.completions.create(**body)
                return answer.choices[0].message.content or ""

        await asyncio.gather(*map(one, requests))

    def close(self) -> None:
        """Close the connections."""
        self._runner.run(self._client.close())
        self._runner.close()
