"""The moods of a whole society as arrays; only those who wake are moved, exactly in elapsed time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moltarium.agents.appraisal import Contribution, pool
from moltarium.agents.emotion import EmotionModel, MoodState, label
from moltarium.agents.interface import VAD
from moltarium.agents.personality import Convention, temperament
from moltarium.sim.journal import Journal
from moltarium.sim.record.schema import Appraisal, Emotion

US_PER_HOUR = 3_600_000_000

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Moods:
    """Mood, velocity and time of last change for every agent.

    Parameters
    ----------
    traits
        Big Five, shape (n, 5), each in [0, 1].
    model
        How moods move.
    convention
        How traits set the temperament.
    born_us
        When each agent comes into being, shape (n,); its mood then is its temperament.
    """

    def __init__(self, traits: Floats, model: EmotionModel, convention: Convention, born_us: Ints) -> None:
        self.traits = traits
        self.model = model
        self.temperament = temperament(traits, convention)
        self.mood = self.temperament.copy()
        self.velocity = np.zeros_like(self.mood)
        self.moved_us = born_us.copy()

    def restore(self, index: int, row: Emotion) -> None:
        """Set one agent's state to what its latest row says."""
        self.mood[index] = row.v, row.a, row.d
        self.velocity[index] = row.vv, row.va, row.vd
        self.moved_us[index] = row.t

    def of(self, index: int) -> VAD:
        """Return one agent's mood as it last moved."""
        v, a, d = self.mood[index].tolist()
        return VAD(v, a, d)

    def rest(self, index: int) -> VAD:
        """Return one agent's temperament."""
        v, a, d = self.temperament[index].tolist()
        return VAD(v, a, d)

    def feel(
        self, who: Ints, felt: Sequence[tuple[Contribution, ...]], now_us: int
    ) -> tuple[list[str], list[str | None]]:
        """Move the moods of agents `who` by what each felt, and return labels and causes.

        Parameters
        ----------
        who
            Indices of the agents, shape (m,).
        felt
            Their appraisals, in the same order.
        now_us
            Simulated time, microseconds.
        """
        pooled = [pool(contributions) for contributions in felt]
        stimulus = np.array([vad for vad, _, _ in pooled], dtype=np.float64).reshape(-1, 3)
        strength = np.array([s for _, s, _ in pooled], dtype=np.float64)
        elapsed_h = np.maximum(0, now_us - self.moved_us[who]) / US_PER_HOUR
        after = self.model.step(
            MoodState(self.mood[who], self.velocity[who]),
            stimulus,
            strength,
            self.temperament[who],
            self.traits[who],
            elapsed_h,
        )
        self.mood[who] = after.mood
        self.velocity[who] = after.velocity
        self.moved_us[who] = now_us
        return label(after.mood), [cause for _, _, cause in pooled]


def mood_rows(
    journal: Journal,
    step: int,
    now_us: int,
    agents: Sequence[str],
    moods: Moods,
    who: Ints,
    felt: Sequence[tuple[Contribution, ...]],
    labels: Sequence[str],
    causes: Sequence[str | None],
) -> None:
    """Write each agent's appraisals and the mood that they led to."""
    rows = journal.rows
    seq = journal.next_seq
    state = np.concatenate([moods.mood[who], moods.velocity[who]], axis=1).tolist()
    for agent, contributions, (v, a, d, vv, va, vd), name, cause in zip(
        agents, felt, state, labels, causes, strict=True
    ):
        for kind, source, weight, dv, da, dd in contributions:
            rows.append(Appraisal(seq, now_us, step, agent, kind, source, weight, dv, da, dd))
            seq += 1
        rows.append(Emotion(seq, now_us, step, agent, v, a, d, vv, va, vd, name, cause))
        seq += 1
    journal.next_seq = seq
