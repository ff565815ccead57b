"""Long texts are read in passages as long as the texts that the reader was trained on."""

from __future__ import annotations

from typing import Final

PASSAGE: Final = 40
"""Words of a passage at most: GoEmotions' comments hardly exceed it."""
MAX_WORDS: Final = 2_000
"""Words of a text that are read; the rest is not."""

_MARKS: Final = frozenset("!?.")


def passages(words: list[str]) -> list[list[str]]:
    """Cut a text at ends of sentences into passages of at most `PASSAGE` words.

    A passage takes in whole sentences while they fit; a longer sentence is cut where the passage is full.
    A text without words is one empty passage.
    """
    words = words[:MAX_WORDS]
    if len(words) <= PASSAGE:
        return [words]
    cut: list[list[str]] = []
    start = 0
    while len(words) - start > PASSAGE:
        stop = start + PASSAGE
        ends = (at + 1 for at in range(stop - 1, start, -1) if words[at][0] in _MARKS)
        stop = next(ends, stop)
        cut.append(words[start:stop])
        start = stop
    cut.append(words[start:])
    return cut
