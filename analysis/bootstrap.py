"""95 % intervals by resampling whole agents or whole threads, never single comments.

Comments of one thread, and of one author, go together; resampling them one by one would call a single busy
thread a large sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.sim.record.errors import NotComputable

Floats: TypeAlias = npt.NDArray[np.float64]
Interval: TypeAlias = tuple[float, float]

Z95: Final = 1.959963984540054
"""97.5 % point of the standard normal."""
MIN_BLOCKS: Final = 10
"""Fewer blocks than this give no interval: a bootstrap of a handful says nothing."""


def percentile_interval(replicates: npt.ArrayLike) -> Interval | None:
    """Return the 2.5 % and 97.5 % quantiles of the finite replicates.

    ``None`` if under half are finite, or all are equal: a share of 0 or 1 resamples to itself, which says
    nothing about how sure it is.

    Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.

    Examples
    --------
    >>> percentile_interval([0.0, 1.0, 2.0, 3.0, 4.0])
    (0.1, 3.9)
    """
    draws = np.asarray(replicates, dtype=np.float64)
    finite = draws[np.isfinite(draws)]
    if len(finite) < 2 or 2 * len(finite) < len(draws):
        return None
    low, high = np.quantile(finite, (0.025, 0.975))
    return (float(low), float(high)) if low < high else None


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


def ratio_intervals(
    parts: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]], draws: int, rng: np.random.Generator
) -> dict[str, Interval | None]:
    """Return percentile intervals of ratios ``Σ numerator / Σ denominator`` over resampled blocks.

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
        Name to interval; ``None`` under `MIN_BLOCKS` blocks.

    Examples
    --------
    Twenty agents who made 0 to 19 comments under one post each: 9.5 comments per post, give or take.

    >>> found = ratio_intervals({"c": (np.arange(20.0), np.ones(20))}, 200, np.random.default_rng(0))
    >>> [round(end, 1) for end in found["c"] or ()]
    [7.2, 12.0]
    """
    names = list(parts)
    table = np.array([np.asarray(side, dtype=np.float64) for name in names for side in parts[name]])
    blocks = table.shape[1] if table.ndim == 2 else 0
    if blocks < MIN_BLOCKS or not draws:
        return dict.fromkeys(names)
    sums = np.array([table @ weights for weights in multiplicities(blocks, draws, rng)])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = sums[:, 0::2] / sums[:, 1::2]
    return {name: percentile_interval(ratios[:, k]) for k, name in enumerate(names)}


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
        [or_nan(partial(statistic, values[rng.integers(0, size, size)])) for _ in range(draws)]
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
    return percentile_interval(found)


def or_nan(compute: Callable[[], float]) -> float:
    """Return a replicate's value, or NaN where it has none: intervals are taken over those that have one."""
    try:
        return compute()
    except NotComputable:
        return float("nan")
