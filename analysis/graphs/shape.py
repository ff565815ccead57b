"""Shape beyond density: who is central, what holds the graph together, which motifs it is made of.

PageRank, bow-tie and motifs are measured on the directed simple graph, the rest on the undirected one, all
unweighted.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from moltarium.analysis.bootstrap import Floats
from moltarium.analysis.corpus import Ints
from moltarium.analysis.graphs.networks import Network
from moltarium.analysis.graphs.structure import Simple, by_degree
from moltarium.sim.record.errors import NotComputable

DAMPING: Final = 0.85
"""Brin & Page (1998), doi:10.1016/S0169-7552(98)00110-X."""
TOLERANCE: Final = 1e-12
"""PageRank stops when its change, summed over nodes, is below this."""

TRIADS: Final[tuple[str, ...]] = (
    "003", "012", "102", "021D", "021U", "021C", "111D", "111U",
    "030T", "030C", "201", "120D", "120U", "120C", "210", "300",
)  # fmt: skip
"""The 16 isomorphism classes of three agents (Holland & Leinhardt 1970, doi:10.1086/224954)."""


def pagerank(net: Network) -> Floats:
    """Return PageRank per node, unweighted, shape (n,), summing to 1.

    ``p = d (Wᵀ p + dangling / n) + (1 − d) / n`` with d = `DAMPING`; who addresses nobody points to all.

    Examples
    --------
    0 ⇄ 1 ← 2: nobody points to 2, who keeps (1 − d) / 3.

    >>> from moltarium.analysis.graphs.networks import from_pairs
    >>> net = from_pairs(np.array(list("abc"), dtype=object), np.array([0, 1, 2]), np.array([1, 0, 1]))
    >>> pagerank(net).round(4).tolist()
    [0.4635, 0.4865, 0.05]
    """
    out = np.bincount(net.source, minlength=net.n).astype(np.float64)
    share = 1.0 / out[net.source]
    matrix = sparse.csr_array((share, (net.target, net.source)), shape=(net.n, net.n))
    rank: Floats = np.full(net.n, 1.0 / net.n)
    silent = out == 0
    while True:
        new: Floats = DAMPING * (matrix @ rank + rank[silent].sum() / net.n) + (1 - DAMPING) / net.n
        if np.abs(new - rank).sum() < TOLERANCE:
            total: Floats = new / new.sum()
            return total
        rank = new


def core_numbers(graph: Simple) -> Ints:
    """Return the largest k per node such that it is in the k-core, shape (n,).

    Batagelj & Zaveršnik (2003), arXiv:cs/0310049.

    Examples
    --------
    A triangle with a pendant:

    >>> core_numbers(Simple(4, np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3]))).tolist()
    [2, 2, 2, 1]
    """
    from moltarium.analysis.graphs import kernels

    return kernels.cores(*arcs(graph), graph.n)


def arcs(graph: Simple) -> tuple[Ints, npt.NDArray[np.int32]]:
    """Return the graph as compressed adjacency, each edge both ways (see `kernels`)."""
    from moltarium.analysis.graphs import kernels

    both = np.concatenate((graph.low, graph.high)), np.concatenate((graph.high, graph.low))
    return kernels.adjacency(*both, graph.n)


class BowTie(NamedTuple):
    """Shares of nodes around the largest strongly connected component (Broder et al. 2000).

    doi:10.1016/S1389-1286(00)00083-9
    """

    core: float
    """In the largest strongly connected component."""
    into: float
    """Leads to the core, not led to."""
    out: float
    """Led to from the core, no way back."""
    rest: float
    """Tendrils, tubes and what is not joined to the core."""


def bow_tie(net: Network) -> BowTie:
    """Return the bow-tie of a network with at least one edge.

    Examples
    --------
    0 → 1 ⇄ 2 → 3:

    >>> from moltarium.analysis.graphs.networks import from_pairs
    >>> agents = np.array(list("abcd"), dtype=object)
    >>> bow_tie(from_pairs(agents, np.array([0, 1, 2, 2]), np.array([1, 2, 1, 3])))
    BowTie(core=0.5, into=0.25, out=0.25, rest=0.0)
    """
    from moltarium.analysis.graphs import kernels

    _, label = connected_components(net.matrix(), directed=True, connection="strong")
    core = label == np.bincount(label).argmax()
    inside = int(np.flatnonzero(core)[0])
    down = kernels.distances(*kernels.adjacency(net.source, net.target, net.n), net.n, inside) >= 0
    up = kernels.distances(*kernels.adjacency(net.target, net.source, net.n), net.n, inside) >= 0
    parts = (core, up & ~core, down & ~core, ~(up | down))
    return BowTie(*(float(part.mean()) for part in parts))


def triad_census(net: Network, graph: Simple) -> dict[str, int]:
    """Return how many of all triples of nodes are of each of the 16 kinds in `TRIADS`.

    Triangles are enumerated; two-edged triples follow from each node's dyads, and the rest from the totals,
    so the time is that of counting triangles.

    Examples
    --------
    >>> from moltarium.analysis.graphs.networks import from_pairs
    >>> from moltarium.analysis.graphs.structure import undirected
    >>> net = from_pairs(np.array(list("abc"), dtype=object), np.array([0, 1, 2]), np.array([1, 2, 0]))
    >>> {kind: count for kind, count in triad_census(net, undirected(net)).items() if count}
    {'030C': 1}
    """
    from moltarium.analysis.graphs import kernels

    n = net.n
    way = _ways(net, graph)
    kinds = kernels.closed(graph.low, graph.high, way, by_degree(graph), n)[1]
    count: dict[str, int] = dict.fromkeys(TRIADS, 0)
    both = _at(graph, way == 3)
    out = _at_ends(graph.low[way == 1], graph.high[way == 2], n)
    into = _at_ends(graph.high[way == 1], graph.low[way == 2], n)
    count["021D"], count["021U"], count["021C"] = _pairs(out), _pairs(into), int(out @ into)
    count["111D"], count["111U"], count["201"] = int(both @ into), int(both @ out), _pairs(both)
    for kind, found in enumerate(kinds.tolist()):
        if found:
            closed, opened = _triangle(kind)
            count[closed] += found
            for name in opened:
                count[name] -= found
    asymmetric, mutual = int((way < 3).sum()), int((way == 3).sum())
    count["012"] = asymmetric * (n - 2) - sum(int(kind[1]) * count[kind] for kind in TRIADS[3:])
    count["102"] = mutual * (n - 2) - sum(int(kind[0]) * count[kind] for kind in TRIADS[3:])
    count["003"] = math.comb(n, 3) - sum(count.values())
    return count


def degree_centralisation(graph: Simple) -> float:
    """Return ``Σ (k_max − kᵢ) / ((n − 1)(n − 2))``: 1 for a star, 0 where all have one degree.

    Freeman (1978), doi:10.1016/0378-8733(78)90021-7.

    Raises
    ------
    NotComputable
        Under three nodes.

    Examples
    --------
    >>> degree_centralisation(Simple(4, np.array([0, 0, 0]), np.array([1, 2, 3])))
    1.0
    """
    if graph.n < 3:
        raise NotComputable("at least 3 agents")
    degree = graph.degrees()
    return float((degree.max() - degree).sum() / ((graph.n - 1) * (graph.n - 2)))


def rich_club(graph: Simple, top: float) -> float:
    """Return the density among the ⌈top · n⌉ nodes of largest degree (and those tied with the last).

    Zhou & Mondragón (2004), doi:10.1109/LCOMM.2004.823426. To be read beside a null that keeps degrees.

    Raises
    ------
    NotComputable
        If fewer than two nodes are in the club.

    Examples
    --------
    A triangle 0-1-2 with a pendant at 2: the top half by degree is 2 and, tied, 0 and 1.

    >>> rich_club(Simple(4, np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3])), top=0.5)
    1.0
    """
    degree = graph.degrees()
    club = degree >= np.sort(degree)[::-1][hub_count(graph.n, top) - 1]
    size = int(club.sum())
    if size < 2:
        raise NotComputable("at least 2 agents among the hubs")
    return float((club[graph.low] & club[graph.high]).sum() / (size * (size - 1) / 2))


def connected_without_hubs(graph: Simple, top: float) -> float:
    """Return the share of all nodes in the largest component once the ⌈top · n⌉ largest hubs are taken out.

    Albert, Jeong & Barabási (2000), doi:10.1038/35019019.

    Examples
    --------
    >>> connected_without_hubs(Simple(4, np.array([0, 0, 0]), np.array([1, 2, 3])), top=0.25)
    0.25
    """
    return float(joined_without(graph)[hub_count(graph.n, top) if top else 0] / graph.n)


def hubs_to_halve(graph: Simple) -> float:
    """Return the smallest share of nodes, largest degrees first, whose loss halves the largest component.

    Of nodes with one degree the later one counts as larger.

    Returns
    -------
    float
        In (0, 1]: small where a few hubs hold the graph together.

    References
    ----------
    Albert, Jeong & Barabási (2000), Nature 406, 378. doi:10.1038/35019019

    Examples
    --------
    A star of 5 falls apart with its centre:

    >>> hubs_to_halve(Simple(5, np.zeros(4, dtype=np.int64), np.arange(1, 5)))
    0.2
    """
    largest = joined_without(graph)
    return int(np.argmax(largest <= largest[0] / 2)) / graph.n


def joined_without(graph: Simple) -> Ints:
    """Return the size of the largest component without the k largest hubs, k = 0 … n, shape (n + 1,).

    Of nodes with one degree the later one counts as larger.

    Examples
    --------
    >>> joined_without(Simple(4, np.array([0, 0, 0]), np.array([1, 2, 3]))).tolist()
    [4, 1, 1, 1, 0]
    """
    from moltarium.analysis.graphs import kernels

    return kernels.percolated(graph.low, graph.high, by_degree(graph), graph.n)[::-1]


def hub_count(n: int, top: float) -> int:
    """Return ⌈top · n⌉, at least 1."""
    return max(1, math.ceil(top * n - 1e-9))


def _ways(net: Network, graph: Simple) -> npt.NDArray[np.int8]:
    """Return, per undirected edge, 1 for low → high, 2 for high → low, 3 for both."""
    keys = graph.low * net.n + graph.high
    way = np.zeros(graph.m, dtype=np.int8)
    up = net.source < net.target
    way[np.searchsorted(keys, net.source[up] * net.n + net.target[up])] += 1
    way[np.searchsorted(keys, net.target[~up] * net.n + net.source[~up])] += 2
    return way


def _at(graph: Simple, chosen: npt.NDArray[np.bool_]) -> Ints:
    return _at_ends(graph.low[chosen], graph.high[chosen], graph.n)


def _at_ends(a: Ints, b: Ints, n: int) -> Ints:
    return np.bincount(a, minlength=n) + np.bincount(b, minlength=n)


def _pairs(number: Ints) -> int:
    return int((number * (number - 1) // 2).sum())


def _triangle(kind: int) -> tuple[str, tuple[str, str, str]]:
    """Return the class of a kind of triangle (see `kernels.closed`) and the open class at each corner."""
    ab, ac, bc = kind % 3 + 1, kind // 3 % 3 + 1, kind // 9 + 1
    back = (0, 2, 1, 3)
    corners = _open(ab, ac), _open(back[ab], bc), _open(back[ac], back[bc])
    mutual = (ab, ac, bc).count(3)
    if mutual == 0:
        return ("030C" if corners == ("021C",) * 3 else "030T"), corners
    if mutual == 1:
        # The corner that the mutual edge leaves out tells: it sends both, gets both, or passes on.
        alone = next(name for name in corners if name.startswith("021"))
        return f"120{alone[3]}", corners
    return ("210" if mutual == 2 else "300"), corners


def _open(x: int, y: int) -> str:
    """Return the class of two edges at one corner: 1 goes out, 2 comes in, 3 both."""
    names = {(1, 1): "021D", (2, 2): "021U", (1, 2): "021C", (2, 3): "111D", (1, 3): "111U", (3, 3): "201"}
    return names[(min(x, y), max(x, y))]
