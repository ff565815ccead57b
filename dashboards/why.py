"""Why a text stands in the record: prompt → raw answer → parsed → applied, or what moved a mood."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from moltarium.dashboards.source import Source
from moltarium.sim.record.schema import Action, Appraisal, LlmCall, Persona

WRITING: Final = frozenset({"WritePost", "WriteComment"})
"""Actions that make a text; others merely touch it, and name it as their result too."""

OPENING: Final = 24
"""Characters by which a text is found again in a reply."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One part of a prompt."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One model call behind a text."""

    purpose: str
    model: str
    prompt: tuple[Turn, ...]
    """Empty if the request's text was not kept."""
    reply: str | None
    """``None`` if the reply's text was not kept."""
    tokens_in: int
    tokens_out: int
    words: bool
    """Whether the reply holds the words that were written: a turn may ask for several texts."""


@dataclass(frozen=True, slots=True)
class Why:
    """What led to one post or comment."""

    mind: str | None
    """The author's mind; ``None`` where the record knows no minds."""
    model: str | None
    calls: tuple[Asked, ...]
    """In order; empty if no model was asked."""
    action: Action | None
    """What the last answer was parsed to."""
    appraisals: tuple[Appraisal, ...]
    """What moved the author's mood in the same step, strongest first."""


def why(source: Source, author: str | None, step: int | None, target: str) -> Why:
    """Return what led `author` to write `target` at `step`."""
    record = source.record
    if author is None or not record.has(Persona):
        return Why(None, None, (), None, ())
    persona = next(iter(record.rows_where(Persona, agent=author)), None)
    done = record.rows_where(Action, agent=author)
    action = next((row for row in done if row.kind in WRITING and row.result == target), None)
    calls: Sequence[LlmCall] = ()
    if action is not None:
        same_turn = [row for row in record.rows_where(LlmCall, agent=author) if row.step == action.step]
        calls = _led_to(same_turn, action.request_sha)
    moved = sorted(
        record.rows_where(Appraisal, agent=author, step=step) if step is not None else (),
        key=lambda row: -row.weight * (abs(row.dv) + abs(row.da) + abs(row.dd)),
    )
    return Why(
        mind=persona.mind if persona else None,
        model=persona.model if persona else None,
        calls=tuple(_asked(source, call, _opening(action)) for call in calls),
        action=action,
        appraisals=tuple(moved),
    )


def _led_to(turn: list[LlmCall], last_request: str | None) -> list[LlmCall]:
    """The calls of one turn up to the one that led to the action."""
    for place, call in enumerate(turn):
        if call.request_sha == last_request:
            return turn[: place + 1]
    return turn


def _opening(action: Action | None) -> str:
    """The first words of what an action writes."""
    try:
        fields: Any = json.loads(action.body) if action is not None else {}
    except ValueError:
        return ""
    return str(fields.get("body", "")).strip()[:OPENING] if isinstance(fields, dict) else ""


def _asked(source: Source, call: LlmCall, opening: str) -> Asked:
    request = source.record.blob(call.request_sha)
    reply = source.record.blob(call.reply_sha)
    return Asked(
        purpose=call.purpose,
        model=call.model,
        prompt=turns(request) if request is not None else (),
        reply=reply,
        tokens_in=call.tokens_in,
        tokens_out=call.tokens_out,
        words=bool(opening) and opening in (reply or ""),
    )


def turns(request: str) -> tuple[Turn, ...]:
    """Return the parts of a stored request: its messages, its raw prompt, or, failing both, its text."""
    try:
        asked: Any = json.loads(request)
    except ValueError:
        return (Turn("request", request),)
    if not isinstance(asked, dict):
        return (Turn("request", request),)
    if asked.get("prompt"):
        return (Turn("prompt", str(asked["prompt"])),)
    parts = [_turn(message) for message in asked.get("messages") or ()]
    return tuple(parts) or (Turn("request", request),)


def _turn(message: Any) -> Turn:
    if isinstance(message, dict):
        return Turn(str(message.get("role", "?")), str(message.get("content", "")))
    if isinstance(message, list | tuple) and len(message) == 2:
        return Turn(str(message[0]), str(message[1]))
    return Turn("?", str(message))
