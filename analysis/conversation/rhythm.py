"""The measures ``rhythm.*``: when agents write, one by one and all together."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from moltarium.analysis.bootstrap import Floats, Interval, fixed, resampled_interval
from moltarium.analysis.corpus import UNKNOWN, Corpus, Ints
from moltarium.analysis.metric import Definition, Family, Measure, Null, Sampling, Sheet
from moltarium.analysis.slope import slope_of
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Post

_LI: Final = "after Li 2026, arXiv:2602.07432"
_GOH: Final = "Goh & Barabási 2008, doi:10.1209/0295-5075/81/48002"
_SPECTRUM: Final = "after Eziz 2026, arXiv:2602.07667; test: Percival & Walden 1993, ch. 10"
_DEMARZO: Final = "De Marzo & Garcia 2026, arXiv:2602.09270"

DEFINITIONS: Final[dict[str, Definition]] = {
    "burstiness": Definition(
        "mean over agents with ≥ 5 gaps of (σ − μ) / (σ + μ) of the gaps between their posts and comments; "
        "−1 regular, 0 Poisson, 1 bursty",
        _GOH,
    ),
    "cov_regular": Definition(
        "share of agents with ≥ 3 gaps between posts whose gaps have σ / μ < .5 (called autonomous)", _LI
    ),
    "cov_irregular": Definition(
        "share of agents with ≥ 3 gaps between posts whose gaps have σ / μ > 1 (called human-influenced)", _LI
    ),
    "heartbeat_4h": Definition(
        "power of posts + comments per 10 min at a period of 4 h / mean power at neighbouring frequencies",
        _SPECTRUM,
    ),
    "circadian_24h": Definition(
        "power of posts + comments per 10 min at a period of 24 h / mean power at neighbouring frequencies",
        _SPECTRUM,
    ),
    "growth_exponent": Definition(
        "slope of ln γ on ln(t − 30 min), γ(t) = N(t) / N(t − 30 min) − 1, N posts + comments and t the "
        "time since the first thousandth of them",
        _DEMARZO,
    ),
    "trend": Definition(
        "slope of ln(posts + comments per hour) on ln(hours since their first thousandth)", "this project"
    ),
}

Fit: TypeAlias = Callable[[Ints], tuple[float, Interval | None]]

BIN: Final = 600
"""Seconds per bin of the spectra."""
NEIGHBOURS: Final = 8
"""Frequencies on each side that a peak is measured against."""
_GAPS: Final = {"burstiness": 5, "cov_regular": 3, "cov_irregular": 3}


class Spread(NamedTuple):
    """Mean and standard deviation of each agent's gaps, agents with enough of them."""

    mean: Floats
    sd: Floats


def gaps(author: Ints, t: Ints, least: int) -> Spread:
    """Return mean and sd (seconds) of the gaps between each agent's times, for agents with `least` gaps."""
    known = author != UNKNOWN
    author, t = author[known], t[known]
    order = np.lexsort((t, author))
    author, t = author[order], t[order]
    same = author[1:] == author[:-1]
    gap, of = (np.diff(t)[same] / 1e6).astype(np.float64), author[1:][same]
    count = np.bincount(of).astype(np.float64)
    enough = count >= least
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(of, weights=gap) / count
        square = np.bincount(of, weights=(gap - mean[of]) ** 2) / (count - 1)
    enough &= mean > 0
    return Spread(mean[enough], np.sqrt(square[enough]))


class Peak(NamedTuple):
    """A peak of a spectrum."""

    ratio: float
    """Power at the period over the mean power around it."""
    p: float
    """Probability of as much where the spectrum is flat: the ratio then follows F(2, 4·NEIGHBOURS)."""
    around: int


def peak(t: Ints, period_h: float) -> Peak:
    """Return how far a period stands out of the spectrum of events around it.

    Counts per `BIN` are detrended (straight line) and tapered (Hann); the line nearest to the period is set
    against `NEIGHBOURS` lines on each side, the two next to it left out because the taper spreads it there.

    Raises
    ------
    NotComputable
        If the record covers fewer than five periods.
    """
    if not len(t):
        raise NotComputable("at least 1 post or comment")
    start = int(t.min())
    count = np.bincount((t - start) // (BIN * 1_000_000)).astype(np.float64)
    hours = len(count) * BIN / 3600
    line = round(hours / period_h)
    if line < 5:
        raise NotComputable(f"a record of at least 5 × {period_h:g} h")
    # Cut to a whole number of periods: then the line lies on the period, not beside it.
    count = count[: int(line * period_h * 3600 / BIN)] if line * period_h <= hours else count
    x = np.arange(len(count)) - (len(count) - 1) / 2
    rest = count - count.mean() - x * (x @ count / (x @ x))
    power = np.abs(np.fft.rfft(rest * np.hanning(len(rest)))) ** 2
    line = round(len(count) * BIN / 3600 / period_h)
    places = np.r_[line - NEIGHBOURS - 1 : line - 1, line + 2 : line + NEIGHBOURS + 2]
    places = places[(places >= 2) & (places < len(power))]
    floor = float(power[places].mean())
    if floor <= 0:
        raise NotComputable("activity that varies")
    ratio = float(power[line] / floor)
    k = len(places)
    # Survival of F(2, 2k), which has a closed form.
    return Peak(ratio, (1 + ratio / k) ** -k, k)


def growth(t: Ints, step_s: int = 1800) -> tuple[float, Interval | None]:
    """Return the exponent of relative growth and its interval; 30 logarithmic bins of t weigh alike.

    Raises
    ------
    NotComputable
        If the record is shorter than twenty steps.
    """
    seconds = _since(t, 1e6)
    if not len(seconds) or seconds[-1] < 20 * step_s:
        raise NotComputable("a record of at least 10 h")
    at = np.arange(2 * step_s, int(seconds[-1]), step_s).astype(np.float64)
    seconds = seconds[seconds >= 0]
    total = np.searchsorted(seconds, at, side="right").astype(np.float64)
    before = np.searchsorted(seconds, at - step_s, side="right")
    rate = total / np.maximum(before, 1) - 1
    return _binned_slope(at - step_s, rate)


def trend(t: Ints) -> tuple[float, Interval | None]:
    """Return the exponent of activity per hour over time and its interval.

    Raises
    ------
    NotComputable
        If the record is shorter than ten hours.
    """
    hours = _since(t, 3.6e9)
    if not len(hours) or hours[-1] < 20:
        raise NotComputable("a record of at least 20 h")
    count = np.bincount(hours[hours >= 0].astype(np.int64)).astype(np.float64)[:-1]
    return _binned_slope(np.arange(0.5, len(count)), count)


def _since(t: Ints, unit: float) -> Floats:
    """Return rising times since the first thousandth of all: a platform's trial post is no beginning."""
    ordered = np.sort(t)
    return (ordered - ordered[len(t) // 1000]) / unit if len(t) else np.zeros(0)


def _binned_slope(x: Floats, y: Floats, bins: int = 30) -> tuple[float, Interval | None]:
    edges = np.geomspace(x[0], x[-1] * (1 + 1e-9), bins + 1)
    of = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, bins - 1)
    number = np.bincount(of, minlength=bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(of, weights=y, minlength=bins) / number
        middle = np.bincount(of, weights=np.log(x), minlength=bins) / number
    used = (number > 0) & (mean > 0)
    return slope_of(middle[used], np.log(mean[used]))


def measure(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
    """Compute ``rhythm.*``; intervals by resampling agents, or from the fit."""
    sheet = Sheet("rhythm", DEFINITIONS)
    own_posts, own_comments = corpus.post_own, corpus.comment_own
    author = np.concatenate((corpus.post_author[own_posts], corpus.comment_author[own_comments]))
    t = np.concatenate((corpus.post_t[own_posts], corpus.comment_t[own_comments]))
    every = gaps(author, t, _GAPS["burstiness"])
    posts = gaps(corpus.post_author[own_posts], corpus.post_t[own_posts], _GAPS["cov_regular"])
    scores = {
        "burstiness": (every.sd - every.mean) / (every.sd + every.mean),
        "cov_regular": (posts.sd / posts.mean < 0.5).astype(np.float64),
        "cov_irregular": (posts.sd / posts.mean > 1.0).astype(np.float64),
    }
    for number, (name, values) in enumerate(scores.items()):
        rng = np.random.default_rng([sampling.seed, 60 + number])
        interval = resampled_interval(values, _plain_mean, sampling.draws, rng)
        note = f"{len(values)} agents"
        sheet.enter(name, partial(_mean, values, _GAPS[name]), ci=fixed(interval), note=note)
    for name, period in (("heartbeat_4h", 4.0), ("circadian_24h", 24.0)):
        sheet.enter(name, partial(_ratio, t, period), null=partial(_flat, t, period))
    for name, slope in (("growth_exponent", growth), ("trend", trend)):
        sheet.enter(name, partial(_slope, slope, t), ci=partial(_slope_interval, slope, t))
    return sheet.measures


def _ratio(t: Ints, period: float) -> float:
    return peak(t, period).ratio


def _slope(fit: Fit, t: Ints) -> float:
    return fit(t)[0]


def _slope_interval(fit: Fit, t: Ints, _value: float) -> Interval | None:
    return fit(t)[1]


def _flat(t: Ints, period: float, value: float) -> Null:
    found = peak(t, period)
    k = found.around
    sd = math.sqrt(k * k * k / ((k - 1) ** 2 * (k - 2))) if k > 2 else 1.0
    mean = k / (k - 1) if k > 1 else 1.0
    return Null("a spectrum that is flat around the period", mean, sd, (value - mean) / sd, found.p, 0)


def _plain_mean(values: Floats) -> float:
    return float(values.mean())


def _mean(values: Floats, least: int) -> float:
    if not len(values):
        raise NotComputable(f"at least 1 agent with {least} gaps")
    return float(values.mean())


FAMILY: Final = Family(
    "rhythm", frozenset({Post, Comment, "post.author", "comment.author"}), measure, DEFINITIONS
)
