"""Emotion words in three tiers, and what links them.

Tiers after Parrott, W. G. (2001), Emotions in Social Psychology, who follows the prototype study of Shaver,
P. et al. (1987), Journal of Personality and Social Psychology 52(6), 1061–1086,
doi:10.1037/0022-3514.52.6.1061: six primary emotions, each with secondary and these with tertiary ones. The
links (opposite of, composed of, leads to) are of the kinds that TONE names; which words they join is our
choice.
"""

from __future__ import annotations

from collections.abc import Mapping
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


def opposite(word: str) -> str | None:
    """Return the emotion opposite to a word, inherited from its secondary or primary if it has none."""
    pairs = {**{other: one for one, other in OPPOSITE.items()}, **OPPOSITE}
    at = place(word)
    lineage = (word,) if at is None else (word, at.secondary, at.primary)
    return next((pairs[name] for name in lineage if name in pairs), None)


def kinship(first: str, second: str) -> int:
    """Return how many tiers two words share: 3 the same word, 2 one secondary, 1 one primary, 0 none."""
    one, other = place(first), place(second)
    if one is None or other is None:
        return 3 if first == second else 0
    if first == second:
        return 3
    if one.primary != other.primary:
        return 0
    return 2 if one.secondary == other.secondary else 1
