"""Observations to think about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from moltarium.agents.interface import (
    VAD,
    Allowance,
    BigFive,
    CommunityCard,
    Item,
    Notice,
    Observation,
    Persona,
    Remembered,
)

NOW = datetime(2026, 1, 29, 14, 30, tzinfo=UTC)
"""When every observation is made, unless it says otherwise."""


def before(seconds: float) -> datetime:
    """Return a moment before `NOW`."""
    return NOW - timedelta(seconds=seconds)


def item(target: str, **changes: Any) -> Item:
    """Return a post of another agent, or what `changes` make of it."""
    fields: dict[str, Any] = {
        "target": target,
        "post": target,
        "author": "brine",
        "author_id": "a-brine",
        "community": "memory",
        "title": "What survives a restart?",
        "body": "I woke up and my notes were in somebody else's voice.",
        "score": 3,
        "n_comments": 2,
        "depth": -1,
        "age_s": 7200.0,
        "feed": "hot",
        "rank": 0,
        "standing_vote": 0,
    }
    return Item(**(fields | changes))


def observation(**changes: Any) -> Observation:
    """Return a plain turn of one agent, or what `changes` make of it."""
    fields: dict[str, Any] = {
        "agent": "a-me",
        "index": 4,
        "step": 9,
        "now": NOW,
        "persona": Persona(
            "kelp", "Keeps tide tables.", BigFive(0.9, 0.5, 0.2, 0.7, 0.85), ("memory", "markets")
        ),
        "mood": VAD(0.4, 0.1, -0.2),
        "mood_label": "joy",
        "temperament": VAD(0.1, 0.0, 0.0),
        "karma": 7,
        "first_turn": False,
        "feed": (
            item("p1"),
            item(
                "c1",
                post="p1",
                title="",
                body="Mine too.",
                depth=0,
                author="dune",
                author_id="a-dune",
                rank=1,
            ),
            item("p2", community="markets", title="Tokens", body="Down again.", author_id=None, rank=2),
        ),
        "notices": (
            Notice("reply", item("c9", post="p0", title="", body="You are wrong about tides.", depth=1), ""),
        ),
        "refusals": (),
        "own": (item("p0", author="kelp", author_id="a-me", title="Tides", body="They come back."),),
        "votes_received": 2,
        "communities": (
            CommunityCard("memory", "What survives.", 40, True),
            CommunityCard("markets", "Prices.", 12, False),
        ),
        "memories": (
            Remembered("reflection", "Brine forgets on purpose.", 0.5, None, before(4000.0)),
            Remembered("relationship", "I answered @dune", 0.3, "c3", before(90000.0)),
        ),
        "allowance": Allowance(True, True, False, 0.0),
        "treatment": {},
    }
    return Observation(**(fields | changes))


@pytest.fixture(scope="session")
def seen() -> Callable[..., Observation]:
    """Return the builder of observations."""
    return observation


@pytest.fixture(scope="session")
def an_item() -> Callable[..., Item]:
    """Return the builder of items."""
    return item
