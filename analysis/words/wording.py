"""How words are spread over texts, and how many any two texts share.

A word is what `lexical.words` says: 2 to 24 letters of any script, in lower case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
from scipy import sparse

from moltarium.analysis.bootstrap import Z95, Floats, Interval
from moltarium.analysis.corpus import Ints
from moltarium.analysis.inequality import power_law_alpha
from moltarium.analysis.words.lexical import words
from moltarium.sim.record.errors import NotComputable

COUNTED: Final = 500_000
"""Texts whose words are counted, at most: four times those of MoltBook's first days as Holtz had them."""
PAIRED: Final = 2_000
"""Texts of which all pairs are compared; of more texts so many are drawn."""


def zipf(frequencies: Iterable[int]) -> float:
    """Return s of ``frequency ∝ rank^−s``: least squares of ln(frequency) on ln(rank) over all words.

    The fit gives the many words that occur once as much say as their number, so s grows with the amount of
    text. Compare equal amounts.

    Raises
    ------
    NotComputable
        If all words are equally frequent.

    References
    ----------
    Zipf (1949), Human Behavior and the Principle of Least Effort.

    Examples
    --------
    >>> round(zipf([60, 30, 20, 15, 12]), 6)
    1.0
    """
    y = np.log(np.sort(np.fromiter(frequencies, np.float64))[::-1])
    if not len(y) or np.ptp(y) == 0:
        raise NotComputable("at least 2 words of different frequency")
    x = np.log(np.arange(1, len(y) + 1))
    x -= x.mean()
    return -float(x @ y / (x @ x))


def zipf_alpha(frequencies: Iterable[int]) -> float:
    """Return α of ``P(frequency) ∝ frequency^−α`` over words, ``1 + n / Σ ln f``.

    In an unbounded Zipf law α = 1 + 1 / s. It falls with the amount of text, where `zipf` grows.

    Raises
    ------
    NotComputable
        If no word occurs twice.

    Examples
    --------
    >>> round(zipf_alpha([4, 2, 1, 1]), 3)
    2.924
    """
    return power_law_alpha(np.fromiter(frequencies, np.float64))


def jaccard(texts: list[set[str]], author: Ints) -> tuple[float, Interval]:
    """Return the mean of ``|a ∩ b| / |a ∪ b|`` over all pairs of texts, and its interval.

    Parameters
    ----------
    texts
        Each text's words, none empty.
    author
        Number of each text's author, shape (texts,): texts of one author go together in the error, that of
        a mean over pairs, ``4 Σ_author (Σ_text (h − mean))² / n²`` with h a text's mean over its pairs.

    Raises
    ------
    NotComputable
        Under two texts.

    References
    ----------
    Hoeffding (1948), Annals of Mathematical Statistics 19, 293. doi:10.1214/aoms/1177730196

    Examples
    --------
    >>> said = [{"a", "b"}, {"b", "c"}, {"d"}]
    >>> round(jaccard(said, np.array([0, 1, 2]))[0], 6)
    0.111111
    """
    n = len(texts)
    if n < 2:
        raise NotComputable("at least 2 texts with words")
    code: dict[str, int] = {}
    column = [code.setdefault(word, len(code)) for text in texts for word in sorted(text)]
    size = np.array([len(text) for text in texts])
    begin = np.append(0, np.cumsum(size))
    table = sparse.csr_array((np.ones(len(column)), np.array(column), begin), shape=(n, len(code)))
    shared = np.asarray((table @ table.T).todense())
    alike = shared / (size[:, None] + size[None, :] - shared)
    each: Floats = (alike.sum(axis=1) - 1) / (n - 1)
    mean = float(each.mean())
    reach = Z95 * 2 / n * float(np.sqrt((np.bincount(author, each - mean) ** 2).sum()))
    return mean, (max(0.0, mean - reach), min(1.0, mean + reach))


class Wording:
    """Counts words over a stream of texts, and keeps the words of some.

    Parameters
    ----------
    kept
        Which texts to keep the words of, as indices.
    """

    def __init__(self, kept: Ints) -> None:
        self.frequency = Counter[str]()
        self.texts: dict[int, set[str]] = {}
        self._kept = frozenset(kept.tolist())

    def read(self, bodies: Iterable[str], used: Callable[[int], bool]) -> None:
        """Read every text whose index is `used`."""
        for index, body in enumerate(bodies):
            if used(index):
                said = words(body)
                self.frequency.update(said)
                if said and index in self._kept:
                    self.texts[index] = set(said)
