"""Admission to one endpoint: how many calls are in flight, who goes next, and when nobody may.

The limit moves by additive increase and multiplicative decrease on 429 (Chiu & Jain 1989,
doi:10.1016/0169-7552(89)90019-6), never on server errors: those say that the server is ill, not that we are
too many. A run of failures in a row opens the circuit: after a pause one call probes, and its success closes
it again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

STRIKES: Final = 16
"""Failures in a row, over all calls of an endpoint, that open its circuit."""
_SHRINK: Final = 0.5
_SLACK_S: Final = 0.25
"""One burst of 429s is one signal: the limit shrinks at most once in this time."""


class Lane:
    """The gate in front of one endpoint. Lives in one event loop; nothing here blocks.

    A call enters, notes how it went (`succeeded`, `crowded` or `failed`) and leaves.

    Parameters
    ----------
    ceiling
        Calls in flight at most.
    """

    def __init__(self, ceiling: int) -> None:
        self._ceiling = ceiling
        self._limit = float(ceiling)
        self._in_flight = 0
        self._begun: deque[asyncio.Future[None]] = deque()
        self._fresh: deque[asyncio.Future[None]] = deque()
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

    def _free(self) -> bool:
        return self._in_flight < self.limit and asyncio.get_running_loop().time() >= self._closed_until

    def _take(self) -> None:
        self._in_flight += 1
        self._probing = self._open

    async def enter(self, *, begun: bool) -> None:
        """Wait for a place. A thought that has `begun` (a repair, a retry) goes before one that hasn't."""
        queue = self._begun if begun else self._fresh
        if self._free() and not self._begun and (begun or not self._fresh):
            self._take()
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(place)
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
        while (self._begun or self._fresh) and self._free():
            place = (self._begun or self._fresh).popleft()
            if not place.done():
                self._take()
                place.set_result(None)

    def hold(self, seconds: float) -> None:
        """Let nobody in for `seconds`."""
        loop = asyncio.get_running_loop()
        self._closed_until = max(self._closed_until, loop.time() + seconds)
        # A timer may fire a clock tick early; a millisecond more spares a second round.
        loop.call_at(self._closed_until + 1e-3, self._admit)

    def open_wide(self) -> None:
        """End every wait: whoever is queued is let in to see that the run has stopped."""
        self._closed_until = 0.0
        self._open = self._probing = False
        self._strikes = self._failed_probes = 0
        self._limit = float(self._ceiling)
        self._admit()

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
            self._limit = max(1.0, self._limit * _SHRINK)

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
