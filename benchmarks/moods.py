"""How many moods move in a second: ``python -m benchmarks.moods``."""

from __future__ import annotations

import argparse
import json
import time
from typing import Final

import numpy as np

from moltarium.agents.dynamics import emotion_model
from moltarium.agents.emotion import EmotionModel, MoodState, label
from moltarium.agents.personality import temperament

AGENTS: Final = 100_000
DYNAMICS: Final = ("none", "first", "second", "learnt")


def rate(model: EmotionModel, agents: int = AGENTS, rounds: int = 5) -> float:
    """Return agent-updates per second of one model: the best of several rounds, on one core."""
    rng = np.random.default_rng(0)
    traits = rng.random((agents, 5))
    rest = temperament(traits)
    state = MoodState(rest.copy(), np.zeros_like(rest))
    stimulus, strength = rng.uniform(-1, 1, (agents, 3)), rng.random(agents)
    hours = rng.uniform(0, 8, agents)
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        state = model.step(state, stimulus, strength, rest, traits, hours)
        best = min(best, time.perf_counter() - began)
    return agents / best


def label_rate(agents: int = AGENTS) -> float:
    """Return labels named per second."""
    moods = np.random.default_rng(0).uniform(-1, 1, (agents, 3))
    began = time.perf_counter()
    label(moods)
    return agents / (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Mood updates a second, on one core.")
    parser.add_argument("--json", action="store_true", help="print one JSON line")
    chosen = parser.parse_args()
    found = {name: round(rate(emotion_model(name))) for name in DYNAMICS} | {"label": round(label_rate())}
    if chosen.json:
        print(json.dumps(found))
    else:
        for name, per_s in found.items():
            print(f"{name:8s}{per_s / 1e6:8.2f} million/s")


if __name__ == "__main__":
    main()
