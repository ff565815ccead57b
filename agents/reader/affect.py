"""Valence, arousal and dominance of a text: what it feels, how strongly it says so.

Each axis is the expected anchor of the fine classes, Σ_k p_k · anchor_k, moved by what the words themselves
carry: their lexicon ratings and exclamation marks, which raise the perceived intensity of a text (Hutto &
Gilbert 2014). The few weights are round numbers of our own, checked on EmoBank's train split and fitted on
nothing; `benchmarks/reader.py` prints what a fit would give.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from moltarium.agents.reader import lexicon, memo
from moltarium.agents.reader.anchors import anchor_table
from moltarium.agents.reader.weights import Floats

ANCHORS: Final = anchor_table()

PULL: Final = np.array(
    [
        [0.3, 0.2, 0.1],  # praise: positive ratings
        [-0.3, 0.2, -0.05],  # blame: negative ratings
        [0.0, 0.3, 0.05],  # an exclamation mark
    ]
)
"""How far each sign moves valence, arousal and dominance: ours."""


def signs_of(marks: NDArray[np.int32], starts: NDArray[np.int64]) -> Floats:
    """Praise, blame and exclamation of passages, each in [0, 1]: shape (n, 3).

    Praise is x / √(x² + 15) of the summed positive ratings, blame that of the negative ones; a negation among
    the three words before turns a rating round.

    Parameters
    ----------
    marks
        Rows of `memo.WordMemo.marks`, a pad before each passage: shape (words and pads, 5).
    starts
        Where each passage's pad stands.
    """
    place = np.arange(len(marks)) - np.repeat(starts, np.diff(np.append(starts, len(marks))))
    negated = np.zeros(len(marks), dtype=np.bool_)
    for back in range(1, lexicon.REACH + 1):
        negated[back:] |= (marks[:-back, memo.NEGATES] == 1) & (place[back:] > back)
    rating = marks[:, memo.RATING] * np.where(negated, lexicon.NEGATED, 100)
    praise = np.add.reduceat(np.maximum(rating, 0), starts) / 1000
    blame = np.add.reduceat(np.maximum(-rating, 0), starts) / 1000
    cries = np.maximum.reduceat(marks[:, memo.CRIES], starts).astype(np.float64)
    return np.stack([_bounded(praise), _bounded(blame), cries], axis=1)


def affect_of(fine: Floats, signs: Floats) -> Floats:
    """VAD before it is centred on neutral text: shape (n, 3)."""
    vad = np.zeros((len(fine), 3))
    for part, table in ((fine, ANCHORS), (signs, PULL)):
        for at in range(len(table)):
            vad += part[:, at, None] * table[at]
    return vad


def _bounded(total: Floats) -> Floats:
    return np.asarray(total / np.sqrt(total * total + lexicon.BOUND))
