"""Count how often planted truth is found and noise is not: ``python -m benchmarks.words_coverage``.

Drift, pull, pace and feedback after reward, rising templates, learning newcomers, enforcement, uptake, tone:
each in worlds with a known effect (seeds whose 95 % interval holds it) and without (seeds that raise
an alarm).
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from moltarium.analysis.words.conduct import newcomers
from moltarium.analysis.words.placebo import likeness_change, matched_effect, placebo_effect
from moltarium.analysis.words.templates import templates
from moltarium.sim.record.errors import NotComputable

Make = Callable[[int, float], Any]

TESTS = Path(__file__).parent.parent / "tests" / "analysis"


def worlds(name: str) -> ModuleType:
    """Load the planted worlds of a test module."""
    spec = importlib.util.spec_from_file_location(name, TESTS / f"{name}.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(TESTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drift(seeds: int) -> None:
    """Drift after reward by its matched control, by its placebo, and by both."""
    planted = worlds("test_drift")

    def effects(world: str, seed: int, early: bool) -> tuple[str, str, bool]:
        pool = planted.society(getattr(planted, world), seed, early=early).of
        at = [history.top for history in pool]
        said, held = [], False
        for control in (matched_effect, placebo_effect):
            try:
                rng = np.random.default_rng(seed)
                effect = control("likeness", "", likeness_change, pool, at, draws=200, rng=rng)
            except NotComputable:
                said.append("none")
                continue
            said.append(effect.verdict)
            held = held or (control is matched_effect and effect.ci[0] <= -planted.STRENGTH <= effect.ci[1])
        return said[0], said[1], held

    for world, early in (("drifting", False), ("quiet", False), ("introducing", False),
                         ("introducing", True), ("wandering", False)):  # fmt: skip
        found = [effects(world, seed, early) for seed in range(seeds)]
        matched, placebo = (sum(row[place] != "none" for row in found) for place in (0, 1))
        both = sum(row[0] == row[1] != "none" for row in found)
        held = f", interval holds the truth {sum(row[2] for row in found)}" if world == "drifting" else ""
        where = f"drift, {world}{' (rewards early)' if early else ''}"
        print(f"{where}: matched {matched}, placebo {placebo}, both {both}{held} of {seeds}")


def counted(name: str, seeds: int, alarm: Callable[[int], bool], held: Callable[[int], bool]) -> None:
    """Print how many seeds hold the planted effect, and how many raise an alarm without one."""
    print(
        f"{name}: interval holds the truth {sum(map(held, range(seeds)))}, "
        f"alarms without it {sum(map(alarm, range(seeds)))} of {seeds}"
    )


def main() -> None:
    """Print every count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    seeds = parser.parse_args().seeds
    shared, report = worlds("test_templates"), worlds("test_norm_report")

    def template_held(seed: int) -> bool:
        low, high = templates(shared.society(seed, 700, 0.1, 0.5), draws=300, seed=seed).rise.ci
        return bool(low <= 0.4 <= high)

    def template_alarm(seed: int) -> bool:
        return templates(shared.society(seed, 500, 0.25, 0.25), draws=300, seed=seed).rise.verdict != "none"

    def learning(seed: int, rate: float) -> tuple[str, bool]:
        distance, author = report.arrivals(seed, rate, leavers=True)
        found = newcomers(distance, np.zeros_like(author), author, draws=200, seed=seed)
        return found.verdict, found.ci[0] <= -rate <= found.ci[1]

    counted("templates that rise by .4", seeds, template_alarm, template_held)
    counted(
        "newcomers who learn .05 per doubling", seeds,
        lambda seed: learning(seed, 0.0)[0] != "none", lambda seed: learning(seed, 0.05)[1],
    )  # fmt: skip
    for name, (make, strength, truth, _) in worlds("test_planted_words").WORLDS.items():

        def alarmed(seed: int, make: Make = make) -> bool:
            return bool(make(seed, 0.0).alarm)

        def held(seed: int, make: Make = make, strength: float = strength, truth: float = truth) -> bool:
            low, high = make(seed, strength).ci
            return bool(low <= truth <= high)

        counted(name, seeds, alarmed, held)
    toned = worlds("test_tone")
    span = toned.span()

    def tone_held(seed: int) -> bool:
        low, high = toned.found(seed, 0.4).ci
        return bool(low <= 0.4 * span <= high)

    counted("tone that brightens", seeds, lambda seed: toned.found(seed, 0.0).verdict != "none", tone_held)
    drift(seeds)


if __name__ == "__main__":
    main()
