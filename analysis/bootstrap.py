"""95 % intervals by resampling whole agents or whole threads, never single comments.

Comments of one thread, and of one author, go together; resampling them one by one would call a single busy
thread a large sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.sim.record.errors import NotComputable

Floats: TypeAlias = npt.NDArray[np.float64]
Interval: TypeAlias = tuple[float, float]

Z95: Final = 1.959963984540054
"""97.5 % point of the standard normal."""
ENDS: Final = (0.025, 0.975)
TAIL: Final = 0.0175
"""What is left out at either end of a 95 % interval of a figure that a few agents or threads rule.

At .025 such intervals hold the truth of planted societies 94.7 times of 100 on average and the least of them
92.5 (docs/metrics/threads.md): an error that is estimated from so few is itself unsure. Calibrated against
planted truths, after Loh 1987, Journal of the American Statistical Association 82, 155–162.
"""
MIN_BLOCKS: Final = 10
"""Fewer blocks than this give no interval: a bootstrap of a handful says nothing."""


def ends(replicates: npt.ArrayLike, tail: float = ENDS[0]) -> Interval:
    """Return the points of B replicates beyond which a tail lies: of rank tail · (B + 1) from either end.

    A quantile that puts the smallest replicate at 0 would leave out 3 % at either end of two hundred.

    Examples
    --------
    >>> ends(np.arange(1.0, 40.0))
    (1.0, 39.0)
    """
    low, high = np.quantile(np.asarray(replicates, dtype=np.float64), (tail, 1 - tail), method="weibull")
    return float(low), float(high)


def bands(replicates: Floats) -> tuple[Floats, Floats]:
    """Return the `ends` of every column, shape (replicates, columns) to two of shape (columns,)."""
    low, high = np.quantile(replicates, ENDS, axis=0, method="weibull")
    return low, high


def percentile_interval(replicates: npt.ArrayLike, tail: float = ENDS[0]) -> Interval | None:
    """Return the `ends` of the finite replicates.

    ``None`` if under half are finite, or all are equal: a share of 0 or 1 resamples to itself, which says
    nothing about how sure it is.

    Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.

    Examples
    --------
    >>> percentile_interval([0.0, 1.0, 2.0, 3.0, 4.0])
    (0.0, 4.0)
    """
    draws = np.asarray(replicates, dtype=np.float64)
    finite = draws[np.isfinite(draws)]
    if len(finite) < 2 or 2 * len(finite) < len(draws):
        return None
    low, high = ends(finite, tail)
    return (low, high) if low < high else None


def fixed(interval: Interval | None) -> Callable[[float], Interval | None]:
    """Return a function that gives this interval whatever the value, as `metric.Sheet.enter` takes it."""
    return lambda _: interval


def multiplicities(blocks: int, draws: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield, per draw, how often each block is drawn when as many are drawn with replacement.

    Yields
    ------
    ndarray
        Shape (blocks,), summing to `blocks`.
    """
    for _ in range(draws):
        yield np.bincount(rng.integers(0, blocks, blocks), minlength=blocks).astype(np.float64)


def resampled_interval(
    values: npt.NDArray[np.float64],
    statistic: Callable[[Floats], float],
    draws: int,
    rng: np.random.Generator,
) -> Interval | None:
    """Return the percentile interval of any statistic of one value per block.

    Parameters
    ----------
    values
        One value per block, shape (blocks,).
    statistic
        Called with each resample.
    draws
        Replicates.
    rng
        Source of the resamples.
    """
    if len(values) < MIN_BLOCKS or not draws:
        return None
    size = len(values)
    return percentile_interval(
        [or_nan(partial(statistic, values[rng.integers(0, size, size)])) for _ in range(draws)], TAIL
    )


def median_interval(
    values: Floats, block: npt.NDArray[np.int64], draws: int, rng: np.random.Generator
) -> Interval | None:
    """Return the percentile interval of a median, whole blocks resampled.

    Parameters
    ----------
    values
        Shape (n,).
    block
        Number of each value's block, shape (n,).
    """
    names, inverse = np.unique(block, return_inverse=True)
    if len(names) < MIN_BLOCKS or not draws:
        return None
    order = np.argsort(values, kind="stable")
    ordered, of = values[order], inverse[order]
    found: list[float] = []
    for weights in multiplicities(len(names), draws, rng):
        running = np.cumsum(weights[of])
        found.append(float(ordered[np.searchsorted(running, running[-1] / 2)]))
    return percentile_interval(found, TAIL)


def or_nan(compute: Callable[[], float]) -> float:
    """Return a replicate's value, or NaN where it has none: intervals are taken over those that have one."""
    try:
        return compute()
    except NotComputable:
        return float("nan")
