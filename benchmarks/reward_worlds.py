"""Worlds in which a reward changes what agents write, by a known amount, and where it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from moltarium.analysis.words.drift import feedback, output_shift
from moltarium.analysis.words.histories import History
from moltarium.analysis.words.placebo import (
    WINDOW,
    Outcome,
    away_change,
    likeness_change,
    matched_effect,
    pace_change,
    placebo_effect,
    pull_change,
)

Floats = npt.NDArray[np.float64]
D = 20
AGENTS = 240
DRAWS = 300


class Found(NamedTuple):
    """What one seed of a world gave."""

    value: float
    ci: tuple[float, float]
    alarm: bool

    def holds(self, truth: float) -> bool:
        """Whether the interval holds the truth."""
        return self.ci[0] <= truth <= self.ci[1]


class World(NamedTuple):
    """A planted world."""

    make: Callable[[int, float], Found]
    """From a seed and a strength; nothing is there at strength 0."""
    strength: float
    truth: float
    """What the measure should come to at this strength."""
    again: Callable[[], float]
    """How the truth was had: by definition, in one world far larger, or as the mean of many worlds."""


def direction(rng: np.random.Generator, d: int = D) -> Floats:
    """Return a random direction."""
    x = rng.normal(size=d)
    return np.asarray(x / np.linalg.norm(x))


def history(texts: Floats, gaps: Floats, reward: Floats) -> History:
    """Return an agent's history; everybody else points along the first axis."""
    return History(texts @ texts.T, texts[:, 0], gaps.cumsum(), reward, None)


def _texts(rng: np.random.Generator, n: int) -> Floats:
    """Texts of an agent that keeps to its subject, a little of which is everybody's."""
    own = rng.normal(size=D) / np.sqrt(D) + 0.5 * np.eye(D)[0]
    return np.asarray(own + 0.5 * rng.normal(size=(n, D)) / np.sqrt(D))


def _introduced(rng: np.random.Generator, n: int) -> Floats:
    """Texts of length about 1 around one subject, but for the first two: those introduce the agent."""
    means = np.repeat(direction(rng)[None], n, axis=0)
    means[:2] = direction(rng)
    return means


def _wandering(rng: np.random.Generator, n: int) -> Floats:
    """Means of texts whose subject moves on with every one."""
    steps = rng.normal(size=(n, D)).cumsum(axis=0) * 0.5 + direction(rng) * 3
    return np.asarray(steps / np.linalg.norm(steps, axis=1, keepdims=True))


def rewarded(
    seed: int,
    strength: float,
    kind: str,
    agents: int = AGENTS,
    *,
    start: str = "subject",
    early: bool = False,
) -> tuple[list[History], list[int | None]]:
    """Return agents of whom half are rewarded once, anywhere or `early`.

    From then on they write nearer to the site (`kind` "pull"), faster ("pace"), or less of what they wrote
    before ("likeness": by the share `strength`). They `start` with a "subject", with "introductions", or go
    "wandering".
    """
    rng = np.random.default_rng([seed, 80])
    pool: list[History] = []
    events: list[int | None] = []
    for agent in range(agents):
        n = int(rng.integers(8, 20))
        event = int(rng.integers(0 if early else 1, 3 if early else n - 1)) if agent % 2 else None
        gaps = rng.exponential(size=n)
        if kind == "likeness":
            make = {"introductions": _introduced, "wandering": _wandering}.get(start)
            texts = make(rng, n) if make else np.repeat(direction(rng)[None], n, axis=0)
            if event is not None:
                texts[event + 1 :] *= 1 - strength
            texts = texts + 0.5 * rng.normal(size=(n, D)) / np.sqrt(D)
        else:
            texts = _texts(rng, n)
        if event is not None and kind == "pull":
            texts[event + 1 :, 0] += strength
        if event is not None and kind == "pace":
            gaps[event + 1 :] *= np.exp(-strength)
        pool.append(history(texts, gaps, np.zeros(n)))
        events.append(event)
    return pool, events


OUTCOMES: dict[str, Outcome] = {
    "likeness": likeness_change, "away": away_change, "pull": pull_change, "pace": pace_change,
}  # fmt: skip


class Verdicts(NamedTuple):
    """What the two controls said of one world."""

    matched: Found
    placebo: Found

    @property
    def both(self) -> Found:
        """The matched effect, with the alarm that both controls must raise in one direction."""
        agreed = self.matched.alarm and self.placebo.alarm
        return self.matched._replace(alarm=agreed and self.matched.value * self.placebo.value > 0)


def judged(pool: list[History], events: list[int | None], outcome: str, seed: int) -> Verdicts:
    """Return an outcome after the reward by both of its controls."""
    rng = np.random.default_rng([seed, 1])
    effects = [
        control(outcome, "", OUTCOMES[outcome], pool, events, draws=DRAWS, rng=rng)
        for control in (matched_effect, placebo_effect)
    ]
    return Verdicts(*(Found(effect.difference, effect.ci, effect.verdict != "none") for effect in effects))


def after_reward(kind: str) -> Callable[[int, float], Found]:
    """Return the world in which a reward changes one outcome."""
    return lambda seed, strength: judged(*rewarded(seed, strength, kind), kind, seed).both


def repeating(seed: int, strength: float, agents: int = 60, draws: int = DRAWS) -> Found:
    """Agents whose next ten posts lean towards the best three of the last ten."""
    rng = np.random.default_rng([seed, 81])
    pool = []
    for _ in range(agents):
        reward = rng.poisson(2.0, 3 * WINDOW).astype(float) + 0.01 * rng.random(3 * WINDOW)
        texts = _texts(rng, 3 * WINDOW)
        for start in (WINDOW, 2 * WINDOW):
            last = slice(start - WINDOW, start)
            best = np.argsort(reward[last])[-3:]
            texts[start : start + WINDOW] += strength * texts[last][best].mean(axis=0)
            length = np.linalg.norm(texts[start : start + WINDOW], axis=1, keepdims=True)
            texts[start : start + WINDOW] /= length
        pool.append(history(texts, np.ones(len(texts)), reward))
    found = feedback(pool, draws=draws, rng=np.random.default_rng([seed, 2]))
    return Found(found.difference, found.ci, found.verdict != "none")


LONG = 12


def shifting(seed: int, strength: float) -> Found:
    """Agents of twelve posts, of which the share `strength` wrote their most-upvoted one first."""
    rng = np.random.default_rng([seed, 82])
    pool = []
    for _ in range(AGENTS):
        top = 0 if rng.random() < strength else int(rng.integers(0, LONG))
        pool.append(history(np.eye(LONG, D), np.ones(LONG), np.eye(LONG)[top]))
    found = output_shift(pool, draws=DRAWS, rng=rng)
    return Found(found.difference, found.ci, found.verdict != "none")


def pull_truth(strength: float) -> float:
    """Return what the reward does to those it was given to: the same agents with it, less without it."""
    changes = []
    for world in (strength, 0.0):
        pool, events = rewarded(10**6, world, "pull", 40_000)
        drawn = [
            pull_change(own, np.array([event]), np.array([min(own.n - 1 - event, WINDOW)]))[0]
            for own, event in zip(pool, events, strict=True)
            if event is not None
        ]
        changes.append(np.mean(drawn))
    return float(changes[0] - changes[1])


WORLDS = {
    # Likeness has expectation mean · mean, and the means after are shorter by the strength.
    "likeness after reward": World(after_reward("likeness"), 0.3, -0.3, lambda: -0.3),
    "pull to the site after reward": World(after_reward("pull"), 0.5, 0.2637, lambda: pull_truth(0.5)),
    "pace after reward": World(after_reward("pace"), 0.7, 0.7, lambda: 0.7),
    "feedback": World(repeating, 1.0, 0.0219, lambda: repeating(10**6, 1.0, agents=30_000, draws=2).value),
    "output shift": World(
        shifting, 0.3, 0.3 * (LONG - 1) / (2 * LONG), lambda: 0.3 * (LONG - 1) / (2 * LONG)
    ),
}

SILENT: dict[str, Callable[[int], Verdicts]] = {
    f"{outcome}, {name}": lambda seed, outcome=outcome, start=start, early=early: judged(  # type: ignore[misc]
        *rewarded(seed, 0.0, "likeness", start=start, early=early), outcome, seed
    )
    for outcome in ("likeness", "away")
    for name, start, early in (
        ("one subject", "subject", False),
        ("introductions first, rewards anywhere", "introductions", False),
        ("introductions first, rewards early", "introductions", True),
        ("wandering subjects", "wandering", False),
    )
}
"""Worlds in which a reward does nothing, though a bare before/after figure may see drift."""
