"""How unequally something is spread: Gini coefficient, top shares, power-law exponent."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from moltarium.sim.record.errors import NotComputable


def gini(values: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
    """Return the Gini coefficient: 0 where all are equal, near 1 where one has all.

    ``G = 1 − Σᵢ wᵢ (Sᵢ + Sᵢ₋₁) / (W S)`` with values sorted, ``Sᵢ`` the running weighted sum, ``S`` its last
    value and ``W = Σ wᵢ``. Without weights this equals ``Σ (2i − n − 1) xᵢ / (n Σ xᵢ)``. Zeros count; leave
    them out beforehand where a definition says "positive only".

    Parameters
    ----------
    values
        Non-negative values, shape (n,).
    weights
        Non-negative weights, shape (n,); default all 1.

    Returns
    -------
    float
        In [0, 1).

    Raises
    ------
    NotComputable
        If there is no positive value.

    Examples
    --------
    >>> gini([1, 1, 1, 1])
    0.0
    >>> gini([0, 0, 0, 8])
    0.75
    >>> gini([1, 3])
    0.25
    """
    x = np.asarray(values, dtype=np.float64)
    w = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64)
    order = np.argsort(x, kind="stable")
    x, w = x[order], w[order]
    running = np.cumsum(w * x)
    if not len(x) or running[-1] <= 0:
        raise NotComputable("at least 1 positive value")
    before = running - w * x
    return max(0.0, float(1.0 - np.dot(w, running + before) / (w.sum() * running[-1])))


def top_share(values: npt.ArrayLike, top: float) -> float:
    """Return the share of the total held by the top part of all holders.

    Parameters
    ----------
    values
        Non-negative values, shape (n,).
    top
        The part of the holders, in (0, 1]; ``ceil(top · n)`` of them are counted.

    Raises
    ------
    NotComputable
        If there is no positive value.

    Examples
    --------
    >>> top_share([1, 1, 2, 6], top=0.25)
    0.6
    """
    x = np.asarray(values, dtype=np.float64)
    total = x.sum()
    if total <= 0:
        raise NotComputable("at least 1 positive value")
    # The subtraction keeps 0.01 · 300 = 3.0000000000000004 from counting a fourth holder.
    count = max(1, math.ceil(top * len(x) - 1e-9))
    return float(np.partition(x, len(x) - count)[len(x) - count :].sum() / total)


def power_law_alpha(values: npt.ArrayLike, xmin: float = 1.0) -> float:
    """Return the maximum-likelihood exponent of a continuous power law, ``α = 1 + n / Σ ln(xᵢ / xmin)``.

    For counts with xmin = 1 this is what Holtz (arXiv:2602.10131) reports. It is biased low there: most of
    his "tail" is ones, for which the continuous law has no room; compare it only with the same formula.

    Parameters
    ----------
    values
        Shape (n,); those below `xmin` are left out.
    xmin
        Start of the tail, positive.

    Returns
    -------
    float
        Above 1.

    Raises
    ------
    NotComputable
        If no value lies above `xmin` (the likelihood has no maximum).

    References
    ----------
    Clauset, Shalizi & Newman (2009), SIAM Review 51, 661. doi:10.1137/070710111

    Examples
    --------
    >>> round(power_law_alpha([1, 1, 2, 4]), 6)
    2.923593
    """
    x = np.asarray(values, dtype=np.float64)
    tail = x[x >= xmin]
    logs = float(np.log(tail / xmin).sum())
    if logs <= 0:
        raise NotComputable(f"at least 1 value above {xmin:g}")
    return 1.0 + len(tail) / logs
