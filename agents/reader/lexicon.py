"""Valence by word: the ratings of VADER's lexicon, and the words that turn them round.

The ratings are those of Hutto & Gilbert (2014), "VADER: A parsimonious rule-based model for sentiment
analysis of social media text", ICWSM 8(1), under the MIT licence that stands in ``lexicon.txt``. Of its rules
one is kept, that a negation among the three words before turns a rating round by −0.74, and its way
of bounding a sum, x / √(x² + 15).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

NEGATORS: Final = frozenset(
    ("not", "no", "never", "none", "nobody", "nothing", "nowhere", "neither", "nor", "cannot", "without")
)
"""Words that turn round what follows; so does every word in -n't."""
ADDRESS: Final = frozenset(("you", "your", "yours", "yourself", "you're", "you've", "you'll", "you'd"))
"""Words that speak to someone."""
NEGATED: Final = -74
"""Hundredths of a rating that are left of it after a negation."""
REACH: Final = 3
"""How many words a negation reaches."""
BOUND: Final = 15.0

_FILE: Final = Path(__file__).with_name("lexicon.txt")


def negates(word: str) -> bool:
    """Whether the word turns round what follows it."""
    return word in NEGATORS or word.endswith("n't")


def ratings() -> dict[str, int]:
    """Tenths of valence by word, −39 (worst) to 34 (best)."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {word: int(tenths) for word, tenths in pairs}
