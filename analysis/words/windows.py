"""The language of a site, window by window: how varied, how new, how far from the window before.

Every figure here depends on how much text it is taken from, so all windows are cut to the same number of
words before anything is counted.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from moltarium.analysis.bootstrap import Z95
from moltarium.analysis.metric import Null
from moltarium.analysis.words.dispersion import slope
from moltarium.analysis.words.lexical import words
from moltarium.analysis.words.ngrams import Spoken, lives, spoken
from moltarium.sim.record.errors import NotComputable

MIN_WORDS: Final = 500
"""Words that the smallest window needs."""
MOST_WORDS: Final = 200_000
"""Words of a window that are read at most: the shuffles and resamples read every one of them again."""
SHUFFLES: Final = 100
"""Shuffles and resamples of whole records at most: each compresses all windows anew."""
SQUEEZED: Final = 65_536
"""Characters of a window that are compressed: the compressor looks back 32,768 bytes, more adds time only."""
SIGNIFICANT: Final = 0.05

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def entropy(counts: Sequence[int] | Ints) -> float:
    """Return the entropy of a distribution in bits, with Miller and Madow's correction for a finite sample.

    ``−Σ p log₂ p + (k − 1) / (2 n ln 2)`` (Miller 1955). 0 to log₂ k.

    Examples
    --------
    >>> round(entropy([500, 500]), 3)
    1.001
    """
    seen = np.asarray(counts, np.float64)
    seen = seen[seen > 0]
    n = seen.sum()
    p = seen / n
    return float(-(p * np.log2(p)).sum() + (len(seen) - 1) / (2 * n * math.log(2)))


def jsd(a: Floats, b: Floats) -> float:
    """Return the Jensen–Shannon divergence of two distributions in bits (Lin 1991, doi:10.1109/18.61115).

    0 for equal ones, 1 for disjoint ones.

    Examples
    --------
    >>> jsd(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    1.0
    """
    p, q = a / a.sum(), b / b.sum()
    m = (p + q) / 2

    def against(x: Floats) -> float:
        there = x > 0
        return float((x[there] * np.log2(x[there] / m[there])).sum())

    return (against(p) + against(q)) / 2


def zipf(counts: Sequence[int] | Ints) -> float:
    """Return the exponent s of ``f(r) ∝ r^−s`` over the ranks seen, by maximum likelihood.

    The likelihood of ranks 1 … V with normaliser Σ r^−s; ranks are assigned by the counts themselves, which
    flatters the fit in small samples, so compare only windows of equal size.

    Examples
    --------
    >>> ranks = np.arange(1, 1001)
    >>> round(zipf((1e7 * ranks**-1.2).astype(int)), 2)
    1.2
    """
    seen = np.sort(np.asarray(counts, np.float64))[::-1]
    seen = seen[seen > 0]
    if len(seen) < 2:
        raise NotComputable("two words")
    log_rank = np.log(np.arange(1, len(seen) + 1))
    n, weighted = seen.sum(), float((seen * log_rank).sum())

    def loss(s: float) -> float:
        return float(s * weighted + n * np.log(np.exp(-s * log_rank).sum()))

    return float(minimize_scalar(loss, bounds=(0.0, 5.0), method="bounded").x)


def compression(text: str) -> float:
    """Return compressed bytes / bytes (zlib, level 9): lower is more repetitive."""
    data = text.encode("utf-8", "replace")
    return len(zlib.compress(data, 9)) / max(len(data), 1)


@dataclass(frozen=True, slots=True)
class Windows:
    """The language of a record in windows of equally many texts, each cut to equally many words."""

    table: pd.DataFrame
    """One row per window: ``start``, ``end`` (UTC), ``texts``, ``entropy`` (bits per word), ``compression``,
    ``zipf``, ``jsd`` to the window before, ``jsd_null`` (the same for texts shuffled between the two),
    ``jsd_excess`` (their difference), ``jsd_low``, ``jsd_high`` (its 95 %, texts resampled), ``jsd_p``; NaN
    in the first."""
    trends: pd.DataFrame
    """``figure`` (entropy, compression, zipf), ``change`` (slope over windows, first to last), ``null_mean``
    (texts shuffled among all windows), ``difference``, ``low``, ``high`` (95 %, texts resampled), ``p``."""
    ngrams: pd.DataFrame
    """One row per window and length: ``window``, ``n``, ``kinds`` (n-grams said at least twice), ``born``
    (share of them in no earlier window) and ``died`` (share in no later one); NaN at the ends."""
    ngram_change: pd.DataFrame
    """Means over windows beside the same texts shuffled among all windows: see `ngrams.lives`."""
    n_words: int
    """Words per window."""
    excess: float
    """Largest `jsd_excess`."""
    excess_ci: tuple[float, float]
    """Its 95 %, as one of all pairs of neighbours (Bonferroni)."""
    change: Null
    """Largest JSD between neighbours against the largest among shuffled neighbours, both less their mean."""

    @property
    def verdict(self) -> str:
        """``"moving"`` where the largest move is beyond its null at p < .05 and its interval is above 0."""
        return "moving" if self.change.p < SIGNIFICANT and self.excess_ci[0] > 0 else "none"


def windows(frame: pd.DataFrame, *, n: int = 5, draws: int = 200, seed: int = 0) -> Windows:
    """Return how the language of a site moves.

    Parameters
    ----------
    frame
        Columns ``t`` and ``text``, in order of time.
    n
        Windows.
    draws
        Shuffles of neighbouring windows' texts: some difference is in any two samples of one language.
    seed
        Seeds the order in which texts are cut, shuffles and resamples.

    Raises
    ------
    NotComputable
        Where a window has under `MIN_WORDS` words.
    """
    rng = np.random.default_rng([seed, 63])
    texts: list[str] = frame["text"].tolist()
    window = np.arange(len(frame)) * n // max(len(frame), 1)
    sizes = np.bincount(window, [len(words(text)) for text in texts], n) if texts else np.zeros(n)
    limit = min(int(sizes.min()), MOST_WORDS)
    if limit < MIN_WORDS:
        raise NotComputable(f"{MIN_WORDS} words in each of {n} windows (the smallest has {limit})")
    # Words are split again for the texts that are read: those of all would fill the memory.
    orders = [rng.permutation(np.flatnonzero(window == w)).tolist() for w in range(n)]
    cut = [_cut((words(texts[row]) for row in order), limit) for order in orders]
    table = pd.DataFrame(
        [
            {"start": own.min(), "end": own.max(), "texts": len(own)}
            for own in (frame["t"][window == w] for w in range(n))
        ]
    )
    flat, at = [said for own in cut for said in own], np.repeat(np.arange(n), [len(own) for own in cut])
    # In any order but that of time: what is read first must not be the oldest of a shuffled window.
    order = rng.permutation(len(flat))
    seen = spoken([flat[each] for each in order.tolist()], at[order])
    figures = {name: np.array([figure(seen, seen.window, w) for w in range(n)]) for name, figure in _FIGURES}
    jumps = [_jump(seen, w, draws, rng) for w in range(1, n)]
    table = table.assign(
        **figures, **{f"jsd{name}": [np.nan, *(jump[name] for jump in jumps)] for name in _JUMP}
    )
    excess, nulls, reach = (np.array([jump[part] for jump in jumps]) for part in ("_excess", "null", "reach"))
    worst, largest = nulls.max(axis=0), int(np.argmax(excess))
    mean, sd = float(worst.mean()), float(worst.std(ddof=1))
    change = Null(
        "texts shuffled between neighbouring windows", mean, sd,
        (float(excess[largest]) - mean) / sd if sd > 0 else None,
        float((1 + (worst >= excess[largest]).sum()) / (1 + draws)), draws,
    )  # fmt: skip
    wide = float(reach[largest]) * float(norm.ppf(1 - 0.025 / len(jumps))) / Z95
    fewer = min(draws, SHUFFLES)
    ngrams, moved = lives(seen, fewer, rng)
    return Windows(
        table, _trends(seen, figures, fewer, rng), ngrams, moved, limit, float(excess[largest]),
        (float(excess[largest]) - wide, float(excess[largest]) + wide), change,
    )  # fmt: skip


def _cut(texts: Iterable[list[str]], limit: int) -> list[list[str]]:
    """The first `limit` words, texts kept whole but for the last."""
    out, left = [], limit
    for text in texts:
        if left <= 0:
            break
        out.append(text[:left])
        left -= len(text)
    return out


Figure = Callable[[Spoken, Ints, int], float]
"""A figure of window w, where each text stands in the window that the second argument says."""


def _counted(seen: Spoken, window: Ints, w: int) -> Ints:
    return np.bincount(seen.word[window[seen.text] == w])


def _squeezed(seen: Spoken, window: Ints, w: int) -> float:
    lines: list[str] = []
    left = SQUEEZED
    for row in np.flatnonzero(window == w).tolist():
        if left <= 0:
            break
        lines.append(seen.lines[row][:left])
        left -= len(lines[-1])
    return compression("\n".join(lines))


_FIGURES: Final[tuple[tuple[str, Figure], ...]] = (
    ("entropy", lambda seen, window, w: entropy(_counted(seen, window, w))),
    ("compression", _squeezed),
    ("zipf", lambda seen, window, w: zipf(_counted(seen, window, w))),
)
_JUMP: Final = ("", "_null", "_excess", "_low", "_high", "_p")


def _jump(seen: Spoken, w: int, draws: int, rng: np.random.Generator) -> dict[str, Any]:
    """JSD of a window's words to those of the window before, beside their texts dealt out anew."""
    texts = np.flatnonzero((seen.window == w) | (seen.window == w - 1))
    inside = np.isin(seen.text, texts)
    _, flat = np.unique(seen.word[inside], return_inverse=True)
    text_of = np.searchsorted(texts, seen.text[inside])
    second = np.asarray(seen.window[texts] == w, np.bool_)

    def between(second: npt.NDArray[np.bool_], weight: Floats | None = None) -> float:
        side = second[text_of]
        often = np.ones(len(flat)) if weight is None else weight[text_of]
        a, b = (np.bincount(flat, often * part, int(flat.max()) + 1) for part in (~side, side))
        return jsd(np.asarray(a, np.float64), np.asarray(b, np.float64))

    value = between(second)
    null = np.array([between(rng.permutation(second)) for _ in range(draws)])
    resampled = np.array([between(second, _resampled(second, rng)) for _ in range(draws)])
    reach, mean = Z95 * float(resampled.std(ddof=1)), float(null.mean())
    return {
        "": value, "_null": mean, "_excess": value - mean, "_low": value - mean - reach,
        "_high": value - mean + reach, "_p": float((1 + (null >= value).sum()) / (1 + draws)),
        "null": null - mean, "reach": reach,
    }  # fmt: skip


def _resampled(kind: npt.NDArray[Any], rng: np.random.Generator) -> Floats:
    """How often each text is drawn when as many of its kind are drawn with replacement."""
    weight = np.empty(len(kind))
    for each in np.unique(kind):
        own = np.flatnonzero(kind == each)
        weight[own] = np.bincount(rng.integers(0, len(own), len(own)), minlength=len(own))
    return weight


def _trends(seen: Spoken, figures: dict[str, Floats], draws: int, rng: np.random.Generator) -> pd.DataFrame:
    """Slopes of the windows' figures, beside texts shuffled among windows."""
    n = int(seen.window.max()) + 1
    texts = np.arange(len(seen.lines))
    shuffles = [rng.permutation(seen.window) for _ in range(draws)]
    drawn = [np.repeat(texts, _resampled(seen.window, rng).astype(np.int64)) for _ in range(draws)]
    rows = []
    for name, figure in _FIGURES:
        change = slope(figures[name])
        null = np.array([slope(np.array([figure(seen, each, w) for w in range(n)])) for each in shuffles])
        again = np.array([_slope_of(seen.of(each), figure, n) for each in drawn])
        mean, reach = float(null.mean()), Z95 * float(again.std(ddof=1))
        far = int((np.abs(null - mean) >= abs(change - mean)).sum())
        rows.append(
            (name, change, mean, change - mean, change - mean - reach, change - mean + reach,
             (1 + far) / (1 + draws))
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["figure", "change", "null_mean", "difference", "low", "high", "p"])


def _slope_of(seen: Spoken, figure: Figure, n: int) -> float:
    return slope(np.array([figure(seen, seen.window, w) for w in range(n)]))
