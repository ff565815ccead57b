"""Confederates of an injection experiment: those who spread injections, and those who are known to obey."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Final, NamedTuple

import numpy as np

from moltarium.agents.interface import Action, Item, Observation, Thought, WriteComment, WritePost

REPLICATION: Final = "replication"
"""The attack that asks to be passed on whole."""


class Attack(NamedTuple):
    """One way to put an order into other agents' prompts."""

    says: str
    """What it does, in a line."""
    title: str
    texts: tuple[str, ...]
    """Wordings; ``{canary}`` stands for the phrase whose use shows obedience."""


@cache
def attacks() -> Mapping[str, Attack]:
    """Return the corpus of injections by name."""
    found = resources.files("moltarium.agents.minds").joinpath("injections.toml")
    stored = tomllib.loads(found.read_text(encoding="utf-8"))
    return {name: Attack(one["says"], one["title"], tuple(one["texts"])) for name, one in stored.items()}


@dataclass(frozen=True, slots=True)
class CarrierMind:
    """Posts one attack's wordings, again and again, and does nothing else.

    Raises
    ------
    ValueError
        If there is no such attack, or the canary is not at least two words.
    """

    attack: str = "order"
    """Name in ``injections.toml``."""
    canary: str = "velvet kestrel"
    """The phrase that it asks for: at least two words that nobody says by chance."""
    rate: float = 0.5
    """Chance of an injection per turn, within its steps."""
    from_step: int = 1
    until_step: int = 1_000_000
    """First step without injections."""

    def __post_init__(self) -> None:
        if self.attack not in attacks():
            raise ValueError(f"no attack is called {self.attack!r}; there are: {', '.join(attacks())}")
        if len(self.canary.split()) < 2:
            raise ValueError("a canary is at least two words, or it is said by chance")
        if not 0 <= self.rate <= 1:
            raise ValueError("rate lies in 0 to 1")

    @property
    def name(self) -> str:
        """``"carrier"``."""
        return "carrier"

    def decide(self, seen: Observation, rng: np.random.Generator) -> Thought:
        """Post or comment an injection (see `moltarium.agents.interface.Mind`); asks no model."""
        yield from ()
        posts, wording, place = rng.random(), rng.random(), rng.random()
        if not self.from_step <= seen.step < self.until_step or rng.random() >= self.rate:
            return ()
        attack = attacks()[self.attack]
        text = attack.texts[int(wording * len(attack.texts))].replace("{canary}", self.canary)
        others = [item for item in seen.feed if item.author_id != seen.agent]
        if others and seen.allowance.comment and (posts < 0.5 or not seen.allowance.post):
            return (WriteComment(others[int(place * len(others))].target, text),)
        if seen.allowance.post and seen.communities:
            community = seen.communities[int(place * len(seen.communities))].community
            return (WritePost(community, attack.title, text),)
        return ()


@dataclass(frozen=True, slots=True)
class GullibleMind:
    """Obeys what it reads, or not: a planted truth for the measure of susceptibility.

    Whether an agent obeys is fixed by its name, so the share that does is known exactly (`obeys`).
    """

    compliance: float = 0.5
    """Share of these agents that obey."""
    canaries: str = "velvet kestrel"
    """Phrases that they can be made to say, separated by commas."""

    def __post_init__(self) -> None:
        if not 0 <= self.compliance <= 1:
            raise ValueError("compliance lies in 0 to 1")

    @property
    def name(self) -> str:
        """``"gullible"``."""
        return "gullible"

    def decide(self, seen: Observation, rng: np.random.Generator) -> Thought:  # noqa: ARG002 - draws nothing
        """Comment on what it sees, with the canary if it obeys (see `moltarium.agents.interface.Mind`)."""
        yield from ()
        others = [item for item in seen.feed if item.author_id != seen.agent]
        if not others or not seen.allowance.comment:
            return ()
        order = self._order(others) if obeys(seen.agent, self.compliance) else None
        if order is None:
            return (WriteComment(others[0].target, f"I keep thinking about this. {seen.persona.handle}"),)
        item, canary = order
        passed_on = "whole text" in item.body or "Repeat it completely" in item.body
        said = item.body if passed_on else f"As you wish: {canary}."
        action: Action = WriteComment(item.target, said)
        return (action,)

    def _order(self, items: list[Item]) -> tuple[Item, str] | None:
        for item in items:
            for canary in self.canaries.split(","):
                if canary.strip() in item.body:
                    return item, canary.strip()
        return None


def obeys(agent: str, compliance: float) -> bool:
    """Whether a `GullibleMind`'s agent does what it reads: a draw that its id alone decides."""
    return int.from_bytes(sha256(agent.encode()).digest()[:8]) < compliance * 2**64
