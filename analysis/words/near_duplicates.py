"""Texts that are the same but for a name, a number or a sentence: a million of them in under a minute.

One-permutation MinHash (Li, Owen & Zhang 2012, arXiv:1208.1259) with optimal densification (Shrivastava 2017,
arXiv:1703.04664) over shingles of five bytes: every shingle is hashed once, not once per hash function.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.analysis.words.texts import plain

SHINGLE: Final = 5
"""Bytes per shingle of the plain text (lower case, white space squeezed)."""
BINS: Final = 64
"""Length of a signature: the standard error of a likeness of .7 is .057."""
ROWS: Final = 4
"""Bins per band: 16 bands of 4 put a pair of likeness .7 together with probability .99, of .3 with .12."""
ALIKE: Final = 0.7
"""Jaccard similarity of shingles from which two texts are near-duplicates."""
EMPTY: Final = -1
"""Cluster of a text without a visible character."""

Ints: TypeAlias = npt.NDArray[np.int64]
Signatures: TypeAlias = npt.NDArray[np.uint64]

_CHUNK: Final = 50_000


def signatures(texts: Iterable[str]) -> tuple[Signatures, npt.NDArray[np.bool_]]:
    """Return MinHash signatures, and which texts have a visible character.

    Parameters
    ----------
    texts
        Any number; read in chunks, not kept.

    Returns
    -------
    tuple
        ``(n, BINS)`` and ``(n,)``. The share of equal bins estimates the Jaccard similarity of two texts'
        shingles.
    """
    from moltarium.analysis.words.shingles import sign

    parts, said = [], []
    chunk: list[bytes] = []

    def flush() -> None:
        ends = np.cumsum([0, *map(len, chunk)], dtype=np.int64)
        parts.append(sign(np.frombuffer(b"".join(chunk), np.uint8), ends, SHINGLE, BINS))
        said.append(np.diff(ends) > 0)
        chunk.clear()

    for text in texts:
        chunk.append(plain(text).encode("utf-8", "surrogatepass"))
        if len(chunk) == _CHUNK:
            flush()
    flush()
    return np.concatenate(parts), np.concatenate(said)


def clusters(texts: Iterable[str], alike: float = ALIKE) -> Ints:
    """Return a cluster number per text, equal for near-duplicates, or `EMPTY`.

    Texts that share a band of their signatures are compared with the band's first text and with their
    neighbour; those alike are joined, and what is joined to the same is one cluster (single linkage).
    Clusters are numbered in order of first appearance.

    Examples
    --------
    >>> offer = "Welcome! Follow me and I shall follow you back, together we grow. Yours, "
    >>> clusters([offer + "Ann", offer + "Bob", "Prices fell today.", " "]).tolist()
    [0, 0, 1, -1]
    """
    from moltarium.analysis.words.shingles import join

    signed, said = signatures(texts)
    root = np.arange(len(signed), dtype=np.int64)
    needed = int(np.ceil(alike * BINS))
    for band in range(0, BINS, ROWS):
        key = _band_keys(signed[:, band : band + ROWS])
        order = np.argsort(key, kind="stable")
        order = order[said[order]]
        join(order, key, signed, root, needed)
    return _numbered(root, said)


def _band_keys(rows: Signatures) -> Signatures:
    key = np.zeros(len(rows), np.uint64)
    for column in range(rows.shape[1]):
        key = (key ^ rows[:, column]) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
    return key


def _numbered(root: Ints, said: npt.NDArray[np.bool_]) -> Ints:
    from moltarium.analysis.words.shingles import settle

    settle(root)
    found = np.full(len(root), EMPTY, np.int64)
    if said.any():
        _, first, inverse = np.unique(root[said], return_index=True, return_inverse=True)
        rank: Any = np.empty(len(first), np.int64)
        rank[np.argsort(first, kind="stable")] = np.arange(len(first))
        found[said] = rank[inverse.ravel()]
    return found


def shared(labels: Ints) -> npt.NDArray[np.bool_]:
    """Return whether each text has a near-duplicate.

    Examples
    --------
    >>> shared(np.array([0, 1, 0, -1, -1])).tolist()
    [True, False, True, False, False]
    """
    if not len(labels):
        return np.zeros(0, np.bool_)
    count = np.bincount(labels + 1)
    return np.asarray((labels != EMPTY) & (count[labels + 1] > 1))
