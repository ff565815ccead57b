"""Agents who met without turning to each other: shown the same target, or writing in the same thread.

Both are projections of a two-sided network (agents and places) onto its agents. A place with k members joins
k (k − 1) / 2 pairs, so one crowded place can outweigh all others in memory and meaning. Therefore each place
gives a pair only 1 / (k − 1), so that every member gains 1 from it in all (Newman 2001), and the most crowded
places are left out, counted and reported, where the pairs would exceed a budget.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from moltarium.analysis.corpus import OPENING, UNKNOWN, Corpus, Ints, require
from moltarium.analysis.graphs.networks import posts_in, within
from moltarium.analysis.graphs.ties import WHOLE, Cut, targets
from moltarium.sim.record.schema import Impression
from moltarium.sim.record.view import Record

if TYPE_CHECKING:
    import networkx as nx

Floats: TypeAlias = npt.NDArray[np.float64]

SharedKind: TypeAlias = Literal["co_exposure", "shared_thread"]
"""What two agents share."""

SHARED: Final[dict[SharedKind, str]] = {
    "co_exposure": "both were shown the same target in the same step (simulated runs only)",
    "shared_thread": "both wrote in the same thread, its post or a comment",
}
"""What joins two agents, by kind; undirected."""

PAIRS: Final = 10_000_000
"""Pairs that all places together may join: about ten seconds and a gigabyte and a half."""


@dataclass(frozen=True, slots=True)
class Projection:
    """An undirected network of agents who share places. Nodes are agents with at least one edge."""

    kind: SharedKind
    names: npt.NDArray[np.object_]
    """Agent id per node, shape (n,)."""
    low: Ints
    """Node per edge, shape (m,); below `high`."""
    high: Ints
    """Node per edge, shape (m,)."""
    shared: Ints
    """Places that the two share, shape (m,)."""
    weight: Floats
    """Σ over shared places of 1 / (members − 1), shape (m,)."""
    places: int
    """Places with at least two members, those left out included."""
    crowded: int
    """Places left out because they have more than `largest` members."""
    largest: int
    """The most members that a place may have here."""

    @property
    def n(self) -> int:
        """The number of nodes."""
        return len(self.names)

    @property
    def m(self) -> int:
        """The number of edges."""
        return len(self.low)

    def note(self) -> str | None:
        """Return what was left out."""
        if not self.crowded:
            return None
        return f"{self.crowded} of {self.places} places with more than {self.largest} agents left out"


def project(
    names: npt.NDArray[np.object_], place: Ints, member: Ints, kind: SharedKind, pairs: int = PAIRS
) -> Projection:
    """Join every two members of a place.

    ``w(i, j) = Σ_p 1 / (k_p − 1)`` over the places p that i and j share, k_p being p's members.

    Parameters
    ----------
    names
        Agent ids by code.
    place, member
        Codes, one entry per membership; repeated ones count once. Shape (memberships,).
    kind
        What a place is.
    pairs
        Budget: places of up to as many members are joined as together join no more pairs than this.

    Returns
    -------
    Projection
        The same for the same memberships in any order, up to the rounding of sums.

    References
    ----------
    Newman (2001), Physical Review E 64, 016132. doi:10.1103/PhysRevE.64.016132

    Examples
    --------
    ann and bob share place 0 alone, place 1 with cat:

    >>> agents = np.array(["ann", "bob", "cat"], dtype=object)
    >>> met = project(agents, np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 2]), "shared_thread")
    >>> met.low.tolist(), met.high.tolist(), met.shared.tolist(), met.weight.tolist()
    ([0, 0, 1], [1, 2, 2], [2, 1, 1], [1.5, 0.5, 0.5])
    """
    base = max(len(names), 1)
    keys = np.unique(place * base + member)
    members = keys % base
    _, first, size = np.unique(keys // base, return_index=True, return_counts=True)
    several = size > 1
    first, size = first[several], size[several]
    largest = _largest(size, pairs)
    low, high, share = _joined(members, first[size <= largest], size[size <= largest])
    # Entries of one pair are added up when the matrix is built; codes fit 32 bits, places do in number.
    where = (low, high)
    ones = sparse.csr_array((np.ones(len(low), dtype=np.int64), where), shape=(base, base))
    sums = sparse.csr_array((share, where), shape=(base, base))
    for matrix in (ones, sums):
        matrix.sum_duplicates()
    rows = np.repeat(np.arange(base, dtype=np.int64), np.diff(ones.indptr))
    nodes, compact = np.unique(np.concatenate((rows, ones.indices)), return_inverse=True)
    return Projection(
        kind=kind,
        names=names[nodes],
        low=compact[: len(rows)].astype(np.int64),
        high=compact[len(rows) :].astype(np.int64),
        shared=ones.data,
        weight=sums.data,
        places=len(size),
        crowded=int((size > largest).sum()),
        largest=largest,
    )


def _largest(size: Ints, pairs: int) -> int:
    """Return the most members a place may have for all such places to join at most so many pairs."""
    if not len(size):
        return 0
    found, number = np.unique(size, return_counts=True)
    allowed = np.cumsum(number * (found * (found - 1) // 2)) <= pairs
    return int(found[allowed][-1]) if allowed.any() else 0


def _joined(
    members: Ints, first: Ints, size: Ints
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Floats]:
    """Return every pair in every place, lower code first, and what the place gives it."""
    total = int((size * (size - 1) // 2).sum())
    low, high = np.empty(total, dtype=np.int32), np.empty(total, dtype=np.int32)
    share = np.empty(total, dtype=np.float64)
    at = 0
    for k in np.unique(size).tolist():
        rows = members[first[size == k][:, None] + np.arange(k)]
        a, b = np.triu_indices(k, 1)
        end = at + len(rows) * len(a)
        # Members are sorted within a place, so the lower code comes first.
        low[at:end], high[at:end] = rows[:, a].ravel(), rows[:, b].ravel()
        share[at:end] = 1.0 / (k - 1)
        at = end
    return low, high, share


def shared_threads(corpus: Corpus, cut: Cut = WHOLE, pairs: int = PAIRS) -> Projection:
    """Join agents who wrote in the same thread.

    Raises
    ------
    NotComputable
        If the record does not know who wrote.
    """
    require(corpus.record, "post.author", "comment.author")
    posts = corpus.post_own & cut.when(corpus.post_t) & (corpus.post_author != UNKNOWN)
    if cut.community is not None:
        posts &= np.isin(np.arange(corpus.n_posts), posts_in(corpus, cut.community))
    comments = corpus.comment_own & within(corpus, cut)
    comments &= (corpus.comment_author != UNKNOWN) & (corpus.comment_post != UNKNOWN)
    return project(
        corpus.agents,
        np.concatenate((np.flatnonzero(posts), corpus.comment_post[comments])),
        np.concatenate((corpus.post_author[posts], corpus.comment_author[comments])),
        "shared_thread",
        pairs,
    )


def co_exposures(record: Record, cut: Cut = WHOLE, pairs: int = PAIRS) -> Projection:
    """Join agents who were shown the same target in the same step.

    Raises
    ------
    NotComputable
        If the record does not know who was shown what: only a simulated run does.
    """
    require(record, Impression)
    inside = None if cut.community is None else targets(record, cut.community)
    agents: dict[str, int] = {}
    places: dict[tuple[str, int | None], int] = {}
    place, member = array("q"), array("q")
    for shown in record.rows(Impression):
        if (
            shown.step == OPENING
            or not cut.holds(shown.t)
            or (inside is not None and shown.target not in inside)
        ):
            continue
        place.append(places.setdefault((shown.target, shown.step), len(places)))
        member.append(agents.setdefault(shown.agent, len(agents)))
    return project(
        np.array(list(agents), dtype=object),
        np.array(place, dtype=np.int64),
        np.array(member, dtype=np.int64),
        "co_exposure",
        pairs,
    )


def as_networkx(met: Projection) -> nx.Graph[str]:
    """Return who met whom as networkx knows it: edges with ``weight`` and ``shared``, see `Projection`."""
    import networkx as nx

    graph: nx.Graph[str] = nx.Graph(edge=SHARED[met.kind])
    names = [str(name) for name in met.names]
    graph.add_nodes_from(names)
    rows = zip(met.low.tolist(), met.high.tolist(), met.weight.tolist(), met.shared.tolist(), strict=True)
    graph.add_edges_from((names[i], names[j], {"weight": w, "shared": k}) for i, j, w, k in rows)
    return graph
