"""The slope of a straight line through points that spread unevenly, or that come in clusters."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import stdtrit

from moltarium.analysis.bootstrap import MIN_BLOCKS, TAIL, Floats, Interval
from moltarium.analysis.corpus import Ints
from moltarium.sim.record.errors import NotComputable

LEAST_POINTS: Final = 10
"""Points under which there is no slope."""


def slope_of(x: Floats, y: Floats, group: Ints | None = None) -> tuple[float, Interval | None]:
    """Return the least-squares slope and its 95 % interval.

    The error is what leaving out one point changes (HC3; MacKinnon & White 1985,
    doi:10.1016/0304-4076(85)90158-7), or one group of points that go together (CR3; Bell & McCaffrey 2002).
    Its degrees of freedom are those of a χ² with the mean and variance that the error would have if points
    spread evenly (Satterthwaite's, after Bell & McCaffrey; Imbens & Kolesár 2016,
    doi:10.1162/REST_a_00552): few where few points lie far out. Where points far out also spread more, the
    error itself tells of fewer, and those count (Lipsitz, Ibrahim & Parzen 1999,
    The Statistician 48, 495).

    Parameters
    ----------
    x, y
        Shape (n,).
    group
        Number of each point's group, shape (n,). Default: every point on its own.

    Returns
    -------
    float
        The slope.
    Interval or None
        ``None`` under ten groups, where one group makes up all the spread of x, and where all points lie on
        the line.

    Raises
    ------
    NotComputable
        Under ten points, or if all x are equal.

    Examples
    --------
    >>> x = np.arange(12.0)
    >>> slope, interval = slope_of(x, 2 * x + np.tile([1.0, -1.0, 0.0], 4))
    >>> round(slope, 2), interval
    (1.97, (1.7..., 2.2...))
    """
    if len(x) < LEAST_POINTS or np.ptp(x) < 1e-12:
        raise NotComputable(f"at least {LEAST_POINTS} points that differ")
    n = len(x)
    dx = x - x.mean()
    spread = float(dx @ dx)
    slope = float(dx @ y) / spread
    rest = y - y.mean() - slope * dx
    of = np.arange(n) if group is None else np.unique(group, return_inverse=True)[1]
    if int(of.max()) + 1 < MIN_BLOCKS:
        return slope, None
    pull = _pull(dx, spread, of)
    if pull is None:
        return slope, None
    moved: Floats = np.bincount(of, pull * rest).astype(np.float64)
    sd = float(np.sqrt(moved @ moved))
    # Rounding alone: a perfect fit has no error to speak of.
    if sd <= 1e-12 * (1 + abs(slope)):
        return slope, None
    freedom = min(_freedom(pull, dx, spread, of), _seen_freedom(moved))
    reach = float(stdtrit(freedom, 1 - TAIL)) * sd
    return slope, (slope - reach, slope + reach)


def _pull(dx: Floats, spread: float, of: Ints) -> Floats | None:
    """Return how far each residual moves the slope when its group goes, ``None`` if a group can't go.

    This is x' (I − H)⁻¹ / Σ x² within each group, H = Z Z' with the two columns 1 / √n and x / √Σ x²; the
    inverse is I + Z (I − Z'Z)⁻¹ Z'.
    """
    n, unit = len(dx), np.sqrt(spread)
    one, two = np.bincount(of, dx) / np.sqrt(n), np.bincount(of, dx**2) / unit
    a, b, d = np.bincount(of) / n, one / unit, two / unit
    det = (1 - a) * (1 - d) - b**2
    if det.min() < 1e-9:
        return None
    first = ((1 - d) * one + b * two) / det
    second = (b * one + (1 - a) * two) / det
    pull: Floats = (dx * (1 + second[of] / unit) + first[of] / np.sqrt(n)) / spread
    return pull


def _freedom(pull: Floats, dx: Floats, spread: float, of: Ints) -> float:
    """Return (tr A)² / tr A² of the squared error's quadratic form A in errors of equal spread.

    A between groups c and d is p_c' (I − H) p_d, which sums alone tell: no matrix is built.
    """
    square = np.bincount(of, pull**2)
    sums, crossed = np.bincount(of, pull), np.bincount(of, pull * dx)
    n = len(dx)
    own = square - sums**2 / n - crossed**2 / spread
    joint = (sums @ sums) ** 2 / n**2 + 2 * (sums @ crossed) ** 2 / (n * spread)
    joint += (crossed @ crossed) ** 2 / spread**2
    alone = ((sums**2 / n + crossed**2 / spread) ** 2).sum()
    return float(own.sum() ** 2 / ((own**2).sum() + joint - alone))


def _seen_freedom(moved: Floats) -> float:
    """Return 2 V² / Var V of V = Σ m², each m normal: Var m² = 2 σ⁴ and E m⁴ = 3 σ⁴, so 3 V² / Σ m⁴."""
    square = moved**2
    return float(3 * square.sum() ** 2 / (square @ square))
