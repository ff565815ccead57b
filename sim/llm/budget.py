"""Hard ceilings on a run's money, tokens and time: a call's worst case is reserved before it is sent."""

from __future__ import annotations

import asyncio
import time
from typing import Final, NamedTuple

from moltarium.sim.record.errors import CeilingReached


class Cost(NamedTuple):
    """What calls cost, or may cost."""

    usd: float = 0.0
    tokens: int = 0
    """Of prompts and answers together."""

    def plus(self, other: Cost) -> Cost:
        """Return the sum."""
        return Cost(self.usd + other.usd, self.tokens + other.tokens)


NOTHING: Final = Cost()


class Ceilings(NamedTuple):
    """What a run may use at most, over all its sessions; ``None`` where there is no limit."""

    budget_usd: float | None = None
    max_tokens: int | None = None
    max_wall_s: float | None = None


UNLIMITED: Final = Ceilings()


class Budget:
    """What is left under the ceilings. Lives in one event loop.

    What was spent plus the worst cases in flight never exceeds a ceiling: only a worst case that was too low
    can overspend, and only by the calls in flight.

    Parameters
    ----------
    ceilings
        The limits.
    spent
        What earlier sessions of the run paid.
    wall_s
        Seconds that they took.
    """

    def __init__(self, ceilings: Ceilings = UNLIMITED, spent: Cost = NOTHING, wall_s: float = 0.0) -> None:
        self.ceilings = ceilings
        self.spent = spent
        self._wall_before_s = wall_s
        self._began = time.monotonic()
        self._in_flight = 0
        self._reserved = NOTHING
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def reserved(self) -> Cost:
        """The worst cases of all calls in flight."""
        return self._reserved

    @property
    def wall_s(self) -> float:
        """Seconds that the run has taken, over all its sessions."""
        return self._wall_before_s + time.monotonic() - self._began

    @property
    def wall_left_s(self) -> float | None:
        """Seconds that are left; ``None`` without a ceiling."""
        ceiling = self.ceilings.max_wall_s
        return None if ceiling is None else ceiling - self.wall_s

    def check(self) -> None:
        """Do nothing as long as there is time, money and tokens for anything at all.

        Raises
        ------
        CeilingReached
            Naming the ceiling.
        """
        if (left_s := self.wall_left_s) is not None and left_s <= 0:
            raise _reached(
                "time", "--max-wall", f"{self.ceilings.max_wall_s:g} s", f"{self.wall_s:.0f} s taken"
            )
        if (over := self._over(self.spent.plus(Cost(0.0, 1)))) is not None:
            raise over

    def reserve(self, worst: Cost) -> bool:
        """Set a call's worst case aside; ``False`` if it must wait for another to be settled.

        Raises
        ------
        CeilingReached
            If it does not fit and nothing in flight could give room back.
        """
        self.check()
        over = self._over(self.spent.plus(self.reserved).plus(worst))
        if over is None:
            self._in_flight += 1
            self._reserved = self._reserved.plus(worst)
            return True
        if self._in_flight:
            return False
        raise over

    def settle(self, worst: Cost, actual: Cost) -> None:
        """Put what a call cost in the place of what was set aside for it."""
        self._in_flight -= 1
        left = self._reserved.plus(Cost(-worst.usd, -worst.tokens))
        # From nothing in flight the sum starts anew, so that rounding can't add up over a run.
        self._reserved = left if self._in_flight else NOTHING
        self.spent = self.spent.plus(actual)
        self.wake()

    async def room(self) -> None:
        """Wait until another call is settled, or the run stops."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        await place

    def wake(self) -> None:
        """End every wait: whoever waits looks again."""
        waiting, self._waiting = self._waiting, []
        for place in waiting:
            if not place.done():
                place.set_result(None)

    def _over(self, total: Cost) -> CeilingReached | None:
        usd, tokens, _ = self.ceilings
        spent = self.spent
        if usd is not None and total.usd > usd:
            more = total.usd - spent.usd
            used = f"{spent.usd:.4g} spent" + (f", the next call may cost {more:.2g}" if more else "")
            return _reached("budget", "--budget-usd", f"{usd:g} USD", used)
        if tokens is not None and total.tokens > tokens:
            more = total.tokens - spent.tokens
            used = f"{spent.tokens:,} used" + (f", the next call may take {more:,}" if more > 1 else "")
            return _reached("token", "--max-tokens", f"{tokens:,} tokens", used)
        return None


def _reached(name: str, option: str, limit: str, used: str) -> CeilingReached:
    return CeilingReached(
        f"the {name} ceiling of {limit} is reached ({used})",
        place=option,
        remedy="all replies are kept: go on with a higher one",
    )
