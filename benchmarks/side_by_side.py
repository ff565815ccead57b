"""Two trained nets as one: the reader reads the file like any other, and its logits are the mean of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from moltarium.agents.reader.training import PAD, UNKNOWN, WINDOW
from moltarium.agents.reader.weights import NOTHING, Weights, from_lines


def joined(lone: Weights, rich: Weights, share: float) -> Weights:
    """Return both nets side by side; temperature, label offsets and point of rest are still to be set.

    Parameters
    ----------
    lone
        Knows no piece that `rich` does not know; reads all others as nothing, or as unknown words.
    rich
        Its pieces and their rarities are those of both.
    share
        Weight of its logits, in (0, 1); the other's have the rest.
    """
    rows = _rows(lone, rich)
    # What a piece adds is its row times its rarity, and rarities are now those of the other net.
    rarer = lone.rarity[rows] / np.maximum(rich.rarity, 1)
    table = lone.table[rows] * rarer[:, None]
    step = np.abs(table).max(axis=0) / 127
    shares = (1 - share) * lone.sharpness, share * rich.sharpness
    return replace(
        rich,
        table=np.hstack([np.rint(table / step).astype(np.int8), rich.table]),
        scale=np.concatenate([lone.scale * step, rich.scale]),
        hidden_bias=np.concatenate([lone.hidden_bias, rich.hidden_bias]),
        head=np.vstack([shares[0] * lone.head, shares[1] * rich.head]),
        bias=shares[0] * lone.bias + shares[1] * rich.bias,
        vectors=np.hstack([lone.vectors[_vector_rows(lone, rich)], rich.vectors]),
        filters=_apart(lone.filters, rich.filters),
        filter_scale=np.concatenate([lone.filter_scale, rich.filter_scale]),
        filter_bias=np.concatenate([lone.filter_bias, rich.filter_bias]),
        filter_head=np.vstack([shares[0] * lone.filter_head, shares[1] * rich.filter_head]),
        sharpness=np.ones(1),
    )


def _kinds(weights: Weights) -> tuple[Sequence[str], ...]:
    return tuple(from_lines(lines) for lines in (weights.words, weights.pairs, weights.groups))


def _rows(lone: Weights, rich: Weights) -> NDArray[np.int64]:
    """The row of `lone` for each row of `rich`; `NOTHING` for pieces that it does not know."""
    rows, first = [NOTHING], 1
    for known, wanted in zip(_kinds(lone), _kinds(rich), strict=True):
        place = {piece: row for row, piece in enumerate(known, start=first)}
        rows += [place.get(piece, NOTHING) for piece in wanted]
        first += len(known)
    return np.array(rows)


def _vector_rows(lone: Weights, rich: Weights) -> NDArray[np.int64]:
    place = {word: row for row, word in enumerate(_kinds(lone)[0], start=UNKNOWN + 1)}
    return np.array([PAD, UNKNOWN, *(place.get(word, UNKNOWN) for word in _kinds(rich)[0])])


def _apart(first: NDArray[np.int16], second: NDArray[np.int16]) -> NDArray[np.int16]:
    """Filters that look at their own half of a word's vector only."""
    (_, wide, many), (_, wider, more) = first.shape, second.shape
    apart = np.zeros((WINDOW, wide + wider, many + more), dtype=np.int16)
    apart[:, :wide, :many] = first
    apart[:, wide:, many:] = second
    return apart
