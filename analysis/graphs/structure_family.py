"""The measures ``network.<kind>.*``: density, reciprocity, clustering, assortativity, communities."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import numpy as np

from moltarium.analysis.bootstrap import MIN_BLOCKS, Floats, Interval, or_nan
from moltarium.analysis.corpus import Corpus, Ints
from moltarium.analysis.graphs.left_out import Left, Whole, dyads_without, figures_without
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
from moltarium.analysis.jackknife import ANGLE, CORRELATION, PLAIN, POSITIVE, SHARE, UNSURE, Scale, jackknifed
from moltarium.analysis.metric import Definition, Family, Measure, Null, Sampling, Sheet
from moltarium.sim.record.schema import Comment, Post, Row

F = TypeVar("F", float, Floats)

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

GROUPED: Final[dict[str, Scale]] = {
    "clustering_global": SHARE,
    "clustering_local": SHARE,
    "assortativity": CORRELATION,
    "gini_in": SHARE,
    "gini_out": SHARE,
    "gini_in_positive": SHARE,
    "gini_out_positive": SHARE,
    "modularity": PLAIN,
    "largest_scc": ANGLE,
}
"""Measures computed anew without each group of agents, and the scale of their intervals."""

COUNTED: Final = "no interval: counted, not estimated"
"""Why the size of a record has none."""
DIRECTED_NULL: Final = "directed configuration: in- and out-degrees kept"
UNDIRECTED_NULL: Final = "configuration: undirected degrees kept"

NULL_EDGES: Final = 200_000_000
"""Edges over all null graphs of one kind: 200 graphs of a million edges, at least 20 of any."""

MODULARITY_NULL_EDGES: Final = 6_000_000
"""Edges over all null graphs of modularity: a partition is found anew for each, of at least 20."""
MODULARITY_NULL_MOST: Final = 300_000
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
    label: Ints
    """Community per node."""
    mutual: int
    """Edges whose reverse exists."""


def _measure(sheet: Sheet, net: Network, sampling: Sampling) -> dict[str, Measure]:
    note = net.note()
    for name, count in (("nodes", net.n), ("edges", net.m)):
        sheet.enter(name, partial(float, count), note=joined(note, COUNTED))
    if not net.m:
        sheet.lack([name for name in SHAPE if name not in ("nodes", "edges")], "at least 1 edge")
        return sheet.measures
    flat = undirected(net)
    whole = Whole(net, flat, mutual_edges(net))
    shapes = _Shapes(net, flat, clustering(flat), communities(flat, sampling.seed), int(whole.back.sum()))
    intervals = _intervals(whole, shapes.label, sampling) if sampling.draws else {}
    nulls = {
        **_directed_nulls(net, sampling),
        **_undirected_nulls(flat, sampling),
        **_modularity_null(flat, sampling),
    }
    for name, compute in _values(shapes).items():
        ci, null = intervals.get(name), _null(nulls.get(name))
        sheet.enter(name, compute, ci=ci, null=null, note=note, why=UNSURE)
    return sheet.measures


def joined(*notes: str | None) -> str | None:
    """Return notes as one, ``None`` if there is none."""
    return "; ".join(filter(None, notes)) or None


def _values(shapes: _Shapes) -> dict[str, Callable[[], float]]:
    net, flat, mutual = shapes.net, shapes.flat, shapes.mutual
    into, out = degrees(net)
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
        "modularity": lambda: modularity(flat, shapes.label),
        "largest_scc": lambda: largest_scc(net),
    }


def degrees(net: Network) -> tuple[Ints, Ints]:
    """Return in- and out-degree per node, each of shape (n,)."""
    return np.bincount(net.target, minlength=net.n), np.bincount(net.source, minlength=net.n)


def _intervals(
    whole: Whole, label: Ints, sampling: Sampling
) -> dict[str, Callable[[float], Interval | None]]:
    """Return, per measure, the function from its value to its interval."""

    def figures(left: Left) -> list[float]:
        shapes = _Shapes(left.net, left.flat, clustering(left.flat), label[left.nodes], left.mutual)
        values = _values(shapes)
        return [or_nan(values[name]) for name in GROUPED]

    found = dyadic(whole)
    rows = figures_without(whole, figures, np.random.default_rng([sampling.seed, 1]))
    if len(rows):
        found |= {name: jackknifed(rows[:, k], scale) for k, (name, scale) in enumerate(GROUPED.items())}
    return found


def dyadic(whole: Whole) -> dict[str, Callable[[float], Interval | None]]:
    """Return, per measure of pairs, the function from its value to its interval, exact without each agent.

    A pair goes with either of its agents, so that its own chance counts twice: where ties, not agents, make
    the difference, intervals are up to √2 times as wide as they need be. None under `bootstrap.MIN_BLOCKS`
    agents.
    """
    if whole.net.n < MIN_BLOCKS:
        return {}
    left = dyads_without(whole)
    with np.errstate(divide="ignore", invalid="ignore"):
        a, r = left.edges / (left.nodes * (left.nodes - 1)), left.mutual / left.edges
        return {
            "density": jackknifed(a, SHARE),
            "reciprocity": jackknifed(r, SHARE),
            "rho": jackknifed((r - a) / (1 - a), CORRELATION),
            "mutual_dyads": jackknifed(left.mutual / 2, POSITIVE),
            "mutual_share": jackknifed(_share_of_pairs(r), SHARE),
        }


def _share_of_pairs(r: F) -> F:
    """Return the share of joined pairs that are mutual, of the share of edges that are."""
    return r / (2 - r)


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
    if flat.m > MODULARITY_NULL_MOST:
        return {}

    def chain(share: int, rng: np.random.Generator) -> Iterator[float]:
        graphs = configurations(flat, share, rng)
        return (modularity(graph, communities(graph, sampling.seed)) for graph in graphs)

    draws = min(sampling.draws, max(20, MODULARITY_NULL_EDGES // flat.m))
    found = over_chains(chain, draws, np.random.default_rng([sampling.seed, 5]))
    return {"modularity": (UNDIRECTED_NULL, np.array(found))}


def _null(draws: tuple[str, Floats] | None) -> Callable[[float], Null | None]:
    if draws is None:
        return lambda _: None
    return lambda value: standing(value, draws[1], draws[0])
