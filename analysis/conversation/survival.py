"""The measures ``survival.*``: how long until an answer, with those still waiting counted as waiting.

A comment without a reply when the record ends is censored: it says that an answer took longer than it was
watched. Leaving such comments out would make every answer look quick.
"""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import stdtrit

from moltarium.analysis.bootstrap import (
    MIN_BLOCKS,
    TAIL,
    Z95,
    Floats,
    Interval,
    fixed,
    median_interval,
)
from moltarium.analysis.conversation.threads import depths
from moltarium.analysis.corpus import UNKNOWN, Corpus, Ints, require
from moltarium.analysis.jackknife import freedom
from moltarium.analysis.metric import Definition, Family, Measure, Sampling, Sheet
from moltarium.analysis.ratios import ratio_intervals
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Post

_EZIZ: Final = "after Eziz 2026, arXiv:2602.07667"
_KM: Final = "Kaplan & Meier 1958, doi:10.1080/01621459.1958.10501452"
_FLAT: Final = "after Form Without Function 2026, arXiv:2604.13052"

DEFINITIONS: Final[dict[str, Definition]] = {
    "answered_1h": Definition("1 − S(1 h) of the time from a comment to its first reply, Kaplan–Meier", _KM),
    "answered_24h": Definition(
        "1 − S(24 h) of the time from a comment to its first reply, Kaplan–Meier", _KM
    ),
    "weibull_shape": Definition(
        "shape k of S(t) = exp(−(t/λ)^k) for the time from a comment to its first reply, censored at the "
        "record's end; under 1: who waits longer is less likely to be answered next",
        _EZIZ,
    ),
    "reply_median_s": Definition(
        "median seconds from a comment to its first reply, over those with one", _EZIZ
    ),
    "comment_half_life_min": Definition(
        "median minutes from a post to a comment in its thread, over all comments", "this project"
    ),
    "author_returns": Definition("share of threads with comments in which the post's author comments", _FLAT),
    "commenter_returns": Definition("share of (commenter, thread) pairs with at least two comments", _FLAT),
}

_NEED_WAITS: Final = ("answered_1h", "answered_24h", "weibull_shape", "reply_median_s")
_NEED_AUTHORS: Final = ("author_returns", "commenter_returns")

RESOLUTION: Final = 1e-3
"""Seconds that a shorter wait counts as: timestamps have milliseconds at best, and ln 0 has no value."""
_SECOND: Final = 1e6


class Waits(NamedTuple):
    """One wait per comment."""

    seconds: Floats
    """Until the first reply, or until the record ends."""
    answered: npt.NDArray[np.bool_]
    thread: Ints


def waits(corpus: Corpus) -> Waits:
    """Return how long each comment with a known place waited for its first reply.

    Raises
    ------
    NotComputable
        If the record does not know comment.parent or has no comment.
    """
    parent = corpus.parents()
    if not corpus.n_comments:
        raise NotComputable("at least 1 comment")
    end = max(int(corpus.comment_t.max()), int(corpus.post_t.max(initial=0)))
    first = np.full(corpus.n_comments, np.iinfo(np.int64).max)
    reply = np.flatnonzero(parent >= 0)
    np.minimum.at(first, parent[reply], corpus.comment_t[reply])
    answered = first < np.iinfo(np.int64).max
    until = np.where(answered, first, end)
    seconds = np.maximum((until - corpus.comment_t) / _SECOND, RESOLUTION)
    kept = (corpus.comment_post != UNKNOWN) & (depths(parent) > 0) & corpus.comment_own
    return Waits(seconds[kept], answered[kept], corpus.comment_post[kept])


def kaplan_meier(
    waited: Floats, ended: npt.NDArray[np.bool_], at: float, thread: Ints | None = None
) -> tuple[float, Interval]:
    """Return S(at) and its 95 % interval on the log–log scale.

    The variance of ln S is Greenwood's, or where waits of one thread go together the sum over threads of
    their summed influences, squared (Ying & Wei 1994, Journal of Multivariate Analysis 50, 17–29), with the
    degrees of freedom that those show (`moltarium.analysis.jackknife.freedom`). A wait
    that ended at u ≤ at pulls by −1 / Y(u), and each by Σ d / Y² over the endings that it lived to see,
    with Y waiting and d ended.

    Raises
    ------
    NotComputable
        If nobody was watched that long.

    Examples
    --------
    >>> round(kaplan_meier(np.array([1.0, 2, 3, 4]), np.array([True, False, True, False]), 3)[0], 3)
    0.375
    """
    if not len(waited) or waited.max() < at:
        raise NotComputable(f"a record that watches anybody for {at:g} s")
    times, events = np.unique(waited[ended & (waited <= at)], return_counts=True)
    at_risk = len(waited) - np.searchsorted(np.sort(waited), times)
    alive = float(np.exp(np.log1p(-np.minimum(events / at_risk, 1 - 1e-15)).sum()))
    errors = Z95
    if thread is None:
        variance = float((events / (at_risk * np.maximum(at_risk - events, 1e-9))).sum())
    else:
        seen = np.searchsorted(times, np.minimum(waited, at), side="right")
        pull = np.r_[0.0, np.cumsum(events / at_risk**2)][seen]
        pull[ended & (waited <= at)] -= 1 / at_risk[seen[ended & (waited <= at)] - 1]
        summed = np.bincount(np.unique(thread, return_inverse=True)[1], pull).astype(np.float64)
        variance = float(summed @ summed) * len(summed) / max(len(summed) - 1, 1)
        errors = _reach(summed)
    if not 0 < alive < 1 or variance <= 0:
        return alive, (alive, alive)
    reach = errors * np.sqrt(variance) / np.log(alive)
    return alive, (float(alive ** np.exp(-reach)), float(alive ** np.exp(reach)))


def weibull_shape(found: Waits) -> tuple[float, Interval | None]:
    """Return the maximum-likelihood shape and its interval; the error lets waits of one thread go together.

    Solves ``1/k + Σ_answered ln t / d = Σ tᵏ ln t / Σ tᵏ`` with d answers; sandwich variance over threads
    (Lin & Wei 1989, doi:10.1080/01621459.1989.10478874).

    Raises
    ------
    NotComputable
        Under ten answers, or if all waits are equal.
    """
    logs = np.log(found.seconds)
    logs = logs - logs.max()
    d = int(found.answered.sum())
    if d < MIN_BLOCKS or np.ptp(logs) < 1e-9:
        raise NotComputable("at least 10 answered comments that waited differently")
    mean = float(logs[found.answered].mean())

    def slope(k: float) -> float:
        power = np.exp(k * logs)
        return 1 / k + mean - float(power @ logs / power.sum())

    k = float(brentq(slope, 1e-4, 200.0, xtol=1e-10))
    power = np.exp(k * logs)
    s0, s1, s2 = (float((power * logs**j).sum()) for j in range(3))
    scores = found.answered * (1 / k + logs - s1 / s0) - d / s0 * power * (logs - s1 / s0)
    curve = d / k**2 + d * (s2 / s0 - (s1 / s0) ** 2)
    by_thread = np.bincount(found.thread, weights=scores).astype(np.float64)
    threads = len(np.unique(found.thread))
    if threads < MIN_BLOCKS:
        return k, None
    sd = float(np.sqrt((by_thread @ by_thread) * threads / (threads - 1))) / curve
    reach = _reach(by_thread[np.unique(found.thread)]) * sd
    return k, (max(0.0, k - reach), k + reach)


def _reach(pulls: Floats) -> float:
    """Return how many errors an interval reaches: more where few threads make up most of the error."""
    return float(stdtrit(freedom(pulls), 1 - TAIL))


def measure(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
    """Compute ``survival.*``; intervals over threads."""
    sheet = Sheet("survival", DEFINITIONS)
    try:
        found = waits(corpus)
    except NotComputable as lack:
        sheet.lack(_NEED_WAITS, lack.needs)
    else:
        for name, hours in (("answered_1h", 1), ("answered_24h", 24)):
            _enter_answered(sheet, name, found, hours * 3600.0)
        sheet.enter("weibull_shape", lambda: weibull_shape(found)[0], ci=lambda _: weibull_shape(found)[1])
        answered = found.seconds[found.answered]
        _enter_median(sheet, "reply_median_s", answered, found.thread[found.answered], sampling)
    placed = (corpus.comment_post != UNKNOWN) & corpus.comment_own
    thread = corpus.comment_post[placed]
    age = (corpus.comment_t[placed] - corpus.post_t[thread]) / (60 * _SECOND)
    told = age >= 0
    _enter_median(sheet, "comment_half_life_min", age[told], thread[told], sampling)
    try:
        require(corpus.record, "post.author", "comment.author")
    except NotComputable as lack:
        sheet.lack(_NEED_AUTHORS, lack.needs)
    else:
        _enter_returns(sheet, corpus, sampling)
    return {f"survival.{name}": sheet.measures[f"survival.{name}"] for name in DEFINITIONS}


def _enter_median(sheet: Sheet, name: str, values: Floats, block: Ints, sampling: Sampling) -> None:
    interval = median_interval(values, block, sampling.draws, np.random.default_rng([sampling.seed, 55]))
    needs = "at least 1 answered comment" if name in _NEED_WAITS else "at least 1 thread with a comment"
    sheet.enter(name, partial(_median, values, needs), ci=fixed(interval))


def _enter_answered(sheet: Sheet, name: str, found: Waits, at: float) -> None:
    def interval(_: float) -> Interval | None:
        low, high = kaplan_meier(found.seconds, found.answered, at, found.thread)[1]
        return (1 - high, 1 - low) if low < high else None

    sheet.enter(name, lambda: 1 - kaplan_meier(found.seconds, found.answered, at)[0], ci=interval)


def _enter_returns(sheet: Sheet, corpus: Corpus, sampling: Sampling) -> None:
    known = (corpus.comment_post != UNKNOWN) & (corpus.comment_author != UNKNOWN) & corpus.comment_own
    thread, author = corpus.comment_post[known], corpus.comment_author[known]
    posts = corpus.n_posts
    back = np.zeros(posts)
    back[thread[author == corpus.post_author[thread]]] = 1
    opened = np.zeros(posts)
    opened[thread] = corpus.post_author[thread] != UNKNOWN
    keys, times = np.unique(thread * max(len(corpus.agents), 1) + author, return_counts=True)
    of = keys // max(len(corpus.agents), 1)
    parts = {
        "author_returns": (back * opened, opened),
        "commenter_returns": (np.bincount(of, times > 1, posts), np.bincount(of, minlength=posts)),
    }
    intervals = ratio_intervals(parts, sampling.draws, np.random.default_rng([sampling.seed, 56]))
    for name, (above, below) in parts.items():
        sheet.enter(name, partial(_share, above, below), ci=fixed(intervals[name]))


def _share(above: npt.NDArray[np.generic], below: npt.NDArray[np.generic]) -> float:
    if not below.sum():
        raise NotComputable("at least 1 thread with a comment")
    return float(above.sum() / below.sum())


def _median(values: Floats, needs: str) -> float:
    if not len(values):
        raise NotComputable(needs)
    return float(np.median(values))


FAMILY: Final = Family("survival", frozenset({Post, Comment}), measure, DEFINITIONS)
