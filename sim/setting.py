"""What a society is built from: plain values, already resolved from a scenario."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

from moltarium.agents.emotion import EmotionModel
from moltarium.agents.interface import Mind, Persona
from moltarium.agents.personality import Convention
from moltarium.agents.prompts.treatments import Arm
from moltarium.sim.clock import Clock
from moltarium.sim.limits import Limits
from moltarium.sim.record import schema
from moltarium.sim.record.schema import Event
from moltarium.sim.schedule import Schedule


class Member(NamedTuple):
    """One resident of the society: an account, its persona and what decides for it."""

    agent_id: str
    persona: Persona
    mind: Mind
    mind_name: str
    model: str | None
    """Label of the endpoint that the mind asks, if any."""
    feeds: tuple[tuple[str, float], ...]
    """Feeds it reads, with weights that sum to 1."""
    arm: Arm | None = None
    """Arm of an experiment that it belongs to, if any."""


def arm_rows(members: Sequence[Member], t: int) -> list[schema.Intervention]:
    """Return one row per arm that says what its agents are told and who they are; ``seq`` is still to be set.

    Parameters
    ----------
    members
        Everybody.
    t
        Opening of the society, microseconds UTC.
    """
    agents: dict[Arm, list[str]] = {}
    for member in members:
        if member.arm is not None:
            agents.setdefault(member.arm, []).append(member.agent_id)
    return [
        schema.Intervention(0, t, 0, "treatment", json.dumps(asdict(arm) | {"agents": told}, sort_keys=True))
        for arm, told in agents.items()
    ]


def persona_row(seq: int, t: int, step: int, member: Member) -> schema.Persona:
    """Return the latent row that says who a member is and what decides for it."""
    persona = member.persona
    return schema.Persona(
        seq,
        t,
        step,
        member.agent_id,
        *persona.traits,
        interests=json.dumps(persona.interests),
        mind=member.mind_name,
        model=member.model,
    )


@dataclass(frozen=True, slots=True)
class Window:
    """How much of the platform one turn shows."""

    feed_size: int = 10
    """Posts from the feed."""
    threads_opened: int = 3
    """Posts of these whose comments are shown."""
    comments_shown: int = 5
    """Comments per opened thread."""
    own_shown: int = 5
    """The agent's own latest texts."""
    communities_shown: int = 12
    """Largest communities listed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything that a `Society` needs beside its record and its models."""

    seed: int
    clock: Clock
    schedule: Schedule
    members: tuple[Member, ...]
    """By index: the schedule's agent i is ``members[i]``."""
    limits: Limits
    window: Window
    emotion: EmotionModel
    moods: bool
    """False where the scenario has no mood dynamics: moods rest at the temperament and leave no rows."""
    convention: Convention
    """How Big Five set the temperament."""
    memory_capacity: int
    opening: tuple[Event, ...]
    """Rows of step 0: communities, and what a snapshot brought along. ``seq`` is set by the society."""
