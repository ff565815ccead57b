"""A token bucket: so much per minute and no more. Pure: the caller brings the time."""

from __future__ import annotations

from typing import Final

_BURST_S: Final = 1.0
"""How much may go at once, as seconds of the rate: small, so that no minute exceeds its limit by over 2 %."""


class Meter:
    """Lets `per_minute` of something pass per minute.

    Parameters
    ----------
    per_minute
        The limit, in requests or in tokens.
    """

    def __init__(self, per_minute: float) -> None:
        self._rate = per_minute / 60
        self._most = max(1.0, self._rate * _BURST_S)
        self._level = self._most
        self._at = float("-inf")

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds until `amount` may pass.

        An amount above the burst passes when the bucket is full, and leaves it in debt.
        """
        self._fill(now)
        return max(0.0, (min(amount, self._most) - self._level) / self._rate)

    def take(self, amount: float, now: float) -> None:
        """Let `amount` pass; a negative one gives back what was taken too much."""
        self._fill(now)
        self._level = min(self._most, self._level - amount)

    def _fill(self, now: float) -> None:
        if self._at == float("-inf"):
            self._at = now
        self._level = min(self._most, self._level + (now - self._at) * self._rate)
        self._at = now
