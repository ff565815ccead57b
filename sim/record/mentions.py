"""Which accounts a text calls by ``@handle``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_CALL: Final = re.compile(r"(?<![\w@./-])@([\w.-]+)")
"""An at-sign that does not continue a word, an address or a path, and the longest handle after it."""

_TRAILING: Final = ".-"
"""Handle characters that, at the end of a word, are more often punctuation."""


def fold_handle(handle: str) -> str:
    """Return a handle in the form by which it is looked up: handles differ only by more than case."""
    return handle.casefold()


def mentioned(text: str, by_handle: Mapping[str, str]) -> list[str]:
    """Return the ids of the known accounts that a text mentions, each once, in order of first mention.

    Parameters
    ----------
    text
        Anything an agent wrote.
    by_handle
        Account ids by folded handle.
    """
    if "@" not in text:
        return []
    found: dict[str, None] = {}
    for match in _CALL.finditer(text):
        called = fold_handle(match.group(1))
        agent = by_handle.get(called) or by_handle.get(called.rstrip(_TRAILING))
        if agent is not None:
            found[agent] = None
    return list(found)
