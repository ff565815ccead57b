"""Communities by the Leiden algorithm, compiled.

Traag, Waltman & van Eck (2019), From Louvain to Leiden, Scientific Reports 9, 5233.
doi:10.1038/s41598-019-41695-z. Written from the paper: the libraries that have it are GPL (leidenalg) or take
edges as strings (graspologic-native), which at a million edges costs more than the search itself.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.analysis.compiled import compiled

Ints: TypeAlias = npt.NDArray[np.int64]
Small: TypeAlias = npt.NDArray[np.int32]
Floats: TypeAlias = npt.NDArray[np.float64]
Graph: TypeAlias = tuple[Ints, Small, Small]
"""Neighbours of ``u`` and the weights to them lie from ``first[u]`` to ``first[u + 1]``."""

THETA: Final = 0.05
"""Randomness of the refinement, in units of the best gain at hand."""
ROUNDS: Final = 10
"""Most times the whole algorithm runs over its own result; it stops when modularity no longer rises."""
ROUND_EDGES: Final = 5_000_000
"""Edges that these rounds go over together, the first three aside: on a million edges the last five add .001
to modularity, where another seed adds .002."""


@compiled
def _compress(low: Ints, high: Ints, weight: Small, n: int) -> Graph:
    first = np.zeros(n + 1, np.int64)
    for k in range(len(low)):
        first[low[k] + 1] += 1
        first[high[k] + 1] += 1
    for u in range(n):
        first[u + 1] += first[u]
    place = first[:-1].copy()
    head, between = np.empty(2 * len(low), np.int32), np.empty(2 * len(low), np.int32)
    for k in range(len(low)):
        head[place[low[k]]], between[place[low[k]]] = high[k], weight[k]
        place[low[k]] += 1
        head[place[high[k]]], between[place[high[k]]] = low[k], weight[k]
        place[high[k]] += 1
    return first, head, between


@compiled
def _move(
    first: Ints, head: Small, weight: Small, mass: Floats, label: Small, order: Ints, total: float
) -> int:
    """Move nodes to the neighbouring community that raises modularity most, until none does."""
    n = len(mass)
    held = np.zeros(n)
    for u in range(n):
        held[label[u]] += mass[u]
    empty = np.zeros(n, np.int64)
    size = np.zeros(n, np.int64)
    for u in range(n):
        size[label[u]] += 1
    free = 0
    for c in range(n):
        if size[c] == 0:
            empty[free] = c
            free += 1
    queue, waiting = order.copy(), np.ones(n, np.bool_)
    begin, count, moves = 0, n, 0
    to = np.zeros(n)
    near = np.empty(n, np.int64)
    while count:
        u = queue[begin]
        begin = (begin + 1) % n
        count -= 1
        waiting[u] = False
        own = label[u]
        held[own] -= mass[u]
        size[own] -= 1
        kinds = 0
        for i in range(first[u], first[u + 1]):
            c = label[head[i]]
            if to[c] == 0.0:
                near[kinds] = c
                kinds += 1
            to[c] += weight[i]
        best, gain = own, to[own] - mass[u] * held[own] / total
        for k in range(kinds):
            c = near[k]
            here = to[c] - mass[u] * held[c] / total
            if here > gain + 1e-10:
                best, gain = c, here
        if gain < -1e-10 and size[own] and free:
            free -= 1
            best = empty[free]
        for k in range(kinds):
            to[near[k]] = 0.0
        label[u] = best
        held[best] += mass[u]
        size[best] += 1
        if best != own:
            moves += 1
            if size[own] == 0:
                empty[free] = own
                free += 1
            for i in range(first[u], first[u + 1]):
                v = head[i]
                if label[v] != best and not waiting[v]:
                    queue[(begin + count) % n] = v
                    count += 1
                    waiting[v] = True
    return moves


@compiled
def _refine(
    first: Ints,
    head: Small,
    weight: Small,
    mass: Floats,
    label: Small,
    order: Ints,
    chance: Floats,
    total: float,
) -> Ints:
    """Split communities into connected parts: lone nodes join parts of theirs, by chance and gain."""
    n = len(mass)
    part = np.arange(n)
    held, outside = mass.copy(), np.zeros(n)
    whole = np.zeros(n)
    begin, inner, shared = np.empty(n + 1, np.int64), np.empty_like(head), np.empty_like(weight)
    used = begin[0] = 0
    for u in range(n):
        whole[label[u]] += mass[u]
        # Written first and kept only if it counts: a branch here would be guessed wrong every few neighbours.
        before = used
        for i in range(first[u], first[u + 1]):
            inner[used], shared[used] = head[i], weight[i]
            used += label[head[i]] == label[u]
        for i in range(before, used):
            outside[u] += shared[i]
        begin[u + 1] = used
    alone = np.ones(n, np.bool_)
    to = np.zeros(n)
    near, gains = np.empty(n, np.int64), np.empty(n)
    for u in order:
        mine = label[u]
        if not alone[u] or outside[u] < mass[u] * (whole[mine] - mass[u]) / total:
            continue
        kinds = 0
        for i in range(begin[u], begin[u + 1]):
            c = part[inner[i]]
            if to[c] == 0.0:
                near[kinds] = c
                kinds += 1
            to[c] += shared[i]
        scale, some = 0.0, 0
        for k in range(kinds):
            c = near[k]
            gain = to[c] - mass[u] * held[c] / total
            sound = outside[c] >= held[c] * (whole[mine] - held[c]) / total - 1e-10
            gains[k] = gain if sound and gain >= 0 else -1.0
            scale = max(scale, gains[k])
        for k in range(kinds):
            if gains[k] >= 0:
                # Relative to the best gain, because that shrinks with the size of the graph.
                gains[k] = np.exp((gains[k] - scale) / (THETA * max(scale, 1e-12)))
                some += 1
            else:
                gains[k] = 0.0
        if some:
            aim, running, pick = chance[u] * gains[:kinds].sum(), 0.0, -1
            for k in range(kinds):
                running += gains[k]
                if gains[k] > 0 and (pick < 0 or running <= aim or running - gains[k] < aim):
                    pick = k
                if running >= aim and pick >= 0:
                    break
            c = near[pick]
            part[u] = c
            held[c] += mass[u]
            outside[c] += outside[u] - 2 * to[c]
            held[u] = 0.0
            alone[c] = False
            alone[u] = False
        for k in range(kinds):
            to[near[k]] = 0.0
    return part


def leiden(low: Ints, high: Ints, n: int, seed: int = 0) -> Ints:
    """Return a community label per node, largest community first, shape (n,).

    Parameters
    ----------
    low, high
        Undirected simple edges, shape (m,).
    n
        Number of nodes.
    seed
        Order in which nodes are visited, and refinement's draws.
    """
    rng = np.random.default_rng([seed, 6])
    label = np.arange(n, dtype=np.int32)
    best = -1.0
    graph = _compress(low, high, np.ones(len(low), np.int32), n)
    for _ in range(max(3, min(ROUNDS, ROUND_EDGES // len(low))) if len(low) else 0):
        found = _pass(graph, label, rng)
        quality = _quality(*graph[:2], found)
        if quality <= best + 1e-9:
            break
        label, best = found, quality
    return _by_size(label)


def louvain(low: Ints, high: Ints, n: int, seed: int = 0, weight: Ints | None = None) -> Ints:
    """Return a community label per node, largest community first, shape (n,), without Leiden's refinement.

    For figures that were published of Louvain's partitions: its communities may be disconnected, and its
    modularity is lower. Blondel et al. (2008), doi:10.1088/1742-5468/2008/10/P10008.

    Parameters
    ----------
    low, high
        Undirected simple edges, shape (m,).
    n
        Number of nodes.
    seed
        Order in which nodes are visited.
    weight
        Positive weight per edge, shape (m,); default 1.

    Examples
    --------
    Two triangles joined by an edge:

    >>> low, high = np.array([0, 0, 1, 2, 3, 3, 4]), np.array([1, 2, 2, 3, 4, 5, 5])
    >>> len(set(louvain(low, high, 6)))
    2
    """
    rng = np.random.default_rng([seed, 7])
    strength = np.ones(len(low), np.int32) if weight is None else weight.astype(np.int32)
    graph, node = _compress(low, high, strength, n), np.arange(n)
    mass = (np.bincount(low, strength, n) + np.bincount(high, strength, n)).astype(np.float64)
    total = float(mass.sum())
    while len(low):
        label = np.arange(len(mass), dtype=np.int32)
        _move(*graph, mass, label, rng.permutation(len(mass)), total)
        names, inverse = np.unique(label, return_inverse=True)
        if len(names) == len(mass):
            break
        node = inverse[node]
        mass = np.bincount(inverse, weights=mass).astype(np.float64)
        graph = _merge(*graph, inverse.astype(np.int32), len(names))
    return _by_size(node)


def _by_size(label: npt.NDArray[np.integer]) -> Ints:
    """Return labels renumbered from the largest community on."""
    _, inverse, size = np.unique(label, return_inverse=True, return_counts=True)
    place = np.empty(len(size), dtype=np.int64)
    place[np.argsort(-size, kind="stable")] = np.arange(len(size))
    found: Ints = place[inverse]
    return found


def _pass(graph: Graph, start: Small, rng: np.random.Generator) -> Small:
    """Move, refine, aggregate, until nothing moves; return the labels of the original nodes."""
    mass = np.diff(graph[0]).astype(np.float64)
    total = float(mass.sum())
    node, label = np.arange(len(mass)), start.copy()
    while True:
        n = len(mass)
        _move(*graph, mass, label, rng.permutation(n), total)
        if np.count_nonzero(np.bincount(label)) == n:
            return label[node]
        part = _refine(*graph, mass, label, rng.permutation(n), rng.random(n), total)
        names, inverse = np.unique(part, return_inverse=True)
        if len(names) == n:
            return label[node]
        above = np.empty(len(names), dtype=np.int32)
        above[inverse] = label
        node = inverse[node]
        mass = np.bincount(inverse, weights=mass).astype(np.float64)
        graph = _merge(*graph, inverse.astype(np.int32), len(names))
        label = np.unique(above, return_inverse=True)[1].astype(np.int32)


@compiled
def _merge(first: Ints, head: Small, weight: Small, part: Small, parts: int) -> Graph:
    """Return the graph of parts: parallel edges add up, those inside a part move with it."""
    begin = np.zeros(parts + 1, np.int64)
    for c in part:
        begin[c + 1] += 1
    for c in range(parts):
        begin[c + 1] += begin[c]
    place, members = begin[:-1].copy(), np.empty(len(part), np.int64)
    for u in range(len(part)):
        members[place[part[u]]] = u
        place[part[u]] += 1
    above = np.zeros(parts + 1, np.int64)
    heads, weights = np.empty(len(head), np.int32), np.empty(len(head), np.int32)
    to, near = np.zeros(parts, np.int32), np.empty(parts, np.int32)
    used = 0
    for c in range(parts):
        kinds = 0
        for at in range(begin[c], begin[c + 1]):
            u = members[at]
            for i in range(first[u], first[u + 1]):
                d = part[head[i]]
                if d == c:
                    continue
                if to[d] == 0:
                    near[kinds] = d
                    kinds += 1
                to[d] += weight[i]
        for k in range(kinds):
            heads[used], weights[used] = near[k], to[near[k]]
            to[near[k]] = 0
            used += 1
        above[c + 1] = used
    return above, heads[:used].copy(), weights[:used].copy()


@compiled
def _quality(first: Ints, head: Small, label: Small) -> float:
    """Return the modularity of a partition of the original graph."""
    strength = np.zeros(len(label))
    inside = 0
    for u in range(len(label)):
        strength[label[u]] += first[u + 1] - first[u]
        for i in range(first[u], first[u + 1]):
            inside += label[head[i]] == label[u]
    return inside / len(head) - np.sum((strength / len(head)) ** 2)
