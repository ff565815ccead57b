"""Count how often planted truth is found and noise is not: ``python -m benchmarks.words_coverage``.

Drift, pull, pace and feedback after reward, rising templates and their half-life, converging communities,
learning newcomers, enforcement, style, moving language, clusters, persona, uptake, questions, tone: each in
worlds with a known effect (seeds whose 95 % interval holds it) and without (seeds that raise an alarm), with
the exact binomial chance of as bad a count if the interval were right. Estimators were chosen on seeds below
1,000; counts start at ``--first``.
"""

from __future__ import annotations

import argparse

from scipy.stats import binom

from benchmarks import motive_worlds, norm_worlds, reward_worlds
from benchmarks.reward_worlds import World

WORLDS: dict[str, World] = {**reward_worlds.WORLDS, **norm_worlds.WORLDS, **motive_worlds.WORLDS}

NEUTRAL = {"statements per question": 1.0}
"""Strengths at which nothing is planted, where that is not 0."""


def held(times: int, n: int) -> str:
    """Return a count of intervals that hold the truth, beside what 95 % would give."""
    return f"holds the truth {times} of {n} ({times / n:.1%}; P(≤) = {binom.cdf(times, n, 0.95):.2f})"


def alarms(times: int, n: int) -> str:
    """Return a count of false alarms, beside what the nominal 5 % would give."""
    return f"alarms without it {times} of {n} ({times / n:.1%}; P(≥) = {binom.sf(times - 1, n, 0.05):.2f})"


def count(name: str, seeds: range) -> str:
    """Return both counts of one world."""
    world = WORLDS[name]
    planted = [world.make(seed, world.strength) for seed in seeds]
    nothing = [world.make(seed, NEUTRAL.get(name, 0.0)).alarm for seed in seeds]
    n = len(seeds)
    return (
        f"{name}: {held(sum(found.holds(world.truth) for found in planted), n)}, "
        f"found {sum(found.alarm for found in planted)}; {alarms(sum(nothing), n)}"
    )


def silence(name: str, seeds: range) -> str:
    """Return the alarms of a world in which a reward does nothing, by each control and by both."""
    said = [reward_worlds.SILENT[name](seed) for seed in seeds]
    matched, placebo, both = (
        sum(getattr(each, part).alarm for each in said) for part in ("matched", "placebo", "both")
    )
    return f"{name}: matched {matched}, placebo {placebo}, both: {alarms(both, len(seeds))}"


def growing(kind: str, seeds: range) -> str:
    """Return the alarms of communities that do not converge on a site that grows, or moves as a whole."""
    said = [norm_worlds.converging(seed, 0.0, kind=kind).alarm for seed in seeds]
    return f"no convergence, {kind}: {alarms(sum(said), len(seeds))}"


def clusters(k: int, seeds: range) -> str:
    """Return how often X-means finds as many clusters as there are."""
    found = [norm_worlds.clusters(seed, k) for seed in seeds]
    return f"X-means, {k} clusters: found {found.count(k)} of {len(seeds)}"


def main() -> None:
    """Print every count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=20_000, help="first seed")
    parser.add_argument("--only", nargs="+", help="worlds whose name holds one of these")
    parser.add_argument("--truths", action="store_true", help="derive each planted truth anew instead")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)

    def asked(name: str) -> bool:
        return not options.only or any(part in name for part in options.only)

    for name in filter(asked, WORLDS):
        if options.truths:
            print(f"{name}: {WORLDS[name].truth}, anew {WORLDS[name].again():.4f}", flush=True)
        else:
            print(count(name, seeds), flush=True)
    if options.truths:
        return
    for name in filter(asked, reward_worlds.SILENT):
        print(silence(name, seeds), flush=True)
    if asked("whole site"):
        print(growing("whole site", seeds), flush=True)
    for k in (1, 2, 3, 5, 8) if asked("X-means") else ():
        print(clusters(k, seeds), flush=True)


if __name__ == "__main__":
    main()
