"""The measures ``louvain.<kind>.*``: partitions as others made them, with comments as weights or not.

A published modularity or number of communities belongs to an algorithm, to weights and to a seed. Ours is
Leiden's without weights (`structure.communities`); these are what igraph's and networkx's Louvain give.
"""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

import numpy as np

from moltarium.analysis.bootstrap import Floats
from moltarium.analysis.corpus import Corpus, Ints
from moltarium.analysis.graphs.networks import Directed, Network, build, edge
from moltarium.analysis.graphs.paths import side_by_side
from moltarium.analysis.graphs.structure import Simple, undirected
from moltarium.analysis.graphs.structure_family import needs
from moltarium.analysis.metric import Definition, Family, Measure, Sampling, Sheet
from moltarium.sim.record.errors import NotComputable

SEEDS: Final = 10
"""Seeds over which a partition is found anew."""
SEED_EDGES: Final = 2_000_000
"""Edges over all of them: a larger network gets fewer seeds, at least two."""


class Partitions(NamedTuple):
    """What Louvain found with each seed."""

    modularity: Floats
    """Shape (seeds,)."""
    communities: Ints
    """How many communities, shape (seeds,)."""


def between(net: Network, flat: Simple) -> Ints:
    """Return how many comments, both ways added, lie between the two ends of each undirected edge.

    Examples
    --------
    >>> from moltarium.analysis.graphs.networks import from_pairs
    >>> from moltarium.analysis.graphs.structure import undirected
    >>> net = from_pairs(np.array(list("abc"), dtype=object), np.array([0, 0, 1, 1]), np.array([1, 1, 0, 2]))
    >>> between(net, undirected(net)).tolist()
    [3, 1]
    """
    base = max(net.n, 1)
    pair = np.minimum(net.source, net.target) * base + np.maximum(net.source, net.target)
    at = np.searchsorted(flat.low * base + flat.high, pair)
    return np.bincount(at, net.weight, flat.m).astype(np.int64)


def weighted_modularity(graph: Simple, label: Ints, weight: Ints) -> float:
    """Return ``Q = Σ_c [ w_c / w − (S_c / 2w)² ]``, S a community's strengths, w all weights.

    Newman (2004), doi:10.1103/PhysRevE.70.056131.

    Raises
    ------
    NotComputable
        If the graph has no edge.

    Examples
    --------
    Two triangles joined by one edge that counts twice:

    >>> low, high = np.array([0, 0, 1, 2, 3, 3, 4]), np.array([1, 2, 2, 3, 4, 5, 5])
    >>> two = np.array([0, 0, 0, 1, 1, 1])
    >>> weighted_modularity(Simple(6, low, high), two, np.array([1, 1, 1, 2, 1, 1, 1]))
    0.25
    """
    total = float(weight.sum())
    if not total:
        raise NotComputable("at least 1 edge")
    inside = float(weight[label[graph.low] == label[graph.high]].sum()) / total
    ends = np.concatenate((label[graph.low], label[graph.high]))
    strength = np.bincount(ends, np.concatenate((weight, weight))) / (2 * total)
    return float(inside - strength @ strength)


def louvain_partitions(graph: Simple, seed: int, weight: Ints | None = None) -> Partitions:
    """Find Louvain's partition with up to `SEEDS` seeds, from `seed` on.

    Raises
    ------
    NotComputable
        If the graph has no edge.
    """
    from moltarium.analysis.graphs.leiden import louvain

    if not graph.m:
        raise NotComputable("at least 1 edge")
    strength = np.ones(graph.m, dtype=np.int64) if weight is None else weight
    seeds = max(2, min(SEEDS, SEED_EDGES // graph.m))
    found = side_by_side(
        partial(louvain, graph.low, graph.high, graph.n, weight=strength), range(seed, seed + seeds)
    )
    quality = np.array([weighted_modularity(graph, label, strength) for label in found])
    return Partitions(quality, np.array([label.max() + 1 for label in found]))


_BLONDEL: Final = "Blondel et al. 2008, doi:10.1088/1742-5468/2008/10/P10008; as Holtz 2026, arXiv:2602.10131"
_WEIGHTED: Final = "comments between a pair (both ways added) as weights"
_SEEDS: Final = "no interval: the seeds of one graph do not tell of another"

DEFINITIONS: Final[dict[str, Definition]] = {
    "modularity": Definition("median modularity of Louvain's partition over seeds, unweighted", _BLONDEL),
    "communities": Definition("median number of Louvain's communities over seeds, unweighted", _BLONDEL),
    "modularity_weighted": Definition(
        f"median modularity of Louvain's partition over seeds, {_WEIGHTED}", _BLONDEL
    ),
    "communities_weighted": Definition(
        f"median number of Louvain's communities over seeds, {_WEIGHTED}", _BLONDEL
    ),
}
"""What is measured of Louvain's partitions, on the undirected simple graph."""


def family(kind: Directed) -> Family:
    """Return the family ``louvain.<kind>.*`` of one kind of network."""
    definitions = {
        name: Definition(f"{found.text}; edge: {edge(kind)}", found.source)
        for name, found in DEFINITIONS.items()
    }
    prefix = f"louvain.{kind}"

    def compute(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
        return _measure(Sheet(prefix, definitions), build(corpus, kind), sampling)

    return Family(prefix, needs(kind), compute, definitions)


def _measure(sheet: Sheet, net: Network, sampling: Sampling) -> dict[str, Measure]:
    if not net.m:
        sheet.lack(DEFINITIONS, "at least 1 edge")
        return sheet.measures
    flat = undirected(net)
    for weight, mark in ((None, ""), (between(net, flat), "_weighted")):
        found = louvain_partitions(flat, sampling.seed, weight)
        for name, values in zip(("modularity", "communities"), found, strict=True):
            seen = f"{values.min():.4g} to {values.max():.4g} over {len(values)} seeds"
            sheet.enter(f"{name}{mark}", partial(float, np.median(values)), note=seen, why=_SEEDS)
    return {f"{sheet.prefix}.{name}": sheet.measures[f"{sheet.prefix}.{name}"] for name in DEFINITIONS}


FAMILY: Final = family("reply")
