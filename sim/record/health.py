"""What went wrong in a run, by agent and kind: read from its record alone, also while it is being written."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

from moltarium.sim.record.schema import LlmCall, Rejection, Telemetry
from moltarium.sim.record.view import Record
from moltarium.sim.record.warnings import warnings_of

STUCK_TURNS: Final = 3
"""An agent whose last so many turns all failed is stuck: its own failures may be what keeps it failing."""
ABSTAIN: Final = "Abstain"
"""The action under which an answer that could not be used is recorded."""


@dataclass(slots=True)
class AgentHealth:
    """One agent's failures."""

    rejections: Counter[str] = field(default_factory=Counter)
    """Refused actions and unusable answers by category."""
    turns: int = 0
    """Turns in which it asked a model."""
    invalid: int = 0
    """Turns whose answer could not be used."""
    repaired: int = 0
    """Turns with at least one repair call."""
    failing: int = 0
    """Turns in a row, up to now, whose answer could not be used."""


@dataclass(frozen=True, slots=True)
class Health:
    """A run's failures."""

    agents: dict[str, AgentHealth]
    """By agent id: only those with a model or a failure."""
    calls: int
    tokens_cached: int
    cost_usd: float
    estimated: int
    """Calls whose endpoint reported no usage: their tokens and cost are estimates."""
    retries: int
    """Further attempts after failures in transport, over all sessions."""
    rate_limited: int
    """Answers of status 429, over all sessions."""
    refused: int
    """Turns in which the model refused to answer."""
    warnings: tuple[str, ...]
    """For instance that the model behind an endpoint changed, or that a power cut took steps."""

    @property
    def stuck(self) -> int:
        """Agents whose last `STUCK_TURNS` turns all failed."""
        return sum(each.failing >= STUCK_TURNS for each in self.agents.values())

    @property
    def repaired(self) -> int:
        """Turns with at least one repair call."""
        return sum(each.repaired for each in self.agents.values())

    def rates(self) -> dict[str, float | None]:
        """Return shares in [0, 1]; ``None`` where no model was asked.

        ``invalid``, ``repaired`` and ``refused`` of the turns that asked a model, ``retried`` of all
        attempts, ``stuck`` of the agents that ask one.
        """
        turns = sum(each.turns for each in self.agents.values())
        invalid = sum(each.invalid for each in self.agents.values())
        asking = sum(each.turns > 0 for each in self.agents.values())
        return {
            "invalid": _share(invalid, turns),
            "repaired": _share(self.repaired, turns),
            "refused": _share(self.refused, turns),
            "retried": _share(self.retries, self.calls + self.retries) if turns else None,
            "stuck": _share(self.stuck, asking),
        }

    def summary(self) -> str | None:
        """Return the rates in words; ``None`` where no model was asked."""
        shares = {name: f"{share:.1%}" for name, share in self.rates().items() if share is not None}
        if not shares:
            return None
        turns = sum(each.turns for each in self.agents.values())
        return (
            f"of {turns:,} turns that asked a model, {shares['invalid']} invalid,"
            f" {shares['repaired']} repaired, {shares['refused']} refused;"
            f" {shares['retried']} of all attempts were retries;"
            f" {shares['stuck']} of the asking agents stuck"
        )

    def ledger(self) -> list[dict[str, Any]]:
        """Return one line per agent and category of failure, most first."""
        lines: list[dict[str, Any]] = [
            {"agent": agent, "category": category, "count": count, "stuck": each.failing >= STUCK_TURNS}
            for agent, each in self.agents.items()
            for category, count in each.rejections.items()
        ]
        return sorted(lines, key=lambda line: (-line["count"], line["agent"], line["category"]))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def health_of(record: Record) -> Health:
    """Return what went wrong in a run so far."""
    agents: defaultdict[str, AgentHealth] = defaultdict(AgentHealth)
    failed: set[tuple[str, int | None]] = set()
    refused = 0
    for row in record.rows(Rejection):
        agents[row.agent].rejections[row.category] += 1
        if row.action == ABSTAIN:
            failed.add((row.agent, row.step))
            refused += row.category == "refused_by_model"
    calls = cached = estimated = 0
    cost = 0.0
    turns: dict[tuple[str, int | None], bool] = {}
    for call in record.rows(LlmCall):
        calls += 1
        cached += call.tokens_cached
        cost += call.cost_usd
        estimated += call.estimated
        turn = (call.agent, call.step)
        turns[turn] = turns.get(turn, False) or call.purpose == "repair"
    for turn, repaired in turns.items():
        each = agents[turn[0]]
        each.turns += 1
        each.repaired += repaired
        each.invalid += turn in failed
        each.failing = each.failing + 1 if turn in failed else 0
    sums: Counter[str] = Counter()
    for fact in record.rows(Telemetry):
        if fact.name in {"retries", "rate_limited"}:
            sums[fact.name] += int(fact.value)
    return Health(
        dict(agents),
        calls,
        cached,
        cost,
        estimated,
        sums["retries"],
        sums["rate_limited"],
        refused,
        warnings_of(record),
    )
