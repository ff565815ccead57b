"""What a run has asked of its models so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from moltarium.agents.interface import Reply
from moltarium.sim.llm.failures import Trouble


class Met(NamedTuple):
    """Who answered."""

    label: str
    """The endpoint's label in the scenario."""
    model: str
    """The model's own name as it gave it."""
    fingerprint: str
    """``system_fingerprint`` of the answer; empty where none is sent."""


@dataclass(slots=True)
class Usage:
    """Running totals over all endpoints of a gateway."""

    calls: int = 0
    """Replies that came over the wire: what was paid for."""
    hits: int = 0
    """Replies taken from the cache."""
    retries: int = 0
    """Further attempts after a failure."""
    tokens_in: int = 0
    """Prompt tokens of `calls`, cached ones included."""
    tokens_cached: int = 0
    """Prompt tokens that the endpoint had in its prefix cache."""
    tokens_out: int = 0
    cost_usd: float = 0.0
    """By the endpoints' price tables; free where none is given."""
    estimated: int = 0
    """Calls whose endpoint reported no usage."""
    latency_s: float = 0.0
    """Sum over `calls` of the seconds from sending to the last byte."""
    met: dict[Met, int] = field(default_factory=dict)
    """Calls by who answered them; more than one model or fingerprint per label means that it changed."""
    troubles: Counter[Trouble] = field(default_factory=Counter)
    """Failed attempts by kind."""

    @property
    def rate_limited(self) -> int:
        """Answers of status 429."""
        return self.troubles[Trouble.RATE_LIMITED]

    @property
    def prefix_hit_rate(self) -> float | None:
        """Share of prompt tokens that came from the endpoint's prefix cache; ``None`` before any."""
        return self.tokens_cached / self.tokens_in if self.tokens_in else None

    def add(self, reply: Reply, cost_usd: float, latency_s: float) -> None:
        """Count a reply that came over the wire."""
        self.calls += 1
        self.tokens_in += reply.tokens_in
        self.tokens_cached += reply.tokens_cached
        self.tokens_out += reply.tokens_out
        self.cost_usd += cost_usd
        self.estimated += reply.estimated
        self.latency_s += latency_s

    def meet(self, label: str, model: str, fingerprint: str) -> None:
        """Note who answered a call."""
        met = Met(label, model, fingerprint)
        self.met[met] = self.met.get(met, 0) + 1
