"""Mood dynamics by the name that a scenario calls them."""

from __future__ import annotations

from moltarium.agents.emotion import Dynamics, EmotionModel, FirstOrder, Individual, SecondOrder, Still
from moltarium.agents.transition import Learnt, shipped


def emotion_model(
    dynamics: Dynamics | str,
    *,
    gain: float = 0.35,
    momentum: float = 0.8,
    half_life_h: float = 6.0,
    individual: Individual | None = None,
) -> EmotionModel:
    """Return the model that a scenario names.

    Parameters
    ----------
    dynamics
        ``"none"``, ``"first"``, ``"second"`` or ``"learnt"`` (`moltarium.agents.transition`).
    gain, momentum, half_life_h
        Fields of `FirstOrder` and `SecondOrder`; what a model lacks is ignored.
    individual
        How personality bends it; the defaults of `Individual` if left out.

    Raises
    ------
    ValueError
        If `dynamics` is unknown or a parameter out of range.
    """
    character = Individual() if individual is None else individual
    if dynamics == "none":
        return Still()
    if dynamics == "first":
        return FirstOrder(gain, half_life_h, character)
    if dynamics == "second":
        return SecondOrder(gain, momentum, half_life_h, character)
    if dynamics == "learnt":
        return Learnt(shipped(), gain, half_life_h, character)
    raise ValueError(f"unknown dynamics {dynamics!r}: none, first, second or learnt")
