"""Texts that can't command a terminal or a log's reader."""

from __future__ import annotations

import unicodedata
from typing import Final

BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def plain(text: str) -> str:
    """Return `text` without control characters, terminal escapes and direction marks."""
    return "".join(
        char if char == "\n" or (unicodedata.category(char) not in {"Cc", "Cs"} and char not in BIDI) else "�"
        for char in text
    )
