"""Who addresses whom: directed networks between agents, under a definition that is always named.

Published reciprocities of MoltBook differ by a factor of ten on like data because the edge differs. Here a
network carries its kind wherever it goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, overload

import numpy as np
import numpy.typing as npt
from scipy import sparse

from moltarium.analysis.corpus import ON_POST, UNKNOWN, Corpus, Ints, read_corpus
from moltarium.analysis.graphs.ties import TIE, WHOLE, Cut, TieKind, ties
from moltarium.sim.record.view import Record

if TYPE_CHECKING:
    import networkx as nx

    from moltarium.analysis.graphs.projections import SharedKind

Kind: TypeAlias = Literal["reply", "author", "comment"]
"""Which comments make an edge, and to whom; see `EDGE`."""

EDGE: Final[dict[Kind, str]] = {
    "reply": "commenter → parent comment's author, or the post's author for a comment on the post",
    "author": "commenter → author of the thread's post, at any depth",
    "comment": "commenter → parent comment's author, replies to comments only",
}
"""What an edge between commenters is, by kind."""

Directed: TypeAlias = Kind | TieKind
"""Every kind of directed network."""

ACTS: Final[dict[Directed, str]] = {
    "reply": "comments",
    "author": "comments",
    "comment": "comments",
    "mention": "mentions",
    "vote": "votes",
    "follow": "follows",
}
"""What is counted as an edge's weight, by kind."""


def edge(kind: Directed) -> str:
    """Return what an edge of this kind is."""
    if kind == "mention" or kind == "vote" or kind == "follow":
        return TIE[kind]
    return EDGE[kind]


@dataclass(frozen=True, slots=True)
class Network:
    """A directed simple graph with edge counts. Nodes are agents that have at least one edge.

    Edges are unique, sorted by (source, target), and without self-loops unless they were asked for.
    """

    kind: Directed
    names: npt.NDArray[np.object_]
    """Agent id per node, shape (n,)."""
    source: Ints
    """Node per edge, shape (m,)."""
    target: Ints
    """Node per edge, shape (m,)."""
    weight: Ints
    """How many comments (mentions, votes …) make the edge, shape (m,)."""
    self_loops: int
    """Comments dropped because the author addressed itself."""
    unknown: int
    """Comments dropped because the author, the parent or the post is unknown or missing."""

    @property
    def n(self) -> int:
        """The number of nodes."""
        return len(self.names)

    @property
    def m(self) -> int:
        """The number of directed edges."""
        return len(self.source)

    def matrix(self) -> sparse.csr_array:
        """Return the weighted adjacency matrix, shape (n, n), ``A[i, j]`` = acts of i towards j."""
        return sparse.csr_array((self.weight, (self.source, self.target)), shape=(self.n, self.n))

    def note(self) -> str | None:
        """Return what was left out, for a measure's `note`."""
        missing = "author, parent or post" if self.kind in EDGE else "author or addressee"
        return f"{self.unknown} {ACTS[self.kind]} with unknown {missing} left out" if self.unknown else None


def from_pairs(
    names: npt.NDArray[np.object_],
    source: Ints,
    target: Ints,
    kind: Directed = "reply",
    unknown: int = 0,
    loops: bool = False,
) -> Network:
    """Build a network from (source, target) codes, one per act; equal pairs become one weighted edge.

    With `loops`, who turns to itself keeps that edge; every measure is defined without.

    Examples
    --------
    >>> agents = np.array(["a", "b", "c"], dtype=object)
    >>> net = from_pairs(agents, np.array([0, 0, 1, 2]), np.array([1, 1, 0, 2]))
    >>> net.source.tolist(), net.target.tolist(), net.weight.tolist()
    ([0, 1], [1, 0], [2, 1])
    >>> net.self_loops
    1
    """
    apart = (source != target) | loops
    base = max(len(names), 1)
    keys, weight = np.unique(source[apart] * base + target[apart], return_counts=True)
    heads, tails = keys // base, keys % base
    nodes, compact = np.unique(np.concatenate((heads, tails)), return_inverse=True)
    return Network(
        kind=kind,
        names=names[nodes],
        source=compact[: len(keys)].astype(np.int64),
        target=compact[len(keys) :].astype(np.int64),
        weight=weight.astype(np.int64),
        self_loops=int(len(apart) - apart.sum()),
        unknown=unknown,
    )


def build(
    corpus: Corpus,
    kind: Directed,
    keep: npt.NDArray[np.bool_] | None = None,
    *,
    cut: Cut = WHOLE,
    loops: bool = False,
) -> Network:
    """Build one kind of network from a corpus or, for mentions, votes and follows, from its record.

    What a society was seeded with makes no edge, but an answer to it does. A comment whose author or
    addressee is unknown (deleted account, parent or post outside the record) makes no edge and is counted in
    `Network.unknown`.

    Parameters
    ----------
    corpus
        The comments.
    kind
        What an edge is, see `edge`.
    keep
        Comments to use, shape (comments,); default all. For kinds whose edges are comments.
    cut
        A time window, a community. Default: everything.
    loops
        Keep self-loops.

    Raises
    ------
    NotComputable
        If the kind needs a table or column (comment.parent, table vote …) that the record does not know.
    ValueError
        If `keep` is given for a kind whose edges are no comments.
    """
    if kind == "mention" or kind == "vote" or kind == "follow":
        if keep is not None:
            raise ValueError(f"a {kind} is no comment: use a cut")
        tied = ties(corpus.record, kind, cut)
        return from_pairs(tied.agents, tied.source, tied.target, kind, tied.unknown, loops)
    used = corpus.comment_own & within(corpus, cut)
    if keep is not None:
        used = used & keep
    addressee = addressees(corpus, kind)
    if kind == "comment":
        used = used & (corpus.parents() != ON_POST)
    known = used & (corpus.comment_author != UNKNOWN) & (addressee != UNKNOWN)
    return from_pairs(
        corpus.agents,
        corpus.comment_author[known],
        addressee[known],
        kind=kind,
        unknown=int(used.sum() - known.sum()),
        loops=loops,
    )


def within(corpus: Corpus, cut: Cut) -> npt.NDArray[np.bool_]:
    """Return which comments lie in a cut, shape (comments,)."""
    inside = cut.when(corpus.comment_t)
    if cut.community is None:
        return inside
    return inside & np.isin(corpus.comment_post, posts_in(corpus, cut.community))


def posts_in(corpus: Corpus, community: str) -> Ints:
    """Return the posts of one community, as indices."""
    number = np.flatnonzero(corpus.communities == community)
    return np.flatnonzero(np.isin(corpus.post_community, number))


def addressees(corpus: Corpus, kind: Kind) -> Ints:
    """Return whom each comment addresses, agent code or `UNKNOWN`, shape (comments,).

    Raises
    ------
    NotComputable
        If the kind needs comment.parent and the record does not know it.
    """
    on_post = _author_at(corpus.post_author, corpus.comment_post)
    if kind == "author":
        return on_post
    parent = corpus.parents()
    return np.where(parent == ON_POST, on_post, _author_at(corpus.comment_author, parent))


def _author_at(author: Ints, index: Ints) -> Ints:
    if not len(author):
        return np.full(len(index), UNKNOWN, dtype=np.int64)
    return np.where(index >= 0, author[index], UNKNOWN)


@overload
def to_networkx(
    record: Record, kind: Directed = "reply", *, cut: Cut = WHOLE, loops: bool = False
) -> nx.DiGraph[str]: ...
@overload
def to_networkx(record: Record, kind: SharedKind, *, cut: Cut = WHOLE) -> nx.Graph[str]: ...
def to_networkx(
    record: Record, kind: Directed | SharedKind = "reply", *, cut: Cut = WHOLE, loops: bool = False
) -> nx.Graph[str]:
    """Return a record's network as networkx knows it: agent ids as nodes, edges with ``weight`` = comments.

    Parameters
    ----------
    record
        Any record with posts and comments.
    kind
        What an edge is, see `edge`; stored as the graph's attribute ``edge``. With ``"co_exposure"`` and
        ``"shared_thread"`` (see `projections`) the graph is undirected, and edges have ``shared`` besides.
    cut
        A time window, a community. Default: everything.
    loops
        Keep self-loops.

    Raises
    ------
    NotComputable
        If the record lacks a table or column that the kind needs.
    ValueError
        If there is no such kind, or one that has no self-loops is asked for them.
    """
    if kind == "co_exposure" or kind == "shared_thread":
        from moltarium.analysis.graphs.projections import as_networkx as undirected
        from moltarium.analysis.graphs.projections import co_exposures, shared_threads

        if loops:
            raise ValueError(f"an agent always shares its own places: {kind} has no self-loops")
        if kind == "co_exposure":
            return undirected(co_exposures(record, cut))
        return undirected(shared_threads(read_corpus(record), cut))
    if kind not in ACTS:
        raise ValueError(
            f"no kind of network is called {kind!r}: {', '.join(ACTS)}, co_exposure, shared_thread"
        )
    return as_networkx(build(read_corpus(record), kind, cut=cut, loops=loops))


def as_networkx(net: Network) -> nx.DiGraph[str]:
    """Return a network as networkx knows it, see `to_networkx`."""
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph(edge=edge(net.kind))
    names = [str(name) for name in net.names]
    graph.add_nodes_from(names)
    graph.add_weighted_edges_from(
        (names[i], names[j], w)
        for i, j, w in zip(net.source.tolist(), net.target.tolist(), net.weight.tolist(), strict=True)
    )
    return graph
