"""In what language, how readable, how varied: each figure only for texts that it covers.

Detection is by script, and for Latin letters by function words; what neither decides is ``"unknown"``, never
guessed. Readability and style are defined for English only and leave everything else out, counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from moltarium.analysis.words.lexical import words
from moltarium.sim.record.errors import NotComputable

UNKNOWN: Final = "unknown"
WINDOW: Final = 50
"""Words in a window of the moving type–token ratio."""
FACTOR: Final = 0.72
"""Type–token ratio at which MTLD counts a factor (McCarthy & Jarvis 2010)."""

_SCRIPTS: Final = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
)
"""Script to the language that uses it most: Cyrillic is read as Russian, Arabic script as Arabic."""

_FUNCTION: Final = {
    language: frozenset(listed.split())
    for language, listed in {
        "en": "the and of to is that it for you with this are be not have was but they from what my your we",
        "de": "der die das und ist nicht ich ein eine mit auf für von sich auch wie wir bin dem den zu",
        "fr": "le la les des est et une un pour que dans pas je sur avec vous nous qui ce mais au sont",
        "es": "el la los las que de es en un una por con para no soy mi como pero del se lo más",
        "pt": "o os que de é em um uma por com para não eu meu como mas do da se mais você são",
        "it": "il lo gli che di è in un una per con non sono mio come ma del della si più anche",
        "nl": "de het een en van is dat niet ik met voor op te zijn ook als maar wij naar aan",
        "id": "yang dan di ini itu untuk dengan tidak saya dari ada kami akan bisa juga pada aku kita",
        "tr": "ve bir bu için ile da de çok ben ne var değil gibi ama daha olarak kadar",
        "pl": "i w na nie się jest to że do jak ale co za od czy tak jestem dla",
    }.items()
}
_SPOKEN_IN: Final = {
    word: tuple(language for language, listed in _FUNCTION.items() if word in listed)
    for word in frozenset().union(*_FUNCTION.values())
}
"""Languages of each function word."""
_WORD: Final = re.compile(r"[^\W\d_]+")


def detect(text: str) -> str:
    """Return a text's language as ISO 639-1, or ``"unknown"``.

    A tenth of the letters in one script decides for it; otherwise the language with most function words, if
    there are two at least, a tenth of the words, and half as many again as of the runner-up.

    Examples
    --------
    >>> detect("What is the matter with you?"), detect("大家好"), detect("gm")
    ('en', 'zh', 'unknown')
    """
    said = _WORD.findall(text.lower())
    if not said:
        return UNKNOWN
    if not text.isascii():
        letters = sum(map(str.isalpha, text))
        for language, script in _SCRIPTS:
            if len(script.findall(text)) >= 0.1 * letters:
                return language
    held = Counter(language for word in said for language in _SPOKEN_IN.get(word, ()))
    counts = sorted(((held[language], language) for language in _FUNCTION), reverse=True)
    (first, language), (second, _) = counts[0], counts[1]
    return language if first >= max(2, 0.1 * len(said), 1.5 * second) else UNKNOWN


def syllables(word: str) -> int:
    """Return an English word's syllables by its groups of vowels, a silent final e taken off.

    Examples
    --------
    >>> [syllables(word) for word in ("lobster", "make", "table", "queue", "I")]
    [2, 1, 2, 1, 1]
    """
    word = word.lower()
    groups = len(re.findall(r"[aeiouy]+", word))
    if word.endswith("e") and not word.endswith(("le", "ee")) and groups > 1:
        groups -= 1
    return max(groups, 1)


def flesch(text: str) -> float:
    """Return Flesch's reading ease of an English text.

    ``206.835 − 1.015 words / sentences − 84.6 syllables / words`` (Flesch 1948, doi:10.1037/h0057532); about
    0 (hard) to 100 (easy), not bounded.

    Raises
    ------
    NotComputable
        For a text without words.

    Examples
    --------
    >>> round(flesch("The cat sat on the mat. It was a big cat."), 1)
    116.7
    """
    said = re.findall(r"[A-Za-z]+(?:'[A-Za-z]+)?", text)
    if not said:
        raise NotComputable("words")
    sentences = max(len(re.findall(r"[.!?]+(?:\s+|$)|\n+|$(?<![.!?])", text.strip())), 1)
    sounds = sum(map(syllables, said))
    return 206.835 - 1.015 * len(said) / sentences - 84.6 * sounds / len(said)


def mattr(said: Sequence[str], window: int = WINDOW) -> float:
    """Return the moving-average type–token ratio (Covington & McFall 2010, doi:10.1080/09296171003643098).

    Unlike the plain ratio it does not fall with length. 0 to 1.

    Raises
    ------
    NotComputable
        Under `window` words.
    """
    if len(said) < window:
        raise NotComputable(f"{window} words")
    count = Counter(said[:window])
    total = len(count)
    for place in range(window, len(said)):
        gone = said[place - window]
        count[gone] -= 1
        if not count[gone]:
            del count[gone]
        count[said[place]] += 1
        total += len(count)
    return total / ((len(said) - window + 1) * window)


def mtld(said: Sequence[str]) -> float:
    """Return the mean length of runs that keep a type–token ratio above `FACTOR`, forwards and backwards.

    McCarthy & Jarvis 2010, doi:10.3758/BRM.42.2.381.

    Raises
    ------
    NotComputable
        Under `WINDOW` words.
    """
    if len(said) < WINDOW:
        raise NotComputable(f"{WINDOW} words")
    return (_run_length(said) + _run_length(said[::-1])) / 2


def _run_length(said: Sequence[str]) -> float:
    factors, seen, size = 0.0, set[str](), 0
    for word in said:
        seen.add(word)
        size += 1
        if len(seen) / size <= FACTOR:
            factors, seen, size = factors + 1, set(), 0
    if size:
        factors += (1 - len(seen) / size) / (1 - FACTOR)
    return len(said) / factors if factors else float(len(said))


@dataclass(frozen=True, slots=True)
class Language:
    """The language of a set of texts."""

    shares: pd.DataFrame
    """``language``, ``texts``, ``share``; most frequent first."""
    flesch: float | None
    """Median reading ease of English texts; ``None`` without any."""
    flesch_quartiles: tuple[float, float] | None
    mattr: float | None
    """Of all English words in order; ``None`` under `WINDOW`."""
    mtld: float | None
    not_covered: int
    """Texts in another or an unknown language: in no figure but `shares`."""


def language(texts: Sequence[str]) -> Language:
    """Return the languages of texts, and readability and diversity of the English among them."""
    found = [detect(text) for text in texts]
    count = Counter(found)
    english = [text for text, name in zip(texts, found, strict=True) if name == "en"]
    ease = np.array([flesch(text) for text in english])
    said = [word for text in english for word in words(text)]
    shares = pd.DataFrame(
        [(name, n, n / len(texts)) for name, n in count.most_common()], columns=["language", "texts", "share"]
    )
    quartiles = tuple(np.quantile(ease, [0.25, 0.75]).tolist()) if len(ease) else None
    enough = len(said) >= WINDOW
    return Language(
        shares,
        float(np.median(ease)) if len(ease) else None,
        quartiles if quartiles is None else (quartiles[0], quartiles[1]),
        mattr(said) if enough else None,
        mtld(said) if enough else None,
        len(texts) - len(english),
    )
