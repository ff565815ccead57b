"""A gateway at a stub server, and thoughts to drive through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from moltarium.agents.interface import Message, Request, Thought, WritePost
from moltarium.sim.llm.endpoint import Endpoint
from moltarium.sim.llm.gateway import Gateway, Pending
from moltarium.sim.llm.replies import ReplyStore

SCHEMA = {
    "type": "object",
    "properties": {
        "choice": {"enum": ["post", "vote", "nothing"]},
        "why": {"type": "string", "maxLength": 20},
    },
    "required": ["choice", "why"],
    "additionalProperties": False,
}


def single(number: int) -> Thought:
    """Ask once."""
    replies = yield [Request("write", (Message("user", f"Agent {number}: write."),))]
    return [WritePost("general", str(number), replies[0].text)]


def branching(number: int) -> Thought:
    """Ask for a choice, then, depending on the answer, for one to three texts at once."""
    chosen = yield [Request("decide", (Message("user", f"Agent {number}: choose."),), schema=SCHEMA)]
    width = 1 + len(chosen[0].text) % 3
    drafts = yield [Request("write", prompt=f"{chosen[0].text} {draft}:") for draft in range(width)]
    return [WritePost("general", chosen[0].text, draft.text) for draft in drafts]


def pending(count: int, think: Callable[[int], Thought] = single, step: int = 1) -> list[Pending]:
    """Return `count` thoughts, each advanced to its first yield."""
    thoughts = [think(number) for number in range(count)]
    return [
        Pending(f"agent{number}", number, step, thought, next(thought))
        for number, thought in enumerate(thoughts)
    ]


@pytest.fixture
def replies(tmp_path: Path) -> Iterator[ReplyStore]:
    """An empty reply store."""
    with ReplyStore(tmp_path / "replies.sqlite") as store:
        yield store


GatewayAt = Callable[..., Gateway]


@pytest.fixture
def gateway_at(replies: ReplyStore) -> Iterator[GatewayAt]:
    """Make gateways with quick backoff that are closed at the end."""
    made: list[Gateway] = []

    def make(base_url: str, store: ReplyStore | None = None, **settings: Any) -> Gateway:
        quick = {"model": "stub", "backoff_s": 0.002, "deadline_s": 5.0, **settings}
        endpoint = Endpoint("default", base_url, **quick)
        made.append(Gateway({"default": endpoint}, store or replies, seed=7))
        return made[-1]

    yield make
    for gateway in made:
        gateway.close()
