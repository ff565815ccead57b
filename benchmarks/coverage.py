"""Planted truths: in how many of 100 worlds a measure's 95 % interval holds what was planted.

Run as ``python -m benchmarks.coverage [--seeds 100]`` from the checkout.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from benchmarks import activity_worlds
from benchmarks.planted import Found
from benchmarks.targets import Check, table
from moltarium.analysis.bootstrap import Interval, resampled_interval
from moltarium.analysis.conversation.growth import growth
from moltarium.analysis.conversation.rhythm import beat, gaps, peak
from moltarium.analysis.conversation.survival import Waits, kaplan_meier, weibull_shape
from moltarium.analysis.graphs.answers import HOUR, Contacts, hazard, hazard_interval
from moltarium.analysis.graphs.left_out import Whole
from moltarium.analysis.graphs.networks import from_pairs
from moltarium.analysis.graphs.nulls import standing
from moltarium.analysis.graphs.structure import count_mutual, mutual_edges, undirected
from moltarium.analysis.graphs.structure_family import dyadic, reciprocity_draws
from moltarium.analysis.graphs.tails import counted, estimate, estimate_interval, fit
from moltarium.analysis.inequality import gini
from moltarium.analysis.metric import Sampling
from moltarium.analysis.slope import slope_of


def power_law(seed: int) -> Found:
    """2,000 values of a discrete power law with exponent 2.3 from 1 on."""
    return Found(2.3, fit(counted(np.random.default_rng(seed).zipf(2.3, 2000)), 1).ci)


def power_law_tail(seed: int) -> Found:
    """The same exponent from 5 on, below it something else: xmin has to be found."""
    rng = np.random.default_rng(seed)
    draws = rng.zipf(2.3, 60_000)
    tail = draws[draws >= 5][:1500]
    data = counted(np.concatenate((tail, rng.integers(1, 5, 1500))))
    return Found(2.3, estimate_interval(data, estimate(data), 40, rng))


def weibull(seed: int) -> Found:
    """Waits of shape .5, a third of them censored."""
    rng = np.random.default_rng(seed)
    wait, watched = 60 * rng.weibull(0.5, 1500), rng.exponential(120, 1500)
    found = Waits(np.minimum(wait, watched), wait <= watched, np.arange(1500) // 5)
    return Found(0.5, weibull_shape(found)[1])


def survival(seed: int) -> Found:
    """Exponential waits, censored at random: S at the mean is e⁻¹."""
    rng = np.random.default_rng(seed)
    wait, watched = rng.exponential(60, 800), rng.exponential(120, 800)
    return Found(np.exp(-1), kaplan_meier(np.minimum(wait, watched), wait <= watched, 60)[1])


def hazard_ratio(seed: int) -> Found:
    """Pairs that talk at one rate, and at five times that for an hour after being addressed."""
    rng = np.random.default_rng(seed)
    pairs, hours, rate, ratio = 400, 200.0, 0.02, 5.0
    speakers = rng.poisson(0.03 * hours, pairs)
    source, target, t = [], [], []
    for k, count in enumerate(speakers):
        asked = np.sort(rng.uniform(0, hours, count))
        tries = np.sort(rng.uniform(0, hours, rng.poisson(rate * ratio * hours)))
        before = np.r_[-np.inf, asked][np.searchsorted(asked, tries)]
        near = tries - before <= 1.0
        kept = tries[near | (rng.random(len(tries)) < 1 / ratio)]
        source += [2 * k] * count + [2 * k + 1] * len(kept)
        target += [2 * k + 1] * count + [2 * k] * len(kept)
        t += [*asked, *kept]
    order = np.argsort(t)
    when = (np.array(t)[order] * HOUR).astype(np.int64)
    found = Contacts(np.array(source)[order], np.array(target)[order], when, 2 * pairs)
    # Only the planted direction: who asks is even, who answers odd.
    return Found(ratio, _one_way(found))


def _one_way(found: Contacts) -> Interval | None:
    pairs = np.unique(found.pair)
    asks = (pairs // found.base) % 2 == 0
    hits, near, others, far = (part[asks] for part in hazard(found, HOUR))
    value = hits.sum() / near.sum() / (others.sum() / far.sum())
    source, target = pairs[asks] // found.base, pairs[asks] % found.base
    return hazard_interval(source, target, (hits, near, others, far), float(value))


def reciprocity(seed: int) -> Found:
    """400 agents, each pair mutual with 2 %, one way with 2 %: of 8 edges, 4 + 4 … r = 2/3."""
    rng = np.random.default_rng(seed)
    n = 400
    a, b = np.triu_indices(n, 1)
    draw = rng.random(len(a))
    mutual, single = draw < 0.02, (draw >= 0.02) & (draw < 0.04)
    turn = rng.random(len(a)) < 0.5
    heads = np.concatenate((a[mutual], b[mutual], np.where(turn, a, b)[single]))
    tails = np.concatenate((b[mutual], a[mutual], np.where(turn, b, a)[single]))
    net = from_pairs(np.arange(n).astype(object), heads, tails)
    value = count_mutual(net.source, net.target, net.n) / net.m
    whole = Whole(net, undirected(net), mutual_edges(net))
    return Found(2 / 3, dyadic(whole)["reciprocity"](value))


def inequality(seed: int) -> Found:
    """Exponential activity, whose Gini coefficient is 1/2."""
    rng = np.random.default_rng(seed)
    return Found(0.5, resampled_interval(rng.exponential(1, 1000), gini, 200, rng))


def regular(seed: int) -> Found:
    """A fifth of agents post like clockwork (gaps within ± 20 %), the others at random."""
    rng = np.random.default_rng(seed)
    clock = rng.random(500) < 0.2
    wait = np.where(clock[:, None], rng.uniform(0.8, 1.2, (500, 60)), rng.exponential(1, (500, 60)))
    t = (np.cumsum(wait, axis=1) * 3.6e9).astype(np.int64)
    found = gaps(np.repeat(np.arange(500), 60), t.ravel(), 3)
    share = (found.sd / found.mean < 0.5).astype(float)
    return Found(0.2, resampled_interval(share, lambda x: float(x.mean()), 200, rng))


def decay(seed: int) -> Found:
    """Steady writing: N ∝ t, so relative growth falls as t⁻¹."""
    t = np.random.default_rng(seed).uniform(0, 100 * HOUR, 40_000).astype(np.int64)
    return Found(-1.0, growth(t, np.arange(len(t)) % 40)[1])


def scaling(seed: int) -> Found:
    """y ∝ x^.78 with noise that grows with x."""
    rng = np.random.default_rng(seed)
    x = rng.exponential(1.5, 800)
    return Found(0.78, slope_of(x, 0.78 * x + rng.normal(0, 0.2 + 0.3 * x))[1])


WORLDS: Final[dict[str, Callable[[int], Found]]] = {
    "power law": power_law,
    "power law, xmin estimated": power_law_tail,
    "Weibull shape": weibull,
    "Kaplan–Meier": survival,
    "hazard ratio": hazard_ratio,
    "reciprocity": reciprocity,
    "Gini": inequality,
    "regular agents": regular,
    "growth exponent": decay,
    "scaling exponent": scaling,
}
"""Planted worlds by the measure that should find the truth."""


def silent_reciprocity(seed: int) -> float:
    """Return p of reciprocity in a world where who answers whom is chance."""
    rng = np.random.default_rng(seed)
    out, into = rng.pareto(2.0, (2, 300)) + 0.2
    # Odds that are products make every graph of one degree sequence equally likely.
    odds = 0.03 * np.outer(out, into)
    np.fill_diagonal(odds, 0)
    ends = np.argwhere(rng.random(odds.shape) < odds / (1 + odds))
    net = from_pairs(np.arange(300).astype(object), ends[:, 0], ends[:, 1])
    value = count_mutual(net.source, net.target, net.n) / net.m
    null = standing(value, reciprocity_draws(net, Sampling(seed, 100)), "")
    return null.p if null else 1.0


def silent_spectrum(seed: int) -> float:
    """Return p of a 4-hour heartbeat in a world without one."""
    t = np.random.default_rng(seed).uniform(0, 10 * 24 * HOUR, 5000).astype(np.int64)
    return beat(t).p


def circadian_spectrum(seed: int) -> float:
    """Return p of a 4-hour heartbeat in ten days that rise and fall smoothly, a tenth as busy at night."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(0, 10 * 24, 20_000)
    kept = t[rng.random(len(t)) < np.exp(1.15 * (np.cos(2 * np.pi * (t - 14) / 24) - 1))]
    return beat((np.sort(kept) * HOUR).astype(np.int64)).p


def office_spectrum(seed: int) -> float:
    """Return p of a 4-hour heartbeat in ten days of sharp office hours, 6 to 18 of them."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(0, 10 * 24, 20_000)
    kept = t[t % 24 < 6 + seed % 13]
    return beat((np.sort(kept) * HOUR).astype(np.int64)).p


def days(seed: int, swing: float) -> float:
    """Return p of a day in 20 days of 4,000 acts whose rate swings by a share of itself."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(0, 20 * 24, 8000)
    kept = t[rng.random(len(t)) < 0.5 * (1 + swing * np.cos(2 * np.pi * t / 24))]
    return peak((np.sort(kept) * HOUR).astype(np.int64), 24.0).p


def heartbeats(seed: int) -> float:
    """Return p of a 4-hour heartbeat where thirty agents act every 4 h ± 20 min among 5,000 other acts."""
    rng = np.random.default_rng(seed)
    beats = np.arange(60) * 4.0 + rng.normal(0, 1 / 3, (30, 60)) + 1
    t = np.concatenate((rng.uniform(0, 10 * 24, 5000), beats.ravel()))
    return beat((np.sort(t[t > 0]) * HOUR).astype(np.int64)).p


def main() -> None:
    """Print, per planted world, how many intervals hold the truth, and how often silent nulls speak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    seeds = range(parser.parse_args().seeds)
    checks = [
        Check(f"{name}: truth held", 100 * sum(world(k).holds for k in seeds) / len(seeds), "≥", 94, "%")
        for name, world in WORLDS.items()
    ]
    found = 100 * sum(heartbeats(k) < 0.05 for k in seeds) / len(seeds)
    checks.append(Check("heartbeat: planted one found", found, "≥", 94, "%"))
    found = 100 * sum(days(k, 0.3) < 0.05 for k in seeds) / len(seeds)
    checks.append(Check("circadian: planted one found", found, "≥", 94, "%"))
    nulls: dict[str, Callable[[int], float]] = {
        "circadian": partial(days, swing=0.0),
        "reciprocity": silent_reciprocity,
        "heartbeat": silent_spectrum,
        "heartbeat, smooth days": circadian_spectrum,
        "heartbeat, office hours": office_spectrum,
    }
    for name, silent in nulls.items():
        flagged = 100 * sum(silent(k) < 0.05 for k in seeds) / len(seeds)
        # Two standard errors of 100 draws above 5 %.
        bound = 5 + 200 * (0.0475 / len(seeds)) ** 0.5
        checks.append(Check(f"{name}: silent null flagged", flagged, "≤", bound, "%"))
    checks += activity_worlds.checks(seeds)
    print(table(checks))


if __name__ == "__main__":
    main()
