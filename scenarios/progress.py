"""How a run tells where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moltarium.sim.commit import Tally
from moltarium.sim.llm.budget import NOTHING, UNLIMITED, Ceilings, Cost
from moltarium.sim.llm.usage import Usage


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands, between ticks or within one."""

    step: int
    steps: int
    total: Tally
    """Over all complete ticks, earlier sessions included."""
    thoughts_done: int = 0
    """Thoughts of the tick under way that ended; 0 between ticks."""
    thoughts: int = 0
    """Thoughts of the tick under way."""
    in_flight: int = 0
    """Model calls in flight."""
    usage: Usage | None = None
    """What this session has asked of its models; ``None`` where no mind asks one."""
    spent: Cost = NOTHING
    """Over all sessions."""
    ceilings: Ceilings = UNLIMITED
    priced: bool = True
    """Whether all models have a known price: without, no sum of money means anything."""

    def json(self) -> dict[str, Any]:
        """Return the figures by name, as `moltarium ctl RUN status` shows them."""
        usage = self.usage or Usage()
        return {
            "step": self.step,
            "steps": self.steps,
            "actions": self.total.actions,
            "rejections": self.total.rejections,
            "invalid": self.total.invalid,
            "thoughts_done": self.thoughts_done,
            "thoughts": self.thoughts,
            "in_flight": self.in_flight,
            "calls": usage.calls,
            "tokens_in": usage.tokens_in,
            "tokens_cached": usage.tokens_cached,
            "tokens_out": usage.tokens_out,
            "retries": usage.retries,
            "rate_limited": usage.rate_limited,
            # A copy: the socket's thread asks while calls fail.
            "failed": {trouble.value: count for trouble, count in list(usage.troubles.items())},
            "cost_usd": round(self.spent.usd, 6) if self.priced else None,
            "budget_usd": self.ceilings.budget_usd,
        }


Watch = Callable[[Progress], None]
"""Is told of progress; must not raise."""
