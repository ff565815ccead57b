"""What each word adds to a text's sums, worked out once per word.

A word's letter groups, its own weight and its part in every filter depend on nothing but the word. They are
integers, so their sums are exact: no order of summation, batch or machine can change a reading.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moltarium.agents.reader import lexicon
from moltarium.agents.reader.tokens import letter_groups
from moltarium.agents.reader.weights import Weights, from_lines

Ints = NDArray[np.int32]

CAPACITY: Final = 16_384
"""Words kept; when they are full the memo starts afresh, so memory stays bounded."""
PAD: Final = 0
"""The row of no word: it adds nothing."""

RARITY, KNOWN, RATING, NEGATES, CRIES = range(5)
"""Columns of `WordMemo.marks`: squared rarity, whether the word was met in training, its lexicon rating in
tenths, whether it negates, whether it holds an exclamation mark."""

_FIRST_WORD_VECTOR: Final = 2
_UNKNOWN_VECTOR: Final = 1


class WordMemo:
    """Integer rows by word.

    Attributes
    ----------
    bag
        What a word and its letter groups add to each hidden unit: shape (`CAPACITY`, hidden).
    parts
        What it adds to each filter as the first, second or third of a window: (`CAPACITY`, 3, filters).
    marks
        See `RARITY` and its neighbours: (`CAPACITY`, 5).
    """

    def __init__(self, weights: Weights) -> None:
        words, pairs, groups = map(from_lines, (weights.words, weights.pairs, weights.groups))
        first_group = len(words) + len(pairs)
        self._word_row = {word: row for row, word in enumerate(words)}
        self._group_row = {group: row for row, group in enumerate(groups, start=first_group)}
        self._weights = weights
        self._rarity = weights.rarity.astype(np.int32)
        self._ratings = lexicon.ratings()
        self._row: dict[str, int] = {}
        self.bag: Ints = np.zeros((CAPACITY, weights.table.shape[1]), dtype=np.int32)
        self.parts: Ints = np.zeros((CAPACITY, *weights.filters.shape[::2]), dtype=np.int32)
        self.marks: Ints = np.zeros((CAPACITY, 5), dtype=np.int32)

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
        self._row |= {word: row for row, word in enumerate(fresh, start=first)}
        own = [self._word_row.get(word) for word in fresh]
        vectors = np.array([_UNKNOWN_VECTOR if row is None else row + _FIRST_WORD_VECTOR for row in own])
        self.parts[first : first + len(fresh)] = _project(
            self._weights.vectors[vectors], self._weights.filters
        )
        for at, (word, row) in enumerate(zip(fresh, own, strict=True), start=first):
            pieces = [
                found for group in letter_groups(word) if (found := self._group_row.get(group)) is not None
            ]
            if row is not None:
                pieces.append(row)
            self.bag[at], rarity = self.sum_of(pieces)
            self.marks[at] = (
                rarity,
                row is not None,
                self._ratings.get(word, 0),
                lexicon.negates(word),
                "!" in word,
            )

    def sum_of(self, pieces: Iterable[int]) -> tuple[Ints, int]:
        """What some pieces add to each hidden unit, and their squared rarity."""
        rows = np.fromiter(pieces, dtype=np.intp)
        rarity = self._rarity[rows]
        return rarity @ self._weights.table[rows].astype(np.int32), int(rarity @ rarity)


def _project(vectors: NDArray[np.int8], filters: NDArray[np.int16]) -> Ints:
    """Vectors (n, width) times filters (3, width, filters), exactly: shape (n, 3, filters)."""
    total = np.zeros((len(vectors), *filters.shape[::2]), dtype=np.int32)
    for at in range(filters.shape[1]):
        total += vectors[:, at, None, None].astype(np.int32) * filters[:, at].astype(np.int32)
    return total
