"""Dispersion of texts inside communities over time, on plain arrays: value, interval and null."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.analysis.bootstrap import ends
from moltarium.analysis.metric import Null
from moltarium.analysis.words.embeddings import Vectors
from moltarium.sim.record.errors import NotComputable

Verdict: TypeAlias = Literal["converging", "diverging", "none"]

MIN_AUTHORS: Final = 5
"""Fewest authors a community needs in a window before its dispersion is read there."""

MAX_AUTHORS: Final = 60
"""More authors than this add precision that no figure shows."""

SIGNIFICANT: Final = 0.05

_Ints: TypeAlias = npt.NDArray[np.int64]
_Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Cells:
    """The texts of each community in each window: rows into the vectors, and their authors."""

    rows: list[list[_Ints]]
    """``rows[c][w]``, in order of time."""
    pools: list[_Ints]
    """All rows of the kept communities by window."""
    n: list[int]
    """Authors drawn per window, by community: equal over windows."""


def dispersion(vectors: Vectors, weight: npt.NDArray[np.float64]) -> float:
    """Return 1 − mean cosine over pairs of texts of different authors.

    ``D = 1 − (‖Σ k x‖² − Σ k²) / ((Σ k)² − Σ k²)`` for rows x of length 1, one per author, drawn k times
    each: pairs of a row with its own copy are left out, so that drawing with replacement is not taken for
    likeness. 0 (all alike) to about 1 (unrelated); its expectation does not depend on how many are drawn.

    Parameters
    ----------
    vectors
        Shape ``(n, d)``, rows of length 1.
    weight
        Shape ``(n,)``: how often each row was drawn.
    """
    own = float((weight**2).sum())
    total = float(weight.sum()) ** 2
    if total <= own:
        return float("nan")
    pull = weight @ vectors
    return 1.0 - (float(pull @ pull) - own) / (total - own)


def centred(vectors: Vectors, windows: _Ints) -> Vectors:
    """Return `vectors` less the mean of their window, scaled back to length 1.

    What all communities come to share in a window is not any community's norm. Without this a site-wide
    trend would saturate the cosines of the tightest communities first and pass for their divergence.
    """
    out = np.array(vectors, np.float32)
    for window in np.unique(windows):
        out[windows == window] -= out[windows == window].mean(axis=0)
    length = np.linalg.norm(out, axis=1, keepdims=True)
    out /= np.where(length > 0, length, 1)
    return out


def _one_each(rows: _Ints, authors: _Ints, rng: np.random.Generator) -> _Ints:
    """One text of every author, at random, in order of time: a prolific author must not look like a norm."""
    order = rng.permutation(len(rows))
    _, first = np.unique(authors[rows[order]], return_index=True)
    return np.sort(rows[order[first]])


def _of(vectors: Vectors, rows: _Ints) -> float:
    return dispersion(vectors[rows], np.ones(len(rows)))


def slope(series: npt.NDArray[np.float64]) -> float:
    """Return the least-squares slope of an evenly spaced series per whole period."""
    at = np.linspace(0.0, 1.0, len(series))
    return float(np.polyfit(at, series, 1)[0])


def _cells(
    communities: _Ints, windows: _Ints, authors: _Ints, n_windows: int, pairable: int
) -> tuple[_Cells, list[int], int]:
    kept: list[int] = []
    rows: list[list[_Ints]] = []
    sizes: list[int] = []
    labels = np.unique(communities)
    for label in labels:
        own = [np.flatnonzero((communities == label) & (windows == w)) for w in range(n_windows)]
        smallest = min(len(np.unique(authors[r])) for r in own)
        if smallest >= pairable:
            kept.append(int(label))
            rows.append(own)
            sizes.append(min(smallest, MAX_AUTHORS))
    pools = [
        np.concatenate([own[w] for own in rows]) if rows else np.array([], np.int64) for w in range(n_windows)
    ]
    return _Cells(rows, pools, sizes), kept, len(labels) - len(kept)


def _draw(cells: _Cells, vectors: Vectors, authors: _Ints, rng: np.random.Generator) -> _Floats:
    """Dispersion by community and window on one equal-sized draw, one text per author."""
    out = np.empty((len(cells.rows), len(cells.pools)))
    for c, (own, n) in enumerate(zip(cells.rows, cells.n, strict=True)):
        for w, rows in enumerate(own):
            each = _one_each(rows, authors, rng)
            out[c, w] = _of(vectors, rng.choice(each, n, replace=False))
    return out


def _shuffled(cells: _Cells, vectors: Vectors, authors: _Ints, rng: np.random.Generator) -> _Floats:
    """The same for communities whose labels were shuffled among the texts of each window."""
    out = np.empty((len(cells.rows), len(cells.pools)))
    for w, pool in enumerate(cells.pools):
        mixed = rng.permutation(pool)
        start = 0
        for c, own in enumerate(cells.rows):
            rows = mixed[start : start + len(own[w])]
            start += len(own[w])
            each = _one_each(rows, authors, rng)
            out[c, w] = _of(vectors, rng.choice(each, min(cells.n[c], len(each)), replace=False))
    return out


def _resampled(cells: _Cells, vectors: Vectors, authors: _Ints, rng: np.random.Generator) -> _Floats:
    """The same on moving blocks of neighbouring texts, which keeps bursts and passing subjects together."""
    out = np.empty((len(cells.rows), len(cells.pools)))
    for c, (own, n) in enumerate(zip(cells.rows, cells.n, strict=True)):
        for w, rows in enumerate(own):
            each = _one_each(rows, authors, rng)
            length = max(1, round(len(each) ** (1 / 3)))
            starts = rng.integers(0, len(each) - length + 1, -(-n // length))
            picked = (starts[:, None] + np.arange(length)).ravel()[:n]
            out[c, w] = dispersion(vectors[each], np.bincount(picked, minlength=len(each)).astype(float))
    return out


def _null(value: float, draws: _Floats) -> Null:
    mean, sd = float(draws.mean()), float(draws.std(ddof=1))
    far = int((np.abs(draws - mean) >= abs(value - mean)).sum())
    return Null(
        model="communities shuffled among the texts of each window",
        mean=mean,
        sd=sd,
        z=(value - mean) / sd if sd > 0 else None,
        p=(1 + far) / (1 + len(draws)),
        draws=len(draws),
    )


@dataclass(frozen=True, slots=True)
class Trend:
    """What `convergence` finds in plain arrays."""

    observed: _Floats
    """Dispersion by window."""
    boot: _Floats
    """Shape ``(draws, windows)``."""
    shuffled: _Floats
    """Shape ``(draws, windows)``."""
    site: _Floats
    """Dispersion by window over all texts, communities ignored."""
    by_community: _Floats
    """Shape ``(communities kept, windows)``."""
    kept: list[int]
    """Codes of the communities that were read."""
    sizes: list[int]
    """Authors drawn per window, by kept community."""
    left_out: int
    change: float
    ci: tuple[float, float]
    null: Null
    site_change: float
    verdict: Verdict


def convergence(
    vectors: Vectors,
    communities: _Ints,
    authors: _Ints,
    windows: _Ints,
    *,
    draws: int = 200,
    seed: int = 0,
) -> Trend:
    """Return the trend of within-community dispersion against shuffled communities.

    In each window and community one text per author is drawn, as many authors as the community's smallest
    window has (at least `MIN_AUTHORS`), and `dispersion` of the `centred` texts is averaged over `draws`
    draws and over communities. The verdict needs both: a change outside the null, and a bootstrap interval
    that leaves out the null's mean (shuffled texts vary less between windows than real subjects do).

    Parameters
    ----------
    vectors
        Shape ``(n, d)``, rows of length 1, in order of time.
    communities, authors, windows
        Shape ``(n,)``: integer codes; windows count from 0.
    draws
        Draws for the value, the bootstrap and the null each.
    seed
        Seeds all three.

    Raises
    ------
    NotComputable
        Where fewer than two communities have `MIN_AUTHORS` authors in every window.
    """
    n_windows = int(windows.max()) + 1
    cells, kept, left_out = _cells(communities, windows, authors, n_windows, MIN_AUTHORS)
    if len(kept) < 2:
        raise NotComputable(f"two communities with {MIN_AUTHORS} authors in each of {n_windows} windows")
    inside = np.isin(communities, kept)
    raw, vectors = vectors, np.array(vectors, np.float32)
    vectors[inside] = centred(vectors[inside], windows[inside])
    rngs = [np.random.default_rng([seed, part]) for part in range(4)]
    values = np.mean([_draw(cells, vectors, authors, rngs[0]) for _ in range(draws)], axis=0)
    boot = np.array([_resampled(cells, vectors, authors, rngs[1]).mean(axis=0) for _ in range(draws)])
    shuffled = np.array([_shuffled(cells, vectors, authors, rngs[2]).mean(axis=0) for _ in range(draws)])
    site = np.array(
        [_of(raw, _one_each(np.flatnonzero(windows == w), authors, rngs[3])) for w in range(n_windows)]
    )
    observed = values.mean(axis=0)
    change = slope(observed)
    # The bootstrap tells the spread; its centre inherits the ties that drawing with replacement makes.
    slopes = np.array([slope(row) for row in boot])
    low, high = ends(slopes - slopes.mean())
    null = _null(change, np.array([slope(row) for row in shuffled]))
    verdict: Verdict = "none"
    if null.p < SIGNIFICANT and not (change + low <= null.mean <= change + high):
        verdict = "converging" if change < null.mean else "diverging"
    return Trend(
        observed, boot, shuffled, site, values, kept, cells.n, left_out,
        change, (change + float(low), change + float(high)), null, slope(site), verdict,
    )  # fmt: skip
