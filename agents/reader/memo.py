"""What each word adds to a text's sums, worked out once per word.

A word's letter groups, its own weight and its part in every filter depend on nothing but the word. They are
integers, so their sums are exact: no order of summation, batch or machine can change a reading.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from moltarium.agents.reader import lexicon
from moltarium.agents.reader.tokens import letter_groups
from moltarium.agents.reader.weights import NOTHING, Weights, from_lines

Ints = NDArray[np.int32]

CAPACITY: Final = 16_384
"""Words kept; when they are full the memo starts afresh, so memory stays bounded."""
PAD: Final = 0
"""The row of no word: it adds nothing."""

RARITY, KNOWN, RATING, NEGATES, CRIES, ADDRESSES = range(6)
"""Columns of `WordMemo.marks`: squared rarity, whether the word was met in training, its lexicon rating in
tenths, whether it negates, whether it holds an exclamation mark, whether it speaks to someone."""

_UNKNOWN_VECTOR: Final = 1
_BEFORE_WORDS: Final = 1
"""How much further down a known word stands in `Weights.vectors` than in `Weights.table`."""


class WordMemo:
    """Integer rows by word.

    Attributes
    ----------
    bag
        What a word and its letter groups add to each hidden unit: shape (`CAPACITY`, hidden).
    parts
        What it adds to each filter as the first, second or third of a window: (`CAPACITY`, 3, filters).
    marks
        See `RARITY` and its neighbours: (`CAPACITY`, 6).
    """

    def __init__(self, weights: Weights) -> None:
        words, pairs, groups = map(from_lines, (weights.words, weights.pairs, weights.groups))
        first_group = 1 + len(words) + len(pairs)
        self._word_row = {word: row for row, word in enumerate(words, start=1)}
        self._group_row = {group: row for row, group in enumerate(groups, start=first_group)}
        self._weights = weights
        self._rarity = weights.rarity.astype(np.int32)
        self._ratings = lexicon.ratings()
        self._row: dict[str, int] = {}
        self.bag: Ints = np.zeros((CAPACITY, weights.table.shape[1]), dtype=np.int32)
        self.parts: Ints = np.zeros((CAPACITY, *weights.filters.shape[::2]), dtype=np.int32)
        self.marks: Ints = np.zeros((CAPACITY, 6), dtype=np.int32)

    def rows(self, words: list[str]) -> NDArray[np.intp]:
        """The row of each word; words not met before are worked out first.

        Rows hold until the next call. At most `CAPACITY` − 1 different words at once.
        """
        fresh = dict.fromkeys(word for word in words if word not in self._row)
        if len(self._row) + len(fresh) >= CAPACITY:
            self._row.clear()
            fresh = dict.fromkeys(words)
        if fresh:
            self._work_out(list(fresh))
        return np.fromiter(map(self._row.__getitem__, words), dtype=np.intp, count=len(words))

    def _work_out(self, fresh: list[str]) -> None:
        first = len(self._row) + 1
        here = slice(first, first + len(fresh))
        self._row |= {word: row for row, word in enumerate(fresh, start=first)}
        own = [self._word_row.get(word, NOTHING) for word in fresh]
        vectors = [_UNKNOWN_VECTOR if row == NOTHING else row + _BEFORE_WORDS for row in own]
        self.parts[here] = _project(self._weights.vectors[vectors], self._weights.filters)
        pieces: list[int] = []
        starts: list[int] = []
        for word, row in zip(fresh, own, strict=True):
            starts.append(len(pieces))
            pieces += filter(None, map(self._group_row.get, letter_groups(word)))
            pieces.append(row)
        rows = np.array(pieces)
        rarity = self._rarity[rows]
        self.bag[here] = np.add.reduceat(self._weights.table[rows] * rarity[:, None], starts, axis=0)
        self.marks[here, RARITY] = np.add.reduceat(rarity * rarity, starts)
        self.marks[here, KNOWN] = [row != NOTHING for row in own]
        self.marks[here, RATING:] = [
            (self._ratings.get(word, 0), lexicon.negates(word), "!" in word, word in lexicon.ADDRESS)
            for word in fresh
        ]


def _project(vectors: NDArray[np.int8], filters: NDArray[np.int16]) -> Ints:
    """Vectors (n, width) times filters (3, width, filters): shape (n, 3, filters).

    Exact in float64, in whatever order BLAS sums: the integers stay far below 2⁵³.
    """
    table = filters.transpose(1, 0, 2).reshape(filters.shape[1], -1)
    exact = vectors.astype(np.float64) @ table.astype(np.float64)
    return exact.astype(np.int32).reshape(len(vectors), *filters.shape[::2])
