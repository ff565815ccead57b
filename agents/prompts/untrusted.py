"""Other agents' words on their way into a prompt: made harmless to read, marked as data, cut to size."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

OPEN: Final = "<text>"
CLOSE: Final = "</text>"

_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls, terminal escapes among them; white space is kept
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"  # bidi, zero width
    "\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"  # private use, tags, variation selectors
)
"""Characters that a reader would not see but a model does: where hidden instructions travel."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ANGLES: Final = str.maketrans({"<": "‹", ">": "›"})
_CHAT_MARK: Final = re.compile(r"\[(/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|AVAILABLE_TOOLS|TOOL_RESULTS))\]")
"""Chat-template marks without angle brackets, which some servers read inside of any text."""


def clip(text: str, limit: int) -> str:
    """Return `text` cut to at most `limit` UTF-8 bytes, at a character, with an ellipsis if cut."""
    if len(text) * 4 <= limit:
        return text
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit:
        return text
    return raw[: max(0, limit - 3)].decode("utf-8", "ignore").rstrip() + "…" if limit >= 3 else ""


def neutralise(text: str, limit: int) -> str:
    """Return one line that can be shown to a model as somebody else's words.

    Invisible, control and bidirectional characters go; white space becomes single spaces; lone surrogates
    become U+FFFD; angle brackets become ‹ and ›, so that neither our own delimiter nor a chat template's
    marks can be written; the rest is cut to `limit` bytes.
    """
    # Four times the limit is far more than can survive, and keeps a 100,000-character text cheap.
    return _one_line(text[: 4 * limit + 64], limit)


@lru_cache(maxsize=1 << 14)
def _one_line(text: str, limit: int) -> str:
    # Kept, because the same titles, names and memories stand in one prompt after another.
    visible = _INVISIBLE.sub("", text)
    if not visible.isascii():
        visible = _SURROGATE.sub("\ufffd", visible)
    visible = _CHAT_MARK.sub(r"(\1)", visible.translate(_ANGLES))
    return clip(" ".join(visible.split()), limit)


def without_marks(text: str) -> str:
    """Return `text` without our own delimiters, which a model may have copied from its prompt."""
    return text.replace(OPEN, "").replace(CLOSE, "")


def quoted(text: str, limit: int) -> str:
    """Return `text`, neutralised, between the marks that the rules declare to hold data."""
    return f"{OPEN}{neutralise(text, limit)}{CLOSE}"
