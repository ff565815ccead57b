"""Compiled loops over the words that texts share: of each pair, how many, and what share of both.

numba compiles them at their first call and caches them; import this module inside functions. The documented
form is `wording.jaccard`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.analysis.compiled import compiled

Ints: TypeAlias = npt.NDArray[np.int64]
Marks: TypeAlias = npt.NDArray[np.uint64]


@compiled
def marks(first: Ints, word: Ints, frequent: int) -> Marks:
    """Return which frequent words each text holds, a bit per word, shape (frequent / 64, texts).

    Text k holds ``word[first[k]:first[k + 1]]``, numbers by falling frequency; those below `frequent` count.
    """
    n = len(first) - 1
    out = np.zeros((frequent // 64, n), np.uint64)
    for k in range(n):
        for place in range(first[k], first[k + 1]):
            if word[place] < frequent:
                out[word[place] // 64, k] |= np.uint64(1) << np.uint64(word[place] % 64)
    return out


@compiled
def holders(first: Ints, word: Ints, words: int) -> tuple[Ints, Ints]:
    """Return (begin, text): word w is held by the texts ``text[begin[w]:begin[w + 1]]``, in their order."""
    begin = np.zeros(words + 1, np.int64)
    for w in word:
        begin[w + 1] += 1
    for w in range(words):
        begin[w + 1] += begin[w]
    place = begin[:-1].copy()
    text = np.empty(len(word), np.int64)
    for k in range(len(first) - 1):
        for at in range(first[k], first[k + 1]):
            text[place[word[at]]] = k
            place[word[at]] += 1
    return begin, text


@compiled
def alike(
    rows: tuple[int, int], first: Ints, word: Ints, held: tuple[Ints, Ints], marked: Marks
) -> npt.NDArray[np.float64]:
    """Return words in both / words in either of the texts from `rows` to all, shape (rows, texts).

    What is frequent is counted 64 words at a time; what is rare, through its few holders (`held`).
    """
    n = len(first) - 1
    begin, text = held
    out = np.empty((rows[1] - rows[0], n), np.float64)
    for k in range(rows[0], rows[1]):
        shared = np.zeros(n, np.int64)
        for bank in range(len(marked)):
            own = marked[bank, k]
            if own == 0:
                continue
            other = marked[bank]
            for j in range(n):
                x = own & other[j]
                # Bits are added up in pairs, fours and eights; the compiler makes one instruction of it.
                x -= (x >> np.uint64(1)) & np.uint64(0x5555555555555555)
                high = (x >> np.uint64(2)) & np.uint64(0x3333333333333333)
                x = (x & np.uint64(0x3333333333333333)) + high
                x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
                shared[j] += np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))
        for place in range(first[k], first[k + 1]):
            w = word[place]
            if w >= 64 * len(marked):
                for at in range(begin[w], begin[w + 1]):
                    shared[text[at]] += 1
        size = first[k + 1] - first[k]
        for j in range(n):
            out[k - rows[0], j] = shared[j] / (size + first[j + 1] - first[j] - shared[j])
    return out
