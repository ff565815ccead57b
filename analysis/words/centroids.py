"""Whether communities stand apart, and what each repeats: centroids, and clusters around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.stats import binomtest

from moltarium.analysis.bootstrap import Z95
from moltarium.analysis.metric import Null
from moltarium.analysis.words.embeddings import Vectors
from moltarium.analysis.words.xmeans import xmeans
from moltarium.sim.record.errors import NotComputable

MIN_AUTHORS: Final = 20
"""Authors of a community that is compared."""
MAX_AUTHORS: Final = 500
"""More texts of one community than this are drawn from."""
AXES: Final = 10
"""Principal components of all texts, scaled to one spread, in which clusters are sought."""
NEAR: Final = 0.05
"""A text is near a centroid if it is nearer than all but this share of other communities' texts."""
SIGNIFICANT: Final = 0.05
_MIXED: Final = 19

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Centroids:
    """How far communities stand apart, and how each is made up."""

    distance: float
    """Mean 1 − cosine over pairs of communities' centroids, 0 (all the same) to 2."""
    ci: tuple[float, float]
    """95 %, texts resampled inside communities."""
    null: Null
    """Communities shuffled among the texts of each time block, sizes kept."""
    verdict: str
    """``"apart"`` where the distance stands above the null and the interval leaves out its mean."""
    communities: pd.DataFrame
    """``community``, ``authors``, ``clusters`` (by X-means), ``clusters_mixed`` (mean of as many texts drawn
    from all communities), ``clusters_p`` (share of such draws, itself among them, with as many clusters or
    more), ``largest`` (share of the largest cluster), ``near`` (share of texts near the centroid of the
    largest cluster, see `NEAR`; a community like any other has about `NEAR`), ``near_low``, ``near_high``
    (95 %, Wilson 1927), ``apart`` (mean distance of its centroid to the others)."""
    pairs: pd.DataFrame
    """``a``, ``b``, ``distance``, ``expected`` (under the null), ``low``, ``high`` (95 % of the difference,
    texts resampled), ``p``; most surprising first."""
    left_out: int
    """Communities under `MIN_AUTHORS` authors."""


def centroids(
    vectors: Vectors,
    names: npt.NDArray[np.object_],
    author: Ints,
    block: Ints,
    *,
    draws: int = 200,
    seed: int = 0,
) -> Centroids:
    """Return how far communities' texts stand apart beyond shuffled communities, and their clusters.

    One text per author and community is drawn, so that nobody is a norm alone. Reading norms off clusters
    around centroids follows arXiv:2602.13458; the control and the definition of near are ours. A community
    has clusters even if it has no norm: read ``clusters`` beside ``clusters_mixed``.

    Parameters
    ----------
    vectors
        Shape ``(n, d)``, rows of length 1.
    names
        Community of each text.
    author, block
        Codes of authors and of time blocks.
    draws, seed
        Draws of null and interval, and their seed.

    Raises
    ------
    NotComputable
        Where fewer than two communities have `MIN_AUTHORS` authors.
    """
    rng = np.random.default_rng([seed, 71])
    code, labels = pd.factorize(names, sort=True)
    rows, kept, left_out = _one_each(code, author, rng)
    if len(kept) < 2:
        raise NotComputable(f"two communities with {MIN_AUTHORS} authors (has {len(kept)})")
    points = vectors[rows].astype(np.float64)
    group = np.searchsorted(kept, code[rows])
    gaps = _gaps(points, group, len(kept))
    upper = np.triu_indices(len(kept), 1)
    value = float(gaps[upper].mean())
    order = np.argsort(block[rows], kind="stable")
    blocks = block[rows][order]
    shuffled = np.empty((draws, len(upper[0])))
    for draw in range(draws):
        mixed = np.empty_like(group)
        mixed[order] = group[order][np.lexsort((rng.random(len(blocks)), blocks))]
        shuffled[draw] = _gaps(points, mixed, len(kept))[upper]
    own = [np.flatnonzero(group == each) for each in range(len(kept))]
    resampled = np.empty((draws, len(upper[0])))
    for draw in range(draws):
        drawn = np.concatenate([rng.choice(rows_of, len(rows_of)) for rows_of in own])
        resampled[draw] = _gaps(points[drawn], group[drawn], len(kept))[upper]
    reach = Z95 * float(resampled.mean(axis=1).std(ddof=1))
    reaches = Z95 * resampled.std(axis=0, ddof=1)
    null = _null(value, shuffled.mean(axis=1))
    apart = null.p < SIGNIFICANT and value - reach > null.mean
    kinds = [str(labels[each]) for each in kept]
    pairs = pd.DataFrame(
        {
            "a": [kinds[a] for a in upper[0]],
            "b": [kinds[b] for b in upper[1]],
            "distance": gaps[upper],
            "expected": shuffled.mean(axis=0),
            "low": gaps[upper] - shuffled.mean(axis=0) - reaches,
            "high": gaps[upper] - shuffled.mean(axis=0) + reaches,
            "p": (1 + (shuffled >= gaps[upper]).sum(axis=0)) / (1 + draws),
        }
    )
    return Centroids(
        value, (value - reach, value + reach), null, "apart" if apart else "none",
        _communities(points, own, kinds, gaps, rng),
        pairs.sort_values(["p", "a", "b"], ignore_index=True), left_out,
    )  # fmt: skip


def _one_each(code: Ints, author: Ints, rng: np.random.Generator) -> tuple[Ints, Ints, int]:
    """Rows of one text per author and community, in the communities that are large enough."""
    order = rng.permutation(len(code))
    pair = code * (int(author.max(initial=0)) + 1) + author
    _, first = np.unique(pair[order], return_index=True)
    rows = order[first]
    found, size = np.unique(code[rows], return_counts=True)
    kept = found[size >= MIN_AUTHORS]
    picked = [rows[code[rows] == each][:MAX_AUTHORS] for each in kept]
    return np.concatenate(picked) if picked else rows[:0], kept, len(found) - len(kept)


def _gaps(points: Floats, group: Ints, k: int) -> Floats:
    """1 − cosine between the mean texts of groups."""
    n = len(group)
    own = sparse.csr_array((np.ones(n), (group, np.arange(n))), shape=(k, n))
    means = np.asarray(own @ points)
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    gaps: Floats = 1 - means @ means.T
    return gaps


def _null(value: float, draws: Floats) -> Null:
    mean, sd = float(draws.mean()), float(draws.std(ddof=1))
    far = int((np.abs(draws - mean) >= abs(value - mean)).sum())
    z = (value - mean) / sd if sd > 0 else None
    model = "communities shuffled among the texts of each time block"
    return Null(model, mean, sd, z, (1 + far) / (1 + len(draws)), len(draws))


def _communities(
    points: Floats, own: list[Ints], names: list[str], gaps: Floats, rng: np.random.Generator
) -> pd.DataFrame:
    axes = _axes(points)
    table = []
    for each, rows in enumerate(own):
        labels = xmeans(axes[rows], rng)
        mixed = [
            int(xmeans(axes[rng.choice(len(axes), len(rows), replace=False)], rng).max()) + 1
            for _ in range(_MIXED)
        ]
        towards = _towards(points, rows[labels == 0])
        others = np.delete(towards, rows)
        near = towards[rows] > np.quantile(others, 1 - NEAR)
        low, high = binomtest(int(near.sum()), len(near)).proportion_ci(method="wilson")
        table.append(
            {
                "community": names[each],
                "authors": len(rows),
                "clusters": int(labels.max()) + 1,
                "clusters_mixed": float(np.mean(mixed)),
                "clusters_p": (1 + sum(other > labels.max() for other in mixed)) / (1 + _MIXED),
                "largest": float((labels == 0).mean()),
                "near": float(near.mean()),
                "near_low": float(low),
                "near_high": float(high),
                "apart": float(np.delete(gaps[each], each).mean()),
            }
        )
    return pd.DataFrame(table).sort_values(
        ["authors", "community"], ascending=[False, True], ignore_index=True
    )


def _towards(points: Floats, core: Ints) -> Floats:
    """Cosine of every text to the centroid of the core; a text of the core is left out of its own."""
    total = points[core].sum(axis=0)
    towards: Floats = points @ (total / max(float(np.linalg.norm(total)), 1e-12))
    rest = total - points[core]
    length = np.maximum(np.linalg.norm(rest, axis=1), 1e-12)
    towards[core] = np.einsum("ij,ij->i", points[core], rest) / length
    return towards


def _axes(points: Floats) -> Floats:
    """First principal components of all texts, each of variance 1: what X-means' spheres ask for."""
    centred = points - points.mean(axis=0)
    size = min(AXES, len(points) - 1, points.shape[1])
    spread, directions = np.linalg.eigh(centred.T @ centred / len(points))
    best = np.argsort(spread)[::-1][:size]
    best = best[spread[best] > 1e-12]
    axes: Floats = centred @ directions[:, best] / np.sqrt(spread[best])
    return axes
