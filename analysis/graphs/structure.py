"""Shape of a graph, from edge arrays: dyads, clustering, assortativity, components, communities.

Conventions are Holtz's (arXiv:2602.10131): density and reciprocity on the directed simple graph without
self-loops; clustering, assortativity and communities on the undirected simple graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import connected_components

from moltarium.analysis.corpus import Ints
from moltarium.analysis.graphs.networks import Network
from moltarium.sim.record.errors import NotComputable


def count_mutual(source: Ints, target: Ints, n: int) -> int:
    """Return how many directed edges have their reverse (twice the number of mutual dyads).

    Examples
    --------
    >>> count_mutual(np.array([0, 1, 1]), np.array([1, 0, 2]), 3)
    2
    """
    from moltarium.analysis.graphs import kernels

    return int(kernels.mutual(source, target, n))


def mutual_edges(net: Network) -> npt.NDArray[np.bool_]:
    """Return, per edge, whether its reverse exists, shape (m,)."""
    keys = net.source * net.n + net.target
    back = net.target * net.n + net.source
    place = np.searchsorted(keys, back)
    return keys[np.minimum(place, len(keys) - 1)] == back if len(keys) else np.zeros(0, dtype=bool)


def density(n: int, m: int) -> float:
    """Return the share of possible directed edges that exist, ``m / (n (n − 1))``.

    Raises
    ------
    NotComputable
        Under two nodes.

    Examples
    --------
    >>> density(4, 3)
    0.25
    """
    if n < 2:
        raise NotComputable("at least 1 edge")
    return m / (n * (n - 1))


def rho(reciprocity: float, mean_edge: float) -> float:
    """Return reciprocity beyond density, ``ρ = (r − ā) / (1 − ā)``: 0 as by chance, below 0 avoided.

    Garlaschelli & Loffredo (2004), Physical Review Letters 93, 268701. doi:10.1103/PhysRevLett.93.268701

    Raises
    ------
    NotComputable
        If the graph is complete (ā = 1).

    Examples
    --------
    >>> rho(0.4, 0.2)
    0.25
    """
    if mean_edge >= 1:
        raise NotComputable("a graph that is not complete")
    return (reciprocity - mean_edge) / (1 - mean_edge)


@dataclass(frozen=True, slots=True)
class Simple:
    """An undirected simple graph: each edge once, ``low < high``, sorted."""

    n: int
    low: Ints
    high: Ints

    @property
    def m(self) -> int:
        """The number of undirected edges."""
        return len(self.low)

    def degrees(self) -> Ints:
        """Return the degree of each node, shape (n,)."""
        return np.bincount(self.low, minlength=self.n) + np.bincount(self.high, minlength=self.n)


def undirected(net: Network) -> Simple:
    """Return the network with directions and weights forgotten."""
    base = max(net.n, 1)
    keys = np.sort(np.minimum(net.source, net.target) * base + np.maximum(net.source, net.target))
    keys = keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys
    return Simple(net.n, keys // base, keys % base)


def by_degree(graph: Simple) -> Ints:
    """Return each node's place when nodes are ordered by degree, shape (n,)."""
    rank = np.empty(graph.n, dtype=np.int64)
    rank[np.argsort(graph.degrees(), kind="stable")] = np.arange(graph.n)
    return rank


def triangles(graph: Simple) -> Ints:
    """Return the number of triangles at each node, shape (n,).

    Edges are pointed from smaller to larger degree, so that no node points to more than √(2m) others (Chiba
    & Nishizeki 1985, doi:10.1137/0214017). A triangle is then a path of two such edges whose ends are joined.

    Examples
    --------
    A triangle 0-1-2 with a pendant 3 at node 2:

    >>> triangles(Simple(4, np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3]))).tolist()
    [1, 1, 1, 0]
    """
    from moltarium.analysis.graphs import kernels

    way = np.ones(graph.m, dtype=np.int8)
    found: Ints = kernels.closed(graph.low, graph.high, way, by_degree(graph), graph.n)[0]
    return found


@dataclass(frozen=True, slots=True)
class Clustering:
    """Triangles and wedges per node of an undirected simple graph."""

    triangles: Ints
    wedges: npt.NDArray[np.float64]
    """Pairs of neighbours per node, ``k (k − 1) / 2``."""

    def transitivity(self) -> float:
        """Return global clustering: 3 · triangles / wedges.

        Raises
        ------
        NotComputable
            If no node has two neighbours.
        """
        if not self.wedges.sum():
            raise NotComputable("at least 1 agent with 2 neighbours")
        return float(self.triangles.sum() / self.wedges.sum())

    def coefficients(self) -> npt.NDArray[np.float64]:
        """Return local clustering of every node with at least two neighbours."""
        wide = self.wedges > 0
        return self.triangles[wide] / self.wedges[wide]

    def mean_local(self) -> float:
        """Return mean local clustering over nodes of degree ≥ 2 (nodes of degree 0 and 1 have none).

        Raises
        ------
        NotComputable
            If no node has two neighbours.
        """
        local = self.coefficients()
        if not len(local):
            raise NotComputable("at least 1 agent with 2 neighbours")
        return float(local.mean())


def clustering(graph: Simple) -> Clustering:
    """Return triangles and wedges of each node.

    Examples
    --------
    A triangle 0-1-2 with a pendant 3 at node 2:

    >>> found = clustering(Simple(4, np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3])))
    >>> found.transitivity(), round(found.mean_local(), 6)
    (0.6, 0.777778)
    """
    degree = graph.degrees().astype(np.float64)
    return Clustering(triangles(graph), degree * (degree - 1) / 2)


def assortativity(
    graph: Simple, degree: npt.ArrayLike | None = None, weight: npt.ArrayLike | None = None
) -> float:
    """Return Pearson's correlation of the degrees at the two ends of an edge.

    Each undirected edge counts in both directions.

    Parameters
    ----------
    graph
        Undirected simple graph.
    degree
        Value per node, shape (n,); default its degree.
    weight
        Weight per edge, shape (m,); default 1.

    Returns
    -------
    float
        In [−1, 1].

    Raises
    ------
    NotComputable
        If all ends have the same degree.

    References
    ----------
    Newman (2002), Physical Review Letters 89, 208701. doi:10.1103/PhysRevLett.89.208701

    Examples
    --------
    >>> assortativity(Simple(4, np.array([0, 0, 0]), np.array([1, 2, 3])))
    -1.0
    """
    from moltarium.analysis.graphs import kernels

    k = np.asarray(graph.degrees() if degree is None else degree, dtype=np.float64)
    w = np.zeros(0) if weight is None else np.asarray(weight, dtype=np.float64)
    total, mean, variance, covariance = kernels.alike(graph.low, graph.high, k, w)
    if not total or variance <= 1e-12 * max(mean * mean, 1.0):
        raise NotComputable("at least 2 different degrees")
    return covariance / variance


def largest_scc(net: Network) -> float:
    """Return the share of nodes in the largest strongly connected component.

    Raises
    ------
    NotComputable
        If the network has no edge.

    Examples
    --------
    0 ⇄ 1 → 2 → 3:

    >>> from moltarium.analysis.graphs.networks import from_pairs
    >>> agents = np.array(list("abcd"), dtype=object)
    >>> largest_scc(from_pairs(agents, np.array([0, 1, 1, 2]), np.array([1, 0, 2, 3])))
    0.5
    """
    if not net.m:
        raise NotComputable("at least 1 edge")
    _, label = connected_components(net.matrix(), directed=True, connection="strong")
    return float(np.bincount(label).max() / net.n)


def communities(graph: Simple, seed: int = 0) -> Ints:
    """Return a community label per node, shape (n,), by Leiden on modularity, unweighted, resolution 1.

    Labels number the communities from the largest. Traag, Waltman & van Eck
    (2019), doi:10.1038/s41598-019-41695-z.

    Parameters
    ----------
    graph
        Undirected simple graph.
    seed
        Order in which nodes are visited, and refinement's draws.
    """
    from moltarium.analysis.graphs.leiden import leiden

    return leiden(graph.low, graph.high, graph.n, seed)


def modularity(graph: Simple, label: Ints) -> float:
    """Return Newman's modularity of a partition, ``Q = Σ_c [ m_c / m − (K_c / 2m)² ]``.

    Parameters
    ----------
    graph
        Undirected simple graph.
    label
        Community number per node, shape (n,).

    Returns
    -------
    float
        In [−1/2, 1).

    Raises
    ------
    NotComputable
        If the graph has no edge.

    Examples
    --------
    Two triangles joined by one edge, split between them:

    >>> low, high = np.array([0, 0, 1, 2, 3, 3, 4]), np.array([1, 2, 2, 3, 4, 5, 5])
    >>> round(modularity(Simple(6, low, high), np.array([0, 0, 0, 1, 1, 1])), 6)
    0.357143
    """
    if not graph.m:
        raise NotComputable("at least 1 edge")
    inside = np.count_nonzero(label[graph.low] == label[graph.high]) / graph.m
    strength = np.bincount(label, weights=graph.degrees()) / (2 * graph.m)
    return float(inside - strength @ strength)
