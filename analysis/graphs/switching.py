"""Switching pairs of edges, compiled: the chain behind every null graph.

A graph is one array of packed edges, ``source · 2³² + target``, and a hash table of the keys of all edges
there are; a chain keeps both between its graphs. Memory, not arithmetic, is what an attempt costs, so
attempts are drawn `BATCH` at a time and everything they will look at is touched first: the processor then
fetches it all at once. The attempts follow one after the other, so the graphs are those of the plain loop.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.analysis.compiled import compiled

Ints: TypeAlias = npt.NDArray[np.int64]
State: TypeAlias = npt.NDArray[np.uint64]

BATCH: Final = 64
"""Attempts whose edges are fetched together; their lines of memory fit the first cache."""
EMPTY: Final = -1
"""A free place of the table."""
LOW: Final = 0xFFFFFFFF
"""The bits of an edge's target."""


def table_of(edges: Ints, directed: bool) -> Ints:
    """Return the hash table of a graph's edges, at most half full."""
    # numpy asks for large pages where numba does not: far fewer misses of the address cache.
    table = np.full(1 << max(4, (2 * len(edges) + 1).bit_length()), EMPTY, dtype=np.int64)
    _fill(table, edges, directed)
    return table


@compiled
def switch(edges: Ints, table: Ints, attempts: int, directed: bool, block: Ints, state: State) -> int:
    """Try to switch random pairs of edges in place; return how many were switched.

    Edges a→b, c→d become a→d, c→b unless that makes a self-loop or an edge that exists. With ``directed``
    false one edge is turned round at random first and keys know no direction. ``block`` gives a number per
    node: a switch must exchange heads of one number (all 0: any). ``state`` is that of `_draw`, then a place
    for what was touched.
    """
    m = len(edges)
    shift = _shift(table)
    one, other = np.empty(BATCH, np.int64), np.empty(BATCH, np.int64)
    turned = np.zeros(BATCH, np.bool_)
    done, left, seen = 0, attempts, 0
    while left > 0:
        size = min(left, BATCH)
        left -= size
        for t in range(size):
            one[t], other[t] = _draw(state, m), _draw(state, m)
            if not directed:
                turned[t] = _draw(state, 2) == 1
        for t in range(size):
            seen ^= edges[one[t]] ^ edges[other[t]]
        for t in range(size):
            seen ^= _touch(edges, table, one[t], other[t], turned[t], directed, shift)
        for t in range(size):
            done += _try(edges, table, one[t], other[t], turned[t], directed, block, shift)
    # What was touched must go somewhere, or the compiler leaves the touching out.
    state[1] = np.uint64(seen)
    return done


@compiled
def straighten(
    mate: Ints, node: Ints, first: Ints, order: Ints, table: Ints, attempts: int, state: State
) -> int:
    """Switch pairs of undirected edges where that brings their ends nearer on a ring; return how many.

    An edge is two stubs that are each other's ``mate``; a stub's ``node`` never changes, and the stubs of u
    lie from ``first[u]`` to ``first[u + 1]``. ``order`` holds the nodes as they stand on the ring. A random
    stub is offered one of a node at a distance drawn evenly in its logarithm: near ones are what helps.
    """
    n, done, shift = len(order), 0, _shift(table)
    place = np.empty(n, np.int64)
    for k in range(n):
        place[order[k]] = k
    reach = np.log(max(n // 2, 1))
    for _ in range(attempts):
        s = int(_draw(state, len(mate)))
        a = int(node[s])
        far = int(np.exp(_draw(state, 1 << 30) / (1 << 30) * reach))
        d = int(order[int(place[a] + (far if _draw(state, 2) else n - far)) % n])
        if first[d] == first[d + 1]:
            continue
        t = int(first[d]) + int(_draw(state, int(first[d + 1] - first[d])))
        u, v = int(mate[s]), int(mate[t])
        b, c = int(node[u]), int(node[v])
        now = _apart(place, a, b) + _apart(place, c, d)
        if a == d or c == b or _apart(place, a, d) + _apart(place, c, b) >= now:
            continue
        one, other = _key(a, d, False), _key(c, b, False)
        if one == other or table[_slot(table, one, shift)] == one:
            continue
        if table[_slot(table, other, shift)] == other:
            continue
        _drop(table, _key(a, b, False), shift)
        _drop(table, _key(c, d, False), shift)
        table[_slot(table, one, shift)] = one
        table[_slot(table, other, shift)] = other
        mate[s], mate[t], mate[u], mate[v] = t, s, v, u
        done += 1
    return done


@compiled
def _apart(place: Ints, a: int, b: int) -> int:
    """Return how far two nodes stand apart on the ring."""
    way = abs(int(place[a]) - int(place[b]))
    return min(way, len(place) - way)


@compiled
def _touch(edges: Ints, table: Ints, i: int, j: int, turned: bool, directed: bool, shift: np.uint64) -> int:
    """Fetch the places of the four edges that an attempt looks up or takes out."""
    a, b, c, d = _ends(edges, i, j, turned)
    found: int = (
        table[_home(_key(a, d, directed), shift)]
        ^ table[_home(_key(c, b, directed), shift)]
        ^ table[_home(_key(a, b, directed), shift)]
        ^ table[_home(_key(c, d, directed), shift)]
    )
    return found


@compiled
def _try(
    edges: Ints, table: Ints, i: int, j: int, turned: bool, directed: bool, block: Ints, shift: np.uint64
) -> int:
    """Switch two edges if the graph stays simple and its blocks as they are; return how many were."""
    a, b, c, d = _ends(edges, i, j, turned)
    if i == j or a == d or c == b or block[b] != block[d]:
        return 0
    first, second = _key(a, d, directed), _key(c, b, directed)
    if first == second or table[_slot(table, first, shift)] == first:
        return 0
    if table[_slot(table, second, shift)] == second:
        return 0
    _drop(table, _key(a, b, directed), shift)
    _drop(table, _key(c, d, directed), shift)
    table[_slot(table, first, shift)] = first
    table[_slot(table, second, shift)] = second
    edges[i], edges[j] = (a << 32) | d, (c << 32) | b
    return 1


@compiled
def _ends(edges: Ints, i: int, j: int, turned: bool) -> tuple[int, int, int, int]:
    """Return the nodes of two edges, the second turned round or not."""
    a, b, c, d = edges[i] >> 32, edges[i] & LOW, edges[j] >> 32, edges[j] & LOW
    return (a, b, d, c) if turned else (a, b, c, d)


@compiled
def _fill(table: Ints, edges: Ints, directed: bool) -> None:
    shift = _shift(table)
    for edge in edges:
        key = _key(edge >> 32, edge & LOW, directed)
        table[_slot(table, key, shift)] = key


@compiled
def _shift(table: Ints) -> np.uint64:
    bits = 0
    while (1 << bits) < len(table):
        bits += 1
    return np.uint64(64 - bits)


@compiled
def _key(a: int, b: int, directed: bool) -> int:
    """Return what names the edge between two nodes in the table."""
    return (a << 32) | b if directed or a < b else (b << 32) | a


@compiled
def _home(key: int, shift: np.uint64) -> np.int64:
    """Return the place where a key belongs if it is free (Knuth's multiplicative hash)."""
    return np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> shift)


@compiled
def _slot(table: Ints, key: int, shift: np.uint64) -> np.int64:
    """Return where a key is, or where it would go."""
    last = len(table) - 1
    k = _home(key, shift)
    while table[k] != EMPTY and table[k] != key:
        k = (k + 1) & last
    return k


@compiled
def _drop(table: Ints, key: int, shift: np.uint64) -> None:
    """Take a key out; later keys of its cluster move up, so that no gap hides them."""
    last = len(table) - 1
    gap = _slot(table, key, shift)
    k = gap
    while True:
        k = (k + 1) & last
        if table[k] == EMPTY:
            break
        home = _home(table[k], shift)
        if ((k - home) & last) >= ((k - gap) & last):
            table[gap] = table[k]
            gap = k
    table[gap] = EMPTY


@compiled
def _draw(state: State, below: int) -> np.int64:
    """Return a number in [0, below) and move on (SplitMix64; Steele, Lea & Flood 2014)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.int64(np.float64(z >> np.uint64(11)) * (1.0 / 9007199254740992.0) * below)
