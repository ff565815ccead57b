"""Birth and death of n-grams between windows, beside what the same texts give in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from moltarium.analysis.bootstrap import Z95

LONGEST: Final = 5
"""n-grams up to this many words (arXiv:2602.14299)."""
TWICE: Final = 2
"""How often an n-gram has to be said in a window to count there (arXiv:2602.14299)."""
FEWEST: Final = 30
"""n-grams that every window must say twice before a share of them is told."""
GROUPS: Final = 20
"""Groups of texts that are left out one at a time for the interval."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words of texts, one after the other."""

    word: Ints
    """Code of each word."""
    text: Ints
    """Place of the text that each word stands in, in order."""
    window: Ints
    """Window of each text."""
    lines: tuple[str, ...]
    """Each text's words, separated by spaces."""

    def of(self, texts: Ints) -> Spoken:
        """Return these texts only, as often as they are named."""
        size = np.bincount(self.text, minlength=len(self.lines))
        start = np.cumsum(size) - size
        length = size[texts]
        ends = np.cumsum(length)
        at = np.arange(int(length.sum())) + np.repeat(start[texts] - ends + length, length)
        return Spoken(
            self.word[at], np.repeat(np.arange(len(texts)), length), self.window[texts],
            tuple(self.lines[each] for each in texts.tolist()),
        )  # fmt: skip


def spoken(texts: Sequence[Sequence[str]], window: Ints) -> Spoken:
    """Return texts as codes, words numbered by first use."""
    code: dict[str, int] = {}
    flat = np.array([code.setdefault(word, len(code)) for text in texts for word in text], np.int64)
    place = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    return Spoken(flat, place, window, tuple(" ".join(text) for text in texts))


def lives(seen: Spoken, draws: int, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return n-grams born and died by window, and their means beside shuffled texts.

    A rare n-gram is "born" in whatever window it happens to be said twice in, so a share alone tells nothing:
    the null deals the texts out anew among all windows. Intervals by leaving out a twentieth of every
    window's texts at a time (delete-a-group jackknife).

    Returns
    -------
    tuple
        By window and length: ``window``, ``n``, ``kinds``, ``born``, ``died``. By length and figure: ``n``,
        ``figure`` (born, died), ``observed``, ``expected``, ``difference``, ``low``, ``high``, ``p``; lengths
        of which some window says fewer than `FEWEST` are left out.
    """
    rows, means = [], []
    group = np.empty(len(seen.window), np.int64)
    for w in np.unique(seen.window):
        own = np.flatnonzero(seen.window == w)
        group[own] = rng.permutation(len(own)) % GROUPS
    for n, (gram, text) in enumerate(_grams(seen), start=1):
        kinds, *shares = _lives(gram, text, seen.window)
        for w, row in enumerate(zip(kinds.tolist(), *(share.tolist() for share in shares), strict=True)):
            rows.append((w, n, *row))
        if kinds.min() < FEWEST:
            continue
        shuffled = [_means(gram, text, rng.permutation(seen.window)) for _ in range(draws)]
        kept = [group[text] != each for each in range(GROUPS)]
        without = np.array([_means(gram[keep], text[keep], seen.window) for keep in kept])
        spread = np.sqrt((GROUPS - 1) / GROUPS * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
        for place, name in enumerate(("born", "died")):
            value, null = _means(gram, text, seen.window)[place], np.array(shuffled)[:, place]
            gap, reach = value - float(null.mean()), Z95 * float(spread[place])
            far = int((np.abs(null - null.mean()) >= abs(gap)).sum())
            means.append(
                (n, name, value, value - gap, gap, gap - reach, gap + reach, (1 + far) / (1 + draws))
            )
    return (
        pd.DataFrame(rows, columns=["window", "n", "kinds", "born", "died"]),
        pd.DataFrame(
            means, columns=["n", "figure", "observed", "expected", "difference", "low", "high", "p"]
        ),
    )


def _grams(seen: Spoken) -> list[tuple[Ints, Ints]]:
    """By length, the code of each n-gram and its text; those said once in all texts are left out."""
    found = []
    size, gram = int(seen.word.max()) + 1, seen.word
    for n in range(1, LONGEST + 1):
        starts = len(seen.word) - n + 1
        whole = seen.text[:starts] == seen.text[n - 1 :]
        if n > 1:
            pairs = np.where(whole, gram[:starts] * size + seen.word[n - 1 :], -1)
            gram = np.unique(pairs, return_inverse=True)[1].astype(np.int64)
        often = whole & (np.bincount(gram[whole], minlength=int(gram.max()) + 1)[gram[:starts]] >= TWICE)
        codes = np.unique(gram[:starts][often], return_inverse=True)[1]
        found.append((codes.astype(np.int64), seen.text[:starts][often]))
    return found


def _lives(gram: Ints, text: Ints, window: Ints) -> tuple[Floats, Floats, Floats]:
    """Kinds of n-grams by window, the share born and the share died there."""
    n, size = int(window.max()) + 1, int(gram.max(initial=0)) + 1
    here = np.bincount(window[text] * size + gram, minlength=n * size).reshape(n, size) >= TWICE
    kinds = here.sum(axis=1)
    known = np.logical_or.accumulate(here)
    kept = np.logical_or.accumulate(here[::-1])[::-1]
    born, died = np.full(n, np.nan), np.full(n, np.nan)
    with np.errstate(invalid="ignore"):
        born[1:] = 1 - (here[1:] & known[:-1]).sum(axis=1) / kinds[1:]
        died[:-1] = 1 - (here[:-1] & kept[1:]).sum(axis=1) / kinds[:-1]
    return kinds.astype(np.float64), born, died


def _means(gram: Ints, text: Ints, window: Ints) -> tuple[float, float]:
    _, born, died = _lives(gram, text, window)
    return float(np.nanmean(born)), float(np.nanmean(died))
