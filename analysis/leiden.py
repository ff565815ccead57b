"""Communities by the Leiden algorithm, compiled.

Traag, Waltman & van Eck (2019), From Louvain to Leiden, Scientific Reports 9, 5233.
doi:10.1038/s41598-019-41695-z. Written from the paper: the libraries that have it are GPL (leidenalg) or take
edges as strings (graspologic-native), which at a million edges costs more than the search itself.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]

THETA: Final = 0.05
"""Randomness of the refinement, in units of the best gain at hand."""
ROUNDS: Final = 10
"""Most times the whole algorithm runs over its own result; it stops when modularity no longer rises."""


@njit(cache=True, nogil=True)
def _compress(a: Ints, b: Ints, w: Floats, n: int) -> tuple[Ints, Ints, Floats]:
    first = np.zeros(n + 1, np.int64)
    for k in range(len(a)):
        first[a[k] + 1] += 1
        first[b[k] + 1] += 1
    for u in range(n):
        first[u + 1] += first[u]
    place = first[:-1].copy()
    head, weight = np.empty(2 * len(a), np.int64), np.empty(2 * len(a))
    for k in range(len(a)):
        head[place[a[k]]], weight[place[a[k]]] = b[k], w[k]
        place[a[k]] += 1
        head[place[b[k]]], weight[place[b[k]]] = a[k], w[k]
        place[b[k]] += 1
    return first, head, weight


@njit(cache=True, nogil=True)
def _move(
    first: Ints, head: Ints, weight: Floats, mass: Floats, label: Ints, order: Ints, total: float
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


@njit(cache=True, nogil=True)
def _refine(
    first: Ints,
    head: Ints,
    weight: Floats,
    mass: Floats,
    label: Ints,
    order: Ints,
    chance: Floats,
    total: float,
) -> Ints:
    """Split communities into connected parts: lone nodes join parts of theirs, by chance and gain."""
    n = len(mass)
    part = np.arange(n)
    held, outside = mass.copy(), np.zeros(n)
    whole = np.zeros(n)
    for u in range(n):
        whole[label[u]] += mass[u]
        for i in range(first[u], first[u + 1]):
            if label[head[i]] == label[u] and head[i] != u:
                outside[u] += weight[i]
    alone = np.ones(n, np.bool_)
    to = np.zeros(n)
    near, gains = np.empty(n, np.int64), np.empty(n)
    for u in order:
        mine = label[u]
        if not alone[u] or outside[u] < mass[u] * (whole[mine] - mass[u]) / total:
            continue
        kinds = 0
        for i in range(first[u], first[u + 1]):
            v = head[i]
            if label[v] == mine and v != u:
                if to[part[v]] == 0.0:
                    near[kinds] = part[v]
                    kinds += 1
                to[part[v]] += weight[i]
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
    label = np.arange(n)
    best = -1.0
    for _ in range(ROUNDS if len(low) else 0):
        found = _pass(low, high, n, label, rng)
        quality = _quality(low, high, found)
        if quality <= best + 1e-9:
            break
        label, best = found, quality
    _, inverse, size = np.unique(label, return_inverse=True, return_counts=True)
    place = np.empty(len(size), dtype=np.int64)
    place[np.argsort(-size, kind="stable")] = np.arange(len(size))
    return place[inverse]


def _pass(low: Ints, high: Ints, n: int, start: Ints, rng: np.random.Generator) -> Ints:
    """Move, refine, aggregate, until nothing moves; return the labels of the original nodes."""
    a, b, w = low, high, np.ones(len(low))
    mass = (np.bincount(low, minlength=n) + np.bincount(high, minlength=n)).astype(np.float64)
    total = float(mass.sum())
    node, label = np.arange(n), start.copy()
    while True:
        graph = _compress(a, b, w, len(mass))
        _move(*graph, mass, label, rng.permutation(len(mass)), total)
        if len(np.unique(label)) == len(mass):
            return label[node]
        part = _refine(*graph, mass, label, rng.permutation(len(mass)), rng.random(len(mass)), total)
        names, inverse = np.unique(part, return_inverse=True)
        if len(names) == len(mass):
            return label[node]
        above = np.empty(len(names), dtype=np.int64)
        above[inverse] = label
        node = inverse[node]
        mass = np.bincount(inverse, weights=mass).astype(np.float64)
        a, b, w = _merge(inverse[a], inverse[b], w, len(names))
        label = np.unique(above, return_inverse=True)[1]


def _merge(a: Ints, b: Ints, w: Floats, n: int) -> tuple[Ints, Ints, Floats]:
    """Add up parallel edges and forget those inside a node: they move with it."""
    apart = a != b
    a, b, w = a[apart], b[apart], w[apart]
    keys, inverse = np.unique(np.minimum(a, b) * n + np.maximum(a, b), return_inverse=True)
    return keys // n, keys % n, np.bincount(inverse, weights=w, minlength=len(keys)).astype(np.float64)


def _quality(low: Ints, high: Ints, label: Ints) -> float:
    inside = np.count_nonzero(label[low] == label[high]) / len(low)
    strength = (np.bincount(label[low]), np.bincount(label[high]))
    size = max(map(len, strength))
    shares = sum(np.pad(one, (0, size - len(one))) for one in strength) / (2 * len(low))
    return float(inside - np.dot(shares, shares))
