"""How words are spread over texts, and how many any two texts share, as Holtz counts them.

His text (arXiv:2602.10131) leaves the splitting open; his replication code
(github.com/daveholtz/moltbook_scraper) counts the words of Unicode's default boundaries that hold a Latin
letter, and compares texts by what stands between white space.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain, count
from typing import Final

import numpy as np

from moltarium.analysis.bootstrap import Z95, Interval
from moltarium.analysis.corpus import Ints, Mask
from moltarium.analysis.inequality import power_law_alpha
from moltarium.sim.record.errors import NotComputable

COUNTED: Final = 500_000
"""Texts whose words are counted, at most: four times those of MoltBook's first days as Holtz had them."""
PAIRED: Final = 10_000
"""Texts of which all pairs are compared; of more texts so many are drawn: the mean is then off by .8 %."""
LONG: Final = 20
"""Characters from which on a text is compared with others, as Holtz has it."""
BLOCK: Final = 256
"""Texts that are compared with all others at once: 20 MB of shares."""
FREQUENT: Final = 256
"""Most frequent words, compared 64 at once: 96 % of what pairs share in MoltBook's first days."""

_LETTER: Final = "a-z0-9_\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0370-\u1fff\uac00-\ud7a3"
_WORD: Final = re.compile(
    rf"[{_LETTER}]+(?:(?:(?<=[^\W\d_])[.:'’·](?=[^\W\d_])|(?<=\d)[.,;'](?=\d))[{_LETTER}]+)*"
)
"""A word by the default boundaries of Unicode's UAX 29, but for scripts that have none in Latin texts."""
_LATIN: Final = re.compile("[a-z]")


def latin_words(text: str) -> list[str]:
    """Return a text's words by Unicode's default boundaries, in lower case; some hold no Latin letter.

    References
    ----------
    Unicode Standard Annex 29, Unicode Text Segmentation, section 4 (word boundaries).

    Examples
    --------
    >>> latin_words("Don't panic: v1.0 of example.com, 3 lobsters_too!")
    ["don't", 'panic', 'v1.0', 'of', 'example.com', '3', 'lobsters_too']
    """
    return _WORD.findall(text.lower())


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
    from moltarium.analysis.words import shared_words

    first, word, words = _by_frequency(texts)
    marked = shared_words.marks(first, word, FREQUENT)
    held = shared_words.holders(first, word, words)
    each = np.empty(n)
    for at in range(0, n, BLOCK):
        rows = (at, min(at + BLOCK, n))
        each[slice(*rows)] = shared_words.alike(rows, first, word, held, marked).sum(axis=1)
    each = (each - 1) / (n - 1)
    mean = float(each.mean())
    reach = Z95 * 2 / n * float(np.sqrt((np.bincount(author, each - mean) ** 2).sum()))
    return mean, (max(0.0, mean - reach), min(1.0, mean + reach))


def _by_frequency(texts: list[set[str]]) -> tuple[Ints, Ints, int]:
    """Return (first, word, words): text k holds ``word[first[k]:first[k + 1]]``, 0 the most frequent word."""
    code = dict(zip(set[str]().union(*texts), count(), strict=False))
    held = np.fromiter(map(code.__getitem__, chain.from_iterable(texts)), np.int64)
    rank = np.empty(len(code), np.int64)
    rank[np.argsort(-np.bincount(held, minlength=len(code)), kind="stable")] = np.arange(len(code))
    first = np.append(0, np.cumsum([len(text) for text in texts]))
    return first, rank[held], len(code)


class Wording:
    """Counts the Latin words of some texts of a stream, and keeps what stands between white space of others.

    Parameters
    ----------
    counted, kept
        Which texts to count the words of, and which to keep, shape (texts,).
    """

    def __init__(self, counted: Mask, kept: Mask) -> None:
        self.texts: dict[int, set[str]] = {}
        self._found = Counter[str]()
        self._counted, self._kept = counted, kept

    def read(self, bodies: Iterable[str]) -> None:
        """Read every text."""
        for index, body in enumerate(bodies):
            if self._counted[index]:
                self._found.update(latin_words(body))
            if self._kept[index]:
                self.texts[index] = set(body.lower().split())

    def frequency(self) -> list[int]:
        """Return how often each word with a Latin letter occurs."""
        return [number for word, number in self._found.items() if _LATIN.search(word)]
