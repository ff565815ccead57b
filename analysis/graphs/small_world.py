"""The measures ``small_world.<kind>.*``: as clustered as a lattice and as short as chance, or neither.

A network is set between two references with its own degrees: random graphs, and a lattice, in which everybody
is joined to near ones on a ring. All on the undirected simple graph; distances in the largest component.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from moltarium.analysis.bootstrap import Floats, or_nan
from moltarium.analysis.corpus import Corpus
from moltarium.analysis.graphs.networks import Directed, Network, build, edge
from moltarium.analysis.graphs.nulls import configurations, over_chains, standing
from moltarium.analysis.graphs.paths import largest_component
from moltarium.analysis.graphs.shape import arcs
from moltarium.analysis.graphs.structure import Simple, clustering, undirected
from moltarium.analysis.graphs.structure_family import UNDIRECTED_NULL, needs
from moltarium.analysis.metric import Definition, Family, Measure, Sampling, Sheet
from moltarium.sim.record.errors import NotComputable

_HUMPHRIES: Final = "Humphries & Gurney 2008, doi:10.1371/journal.pone.0002051"
_TELESFORD: Final = "Telesford et al. 2011, doi:10.1089/brain.2011.0038"

DEFINITIONS: Final[dict[str, Definition]] = {
    "clustering_ratio": Definition("C / C_null, C mean local clustering over degree ≥ 2", _HUMPHRIES),
    "path_ratio": Definition("L / L_null, L mean distance in the largest component", _HUMPHRIES),
    "sigma": Definition(
        "(C / C_null) / (L / L_null), C mean local clustering: above 1 in a small world, and higher the "
        "larger it is",
        _HUMPHRIES,
    ),
    "lattice_ratio": Definition(
        "C / C_lattice, of a lattice with these degrees: 1 as clustered as can be", _TELESFORD
    ),
    "omega": Definition(
        "L_null / L − C / C_lattice: near −1 in a lattice, 0 in a small world, 1 in a random graph",
        _TELESFORD,
    ),
}
"""What is measured of small worlds."""

NO_INTERVAL: Final = "no interval: with agents left out, each network would need reference graphs of its own"
"""Why a ratio to reference graphs has none."""

DRAWS: Final = 20
"""Null graphs, at most, however many draws are asked for: σ and ω are made of them."""
DRAW_EDGES: Final = 4_000_000
"""Edges over all of them: a larger network gets fewer, at least three."""
SOURCES: Final = 500
"""Agents from whom paths are searched, at most."""
SOURCE_EDGES: Final = 100_000_000
"""Edges that the searches in one graph may cross, but for the first 50 sources."""
ATTEMPTS: Final = 300
"""Switches per edge that are tried to make a lattice; ten times as many raise its C by 2 to 8 %."""
LATTICE_EDGES: Final = 100_000
"""Larger networks get no lattice: it would take minutes."""


class Reference(NamedTuple):
    """Mean local clustering and mean distance of one graph."""

    clustering: float
    path: float


def lattice(graph: Simple, rng: np.random.Generator) -> Simple:
    """Return a graph with the same degrees whose edges join near places of a ring.

    Pairs of edges are switched where that shortens them, `ATTEMPTS` per edge (Sporns & Zwi 2004,
    doi:10.1385/NI:2:2:145, with proposals drawn near). Nodes stand on the ring in random order.

    Examples
    --------
    Fifty agents with four neighbours each: a ring has C = 1/2, chance .08.

    >>> from moltarium.analysis.graphs.nulls import configurations
    >>> ends = np.array([sorted((k, (k + step) % 50)) for k in range(50) for step in (1, 2)])
    >>> rng = np.random.default_rng(0)
    >>> drawn = list(configurations(Simple(50, *ends[np.lexsort(ends.T[::-1])].T), 1, rng))[0]
    >>> clustering(lattice(drawn, rng)).mean_local() > 0.4
    True
    """
    from moltarium.analysis.graphs import switching

    m, ends = graph.m, np.concatenate((graph.low, graph.high))
    by_node = np.argsort(ends, kind="stable")
    place = np.empty(2 * m, dtype=np.int64)
    place[by_node] = np.arange(2 * m)
    mate, node = np.empty(2 * m, dtype=np.int64), ends[by_node]
    mate[place[:m]], mate[place[m:]] = place[m:], place[:m]
    first = np.append(0, np.cumsum(np.bincount(ends, minlength=graph.n)))
    table = switching.table_of((graph.low << 32) | graph.high, directed=False)
    state = rng.integers(0, 2**64, 1, dtype=np.uint64)
    switching.straighten(mate, node, first, rng.permutation(graph.n), table, ATTEMPTS * m, state)
    other = node[mate]
    once = node < other
    order = np.lexsort((other[once], node[once]))
    return Simple(graph.n, node[once][order], other[once][order])


def sampled_distance(graph: Simple, rng: np.random.Generator) -> float:
    """Return the mean distance in the largest component from at most `SOURCES` random agents.

    Raises
    ------
    NotComputable
        Under three agents.
    """
    from moltarium.analysis.graphs import kernels

    part, _ = largest_component(graph)
    if part.n < 3:
        raise NotComputable("at least 3 agents in the largest component")
    k = min(part.n, SOURCES, max(50, SOURCE_EDGES // part.m))
    length, reach = kernels.distance_sums(*arcs(part), part.n, rng.choice(part.n, k, replace=False))
    return float((length / reach).mean())


def reference(graph: Simple, rng: np.random.Generator) -> Reference:
    """Return mean local clustering and mean distance of a graph."""
    return Reference(clustering(graph).mean_local(), sampled_distance(graph, rng))


def sigma(own: Reference, chance: Reference) -> float:
    """Return ``σ = (C / C_null) / (L / L_null)``.

    Raises
    ------
    NotComputable
        If the null graphs have no triangle.

    Examples
    --------
    >>> sigma(Reference(0.4, 3.0), Reference(0.1, 2.0))
    2.666...
    """
    return ratio(own.clustering, chance.clustering) / (own.path / chance.path)


def ratio(value: float, reference: float) -> float:
    """Return ``value / reference``; raises `NotComputable` if the reference has no triangle."""
    if not reference > 0:
        raise NotComputable("reference graphs with triangles")
    return value / reference


def omega(own: Reference, path_chance: float, clustering_lattice: float) -> float:
    """Return ``ω = L_null / L − C / C_lattice``.

    Raises
    ------
    NotComputable
        If the lattice has no triangle.

    Examples
    --------
    >>> omega(Reference(0.25, 2.0), 1.5, 0.5)
    0.25
    """
    return path_chance / own.path - ratio(own.clustering, clustering_lattice)


def family(kind: Directed) -> Family:
    """Return the family ``small_world.<kind>.*`` of one kind of network."""
    definitions = {
        name: Definition(f"{found.text}; edge: {edge(kind)}", found.source)
        for name, found in DEFINITIONS.items()
    }
    prefix = f"small_world.{kind}"

    def compute(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
        return _measure(Sheet(prefix, definitions), build(corpus, kind), sampling)

    return Family(prefix, needs(kind), compute, definitions)


def _measure(sheet: Sheet, net: Network, sampling: Sampling) -> dict[str, Measure]:
    flat = undirected(net)
    try:
        own = reference(flat, np.random.default_rng([sampling.seed, 44])) if flat.m else None
    except NotComputable as lack:
        sheet.lack(DEFINITIONS, lack.needs)
        return sheet.measures
    if own is None:
        sheet.lack(DEFINITIONS, "at least 1 edge")
        return sheet.measures
    null = _references(flat, sampling)
    chance = Reference(*(float(mean) for mean in null.mean(axis=0)))
    note = f"{len(null)} null graphs; {NO_INTERVAL}"
    sheet.enter("clustering_ratio", lambda: ratio(own.clustering, chance.clustering), note=note)
    sheet.enter("path_ratio", lambda: own.path / chance.path, note=note)
    drawn = [Reference(*row) for row in null.tolist()]
    draws = [or_nan(partial(sigma, each, chance)) for each in drawn]
    sheet.enter(
        "sigma",
        lambda: sigma(own, chance),
        null=lambda value: standing(value, draws, UNDIRECTED_NULL) if sampling.draws else None,
        note=note,
    )
    if flat.m > LATTICE_EDGES:
        sheet.lack(("lattice_ratio", "omega"), f"a network of at most {LATTICE_EDGES:,} joined pairs")
        return sheet.measures
    ring = or_nan(clustering(lattice(flat, np.random.default_rng([sampling.seed, 46]))).mean_local)
    sheet.enter("lattice_ratio", lambda: ratio(own.clustering, ring), note=NO_INTERVAL)
    even = [or_nan(partial(omega, each, chance.path, ring)) for each in drawn]
    sheet.enter(
        "omega",
        lambda: omega(own, chance.path, ring),
        null=lambda value: standing(value, even, UNDIRECTED_NULL) if sampling.draws else None,
        note=note,
    )
    return sheet.measures


def _references(flat: Simple, sampling: Sampling) -> Floats:
    """Return clustering and distance of null graphs, shape (graphs, 2)."""
    graphs = max(3, min(DRAWS, DRAW_EDGES // flat.m))

    def chain(share: int, rng: np.random.Generator) -> Iterator[Reference]:
        return (reference(graph, rng) for graph in configurations(flat, share, rng.spawn(1)[0]))

    rows = over_chains(chain, graphs, np.random.default_rng([sampling.seed, 45]))
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


FAMILY: Final = family("reply")
