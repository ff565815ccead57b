"""Reciprocity with everything that is needed to believe it: definition, dyads, null, and the alternatives.

On one MoltBook data set reciprocity is .18 when a reply points to its parent's author and .04 when every
comment points to the post's author. Neither is wrong; unlabelled, both are.
"""

from __future__ import annotations

from dataclasses import dataclass

from moltarium.analysis.bootstrap import Floats, Interval
from moltarium.analysis.corpus import Corpus, read_corpus
from moltarium.analysis.graphs.left_out import Whole
from moltarium.analysis.graphs.networks import EDGE, Kind, Network, build
from moltarium.analysis.graphs.nulls import standing
from moltarium.analysis.graphs.structure import count_mutual, density, mutual_edges, rho, undirected
from moltarium.analysis.graphs.structure_family import DIRECTED_NULL, dyadic, reciprocity_draws
from moltarium.analysis.metric import Null, Sampling
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.view import Record


@dataclass(frozen=True, slots=True)
class ByDefinition:
    """Reciprocity of the same record under one definition of an edge."""

    kind: Kind
    edge: str
    """What an edge is, in words."""
    nodes: int
    edges: int
    r: float | None
    rho: float | None
    needs: str | None
    """Why there is no figure."""


@dataclass(frozen=True, slots=True)
class Reciprocity:
    """Dyadic reciprocity of one network against its directed configuration null."""

    kind: Kind
    edge: str
    """What an edge is, in words."""
    nodes: int
    edges: int
    r: float
    """Share of directed edges whose reverse exists, L↔/L."""
    ci: Interval | None
    """95 % interval of `r`, from a jackknife over agents; ``None`` without draws."""
    rho: float | None
    """(r − ā)/(1 − ā), ā the density; ``None`` where everybody addresses everybody (ā = 1)."""
    mutual: int
    """Pairs with edges both ways."""
    asymmetric: int
    """Pairs with an edge one way only."""
    empty: int
    """Pairs without an edge (the null dyads of a dyad census)."""
    null: Null | None
    """Where `r` stands; ``None`` without draws."""
    null_draws: Floats
    """Reciprocity of each null graph, shape (draws,)."""
    definitions: tuple[ByDefinition, ...]
    """The same record under every definition of an edge."""


def reciprocity(record: Record, kind: Kind = "reply", *, seed: int = 0, draws: int = 200) -> Reciprocity:
    """Return the reciprocity of one network of a record.

    ``r = L↔/L``; ``ρ = (r − ā)/(1 − ā)`` with ``ā = L/(N(N−1))`` (Garlaschelli & Loffredo 2004,
    doi:10.1103/PhysRevLett.93.268701). The null keeps every agent's in- and out-degree (see
    `moltarium.analysis.graphs.nulls`), so it asks whether agents answer *each other* beyond what busy and
    popular agents produce by chance.

    Parameters
    ----------
    record
        Any record with posts and comments.
    kind
        What an edge is, see `moltarium.analysis.graphs.networks.EDGE`.
    seed
        Root of null graphs.
    draws
        Null graphs; 0 leaves out null and interval.

    Raises
    ------
    NotComputable
        If the record lacks what the kind needs, or holds no edge.
    """
    corpus = read_corpus(record)
    net = build(corpus, kind)
    if not net.m:
        raise NotComputable("at least 1 edge")
    mutual = count_mutual(net.source, net.target, net.n)
    r = mutual / net.m
    null_draws = reciprocity_draws(net, Sampling(seed, draws))
    intervals = dyadic(Whole(net, undirected(net), mutual_edges(net))) if draws else {}
    pairs = net.n * (net.n - 1) // 2
    return Reciprocity(
        kind=kind,
        edge=EDGE[kind],
        nodes=net.n,
        edges=net.m,
        r=r,
        ci=intervals["reciprocity"](r) if intervals else None,
        rho=_beyond(r, net),
        mutual=mutual // 2,
        asymmetric=net.m - mutual,
        empty=pairs - (net.m - mutual // 2),
        null=standing(r, null_draws, DIRECTED_NULL),
        null_draws=null_draws,
        definitions=tuple(_under(corpus, other) for other in EDGE),
    )


def _under(corpus: Corpus, kind: Kind) -> ByDefinition:
    try:
        net = build(corpus, kind)
    except NotComputable as lack:
        return ByDefinition(kind, EDGE[kind], 0, 0, None, None, lack.needs)
    if not net.m:
        return ByDefinition(kind, EDGE[kind], 0, 0, None, None, "at least 1 edge")
    r = count_mutual(net.source, net.target, net.n) / net.m
    return ByDefinition(kind, EDGE[kind], net.n, net.m, r, _beyond(r, net), None)


def _beyond(r: float, net: Network) -> float | None:
    a = density(net.n, net.m)
    return rho(r, a) if a < 1 else None
