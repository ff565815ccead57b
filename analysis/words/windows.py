"""The language of a site, window by window: how varied, how new, how far from the window before.

Every figure here depends on how much text it is taken from, so all windows are cut to the same number of
words before anything is counted.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar

from moltarium.analysis.metric import Null
from moltarium.analysis.words.lexical import words
from moltarium.sim.record.errors import NotComputable

MIN_WORDS: Final = 500
"""Words that the smallest window needs."""
LONGEST: Final = 5
"""n-grams up to this many words (arXiv:2602.14299)."""

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
    ``zipf``, ``jsd`` to the window before and ``jsd_null`` (the same for texts shuffled between the two),
    ``jsd_p``; NaN in the first."""
    ngrams: pd.DataFrame
    """One row per window and length: ``window``, ``n``, ``kinds`` (n-grams said at least twice), ``born``
    (share of them in no earlier window) and ``died`` (share in no later one); NaN at the ends."""
    n_words: int
    """Words per window."""
    change: Null
    """Largest JSD between neighbours against the largest among shuffled neighbours."""


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
        Seeds the order in which texts are cut and the shuffles.

    Raises
    ------
    NotComputable
        Where a window has under `MIN_WORDS` words.
    """
    rng = np.random.default_rng([seed, 63])
    said = [words(text) for text in frame["text"]]
    window = np.arange(len(frame)) * n // max(len(frame), 1)
    sizes = np.bincount(window, [len(found) for found in said], n) if len(frame) else np.zeros(n)
    limit = int(sizes.min())
    if limit < MIN_WORDS:
        raise NotComputable(f"{MIN_WORDS} words in each of {n} windows (the smallest has {limit})")
    cut = [_cut([said[i] for i in rng.permutation(np.flatnonzero(window == w))], limit) for w in range(n)]
    rows, jumps, nulls = [], [], []
    for w, texts in enumerate(cut):
        counts = list(Counter(word for text in texts for word in text).values())
        own = frame["t"][window == w]
        row: dict[str, Any] = {
            "start": own.min(),
            "end": own.max(),
            "texts": len(own),
            "entropy": entropy(counts),
            "compression": compression("\n".join(" ".join(text) for text in texts)),
            "zipf": zipf(counts),
        }
        if w:
            value, null = _jump(cut[w - 1], texts, draws, rng)
            row |= {"jsd": value, "jsd_null": float(null.mean()),
                    "jsd_p": float((1 + (null >= value).sum()) / (1 + draws))}  # fmt: skip
            jumps.append(value - null.mean())
            nulls.append(null - null.mean())
        rows.append(row)
    worst = np.max(nulls, axis=0)
    mean, sd = float(worst.mean()), float(worst.std(ddof=1))
    change = Null(
        "texts shuffled between neighbouring windows", mean, sd,
        (max(jumps) - mean) / sd if sd > 0 else None,
        float((1 + (worst >= max(jumps)).sum()) / (1 + draws)), draws,
    )  # fmt: skip
    return Windows(pd.DataFrame(rows), _ngrams(cut), limit, change)


def _cut(texts: list[list[str]], limit: int) -> list[list[str]]:
    """The first `limit` words, texts kept whole but for the last."""
    out, left = [], limit
    for text in texts:
        if left <= 0:
            break
        out.append(text[:left])
        left -= len(text)
    return out


def _jump(
    before: list[list[str]], after: list[list[str]], draws: int, rng: np.random.Generator
) -> tuple[float, Floats]:
    """JSD of two windows' words, and the same for their texts dealt out anew."""
    both = before + after
    code: dict[str, int] = {}
    flat = np.array([code.setdefault(word, len(code)) for text in both for word in text], np.int64)
    text_of = np.repeat(np.arange(len(both)), [len(text) for text in both])

    def between(second: npt.NDArray[np.bool_]) -> float:
        side = second[text_of]
        a, b = (np.bincount(flat[part], minlength=len(code)).astype(float) for part in (~side, side))
        return jsd(a, b)

    second = np.arange(len(both)) >= len(before)
    null = np.array([between(rng.permutation(second)) for _ in range(draws)])
    return between(second), null


def _ngrams(cut: list[list[list[str]]]) -> pd.DataFrame:
    rows = []
    for n in range(1, LONGEST + 1):
        kinds = [_said_twice(texts, n) for texts in cut]
        for w, here in enumerate(kinds):
            earlier: set[tuple[str, ...]] = set().union(*kinds[:w])
            later: set[tuple[str, ...]] = set().union(*kinds[w + 1 :])
            rows.append(
                {
                    "window": w,
                    "n": n,
                    "kinds": len(here),
                    "born": len(here - earlier) / len(here) if w and here else np.nan,
                    "died": len(here - later) / len(here) if w + 1 < len(kinds) and here else np.nan,
                }
            )
    return pd.DataFrame(rows)


def _said_twice(texts: list[list[str]], n: int) -> set[tuple[str, ...]]:
    count = Counter(tuple(text[i : i + n]) for text in texts for i in range(len(text) - n + 1))
    return {gram for gram, times in count.items() if times > 1}
