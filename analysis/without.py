"""Figures with groups of agents left out, all that an agent wrote at a time: who writes much goes as one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from moltarium.analysis.bootstrap import MIN_BLOCKS, Floats, Interval, or_nan
from moltarium.analysis.corpus import UNKNOWN, Ints, Mask
from moltarium.analysis.jackknife import PLAIN, Scale, interval, jackknifed

GROUPS: Final = 40
"""Groups that are left out in turn; with fewer agents, each on its own."""


def clusters(agent: Ints) -> Ints:
    """Return a number per value that those of one agent share; values of unknown agents stand alone.

    Examples
    --------
    >>> clusters(np.array([3, UNKNOWN, 3, UNKNOWN])).tolist()
    [2, 0, 2, 1]
    """
    found = agent.copy()
    unknown = np.flatnonzero(agent == UNKNOWN)
    found[unknown] = -2 - np.arange(len(unknown))[::-1]
    numbers: Ints = np.unique(found, return_inverse=True)[1]
    return numbers


def groups_of(agent: Ints, rng: np.random.Generator) -> Ints:
    """Return the group of each value: clusters dealt at random into groups of equal size."""
    cluster = clusters(agent)
    count = int(cluster.max(initial=-1)) + 1
    group: Ints = rng.permutation(np.arange(count) % GROUPS)[cluster]
    return group


def without(group: Ints, figure: Callable[[Mask], float]) -> Floats:
    """Return a figure of what is left without each group, NaN where it has none.

    Parameters
    ----------
    group
        Shape (n,), from 0 on.
    figure
        Called with what stays, shape (n,).

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 6.0])
    >>> without(np.array([0, 1, 1]), lambda stays: float(x[stays].mean())).tolist()
    [4.0, 1.0]
    """
    groups = range(int(group.max(initial=-1)) + 1)
    return np.array([or_nan(partial(figure, group != k)) for k in groups], dtype=np.float64)


def interval_without(
    group: Ints, figure: Callable[[Mask], float], scale: Scale = PLAIN
) -> Callable[[float], Interval | None]:
    """Return a function from a figure to its interval, ``None`` under ten groups."""
    if int(group.max(initial=-1)) + 1 < MIN_BLOCKS:
        return lambda _: None
    return lambda value: jackknifed(without(group, figure), scale)(value)


def mean_interval(values: Floats, scale: Scale = PLAIN) -> Interval | None:
    """Return Student's interval of a mean on a scale, ``None`` under ten values or where all are alike.

    Examples
    --------
    >>> mean_interval(np.arange(20.0))
    (6.4..., 12.5...)
    """
    if len(values) < MIN_BLOCKS:
        return None
    error = float(values.std(ddof=1)) / len(values) ** 0.5
    return interval(float(values.mean()), error, scale, len(values) - 1)
