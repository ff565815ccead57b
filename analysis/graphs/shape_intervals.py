"""Intervals of the measures ``shape.*``, from the figures of a network without each group of its agents."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeAlias

import numpy as np

from moltarium.analysis.bootstrap import Interval, or_nan
from moltarium.analysis.graphs.left_out import Left, Whole, figures_without
from moltarium.analysis.graphs.networks import Network
from moltarium.analysis.graphs.paths import EFFORT, largest_component, mean_distance, sources_of
from moltarium.analysis.graphs.shape import TRIADS, connected_without_hubs, hub_count, triad_census
from moltarium.analysis.graphs.structure import Simple
from moltarium.analysis.jackknife import ANGLE, POSITIVE, SHARE, Scale, jackknifed
from moltarium.analysis.metric import Sampling

Figures: TypeAlias = Callable[[Network, Simple], dict[str, Callable[[], float]]]
"""Figures of a network and its undirected form, by name."""
Intervals: TypeAlias = Mapping[str, Callable[[float], Interval | None]]
"""Functions from a measure's value to its interval, by name."""

TOPS: Final = (1, 5, 10, 20)
"""Points of the curve of top shares, per cent of agents."""
WITHOUT: Final = (1, 5, 10, 20)
"""Hubs taken out, per cent of agents."""

GROUPED: Final[dict[str, Scale]] = {
    "pagerank_gini": SHARE,
    "pagerank_top1": SHARE,
    **{f"top{top}_{way}": SHARE for way in ("in", "out") for top in TOPS},
    "periphery": ANGLE,
    "bowtie_core": ANGLE,
    "bowtie_in": ANGLE,
    "bowtie_out": ANGLE,
    "bowtie_rest": ANGLE,
    "rich_club": ANGLE,
    **{f"without_hubs_{top}": ANGLE for top in WITHOUT},
    "hubs_to_halve": SHARE,
    "path_mean": POSITIVE,
    **{f"triad_{kind}": POSITIVE for kind in TRIADS},
}
"""Measures computed anew without each group of agents, and the scale of their intervals."""
NO_INTERVAL: Final = {
    **dict.fromkeys(
        (
            "centralisation",
            "core_max",
            "betweenness_max",
            "betweenness_centralisation",
            "diameter",
            "diameter_weighted",
        ),
        "no interval: it hangs on an extreme, of which resampling agents knows too little",
    ),
    "path_mean_weighted": "no interval: an artefact, kept to recognise it",
    "communities": "no interval: a number of parts is no mean over agents",
    "communities_stability": "no interval: too few seeds to say how much they differ",
    "small_world": "no interval: three null graphs say too little of their own chance",
}
"""Measures without an interval, and why."""
LEAST_TOP: Final = 10
"""Agents that a share of the top must count to have an interval: the share of four is an extreme too."""
_TOPS: Final = {
    "pagerank_top1": 1,
    **{f"top{top}_{way}": top for way in ("in", "out") for top in TOPS},
}
SAMPLED_ONLY: Final = "interval of the search's sampling alone"
"""Said where sources were sampled and the agents' own chance has no interval."""


def why_not(name: str, n: int) -> str | None:
    """Return why a measure of a network of n agents has no interval, ``None`` if it may have one."""
    if name in _TOPS and hub_count(n, _TOPS[name] / 100) < LEAST_TOP:
        return f"no interval: a top of fewer than {LEAST_TOP} agents"
    return NO_INTERVAL.get(name)


def intervals(whole: Whole, central: Figures, sampling: Sampling) -> Intervals:
    """Return, per measure of `GROUPED`, the function from its value to its interval.

    Parameters
    ----------
    whole
        The network.
    central
        Gives the figures that need no search of paths and no census.
    sampling
        Seed of the groups and of the sources of paths.
    """
    part, nodes = largest_component(whole.flat)
    searched = np.zeros(whole.net.n, dtype=np.bool_)
    searched[nodes[sources_of(part, EFFORT, np.random.default_rng([sampling.seed, 40]))]] = True
    n = whole.net.n

    def figures(left: Left) -> list[float]:
        values = central(left.net, left.flat)
        for top in WITHOUT:
            joined_still = connected_without_hubs(left.flat, top / 100) / _staying(left.net.n, top)
            values[f"without_hubs_{top}"] = partial(float, joined_still)
        inner, members = largest_component(left.flat)
        # The whole's sources, so that only who is missing differs.
        sources = np.flatnonzero(searched[left.nodes[members]])
        values["path_mean"] = partial(mean_distance, inner, sources)
        # Groups differ by one agent: that alone must not make a difference in motifs.
        grown = math.comb(n, 3) / max(math.comb(n - left.gone, 3), 1)
        for kind, count in triad_census(left.net, left.flat).items():
            values[f"triad_{kind}"] = partial(float, count * grown)
        return [or_nan(values[name]) for name in GROUPED]

    rows = figures_without(whole, figures, np.random.default_rng([sampling.seed, 44]))
    scales = enumerate(GROUPED.items()) if len(rows) else ()
    found = {name: jackknifed(rows[:, k], scale) for k, (name, scale) in scales if why_not(name, n) is None}
    for top in WITHOUT if found else ():
        # Of those who stay, or every interval would hold how many went.
        found[f"without_hubs_{top}"] = partial(_shrunk, found[f"without_hubs_{top}"], _staying(n, top))
    return found


def _staying(n: int, top: int) -> float:
    return 1 - hub_count(n, top / 100) / n


def _shrunk(ci: Callable[[float], Interval | None], factor: float, value: float) -> Interval | None:
    """Return the interval of ``factor · x`` from that of x."""
    found = ci(min(round(value / factor, 12), 1.0))
    return None if found is None else (found[0] * factor, found[1] * factor)
