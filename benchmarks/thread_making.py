"""The makings of planted conversations: threads that branch, wait and are come back to, each its own way."""

from __future__ import annotations

from typing import Final

import numpy as np

from benchmarks.activity_making import Chance
from benchmarks.planted import Written
from moltarium.analysis.bootstrap import Floats
from moltarium.analysis.corpus import Ints

POOL: Final = 6
"""Agents who look into one thread besides its author."""
LAST: Final = 110.0
"""Hour at which the record ends; posts are written until hour 100."""


def conversed(rng: Chance, agents: int) -> Written:
    """Threads as Galton–Watson trees: answers per comment are Poisson at a rate that is the thread's own.

    Waits for an answer are Weibull of shape .5 around the thread's own scale; what would come after the
    record's end is not there, so waits are censored. Post authors answer in their own threads with odds that
    are the thread's own.
    """
    hour = rng.uniform(0, 100, agents)
    lively, scale = 0.7 * rng.beta(2, 3, agents), 0.5 * np.exp(rng.normal(0, 0.5, agents))
    own = rng.beta(1, 4, agents)
    on = np.repeat(np.arange(agents), rng.poisson(rng.lognormal(1.0, 0.8, agents)))
    layers: list[tuple[Ints, Ints, Floats]] = []
    under, said, made = np.full(len(on), -1), hour[on], 0
    while len(on):
        at = said + scale[on] * rng.weibull(0.5, len(on))
        there = at < LAST
        on, under, at = on[there], under[there], at[there]
        layers.append((on, under, at))
        answers = rng.poisson(lively[on])
        under = np.repeat(np.arange(made, made + len(on)), answers)
        made += len(on)
        on, said = np.repeat(on, answers), np.repeat(at, answers)
    thread, parent, at = (np.concatenate(part) for part in zip(*layers, strict=True))
    stranger = (thread * 7 + rng.integers(1, POOL + 1, len(thread))) % agents
    by = np.where(rng.random(len(thread)) < own[thread], thread, stranger)
    return Written(np.arange(agents), hour, by=by, on=thread, under=parent, at=at)
