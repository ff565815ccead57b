"""A society asks a real server that fails one request in five, and comes to what it would have come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from moltarium.scenarios.run import RunResult, start_run
from moltarium.sim.record.schema import Rejection
from moltarium.sim.record.store import RunReader
from tests.torture.server import Asked, lively_process
from tests.torture.simulator import stuck, unreported, untold
from tests.torture.society import quiet, small

RETRIES = 8


@dataclass(slots=True)
class Weather:
    """What a storm came to."""

    calls: int
    rejections: int
    requests: int
    """Requests that reached the server in the storm."""
    most: int
    """Requests for the most repeated call."""
    same_digest: bool
    unreported: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)


def weather(folder: Path, rate: float, seed: int, *overrides: str) -> Weather:
    """Run the small society in calm and in storm; `rate` is that of each of the four transport faults.

    About one answer in three is wrong in content in both: a model's mistakes are results, the wire's are not.
    """
    calm, _ = _run(folder / "calm", 0.0, seed, overrides)
    stormy, asked = _run(folder / "storm", rate, seed, overrides)
    with RunReader(folder / "storm") as log:
        return Weather(
            calls=stormy.llm_calls,
            rejections=log.count(Rejection),
            requests=asked.requests,
            most=asked.most,
            same_digest=calm.digest == stormy.digest,
            unreported=unreported(log),
            untold=untold(log),
            stuck=stuck(log),
        )


def _run(out: Path, rate: float, seed: int, overrides: tuple[str, ...]) -> tuple[RunResult, Asked]:
    with lively_process(rate=rate, seed=seed) as server:
        given = (f"models.default.base_url={server.base_url}", f"models.default.retries={RETRIES}")
        out.parent.mkdir(exist_ok=True)
        return start_run(small(out.parent, *given, *overrides), out, watch=quiet), server.asked()
