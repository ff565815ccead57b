"""Intervals of ratios of sums over blocks: shares of threads, answers per comment, mean depth.

A few long threads carry most of such a ratio. A resample that missed them has too small a ratio and too
small an error at once, so percentiles of resamples are too narrow; here each is judged by its own error.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from moltarium.analysis.bootstrap import MIN_BLOCKS, Floats, Interval, multiplicities
from moltarium.analysis.jackknife import PLAIN, POSITIVE, SHARE, Scale
from moltarium.analysis.studentised import judged


def ratio_intervals(
    parts: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]], draws: int, rng: np.random.Generator
) -> dict[str, Interval | None]:
    """Return intervals of ratios ``r = Σ a / Σ b`` over blocks.

    Of shares of blocks (a and b are 0 or 1) the exact one, see `binomial_interval`; of others the
    bootstrap-t interval over resampled blocks. There the error of a ratio is that of its linear form,
    ``√Σ (a − r b)² / Σ b``; the interval is taken on log odds for shares (0 ≤ a ≤ b in every block), on
    logarithms for other positive ratios (see `moltarium.analysis.studentised.judged`).

    Parameters
    ----------
    parts
        Name to (numerator, denominator) per block, all of shape (blocks,). All ratios are drawn from the
        same resamples.
    draws
        Replicates.
    rng
        Source of the resamples.

    Returns
    -------
    dict
        Name to interval; ``None`` under `MIN_BLOCKS` blocks, and where a resampled ratio has no error: one of
        0 or 1 resamples to itself, which says nothing about how sure it is.

    Examples
    --------
    Twenty agents who made 0 to 19 comments under one post each: 9.5 comments per post, give or take.

    >>> found = ratio_intervals({"c": (np.arange(20.0), np.ones(20))}, 200, np.random.default_rng(0))
    >>> [round(end, 1) for end in found["c"] or ()]
    [6.6, 12.3]
    """
    names = list(parts)
    sides = [tuple(np.asarray(side, dtype=np.float64) for side in parts[name]) for name in names]
    blocks = len(sides[0][0]) if sides else 0
    if blocks < MIN_BLOCKS or not draws:
        return dict.fromkeys(names)
    table = np.array([row for a, b in sides for row in (a, b, a * a, a * b, b * b)])
    whole = table.sum(axis=1).reshape(-1, 5)
    drawn = np.array([table @ weights for weights in multiplicities(blocks, draws, rng)])
    found: dict[str, Interval | None] = {}
    for k, (name, (a, b)) in enumerate(zip(names, sides, strict=True)):
        if _counts_blocks(a, b):
            found[name] = binomial_interval(int(a.sum()), int(b.sum()))
            continue
        value, error = _with_error(whole[k])
        ratios, errors = _with_error(drawn[:, 5 * k : 5 * k + 5])
        pairs = list(zip(ratios.tolist(), errors.tolist(), strict=True))
        found[name] = judged(float(value), float(error), pairs, _scale(a, b))
    return found


def binomial_interval(has: int, of: int) -> Interval | None:
    """Return the 95 % interval of a share of independent blocks: every share that makes the count no wonder.

    From ``B(.025; k, n − k + 1)`` to ``B(.975; k + 1, n − k)``, the quantiles of beta distributions (Clopper
    & Pearson 1934, doi:10.1093/biomet/26.4.404): held by 95 % at least whatever the share, also of 0 or all.

    Parameters
    ----------
    has
        Blocks that have what is asked, k.
    of
        Blocks, n.

    Returns
    -------
    Interval or None
        ``None`` under `MIN_BLOCKS` blocks.

    Examples
    --------
    >>> [round(end, 3) for end in binomial_interval(0, 100)]
    [0.0, 0.036]
    """
    if of < MIN_BLOCKS:
        return None
    from scipy.stats import beta

    low = float(beta.ppf(0.025, has, of - has + 1)) if has else 0.0
    high = float(beta.ppf(0.975, has + 1, of - has)) if has < of else 1.0
    return low, high


def _counts_blocks(a: Floats, b: Floats) -> bool:
    return bool((((a == 0) | (a == 1)) & ((b == 0) | (b == 1)) & (a <= b)).all())


def _scale(a: Floats, b: Floats) -> Scale:
    if (a < 0).any():
        return PLAIN
    return SHARE if (a <= b).all() else POSITIVE


def _with_error(sums: Floats) -> tuple[Floats, Floats]:
    """Return ratios and their errors from Σ a, Σ b, Σ a², Σ ab, Σ b², shape (…, 5)."""
    a, b, aa, ab, bb = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = a / b
        return ratio, np.sqrt(np.maximum(aa - 2 * ratio * ab + ratio**2 * bb, 0.0)) / b
