"""95 % intervals from figures with agents left out: nobody is doubled, so graphs keep their shape.

A bootstrap draws some agents twice, and a doubled agent has no edge to itself: replicates of a graph are
shifted, their triangles and paths most of all. Leaving agents out keeps what remains as it was. Under the
sparse graphon model the leave-one-agent-out variance is right for counts of subgraphs and, in expectation,
never too small for any figure that does not depend on the agents' order (Lin, Lunde & Sarkar 2020,
arXiv:2004.08935).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from moltarium.analysis.bootstrap import TAIL, Floats, Interval

MOST_LACKING: Final = 0.1
"""Share of left-out figures that may have no value; with more there is no interval."""

LEAST_FREEDOM: Final = 3.0
"""Degrees of freedom below which there is no interval: one agent then makes up the whole error."""

UNSURE: Final = "no interval: hardly any agent makes a difference, or one makes nearly all of it"
"""Said of a figure whose jackknife gives none."""


class Scale(NamedTuple):
    """A scale on which a figure is nearer to normal, and which its interval can't leave."""

    to: Callable[[float], float]
    back: Callable[[float], float]
    slope: Callable[[float], float]
    """Derivative of `to`."""
    low: float
    high: float
    """Ends of the figure's range; on either there is no interval."""


PLAIN: Final = Scale(float, float, lambda _: 1.0, -math.inf, math.inf)
"""Figures of any size and sign."""
SHARE: Final = Scale(
    lambda x: math.log(x / (1 - x)),
    lambda y: 0.5 * (1 + math.tanh(y / 2)),
    lambda x: 1 / (x * (1 - x)),
    0.0,
    1.0,
)
"""Gini coefficients and shares of what is common: log odds."""
ANGLE: Final = Scale(
    lambda x: math.asin(math.sqrt(x)),
    lambda y: math.sin(min(max(y, 0.0), math.pi / 2)) ** 2,
    lambda x: 0.5 / math.sqrt(x * (1 - x)),
    0.0,
    1.0,
)
"""Shares that may come near 0 or 1, where log odds stretch without end."""
POSITIVE: Final = Scale(math.log, lambda y: math.exp(min(y, 700.0)), lambda x: 1 / x, 0.0, math.inf)
"""Ratios, lengths and counts: logarithms."""
CORRELATION: Final = Scale(math.atanh, math.tanh, lambda x: 1 / (1 - x * x), -1.0, 1.0)
"""Correlations: Fisher's z."""


def standard_error(left_out: npt.ArrayLike) -> float:
    """Return the jackknife's standard error, ``√((g − 1) / g · Σ (θ₍ₖ₎ − θ̄)²)``.

    Parameters
    ----------
    left_out
        The figure with one of g agents, or of g groups of nearly equal size, left out, shape (g,). NaN where
        it has no value then.

    Returns
    -------
    float
        NaN under two values, or where more than `MOST_LACKING` of them have none.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 11.

    Examples
    --------
    Of a mean it is the usual standard error, s / √n:

    >>> x = np.array([1.0, 2.0, 4.0, 9.0])
    >>> left_out = (x.sum() - x) / 3
    >>> round(standard_error(left_out), 12) == round(float(x.std(ddof=1)) / 2, 12)
    True
    """
    theta = np.asarray(left_out, dtype=np.float64)
    known = theta[np.isfinite(theta)]
    if len(known) < 2 or len(theta) - len(known) > MOST_LACKING * len(theta):
        return math.nan
    return float(np.sqrt((len(known) - 1) * known.var()))


def interval(value: float, error: float, scale: Scale = PLAIN, freedom: float = math.inf) -> Interval | None:
    """Return ``back(to(value) ± t · slope(value) · error)``: the delta method on a scale.

    Parameters
    ----------
    value
        The figure.
    error
        Its standard error.
    scale
        Where it is nearly normal.
    freedom
        Degrees of freedom of the error.

    Returns
    -------
    Interval or None
        ``None`` where the error is 0, unknown or under `LEAST_FREEDOM`, or the value lies on an end of its
        range: a share of 0 says nothing about how sure it is.

    Examples
    --------
    >>> interval(10.0, 1.0)
    (7.89..., 12.10...)
    >>> interval(0.99, 0.02, SHARE)
    (0.58..., 0.999...)
    """
    if not error > 0 or freedom < LEAST_FREEDOM or not scale.low < value < scale.high:
        return None
    from scipy.stats import t

    centre, reach = scale.to(value), float(t.ppf(1 - TAIL, freedom)) * scale.slope(value) * error
    return scale.back(centre - reach), scale.back(centre + reach)


def freedom(left_out: npt.ArrayLike) -> float:
    """Return the degrees of freedom of `standard_error`: few where few agents make up the whole error.

    ``2 g / (κ − 1)`` with κ the kurtosis of the left-out figures, between 1 and g − 1: a variance of g normal
    values has as many as there are values, one that hangs on two hubs has about four. After Satterthwaite
    1946, doi:10.2307/3002019: the χ² with the variance that the squares themselves show.

    Examples
    --------
    >>> round(freedom(np.random.default_rng(0).normal(size=100)))
    99
    >>> freedom(np.r_[np.zeros(98), -1.0, 1.0])
    4.08...
    """
    theta = np.asarray(left_out, dtype=np.float64)
    known = theta[np.isfinite(theta)]
    square = (known - known.mean()) ** 2
    if not square.any():
        return 1.0
    excess = float((square**2).mean() / square.mean() ** 2) - 1
    return max(1.0, min(len(known) - 1, 2 * len(known) / excess if excess > 0 else math.inf))


def jackknifed(left_out: npt.ArrayLike, scale: Scale = PLAIN) -> Callable[[float], Interval | None]:
    """Return a function from a figure to its interval, as `metric.Sheet.enter` takes it.

    Parameters
    ----------
    left_out
        The figure without each agent or group, shape (g,).
    scale
        Where it is nearly normal.
    """
    theta = np.asarray(left_out, dtype=np.float64)
    error = standard_error(theta)
    known = freedom(theta) if error > 0 else math.inf
    return lambda value: interval(value, error, scale, known)


def sum_without(
    source: npt.NDArray[np.int64], target: npt.NDArray[np.int64], part: npt.ArrayLike, n: int
) -> Floats:
    """Return ``Σ part`` over the edges that are left without each agent, shape (n,).

    An edge goes with either of its ends.

    Examples
    --------
    >>> sum_without(np.array([0, 1]), np.array([1, 2]), [1.0, 5.0], 3).tolist()
    [5.0, 0.0, 1.0]
    """
    value = np.asarray(part, dtype=np.float64)
    loops = np.where(source == target, value, 0.0)
    gone = np.bincount(source, value, n) + np.bincount(target, value, n) - np.bincount(source, loops, n)
    left: Floats = value.sum() - gone
    return left
