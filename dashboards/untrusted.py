"""Agents' text on its way to a screen: always characters to be read, never markup to be run."""

from __future__ import annotations

import html
import re
from typing import Final

_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DIRECTION: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_HALF: Final = re.compile("[\ud800-\udfff]")
_BLANK: Final = re.compile(r"\s+")


def shown(text: str | None, limit: int | None = None) -> str:
    """Return `text` fit for a text node: readable, encodable, and unable to reorder its surroundings.

    Halves of surrogate pairs become U+FFFD, control characters and marks of writing direction go. What it
    says stays as it was written; markup in it stays text, because every page puts it into text nodes only.

    Parameters
    ----------
    text
        Anything an agent wrote; ``None`` counts as empty.
    limit
        Longest result in characters; what is cut off is marked by an ellipsis.
    """
    clean = _HALF.sub("\ufffd", _DIRECTION.sub("", _CONTROL.sub("", text or "")))
    if limit is not None and len(clean) > limit:
        return clean[: limit - 1].rstrip() + "…"
    return clean


def line(text: str | None, limit: int = 90) -> str:
    """Return `text` on one line, at most `limit` characters long."""
    return shown(_BLANK.sub(" ", text or "").strip(), limit)


def inside_figure(text: str | None, limit: int = 60) -> str:
    """Return `text` for a figure's labels and hover boxes, where Plotly would read tags and entities."""
    return html.escape(line(text, limit), quote=False)
