"""The learnt transition: how far a stimulus moves a mood, and in whom, as fitted on human dialogue.

mood_r = mood₁ + Δ(context) ⊙ P′(temperament), the form of Wen, Z. et al. (2021), Automatically select
emotion for response via personality-affected emotion transition, Findings of ACL-IJCNLP. There Δ comes from a
language model; here from some readable features of two VAD points, so that the weights are a hundred numbers
or so. They are fitted on PELD by ``python benchmarks/peld.py PATH_TO_TSV --weights agents/transition.json``;
the data stay outside.

On that data the emotions it predicts are no better than repeating the speaker's last one, and its personality
term adds nothing (`docs/design/affect.md` has the figures). It is here as a form measured on people, not as
the better model.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.agents.emotion import (
    ANCHORS,
    Bounded,
    Individual,
    Inputs,
    MoodState,
    relaxed,
    require_dynamics,
)

Floats: TypeAlias = npt.NDArray[np.float64]

EMOTIONS: Final = tuple(ANCHORS)
"""Columns of `Transition.emotions`."""

_POINTS: Final[Floats] = np.array(list(ANCHORS.values()))
_SHARPNESS: Final = 8.0
"""How sharply a VAD point counts as one emotion in `affinity`. Our choice: anchors stand .3 to 1.4 apart."""

_SLOPES: Final[Floats] = 2.0 * _SHARPNESS * _POINTS.T
_OFFSETS: Final[Floats] = _SHARPNESS * (_POINTS**2).sum(axis=1)

_ONES: Final[Floats] = np.ones(len(EMOTIONS))
_BLOCK: Final = 4096
"""Agents moved at a time: what one block needs stays in the cache."""

CONTEXT: Final = 1 + 2 * len(EMOTIONS) + 3
"""Features of `context`."""


def affinity(vad: Floats) -> Floats:
    """Return how much each point is like each emotion, softmax_k(−8·|x − anchor_k|²): (n, 7).

    Rows sum to 1.
    """
    # |x|² is the same for every anchor, so 2x·p − |p|² decides; within [−1, 1] its exponent needs no shift.
    odds = np.exp(np.asarray(vad, dtype=np.float64) @ _SLOPES - _OFFSETS)
    odds /= (odds @ _ONES)[:, None]
    return np.asarray(odds)


def context(mood: Floats, stimulus: Floats) -> Floats:
    """Return what Δ is a linear function of: (n, `CONTEXT`).

    A constant, the affinities of the mood, those of the stimulus, and the way from the one to the other.

    Parameters
    ----------
    mood : (n, 3)
        Where each agent stands: mood₁.
    stimulus : (n, 3)
        What it is told: the VAD of the utterance that it will answer.
    """
    one = np.ones((len(mood), 1))
    return np.concatenate([one, affinity(mood), affinity(stimulus), stimulus - mood], axis=1)


@dataclass(frozen=True, slots=True)
class Transition:
    """Fitted weights of mood_r = mood₁ + (c·D) ⊙ (1 + (T − T̄)·M), and of reading an emotion from mood_r.

    1 + (T − T̄)·M is held within [0, 2]: the six people it was learnt from differ little, so beyond them it
    would run wild.

    The emotion is read as P(k) ∝ exp(b_k − β|mood_r − anchor_k|² + Σ_j affinity_j(mood₁)·H_jk): the nearest
    anchor, softened, so that mood_r stays in the space of moods, and H for what an emotion tends to turn into
    whatever was said.
    """

    delta: Floats
    """D, (features, 3)."""
    personality: Floats
    """M, (3, 3): how the temperament scales Δ; 0 where personality plays no part."""
    centre: Floats
    """T̄, (3,): mean temperament of those it was learnt from."""
    beta: float
    """β > 0."""
    bias: Floats
    """b, (7,), in the order of `EMOTIONS`."""
    habit: Floats
    """H, (7, 7): from emotion to emotion."""

    def moved(self, mood: Floats, features: Floats, temperament: Floats) -> Floats:
        """Return mood_r, (n, 3); not bounded.

        Parameters
        ----------
        mood : (n, 3)
            mood₁.
        features : (n, features)
            As `context` gives them, or whatever these weights were fitted to.
        temperament : (n, 3)
            As `moltarium.agents.personality.temperament` gives it.
        """
        manner = np.clip(1.0 + (temperament - self.centre) @ self.personality, 0.0, 2.0)
        return np.asarray(mood + (features @ self.delta) * manner)

    def emotions(self, mood: Floats, moved: Floats) -> Floats:
        """Return the probabilities of the emotions that follow from mood₁ and mood_r: (n, 7)."""
        away = ((moved[:, None, :] - _POINTS) ** 2).sum(axis=2)
        logits = self.bias - self.beta * away + affinity(mood) @ self.habit
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def json(self) -> dict[str, Any]:
        """Return the weights as plain values, rounded to five digits."""
        return {
            "delta": np.round(self.delta, 5).tolist(),
            "personality": np.round(self.personality, 5).tolist(),
            "centre": np.round(self.centre, 5).tolist(),
            "beta": round(self.beta, 5),
            "bias": np.round(self.bias, 5).tolist(),
            "habit": np.round(self.habit, 5).tolist(),
        }


@lru_cache(maxsize=1)
def shipped() -> Transition:
    """Return the weights that come with Moltarium."""
    text = resources.files("moltarium.agents").joinpath("transition.json").read_text(encoding="utf-8")
    stored = json.loads(text)
    arrays = {name: np.array(stored[name]) for name in ("delta", "personality", "centre", "bias", "habit")}
    return Transition(beta=float(stored["beta"]), **arrays)


@dataclass(frozen=True, slots=True)
class Learnt(Bounded):
    """Moods that relax like `FirstOrder` and take the learnt transition as impulse.

    s ← s + g·w·(clip(s + Δ ⊙ P′) − s): a convex combination, so moods stay within [−1, 1]; with no stimulus
    only the relaxation is left, which is exact in dt. Unlike the other models it is *not* monotone in the
    stimulus: people answer anger with sadness, and the weights learnt that.
    """

    transition: Transition
    gain: float = 0.35
    """g: share of the way that a stimulus of full strength moves the mood, in [0, 1]."""
    half_life_h: float = 6.0
    """h: hours in which half the distance to the temperament is lost."""
    individual: Individual = field(default_factory=Individual)
    """Only its inertia: how personality bends the push was learnt."""

    def __post_init__(self) -> None:
        require_dynamics(self.gain, self.half_life_h)

    def after(self, given: Inputs) -> MoodState:
        """Relax, then take the transition."""
        mood = relaxed(given, self.half_life_h, self.individual)
        share = (self.gain * given.strength)[:, None]
        for start in range(0, len(mood), _BLOCK):
            part = slice(start, start + _BLOCK)
            features = context(mood[part], given.stimulus[part])
            aim = self.transition.moved(mood[part], features, given.temperament[part])
            mood[part] += share[part] * (np.clip(aim, -1.0, 1.0) - mood[part])
        return MoodState(np.clip(mood, -1.0, 1.0), np.zeros_like(mood), given.clamped)
