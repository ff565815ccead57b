"""Topics of topics: which come together first when fewer are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

WORDS: Final = 5
"""Words kept per merger."""


@dataclass(frozen=True, slots=True)
class Merger:
    """Two branches that become one."""

    number: int
    """Topics count from 0, mergers go on from there; the last holds everything."""
    left: int
    right: int
    """Numbers of topics or earlier mergers, `left` the smaller number."""
    distance: float
    """Ward's: the growth of √(2 · within-cluster squares) that the merger costs; never falls upwards."""
    size: int
    """Posts in it."""
    words: tuple[str, ...]
    """Highest mean class-based TF-IDF over its topics, weighted by their posts."""


def topic_tree(rows: Any, sizes: Sequence[int], vocabulary: Sequence[str]) -> tuple[Merger, ...]:
    """Return the mergers of topics, nearest first: Ward's linkage over their class-based TF-IDF.

    The distance of two topics is that of their rows scaled to length 1, √(2 − 2 cos) (Ward 1963,
    doi:10.1080/01621459.1963.10500845). Words, not embeddings: a person reads why two topics are near.

    Parameters
    ----------
    rows
        Sparse, one row per topic, one column per word.
    sizes
        Posts per topic.
    vocabulary
        The word of each column.

    Returns
    -------
    tuple of Merger
        One fewer than topics; empty for a single topic.
    """
    n = len(sizes)
    if n < 2:
        return ()
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1), np.float64)).ravel()
    cosine = np.asarray((rows @ rows.T).toarray(), np.float64)
    cosine /= np.maximum(np.outer(length, length), 1e-12)
    apart = np.sqrt(np.maximum(2 - 2 * (cosine + cosine.T) / 2, 0))
    np.fill_diagonal(apart, 0)
    held: list[npt.NDArray[np.int64]] = [np.array([topic]) for topic in range(n)]
    weight = np.asarray(sizes, np.float64)
    found = []
    for place, (a, b, distance, _) in enumerate(linkage(squareform(apart, checks=False), "ward")):
        left, right = sorted((int(a), int(b)))
        held.append(np.concatenate([held[left], held[right]]))
        within = weight[held[-1]]
        mean = np.asarray(rows[held[-1]].T @ within).ravel() / within.sum()
        best = np.argsort(-mean, kind="stable")[:WORDS]
        words = tuple(str(vocabulary[int(column)]) for column in best if mean[column] > 0)
        found.append(Merger(n + place, left, right, float(distance), int(within.sum()), words))
    return tuple(found)
