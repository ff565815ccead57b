"""From texts to emotions: the reader and what it returns."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from moltarium.agents.reader import memo
from moltarium.agents.reader.affect import affect_of, signs_of
from moltarium.agents.reader.cleaning import clean, mend
from moltarium.agents.reader.labels import EKMAN, EKMAN_OF, FINE
from moltarium.agents.reader.passages import PASSAGE, passages
from moltarium.agents.reader.tokens import pairs, tokenise
from moltarium.agents.reader.weights import NOTHING, RARITY_STEPS, SHIPPED, Floats, Weights, from_lines

FOLD: Final = np.array([[EKMAN_OF[fine] == ekman for ekman in EKMAN] for fine in FINE], dtype=np.float64)
"""Which Ekman class each fine class belongs to: shape (28, 7)."""

_FEW: Final = 16
_BATCH: Final = memo.CAPACITY // (PASSAGE + 1)
_NEUTRAL: Final = np.array([fine == "neutral" for fine in FINE], dtype=np.float64)
_PER_MILLE: Final = (
    78, 46, 30, 45, 55, 20, 25, 41, 12, 22, 39, 15, 6, 15, 12, 52, 1, 26, 40, 3, 28, 2, 19, 3, 10, 24, 20, 311
)  # fmt: skip

UNREAD: Final[Floats] = 0.5 * _NEUTRAL + 0.5 * np.array(_PER_MILLE) / sum(_PER_MILLE)
"""Probabilities of the fine classes for a text that leaves nothing to read: shape (28,), .66 of it neutral.

Halfway between neutral and the classes' shares in GoEmotions' train split. Of such texts people call 43 %
neutral on GoEmotions' dev split (44, most of them quotes), 62 % in PELD (8): too few to say more.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader makes of n texts."""

    probs: Floats
    """Probabilities of the `EKMAN` classes, calibrated: shape (n, 7), rows sum to 1."""
    fine: Floats
    """Probabilities of the `FINE` classes: shape (n, 28), rows sum to 1."""
    vad: Floats
    """Valence, arousal and dominance in [−1, 1]: shape (n, 3); neutral text stands near 0."""
    signs: Floats
    """What moved VAD beside the emotions: praise, blame, exclamation and address, each in [0, 1]:
    shape (n, 4)."""
    known: Floats
    """Share of each text's words that were met in training: shape (n,). Low where the reader guesses, as in
    other languages; 0 for a text without words."""
    offsets: Floats
    """What `labels` adds to the log-probabilities: shape (7,)."""

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Which texts have a reading: shape (n,). All have one from `Reader`; other annotators may fail,
        and leave NaN."""
        return np.asarray(~np.isnan(self.probs).any(axis=1))

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Reading:
        """Return the reading of some of the texts."""
        return Reading(
            self.probs[rows],
            self.fine[rows],
            self.vad[rows],
            self.signs[rows],
            self.known[rows],
            self.offsets,
        )

    def labels(self, among: Collection[str] = EKMAN) -> list[str]:
        """The Ekman class chosen for each text.

        argmax_k(log p_k + offset_k). The offsets were tuned for macro-F1: a rare emotion is named more
        readily than its probability alone would have it.

        Parameters
        ----------
        among
            Classes to choose from, where texts are known to be of these only.

        Raises
        ------
        ValueError
            If a text has no answer: an absent feeling must not be named.
        """
        if not self.answered.all():
            raise ValueError("a text without an answer has no label: take the answered ones first")
        left_out = [name not in among for name in EKMAN]
        scores = np.log(np.maximum(self.probs, 1e-12)) + self.offsets
        scores[:, left_out] = -np.inf
        return [EKMAN[k] for k in scores.argmax(axis=1)]


class Reader:
    """Reads emotion from text.

    softmax(β · (relu(Σ pieces / length + c) U + relu(max windows + d) W + b)): the pieces are words, letter
    groups and pairs of neighbouring words, length = √Σ rarity², the windows are three words wide. A long text
    is read in passages, whose readings are averaged by their number of words.

    Sums run over integers and small matrices are applied one row at a time, so a text's reading is the same,
    to the last bit, whatever is read beside it.

    An empty text reads as neutral, one that leaves nothing to read (quotes and links alone, no known piece)
    as `UNREAD`: probably neutral, but nobody can tell. VAD is 0 for both.

    Parameters
    ----------
    weights
        What was learnt.
    mends
        Whether texts pass through `mend`. Only training goes without: it takes its texts as they stand.
    """

    def __init__(self, weights: Weights, *, mends: bool = True) -> None:
        self._weights = weights
        self._mend = mend if mends else str
        self._memo = memo.WordMemo(weights)
        known = from_lines(weights.pairs)
        words = len(from_lines(weights.words))
        self._pair_row = {pair: row for row, pair in enumerate(known, start=1)}
        rows = np.append(NOTHING, np.arange(len(known)) + 1 + words)
        rarity = weights.rarity[rows].astype(np.int32)
        self._pair_table = weights.table[rows] * rarity[:, None]
        self._pair_rarity = rarity * rarity
        self._lock = threading.Lock()

    def read(self, texts: Sequence[str]) -> Reading:
        """Read texts as they stand on the platform: each passes through `clean` and `mend` first.

        Parameters
        ----------
        texts
            Any Unicode text of any length: the first 20,000 characters and 2,000 words are read.
        """
        split = [passages(tokenise(self._mend(clean(text)))) for text in texts]
        sizes = np.array([len(passage) for text in split for passage in text], dtype=np.float64)
        starts = np.cumsum([0, *(len(text) for text in split)])[:-1]
        every = (passage for text in split for passage in text)
        with self._lock:
            parts = [self._read_passages(batch) for batch in _batches(every)]
        if not parts:
            nothing = np.zeros((0, len(FINE)))
            return Reading(
                nothing @ FOLD,
                nothing,
                np.zeros((0, 3)),
                np.zeros((0, 4)),
                np.zeros(0),
                self._weights.offsets,
            )
        # A text without words is one passage of weight 1.
        weight = np.maximum(sizes, 1.0)
        whole = np.add.reduceat(weight, starts)
        fine, vad, signs, known = (
            np.add.reduceat(np.concatenate(part) * weight[:, None], starts, axis=0) / whole[:, None]
            for part in zip(*parts, strict=True)
        )
        fine[[not text.strip() for text in texts]] = _NEUTRAL
        fine /= fine.sum(axis=1, keepdims=True)
        return Reading(_apply(fine, FOLD), fine, vad, signs, known[:, 0], self._weights.offsets)

    def _read_passages(self, split: list[list[str]]) -> tuple[Floats, Floats, Floats, Floats]:
        """Fine probabilities (n, 28), VAD (n, 3), signs (n, 4) and share of known words (n, 1)."""
        lengths = np.array([len(words) for words in split])
        # One pad before each passage and one at the end: a window never spans two passages.
        starts = np.cumsum(np.append(0, lengths[:-1] + 1))
        at_word = np.ones(int(lengths.sum()) + len(split) + 1, dtype=np.bool_)
        at_word[starts] = False
        at_word[-1] = False
        rows = np.full(len(at_word), memo.PAD, dtype=np.intp)
        rows[at_word] = self._memo.rows([word for words in split for word in words])
        marks = self._memo.marks[rows]
        totals = np.add.reduceat(marks[:-1], starts, axis=0)
        pair_sums, pair_rarity = self._pair_sums(split)
        rarity = totals[:, memo.RARITY] + pair_rarity
        sums = np.add.reduceat(self._memo.bag[rows[:-1]], starts, axis=0) + pair_sums
        fine = self._fine(sums, rarity, self._strongest(rows, at_word, starts))
        signs = signs_of(marks[:-1], starts)
        vad = affect_of(fine, signs) - self._weights.rest
        blank = (rarity == 0) & (totals[:, memo.RATING] == 0)
        fine[blank] = UNREAD
        vad[blank] = 0.0
        known = totals[:, memo.KNOWN] / np.maximum(lengths, 1)
        return fine, np.clip(vad, -1.0, 1.0), signs, known[:, None]

    def _pair_sums(self, split: list[list[str]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        rows: list[int] = []
        starts: list[int] = []
        for words in split:
            starts.append(len(rows))
            rows += filter(None, map(self._pair_row.get, pairs(words)))
            rows.append(NOTHING)
        table, rarity = self._pair_table[rows], self._pair_rarity[rows]
        return np.add.reduceat(table, starts, axis=0), np.add.reduceat(rarity, starts)

    def _strongest(
        self, rows: NDArray[np.intp], at_word: NDArray[np.bool_], starts: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        """Each filter's highest value over the windows of each passage: shape (n, filters)."""
        parts = self._memo.parts
        windows = np.empty((len(rows) - 1, parts.shape[2]), dtype=np.int32)
        windows[0] = 0
        windows[1:] = parts[rows[:-2], 0] + parts[rows[1:-1], 1] + parts[rows[2:], 2]
        windows[~at_word[:-1]] = np.iinfo(np.int32).min
        return np.asarray(np.maximum.reduceat(windows, starts, axis=0), dtype=np.int32)

    def _fine(
        self, sums: NDArray[np.int32], rarity: NDArray[np.int32], strongest: NDArray[np.int32]
    ) -> Floats:
        of = self._weights
        length = np.sqrt(np.maximum(rarity, 1)) / RARITY_STEPS
        hidden = np.maximum(sums * of.scale / length[:, None] + of.hidden_bias, 0.0)
        peaks = np.maximum(strongest * of.filter_scale + of.filter_bias, 0.0)
        logits = (_apply(hidden, of.head) + _apply(peaks, of.filter_head) + of.bias) * of.sharpness
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _batches(every: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    """Passages in batches whose words all fit into the memo."""
    while batch := list(islice(every, _BATCH)):
        yield batch


def _apply(left: Floats, right: Floats) -> Floats:
    """Matrix product, one inner index at a time: a row's result never depends on the other rows.

    BLAS picks its order of summation by the shape of the whole batch; this doesn't. A few rows are summed in
    the same order by one call, for there the loop itself is what costs.
    """
    if 0 < left.shape[0] <= _FEW:
        return np.asarray(np.add.reduce(left[:, :, None] * right, axis=1))
    product = np.zeros((left.shape[0], right.shape[1]))
    for inner in range(right.shape[0]):
        product += left[:, inner, None] * right[inner]
    return product


@lru_cache(maxsize=1)
def load_reader() -> Reader:
    """The reader with the shipped weights, loaded once per process."""
    return Reader(Weights.load(SHIPPED))
