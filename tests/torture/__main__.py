"""Torture at full size: ``python -m tests.torture [kills|seeds|storm|fuzz] …``; one JSON line per part."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Part = Callable[[argparse.Namespace], tuple[dict[str, Any], bool]]
"""Plays one part; returns its figures and whether all held."""


def _kills(given: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    from tests.torture.kills import play

    verdicts = play(given.kills, given.boundaries, given.seed)
    return {kind: asdict(each) for kind, each in verdicts.items()}, not any(
        each.faults for each in verdicts.values()
    )


def _seeds(given: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    from tests.torture.simulator import faultless, play_seeds, stuck, unreported, untold

    whole = faultless()
    lack = {"unreported": unreported(whole), "untold": untold(whole), "stuck": stuck(whole)}
    luck = play_seeds(given.seed, given.seeds)
    figures = {**asdict(replace(luck, troubles=Counter())), "troubles": dict(luck.troubles)}
    return {"seeds": given.seeds, **figures, **lack}, not any(lack.values())


def _storm(given: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    from tests.torture.storms import RETRIES, weather

    with TemporaryDirectory() as folder:
        came = weather(Path(folder), 0.05, given.seed, f"clock.steps={given.steps}")
    held = came.same_digest and came.most <= RETRIES + 1
    return asdict(came), held and not (came.unreported or came.untold or came.stuck)


def _fuzz(given: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    from tests.torture.fuzz import play

    came = play(given.cases, given.minutes, given.seed, given.target)
    return came, not any(way["faults"] for each in came.values() for way in each.values())


PARTS: dict[str, Part] = {"seeds": _seeds, "storm": _storm, "kills": _kills, "fuzz": _fuzz}


def _arguments() -> argparse.Namespace:
    from tests.torture.targets import TARGETS

    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("part", nargs="?", choices=[*PARTS, "all"], default="all")
    parser.add_argument("--kills", type=int, default=1000, help="random kills (1000)")
    parser.add_argument("--boundaries", type=int, help="points of a commit or reply to kill at (all)")
    parser.add_argument("--seeds", type=int, default=500, help="seeds of the simulator (500)")
    parser.add_argument("--steps", type=int, default=96, help="steps of the society in the storm (96)")
    parser.add_argument("--cases", type=int, default=1_000_000, help="cases per target and way (1000000)")
    parser.add_argument("--minutes", type=float, default=240.0, help="at most, per target and way (240)")
    parser.add_argument("--target", choices=[*TARGETS], help="fuzz this target alone")
    parser.add_argument("--seed", type=int, default=1, help="seed of every draw (1)")
    return parser.parse_args()


def main() -> int:
    """Play the parts and return 1 if anything did not hold."""
    given = _arguments()
    failed = False
    for name in PARTS if given.part == "all" else [given.part]:
        began = time.monotonic()
        figures, held = PARTS[name](given)
        failed = failed or not held
        line = {"part": name, "held": held, "seconds": round(time.monotonic() - began, 1), **figures}
        sys.stdout.write(json.dumps(line, default=str) + "\n")
        sys.stdout.flush()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
