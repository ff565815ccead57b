"""Compiled loops over shingles: signing texts, and joining those that are alike.

numba compiles them at their first call and caches them; import this module inside functions. The documented
forms live in `near_duplicates`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

Ints: TypeAlias = npt.NDArray[np.int64]
Hashes: TypeAlias = npt.NDArray[np.uint64]


@njit(cache=True, nogil=True)
def mixed(x: np.uint64) -> np.uint64:
    """Return a well-spread 64-bit hash (the finaliser of SplitMix64)."""
    x = np.uint64(x)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def sign(data: npt.NDArray[np.uint8], ends: Ints, width: int, bins: int) -> Hashes:
    """Return a signature per text: the least hash of its shingles in each bin.

    A bin that no shingle fell into borrows from another, the same one for every text (optimal densification).
    Text k is ``data[ends[k]:ends[k + 1]]``; one shorter than `width` is one shingle.
    """
    n = len(ends) - 1
    nothing = np.uint64(0xFFFFFFFFFFFFFFFF)
    out = np.full((n, bins), nothing)
    for k in range(n):
        start, end = ends[k], ends[k + 1]
        if start == end:
            continue
        row = out[k]
        for at in range(start, max(end - width, start) + 1):
            shingle = np.uint64(1)
            for place in range(at, min(at + width, end)):
                shingle = (shingle << np.uint64(8)) | np.uint64(data[place])
            code = mixed(shingle)
            slot = np.int64(code % np.uint64(bins))
            row[slot] = min(row[slot], code)
        full = row != nothing
        for b in range(bins):
            attempt = 0
            donor = np.int64(b)
            while not full[donor]:
                attempt += 1
                donor = np.int64(mixed(np.uint64(b * 1_000_003 + attempt)) % np.uint64(bins))
            row[b] = row[donor]
    return out


@njit(cache=True, nogil=True)
def found(root: Ints, k: int) -> int:
    """Return the representative of `k`, halving the path to it."""
    while root[k] != k:
        root[k] = root[root[k]]
        k = root[k]
    return k


@njit(cache=True, nogil=True)
def join(order: Ints, key: Hashes, signed: Hashes, root: Ints, needed: int) -> None:
    """Join texts of one band key whose signatures agree in `needed` bins; `root` is changed in place.

    `order` sorts `key`. Each text is compared with the first of its key and with the one before it, so that a
    key shared by thousands costs thousands of comparisons and not millions.
    """
    bins = signed.shape[1]
    first = 0
    for place in range(1, len(order)):
        here = order[place]
        if key[here] != key[order[first]]:
            first = place
            continue
        for other in (order[first], order[place - 1]):
            a, b = found(root, here), found(root, other)
            if a == b:
                continue
            same = 0
            for column in range(bins):
                same += signed[here, column] == signed[other, column]
            if same >= needed:
                root[max(a, b)] = min(a, b)


@njit(cache=True, nogil=True)
def settle(root: Ints) -> None:
    """Point every text at its representative."""
    for k in range(len(root)):
        root[k] = found(root, k)
