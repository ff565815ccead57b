"""Where the named emotions stand in valence, arousal and dominance.

The six basic emotions stand at the ratings of Russell & Mehrabian (1977), J. Research in Personality 11(3),
273–294, doi:10.1016/0092-6566(77)90037-X, as used by Wen et al. (2021). The other fine classes have no
published anchor in that set: theirs are **interpolated, of our own making**, as mixtures of those seven
points (`BLENDS`), so that no number here comes from a lexicon with a restrictive licence.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from moltarium.agents.reader.labels import FINE

ANCHORS: Final[dict[str, tuple[float, float, float]]] = {
    "anger": (-0.51, 0.59, 0.25),
    "disgust": (-0.60, 0.35, 0.11),
    "fear": (-0.62, 0.82, -0.43),
    "joy": (0.81, 0.51, 0.46),
    "neutral": (0.0, 0.0, 0.0),
    "sadness": (-0.63, -0.27, -0.33),
    "surprise": (0.40, 0.67, -0.13),
}
"""VAD of the Ekman classes (Russell & Mehrabian 1977)."""

BLENDS: Final[dict[str, dict[str, float]]] = {
    "admiration": {"joy": 0.8},
    "amusement": {"joy": 0.9, "surprise": 0.1},
    "annoyance": {"anger": 0.7},
    "approval": {"joy": 0.45},
    "caring": {"joy": 0.5, "sadness": 0.1},
    "confusion": {"surprise": 0.3, "fear": 0.25},
    "curiosity": {"surprise": 0.4},
    "desire": {"joy": 0.45},
    "disappointment": {"sadness": 0.7, "anger": 0.2},
    "disapproval": {"anger": 0.45, "disgust": 0.1},
    "embarrassment": {"sadness": 0.4, "fear": 0.4},
    "excitement": {"joy": 0.9, "surprise": 0.3},
    "gratitude": {"joy": 0.8},
    "grief": {"sadness": 1.0, "fear": 0.2},
    "love": {"joy": 1.0},
    "nervousness": {"fear": 0.7},
    "optimism": {"joy": 0.55},
    "pride": {"joy": 0.85, "anger": 0.1},
    "realization": {"surprise": 0.3},
    "relief": {"joy": 0.6},
    "remorse": {"sadness": 0.8, "fear": 0.15},
}
"""Shares of the Ekman anchors in every other fine class: ours, not measured."""


def anchor(fine: str) -> NDArray[np.float64]:
    """VAD of one fine class, shape (3,)."""
    blend = BLENDS.get(fine, {fine: 1.0})
    return np.asarray(sum(share * np.array(ANCHORS[name]) for name, share in blend.items()))


def anchor_table() -> NDArray[np.float64]:
    """VAD of all fine classes, in the order of `FINE`: shape (28, 3)."""
    return np.stack([anchor(fine) for fine in FINE])
