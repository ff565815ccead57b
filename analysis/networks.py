"""Who addresses whom: directed networks between agents, under a definition that is always named.

Published reciprocities of MoltBook differ by a factor of ten on like data because the edge differs. Here a
network carries its kind wherever it goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from moltarium.analysis.corpus import ON_POST, UNKNOWN, Corpus, Ints, read_corpus
from moltarium.sim.record.view import Record

if TYPE_CHECKING:
    import networkx as nx

Kind: TypeAlias = Literal["reply", "author", "comment"]
"""Which comments make an edge, and to whom; see `EDGE`."""

EDGE: Final[dict[Kind, str]] = {
    "reply": "commenter → parent comment's author, or the post's author for a comment on the post",
    "author": "commenter → author of the thread's post, at any depth",
    "comment": "commenter → parent comment's author, replies to comments only",
}
"""What an edge is, by kind."""


@dataclass(frozen=True, slots=True)
class Network:
    """A directed simple graph with edge counts. Nodes are agents that have at least one edge.

    Edges are unique, without self-loops, sorted by (source, target).
    """

    kind: Kind
    names: npt.NDArray[np.object_]
    """Agent id per node, shape (n,)."""
    source: Ints
    """Node per edge, shape (m,)."""
    target: Ints
    """Node per edge, shape (m,)."""
    weight: Ints
    """How many comments make the edge, shape (m,)."""
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
        """Return the weighted adjacency matrix, shape (n, n), ``A[i, j]`` = comments of i to j."""
        return sparse.csr_array((self.weight, (self.source, self.target)), shape=(self.n, self.n))

    def note(self) -> str | None:
        """Return what was left out, for a measure's `note`."""
        return (
            f"{self.unknown} comments with unknown author, parent or post left out" if self.unknown else None
        )


def from_pairs(
    names: npt.NDArray[np.object_], source: Ints, target: Ints, kind: Kind = "reply", unknown: int = 0
) -> Network:
    """Build a network from (source, target) codes, one per comment; equal pairs become one weighted edge.

    Examples
    --------
    >>> agents = np.array(["a", "b", "c"], dtype=object)
    >>> net = from_pairs(agents, np.array([0, 0, 1, 2]), np.array([1, 1, 0, 2]))
    >>> net.source.tolist(), net.target.tolist(), net.weight.tolist()
    ([0, 1], [1, 0], [2, 1])
    >>> net.self_loops
    1
    """
    apart = source != target
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


def build(corpus: Corpus, kind: Kind, keep: npt.NDArray[np.bool_] | None = None) -> Network:
    """Build one kind of network from a corpus.

    What a society was seeded with makes no edge, but an answer to it does. A comment whose author or
    addressee is unknown (deleted account, parent or post outside the record) makes no edge and is counted in
    `Network.unknown`.

    Parameters
    ----------
    corpus
        The comments.
    kind
        What an edge is, see `EDGE`.
    keep
        Comments to use, shape (comments,): a time window, a community. Default: all.

    Raises
    ------
    NotComputable
        If the kind needs comment.parent and the record does not know it.
    """
    used = corpus.comment_own if keep is None else keep & corpus.comment_own
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
    )


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


def to_networkx(record: Record, kind: Kind = "reply") -> nx.DiGraph[str]:
    """Return a record's network as networkx knows it: agent ids as nodes, edges with ``weight`` = comments.

    Parameters
    ----------
    record
        Any record with posts and comments.
    kind
        What an edge is, see `EDGE`; stored as the graph's attribute ``edge``.

    Raises
    ------
    NotComputable
        If the record lacks a table or column that the kind needs.
    """
    import networkx as nx

    net = build(read_corpus(record), kind)
    graph: nx.DiGraph[str] = nx.DiGraph(edge=EDGE[kind])
    graph.add_nodes_from(str(name) for name in net.names)
    names = [str(name) for name in net.names]
    graph.add_weighted_edges_from(
        (names[i], names[j], w)
        for i, j, w in zip(net.source.tolist(), net.target.tolist(), net.weight.tolist(), strict=True)
    )
    return graph
