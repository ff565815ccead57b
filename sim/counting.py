"""How many bytes a token has, by an endpoint's own count: what a prompt's length is judged by.

Only recorded replies enter, and only an agent's own of earlier turns, so a prompt depends on nothing that a
resumed or replayed run would not have too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moltarium.agents.interface import Request
    from moltarium.sim.llm.gateway import Call


def prompt_bytes(request: Request) -> int:
    """Return the UTF-8 bytes of what a request says, without its schema."""
    if request.prompt is not None:
        return _bytes((request.prompt,))
    return _bytes(message.content for message in request.messages)


def recorded_prompt_bytes(request_text: str) -> int:
    """Return `prompt_bytes` of a request as the record keeps it.

    Parameters
    ----------
    request_text
        Canonical JSON of the request.
    """
    asked = json.loads(request_text)
    if asked["prompt"] is not None:
        return _bytes((asked["prompt"],))
    return _bytes(content for _, content in asked["messages"])


def last_counted(calls: Iterable[Call], before: float | None) -> float | None:
    """Return the bytes per token of the last call whose tokens the endpoint counted, else `before`."""
    counted = [call for call in calls if not call.estimated and call.tokens_in > 0]
    return counted[-1].prompt_bytes / counted[-1].tokens_in if counted else before


def _bytes(texts: Iterable[str]) -> int:
    return sum(len(text) if text.isascii() else len(text.encode("utf-8", "replace")) for text in texts)
