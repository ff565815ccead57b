"""X-means: k-means that chooses k by itself, on plain arrays."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

MOST: Final = 20
"""Clusters at most."""
FEWEST: Final = 5
"""Texts in a cluster at least: fewer are nobody's template."""
CUTS: Final = (2, 4, 8, 16)
"""Parts that a cluster is tried in."""

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

    From one cluster on, each is cut where `bic` of its parts is higher than that of the whole, and then all
    points are assigned anew, until nothing more is cut; then clusters that are better as one are joined. The
    paper cuts in two only. Six or more clusters that lie equally far apart are not found so, for no cut in
    two is any better than none: `CUTS` has larger ones.

    Parameters
    ----------
    points
        Shape ``(R, M)``, dimensions of like spread.
    rng
        Places the parts' first centres.
    most
        Clusters at most.
    fewest
        Points in a cluster at least.
    """
    labels = np.zeros(len(points), np.int64)
    while True:
        kinds = np.unique(labels)
        room = most - len(kinds)
        parts: list[Floats] = []
        for kind in kinds:
            own = points[labels == kind]
            cut = _cut(own, rng, fewest, room + 1)
            pieces = 1 if cut is None else int(cut.max()) + 1
            room -= pieces - 1
            parts += [own.mean(0)] if cut is None else [own[cut == piece].mean(0) for piece in range(pieces)]
        if len(parts) == len(kinds):
            break
        moved = _settled(points, np.array(parts))
        if np.bincount(moved, minlength=len(parts)).min() < fewest:
            break
        labels = moved
    joined = _joined(points, labels)
    while len(np.unique(joined)) < len(np.unique(labels)):
        # What was joined draws its borders anew; then more may be better as one.
        labels = _settled(points, np.array([points[joined == kind].mean(0) for kind in np.unique(joined)]))
        joined = _joined(points, labels)
    labels = joined
    _, codes, size = np.unique(labels, return_inverse=True, return_counts=True)
    rank = np.empty(len(size), np.int64)
    rank[np.argsort(-size, kind="stable")] = np.arange(len(size))
    return rank[codes]


def _cut(points: Floats, rng: np.random.Generator, fewest: int, most: int) -> Ints | None:
    """The cut of one cluster that the BIC prefers most; ``None`` if it is better whole."""
    best, found = bic(points, np.zeros(len(points), np.int64)), None
    for pieces in CUTS:
        if pieces > most or len(points) < pieces * fewest:
            break
        labels = _pieces(points, pieces, rng, fewest)
        if labels is not None and (value := bic(points, labels)) > best:
            best, found = value, labels
    return found


def _joined(points: Floats, labels: Ints) -> Ints:
    """Clusters joined, two at a time and the best first, as long as the BIC of the two is higher as one."""
    labels = labels.copy()
    while True:
        kinds = np.unique(labels).tolist()
        gains = []
        for place, a in enumerate(kinds):
            for b in kinds[:place]:
                both = (labels == a) | (labels == b)
                one = bic(points[both], np.zeros(int(both.sum()), np.int64))
                gains.append((one - bic(points[both], labels[both]), a, b))
        if not gains or max(gains)[0] <= 0:
            return labels
        _, a, b = max(gains)
        labels[labels == a] = b


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


def _pieces(points: Floats, pieces: int, rng: np.random.Generator, fewest: int) -> Ints | None:
    """The best of a few cuts, first centres far apart; ``None`` where a piece would be too small."""
    best: tuple[float, Ints] | None = None
    for _ in range(_STARTS):
        centres = points[[rng.integers(len(points))]]
        far = np.full(len(points), np.inf)
        for _ in range(pieces - 1):
            far = np.minimum(far, ((points - centres[-1]) ** 2).sum(1))
            if not far.any():
                return None
            centres = np.vstack([centres, points[rng.choice(len(points), p=far / far.sum())]])
        labels = _settled(points, centres)
        size = np.bincount(labels, minlength=pieces)
        if size.min() < fewest:
            continue
        means = np.stack([np.bincount(labels, column, pieces) for column in points.T], axis=1) / size[:, None]
        squares = float(((points - means[labels]) ** 2).sum())
        if best is None or squares < best[0]:
            best = squares, labels
    return None if best is None else best[1]
