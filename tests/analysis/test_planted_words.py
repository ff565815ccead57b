"""Worlds with a known effect on words, and the same worlds without it: found at its strength, else silence.

``python -m benchmarks.words_coverage`` counts over 100 seeds what is tried on a few here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from moltarium.analysis.words.conduct import enforcement
from moltarium.analysis.words.drift import feedback
from moltarium.analysis.words.histories import History
from moltarium.analysis.words.intent import uptake
from moltarium.analysis.words.placebo import (
    WINDOW,
    matched_effect,
    pace_change,
    placebo_effect,
    pull_change,
)

Floats = npt.NDArray[np.float64]
D = 20
DRAWS = 300


class Found(NamedTuple):
    """What one seed of a world gave."""

    value: float
    ci: tuple[float, float]
    alarm: bool


def _history(texts: Floats, site: Floats, gaps: Floats, reward: Floats) -> History:
    return History(texts @ texts.T, texts @ site, gaps.cumsum(), reward, None)


def _site() -> Floats:
    return np.asarray(np.eye(D)[0])


def _texts(rng: np.random.Generator, n: int) -> Floats:
    """Texts of an agent that keeps to its subject, a little of which is everybody's."""
    own = rng.normal(size=D) / np.sqrt(D) + 0.5 * _site()
    return np.asarray(own + 0.5 * rng.normal(size=(n, D)) / np.sqrt(D))


def _rewarded(seed: int, strength: float, kind: str, agents: int) -> tuple[list[History], list[int | None]]:
    """Half of the agents are rewarded once; from then on they write faster, or nearer to the site."""
    rng = np.random.default_rng(seed)
    pool: list[History] = []
    events: list[int | None] = []
    for agent in range(agents):
        n = int(rng.integers(8, 20))
        event = int(rng.integers(1, n - 1)) if agent % 2 else None
        texts, gaps = _texts(rng, n), rng.exponential(size=n)
        if event is not None and kind == "pull":
            texts[event + 1 :] += strength * _site()
        if event is not None and kind == "pace":
            gaps[event + 1 :] *= np.exp(-strength)
        pool.append(_history(texts, _site(), gaps, np.zeros(n)))
        events.append(event)
    return pool, events


def _after_reward(seed: int, strength: float, kind: str) -> Found:
    pool, events = _rewarded(seed, strength, kind, 240)
    outcome = pull_change if kind == "pull" else pace_change
    rng = np.random.default_rng([seed, 1])
    matched = matched_effect(kind, "", outcome, pool, events, draws=DRAWS, rng=rng)
    placebo = placebo_effect(kind, "", outcome, pool, events, draws=DRAWS, rng=rng)
    alarm = matched.verdict == placebo.verdict != "none"
    return Found(matched.difference, matched.ci, alarm)


def pull(seed: int, strength: float) -> Found:
    """Agents that come nearer to everyone else's centroid once rewarded."""
    return _after_reward(seed, strength, "pull")


def pace(seed: int, strength: float) -> Found:
    """Agents that post e^strength times as fast once rewarded."""
    return _after_reward(seed, strength, "pace")


def repeating(seed: int, strength: float, agents: int = 60, draws: int = DRAWS) -> Found:
    """Agents whose next ten posts lean towards the best three of the last ten."""
    rng = np.random.default_rng(seed)
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
        pool.append(_history(texts, _site(), np.ones(len(texts)), reward))
    found = feedback(pool, draws=draws, rng=np.random.default_rng([seed, 2]))
    return Found(found.difference, found.ci, found.verdict != "none")


def enforcing(seed: int, strength: float, n: int = 600) -> Found:
    """Communities that vote less for what departs from their norm, busy and quiet ones."""
    rng = np.random.default_rng(seed)
    community, author = rng.integers(0, 4, n), rng.integers(0, max(n // 5, 2), n)
    # Authors have a place of their own: their texts are no independent draws.
    distance = rng.random(n) + 0.5 * rng.random(n // 5 + 2)[author] + community
    votes = rng.poisson(np.exp(1 + 0.4 * community - strength * (distance - community))).astype(float)
    found = enforcement("upvotes", votes, distance, community, author, draws=DRAWS, seed=seed)
    return Found(found.rho, found.ci, found.verdict != "none")


def answering(seed: int, strength: float, n: int = 200) -> Found:
    """Replies of ten words, each with the chance `strength` one of the post they answer; four a post."""
    rng = np.random.default_rng(seed)
    # A subject per community: its words are shared whether or not anybody answers.
    words = np.array([f"{chr(97 + k // 26)}{chr(97 + k % 26)}word" for k in range(400)])
    community = np.repeat(np.arange(4), n // 16)
    posts = [rng.choice(words[100 * c : 100 * c + 100], 10) for c in community]
    target = np.repeat(np.arange(len(posts)), 4)
    replies = []
    for at in target:
        own = rng.choice(words[100 * community[at] : 100 * community[at] + 100], 10)
        taken = rng.random(10) < strength
        replies.append(" ".join(np.where(taken, rng.permutation(posts[at]), own)))
    parents = [" ".join(posts[at]) for at in target]
    stratum = np.repeat(community, 4).astype(np.int64)
    found = uptake(replies, parents, target.astype(np.int64), stratum, draws=DRAWS, seed=seed)
    return Found(found.mean, found.ci, found.verdict != "none")


def pull_truth(strength: float) -> float:
    """Return what the reward does to those it was given to: the same agents with it, less without it."""
    changes = []
    for world in (strength, 0.0):
        pool, events = _rewarded(10**6, world, "pull", 8_000)
        drawn = [
            pull_change(history, np.array([event]), np.array([min(history.n - 1 - event, WINDOW)]))[0]
            for history, event in zip(pool, events, strict=True)
            if event is not None
        ]
        changes.append(np.mean(drawn))
    return float(changes[0] - changes[1])


class World(NamedTuple):
    """A planted world."""

    make: Callable[[int, float], Found]
    strength: float
    truth: float
    """What the measure should come to at this strength: by definition, or in one world far larger."""
    again: Callable[[], float]
    """How the truth was had."""


WORLDS = {
    "pull to the site after reward": World(pull, 0.5, 0.2635, lambda: pull_truth(0.5)),
    "pace after reward": World(pace, 0.7, 0.7, lambda: 0.7),
    "feedback": World(repeating, 1.0, 0.0223, lambda: repeating(10**6, 1.0, agents=4_000, draws=2).value),
    "enforcement by votes": World(enforcing, 0.6, -0.3337, lambda: enforcing(10**6, 0.6, n=40_000).value),
    "uptake in replies": World(
        answering, 0.2, 0.2551, lambda: float(np.mean([answering(10**6 + s, 0.2).value for s in range(40)]))
    ),
}


@pytest.mark.parametrize("name", list(WORLDS))
def test_a_planted_effect_is_found_at_its_strength_and_none_where_there_is_none(name: str) -> None:
    make, strength, truth, _ = WORLDS[name]
    planted = [make(seed, strength) for seed in range(4)]
    assert all(found.alarm for found in planted)
    assert sum(found.ci[0] <= truth <= found.ci[1] for found in planted) >= 3
    assert sum(make(seed, 0.0).alarm for seed in range(5)) <= 1
