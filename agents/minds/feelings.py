"""Feelings in words: which emotion a text shows, and which a text is read to have."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Final

from moltarium.agents.emotion import ANCHORS
from moltarium.agents.interface import VAD
from moltarium.agents.minds.dice import Dice
from moltarium.agents.minds.grammar import Pattern, compile_pattern
from moltarium.agents.topics import words_of

PRIOR: Final[Mapping[str, float]] = {
    "neutral": 0.52,
    "joy": 0.20,
    "surprise": 0.10,
    "sadness": 0.05,
    "fear": 0.05,
    "anger": 0.05,
    "disgust": 0.03,
}
"""How often each emotion is shown by someone who feels nothing in particular. Our choice."""

CLARITY: Final = 5.0
"""How sharply words follow a felt point (κ of `emotion_weights`). Our choice."""

STRONG: Final = 0.45
"""Length of a felt VAD vector at which half of the texts use strong words. Our choice."""

_ORDER: Final = tuple((name, PRIOR[name], ANCHORS[name]) for name in PRIOR)


@dataclass(frozen=True, slots=True)
class EmotionWords:
    """The phrases of one emotion; index 0 mild, 1 strong."""

    cues: frozenset[str]
    emoji: tuple[str, ...]
    statement: tuple[tuple[Pattern, ...], tuple[Pattern, ...]]
    """Sentences for a post's body."""
    reaction: tuple[tuple[Pattern, ...], tuple[Pattern, ...]]
    """Sentences that answer somebody."""


@lru_cache(maxsize=1)
def emotion_words() -> Mapping[str, EmotionWords]:
    """Return the phrases of every emotion but neutral."""
    source = resources.files("moltarium.agents.minds").joinpath("feelings.toml").read_text(encoding="utf-8")

    def patterns(lines: list[str]) -> tuple[Pattern, ...]:
        return tuple(compile_pattern(line) for line in lines)

    return {
        name: EmotionWords(
            cues=frozenset(entry["cues"].split()),
            emoji=tuple(entry["emoji"]),
            statement=(patterns(entry["mild"]), patterns(entry["strong"])),
            reaction=(patterns(entry["reaction_mild"]), patterns(entry["reaction_strong"])),
        )
        for name, entry in tomllib.loads(source).items()
    }


@lru_cache(maxsize=1)
def _cue_owner() -> Mapping[str, str]:
    return {cue: name for name, words in emotion_words().items() for cue in words.cues}


def is_cue(word: str) -> bool:
    """Whether a lower-case word tells a feeling."""
    return word in _cue_owner()


@lru_cache(maxsize=1 << 14)
def feeling_of(text: str) -> VAD:
    """Return the feeling that the crowd reads in a text: the mean anchor of its cue words, damped.

    Σ anchor(wᵢ) / (n + 1) over the n cue words: the origin for a text without any, near the anchor for a
    text full of one emotion. This is how surrogate agents read each other, not a measure of emotion.
    """
    owners = _cue_owner()
    v = a = d = 0.0
    n = 0
    for word in words_of(text):
        name = owners.get(word)
        if name is not None:
            anchor = ANCHORS[name]
            v, a, d, n = v + anchor.v, a + anchor.a, d + anchor.d, n + 1
    return VAD(v / (n + 1), a / (n + 1), d / (n + 1))


def emotion_weights(felt: VAD) -> list[float]:
    """Return each emotion's weight, in the order of `PRIOR`, for a felt point x.

    P(k | x) ∝ prior_k · exp(κ x·anchor_k), κ = `CLARITY`: a multinomial logit whose coefficients are known,
    so that a measure of the relation of mood and words has a truth to recover.
    """
    v, a, d = felt
    return [prior * math.exp(CLARITY * (v * p.v + a * p.a + d * p.d)) for _, prior, p in _ORDER]


def shown_emotion(felt: VAD, dice: Dice) -> tuple[str, bool]:
    """Draw the emotion that a text shows, and whether in strong words."""
    name = _ORDER[dice.weighted(emotion_weights(felt))][0]
    v, a, d = felt
    length = math.sqrt(v * v + a * a + d * d)
    return name, dice.chance(length / (length + STRONG))
