"""What an agent keeps, and what comes back to it."""

from __future__ import annotations

import math
import re
from bisect import bisect_right, insort
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from moltarium.agents.interface import Remembered

RECENCY_HALF_LIFE_H: Final = math.log(0.5) / math.log(0.995)
"""About 138 hours: the decay of .995 an hour of Park et al. (2023) as a half-life."""

CONGRUENCE: Final = 0.5
"""Weight of the agreement of mood and memory in `recall`, against 1 for recency, importance and relevance."""

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

_STOP: Final = frozenset(
    """
    a an and are as at be been but by can could did do does for from had has have he her his how i
    if in is it its just me my no not of on or our she so some than that the their them then there
    they this to up us was we were what when which who why will with would you your about into out
    over only also very
    """.split()  # noqa: SIM905 - a list of a hundred quoted words reads worse
)
"""Words too common to make two texts alike."""


def _moment(kept: Remembered) -> datetime:
    return kept.when


class Notebook:
    """The bounded memory of one agent; costs next to nothing until something is kept.

    Parameters
    ----------
    capacity
        Memories kept at most. When full, the least important goes, and among equals the oldest.
    """

    __slots__ = ("_kept", "capacity")

    def __init__(self, capacity: int) -> None:
        if capacity < 0:
            raise ValueError("capacity is not negative")
        self.capacity = capacity
        self._kept: list[Remembered] | None = None

    def __len__(self) -> int:
        return len(self._kept) if self._kept else 0

    def keep(self, memory: Remembered) -> None:
        """Remember something.

        Parameters
        ----------
        memory
            What to keep; its importance is brought into [0, 1], NaN counts as 0.
        """
        if self.capacity == 0:
            return
        importance = memory.importance
        weight = min(1.0, max(0.0, importance)) if importance == importance else 0.0
        if self._kept is None:
            self._kept = []
        kept = self._kept
        insort(kept, memory if weight == importance else memory._replace(importance=weight), key=_moment)
        if len(kept) > self.capacity:
            # The list runs from old to new and index() finds the first: the oldest of the least important.
            weights = [memory.importance for memory in kept]
            del kept[weights.index(min(weights))]

    def as_of(self, now: datetime) -> tuple[Remembered, ...]:
        """Return what was kept up to `now`, newest first."""
        if not self._kept:
            return ()
        known = bisect_right(self._kept, now, key=_moment)
        return tuple(reversed(self._kept[:known]))


@lru_cache(maxsize=1 << 15)
def words(text: str) -> frozenset[str]:
    """Return the set of a text's words in lower case, without the most common ones."""
    return frozenset(_WORD.findall(text.lower())) - _STOP


def likeness(first: frozenset[str], second: frozenset[str]) -> float:
    """Return |A ∩ B| / √(|A||B|), the cosine of two word sets, in [0, 1]; 0 if either is empty."""
    common = len(first & second)
    return common / math.sqrt(len(first) * len(second)) if common else 0.0


def recall(
    memories: Sequence[Remembered],
    query: str,
    k: int,
    *,
    now: datetime,
    half_life_h: float = RECENCY_HALF_LIFE_H,
    mood: float = 0.0,
) -> tuple[Remembered, ...]:
    """Return the k memories that a situation brings back, strongest first.

    The strength is recency + importance + relevance, each in [0, 1] and equally weighted: 2^(−age/half-life),
    the memory's importance, and the cosine of its words with the query's. After Park, J. S. et al. (2023),
    Generative agents, arXiv:2304.03442; there relevance is a cosine of embeddings and each term is
    rescaled to the range that it spans.

    Parameters
    ----------
    memories
        Candidates. Ties keep their order.
    query
        The situation in words.
    k
        How many at most.
    now
        The moment of recall; nothing is older than 0 s.
    half_life_h
        Hours in which recency halves.
    mood
        The mood's valence, in [−1, 1]: mood × the memory's valence × `CONGRUENCE` joins the sum, so that a
        low mood brings back what hurt, a high one what was good, and none neither. After Bower, G. H. (1981),
        Mood and memory, American Psychologist 36(2), 129–148, doi:10.1037/0003-066X.36.2.129; the form is
        ours.
    """
    if k <= 0:
        return ()
    wanted = words(query)
    fading = -math.log(2.0) / (3600.0 * half_life_h)
    congruence = CONGRUENCE * mood
    strengths = [
        math.exp(fading * max(0.0, (now - when).total_seconds()))
        + importance
        + likeness(wanted, words(text))
        + congruence * valence
        for _, text, importance, _, when, valence in memories
    ]
    ranked = sorted(range(len(memories)), key=strengths.__getitem__, reverse=True)
    return tuple(memories[place] for place in ranked[:k])
