"""Valence, arousal and dominance of a text: what it feels, how strongly it says so.

Each axis is the expected anchor of the fine classes, Σ_k p_k · anchor_k, moved by what the words themselves
carry: their lexicon ratings; exclamation marks, which raise the perceived intensity of a text (Hutto &
Gilbert 2014); and speaking to someone, which sounds in control. The twelve weights are round numbers set by
hand with an eye on EmoBank's train split; `benchmarks/reader.py` prints what fitting them would give.
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
        [0.4, 0.15, 0.1],  # praise: positive ratings
        [-0.4, 0.15, -0.1],  # blame: negative ratings
        [0.0, 0.6, 0.25],  # exclamation
        [0.0, 0.05, 0.1],  # address: speaking to someone
    ]
)
"""How far each sign moves valence, arousal and dominance: ours."""


def signs_of(marks: NDArray[np.int32], starts: NDArray[np.int64]) -> Floats:
    """Praise, blame, exclamation and address of passages, each in [0, 1]: shape (n, 4).

    Praise is x / √(x² + 15) of the summed positive ratings, blame that of the negative ones; a negation among
    the three words before turns a rating round.

    Parameters
    ----------
    marks
        Rows of `memo.WordMemo.marks`, a pad before each passage: shape (words and pads, 6).
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
    said = np.maximum.reduceat(marks[:, [memo.CRIES, memo.ADDRESSES]], starts, axis=0)
    return np.column_stack([_bounded(praise), _bounded(blame), said])


def affect_of(fine: Floats, signs: Floats) -> Floats:
    """VAD before it is centred on neutral text: shape (n, 3)."""
    vad = np.zeros((len(fine), 3))
    for part, table in ((fine, ANCHORS), (signs, PULL)):
        for at in range(len(table)):
            vad += part[:, at, None] * table[at]
    return vad


def _bounded(total: Floats) -> Floats:
    return np.asarray(total / np.sqrt(total * total + lexicon.BOUND))
