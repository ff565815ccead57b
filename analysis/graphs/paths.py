"""How far apart agents are: paths, diameter, betweenness; exact or sampled with its error.

Distances are taken in the largest connected component of the undirected simple graph, in steps. With reply
counts as distances, as some software takes edge weights by default, the same network looks stretched: two
agents who talk much are then far apart. `Distances.weighted` tells the two apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from moltarium.analysis.bootstrap import Z95, Floats, Interval
from moltarium.analysis.corpus import Ints
from moltarium.analysis.graphs.networks import Network
from moltarium.analysis.graphs.shape import arcs
from moltarium.analysis.graphs.structure import Simple
from moltarium.sim.record.errors import NotComputable

A = TypeVar("A")
T = TypeVar("T")

EFFORT: Final = 400_000_000
"""Edges that a sample of sources may cross: all of 6,000 agents on 65,000 edges, 400 on a million."""
SHARES: Final = 2
"""Threads that share a search, on any machine, so that figures don't depend on its cores."""
MIN_SOURCES: Final = 50
"""Sources of any sample."""
SEARCHES: Final = 400
"""Searches after which a diameter that is still not certain is called not computable."""


@dataclass(frozen=True, slots=True)
class Paths:
    """What breadth-first searches from some or all nodes of a connected graph found."""

    n: int
    sources: int
    mean: float
    """Mean distance between two nodes."""
    mean_ci: Interval | None
    """95 % interval from the sampling of sources; ``None`` if all were searched."""
    betweenness: Floats
    """Share of shortest paths between others that pass a node, shape (n,), in [0, 1]."""
    betweenness_sd: Floats
    """Standard error of that from the sampling of sources, shape (n,); 0 if all were searched."""


def largest_component(graph: Simple) -> tuple[Simple, Ints]:
    """Return the largest connected component, renumbered, and its nodes' old numbers."""
    matrix = sparse.csr_array((np.ones(graph.m), (graph.low, graph.high)), shape=(graph.n, graph.n))
    _, label = connected_components(matrix, directed=False)
    nodes = np.flatnonzero(label == np.bincount(label).argmax())
    place = np.full(graph.n, -1)
    place[nodes] = np.arange(len(nodes))
    inside = place[graph.low] >= 0
    return Simple(len(nodes), place[graph.low[inside]], place[graph.high[inside]]), nodes


def search(graph: Simple, rng: np.random.Generator) -> Paths:
    """Search a connected graph from as many sources as `EFFORT` allows.

    ``B(v) = Σ_{s≠v≠t} σ_st(v) / σ_st / ((n − 1)(n − 2))``, from k of n sources scaled by n / k (Brandes &
    Pich 2007, doi:10.1142/S0218127407018403); the error is that of a mean of k draws without replacement.

    Raises
    ------
    NotComputable
        Under three nodes.
    """
    from moltarium.analysis.graphs import kernels

    n = graph.n
    if n < 3:
        raise NotComputable("at least 3 agents in the largest component")
    sources = sources_of(graph, EFFORT, rng)
    k = len(sources)
    first, head = arcs(graph)
    parts = side_by_side(partial(kernels.brandes, first, head, n), np.array_split(sources, SHARES))
    total, square = (np.sum([part[at] for part in parts], axis=0) for at in (0, 1))
    length, reach = (np.concatenate([part[at] for part in parts]) for at in (2, 3))
    spread = np.sqrt(np.maximum(square / k - (total / k) ** 2, 0) * k / max(k - 1, 1) / k * (1 - k / n))
    scale = n / ((n - 1) * (n - 2))
    each = length / reach
    mean = float(each.mean())
    error = Z95 * float(each.std(ddof=1)) / math.sqrt(k) * math.sqrt(1 - k / n)
    return Paths(
        n=n,
        sources=k,
        mean=mean,
        mean_ci=(mean - error, mean + error) if k < n else None,
        betweenness=total / k * scale,
        betweenness_sd=spread * scale,
    )


def mean_distance(graph: Simple, sources: Ints) -> float:
    """Return `search`'s mean distance alone, from given sources, many times as fast.

    Raises
    ------
    NotComputable
        Under three nodes, or without a source.
    """
    from moltarium.analysis.graphs import kernels

    if graph.n < 3 or not len(sources):
        raise NotComputable("at least 3 agents in the largest component")
    length, reach = kernels.distance_sums(*arcs(graph), graph.n, sources)
    return float((length / reach).mean())


def side_by_side(compute: Callable[[A], T], parts: Iterable[A]) -> list[T]:
    """Return what a compiled function gives for each part, computed in `SHARES` threads."""
    with ThreadPoolExecutor(SHARES) as pool:
        return list(pool.map(compute, parts))


def sources_of(graph: Simple, effort: int, rng: np.random.Generator) -> Ints:
    """Return as many nodes to search from as an effort in edges allows, all if it can."""
    k = min(graph.n, max(MIN_SOURCES, effort // graph.m))
    return np.arange(graph.n) if k == graph.n else rng.choice(graph.n, k, replace=False)


def step_diameter(graph: Simple) -> float:
    """Return the largest distance in steps of a connected graph, exact.

    Raises
    ------
    NotComputable
        If `SEARCHES` searches don't settle it.
    """
    from moltarium.analysis.graphs import kernels

    first, head = arcs(graph)
    return _diameter(graph, lambda u: kernels.distances(first, head, graph.n, u).astype(np.float64))


@dataclass(frozen=True, slots=True)
class Weighted:
    """Paths with reply counts as distances."""

    graph: Simple
    first: Ints
    head: npt.NDArray[np.int32]
    cost: Ints
    """Comments between the two ends of each arc (see `kernels` for `first` and `head`)."""

    def mean(self, rng: np.random.Generator) -> tuple[float, Interval | None]:
        """Return the mean distance and, if sources had to be sampled, its interval."""
        n = self.graph.n
        sources = sources_of(self.graph, EFFORT // 20, rng)
        k = len(sources)
        each = np.array(side_by_side(lambda s: float(self._from(int(s)).sum()) / (n - 1), sources))
        mean = float(each.mean())
        error = Z95 * float(each.std(ddof=1)) / math.sqrt(k) * math.sqrt(1 - k / n)
        return mean, (mean - error, mean + error) if k < n else None

    def diameter(self) -> float:
        """Return the largest distance, exact; raises `NotComputable` as `step_diameter`."""
        return _diameter(self.graph, self._from)

    def _from(self, source: int) -> Floats:
        from moltarium.analysis.graphs import kernels

        found = kernels.costs(self.first, self.head, self.cost, self.graph.n, source)
        return found.astype(np.float64)


def weighted(net: Network, graph: Simple, nodes: Ints) -> Weighted:
    """Return a component (`nodes`: its old numbers) with reply counts, both ways added, as distances."""
    place = np.full(net.n, -1)
    place[nodes] = np.arange(len(nodes))
    a, b = place[net.source], place[net.target]
    inside = (a >= 0) & (b >= 0)
    pair = (np.minimum(a, b) * graph.n + np.maximum(a, b))[inside]
    at = np.searchsorted(graph.low * graph.n + graph.high, pair)
    between = np.bincount(at, net.weight[inside], minlength=graph.m).astype(np.int64)
    # Arcs lie in order of their source and, within it, as `arcs` was given them.
    order = np.argsort(np.concatenate((graph.low, graph.high)), kind="stable")
    return Weighted(graph, *arcs(graph), np.concatenate((between, between))[order])


def _diameter(graph: Simple, distances: Callable[[int], Floats]) -> float:
    """Return the diameter by bounding eccentricities (Takes & Kosters 2011, doi:10.1145/2063576.2063748).

    A search from u with eccentricity e bounds every other: max(e − d, d) ≤ ecc(v) ≤ e + d. Searches alternate
    between the node with the largest upper and the smallest lower bound until none can exceed what is known.
    """
    low, high = np.zeros(graph.n), np.full(graph.n, np.inf)
    open_ = np.ones(graph.n, dtype=bool)
    degree = graph.degrees()
    best, node = 0.0, int(degree.argmax())
    for turn in range(SEARCHES):
        d = distances(node)
        e = float(d.max())
        best = max(best, e)
        low, high = np.maximum(low, np.maximum(e - d, d)), np.minimum(high, e + d)
        best = max(best, float(low.max()))
        open_[node] = False
        open_ &= high > best
        if not open_.any():
            return best
        waiting = np.flatnonzero(open_)
        bound = -high[waiting] if turn % 2 == 0 else low[waiting]
        node = int(waiting[np.lexsort((-degree[waiting], bound))[0]])
    raise NotComputable(f"a diameter that {SEARCHES} searches can settle")
