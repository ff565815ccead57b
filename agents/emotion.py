"""Moods in motion: arrays of agents relax towards their temperament and are pushed by what they appraise.

Between two wakings a mood follows a linear differential equation that is solved exactly, so its path does
not depend on how time is cut up; at a waking it takes one impulse. All models are pure and vectorised.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.agents.interface import VAD

Floats: TypeAlias = npt.NDArray[np.float64]

Dynamics: TypeAlias = Literal["none", "first", "second", "learnt"]

ANCHORS: Final[dict[str, VAD]] = {
    "neutral": VAD(0.0, 0.0, 0.0),
    "joy": VAD(0.81, 0.51, 0.46),
    "surprise": VAD(0.40, 0.67, -0.13),
    "anger": VAD(-0.51, 0.59, 0.25),
    "disgust": VAD(-0.60, 0.35, 0.11),
    "fear": VAD(-0.62, 0.82, -0.43),
    "sadness": VAD(-0.63, -0.27, -0.33),
}
"""Ekman's six emotions and neutral in VAD space.

Russell, J. A. & Mehrabian, A. (1977). Evidence for a three-factor theory of emotions. Journal of Research in
Personality 11(3), 273–294. doi:10.1016/0092-6566(77)90037-X. Neutral is the origin.
"""

_NAMES: Final = tuple(ANCHORS)
_POINTS: Final[Floats] = np.array(list(ANCHORS.values()))
_HALF_NORMS: Final[Floats] = 0.5 * (_POINTS**2).sum(axis=1)


def label(vad: Floats) -> list[str]:
    """Return each mood's nearest emotion label by Euclidean distance; ties go to the first of `ANCHORS`.

    Parameters
    ----------
    vad : (n, 3)
        Moods in [−1, 1].
    """
    # |x − p|² is smallest where x·p − |p|²/2 is largest: one product instead of n × 7 differences.
    nearest = np.argmax(np.asarray(vad, dtype=np.float64) @ _POINTS.T - _HALF_NORMS, axis=1)
    return [_NAMES[i] for i in nearest.tolist()]


class MoodState(NamedTuple):
    """The moods of n agents at one moment."""

    mood: Floats
    """(n, 3), each axis in [−1, 1]."""
    velocity: Floats
    """(n, 3), VAD units per hour: what earlier impulses still carry. Zero in first order."""
    clamped: int = 0
    """How many numbers the last step received as NaN or out of range and had to clamp."""


class EmotionModel(Protocol):
    """How moods move. Pure; arrays of agents in, arrays out."""

    def step(
        self,
        state: MoodState,
        stimulus: Floats,
        strength: Floats,
        temperament: Floats,
        traits: Floats,
        dt_h: Floats,
    ) -> MoodState:
        """Let `dt_h` hours pass, then apply one impulse.

        Parameters
        ----------
        state
            Moods and velocities of n agents after their last step.
        stimulus : (n, 3)
            Point of VAD space towards which each mood is pushed, in [−1, 1].
        strength : (n,)
            How hard, in [0, 1]; 0 pushes nothing.
        temperament : (n, 3)
            Where each mood rests.
        traits : (n, 5)
            Big Five in [0, 1].
        dt_h : (n,)
            Hours since the last step, not negative.

        Returns
        -------
        MoodState
            Within [−1, 1] whatever the input; inputs that were not are counted in ``clamped``.
        """
        ...


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise ValueError(rule)


@dataclass(frozen=True, slots=True)
class Individual:
    """How personality bends the dynamics. Each coefficient in [0, 1]; 0 switches it off.

    The signs follow the sources; the forms and sizes are ours.
    """

    negative_reactivity: float = 0.3
    """Gain on valence of a push down is scaled by 1 + k(2N − 1): neurotic agents take bad news harder.

    Larsen, R. J. & Ketelaar, T. (1991). Journal of Personality and Social Psychology 61(1), 132–140.
    doi:10.1037/0022-3514.61.1.132.
    """
    positive_reactivity: float = 0.3
    """Gain on valence of a push up is scaled by 1 + k(2E − 1): extraverts enjoy good news more (ibid.)."""
    inertia: float = 0.3
    """The half-life is scaled by 1 + k(2N − 1): moods of neurotic agents linger.

    After the finding that emotional inertia goes with maladjustment: Kuppens, P., Allen, N. B. & Sheeber,
    L. B. (2010). Psychological Science 21(7), 984–991. doi:10.1177/0956797610372634. Taking neuroticism as
    the carrier is our choice.
    """
    susceptibility: float = 0.0
    """The gain on every axis is scaled by 1 + k(2A − 1): agreeable agents catch more of what they read.

    That people differ in how much emotion they catch: Doherty, R. W. (1997). The emotional contagion scale.
    Journal of Nonverbal Behavior 21(2), 131–154. doi:10.1023/A:1024956003661. Taking agreeableness as the
    carrier is our choice, and off by default.
    """

    def __post_init__(self) -> None:
        for name in ("negative_reactivity", "positive_reactivity", "inertia", "susceptibility"):
            _require(0.0 <= getattr(self, name) <= 1.0, f"{name} lies in [0, 1]")


NO_INDIVIDUALITY: Final = Individual(0.0, 0.0, 0.0)
"""All agents move alike."""


LONGEST_H: Final = 1e7
"""Longest time that one step takes, in hours: more than a thousand years."""
FASTEST: Final = 1e6
"""Largest velocity that a step takes, per hour; far more than any impulse leaves."""


class Inputs(NamedTuple):
    """What a step received, clamped to its range."""

    mood: Floats
    velocity: Floats
    stimulus: Floats
    strength: Floats
    temperament: Floats
    traits: Floats
    dt_h: Floats
    clamped: int


def _bounded(values: Floats, low: float, high: float, missing: float | Floats) -> tuple[Floats, int]:
    values = np.asarray(values, dtype=np.float64)
    inside = (values >= low) & (values <= high)
    outside = values.size - int(np.count_nonzero(inside))
    if not outside:
        return values, 0
    return np.clip(np.where(np.isnan(values), missing, values), low, high), outside


def bounded_inputs(
    state: MoodState, stimulus: Floats, strength: Floats, temperament: Floats, traits: Floats, dt_h: Floats
) -> Inputs:
    """Clamp all inputs: a missing mood is the temperament, a missing stimulus pushes nothing."""
    rest, n_rest = _bounded(temperament, -1.0, 1.0, 0.0)
    mood, n_mood = _bounded(state.mood, -1.0, 1.0, rest)
    velocity, n_velocity = _bounded(state.velocity, -FASTEST, FASTEST, 0.0)
    aim, n_aim = _bounded(stimulus, -1.0, 1.0, mood)
    push, n_push = _bounded(strength, 0.0, 1.0, 0.0)
    character, n_traits = _bounded(traits, 0.0, 1.0, 0.5)
    hours, n_hours = _bounded(dt_h, 0.0, LONGEST_H, 0.0)
    clamped = n_rest + n_mood + n_velocity + n_aim + n_push + n_traits + n_hours
    return Inputs(mood, velocity, aim, push, rest, character, hours, clamped)


def _decay_rate(half_life_h: float, traits: Floats, individual: Individual) -> Floats:
    rate = math.log(2.0) / half_life_h
    if individual.inertia == 0.0:
        return np.full(len(traits), rate)
    return rate / np.maximum(1.0 + individual.inertia * (2.0 * traits[:, 4] - 1.0), 1e-3)


def relaxed(given: Inputs, half_life_h: float, individual: Individual) -> Floats:
    """Return the moods after their way back to the temperament: s₀ + (s − s₀)·2^(−t/h), exact in t."""
    kept = np.exp(-_decay_rate(half_life_h, given.traits, individual) * given.dt_h)[:, None]
    return np.asarray(given.temperament + (given.mood - given.temperament) * kept)


def _pull(gain: float, given: Inputs, mood: Floats, individual: Individual) -> Floats:
    """Return the impulse (n, 3): share of the way to the stimulus times the way."""
    way = given.stimulus - mood
    share = gain * given.strength
    if individual.susceptibility:
        caught = 1.0 + individual.susceptibility * (2.0 * given.traits[:, 3] - 1.0)
        share = np.minimum(share * caught, 1.0)
    impulse = share[:, None] * way
    if individual.negative_reactivity or individual.positive_reactivity:
        down = 1.0 + individual.negative_reactivity * (2.0 * given.traits[:, 4] - 1.0)
        up = 1.0 + individual.positive_reactivity * (2.0 * given.traits[:, 2] - 1.0)
        scale = np.where(way[:, 0] < 0.0, down, up)
        impulse[:, 0] = np.minimum(share * scale, 1.0) * way[:, 0]
    return impulse


def require_dynamics(gain: float, half_life_h: float) -> None:
    """Refuse a gain or a half-life out of range.

    Raises
    ------
    ValueError
        Unless the gain lies in [0, 1] and the half-life is positive.
    """
    _require(0.0 <= gain <= 1.0, "gain lies in [0, 1]")
    _require(half_life_h > 0.0, "half_life_h is positive")


class Bounded(ABC):
    """An `EmotionModel` that clamps what it is given before it moves anything."""

    __slots__ = ()

    def step(
        self,
        state: MoodState,
        stimulus: Floats,
        strength: Floats,
        temperament: Floats,
        traits: Floats,
        dt_h: Floats,
    ) -> MoodState:
        """Let `dt_h` hours pass, then take one impulse (see `EmotionModel`)."""
        return self.after(bounded_inputs(state, stimulus, strength, temperament, traits, dt_h))

    @abstractmethod
    def after(self, given: Inputs) -> MoodState:
        """Return the moods after the time and the impulse that are given, all within their ranges."""


@dataclass(frozen=True, slots=True)
class Still(Bounded):
    """No dynamics: every mood stays at its temperament. The null of all emotion models."""

    def after(self, given: Inputs) -> MoodState:
        """Return the temperament, whatever happened."""
        return MoodState(given.temperament.copy(), np.zeros_like(given.mood), given.clamped)


@dataclass(frozen=True, slots=True)
class FirstOrder(Bounded):
    """Exponential return and an immediate response.

    Over t hours s ← s₀ + (s − s₀)·2^(−t/h); then s ← s + g·w·(x − s) for a stimulus x of strength w. Both are
    convex combinations, so moods stay within [−1, 1] without clipping.

    The update is the exponential smoothing of arXiv:2601.16087, with a pull to the temperament added and
    made exact in continuous time (ours).
    """

    gain: float = 0.35
    """g: share of the way to a stimulus of full strength, in [0, 1]."""
    half_life_h: float = 6.0
    """h: hours in which half the distance to the temperament is lost."""
    individual: Individual = Individual()

    def __post_init__(self) -> None:
        require_dynamics(self.gain, self.half_life_h)

    def after(self, given: Inputs) -> MoodState:
        """Relax, then move towards the stimulus."""
        mood = relaxed(given, self.half_life_h, self.individual)
        mood += _pull(self.gain, given, mood, self.individual)
        # Only rounding can step over the edge here.
        return MoodState(np.clip(mood, -1.0, 1.0), np.zeros_like(mood), given.clamped)


@dataclass(frozen=True, slots=True)
class SecondOrder(Bounded):
    """Momentum: a part of every impulse arrives later, so moods lag, carry on and overshoot.

    Free motion is ds/dt = u − λ(s − s₀), du/dt = −κu with λ = ln 2 / h and κ = −ln μ per hour, solved in
    closed form. An impulse J = g·w·(x − s) moves the mood by (1 − μ)J at once and leaves κμJ in the velocity,
    which carries the rest. With λ = 0 and one impulse an hour this *is* the recursion v ← μv + (1 − μ)J,
    s ← s + v, the momentum form of arXiv:2601.16087, with J answering to the mood as it is on waking, s + μv.
    The continuous form and the pull to the temperament are ours. μ = 0 is `FirstOrder`.

    Moods stay within [−1, 1] because an impulse leaves no more velocity than there is room for: with
    R = u/κ, the way still to go, max(s, s₀) + R ≤ 1 and min(s, s₀) + R ≥ −1. Free motion preserves both, so
    the bound costs nothing of its exactness.
    """

    gain: float = 0.35
    """g: share of the way to a stimulus of full strength, in [0, 1]."""
    momentum: float = 0.8
    """μ: share of the velocity left after one hour, in [0, 1)."""
    half_life_h: float = 6.0
    """h: hours in which half the distance to the temperament is lost."""
    individual: Individual = Individual()

    def __post_init__(self) -> None:
        require_dynamics(self.gain, self.half_life_h)
        _require(0.0 <= self.momentum < 1.0, "momentum lies in [0, 1)")

    def after(self, given: Inputs) -> MoodState:
        """Move freely, then take the impulse."""
        if self.momentum == 0.0:
            return FirstOrder(self.gain, self.half_life_h, self.individual).after(given)
        fade = -math.log(self.momentum)
        # What is still to come, in mood units; the velocity handed in may be more than there is room for.
        pending = _within_room(given.velocity / fade, given.mood, given.temperament)
        mood, pending = self._drift(given, pending, fade)
        impulse = _pull(self.gain, given, mood, self.individual)
        mood = np.clip(mood + (1.0 - self.momentum) * impulse, -1.0, 1.0)
        pending = _within_room(pending + self.momentum * impulse, mood, given.temperament)
        return MoodState(mood, fade * pending, given.clamped)

    def _drift(self, given: Inputs, pending: Floats, fade: float) -> tuple[Floats, Floats]:
        decay = _decay_rate(self.half_life_h, given.traits, self.individual)
        t = given.dt_h
        # (e^{−λt} − e^{−κt}) / (κ − λ), written so that it neither cancels near κ = λ nor overflows.
        gap = np.abs(fade - decay) * t
        shape = np.where(gap > 1e-12, -np.expm1(-gap) / np.where(gap > 1e-12, gap, 1.0), 1.0)
        carried = fade * np.exp(-np.minimum(fade, decay) * t) * t * shape
        kept = np.exp(-decay * t)
        rest = given.temperament
        mood = rest + (given.mood - rest) * kept[:, None] + pending * carried[:, None]
        return np.clip(mood, -1.0, 1.0), pending * np.exp(-fade * t)[:, None]


def _within_room(pending: Floats, mood: Floats, rest: Floats) -> Floats:
    return np.clip(pending, -1.0 - np.minimum(mood, rest), 1.0 - np.maximum(mood, rest))


_VALENCE: Final = ("wretched", "low", "a little low", "", "fairly good", "glad", "delighted")
_AROUSAL: Final = ("drained", "quiet", "", "", "", "alert", "worked up")
_DOMINANCE: Final = ("powerless", "unsure", "", "", "", "confident", "in full command")
_EDGES: Final = (-0.6, -0.3, -0.1, 0.1, 0.3, 0.6)


def describe_mood(mood: VAD) -> str:
    """Return a mood in a few graded words, e.g. ``"glad, alert"``; ``"balanced"`` near the origin.

    Parameters
    ----------
    mood
        Each axis in [−1, 1]; valence is told from ±.1 on, arousal and dominance from ±.3.
    """
    words = (
        scale[sum(value > edge for edge in _EDGES)]
        for value, scale in zip(mood, (_VALENCE, _AROUSAL, _DOMINANCE), strict=True)
    )
    return ", ".join(word for word in words if word) or "balanced"
