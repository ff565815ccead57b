"""How a network falls apart as agents leave: the whole curve, the largest hubs first or anybody."""

from __future__ import annotations

import numpy as np

from moltarium.analysis.bootstrap import Floats
from moltarium.analysis.compiled import compiled
from moltarium.analysis.corpus import Ints
from moltarium.analysis.graphs.structure import Simple, by_degree


def curve(graph: Simple, order: Ints) -> Floats:
    """Return the share of all agents in the largest component once q of them have left, shape (n,), q from 1.

    Parameters
    ----------
    graph
        Undirected simple graph.
    order
        Nodes as they leave, shape (n,).

    Examples
    --------
    A star of four without its centre is four strangers:

    >>> curve(Simple(5, np.zeros(4, dtype=np.int64), np.arange(1, 5)), np.arange(5)).tolist()
    [0.2, 0.2, 0.2, 0.2, 0.0]
    """
    left_at = np.empty(graph.n, dtype=np.int64)
    left_at[order] = np.arange(graph.n)
    # An edge is there until the first of its ends leaves: edges come back in the order in which they went.
    gone = np.minimum(left_at[graph.low], left_at[graph.high])
    back = np.argsort(-gone, kind="stable")
    sizes = _grow(graph.low[back], graph.high[back], gone[back], graph.n)
    share: Floats = sizes / graph.n
    return share


def robustness(graph: Simple, order: Ints) -> float:
    """Return ``R = Σ_q S(q) / n``, the area under `curve`: 1/2 at most, near 0 if few hold all together.

    References
    ----------
    Schneider et al. (2011), PNAS 108, 3838. doi:10.1073/pnas.1009440108

    Examples
    --------
    >>> star = Simple(5, np.zeros(4, dtype=np.int64), np.arange(1, 5))
    >>> round(robustness(star, largest_first(star)), 3), round(robustness(star, np.arange(4, -1, -1)), 3)
    (0.16, 0.4)
    """
    return float(curve(graph, order).mean())


def largest_first(graph: Simple) -> Ints:
    """Return nodes from the largest degree on, as it was before anybody left; of equals the later first.

    Examples
    --------
    >>> largest_first(Simple(4, np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3]))).tolist()
    [2, 1, 0, 3]
    """
    return np.argsort(by_degree(graph))[::-1].copy()


@compiled
def _grow(low: Ints, high: Ints, gone: Ints, n: int) -> Ints:
    """Return the size of the largest component for each q from 1 to n agents gone, edges coming back."""
    above, size = np.arange(n), np.ones(n, np.int64)
    found = np.zeros(n, np.int64)
    largest, k = 1, 0
    # With q gone, agents that leave at q and later are there, and so are edges between them.
    for q in range(n - 1, 0, -1):
        while k < len(low) and gone[k] >= q:
            a, b = _root(above, low[k]), _root(above, high[k])
            if a != b:
                if size[a] < size[b]:
                    a, b = b, a
                above[b] = a
                size[a] += size[b]
                largest = max(largest, size[a])
            k += 1
        found[q - 1] = largest
    return found


@compiled
def _root(above: Ints, u: int) -> int:
    while above[u] != u:
        above[u] = above[above[u]]
        u = above[u]
    return u
