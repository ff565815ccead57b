"""The measures ``network.<kind>.*``: density, reciprocity, clustering, assortativity, communities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from moltarium.analysis.bootstrap import (
    MIN_BLOCKS,
    Floats,
    Interval,
    fixed,
    multiplicities,
    normal_interval,
    or_nan,
    ratio_intervals,
)
from moltarium.analysis.corpus import Corpus, Ints
from moltarium.analysis.graphs.networks import Directed, Network, build, edge
from moltarium.analysis.graphs.nulls import configurations, directed_configurations, over_chains, standing
from moltarium.analysis.graphs.structure import (
    Clustering,
    Simple,
    assortativity,
    clustering,
    communities,
    count_mutual,
    density,
    largest_scc,
    modularity,
    mutual_edges,
    rho,
    undirected,
)
from moltarium.analysis.graphs.ties import NEEDS
from moltarium.analysis.inequality import gini
from moltarium.analysis.metric import Definition, Family, Measure, Null, Sampling, Sheet
from moltarium.sim.record.schema import Comment, Post, Row

_HOLTZ: Final = "Holtz 2026, arXiv:2602.10131"
_GARLASCHELLI: Final = "Garlaschelli & Loffredo 2004, doi:10.1103/PhysRevLett.93.268701"
_NEWMAN: Final = "Newman 2002, doi:10.1103/PhysRevLett.89.208701; filter: Holtz, arXiv:2602.10131"
_LEIDEN: Final = "Traag et al. 2019, doi:10.1038/s41598-019-41695-z; filter: Holtz, arXiv:2602.10131"

SHAPE: Final[dict[str, Definition]] = {
    "nodes": Definition("agents with at least one edge", _HOLTZ),
    "edges": Definition("directed pairs joined by at least one act, self-loops dropped", _HOLTZ),
    "density": Definition("edges / (nodes · (nodes − 1)), directed simple graph", _HOLTZ),
    "reciprocity": Definition("r = share of directed edges whose reverse exists, unweighted", _HOLTZ),
    "rho": Definition("(r − density) / (1 − density)", _GARLASCHELLI),
    "mutual_dyads": Definition("number of pairs with edges both ways", _HOLTZ),
    "mutual_share": Definition(
        "share of joined pairs with edges both ways, r / (2 − r)", "after Eziz 2026, arXiv:2602.07667"
    ),
    "clustering_global": Definition("3 · triangles / wedges, undirected simple graph", _HOLTZ),
    "clustering_local": Definition(
        "mean of triangles / wedges over agents of degree ≥ 2, undirected", _HOLTZ
    ),
    "assortativity": Definition("Pearson correlation of degrees at both ends of undirected edges", _NEWMAN),
    "gini_in": Definition("Gini coefficient of in-degree over all nodes, zeros counted", _HOLTZ),
    "gini_out": Definition("Gini coefficient of out-degree over all nodes, zeros counted", _HOLTZ),
    "gini_in_positive": Definition("Gini coefficient of in-degree over nodes with one", _HOLTZ),
    "gini_out_positive": Definition("Gini coefficient of out-degree over nodes with one", _HOLTZ),
    "modularity": Definition("modularity of a seeded Leiden partition, undirected, unweighted", _LEIDEN),
    "largest_scc": Definition("share of nodes in the largest strongly connected component", _HOLTZ),
}
"""What is measured on each network."""

RESAMPLED: Final[dict[str, tuple[float, float]]] = {
    "density": (0.0, 1.0),
    "reciprocity": (0.0, 1.0),
    "mutual_share": (0.0, 1.0),
    "rho": (-1.0, 1.0),
    "assortativity": (-1.0, 1.0),
    "gini_in": (0.0, 1.0),
    "gini_out": (0.0, 1.0),
    "gini_in_positive": (0.0, 1.0),
    "gini_out_positive": (0.0, 1.0),
}
"""Measures with an interval from the vertex bootstrap, and their ranges."""

DIRECTED_NULL: Final = "directed configuration: in- and out-degrees kept"
UNDIRECTED_NULL: Final = "configuration: undirected degrees kept"

NULL_EDGES: Final = 200_000_000
"""Edges over all null graphs of one kind: 200 graphs of a million edges, at least 20 of any."""

MODULARITY_NULL_DRAWS: Final = 20
"""Null graphs of modularity: a partition is found anew for each."""
MODULARITY_NULL_EDGES: Final = 300_000
"""Larger networks get no null of modularity: 20 partitions would take minutes."""


def family(kind: Directed) -> Family:
    """Return the family of one kind of network: ``network.<kind>.*``."""
    definitions = {
        name: Definition(f"{found.text}; edge: {edge(kind)}", found.source) for name, found in SHAPE.items()
    }
    prefix = f"network.{kind}"

    def compute(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
        return _measure(Sheet(prefix, definitions), build(corpus, kind), sampling)

    return Family(prefix, needs(kind), compute, definitions)


def needs(kind: Directed) -> frozenset[type[Row] | str]:
    """Return the tables and columns without which there is no network of this kind."""
    if kind == "mention" or kind == "vote" or kind == "follow":
        return NEEDS[kind] | {Post, Comment}
    parent: frozenset[str] = frozenset() if kind == "author" else frozenset({"comment.parent"})
    return frozenset({Post, Comment}) | {"post.author", "comment.author"} | parent


@dataclass(frozen=True, slots=True)
class _Shapes:
    """A network as the measures of its shape need it."""

    net: Network
    flat: Simple
    clusters: Clustering


def _measure(sheet: Sheet, net: Network, sampling: Sampling) -> dict[str, Measure]:
    note = net.note()
    sheet.enter("nodes", lambda: net.n, note=note)
    sheet.enter("edges", lambda: net.m, note=note)
    if not net.m:
        sheet.lack([name for name in SHAPE if name not in ("nodes", "edges")], "at least 1 edge")
        return sheet.measures
    flat = undirected(net)
    shapes = _Shapes(net, flat, clustering(flat))
    values = _values(shapes, sampling.seed)
    replicates = vertex_bootstrap(net, flat, sampling)
    nulls = {
        **_directed_nulls(net, sampling),
        **_undirected_nulls(flat, sampling),
        **_modularity_null(flat, sampling),
    }
    intervals = _clustering_intervals(shapes.clusters, sampling)
    for name, compute in values.items():
        sheet.enter(
            name,
            compute,
            ci=_interval(name, replicates, intervals),
            null=_null(nulls.get(name)),
            note=note,
        )
    return sheet.measures


def _values(shapes: _Shapes, seed: int) -> dict[str, Callable[[], float]]:
    net, flat = shapes.net, shapes.flat
    mutual = count_mutual(net.source, net.target, net.n)
    into, out = np.bincount(net.target, minlength=net.n), np.bincount(net.source, minlength=net.n)
    return {
        "density": lambda: density(net.n, net.m),
        "reciprocity": lambda: mutual / net.m,
        "rho": lambda: rho(mutual / net.m, density(net.n, net.m)),
        "mutual_dyads": lambda: mutual / 2,
        "mutual_share": lambda: _share_of_pairs(mutual / net.m),
        "clustering_global": shapes.clusters.transitivity,
        "clustering_local": shapes.clusters.mean_local,
        "assortativity": lambda: assortativity(flat),
        "gini_in": lambda: gini(into),
        "gini_out": lambda: gini(out),
        "gini_in_positive": lambda: gini(into[into > 0]),
        "gini_out_positive": lambda: gini(out[out > 0]),
        "modularity": lambda: modularity(flat, communities(flat, seed)),
        "largest_scc": lambda: largest_scc(net),
    }


def vertex_bootstrap(net: Network, flat: Simple, sampling: Sampling) -> Mapping[str, Floats]:
    """Return bootstrap replicates of the measures in `RESAMPLED`, agents being what is resampled.

    An agent drawn w times brings each of its edges w times; an edge i→j so counts wᵢ·wⱼ times, and pairs of
    an agent with its own copies are left out (Snijders & Borgatti 1999, Connections 22, 161).

    Returns
    -------
    Mapping
        Name to replicates, shape (draws,); NaN where a replicate has no edge. Empty under
        `bootstrap.MIN_BLOCKS` agents.
    """
    if net.n < MIN_BLOCKS or not sampling.draws:
        return {}
    back = mutual_edges(net)

    def replicates(draws: int, rng: np.random.Generator) -> Iterator[tuple[float, ...]]:
        return (_replicate(net, flat, back, w) for w in multiplicities(net.n, draws, rng))

    rows = over_chains(replicates, sampling.draws, np.random.default_rng([sampling.seed, 1]))
    return dict(zip(RESAMPLED, np.array(rows).T, strict=True))


def _replicate(net: Network, flat: Simple, back: npt.NDArray[np.bool_], w: Floats) -> tuple[float, ...]:
    from moltarium.analysis.graphs import kernels

    total, both, into, out = kernels.resampled(net.source, net.target, back, w, net.n)
    if not total:
        return (float("nan"),) * len(RESAMPLED)
    a, r = total / (net.n**2 - float(w @ w)), both / total
    _, _, above, below = kernels.resampled(flat.low, flat.high, _none(flat.m), w, net.n)
    ends = w[flat.low] * w[flat.high]
    return (
        a,
        r,
        _share_of_pairs(r),
        or_nan(partial(rho, r, a)),
        or_nan(partial(assortativity, flat, above + below, ends)),
        gini(into, w),
        gini(out, w),
        gini(into[into > 0], w[into > 0]),
        gini(out[out > 0], w[out > 0]),
    )


def _share_of_pairs(r: float) -> float:
    """Return the share of joined pairs that are mutual, of the share of edges that are."""
    return r / (2 - r)


def _none(size: int) -> npt.NDArray[np.bool_]:
    return np.zeros(size, dtype=bool)


def reciprocity_draws(net: Network, sampling: Sampling, block: Ints | None = None) -> Floats:
    """Return the reciprocity of null graphs that keep degrees, and blocks if given, shape (draws,)."""
    draws = null_draws(sampling.draws, net.m)

    def chain(share: int, rng: np.random.Generator) -> Iterator[int]:
        graphs = directed_configurations(net.source, net.target, net.n, share, rng, block)
        return (count_mutual(net.source, ends, net.n) for ends in graphs)

    mutual = over_chains(chain, draws, np.random.default_rng([sampling.seed, 2]))
    return np.array(mutual, dtype=np.float64) / net.m


def null_draws(draws: int, edges: int) -> int:
    """Return how many null graphs are drawn of a network of this size, see `NULL_EDGES`."""
    return min(draws, max(20, NULL_EDGES // max(edges, 1)))


def _directed_nulls(net: Network, sampling: Sampling) -> dict[str, tuple[str, Floats]]:
    # Nodes and edges stay as they are, so these are one draw on four scales.
    r, a = reciprocity_draws(net, sampling), density(net.n, net.m)
    beyond = (r - a) / (1 - a) if a < 1 else np.zeros(0)
    return {
        "reciprocity": (DIRECTED_NULL, r),
        "mutual_dyads": (DIRECTED_NULL, r * net.m / 2),
        "mutual_share": (DIRECTED_NULL, r / (2 - r)),
        "rho": (DIRECTED_NULL, beyond),
    }


def _undirected_nulls(flat: Simple, sampling: Sampling) -> dict[str, tuple[str, Floats]]:
    def shape(graph: Simple) -> tuple[float, float, float]:
        found = clustering(graph)
        return or_nan(found.transitivity), or_nan(found.mean_local), or_nan(partial(assortativity, graph))

    def chain(share: int, rng: np.random.Generator) -> Iterator[tuple[float, float, float]]:
        return map(shape, configurations(flat, share, rng))

    rng = np.random.default_rng([sampling.seed, 3])
    rows = over_chains(chain, null_draws(sampling.draws, flat.m), rng)
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    names = ("clustering_global", "clustering_local", "assortativity")
    return {name: (UNDIRECTED_NULL, table[:, k]) for k, name in enumerate(names)}


def _modularity_null(flat: Simple, sampling: Sampling) -> dict[str, tuple[str, Floats]]:
    if flat.m > MODULARITY_NULL_EDGES:
        return {}

    def chain(share: int, rng: np.random.Generator) -> Iterator[float]:
        graphs = configurations(flat, share, rng)
        return (modularity(graph, communities(graph, sampling.seed)) for graph in graphs)

    draws = min(sampling.draws, MODULARITY_NULL_DRAWS)
    found = over_chains(chain, draws, np.random.default_rng([sampling.seed, 5]))
    return {"modularity": (UNDIRECTED_NULL, np.array(found))}


def _clustering_intervals(clusters: Clustering, sampling: Sampling) -> dict[str, Interval | None]:
    wide = clusters.wedges > 0
    local = np.zeros(len(wide))
    local[wide] = clusters.coefficients()
    rng = np.random.default_rng([sampling.seed, 4])
    parts = {"clustering_global": (clusters.triangles, clusters.wedges), "clustering_local": (local, wide)}
    return ratio_intervals(parts, sampling.draws, rng)


def _interval(
    name: str, replicates: Mapping[str, Floats], intervals: Mapping[str, Interval | None]
) -> Callable[[float], Interval | None]:
    if name in replicates:
        low, high = RESAMPLED[name]
        return lambda value: normal_interval(value, replicates[name], low, high)
    return fixed(intervals.get(name))


def _null(draws: tuple[str, Floats] | None) -> Callable[[float], Null | None]:
    if draws is None:
        return lambda _: None
    return lambda value: standing(value, draws[1], draws[0])
