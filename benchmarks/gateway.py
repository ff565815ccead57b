"""The gateway's own price: `Gateway.think` against a bare `AsyncOpenAI` loop on the same stub model server.

Run as ``python -m benchmarks.gateway [--json]`` from the checkout. The stub answers after 50 ms in a process
of its own, so that its processor time stays out. Both sides make the same calls at the same concurrency in
alternating rounds; medians are compared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import openai

from moltarium.agents.interface import Abstain, Message, Request, Thought
from moltarium.sim.llm.endpoint import Endpoint
from moltarium.sim.llm.gateway import Gateway, Pending
from moltarium.sim.llm.replies import ReplyStore
from tests.llm.stub_server import stub_process

PROMPT = "You are an agent on a forum. " * 200
"""About 1,400 tokens: the size of a real prompt."""


class Round(NamedTuple):
    """One measured round."""

    seconds: float
    cpu_s: float


def _request(number: int) -> Request:
    return Request("write", (Message("system", PROMPT), Message("user", f"Post {number}")))


def _thought(number: int) -> Thought:
    replies = yield [_request(number)]
    return [Abstain("benchmark", replies[0].text)]


def _pending(round_: int, calls: int) -> list[Pending]:
    thoughts = [_thought(number) for number in range(calls)]
    return [
        Pending(f"agent{number}", number, round_, thought, next(thought))
        for number, thought in enumerate(thoughts)
    ]


async def _bare(client: openai.AsyncOpenAI, calls: int, concurrency: int) -> None:
    """Do what a careful user writes by hand: one warm client, one semaphore, one gather."""
    gate = asyncio.Semaphore(concurrency)

    async def one(number: int) -> str:
        async with gate:
            answer = await client.chat.completions.create(
                model="stub",
                messages=[
                    {"role": "system", "content": PROMPT},
                    {"role": "user", "content": f"Post {number}"},
                ],
                max_tokens=256,
                temperature=0.8,
                seed=number,
            )
            return answer.choices[0].message.content or ""

    await asyncio.gather(*map(one, range(calls)))


def _client(base_url: str) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        base_url=base_url,
        api_key="none",
        max_retries=0,
        timeout=60,
        http_client=openai.DefaultAioHttpClient(),
    )


def _measured(act: Callable[[], object]) -> Round:
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return Round(time.perf_counter() - wall, time.process_time() - cpu)


def compare(
    calls: int = 2000, concurrency: int = 256, rounds: int = 3, latency: float = 0.05
) -> dict[str, float]:
    """Return both sides' calls per second and CPU milliseconds per call, and how they compare.

    Parameters
    ----------
    calls
        Calls per round.
    concurrency
        Calls in flight.
    rounds
        Rounds per side, after one that warms up.
    latency
        The stub's answering time in seconds.
    """
    bare: list[Round] = []
    ours: list[Round] = []
    with (
        stub_process(latency) as base_url,
        tempfile.TemporaryDirectory() as folder,
        ReplyStore(Path(folder) / "replies.sqlite") as replies,
        Gateway(
            {"default": Endpoint("default", base_url, "stub", concurrency=concurrency)}, replies, 0
        ) as gateway,
        asyncio.Runner() as runner,
    ):
        client = _client(base_url)
        for round_ in range(rounds + 1):
            bare.append(_measured(lambda: runner.run(_bare(client, calls, concurrency))))
            ours.append(_measured(partial(gateway.think, _pending(round_, calls))))
        runner.run(client.close())
    figures = {
        "calls": calls,
        "concurrency": concurrency,
        "bare_per_s": calls / statistics.median(round_.seconds for round_ in bare[1:]),
        "ours_per_s": calls / statistics.median(round_.seconds for round_ in ours[1:]),
        "bare_cpu_ms": 1e3 * statistics.median(round_.cpu_s for round_ in bare[1:]) / calls,
        "ours_cpu_ms": 1e3 * statistics.median(round_.cpu_s for round_ in ours[1:]) / calls,
    }
    figures["throughput_ratio"] = figures["ours_per_s"] / figures["bare_per_s"]
    figures["cpu_ms_above"] = figures["ours_cpu_ms"] - figures["bare_cpu_ms"]
    return figures


def main() -> None:
    """Print the comparison as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    figures = compare(chosen.calls, chosen.concurrency, chosen.rounds)
    if chosen.json:
        print(json.dumps(figures, indent=2))
        return
    print(f"{chosen.calls} calls, {chosen.concurrency} in flight, stub answers after 50 ms\n")
    print(f"{'':24}{'calls/s':>10}{'CPU ms/call':>14}")
    print(f"{'bare AsyncOpenAI loop':24}{figures['bare_per_s']:10.0f}{figures['bare_cpu_ms']:14.2f}")
    print(f"{'Gateway.think':24}{figures['ours_per_s']:10.0f}{figures['ours_cpu_ms']:14.2f}")
    print(f"\nthroughput ratio {figures['throughput_ratio']:.2f}")
    print(f"CPU above bare   {figures['cpu_ms_above']:+.2f} ms per call")


if __name__ == "__main__":
    main()
