"""Admission to one endpoint: how many calls are in flight, who goes next, and when nobody may.

The limit moves by additive increase and multiplicative decrease on 429 (Chiu & Jain 1989,
doi:10.1016/0169-7552(89)90019-6), never on server errors: those say that the server is ill, not that we are
too many. A run of failures in a row opens the circuit: after a pause one call probes, and its success closes
it again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, NamedTuple

from moltarium.sim.llm.meter import Meter

STRIKES: Final = 16
"""Failures in a row, over all calls of an endpoint, that open its circuit."""
_SHRINK: Final = 0.5
_TICK_S: Final = 1e-3
"""A timer may fire a clock tick early; a millisecond more spares a second round."""
_SLACK_S: Final = 0.25
"""One burst of 429s is one signal: the limit shrinks at most once in this time."""


class _Waiting(NamedTuple):
    place: asyncio.Future[None]
    tokens: float


class Lane:
    """The gate in front of one endpoint. Lives in one event loop; nothing here blocks.

    A call enters, notes how it went (`succeeded`, `crowded` or `failed`) and leaves.

    Parameters
    ----------
    ceiling
        Calls in flight at most.
    start
        Calls in flight at first; the ceiling if left out.
    floor
        What bursts of 429s can't push the limit below.
    requests_per_min, tokens_per_min
        What may enter per minute; ``None`` for no limit.
    """

    def __init__(
        self,
        ceiling: int,
        *,
        start: int | None = None,
        floor: int = 1,
        requests_per_min: float | None = None,
        tokens_per_min: float | None = None,
    ) -> None:
        self._ceiling = ceiling
        self._floor = min(floor, ceiling)
        self._limit = float(ceiling if start is None else max(self._floor, min(start, ceiling)))
        self._requests = None if requests_per_min is None else Meter(requests_per_min)
        self._tokens = None if tokens_per_min is None else Meter(tokens_per_min)
        self._timer: asyncio.TimerHandle | None = None
        self._in_flight = 0
        self._begun: deque[_Waiting] = deque()
        self._fresh: deque[_Waiting] = deque()
        self._closed_until = 0.0
        self._shrunk_at = float("-inf")
        self._strikes = 0
        self._failed_probes = 0
        self._open = False
        self._probing = False

    @property
    def limit(self) -> int:
        """Calls that may be in flight now: 1 while the circuit is open."""
        return 1 if self._open else int(self._limit)

    @property
    def in_flight(self) -> int:
        """Calls in flight."""
        return self._in_flight

    @property
    def failed_probes(self) -> int:
        """Probes of an open circuit that failed in a row."""
        return self._failed_probes

    def set_ceiling(self, ceiling: int) -> None:
        """Change how many calls may be in flight at most; those that are stay."""
        self._ceiling = ceiling
        self._floor = min(self._floor, ceiling)
        self._limit = float(ceiling)
        self._admit()

    def _free(self, tokens: float) -> bool:
        """Whether a call of so many tokens may enter now; sets a timer where only time is missing."""
        now = asyncio.get_running_loop().time()
        if self._in_flight >= self.limit or now < self._closed_until:
            return False
        wait = max(
            0.0 if self._requests is None else self._requests.wait(1, now),
            0.0 if self._tokens is None else self._tokens.wait(tokens, now),
        )
        if wait > 0 and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait + _TICK_S, self._ring)
        return wait <= 0

    def _ring(self) -> None:
        self._timer = None
        self._admit()

    def _take(self, tokens: float) -> None:
        self._in_flight += 1
        self._probing = self._open
        now = asyncio.get_running_loop().time()
        if self._requests is not None:
            self._requests.take(1, now)
        if self._tokens is not None:
            self._tokens.take(tokens, now)

    def correct(self, tokens: float) -> None:
        """Give back tokens that a call was expected to take and did not."""
        if self._tokens is not None:
            self._tokens.take(-tokens, asyncio.get_running_loop().time())

    async def enter(self, *, begun: bool, tokens: float = 0.0) -> None:
        """Wait for a place.

        Parameters
        ----------
        begun
            Whether the thought has begun (a repair, a retry): it goes before one that hasn't.
        tokens
            What the call is expected to take of the tokens per minute.
        """
        queue = self._begun if begun else self._fresh
        if not self._begun and (begun or not self._fresh) and self._free(tokens):
            self._take(tokens)
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(_Waiting(place, tokens))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Give the place back."""
        self._in_flight -= 1
        self._admit()

    def _admit(self) -> None:
        while queue := self._begun or self._fresh:
            place, tokens = queue[0]
            if place.done():
                queue.popleft()
            elif self._free(tokens):
                queue.popleft()
                self._take(tokens)
                place.set_result(None)
            else:
                return

    def hold(self, seconds: float) -> None:
        """Let nobody in for `seconds`."""
        loop = asyncio.get_running_loop()
        self._closed_until = max(self._closed_until, loop.time() + seconds)
        loop.call_at(self._closed_until + _TICK_S, self._admit)

    def open_wide(self) -> None:
        """End every wait: whoever is queued is let in to see that the run has stopped."""
        self._closed_until = 0.0
        self._open = self._probing = False
        self._strikes = self._failed_probes = 0
        self._limit = float(self._ceiling)
        for queue in (self._begun, self._fresh):
            for place, _ in queue:
                if not place.done():
                    self._in_flight += 1
                    place.set_result(None)
            queue.clear()

    def succeeded(self) -> None:
        """Note an answer: the limit grows by one per limit's worth of them; an open circuit closes."""
        self._strikes = self._failed_probes = 0
        self._open = False
        self._limit = min(float(self._ceiling), self._limit + 1 / self._limit)

    def crowded(self) -> None:
        """Note a 429: the limit halves, once per burst."""
        now = asyncio.get_running_loop().time()
        if now - self._shrunk_at >= _SLACK_S:
            self._shrunk_at = now
            self._limit = max(float(self._floor), self._limit * _SHRINK)

    def failed(self, pause_s: float) -> None:
        """Note a server error, hang or cut connection; after `STRIKES` in a row the circuit opens.

        Calls that were already in flight when it opened are no probes: as long as one of them is, none
        can be admitted.

        Parameters
        ----------
        pause_s
            How long an open circuit lets nobody in before the next probe.
        """
        self._strikes += 1
        if self._open and self._probing:
            self._failed_probes += 1
            self.hold(pause_s)
        elif not self._open and self._strikes >= STRIKES:
            self._open = True
            self.hold(pause_s)
