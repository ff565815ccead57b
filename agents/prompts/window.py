"""How long a prompt may be: a model's window in tokens, brought to bytes without its tokenizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

AT_FIRST: Final = 2.0
"""Bytes per token taken for granted before an endpoint has counted any. English has about four, East Asian
scripts about two: too small a number costs memories, too large a one costs the turn."""
LEAST: Final = 1.0
MOST: Final = 5.0
"""Bounds of what an endpoint is believed to count: one that reports nonsense must not undo the window."""
MARGIN: Final = 0.9
"""Share of the counted room that is used: the next prompt is not quite the last one."""
LEAST_ROOM: Final = 1000
"""Bytes that what grows in a prompt is given in any case."""


def allowed_bytes(window_tokens: int, answer_tokens: int, bytes_per_token: float | None) -> int:
    """Return how many bytes of prompt fit: margin · (window − answer) · bytes per token.

    Parameters
    ----------
    window_tokens
        The model's window.
    answer_tokens
        What is kept free for the answer.
    bytes_per_token
        As the endpoint counted in the agent's last turn; ``None`` before.
    """
    rate = AT_FIRST if bytes_per_token is None else min(MOST, max(LEAST, bytes_per_token))
    return max(0, int(MARGIN * (window_tokens - answer_tokens) * rate))


def fitting_room(length: Callable[[int], int], room: int, allowed: int) -> int:
    """Return the largest room tried, from `room` down, whose prompt is at most `allowed` bytes long.

    Parameters
    ----------
    length
        From the bytes given to what grows to the bytes of the whole prompt.
    room
        Where to begin.
    allowed
        Bytes of the whole prompt.

    Returns
    -------
    int
        `LEAST_ROOM` (or `room`, if less) where nothing fits: the endpoint then says so itself.
    """
    while room > LEAST_ROOM and (excess := length(room) - allowed) > 0:
        room = max(LEAST_ROOM, room - max(excess, room // 8))
    return room
