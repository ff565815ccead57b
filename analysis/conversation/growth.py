"""How activity grows and fades: exponents of relative growth and of acts per hour."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

import numpy as np
from scipy.optimize import brentq

from moltarium.analysis.bootstrap import MIN_BLOCKS, Floats, Interval, or_nan
from moltarium.analysis.corpus import Ints
from moltarium.analysis.jackknife import PLAIN, jackknifed
from moltarium.analysis.slope import slope_of
from moltarium.sim.record.errors import NotComputable

Upto: TypeAlias = Callable[[Ints], Ints]
"""Acts from the beginning up to each of some moments."""

HOUR: Final = 3_600_000_000
"""Microseconds."""
NOTHING: Final = np.zeros(0, dtype=np.int64)
STEEPEST: Final = 30.0
"""Exponents of `trend` are looked for between ± this."""


def growth(t: Ints, group: Ints, step_s: int = 1800) -> tuple[float, Interval | None]:
    """Return the exponent of relative growth and its interval; 30 logarithmic bins of t weigh alike.

    Parameters
    ----------
    t
        When each act was, microseconds, shape (acts,).
    group
        Group of each act: acts of one agent are in one group. The interval is what leaving out each group
        changes.

    Raises
    ------
    NotComputable
        If the record is shorter than twenty steps.

    Examples
    --------
    Steady writing: N ∝ t, so relative growth falls as 1 / t.

    >>> t = np.arange(40_000) * 9_000_000
    >>> round(growth(t, np.arange(40_000) % 40)[0], 2)
    -1.0
    """
    step = 1_000_000 * step_s
    end = int(t.max(initial=0))
    if len(t) == 0 or end - _begin(np.sort(t), NOTHING) < 20 * step:
        raise NotComputable("a record of at least 10 h")

    def slope(begin: int, upto: Upto) -> float:
        at = np.arange(2 * step, end - begin, step)
        rate = upto(begin + at) / np.maximum(upto(begin + at - step), 1) - 1
        return _binned_slope((at - step).astype(np.float64), rate)

    return _left_out(slope, t, group)


def trend(t: Ints, group: Ints) -> tuple[float, Interval | None]:
    """Return b of acts per hour ∝ t^b and its interval.

    A Poisson regression of acts per hour on ln t, hours without any among them; leaving out each group of
    agents gives the error, so acts need not be Poisson. Parameters as of `growth`.

    Raises
    ------
    NotComputable
        If the record is shorter than twenty hours.

    Examples
    --------
    >>> t = (np.linspace(0, 1, 40_000) ** 2 * 3.6e11).astype(np.int64)
    >>> round(trend(t, np.arange(40_000) % 40)[0], 1)
    -0.5
    """
    end = int(t.max(initial=0))
    if len(t) == 0 or end - _begin(np.sort(t), NOTHING) < 20 * HOUR:
        raise NotComputable("a record of at least 20 h")

    def exponent(begin: int, upto: Upto) -> float:
        # Within the first hour a power of t is far from what it is in the middle; the last is not over.
        hour = np.arange(1, (end - begin) // HOUR + 1)
        acts = np.diff(upto(begin + hour * HOUR))
        x = np.log(hour[:-1] + 0.5)
        mean = float(acts @ x / acts.sum()) if acts.any() else math.inf

        def lack(b: float) -> float:
            weight = np.exp(b * (x - x[-1] if b > 0 else x - x[0]))
            return float(weight @ x / weight.sum()) - mean

        if not lack(-STEEPEST) < 0 < lack(STEEPEST):
            raise NotComputable("activity in more than one hour")
        return float(brentq(lack, -STEEPEST, STEEPEST))

    return _left_out(exponent, t, group)


def _left_out(figure: Callable[[int, Upto], float], t: Ints, group: Ints) -> tuple[float, Interval | None]:
    """Return a figure of when it all begins and how much there is up to a moment, and its interval.

    The interval is what leaving out each group changes, the beginning among it.
    """
    order = np.argsort(t, kind="stable")
    whole, of = t[order], group[order]

    def without(gone: Ints) -> float:
        begin = _begin(whole, gone)

        def upto(moment: Ints) -> Ints:
            past = np.searchsorted(whole, moment, side="right") - np.searchsorted(gone, moment, side="right")
            before = np.searchsorted(whole, begin) - np.searchsorted(gone, begin)
            return np.asarray(past - before, dtype=np.int64)

        return figure(begin, upto)

    value = without(NOTHING)
    groups = int(group.max(initial=0)) + 1
    if groups < MIN_BLOCKS:
        return value, None
    left = [or_nan(partial(without, whole[of == k])) for k in range(groups)]
    return value, jackknifed(left, PLAIN)(value)


def _begin(whole: Ints, gone: Ints) -> int:
    """Return when the first thousandth of all acts but some is over: a platform's trial post is no beginning.

    Parameters
    ----------
    whole, gone
        When acts were, sorted; at least one is not among those gone.
    """
    place = (len(whole) - len(gone)) // 1000

    def number(at: int) -> int:
        return at + 1 - int(np.searchsorted(gone, whole[at], side="right"))

    return int(whole[bisect_left(range(len(whole)), place + 1, key=number)])


def _binned_slope(x: Floats, y: Floats, bins: int = 30) -> float:
    edges = np.geomspace(x[0], x[-1] * (1 + 1e-9), bins + 1)
    of = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, bins - 1)
    number = np.bincount(of, minlength=bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(of, weights=y, minlength=bins) / number
        middle = np.bincount(of, weights=np.log(x), minlength=bins) / number
    used = (number > 0) & (mean > 0)
    return slope_of(middle[used], np.log(mean[used]))[0]
