"""X-means: k-means that chooses k by itself, on plain arrays."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

MOST: Final = 20
"""Clusters at most."""
FEWEST: Final = 5
"""Texts in a cluster at least: fewer are nobody's template."""

_ROUNDS: Final = 30
_STARTS: Final = 4

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def bic(points: Floats, labels: Ints) -> float:
    """Return the Bayesian information criterion of a clustering as spherical Gaussians of one variance.

    ``ln L − p/2 · ln R`` with R points in M dimensions, K clusters, ``p = K − 1 + M K + 1`` parameters,
    ``σ² = Σ ‖x − μ(x)‖² / M (R − K)`` and
    ``ln L = Σ R_k ln(R_k / R) − R M/2 · ln 2πσ² − M (R − K)/2`` (Pelleg & Moore 2000, ICML, 727–734, with the
    variance per dimension, which the paper's own formula leaves out). Higher is better.

    Parameters
    ----------
    points
        Shape ``(R, M)``.
    labels
        Shape ``(R,)``.
    """
    n, dimensions = points.shape
    found, size = np.unique(labels, return_counts=True)
    k = len(found)
    if n <= k:
        return -np.inf
    squares = sum(
        float(((points[labels == each] - points[labels == each].mean(0)) ** 2).sum()) for each in found
    )
    variance = max(squares / (dimensions * (n - k)), 1e-12)
    likelihood = float((size * np.log(size / n)).sum()) - dimensions / 2 * (
        n * np.log(2 * np.pi * variance) + n - k
    )
    return float(likelihood - (k + dimensions * k) / 2 * np.log(n))


def xmeans(points: Floats, rng: np.random.Generator, *, most: int = MOST, fewest: int = FEWEST) -> Ints:
    """Return cluster labels, as many as the BIC bears; 0 is the largest cluster.

    From one cluster on, each is cut in two where `bic` of its two halves is higher than that of the whole,
    and then all points are assigned anew, until nothing more is cut.

    Parameters
    ----------
    points
        Shape ``(R, M)``, dimensions of like spread.
    rng
        Places the halves' first centres.
    most
        Clusters at most.
    fewest
        Points in a cluster at least.
    """
    labels = np.zeros(len(points), np.int64)
    while True:
        parts: list[Floats] = []
        kinds = np.unique(labels)
        for kind in kinds:
            own = points[labels == kind]
            halves = _halves(own, rng, fewest)
            better = halves is not None and bic(own, halves) > bic(own, np.zeros(len(own), np.int64))
            if halves is not None and better:
                parts += [own[halves == 0].mean(0), own[halves == 1].mean(0)]
            else:
                parts.append(own.mean(0))
        if len(parts) == len(kinds) or len(parts) > most:
            break
        moved = _settled(points, np.array(parts))
        if np.bincount(moved, minlength=len(parts)).min() < fewest:
            break
        labels = moved
    _, codes, size = np.unique(labels, return_inverse=True, return_counts=True)
    rank = np.empty(len(size), np.int64)
    rank[np.argsort(-size, kind="stable")] = np.arange(len(size))
    return rank[codes]


def _settled(points: Floats, centres: Floats) -> Ints:
    """Lloyd's rounds from given centres."""
    labels = np.full(len(points), -1)
    for _ in range(_ROUNDS):
        gap = (centres**2).sum(1)[None, :] - 2 * points @ centres.T
        new = gap.argmin(1)
        if (new == labels).all():
            break
        labels = new
        for each in np.unique(labels):
            centres[each] = points[labels == each].mean(0)
    return labels.astype(np.int64)


def _halves(points: Floats, rng: np.random.Generator, fewest: int) -> Ints | None:
    """The best of a few cuts in two; ``None`` where a half would be too small."""
    if len(points) < 2 * fewest:
        return None
    best: tuple[float, Ints] | None = None
    for _ in range(_STARTS):
        first = points[rng.integers(len(points))]
        far = ((points - first) ** 2).sum(1)
        if not far.any():
            return None
        second = points[rng.choice(len(points), p=far / far.sum())]
        labels = _settled(points, np.array([first, second]))
        if np.bincount(labels, minlength=2).min() < fewest:
            continue
        squares = sum(float(((points[labels == h] - points[labels == h].mean(0)) ** 2).sum()) for h in (0, 1))
        if best is None or squares < best[0]:
            best = squares, labels
    return None if best is None else best[1]
