"""A surrogate that does nothing unless told to, and a turn that asks nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from moltarium.agents.interface import (
    VAD,
    Action,
    Allowance,
    BigFive,
    CommunityCard,
    Item,
    Observation,
    Persona,
)
from moltarium.agents.minds.dice import Dice
from moltarium.agents.minds.drafts import Step
from moltarium.agents.minds.surrogate import SurrogateMind
from moltarium.agents.topics import TOPICS

PLAIN = BigFive(0.5, 0.5, 0.5, 0.5, 0.5)
NOBODY = Persona("TideClerk", "", PLAIN, ("memory", "games"))
CALM = VAD(0.0, 0.0, 0.0)
GENERAL = CommunityCard("general", "", 90, True)
CARDS = (GENERAL, *(CommunityCard(t.communities[0], t.label, 9, False) for t in TOPICS.values()))
SILENT = SurrogateMind(
    post_rate=0, comment_rate=0, vote_rate=0, reply_back=0, template_rate=0, question_rate=0, intro_first=0,
    negativity=0, contagion=0, norm_conformity=0, reward_gain=0, popularity_bias=0, novelty_bias=0,
    follow_rate=0, mention_rate=0, subscribe=0, found_rate=0, downvote_share=0, mood_expression=0,
)  # fmt: skip
"""Does nothing and feels nothing: tests turn on what they measure."""


def an_item(number: int, **changes: Any) -> Item:
    """Return a post by another agent, or what `changes` make of it."""
    target = f"p{number}"
    item = Item(
        target, target, f"moth_{number}", f"a{number}", "general", "On things", "Nothing much.", 0, 0, -1,
        60.0, "hot", number, 0,
    )  # fmt: skip
    return item._replace(**changes)


def seen(**changes: Any) -> Observation:
    """Return a turn in which nothing happened, or what `changes` make of it."""
    plain = Observation(
        agent="me",
        index=0,
        step=3,
        now=datetime(2026, 1, 29, tzinfo=UTC),
        persona=NOBODY,
        mood=CALM,
        mood_label="neutral",
        temperament=CALM,
        karma=0,
        first_turn=False,
        feed=tuple(an_item(number) for number in range(8)),
        notices=(),
        refusals=(),
        own=(),
        votes_received=0,
        communities=CARDS,
        memories=(),
        allowance=Allowance(True, True, True, 0.0),
    )
    return replace(plain, **changes)


def decide(mind: SurrogateMind, observation: Observation, seed: int) -> Sequence[Action]:
    """Return what a mind does in one turn."""
    thought = mind.decide(observation, np.random.default_rng(seed))
    with pytest.raises(StopIteration) as end:
        next(thought)
    actions: Sequence[Action] = end.value.value
    return actions


def plans(mind: SurrogateMind, observation: Observation, turns: int) -> list[tuple[Step, ...]]:
    """Return what a mind means to do in so many equal turns."""
    dice = Dice(np.random.default_rng(11))
    return [mind.plan(observation, dice) for _ in range(turns)]
