"""Heavy tails: discrete power laws, and whether another law fits as well.

Clauset, Shalizi & Newman (2009), Power-law distributions in empirical data, SIAM Review 51, 661.
doi:10.1137/070710111. Everything works on distinct values with their counts, so a million agents cost what a
few hundred distinct degrees cost. Written from the paper: the `powerlaw` package sums over all values.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_ndtr, ndtr, zeta

from moltarium.analysis.bootstrap import Z95, Floats, Interval
from moltarium.analysis.metric import Null
from moltarium.sim.record.errors import NotComputable

MIN_TAIL: Final = 50
"""Fewer values in the tail than this give no fit; the paper's simulations call them unreliable."""
MAX_STARTS: Final = 200
"""Values of xmin that are tried, evenly among the distinct ones."""
RESAMPLES: Final = 40
"""Resamples of an exponent with its xmin, at most."""
RESAMPLE_STARTS: Final = 30
"""Values of xmin that are tried in each."""
ALPHA_RANGE: Final = (1.0001, 12.0)
"""Where the exponent is sought."""


class Tail(NamedTuple):
    """A discrete power law ``p(x) = x^−α / ζ(α, xmin)`` fitted to values ≥ xmin."""

    alpha: float
    ci: Interval
    """95 % interval from the Fisher information, xmin taken as given."""
    xmin: int
    size: int
    """Values in the tail."""
    distance: float
    """Kolmogorov–Smirnov distance between data and fit."""


class Counted(NamedTuple):
    """Distinct positive values, rising, and how often each occurs."""

    value: Floats
    times: Floats


def counted(values: npt.ArrayLike) -> Counted:
    """Return the distinct positive values and their counts."""
    x = np.asarray(values)
    value, count = np.unique(x[x > 0], return_counts=True)
    return Counted(value.astype(np.float64), count.astype(np.float64))


def fit(data: Counted, xmin: int) -> Tail:
    """Fit the exponent by maximum likelihood, xmin given.

    Raises
    ------
    NotComputable
        If fewer than `MIN_TAIL` values, or no two different ones, reach xmin.

    Examples
    --------
    A thousand values of which p(1) = 1/ζ(3) = .832, p(2) = .104, … is the law with α = 3:

    >>> found = fit(counted(np.repeat([1, 2, 3, 4, 6], [832, 104, 31, 13, 20])), xmin=1)
    >>> round(found.alpha, 1), found.size
    (3.0, 1000)
    """
    tail = data.value >= xmin
    x, c = data.value[tail], data.times[tail]
    size = float(c.sum())
    if size < MIN_TAIL or len(x) < 2:
        raise NotComputable(f"at least {MIN_TAIL} values from {xmin} on, not all equal")
    logs = float(c @ np.log(x)) / size

    def loss(alpha: float) -> float:
        return float(np.log(zeta(alpha, xmin)) + alpha * logs)

    alpha = float(minimize_scalar(loss, bounds=ALPHA_RANGE, method="bounded", options={"xatol": 1e-8}).x)
    step = 1e-3 * min(1.0, alpha - 1)
    curve = (loss(alpha + step) - 2 * loss(alpha) + loss(alpha - step)) / step**2
    reach = Z95 / math.sqrt(size * max(curve, 1e-12))
    seen = np.cumsum(c) / size
    due = 1 - zeta(alpha, x + 1) / zeta(alpha, xmin)
    return Tail(alpha, (alpha - reach, alpha + reach), xmin, int(size), float(np.abs(seen - due).max()))


def estimate(data: Counted, most: int = MAX_STARTS) -> Tail:
    """Fit exponent and xmin: of all starts, the one whose fit lies nearest to the data.

    Raises
    ------
    NotComputable
        If no start leaves `MIN_TAIL` different values.
    """
    left = np.cumsum(data.times[::-1])[::-1]
    starts = data.value[:-1][left[:-1] >= MIN_TAIL]
    if not len(starts):
        raise NotComputable(f"at least {MIN_TAIL} positive values, not all equal")
    chosen = np.unique(starts[np.linspace(0, len(starts) - 1, min(most, len(starts))).astype(int)])
    return min((fit(data, int(xmin)) for xmin in chosen), key=lambda tail: tail.distance)


def estimate_interval(data: Counted, found: Tail, draws: int, rng: np.random.Generator) -> Interval:
    """Return the interval of an exponent whose xmin was estimated: values resampled, xmin found anew.

    The Fisher information alone takes xmin for known and holds the truth too seldom.
    """
    size = int(data.times.sum())
    alphas: list[float] = []
    for _ in range(min(draws, RESAMPLES)):
        times = rng.multinomial(size, data.times / size).astype(np.float64)
        try:
            alphas.append(estimate(Counted(data.value[times > 0], times[times > 0]), RESAMPLE_STARTS).alpha)
        except NotComputable:
            continue
    reach = (found.ci[1] - found.ci[0]) / 2
    if len(alphas) > 2:
        reach = max(reach, Z95 * float(np.std(alphas, ddof=1)))
    return found.alpha - reach, found.alpha + reach


def against_lognormal(data: Counted, tail: Tail) -> tuple[float, Null]:
    """Return the log-likelihood ratio per value over a discretised lognormal on the same tail, and its null.

    z > 0 favours the power law, z < 0 the lognormal; p says how easily chance alone gives as much. Vuong
    (1989), doi:10.2307/1912557.
    """
    x, c = _tail(data, tail.xmin)
    logs = np.log(x)
    mean = float(c @ logs / c.sum())
    sd = max(math.sqrt(float(c @ (logs - mean) ** 2 / c.sum())), 0.1)

    def log_p(parameters: Floats) -> Floats:
        mu, sigma = float(parameters[0]), math.exp(float(parameters[1]))
        low, high = (np.log(x - 0.5) - mu) / sigma, (np.log(x + 0.5) - mu) / sigma
        # Both tails by symmetry, so that the difference keeps its digits far out.
        width = np.where(low > 0, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))
        found: Floats = np.log(np.maximum(width, 1e-300)) - log_ndtr(
            -(math.log(tail.xmin - 0.5) - mu) / sigma
        )
        return found

    def loss(parameters: Floats) -> float:
        return -float(c @ log_p(parameters))

    start: Floats = np.array([mean, math.log(sd)], dtype=np.float64)
    bounds = [(mean - 20 * sd - 5, mean + 10), (math.log(0.05), math.log(20))]
    best = minimize(loss, start, method="Nelder-Mead", bounds=bounds, options={"maxiter": 400})
    return _vuong(_log_power(x, tail) - log_p(best.x), c, "Vuong: power law and lognormal equally near")


def against_exponential(data: Counted, tail: Tail) -> tuple[float, Null]:
    """Return the same over a discrete exponential (geometric) law."""
    x, c = _tail(data, tail.xmin)
    above = float(c @ (x - tail.xmin) / c.sum())
    rate = math.log1p(1 / above)
    log_p = math.log(-math.expm1(-rate)) - rate * (x - tail.xmin)
    return _vuong(_log_power(x, tail) - log_p, c, "Vuong: power law and exponential equally near")


def _tail(data: Counted, xmin: int) -> tuple[Floats, Floats]:
    kept = data.value >= xmin
    return data.value[kept], data.times[kept]


def _log_power(x: Floats, tail: Tail) -> Floats:
    found: Floats = -tail.alpha * np.log(x) - math.log(zeta(tail.alpha, tail.xmin))
    return found


def _vuong(ratio: Floats, count: Floats, model: str) -> tuple[float, Null]:
    size = float(count.sum())
    mean = float(count @ ratio / size)
    sd = math.sqrt(float(count @ (ratio - mean) ** 2) / size)
    z = mean * math.sqrt(size) / sd if sd > 0 else 0.0
    error = sd / math.sqrt(size)
    return mean, Null(model=model, mean=0.0, sd=error, z=z, p=math.erfc(abs(z) / math.sqrt(2)), draws=0)
