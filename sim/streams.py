"""Named random streams: every draw depends on the seed and its own address, never on what ran before."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np


class Purpose(IntEnum):
    """What a stream is for. Numbers are part of every golden run: append, never renumber."""

    POPULATION = 1
    """Personas, handles, interests, minds."""
    SCHEDULE = 2
    """Heartbeat phases, activity weights, arrivals, lifetimes."""
    WAKE = 3
    """Which of the due agents wake in one step."""
    FEED = 4
    """Ties and random feeds."""
    DECIDE = 5
    """A mind's own draws."""
    COMMIT = 6
    """Order in which one step's actions are applied."""
    SEEDING = 7
    """Which opening posts a society starts from."""
    MODEL = 8
    """Sampling seeds handed to model endpoints."""


NOBODY: Final = 0
"""Agent index of a stream that belongs to the whole society."""


def stream(seed: int, purpose: Purpose, agent: int = NOBODY, step: int = 0) -> np.random.Generator:
    """Return the generator at address (purpose, agent, step) under `seed`.

    Parameters
    ----------
    seed
        The run's seed.
    purpose
        What the draws are for.
    agent
        The agent's index plus one, or `NOBODY`.
    step
        The tick.

    Returns
    -------
    numpy.random.Generator
        PCG64 seeded by ``SeedSequence(seed, spawn_key=(purpose, agent, step))``. Calling again gives the
        same draws, so no generator state is ever saved and no order of completion matters.
    """
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(int(purpose), agent, step)))
    )
