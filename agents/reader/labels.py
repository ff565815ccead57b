"""The two label sets that the reader speaks, and how the finer one folds into the coarser.

GoEmotions (Demszky et al. 2020, arXiv:2005.00547) annotates 27 emotions and neutral; its Ekman grouping
folds them into six basic emotions and neutral. Both orders are those of the data set's own label files, so
that a column number means the same in its files and here.
"""

from __future__ import annotations

from typing import Final

EKMAN: Final = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
"""The six basic emotions and neutral: the columns of `Reading.probs`."""

FINE: Final = (
    "admiration",
    "amusement",
    "anger",
    "annoyance",
    "approval",
    "caring",
    "confusion",
    "curiosity",
    "desire",
    "disappointment",
    "disapproval",
    "disgust",
    "embarrassment",
    "excitement",
    "fear",
    "gratitude",
    "grief",
    "joy",
    "love",
    "nervousness",
    "optimism",
    "pride",
    "realization",
    "relief",
    "remorse",
    "sadness",
    "surprise",
    "neutral",
)
"""The 27 GoEmotions classes and neutral: the columns of `Reading.fine`."""

FOLD: Final[dict[str, tuple[str, ...]]] = {
    "anger": ("anger", "annoyance", "disapproval"),
    "disgust": ("disgust",),
    "fear": ("fear", "nervousness"),
    "joy": (
        "admiration",
        "amusement",
        "approval",
        "caring",
        "desire",
        "excitement",
        "gratitude",
        "joy",
        "love",
        "optimism",
        "pride",
        "relief",
    ),
    "neutral": ("neutral",),
    "sadness": ("disappointment", "embarrassment", "grief", "remorse", "sadness"),
    "surprise": ("confusion", "curiosity", "realization", "surprise"),
}
"""GoEmotions' Ekman grouping: the fine classes that each Ekman class gathers."""

EKMAN_OF: Final[dict[str, str]] = {fine: ekman for ekman, fines in FOLD.items() for fine in fines}
"""Each fine class's Ekman class."""
