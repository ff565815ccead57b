"""How good a topic model is, and who talks about what: coherence, diversity, entropy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from moltarium.analysis.words.lexical import words

MIN_POSTS: Final = 20
"""Posts of a community or a period whose entropy is told."""

Floats = npt.NDArray[np.float64]


def coherence(topics: Sequence[Sequence[str]], texts: Sequence[str]) -> list[float]:
    """Return each topic's NPMI: do its words stand in the same posts?

    Mean over pairs of its words of ``ln(p(a, b) / p(a) p(b)) / −ln p(a, b)``, p over posts; −1 for pairs
    never seen together (Bouma 2009; Lau, Newman & Baldwin 2014, doi:10.3115/v1/E14-1056). NaN for a topic of
    one word.

    Examples
    --------
    >>> found = coherence([["sea", "tide"], ["sea", "code"]], ["sea tide", "code", "tide sea"])
    >>> [round(npmi, 6) for npmi in found]
    [1.0, -1.0]
    """
    wanted = {word for topic in topics for word in topic}
    column = {word: place for place, word in enumerate(sorted(wanted))}
    there = np.zeros((len(texts), max(len(column), 1)), np.float32)
    for row, text in enumerate(texts):
        for word in set(words(text)) & wanted:
            there[row, column[word]] = 1
    together = (there.T @ there).astype(np.float64) / max(len(texts), 1)
    return [_npmi(together, [column[word] for word in topic]) for topic in topics]


def _npmi(together: Floats, places: Sequence[int]) -> float:
    found = []
    for i, a in enumerate(places):
        for b in places[i + 1 :]:
            p, q = together[a, b], together[a, a] * together[b, b]
            found.append(-1.0 if p == 0 else 1.0 if p == 1 else float(np.log(p / q) / -np.log(p)))
    return float(np.mean(found)) if found else float("nan")


def diversity(topics: Sequence[Sequence[str]]) -> float:
    """Return the share of distinct words among all topics' words (Dieng, Ruiz & Blei 2020, arXiv:1907.04907).

    Examples
    --------
    >>> diversity([["sea", "tide"], ["sea", "code"]])
    0.75
    """
    said = [word for topic in topics for word in topic]
    return len(set(said)) / len(said) if said else float("nan")


def breadth(posts: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return what each community, or each period, talks about and how broadly.

    Parameters
    ----------
    posts
        Columns `by` and ``topic`` (−1: without words).
    by
        ``"community"``, or ``"start"`` of a period.

    Returns
    -------
    pandas.DataFrame
        The column `by`, ``posts``, ``topic`` (its largest), ``share`` (of that), ``entropy`` (bits),
        ``expected`` (mean entropy of as many posts drawn from the whole site), ``focus`` (expected less
        entropy: above 0, narrower than its size explains); those with `MIN_POSTS` posts, largest first.
    """
    said = posts[posts["topic"] >= 0]
    everyone = said["topic"].to_numpy(np.int64)
    rng = np.random.default_rng(67)
    rows = []
    for name, own in said.groupby(by)["topic"]:
        if len(own) < MIN_POSTS:
            continue
        count = np.bincount(own.to_numpy(np.int64))
        draws = [rng.choice(everyone, len(own), replace=False) for _ in range(50)]
        expected = float(np.mean([_bits(np.bincount(draw)) for draw in draws]))
        bits = _bits(count)
        rows.append((name, len(own), int(count.argmax()), float(count.max() / len(own)), bits, expected,
                     expected - bits))  # fmt: skip
    columns = [by, "posts", "topic", "share", "entropy", "expected", "focus"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["posts", by], ascending=[False, True]).reset_index(drop=True)


def _bits(count: npt.NDArray[np.int64]) -> float:
    p = count[count > 0] / count.sum()
    return float(-(p * np.log2(p)).sum())
