"""From texts to emotions: the reader and what it returns."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moltarium.agents.reader.cleaning import clean
from moltarium.agents.reader.labels import EKMAN, EKMAN_OF, FINE
from moltarium.agents.reader.tokens import letter_groups, pairs, tokenise
from moltarium.agents.reader.weights import SHIPPED, Floats, Weights

MAX_WORDS: Final = 2_000
"""Words of a text that are read; the rest is not."""
_BATCH: Final = 512
_MEMO: Final = 30_000
"""Words whose sums are kept; when full, the memo starts afresh."""
_NEUTRAL_FINE: Final = FINE.index("neutral")
_FOLD: Final = np.array([[EKMAN_OF[fine] == ekman for ekman in EKMAN] for fine in FINE], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader makes of n texts."""

    probs: Floats
    """Probabilities of the `EKMAN` classes: shape (n, 7), rows sum to 1. Calibrated on GoEmotions' dev set."""
    fine: Floats
    """Probabilities of the `FINE` classes: shape (n, 28), rows sum to 1."""
    vad: Floats
    """Valence, arousal, dominance in [−1, 1]: shape (n, 3); neutral text stands near 0."""
    known: Floats
    """Share of each text's words that the reader met in training: shape (n,). Low for other languages."""
    offsets: Floats
    """What `labels` adds to the log-probabilities: shape (7,)."""

    def labels(self) -> list[str]:
        """The Ekman class chosen for each text.

        argmax_k(log p_k + offset_k): the offsets were tuned for macro-F1, so that a rare emotion is named
        more readily than its bare probability would have it.
        """
        chosen = (np.log(np.maximum(self.probs, 1e-12)) + self.offsets).argmax(axis=1)
        return [EKMAN[k] for k in chosen]


class Reader:
    """Reads emotion from text.

    h = relu(Σ pieces / √Σ rarity² + c), p = softmax(U h + b): the pieces are words, their letter groups and
    pairs of neighbouring words. Sums run over integers and the small matrices are applied one unit at a time,
    so a text's reading does not depend, to the last bit, on the texts read beside it.

    A text without words reads as neutral with VAD 0, and so does one with no piece that the reader knows;
    `Reading.known` tells the two kinds of neutral apart.

    Parameters
    ----------
    weights
        What was learnt.
    """

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        words, known_pairs, groups = weights.pieces
        first_group = len(words) + len(known_pairs)
        self._word_row = {word: row for row, word in enumerate(words)}
        self._pair_row = {pair: row for row, pair in enumerate(known_pairs)}
        self._group_row = {group: row for row, group in enumerate(groups, start=first_group)}
        self._rarity2 = weights.rarity.astype(np.int32) ** 2
        hidden = weights.table.shape[1]
        # Rows of `_sums`: the known pairs, then the words met so far with their letter groups added up.
        # Two last columns: the squared rarity, and whether the word itself is known.
        self._first_word = len(known_pairs)
        self._sums = np.zeros((self._first_word + _MEMO, hidden + 2), dtype=np.int32)
        pair_rows = slice(len(words), first_group)
        self._sums[: self._first_word, :hidden] = weights.table[pair_rows]
        self._sums[: self._first_word, hidden] = self._rarity2[pair_rows]
        self._memo: dict[str, int] = {}
        self._lock = threading.Lock()

    def read(self, texts: Sequence[str]) -> Reading:
        """Read texts as they stand on the platform: each is passed through `clean` first.

        Parameters
        ----------
        texts
            Any Unicode text, of any length: at most the first 20,000 characters and 2,000 words are read.
        """
        with self._lock:
            parts = [self._read_batch(batch) for batch in _batches(texts)]
        fine = np.concatenate([part[0] for part in parts]) if parts else np.zeros((0, len(FINE)))
        known = np.concatenate([part[1] for part in parts]) if parts else np.zeros(0)
        vad = np.clip(_apply(fine, self._weights.vad), -1.0, 1.0)
        return Reading(_apply(fine, _FOLD), fine, vad, known, self._weights.offsets)

    def _read_batch(self, split: list[list[str]]) -> tuple[Floats, Floats]:
        self._make_room(split)
        rows: list[int] = []
        starts: list[int] = []
        for words in split:
            starts.append(len(rows))
            rows += [self._row(word) for word in words]
            rows += [row for pair in pairs(words) if (row := self._pair_row.get(pair)) is not None]
        sizes = np.array([len(words) for words in split])
        sums = self._segment_sums(np.array(rows, dtype=np.intp), np.array(starts), sizes > 0)
        mass = sums[:, -2]
        known = sums[:, -1] / np.maximum(sizes, 1)
        fine = self._fine(sums[:, :-2], mass)
        fine[mass == 0] = np.eye(len(FINE))[_NEUTRAL_FINE]
        return fine, known

    def _segment_sums(
        self, rows: NDArray[np.intp], starts: NDArray[np.int64], filled: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        sums = np.zeros((len(starts), self._sums.shape[1]), dtype=np.int64)
        if len(rows):
            sums[filled] = np.add.reduceat(self._sums[rows], starts[filled], axis=0)
        return sums

    def _fine(self, sums: NDArray[np.int64], mass: NDArray[np.int64]) -> Floats:
        weights = self._weights
        length = np.sqrt(np.maximum(mass, 1)) / 16.0
        hidden = np.maximum(sums * weights.scale / length[:, None] + weights.hidden_bias, 0.0)
        logits = _apply(hidden, weights.head) + weights.bias
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def _make_room(self, split: list[list[str]]) -> None:
        fresh = {word for words in split for word in words if word not in self._memo}
        if len(self._memo) + len(fresh) > _MEMO:
            self._memo.clear()

    def _row(self, word: str) -> int:
        row = self._memo.get(word)
        if row is None:
            row = self._memo[word] = self._first_word + len(self._memo)
            own = self._word_row.get(word)
            pieces = [r for group in letter_groups(word) if (r := self._group_row.get(group)) is not None]
            if own is not None:
                pieces.append(own)
            self._sums[row, :-2] = self._weights.table[pieces].sum(axis=0, dtype=np.int32)
            self._sums[row, -2] = self._rarity2[pieces].sum()
            self._sums[row, -1] = own is not None
        return row


def _batches(texts: Sequence[str]) -> Iterator[list[list[str]]]:
    """Texts as words, in batches whose words all fit into the memo."""
    batch: list[list[str]] = []
    room = _MEMO
    for text in texts:
        words = tokenise(clean(text))[:MAX_WORDS]
        if len(batch) == _BATCH or len(words) > room:
            yield batch
            batch, room = [], _MEMO
        batch.append(words)
        room -= len(words)
    if batch:
        yield batch


def _apply(left: Floats, right: Floats) -> Floats:
    """Matrix product, one inner index at a time: a row's result never depends on the other rows.

    BLAS picks its order of summation by the shape of the whole batch; this doesn't.
    """
    product = np.zeros((left.shape[0], right.shape[1]))
    for inner in range(right.shape[0]):
        product += left[:, inner, None] * right[inner]
    return product


@lru_cache(maxsize=1)
def load_reader() -> Reader:
    """The reader with the shipped weights, loaded once per process."""
    return Reader(Weights.load(SHIPPED))
