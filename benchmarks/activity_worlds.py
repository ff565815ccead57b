"""Planted activity, attention and threads: how often a measure's 95 % interval holds what was planted.

Run through ``python -m benchmarks.coverage``, or alone as ``python -m benchmarks.activity_worlds [--seeds
100] [--worlds NAME …]`` from the checkout. Every world is a record of a few hundred agents, measured by the
families themselves. What was planted is known in one of three ways: by arithmetic; as the figure of a
world of the same making a hundred times as large; or, for figures that depend on a society's size, as their
mean over two thousand worlds (``--truths`` takes both anew).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias, cast

import numpy as np

from benchmarks import activity_making as making
from benchmarks import thread_making
from benchmarks.planted import Found, Written
from benchmarks.targets import Check
from moltarium.analysis.conversation import activity, attention, rhythm, survival, threads, trees
from moltarium.analysis.corpus import read_corpus
from moltarium.analysis.metric import Family, Measure, Sampling

TRUTHS: Final = Path(__file__).with_suffix(".json")
"""What was planted, by world and measure, where arithmetic does not tell."""
LARGE: Final = 100
"""Times as many agents in the worlds that tell what a making comes to."""
MANY: Final = 2000
"""Worlds that tell what a figure is on average at a world's own size."""

ENTROPY: Final = float(-(making.SHARES @ np.log(making.SHARES)))
"""Of the communities' popularity, nats."""

Truth: TypeAlias = float | Literal["large", "many"]


class World(NamedTuple):
    """A making, and the measures that should find out what was planted."""

    make: Callable[[np.random.Generator, int], Written]
    agents: int
    family: Family
    truth: Mapping[str, Truth]
    """By the measure's name without its family's prefix."""


WORLDS: Final[dict[str, World]] = {
    "unequal": World(
        making.unequal, 400, activity.FAMILY,
        dict.fromkeys(
            ["gini", "alpha", "gini_all", *(f"top{top}_share" for top in (5, 10, 20))], "large"
        ),
    ),
    "memoryless": World(
        making.memoryless, 150, rhythm.FAMILY, {"burstiness": "large", "burstiness_finite": "large"}
    ),
    "unlike": World(
        making.unlike, 200, rhythm.FAMILY,
        {"burstiness": "large", "burstiness_finite": "large", "cov_regular": "large",
         "cov_irregular": "large"},
    ),
    "steady": World(
        partial(making.course, power=1.0), 300, rhythm.FAMILY, {"growth_exponent": -1.0, "trend": 0.0}
    ),
    "waning": World(
        partial(making.course, power=0.5), 300, rhythm.FAMILY, {"growth_exponent": "large", "trend": -0.5}
    ),
    "noticed": World(
        making.noticed, 150, attention.ATTENTION_FAMILY,
        {"upvote_scaling": 0.78, "upvote_gini": "large", "comment_gini": "large",
         "direct_scaling": "large"},
    ),
    "first answered": World(
        partial(making.answered, fall=2.0), 300, attention.ATTENTION_FAMILY, {"first_mover": "large"}
    ),
    "shown": World(partial(making.shown, pull=0.8), 200, attention.ATTENTION_FAMILY, {"visibility": "large"}),
    "settled": World(
        making.settled, 200, attention.COMMUNITY_FAMILY,
        {"largest_share": "large", "top10_share": "many", "gini": "many", "entropy": "many",
         "entropy_corrected": ENTROPY, "authors_across": "large"},
    ),
    "conversed": World(
        thread_making.conversed, 300, threads.FAMILY,
        dict.fromkeys(
            ["depth_mean", "never_replied", "posts_with_comment", "flat_share", "first_comment_median_min",
             "first_comment_mean_min", "replied_share", "reentry"], "large",
        ),
    ),
    "branched": World(
        thread_making.conversed, 300, trees.FAMILY,
        dict.fromkeys(
            ["max_depth_mean", "depth_5_share", "depth_1_share", "width_mean", "branching_root",
             "branching_below", "wiener", "shape_minimal", "shape_wide_tree", "shape_branching",
             "median_wide_tree", "median_deep_chain", "median_branching",
             "depth_width"], "large",
        ),
    ),
    "waited": World(
        thread_making.conversed, 300, survival.FAMILY,
        dict.fromkeys(
            ["answered_1h", "answered_24h", "weibull_shape", "reply_median_s", "comment_half_life_min",
             "author_returns", "commenter_returns"], "large",
        ),
    ),
    "fading": World(
        partial(making.fading, power=1.2), 150, survival.FAMILY, {"comment_half_life_min": "large"}
    ),
}  # fmt: skip
"""Worlds with something planted."""


SILENT: Final[dict[str, World]] = {
    "first_mover": WORLDS["first answered"]._replace(make=partial(making.answered, fall=0.0)),
    "visibility": WORLDS["shown"]._replace(make=partial(making.shown, pull=0.0)),
}
"""Worlds where nothing is planted, by the measure that should be silent: 0 lies in its interval."""


def measured(world: World, seed: int, agents: int, draws: int) -> dict[str, Measure]:
    """Return the measures of one world's family, by their names without the prefix."""
    record = world.make(np.random.default_rng([seed, len(world.truth)]), agents).record()
    found = world.family.compute(read_corpus(record), Sampling(seed, draws))
    return {name.removeprefix(f"{world.family.prefix}."): one for name, one in found.items()}


def truths() -> dict[str, dict[str, float]]:
    """Return every planted value, by world and measure."""
    known = cast("dict[str, dict[str, float]]", json.loads(TRUTHS.read_text(encoding="utf-8")))
    return {
        name: {
            key: known[name][key] if isinstance(truth, str) else truth for key, truth in world.truth.items()
        }
        for name, world in WORLDS.items()
    }


def judged(name: str, truth: Mapping[str, float], seed: int) -> dict[str, Found]:
    """Return each planted value of one world beside its interval."""
    world = WORLDS[name]
    found = measured(world, seed, world.agents, 200)
    return {key: Found(value, found[key].ci) for key, value in truth.items()}


def values(name: str, agents: int, seed: int) -> dict[str, float | None]:
    """Return the figures alone of a world that is used to learn the truth."""
    found = measured(WORLDS[name], 10**6 + seed, agents, 0)
    return {key: found[key].value for key in WORLDS[name].truth}


def take_truths(names: Sequence[str], pool: Executor) -> None:
    """Write the truths of the named worlds anew."""
    known = json.loads(TRUTHS.read_text(encoding="utf-8")) if TRUTHS.exists() else {}
    for name in names:
        world = WORLDS[name]
        found: dict[str, float] = {}
        for kind, agents, count in (("large", LARGE * world.agents, 8), ("many", world.agents, MANY)):
            keys = [key for key, truth in world.truth.items() if truth == kind]
            rows = list(pool.map(partial(values, name, agents), range(count if keys else 0), chunksize=4))
            found |= {
                key: float(np.mean([value for row in rows if (value := row[key]) is not None]))
                for key in keys
            }
        known[name] = {key: float(f"{value:.6g}") for key, value in sorted(found.items())}
        TRUTHS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def held(seeds: Sequence[int], names: Sequence[str], pool: Executor) -> dict[str, list[Found]]:
    """Return, by world and measure, the intervals over all seeds."""
    known = truths()
    found: dict[str, list[Found]] = {}
    for name in names:
        rows = list(pool.map(partial(judged, name, known[name]), seeds, chunksize=5))
        found |= {f"{name}: {key}": [row[key] for row in rows] for key in known[name]}
    return found


def speaks(name: str, seed: int) -> bool:
    """Return whether a silent world's interval leaves 0 out."""
    world = SILENT[name]
    ci = measured(world, seed, world.agents, 200)[name].ci
    return ci is not None and not ci[0] <= 0 <= ci[1]


def checks(seeds: Sequence[int], names: Sequence[str] = tuple(WORLDS)) -> list[Check]:
    """Return how many intervals hold what was planted, and how often silent worlds speak."""
    # Two standard errors above 5 %.
    bound = 5 + 200 * (0.0475 / len(seeds)) ** 0.5
    with ProcessPoolExecutor(2) as pool:
        silent = {name: sum(pool.map(partial(speaks, name), seeds, chunksize=5)) for name in SILENT}
        return [
            Check(f"{name}: silent null flagged", 100 * count / len(seeds), "≤", bound, "%")
            for name, count in silent.items()
        ] + [
            Check(f"{name}: truth held", 100 * sum(one.holds for one in found) / len(seeds), "≥", 94, "%",
                  note(found))
            for name, found in held(seeds, names, pool).items()
        ]  # fmt: skip


def note(found: Sequence[Found]) -> str:
    """Return the truth and the mean width of the intervals."""
    widths = [one.interval[1] - one.interval[0] for one in found if one.interval]
    absent = f", {len(found) - len(widths)} without" if len(widths) < len(found) else ""
    return f"{found[0].truth:.4g}, mean width {np.mean(widths):.3g}{absent}" if widths else "no interval"


def main() -> None:
    """Print the checks, or take the truths anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--worlds", nargs="*", default=list(WORLDS), choices=list(WORLDS))
    parser.add_argument("--truths", action="store_true", help="take the truths anew")
    chosen = parser.parse_args()
    if chosen.truths:
        with ProcessPoolExecutor(2) as pool:
            take_truths(chosen.worlds, pool)
    for check in checks(range(chosen.first, chosen.first + chosen.seeds), chosen.worlds):
        print(f"{check.name:45} {check.actual:6.2f}  {check.note}", flush=True)


if __name__ == "__main__":
    main()
