"""Planted societies: how often intervals of structure hold what the society's making gives on average.

Run as ``python -m benchmarks.coverage_structure [--seeds 100] [--worlds NAME …]`` from the checkout. The
truth is the mean over many worlds of the same making (``--truths 1000`` takes it anew); agents and ties are
drawn afresh in each, and everything goes through the families themselves, from a record's comments to
`Measure.ci`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias, cast

import numpy as np

from benchmarks.planted import Found
from benchmarks.structure import Synthetic
from moltarium.analysis.corpus import Ints, read_corpus
from moltarium.analysis.graphs import answers, shape_family, structure_family
from moltarium.analysis.graphs.answers import HOUR
from moltarium.analysis.metric import Family, Measure, Sampling
from moltarium.sim.record.schema import Comment, Post

TRUTHS: Final = Path(__file__).with_suffix(".json")
"""Mean and standard deviation of each figure of each world, over as many worlds as ``--truths`` took."""
TIME: Final = 28 * 24 * HOUR
"""Length of a world, microseconds."""
FAMILIES: Final[tuple[Family, ...]] = (
    structure_family.family("reply"),
    shape_family.family("reply"),
    answers.FAMILY,
)
"""What is measured in each world."""


class Told(NamedTuple):
    """Who addresses whom and when, per comment, each of shape (comments,)."""

    agents: int
    source: Ints
    target: Ints
    t: Ints


World: TypeAlias = Callable[[int], Told]
"""Makes a world from a seed."""
Making: TypeAlias = Callable[[np.random.Generator, np.random.Generator], Told]
"""Makes a world from what draws its agents and what draws their ties."""


class Society(Synthetic):
    """A record of given comments: one post per agent, on which it is addressed."""

    def __init__(self, told: Told) -> None:
        super().__init__(told.agents, len(told.t), told.agents)
        self.told = told

    def _posts(self) -> Iterator[Post]:
        for k in range(self.told.agents):
            yield Post(k, k, None, f"p{k}", f"a{k}", f"m{k % 4}", "", f"post {k}", None)

    def _comments(self) -> Iterator[Comment]:
        told, n = self.told, self.told.agents
        order = np.argsort(told.t, kind="stable")
        rows = zip(*(part[order].tolist() for part in (told.source, told.target, told.t)), strict=True)
        for k, (a, b, at) in enumerate(rows):
            yield Comment(n + k, n + at, None, f"c{k}", f"p{b}", None, f"a{a}", f"comment {k}")


def pairwise(rng: np.random.Generator, odds: np.ndarray, back: float) -> tuple[Ints, Ints]:
    """Return ties drawn independently with given odds, each returned with chance `back` besides."""
    up = rng.random(odds.shape) < np.minimum(odds, 0.9)
    ties = up | (up.T & (rng.random(odds.shape) < back))
    np.fill_diagonal(ties, False)
    source, target = np.nonzero(ties)
    return source, target


def blocks(rng: np.random.Generator, n: int, density: float, traits: np.ndarray) -> np.ndarray:
    """Return odds of ties: activity · popularity · 2.2 within one of four blocks or .6 between."""
    home = rng.integers(0, 4, n)
    alike = home[:, None] == home[None, :]
    return density / n * np.outer(traits[0], traits[1]) * np.where(alike, 2.2, 0.6)


def told(rng: np.random.Generator, agents: int, source: Ints, target: Ints) -> Told:
    """Return ties as comments at random times: one, and more with chance."""
    times = 1 + rng.poisson(0.5, len(source))
    source, target = np.repeat(source, times), np.repeat(target, times)
    return Told(agents, source, target, rng.integers(0, TIME, len(source)))


def busy(agents: np.random.Generator, ties: np.random.Generator) -> Told:
    """400 agents of unlike activity and popularity (lognormal, σ .7) in four blocks, nine ties each."""
    odds = blocks(agents, 400, 9.0, agents.lognormal(-0.3, 0.7, (2, 400)))
    return told(ties, 400, *pairwise(ties, odds, 0.2))


def sparse(agents: np.random.Generator, ties: np.random.Generator) -> Told:
    """600 agents, σ 1.1, three ties each: tendrils, loose ends, hubs that hold the rest together."""
    odds = blocks(agents, 600, 2.6, agents.lognormal(-0.6, 1.1, (2, 600)))
    return told(ties, 600, *pairwise(ties, odds, 0.25))


def hubs(agents: np.random.Generator, ties: np.random.Generator) -> Told:
    """400 agents whose activity and popularity are Pareto with exponent 2.5: squares of degrees run wild."""
    odds = blocks(agents, 400, 9.0, agents.pareto(2.5, (2, 400)) + 0.3)
    return told(ties, 400, *pairwise(ties, odds, 0.2))


def anew(make: Making, number: int) -> World:
    """Return a world where each seed draws agents and ties."""

    def world(seed: int) -> Told:
        rng = np.random.default_rng([seed, number])
        return make(rng, rng)

    return world


def planted(make: Making, number: int) -> World:
    """Return a world whose agents are drawn once and for all: a seed draws who of them meets whom."""
    return lambda seed: make(np.random.default_rng(1), np.random.default_rng([seed, number]))


def answering(seed: int) -> Told:
    """300 agents who answer with chances of their own (Beta(2, 3)), after two hours in the mean, and chat."""
    rng = np.random.default_rng([seed, 5])
    n = 300
    asked, asker = pairwise(rng, blocks(rng, n, 6.0, rng.lognormal(-0.2, 0.6, (2, n))), 0.0)
    t = rng.uniform(0, TIME, len(asker))
    answered = rng.random(len(asked)) < rng.beta(2, 3, n)[asked]
    later = t + rng.exponential(2 * HOUR, len(t))
    chat = rng.poisson(0.4, len(asked))
    source = np.concatenate((asker, asked[answered], np.repeat(asked, chat)))
    target = np.concatenate((asked, asker[answered], np.repeat(asker, chat)))
    when = np.concatenate((t, later[answered], rng.uniform(0, TIME, chat.sum())))
    early = when < TIME
    return Told(n, source[early], target[early], when[early].astype(np.int64))


WORLDS: Final[dict[str, World]] = {
    "busy": planted(busy, 3),
    "sparse": planted(sparse, 6),
    "hubs": planted(hubs, 7),
    "answering": answering,
    "busy, agents anew": anew(busy, 1),
    "sparse, agents anew": anew(sparse, 2),
    "hubs, agents anew": anew(hubs, 4),
}
"""Planted worlds; the last is there to show where intervals end."""


def figures(world: str, seed: int, draws: int) -> dict[str, Measure]:
    """Return every measure of a world's families; intervals if there is a draw."""
    corpus = read_corpus(Society(WORLDS[world](seed)))
    found: dict[str, Measure] = {}
    for family in FAMILIES:
        found |= family.compute(corpus, Sampling(seed, draws))
    return found


def truths() -> dict[str, dict[str, tuple[float, float]]]:
    """Return mean and standard deviation of each figure of each world."""
    return cast("dict[str, dict[str, tuple[float, float]]]", json.loads(TRUTHS.read_text(encoding="utf-8")))


def intervals(world: str, truth: Mapping[str, tuple[float, float]], seed: int) -> dict[str, Found]:
    """Return each figure's interval beside its truth."""
    found = figures(world, seed, 2)
    return {name: Found(truth[name][0], measure.ci) for name, measure in found.items() if name in truth}


class Held(NamedTuple):
    """How a measure's intervals did in one world."""

    share: float
    """Of the intervals there were, those that hold the truth."""
    width: float
    """Mean width over that of ± 1.96 standard deviations of the figure itself."""
    absent: int
    """Worlds without an interval."""

    def line(self) -> str:
        """Return the figures as they are printed."""
        return f"{100 * self.share:5.1f} % held, {self.width:5.2f} × the ideal width, {self.absent} without"


def judged(found: Sequence[Found], sd: float) -> Held | None:
    """Return how one measure's intervals did, ``None`` if there is none."""
    there = [one for one in found if one.interval is not None]
    if not there:
        return None
    widths = [one.interval[1] - one.interval[0] for one in there if one.interval is not None]
    share = sum(one.holds for one in there) / len(there)
    return Held(share, float(np.mean(widths)) / (2 * 1.96 * sd) if sd else np.inf, len(found) - len(there))


def values(world: str, seed: int) -> dict[str, float | None]:
    """Return the figures alone of a world that no interval is taken in."""
    return {name: found.value for name, found in figures(world, 10**6 + seed, 0).items()}


def take_truths(count: int, names: Sequence[str], pool: ProcessPoolExecutor) -> None:
    """Write the truths of the named worlds anew, each over as many worlds."""
    known = truths() if TRUTHS.exists() else {}
    for world in names:
        rows = list(pool.map(partial(values, world), range(count), chunksize=10))
        known[world] = {
            name: (float(np.mean(column)), float(np.std(column, ddof=1)))
            for name in rows[0]
            if len(column := [value for row in rows if (value := row[name]) is not None]) > count / 2
        }
        TRUTHS.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Print, per world and measure, how many intervals hold the truth and how wide they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--worlds", nargs="*", default=list(WORLDS), choices=list(WORLDS))
    parser.add_argument("--truths", type=int, default=0, help="worlds to take the truths from, anew")
    chosen = parser.parse_args()
    with ProcessPoolExecutor(2) as pool:
        if chosen.truths:
            take_truths(chosen.truths, chosen.worlds, pool)
        for world in chosen.worlds:
            truth = truths()[world]
            rows = list(pool.map(partial(intervals, world, truth), range(chosen.seeds), chunksize=5))
            print(f"{world}: {chosen.seeds} seeds")
            for name, (mean, sd) in truth.items():
                held = judged([row[name] for row in rows], sd)
                shown = "no interval" if held is None else held.line()
                print(f"  {name:40} {mean:12.5g}  {shown}", flush=True)


if __name__ == "__main__":
    main()
