"""The measures ``network.reply.*`` and ``network.author.*``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

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
from moltarium.analysis.corpus import Corpus
from moltarium.analysis.inequality import gini
from moltarium.analysis.metric import Definition, Family, Measure, Null, Sampling, Sheet
from moltarium.analysis.networks import EDGE, Kind, Network, build
from moltarium.analysis.nulls import configurations, directed_configurations, standing
from moltarium.analysis.structure import (
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
from moltarium.sim.record.schema import Comment, Post

_HOLTZ: Final = "Holtz 2026, arXiv:2602.10131"
_GARLASCHELLI: Final = "Garlaschelli & Loffredo 2004, doi:10.1103/PhysRevLett.93.268701"
_NEWMAN: Final = "Newman 2002, doi:10.1103/PhysRevLett.89.208701; filter: Holtz, arXiv:2602.10131"
_LOUVAIN: Final = "Blondel et al. 2008, doi:10.1088/1742-5468/2008/10/P10008; filter: Holtz, arXiv:2602.10131"

SHAPE: Final[dict[str, Definition]] = {
    "nodes": Definition("agents with at least one edge", _HOLTZ),
    "edges": Definition("directed pairs joined by at least one comment, self-loops dropped", _HOLTZ),
    "density": Definition("edges / (nodes · (nodes − 1)), directed simple graph", _HOLTZ),
    "reciprocity": Definition("r = share of directed edges whose reverse exists, unweighted", _HOLTZ),
    "rho": Definition("(r − density) / (1 − density)", _GARLASCHELLI),
    "mutual_dyads": Definition("number of pairs with edges both ways", _HOLTZ),
    "clustering_global": Definition("3 · triangles / wedges, undirected simple graph", _HOLTZ),
    "clustering_local": Definition(
        "mean of triangles / wedges over agents of degree ≥ 2, undirected", _HOLTZ
    ),
    "assortativity": Definition("Pearson correlation of degrees at both ends of undirected edges", _NEWMAN),
    "gini_in": Definition("Gini coefficient of in-degree over all nodes, zeros counted", _HOLTZ),
    "gini_out": Definition("Gini coefficient of out-degree over all nodes, zeros counted", _HOLTZ),
    "modularity": Definition("modularity of a seeded Louvain partition, undirected, unweighted", _LOUVAIN),
    "largest_scc": Definition("share of nodes in the largest strongly connected component", _HOLTZ),
}
"""What is measured on each network."""

RESAMPLED: Final[dict[str, tuple[float, float]]] = {
    "density": (0.0, 1.0),
    "reciprocity": (0.0, 1.0),
    "rho": (-1.0, 1.0),
    "assortativity": (-1.0, 1.0),
    "gini_in": (0.0, 1.0),
    "gini_out": (0.0, 1.0),
}
"""Measures with an interval from the vertex bootstrap, and their ranges."""

DIRECTED_NULL: Final = "directed configuration: in- and out-degrees kept"
_UNDIRECTED_NULL: Final = "configuration: undirected degrees kept"

DIRECTED_NULL_EDGES: Final = 100_000_000
"""Edges over all null graphs of reciprocity: 200 graphs of 500,000 edges, at least 20 of any."""
SHAPE_NULL_EDGES: Final = 5_000_000
"""Edges over all null graphs of the undirected measures: 200 graphs of 25,000 edges, at least 20 of any."""

MODULARITY_NULL_DRAWS: Final = 20
"""Null graphs of modularity: a partition is found anew for each, so this is the battery's slowest null."""
MODULARITY_NULL_EDGES: Final = 25_000
"""Larger networks get no null of modularity: 20 partitions would take minutes."""


def family(kind: Kind) -> Family:
    """Return the family of one kind of network: ``network.<kind>.*``."""
    definitions = {
        name: Definition(f"{found.text}; edge: {EDGE[kind]}", found.source) for name, found in SHAPE.items()
    }
    prefix = f"network.{kind}"

    def compute(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
        return _measure(Sheet(prefix, definitions), build(corpus, kind), sampling)

    parent: frozenset[str] = frozenset() if kind == "author" else frozenset({"comment.parent"})
    authors = frozenset({"post.author", "comment.author"})
    return Family(prefix, frozenset({Post, Comment}) | authors | parent, compute, definitions)


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
    return {
        "density": lambda: density(net.n, net.m),
        "reciprocity": lambda: mutual / net.m,
        "rho": lambda: rho(mutual / net.m, density(net.n, net.m)),
        "mutual_dyads": lambda: mutual / 2,
        "clustering_global": shapes.clusters.transitivity,
        "clustering_local": shapes.clusters.mean_local,
        "assortativity": lambda: assortativity(flat),
        "gini_in": lambda: gini(np.bincount(net.target, minlength=net.n)),
        "gini_out": lambda: gini(np.bincount(net.source, minlength=net.n)),
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
    rng = np.random.default_rng([sampling.seed, 1])
    back = mutual_edges(net)
    found = np.full((len(RESAMPLED), sampling.draws), np.nan)
    for k, w in enumerate(multiplicities(net.n, sampling.draws, rng)):
        edge = w[net.source] * w[net.target]
        total = edge.sum()
        if not total:
            continue
        a = total / (net.n**2 - w @ w)
        r = edge[back].sum() / total
        into = np.bincount(net.target, weights=w[net.source], minlength=net.n)
        out = np.bincount(net.source, weights=w[net.target], minlength=net.n)
        near = np.bincount(flat.low, weights=w[flat.high], minlength=net.n)
        near += np.bincount(flat.high, weights=w[flat.low], minlength=net.n)
        both = w[flat.low] * w[flat.high]
        found[:, k] = (
            a,
            r,
            or_nan(partial(rho, r, a)),
            or_nan(partial(assortativity, flat, near, both)),
            gini(into, w),
            gini(out, w),
        )
    return dict(zip(RESAMPLED, found, strict=True))


def _directed_nulls(net: Network, sampling: Sampling) -> dict[str, tuple[str, Floats]]:
    rng = np.random.default_rng([sampling.seed, 2])
    draws = min(sampling.draws, max(20, DIRECTED_NULL_EDGES // net.m))
    graphs = directed_configurations(net.source, net.target, net.n, draws, rng)
    mutual = np.array([count_mutual(net.source, ends, net.n) for ends in graphs], dtype=np.float64)
    # Nodes and edges stay as they are, so these three are one draw on three scales.
    r, a = mutual / net.m, density(net.n, net.m)
    beyond = (r - a) / (1 - a) if a < 1 else np.zeros(0)
    return {
        "reciprocity": (DIRECTED_NULL, r),
        "mutual_dyads": (DIRECTED_NULL, mutual / 2),
        "rho": (DIRECTED_NULL, beyond),
    }


def _undirected_nulls(flat: Simple, sampling: Sampling) -> dict[str, tuple[str, Floats]]:
    draws = min(sampling.draws, max(20, SHAPE_NULL_EDGES // flat.m))
    rng = np.random.default_rng([sampling.seed, 3])
    rows: list[tuple[float, float, float]] = []
    for graph in configurations(flat, draws, rng):
        found = clustering(graph)
        rows.append(
            (
                or_nan(found.transitivity),
                or_nan(found.mean_local),
                or_nan(partial(assortativity, graph)),
            )
        )
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    names = ("clustering_global", "clustering_local", "assortativity")
    return {name: (_UNDIRECTED_NULL, table[:, k]) for k, name in enumerate(names)}


def _modularity_null(flat: Simple, sampling: Sampling) -> dict[str, tuple[str, Floats]]:
    if flat.m > MODULARITY_NULL_EDGES:
        return {}
    draws = min(sampling.draws, MODULARITY_NULL_DRAWS)
    rng = np.random.default_rng([sampling.seed, 5])
    graphs = configurations(flat, draws, rng)
    found = [modularity(graph, communities(graph, sampling.seed)) for graph in graphs]
    return {"modularity": (_UNDIRECTED_NULL, np.array(found))}


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
