"""Compiled loops over graphs: adjacency, triangles, cores, paths.

Everything here is plain integer code that numba compiles at its first call and caches beside this file (or in
the user's cache, where that is not writable). Import this module inside functions: numba itself takes most of
a second to load. The public, documented forms live in `structure`, `nulls`, `shape` and `paths`.

Adjacency is compressed: the neighbours of ``u`` are ``head[first[u]:first[u + 1]]``.
"""

from __future__ import annotations

import heapq
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.analysis.compiled import compiled

Ints: TypeAlias = npt.NDArray[np.int64]
Heads: TypeAlias = npt.NDArray[np.int32]
Floats: TypeAlias = npt.NDArray[np.float64]


@compiled
def adjacency(source: Ints, target: Ints, n: int) -> tuple[Ints, Heads]:
    """Return (first, head) of the arcs source → target; heads in the order of the arcs."""
    first = np.zeros(n + 1, np.int64)
    for u in source:
        first[u + 1] += 1
    for u in range(n):
        first[u + 1] += first[u]
    place = first[:-1].copy()
    head = np.empty(len(source), np.int32)
    for k in range(len(source)):
        head[place[source[k]]] = target[k]
        place[source[k]] += 1
    return first, head


@compiled
def closed(low: Ints, high: Ints, code: npt.NDArray[np.int8], rank: Ints, n: int) -> tuple[Ints, Ints]:
    """Return triangles per node, and how many triangles there are of each of 27 kinds.

    ``code`` says which way each edge goes: 1 low → high, 2 high → low, 3 both. Edges are pointed towards the
    higher rank; a triangle a, b, c in rising rank is of kind ``(ab − 1) + 3 (ac − 1) + 9 (bc − 1)``.
    """
    m = len(low)
    first = np.zeros(n + 1, np.int64)
    for k in range(m):
        first[min(rank[low[k]], rank[high[k]]) + 1] += 1
    for u in range(n):
        first[u + 1] += first[u]
    place = first[:-1].copy()
    head = np.empty(m, np.int32)
    way = np.empty(m, np.int8)
    for k in range(m):
        a, b, c = rank[low[k]], rank[high[k]], code[k]
        if a > b:
            a, b = b, a
            if c < 3:
                c = 3 - c
        head[place[a]] = b
        way[place[a]] = c
        place[a] += 1
    found = np.zeros(n, np.int64)
    kinds = np.zeros(27, np.int64)
    mark = np.zeros(n, np.int8)
    for u in range(n):
        for i in range(first[u], first[u + 1]):
            mark[head[i]] = way[i]
        for i in range(first[u], first[u + 1]):
            v = head[i]
            here = 0
            for j in range(first[v], first[v + 1]):
                w = head[j]
                if mark[w]:
                    here += 1
                    found[w] += 1
                    kinds[(way[i] - 1) + 3 * (mark[w] - 1) + 9 * (way[j] - 1)] += 1
            found[u] += here
            found[v] += here
        for i in range(first[u], first[u + 1]):
            mark[head[i]] = 0
    out = np.empty(n, np.int64)
    for u in range(n):
        out[u] = found[rank[u]]
    return out, kinds


@compiled
def cores(first: Ints, head: Heads, n: int) -> Ints:
    """Return the core number of each node (Batagelj & Zaveršnik 2003, arXiv:cs/0310049)."""
    degree = np.empty(n, np.int64)
    for u in range(n):
        degree[u] = first[u + 1] - first[u]
    order = np.argsort(degree, kind="mergesort")
    place = np.empty(n, np.int64)
    for k in range(n):
        place[order[k]] = k
    start = np.zeros(max(degree.max(), 0) + 2 if n else 2, np.int64)
    for u in range(n):
        start[degree[u] + 1] += 1
    for k in range(1, len(start)):
        start[k] += start[k - 1]
    for k in range(n):
        u = order[k]
        for i in range(first[u], first[u + 1]):
            v = head[i]
            if degree[v] > degree[u]:
                # v changes place with the first node of its degree, whose bin then starts one later.
                begin = max(start[degree[v]], k + 1)
                w = order[begin]
                here = place[v]
                order[begin], order[here] = v, w
                place[v], place[w] = begin, here
                start[degree[v]] = begin + 1
                degree[v] -= 1
    return degree


@compiled
def percolated(low: Ints, high: Ints, rank: Ints, n: int) -> Ints:
    """Return the size of the largest component among the first k nodes in rank, k = 0 … n, shape (n + 1,).

    Nodes come back one by one and join what they touch (Newman & Ziff 2000, doi:10.1103/PhysRevLett.85.4104).
    """
    later, earlier = np.empty(len(low), np.int64), np.empty(len(low), np.int64)
    for k in range(len(low)):
        a, b = rank[low[k]], rank[high[k]]
        later[k], earlier[k] = max(a, b), min(a, b)
    first, head = adjacency(later, earlier, n)
    above, size = np.arange(n), np.ones(n, np.int64)
    largest = np.zeros(n + 1, np.int64)
    for u in range(n):
        root = np.int64(u)
        for i in range(first[u], first[u + 1]):
            v = np.int64(head[i])
            while above[v] != v:
                above[v] = above[above[v]]
                v = above[v]
            if v != root:
                if size[v] > size[root]:
                    v, root = root, v
                above[v] = root
                size[root] += size[v]
        largest[u + 1] = max(largest[u], size[root])
    return largest


@compiled
def _slot(table: Ints, key: int, shift: np.uint64) -> np.int64:
    """Return where a key is, or where it would go."""
    last = len(table) - 1
    k = np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> shift)
    while table[k] != -1 and table[k] != key:
        k = (k + 1) & last
    return k


@compiled
def mutual(source: Ints, target: Ints, n: int) -> int:
    """Return how many arcs have their reverse."""
    m = len(source)
    bits = 4
    while (1 << bits) < 2 * m + 2:
        bits += 1
    shift = np.uint64(64 - bits)
    table = np.full(1 << bits, -1, np.int64)
    found = 0
    for k in range(m):
        a, b = source[k], target[k]
        key = a * n + b if a < b else b * n + a
        place = _slot(table, key, shift)
        if table[place] == key:
            found += 2
        else:
            table[place] = key
    return found


@compiled
def brandes(first: Ints, head: Heads, n: int, sources: Ints) -> tuple[Floats, Floats, Ints, Ints]:
    """Return, over the given sources: Σ and Σ² of dependencies per node; Σ distances and reach per source.

    Brandes 2001, doi:10.1080/0022250X.2001.9990249. For undirected graphs. Reach counts the nodes that a
    source reaches, itself left out.
    """
    total, square = np.zeros(n), np.zeros(n)
    length, reach = np.zeros(len(sources), np.int64), np.zeros(len(sources), np.int64)
    distance = np.full(n, -1, np.int32)
    sigma, delta = np.zeros(n), np.zeros(n)
    queue = np.empty(n, np.int32)
    for k in range(len(sources)):
        s = sources[k]
        queue[0], count, at = s, 1, 0
        distance[s], sigma[s] = 0, 1.0
        while at < count:
            u = queue[at]
            at += 1
            for i in range(first[u], first[u + 1]):
                v = head[i]
                if distance[v] < 0:
                    distance[v] = distance[u] + 1
                    queue[count] = v
                    count += 1
                if distance[v] == distance[u] + 1:
                    sigma[v] += sigma[u]
        reach[k] = count - 1
        for at in range(count - 1, -1, -1):
            u = queue[at]
            share = (1.0 + delta[u]) / sigma[u]
            for i in range(first[u], first[u + 1]):
                v = head[i]
                if distance[v] == distance[u] - 1:
                    delta[v] += sigma[v] * share
            if u != s:
                total[u] += delta[u]
                square[u] += delta[u] * delta[u]
                length[k] += distance[u]
        for at in range(count):
            u = queue[at]
            distance[u], sigma[u], delta[u] = -1, 0.0, 0.0
    return total, square, length, reach


@compiled
def alike(low: Ints, high: Ints, k: Floats, w: Floats) -> tuple[float, float, float, float]:
    """Return total, mean, variance and covariance of a node's number at both ends of undirected edges.

    ``w`` weighs edges; empty, each counts once.
    """
    total, mean = 0.0, 0.0
    for e in range(len(low)):
        weight = w[e] if len(w) else 1.0
        total += 2 * weight
        mean += float(weight * (k[low[e]] + k[high[e]]))
    if total == 0.0:
        return total, 0.0, 0.0, 0.0
    mean /= total
    variance, covariance = 0.0, 0.0
    for e in range(len(low)):
        weight = w[e] if len(w) else 1.0
        x, y = float(k[low[e]] - mean), float(k[high[e]] - mean)
        variance += weight * (x * x + y * y)
        covariance += 2 * weight * x * y
    return total, mean, variance / total, covariance / total


@compiled
def distances(first: Ints, head: Heads, n: int, source: int) -> Heads:
    """Return the number of steps from one node to each, −1 where there is no way."""
    distance = np.full(n, -1, np.int32)
    queue = np.empty(n, np.int32)
    queue[0], count, at = source, 1, 0
    distance[source] = 0
    while at < count:
        u = queue[at]
        at += 1
        for i in range(first[u], first[u + 1]):
            v = head[i]
            if distance[v] < 0:
                distance[v] = distance[u] + 1
                queue[count] = v
                count += 1
    return distance


@compiled
def distance_sums(first: Ints, head: Heads, n: int, sources: Ints) -> tuple[Ints, Ints]:
    """Return Σ distances and reach per source, 64 sources at a time, a bit each.

    Then et al. 2014, doi:10.14778/2735496.2735507. For undirected graphs.
    """
    length, reach = np.zeros(len(sources), np.int64), np.zeros(len(sources), np.int64)
    for begin in range(0, len(sources), 64):
        size = min(64, len(sources) - begin)
        seen = np.zeros(n, np.uint64)
        for k in range(size):
            seen[sources[begin + k]] |= np.uint64(1) << np.uint64(k)
        every = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - size)
        now, step, moved = seen.copy(), 0, True
        while moved:
            step += 1
            moved = False
            new = np.zeros(n, np.uint64)
            count = np.zeros(64, np.int64)
            for v in range(n):
                missing, found = every & ~seen[v], np.uint64(0)
                if missing == 0:
                    continue
                for i in range(first[v], first[v + 1]):
                    found |= now[head[i]]
                    if found & missing == missing:
                        break
                found &= missing
                if found:
                    new[v] = found
                    moved = True
                    for k in range(64):
                        count[k] += np.int64((found >> np.uint64(k)) & np.uint64(1))
            for v in range(n):
                seen[v] |= new[v]
            for k in range(size):
                length[begin + k] += step * count[k]
                reach[begin + k] += count[k]
            now = new
    return length, reach


@compiled
def costs(first: Ints, head: Heads, cost: Ints, n: int, source: int) -> Ints:
    """Return the least total cost of a way from one node to each, −1 where there is none (Dijkstra 1959)."""
    distance = np.full(n, -1, np.int64)
    settled = np.zeros(n, np.bool_)
    distance[source] = 0
    # Distance and node in one number: the heap then compares numbers alone.
    heap = [np.int64(source)]
    while len(heap):
        least = heapq.heappop(heap)
        u = least % n
        if settled[u]:
            continue
        settled[u] = True
        for i in range(first[u], first[u + 1]):
            v = head[i]
            far = least // n + cost[i]
            if distance[v] < 0 or far < distance[v]:
                distance[v] = far
                heapq.heappush(heap, far * n + v)
    return distance
