"""One field of a model's small JSON answer, or nothing; never a guess."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from moltarium.agents.interface import Reply
from moltarium.agents.minds.answers import REFUSALS, refuses
from moltarium.agents.prompts.untrusted import without_marks

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def field(reply: Reply, key: str) -> str | None:
    """Return one string field of the JSON object that a reply holds, trimmed.

    ``None`` where the reply is cut off, refuses, holds no JSON object, or has no such text.

    Parameters
    ----------
    reply
        What the model answered; words around the object are ignored.
    key
        The field's name.
    """
    if reply.finish in REFUSALS or reply.finish == "too_long" or refuses(reply.text):
        return None
    begin, end = reply.text.find("{"), reply.text.rfind("}")
    if not 0 <= begin < end:
        return None
    try:
        value = json.loads(reply.text[begin : end + 1]).get(key)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, str) or refuses(value):
        return None
    text = _SURROGATE.sub("\ufffd", without_marks(value)).strip()
    return text if any(char.isalnum() for char in text) else None


def schema_of(**fields: Any) -> dict[str, Any]:
    """Return the JSON Schema of a closed object with these fields, all required."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def text_schema(longest: int) -> dict[str, Any]:
    """Return the schema of an answer that is one text, of at most so many characters; 0 for any."""
    return schema_of(text=words_schema(longest))


def words_schema(longest: int) -> dict[str, Any]:
    """Return the schema of one string of at most so many characters; 0 for any."""
    return {"type": "string", "maxLength": longest} if longest else {"type": "string"}
