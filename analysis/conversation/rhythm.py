"""The measures ``rhythm.*``: when agents write, one by one and all together."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from moltarium.analysis.bootstrap import Floats, Interval, fixed
from moltarium.analysis.conversation.growth import growth, trend
from moltarium.analysis.corpus import UNKNOWN, Corpus, Ints
from moltarium.analysis.jackknife import ANGLE, PLAIN
from moltarium.analysis.metric import Definition, Family, Measure, Null, Sampling, Sheet
from moltarium.analysis.without import groups_of, mean_interval
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
    "burstiness_finite": Definition(
        "the same with what few gaps do taken out: mean of (√(n + 1) r − √(n − 1)) / ((√(n + 1) − 2) r + "
        "√(n − 1)), r = σ / μ of an agent's n gaps, σ² their mean squared distance from μ",
        "Kim & Jo 2016, doi:10.1103/PhysRevE.94.032311",
    ),
    "cov_regular": Definition(
        "share of agents with ≥ 3 gaps between posts whose gaps have σ / μ < .5 (called autonomous)", _LI
    ),
    "cov_irregular": Definition(
        "share of agents with ≥ 3 gaps between posts whose gaps have σ / μ > 1 (called human-influenced)", _LI
    ),
    "heartbeat_4h": Definition(
        "power of posts + comments per 10 min at a period of 4 h / mean power at neighbouring frequencies, "
        "or, from 5 days on and if less significant, / mean power of the 3rd to 9th harmonics of a "
        "day but the 6th, which it is",
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
        "b of posts + comments per hour ∝ (hours since their first thousandth)^b from one hour on, by "
        "Poisson quasi-likelihood",
        "Santos Silva & Tenreyro 2006, doi:10.1162/rest.88.4.641",
    ),
}

Fit: TypeAlias = Callable[[Ints, Ints], tuple[float, Interval | None]]

BIN: Final = 600
"""Seconds per bin of the spectra."""
NEIGHBOURS: Final = 8
"""Frequencies on each side that a peak is measured against."""
DAY_LINES: Final = (3, 4, 5, 7, 8, 9)
"""Harmonics of a day that its sixth, a period of 4 h, is measured against."""
_FEW: Final = "no interval: fewer than ten agents, or one or none makes the difference"
_POWERS: Final = "no interval: a ratio of powers, to be read beside its null"
_GAPS: Final = {"burstiness": 5, "burstiness_finite": 5, "cov_regular": 3, "cov_irregular": 3}


class Spread(NamedTuple):
    """Mean and standard deviation of each agent's gaps, agents with enough of them."""

    mean: Floats
    sd: Floats
    number: Floats
    """Gaps of each."""


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
    return Spread(mean[enough], np.sqrt(square[enough]), count[enough])


def finite_burstiness(spread: Spread) -> Floats:
    """Return Kim and Jo's burstiness of each agent: −1 regular, 0 Poisson, 1 all at once, whatever n.

    Goh and Barabási's never reaches 1, and a Poisson agent's n gaps vary less than their mean in the mean.

    Examples
    --------
    Five gaps, four of them nothing: as bursty as five can be.

    >>> gap = np.array([0.0, 0.0, 0.0, 0.0, 5.0])
    >>> spread = Spread(*(np.array([x]) for x in (gap.mean(), gap.std(ddof=1), 5.0)))
    >>> round(float(finite_burstiness(spread)[0]), 12)
    1.0
    """
    n = spread.number
    r = spread.sd / spread.mean * np.sqrt((n - 1) / n)
    up, down = np.sqrt(n + 1), np.sqrt(n - 1)
    found: Floats = (up * r - down) / ((up - 2) * r + down)
    return found


class Peak(NamedTuple):
    """A peak of a spectrum."""

    ratio: float
    """Power at the period over the mean power around it."""
    p: float
    """Probability of as much where the spectrum is flat: the ratio then follows F(2, 2·around)."""
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
    count = _counts(t)
    hours = len(count) * BIN / 3600
    line = round(hours / period_h)
    if line < 5:
        raise NotComputable(f"a record of at least 5 × {period_h:g} h")
    # Cut to a whole number of periods: then the line lies on the period, not beside it.
    count = count[: int(line * period_h * 3600 / BIN)] if line * period_h <= hours else count
    power = _power(count)
    line = round(len(count) * BIN / 3600 / period_h)
    places = np.r_[line - NEIGHBOURS - 1 : line - 1, line + 2 : line + NEIGHBOURS + 2]
    return _peak(power, line, places[(places >= 2) & (places < len(power))])


def beat(t: Ints) -> Peak:
    """Return how far a period of 4 h stands out, also of the harmonics of a day it is one of.

    A day that starts and stops sharply has power at 24 / k h for every k, at 4 h as well. From five days on
    the line is therefore set, besides, against the harmonics on both sides (`DAY_LINES`); what stands out
    less counts, so that both must speak (Berger 1982, doi:10.1080/00401706.1982.10487790).

    Raises
    ------
    NotComputable
        If the record covers fewer than 20 hours.

    Examples
    --------
    Ten days of office hours, an act every minute from 8 to 18:

    >>> minute = np.arange(10 * 24 * 60)
    >>> t = minute[(minute // 60 % 24 >= 8) & (minute // 60 % 24 < 18)] * 60_000_000
    >>> peak(t, 4.0).p < 0.05, beat(t).p < 0.05
    (True, False)
    """
    around = peak(t, 4.0)
    count = _counts(t)
    a_day = 24 * 3600 // BIN
    days = len(count) // a_day
    if days < 5:
        return around
    power = _power(count[: days * a_day])
    harmonics = _peak(power, 6 * days, np.array(DAY_LINES) * days)
    return max(around, harmonics, key=lambda one: one.p)


def _counts(t: Ints) -> Floats:
    if not len(t):
        raise NotComputable("at least 1 post or comment")
    return np.bincount((t - int(t.min())) // (BIN * 1_000_000)).astype(np.float64)


def _power(count: Floats) -> Floats:
    x = np.arange(len(count)) - (len(count) - 1) / 2
    rest = count - count.mean() - x * (x @ count / (x @ x))
    power: Floats = np.abs(np.fft.rfft(rest * np.hanning(len(rest)))) ** 2
    return power


def _peak(power: Floats, line: int, places: Ints) -> Peak:
    floor = float(power[places].mean())
    if floor <= 0:
        raise NotComputable("activity that varies")
    ratio = float(power[line] / floor)
    k = len(places)
    # Survival of F(2, 2k), which has a closed form.
    return Peak(ratio, (1 + ratio / k) ** -k, k)


def measure(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
    """Compute ``rhythm.*``; intervals by what agents make of it, one by one or left out in groups."""
    sheet = Sheet("rhythm", DEFINITIONS)
    own_posts, own_comments = corpus.post_own, corpus.comment_own
    author = np.concatenate((corpus.post_author[own_posts], corpus.comment_author[own_comments]))
    t = np.concatenate((corpus.post_t[own_posts], corpus.comment_t[own_comments]))
    every = gaps(author, t, _GAPS["burstiness"])
    posts = gaps(corpus.post_author[own_posts], corpus.post_t[own_posts], _GAPS["cov_regular"])
    scores = {
        "burstiness": ((every.sd - every.mean) / (every.sd + every.mean), PLAIN),
        "burstiness_finite": (finite_burstiness(every), PLAIN),
        "cov_regular": ((posts.sd / posts.mean < 0.5).astype(np.float64), ANGLE),
        "cov_irregular": ((posts.sd / posts.mean > 1.0).astype(np.float64), ANGLE),
    }
    for name, (values, scale) in scores.items():
        ci = fixed(mean_interval(values, scale))
        note = f"{len(values)} agents"
        sheet.enter(name, partial(_mean, values, _GAPS[name]), ci=ci, note=note, why=_FEW)
    for name, spectrum in (("heartbeat_4h", beat), ("circadian_24h", partial(peak, period_h=24.0))):
        sheet.enter(name, partial(_ratio, spectrum, t), null=partial(_flat, spectrum, t), why=_POWERS)
    group = groups_of(author, np.random.default_rng([sampling.seed, 63]))
    for name, slope in (("growth_exponent", growth), ("trend", trend)):
        sheet.enter(
            name, partial(_slope, slope, t, group), ci=partial(_slope_interval, slope, t, group), why=_FEW
        )
    return sheet.measures


def _ratio(spectrum: Callable[[Ints], Peak], t: Ints) -> float:
    return spectrum(t).ratio


def _slope(fit: Fit, t: Ints, group: Ints) -> float:
    return fit(t, group)[0]


def _slope_interval(fit: Fit, t: Ints, group: Ints, _value: float) -> Interval | None:
    return fit(t, group)[1]


def _flat(spectrum: Callable[[Ints], Peak], t: Ints, value: float) -> Null:
    found = spectrum(t)
    k = found.around
    sd = math.sqrt(k * k * k / ((k - 1) ** 2 * (k - 2))) if k > 2 else 1.0
    mean = k / (k - 1) if k > 1 else 1.0
    return Null("a spectrum that is flat around the period", mean, sd, (value - mean) / sd, found.p, 0)


def _mean(values: Floats, least: int) -> float:
    if not len(values):
        raise NotComputable(f"at least 1 agent with {least} gaps")
    return float(values.mean())


FAMILY: Final = Family(
    "rhythm", frozenset({Post, Comment, "post.author", "comment.author"}), measure, DEFINITIONS
)
