"""The perturbation protocol in four conditions, five seeds each: ``python -m benchmarks.state_dynamics``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from moltarium.analysis.affect.dynamics import Course, course, phases, series_of
from moltarium.scenarios.cli_affect import summary
from moltarium.scenarios.load import load
from moltarium.scenarios.run import start_run
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Persona
from moltarium.sim.record.store import RunReader

CONDITIONS: Final[dict[str, tuple[str, ...]]] = {
    "stateless": ("emotion.dynamics=none",),
    "first order": ("emotion.dynamics=first",),
    "momentum 0.8": ("emotion.dynamics=second", "emotion.momentum=0.8"),
    "momentum 0.95": ("emotion.dynamics=second", "emotion.momentum=0.95"),
}
SEEDS: Final = (1, 2, 3, 4, 5)
DEEP: Final = 0.3
"""A fall of valence that counts as deep; set after the runs had been seen."""


def courses_of(folder: Path) -> list[Course]:
    """Return what every agent but the confederate went through; none where nobody has a state."""
    with RunReader(folder) as record:
        scripted = {row.agent for row in record.rows(Persona) if row.mind == "scripted"}
        try:
            every = [series for series in series_of(record) if series.agent not in scripted]
        except NotComputable:
            return []
    onset, release = phases(every)
    return [course(series, onset, release) for series in every]


def by_depth(courses: list[Course]) -> dict[str, str]:
    """Return how many recover of those who fell less than `DEEP`, and of those who fell further."""

    def share(some: list[Course]) -> str:
        return f"{sum(found.recovery is not None for found in some)}/{len(some)}"

    return {
        "shallow": share([found for found in courses if found.depth < DEEP]),
        "deep": share([found for found in courses if found.depth >= DEEP]),
    }


def run_all(overrides: tuple[str, ...] = ()) -> dict[str, Any]:
    """Run every condition with every seed and return its summary."""
    results: dict[str, Any] = {}
    with TemporaryDirectory() as scratch:
        for name, settings in CONDITIONS.items():
            courses: list[Course] = []
            for seed in SEEDS:
                out = Path(scratch) / f"{name}-{seed}"
                scenario = load("state-dynamics", [*settings, f"seed={seed}", *overrides])
                start_run(scenario, out, watch=lambda _: None)
                courses += courses_of(out)
            results[name] = summary(courses) | by_depth(courses) if courses else None
    return results


def main() -> None:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description="State dynamics in four conditions, five seeds each.")
    parser.add_argument("--json", action="store_true", help="print one JSON line")
    parser.add_argument("--set", action="append", default=[], metavar="a.b=c", help="override a key")
    chosen = parser.parse_args()
    results = run_all(tuple(chosen.set))
    if chosen.json:
        print(json.dumps(results))
        return
    keys = [key for found in results.values() if found for key in found]
    columns = list(dict.fromkeys(keys))
    print(f"{'':15s}" + "".join(f"{column:>17s}" for column in columns))
    for name, found in results.items():
        cells = "".join(f"{found[column]!s:>17s}" for column in columns) if found else "   no state moves"
        print(f"{name:15s}{cells}")


if __name__ == "__main__":
    main()
