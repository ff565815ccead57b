"""Emotion words in three tiers, and what links them.

Tiers after Parrott, W. G. (2001), Emotions in Social Psychology, who follows the prototype study of Shaver,
P. et al. (1987), Journal of Personality and Social Psychology 52(6), 1061–1086,
doi:10.1037/0022-3514.52.6.1061: six primary emotions, each with secondary and these with tertiary ones. The
links (opposite of, composed of, leads to) are of the kinds that TONE names; which words they join is our
choice. `HefMind` tells a model what the reader found at any of the three tiers, and what links it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

TIERS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "love": {
            "affection": "adoration fondness liking attraction caring tenderness compassion sentimentality",
            "lust": "desire passion infatuation",
            "longing": "",
        },
        "joy": {
            "cheerfulness": "amusement bliss gaiety glee jolliness joviality delight enjoyment gladness "
            "happiness jubilation elation satisfaction ecstasy euphoria",
            "zest": "enthusiasm zeal excitement thrill exhilaration",
            "contentment": "pleasure",
            "pride": "triumph",
            "optimism": "eagerness hope",
            "enthrallment": "rapture",
            "relief": "",
        },
        "surprise": {"surprise": "amazement astonishment"},
        "anger": {
            "irritability": "aggravation agitation annoyance grouchiness grumpiness",
            "exasperation": "frustration",
            "rage": "outrage fury wrath hostility ferocity bitterness hatred scorn spite vengefulness "
            "dislike resentment",
            "disgust": "revulsion contempt loathing",
            "envy": "jealousy",
            "torment": "",
        },
        "sadness": {
            "suffering": "agony anguish hurt",
            "sadness": "depression despair gloom glumness unhappiness grief sorrow woe misery melancholy",
            "disappointment": "dismay displeasure",
            "shame": "guilt regret remorse",
            "neglect": "alienation isolation loneliness rejection homesickness defeat dejection insecurity "
            "embarrassment humiliation insult",
            "sympathy": "pity",
        },
        "fear": {
            "horror": "alarm shock fright terror panic hysteria mortification",
            "nervousness": "anxiety tenseness uneasiness apprehension worry distress dread",
        },
    }
)
"""Primary → secondary → tertiary, the last as words in one line."""

PLACED: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "admiration": ("love", "affection"),
        "approval": ("joy", "contentment"),
        "confusion": ("surprise", "surprise"),
        "curiosity": ("surprise", "surprise"),
        "disapproval": ("anger", "irritability"),
        "gratitude": ("joy", "contentment"),
        "realization": ("surprise", "surprise"),
    }
)
"""Labels of GoEmotions that Parrott's tree lacks, and where we put them."""

OPPOSITE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "joy": "sadness",
        "love": "hatred",
        "pride": "shame",
        "optimism": "despair",
        "relief": "worry",
        "contentment": "frustration",
        "cheerfulness": "gloom",
        "admiration": "contempt",
        "approval": "disapproval",
    }
)
"""One direction each; `opposite` reads both."""

_MUTUAL: Final = {**{other: one for one, other in OPPOSITE.items()}, **OPPOSITE}

COMPOSED: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "disappointment": ("surprise", "sadness"),
        "horror": ("fear", "disgust"),
        "contempt": ("anger", "disgust"),
        "remorse": ("sadness", "disgust"),
        "hope": ("joy", "fear"),
        "jealousy": ("anger", "fear"),
        "amazement": ("joy", "surprise"),
        "sympathy": ("love", "sadness"),
    }
)
"""An emotion and the two that it is made of, the first match first; `composed` reads it."""

LEADS_TO: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "frustration": ("anger",),
        "anger": ("regret",),
        "humiliation": ("rage", "shame"),
        "fear": ("relief", "anger"),
        "disappointment": ("sadness",),
        "loneliness": ("sadness", "longing"),
        "admiration": ("love",),
        "optimism": ("joy", "disappointment"),
    }
)
"""What an emotion tends to turn into; `leads_to` reads it."""


class Place(NamedTuple):
    """Where a word stands in the tree."""

    primary: str
    secondary: str
    """Equal to `primary` for a primary emotion."""
    tertiary: str
    """Equal to `secondary` for a secondary emotion."""

    @property
    def tier(self) -> int:
        """1 for a primary emotion, 2 for a secondary, 3 for a tertiary."""
        return 1 if self.primary == self.tertiary else 2 if self.secondary == self.tertiary else 3


@lru_cache(maxsize=1)
def places() -> Mapping[str, Place]:
    """Return every word's place. A word that stands on two tiers counts as the higher one."""
    found: dict[str, Place] = {}
    for primary, seconds in TIERS.items():
        found[primary] = Place(primary, primary, primary)
        for second, thirds in seconds.items():
            found.setdefault(second, Place(primary, second, second))
            for third in thirds.split():
                found.setdefault(third, Place(primary, second, third))
    for word, (primary, second) in PLACED.items():
        found.setdefault(word, Place(primary, second, word))
    return MappingProxyType(found)


def place(word: str) -> Place | None:
    """Return where an emotion word stands; ``None`` for neutral and for words that are not in the tree."""
    return places().get(word)


def at_tier(word: str, tier: int) -> str:
    """Return a word's name at tier 1, 2 or 3; a word that stands higher, or nowhere, keeps its own."""
    found = place(word)
    return word if found is None else found[tier - 1]


def summed(shares: Mapping[str, float], tier: int) -> dict[str, float]:
    """Return the shares of emotions added up under their names at a tier, in the order first met."""
    found: dict[str, float] = {}
    for word, share in shares.items():
        name = at_tier(word, tier)
        found[name] = found.get(name, 0.0) + share
    return found


def lineage(word: str) -> tuple[str, ...]:
    """Return a word, its secondary and its primary emotion."""
    found = place(word)
    return (word,) if found is None else (word, found.secondary, found.primary)


def opposite(word: str) -> str | None:
    """Return the emotion opposite to a word, inherited from its secondary or primary if it has none."""
    return next((_MUTUAL[name] for name in lineage(word) if name in _MUTUAL), None)


def leads_to(word: str) -> tuple[str, ...]:
    """Return what an emotion tends to turn into, inherited like `opposite`; empty if nothing is known."""
    return next((LEADS_TO[name] for name in lineage(word) if name in LEADS_TO), ())


def composed(words: Collection[str]) -> str | None:
    """Return the first emotion whose two parts both stand among the words or above them; ``None`` if none."""
    present = {name for word in words for name in lineage(word)}
    return next((whole for whole, parts in COMPOSED.items() if present.issuperset(parts)), None)
