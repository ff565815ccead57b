"""From a cleaned text to the pieces that carry weights: words, pairs of words, and letter groups in words.

One tokeniser serves training and reading, so that a weight can never meet a piece it wasn't trained on.
"""

from __future__ import annotations

import re
from typing import Final

EDGE: Final = "\x02"
"""Stands before the first and after the last word of a text, so that pairs see where it starts and ends."""
MIN_GRAM: Final = 2
MAX_GRAM: Final = 5
MAX_WORD: Final = 24
"""Characters of a word whose letter groups are looked at."""

_WORD: Final = re.compile(
    r"[^\W\d_]+(?:'[^\W\d_]+)*"  # words, with their apostrophes
    r"|\d+"
    r"|[:;=8x]['\-]?[)(\]\[dp/\\|o3*]+"  # western emoticons
    r"|<3"
    r"|[!?.]+"  # runs of marks: "!!!" is not "!" thrice
    r"|[^\w\s]"  # emoji and other signs, one by one
)
_STRETCHED: Final = re.compile(r"(.)\1{3,}")


def tokenise(text: str) -> list[str]:
    """Lower-cased words, numbers, emoticons, runs of marks and emoji, in order.

    A character repeated more than three times counts as three ("nooooo" = "nooo").
    """
    text = text.replace("’", "'").lower()
    return _WORD.findall(_STRETCHED.sub(r"\1\1\1", text))


def letter_groups(word: str) -> list[str]:
    """Every run of 2 to 5 characters of ``<word>``; the brackets mark where the word starts and ends."""
    marked = f"<{word[:MAX_WORD]}>"
    length = len(marked)
    return [
        marked[start : start + size]
        for size in range(MIN_GRAM, MAX_GRAM + 1)
        for start in range(length - size + 1)
    ]


def pairs(words: list[str]) -> list[str]:
    """Each two neighbouring words, the text's two edges among them."""
    if not words:
        return []
    return list(map("{} {}".format, [EDGE, *words], [*words, EDGE]))
