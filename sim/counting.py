"""How many bytes a token has, by an endpoint's own count: what a prompt's length is judged by.

Only recorded replies enter, and only an agent's own of earlier turns, so a prompt depends on nothing that a
resumed or replayed run would not have too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from moltarium.sim.llm.gateway import Call


def bytes_per_token(request_text: str, tokens_in: int) -> float | None:
    """Return the bytes of a request's prompt per token counted; ``None`` where none was.

    Parameters
    ----------
    request_text
        Canonical JSON of the request, as kept in the record.
    tokens_in
        Prompt tokens as the endpoint counted them.
    """
    if tokens_in <= 0:
        return None
    asked = json.loads(request_text)
    said = [asked["prompt"]] if asked["prompt"] is not None else [content for _, content in asked["messages"]]
    return sum(len(text.encode("utf-8", "replace")) for text in said) / tokens_in


def last_counted(calls: Iterable[Call], before: float | None) -> float | None:
    """Return `bytes_per_token` of the last call whose tokens were counted, else `before`."""
    counted = [call for call in calls if not call.estimated and call.tokens_in > 0]
    return bytes_per_token(counted[-1].request_text, counted[-1].tokens_in) if counted else before
