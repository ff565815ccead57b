"""What communities do about their norms: newcomers who learn them, answers to those who do not keep them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata
from scipy.stats import t as student

from moltarium.analysis.jackknife import CORRELATION, freedom, jackknifed, standard_error
from moltarium.analysis.metric import Null
from moltarium.analysis.words.embeddings import Vectors
from moltarium.sim.record.errors import NotComputable

MIN_BEFORE: Final = 10
"""Texts of other agents that make a community's centroid."""
TENURES: Final = (1, 2, 3, 6)
"""First text of each class of tenure in a community: 1st, 2nd, 3rd to 5th, 6th and later."""
MIN_TEXTS: Final = 30
SIGNIFICANT: Final = 0.05
BLOCK: Final = 4_000_000
"""Ranks held at a time."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def lagged_distance(vectors: Vectors, community: Ints, author: Ints, *, lag: int = 200) -> Floats:
    """Return 1 − cosine of each text to the centroid of what *others* wrote there before.

    The centroid is over the last `lag` texts of the community, the author's own left out: own texts would
    make every regular look like the norm. NaN under `MIN_BEFORE` such texts.

    Parameters
    ----------
    vectors
        Shape ``(n, d)``, rows of length 1, in order of time.
    community, author
        Codes, shape ``(n,)``.
    lag
        Texts that are remembered.
    """
    out = np.full(len(vectors), np.nan)
    for label in np.unique(community):
        rows = np.flatnonzero(community == label)
        for place, row in enumerate(rows):
            past = rows[max(place - lag, 0) : place]
            past = past[author[past] != author[row]]
            if len(past) < MIN_BEFORE:
                continue
            centre = vectors[past].sum(axis=0)
            length = float(np.linalg.norm(centre))
            if length > 0:
                out[row] = 1 - float(vectors[row] @ centre) / length
    return out


@dataclass(frozen=True, slots=True)
class Newcomers:
    """How far agents stand from a community's norm, by how long they have been in it."""

    table: pd.DataFrame
    """By tenure: ``tenure`` (the first text of the class), ``n``, ``distance``."""
    change: float
    """Mean within-author change of distance per doubling of tenure: below 0, newcomers learn."""
    ci: tuple[float, float]
    null: Null
    """Each author's texts in one community put in another order."""
    verdict: str
    n_authors: int


def newcomers(
    distance: Floats, community: Ints, author: Ints, *, draws: int = 500, seed: int = 0
) -> Newcomers:
    """Return whether newcomers come nearer to the lagged centroid with tenure.

    Slope of distance on log₂ tenure inside each author and community (means taken off), so that who stays is
    not mistaken for what staying does: agents who leave early may differ from the start.

    Raises
    ------
    NotComputable
        Under `MIN_TEXTS` texts by agents with two or more in a community.
    """
    pair = pd.Series(community * (int(author.max()) + 1) + author)
    tenure = pair.groupby(pair).cumcount().to_numpy(np.int64) + 1
    known = np.isfinite(distance)
    group, y, x = pair.to_numpy()[known], distance[known], np.log2(tenure[known].astype(float))
    _, code, size = np.unique(group, return_inverse=True, return_counts=True)
    several = size[code] > 1
    if several.sum() < MIN_TEXTS:
        raise NotComputable(f"{MIN_TEXTS} texts by agents with two in a community (has {int(several.sum())})")
    table = _by_tenure(tenure[known].astype(np.int64), y)
    _, code = np.unique(code[several], return_inverse=True)
    x, y, who = x[several], y[several], author[known][several]
    x = x - (np.bincount(code, x) / np.bincount(code))[code]
    y = y - (np.bincount(code, y) / np.bincount(code))[code]
    rng = np.random.default_rng([seed, 64])
    _, who = np.unique(who, return_inverse=True)
    n = int(who.max()) + 1
    xy, xx = np.bincount(who, x * y, n), np.bincount(who, x * x, n)
    change = float(xy.sum() / xx.sum())
    reach = slope_reach(np.asarray(xy, np.float64), np.asarray(xx, np.float64))
    order = np.argsort(code, kind="stable")
    x, y, code = x[order], y[order], code[order]
    null = np.empty(draws)
    for draw in range(draws):
        null[draw] = float(x @ y[np.lexsort((rng.random(len(y)), code))] / xx.sum())
    standing = _null("each author's texts in another order", change, null)
    found = standing.p < SIGNIFICANT and not change - reach <= 0 <= change + reach
    verdict = ("learning" if change < 0 else "parting") if found else "none"
    return Newcomers(table, change, (change - reach, change + reach), standing, verdict, n)


def slope_reach(xy: Floats, xx: Floats) -> float:
    """Return the half-width of the 95 % interval of Σ xy / Σ xx from leaving out one author at a time.

    Wider than the bootstrap where few authors carry the slope, as it should be (Efron & Stein 1981,
    doi:10.1214/aos/1176345462); Student's t with the degrees of freedom that `jackknife.freedom` finds.

    Parameters
    ----------
    xy, xx
        Sums by author, shape (authors,).

    Examples
    --------
    A mean of four authors' texts, one each: t₃ · s / √n with s = 1.29.

    >>> round(slope_reach(np.array([0.0, 1, 2, 3]), np.ones(4)), 3)
    2.054
    """
    left = xx.sum() - xx
    without = (xy.sum() - xy)[left > 0] / left[left > 0]
    error = standard_error(without)
    return float(student.ppf(0.975, freedom(without))) * error if error > 0 else 0.0


def _by_tenure(tenure: Ints, distance: Floats) -> pd.DataFrame:
    kind = np.searchsorted(TENURES, tenure, side="right") - 1
    n = np.bincount(kind, minlength=len(TENURES))
    mean = np.bincount(kind, distance, len(TENURES)) / np.maximum(n, 1)
    return pd.DataFrame({"tenure": TENURES, "n": n, "distance": np.where(n > 0, mean, np.nan)})


def _null(model: str, value: float, draws: Floats) -> Null:
    mean, sd = float(draws.mean()), float(draws.std(ddof=1))
    far = int((np.abs(draws - mean) >= abs(value - mean)).sum())
    z = (value - mean) / sd if sd > 0 else None
    return Null(model, mean, sd, z, (1 + far) / (1 + len(draws)), len(draws))


@dataclass(frozen=True, slots=True)
class Enforcement:
    """How a community answers a text that departs from its norm."""

    response: str
    """``"upvotes"``, ``"downvotes"``, ``"comments"`` or ``"removals"``."""
    rho: float
    """Rank correlation of distance and response inside community and time block, −1 to 1."""
    ci: tuple[float, float]
    null: Null
    verdict: str
    """``"none"``, or ``"less"`` / ``"more"`` of the response to those who deviate."""
    n: int


def enforcement(
    response: str, amount: Floats, distance: Floats, stratum: Ints, author: Ints,
    *, draws: int = 500, seed: int = 0, questions: int = 1,
) -> Enforcement:  # fmt: skip
    """Return whether what departs from the norm is answered otherwise.

    Ranks of distance and of response inside every stratum (community × time block), their means taken off,
    correlated over all: a busy community or day is not a norm. Null: responses shuffled inside strata.
    Interval: one author left out at a time and everybody ranked anew, in Fisher's z, Student's t with the
    degrees of freedom that the authors' weights leave. Observation only: who deviates differs otherwise too.

    Parameters
    ----------
    response
        What `amount` counts.
    amount, distance
        Shape ``(n,)``; rows with a NaN are left out.
    stratum, author
        Codes, shape ``(n,)``.
    draws, seed
        Draws for null and interval, and their seed.
    questions
        How many responses are asked about at once: p is held against .05 / questions.

    Raises
    ------
    NotComputable
        Under `MIN_TEXTS` texts, where all responses are equal, or where too few authors carry
        the correlation.
    """
    known = np.isfinite(amount) & np.isfinite(distance)
    if known.sum() < MIN_TEXTS:
        raise NotComputable(
            f"{MIN_TEXTS} texts with a known distance and {response} (has {int(known.sum())})"
        )
    _, s = np.unique(stratum[known], return_inverse=True)
    x, y = _ranked(distance[known], s), _ranked(amount[known], s)
    if min(np.abs(x).max(), np.abs(y).max()) < 1e-9:
        raise NotComputable(f"{response} that differ")
    rng = np.random.default_rng([seed, 65])
    rho = _correlation(x, y)
    order = np.argsort(s, kind="stable")
    xs, ys, ss = x[order], y[order], s[order]
    null = np.array([_correlation(xs, ys[np.lexsort((rng.random(len(ys)), ss))]) for _ in range(draws)])
    _, who = np.unique(author[known], return_inverse=True)
    left = _without_each(distance[known], amount[known], s, who)
    ci = jackknifed(left, CORRELATION)(rho)
    if ci is None:
        raise NotComputable("texts by more authors: the correlation has no interval")
    standing = _null("responses shuffled inside community and time block", rho, null)
    found = standing.p < SIGNIFICANT / questions and not ci[0] <= 0 <= ci[1]
    verdict = ("more" if rho > 0 else "less") if found else "none"
    return Enforcement(response, rho, ci, standing, verdict, len(x))


def _correlation(x: Floats, y: Floats) -> float:
    return float((x @ y) / np.sqrt((x @ x) * (y @ y)))


def _ranked(values: Floats, stratum: Ints) -> Floats:
    """Mid-ranks inside strata as shares of the stratum, mean taken off."""
    out = np.empty(len(values))
    for label in np.unique(stratum):
        rows = np.flatnonzero(stratum == label)
        ranks = rankdata(values[rows]) / len(rows)
        out[rows] = ranks - ranks.mean()
    return out


def _without_each(x: Floats, y: Floats, stratum: Ints, author: Ints) -> Floats:
    """Return `_correlation` of `_ranked` values without each author, those who stay ranked anew."""
    n = int(author.max()) + 1
    sums = np.zeros((3, n))
    for label in np.unique(stratum):
        rows = np.flatnonzero(stratum == label)
        rows = rows[np.argsort(author[rows], kind="stable")]
        whole = _moments(x[rows], y[rows], np.ones((1, len(rows))))
        sums += whole
        present = np.unique(author[rows])
        step = max(BLOCK // len(rows), 1)
        for start in range(0, len(present), step):
            gone = present[start : start + step]
            kept = (author[rows] != gone[:, None]).astype(np.float64)
            sums[:, gone] += _moments(x[rows], y[rows], kept) - whole
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums[0] / np.sqrt(sums[1] * sums[2]))


def _moments(x: Floats, y: Floats, kept: Floats) -> Floats:
    """Return Σ xy, Σ xx, Σ yy of ranks among those kept, shape (3, rows of `kept`)."""
    a, b = _ranks_among(x, kept), _ranks_among(y, kept)
    return np.stack([(a * b).sum(axis=1), (a * a).sum(axis=1), (b * b).sum(axis=1)])


def _ranks_among(values: Floats, kept: Floats) -> Floats:
    """`_ranked` of one stratum, in every row among those kept (1) only; 0 for the others."""
    order = np.argsort(values, kind="stable")
    up_to = np.concatenate([np.zeros((len(kept), 1)), kept[:, order].cumsum(axis=1)], axis=1)
    below, through = (np.searchsorted(values[order], values, side) for side in ("left", "right"))
    n = np.maximum(up_to[:, -1:], 1)
    return np.asarray(kept * (up_to[:, below] + up_to[:, through] - n) / (2 * n), np.float64)
