"""What a whole society costs, beside what it must hold: ratios in one run, never timed tests.

Run as ``python -m benchmarks.society [--json] [--quick]`` from the checkout. The model server is a stub in a
process of its own, so that its processor time stays out. CPU is that of this process; every figure is the
best of several rounds, because whatever else the machine does can only add to it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks.asked import BareLoop, live, scenario
from benchmarks.targets import Check, table
from moltarium.agents.minds.llm import LLMMind
from moltarium.agents.prompts.shared import system
from moltarium.agents.prompts.turn import Budget
from moltarium.agents.reader import load_reader
from moltarium.scenarios.recorded import run_row
from moltarium.scenarios.spec import ClockSpec, PopulationSpec, Scenario, ScheduleSpec
from moltarium.scenarios.world import build_world
from moltarium.sim.record.writer import RunWriter
from moltarium.sim.society import Society
from tests.llm.stub_server import stub_process

FLAT = 1.25
"""Growth up to which a figure counts as flat: the noise of a shared machine is of this order."""


class Size(NamedTuple):
    """How much is measured."""

    rounds: int
    steps: int
    long_steps: int
    """Steps of the runs that look for growth over time."""
    awake: int
    """LLM agents awake per tick."""
    crowd: int
    """Calls per tick of the throughput comparison."""
    surrogates: int
    built: int


FULL = Size(rounds=3, steps=10, long_steps=100, awake=100, crowd=2048, surrogates=2000, built=100_000)
QUICK = Size(rounds=1, steps=3, long_steps=20, awake=50, crowd=512, surrogates=500, built=10_000)


def cpu_per_action(size: Size) -> list[Check]:
    """CPU per LLM action above the bare loop's, and how it grows with the number of agents."""
    above: dict[int, float] = {}
    whole: dict[int, float] = {}
    bare: list[float] = []
    with stub_process(0.0, "acting") as base_url, closing(BareLoop(base_url, 256)) as loop:
        for agents in (100, 1000, 10_000):
            pairs: list[tuple[float, float]] = []
            for _ in range(size.rounds + 1):
                ours = live(scenario(agents, size.awake, size.steps + 1), base_url, 256)
                pairs.append((ours.cost(1).cpu_ms, loop.ask(ours.requests[1:]).cpu_ms))
            mine, theirs = (min(side) for side in zip(*pairs[1:], strict=True))
            above[agents], whole[agents] = mine - theirs, mine
            bare.append(theirs)
    note = "above the bare loop's {:.2f} ms; ours {:.2f} ms"
    checks = [
        Check(
            f"CPU per LLM action, {agents:,} agents",
            above[agents],
            "≤",
            2,
            "ms",
            note.format(theirs, whole[agents]),
        )
        for (agents, theirs) in zip(above, bare, strict=True)
    ]
    growth = whole[10_000] / whole[100]
    return [*checks, Check("its growth from 100 to 10,000 agents", growth, "≤", FLAT, "×")]


def growth_over_time(size: Size) -> list[Check]:
    """CPU and prompt bytes per LLM action from the first to the last step of a long run."""
    with stub_process(0.0, "acting") as base_url:
        runs = [
            live(scenario(size.awake, size.awake, size.long_steps), base_url, 256)
            for _ in range(min(2, size.rounds))
        ]
    part = size.long_steps // 5
    early = min(run.cost(1, part).cpu_ms for run in runs)
    late = min(run.cost(-part).cpu_ms for run in runs)
    prompts = runs[0].prompt_bytes()
    settled = sum(mean for mean, _ in prompts[part : 2 * part]) / part
    end = sum(mean for mean, _ in prompts[-part:]) / part
    mind = LLMMind()
    bound = (
        len(system(mind.max_actions, mind.moderates).encode()) + Budget.of(mind.prompt_bytes).prompt_bytes()
    )
    return [
        Check(f"CPU per LLM action, growth over {size.long_steps} steps", late / early, "≤", FLAT, "×",
              f"{early:.2f} ms in the first fifth, {late:.2f} ms in the last"),
        Check("longest prompt", max(most for _, most in prompts), "≤", bound, "bytes"),
        Check("prompt bytes per action, last fifth to second", end / settled, "≤", 1.1, "×",
              f"{settled:,.0f} to {end:,.0f} bytes"),
    ]  # fmt: skip


def throughput(size: Size) -> list[Check]:
    """Calls per second of a whole society beside the bare loop's: 256 in flight, 50 ms per answer."""
    ratios: list[tuple[float, float, float]] = []
    with stub_process(0.05, "acting") as base_url, closing(BareLoop(base_url, 256)) as loop:
        for _ in range(size.rounds + 1):
            ours = live(scenario(size.crowd, size.crowd, 3), base_url, 256)
            theirs = loop.ask(ours.requests[1:])
            ratios.append((ours.cost(1).per_s / theirs.per_s, ours.cost(1).per_s, theirs.per_s))
    ratio, mine, bare = sorted(ratios[1:])[len(ratios[1:]) // 2]
    note = f"{mine:,.0f} beside {bare:,.0f} calls/s, median of {size.rounds} pairs"
    return [Check("throughput with LLM minds", 100 * ratio, "≥", 90, "% of bare", note)]


def surrogates(size: Size) -> list[Check]:
    """Platform events per CPU second with surrogate minds: observe, feel, decide, commit, record."""
    made = Scenario(
        name="crowd",
        seed=1,
        clock=ClockSpec(steps=size.long_steps),
        schedule=ScheduleSpec(heartbeat=timedelta(hours=1)),
        population=PopulationSpec(size=size.surrogates),
    )
    rounds = [_crowd(made) for _ in range(size.rounds)]
    best = max(rounds, key=lambda ticks: sum(a for a, _ in ticks) / sum(s for _, s in ticks))

    def rate(ticks: list[tuple[int, float]]) -> float:
        return sum(actions for actions, _ in ticks) / sum(seconds for _, seconds in ticks)

    part = size.long_steps // 5
    note = f"{rate(best[:part]):,.0f} in the first fifth, {rate(best[-part:]):,.0f} in the last"
    return [Check(f"actions with {size.surrogates:,} surrogates", rate(best), "≥", 5000, "per CPU s", note)]


def _crowd(made: Scenario) -> list[tuple[int, float]]:
    """Return actions and CPU seconds of each tick."""
    ticks: list[tuple[int, float]] = []
    world, reader = build_world(made), load_reader()
    reader.read(["warm"])
    with (
        tempfile.TemporaryDirectory() as name,
        RunWriter.create(Path(name) / "run", run_row(made, world)) as writer,
    ):
        society = Society(world.setting, writer, reader)
        society.open()
        for _ in range(made.clock.steps):
            actions, cpu = society.total.actions, time.process_time()
            society.step()
            ticks.append((society.total.actions - actions, time.process_time() - cpu))
    return ticks


def building(size: Size) -> list[Check]:
    """Scenario to opened society, in a process of its own so that its memory is seen alone."""
    command = [sys.executable, "-m", "benchmarks.society", "--build", str(size.built)]
    found = [
        json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        for _ in range(size.rounds)
    ]
    best = min(found, key=lambda each: float(each["cpu_s"]))
    name = f"{size.built:,} agents built"
    return [
        Check(
            name,
            best["cpu_s"],
            "≤",
            10,
            "CPU s",
            f"{best['wall_s']:.1f} s on the wall; imports {best['imports_s']:.1f} CPU s more",
        ),
        Check(f"{name}, memory", best["peak_mb"], "≤", 2000, "MB"),
    ]


def _build(agents: int) -> dict[str, float]:
    imports, wall = time.process_time(), time.perf_counter()
    made = Scenario(name="built", population=PopulationSpec(size=agents))
    world = build_world(made)
    with (
        tempfile.TemporaryDirectory() as name,
        RunWriter.create(Path(name) / "run", run_row(made, world)) as writer,
    ):
        Society(world.setting, writer, load_reader()).open()
    return {
        "imports_s": imports,
        "cpu_s": time.process_time() - imports,
        "wall_s": time.perf_counter() - wall,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


PARTS = {
    "cpu": cpu_per_action,
    "time": growth_over_time,
    "throughput": throughput,
    "surrogates": surrogates,
    "build": building,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes: shows that it runs, not what it costs"
    )
    parser.add_argument("--only", choices=sorted(PARTS), help="one part alone")
    parser.add_argument("--build", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.build:
        print(json.dumps(_build(chosen.build)))
        return
    size = QUICK if chosen.quick else FULL
    checks = [check for name, part in PARTS.items() if chosen.only in {None, name} for check in part(size)]
    load = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    if chosen.json:
        print(
            json.dumps(
                {"load": load, "quick": chosen.quick, "checks": [check.json() for check in checks]},
                ensure_ascii=False,
            )
        )
    else:
        caution = "\nquick: too small and too few rounds to judge a target by" if chosen.quick else ""
        print(f"{table(checks)}\n\n{load}{caution}")


if __name__ == "__main__":
    main()
