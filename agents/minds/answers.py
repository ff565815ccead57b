"""A model's answer read as actions, or the reason why it can't be.

Nothing here raises and nothing is guessed: an answer either says exactly what to do with what was shown, or
its first fault is named so that the model can be told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, NoReturn

from moltarium.agents.interface import (
    Abstain,
    Action,
    CastVote,
    FoundCommunity,
    Item,
    Remember,
    RemoveTarget,
    SetFollow,
    SetSubscription,
    WriteComment,
    WritePost,
)
from moltarium.agents.prompts.turn import Shown
from moltarium.agents.prompts.untrusted import neutralise, without_marks

MEMORY_BYTES: Final = 300
"""A memory's length at most; longer ones are cut, for a memory is a note to oneself."""
MEMORY_IMPORTANCE: Final = 0.5
"""Importance of what a model asks to remember."""

REFUSALS: Final = frozenset({"refusal", "content_filter"})
"""Finish reasons that say that the model would not answer."""

FAULTS: Final = frozenset(
    {
        "malformed",
        "empty",
        "truncated",
        "too_many_actions",
        "unknown_action",
        "unknown_target",
        "unknown_community",
    }
)
"""Categories of an answer that can't be used; the last three point at what does not exist."""

_DECLINES: Final = re.compile(
    r"""^\W*
    (?:(?:(?:i['’]?m|i\ am)(?:\ very|\ really|\ so)?\ sorry|sorry|i\ apologi[sz]e),?\s+(?:but\s+)?
        |unfortunately,?\s+)?
    (?:as\ an\ ai(?:\ language)?\ (?:model|assistant),?\s+)?
    i\s*(?:can(?:no|['’])?t|can\ not|am\ (?:not\ able|unable)\ to|['’]m\ (?:not\ able|unable)\ to
        |won['’]t(?:\ be\ able\ to)?|will\ not)\s+(?:\w+ly\s+)?
    (?:assist|help\ (?:you\ )?with|comply|fulfil|provide|create|generate|participate|engage\ (?:in|with)
        |continue\ (?:with\ )?this|respond\ to\ (?:this|that)|write\ (?:this|that)|do\ (?:this|that))\b""",
    re.IGNORECASE | re.VERBOSE,
)
_AS_AN_AI: Final = re.compile(r"^\W*as an ai language model\b", re.IGNORECASE)
_FENCE: Final = "```"
_OPENING: Final = re.compile(rf"{_FENCE}[a-zA-Z]*[^\S\n]*\n")
_THINKING: Final = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_READABLE: Final = re.compile(r"[^\W_]|[^\x00-\u2bff]")
"""A letter, a digit or a pictograph: what a text needs to say anything."""
_SYNONYMS: Final = {"reply": "comment", "upvote": "up", "downvote": "down"}


class Parsed(NamedTuple):
    """An answer that can be used; without actions if the agent chose to do nothing."""

    actions: tuple[Action, ...]


class Malformed(NamedTuple):
    """An answer that can't be used, and its first fault in words fit for the model."""

    reason: str
    category: str = "malformed"
    """What is recorded if no repair helps: one of `FAULTS`."""


def refuses(text: str) -> bool:
    """Return whether a text is a model's refusal to play its part rather than something an agent says.

    Anchored at the start and narrow on purpose: agents do say that they can't, about other things.
    """
    head = text[:400]
    return bool(_DECLINES.match(head) or _AS_AN_AI.match(head))


def parse(text: str, shown: Shown, *, max_actions: int) -> Parsed | Malformed:
    """Read a model's answer.

    Parameters
    ----------
    text
        What the model said: the JSON object, fenced or not, or the same as tool calls.
    shown
        What the prompt named; anything else is unknown.
    max_actions
        More than these are a fault: dropping some would be silent.

    Returns
    -------
    Parsed or Malformed
        Texts in actions are as the model wrote them, trimmed, without the prompt's own marks and with lone
        surrogates replaced, since these can't be stored; one that is a refusal becomes `Abstain`. Their
        length is the platform's to judge.
    """
    found = _loaded(text)
    if isinstance(found, Malformed):
        return found
    answer = _unwrapped(found)
    if isinstance(answer, Malformed):
        return answer
    listed, memory = answer
    if len(listed) > max_actions:
        return Malformed(f"{len(listed)} actions, but at most {max_actions} are allowed", "too_many_actions")
    actions: list[Action] = []
    for number, entry in enumerate(listed, 1):
        action = _action(entry, shown)
        if isinstance(action, Malformed):
            return action._replace(reason=f"action {number}: {action.reason}")
        actions.append(action)
    if memory:
        kept = neutralise(without_marks(memory), MEMORY_BYTES)
        if kept and not refuses(kept):
            actions.append(Remember("reflection", kept, MEMORY_IMPORTANCE, None))
    return Parsed(tuple(actions))


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _loaded(text: str) -> Any:
    body = _THINKING.sub("", text).strip()
    fenced = _fenced(body)
    if len(fenced) > 1:
        return Malformed("more than one fenced block")
    if fenced:
        body = fenced[0].strip()
    if not body:
        return Malformed("the answer is empty", "empty")
    try:
        return json.loads(body, parse_constant=_reject_constant)
    except json.JSONDecodeError as error:
        return Malformed(f"not valid JSON at character {error.pos}: {error.msg}")
    except (ValueError, RecursionError):
        return Malformed("not valid JSON: a number or the nesting is beyond measure")


def _fenced(text: str) -> list[str]:
    """Return what stands in fenced blocks, in linear time: a model in a loop writes endless blank lines."""
    blocks, at = [], 0
    while opening := _OPENING.search(text, at):
        end = text.find(_FENCE, opening.end())
        if end < 0:
            break
        blocks.append(text[opening.end() : end])
        at = end + len(_FENCE)
    return blocks


def _unwrapped(found: Any) -> tuple[list[Any], str] | Malformed:
    """Bring the accepted shapes to one: a list of entries and a memory."""
    if isinstance(found, dict) and isinstance(found.get("tool_calls"), list):
        found = found["tool_calls"]
    if isinstance(found, dict) and "actions" not in found:
        found = [found]
    if isinstance(found, list):
        entries = [_call(entry) for entry in found]
        fault = next((entry for entry in entries if isinstance(entry, Malformed)), None)
        if fault is not None:
            return fault
        if not (len(entries) == 1 and isinstance(entries[0], dict) and "actions" in entries[0]):
            return entries, ""
        found = entries[0]
    if not isinstance(found, dict):
        return Malformed("the answer must be a JSON object")
    listed, memory = found["actions"], found.get("memory")
    if not isinstance(listed, list):
        return Malformed('"actions" must be a list')
    if memory is not None and not isinstance(memory, str):
        return Malformed('"memory" must be a string')
    return listed, memory or ""


def _call(entry: Any) -> Any:
    """Turn ``{"name": "comment", "arguments": {…}}`` into ``{"do": "comment", …}``; leave the rest alone."""
    if not isinstance(entry, dict) or "do" in entry:
        return entry
    call = entry["function"] if isinstance(entry.get("function"), dict) else entry
    if not isinstance(call.get("name"), str) or "arguments" not in call:
        return entry
    arguments = call["arguments"]
    if isinstance(arguments, str):
        arguments = _loaded(arguments)
        if isinstance(arguments, Malformed):
            return arguments
    if not isinstance(arguments, dict):
        return Malformed('"arguments" must be an object')
    return arguments if "actions" in arguments else {**arguments, "do": arguments.get("do", call["name"])}


def _action(entry: Any, shown: Shown) -> Action | Malformed:
    if not isinstance(entry, dict):
        return Malformed("must be an object")
    do = entry.get("do")
    if not isinstance(do, str):
        return Malformed('"do" is missing')
    do = _SYNONYMS.get(do, do)
    if do not in _READERS:
        return Malformed(f"unknown action {_said(do)}", "unknown_action")
    try:
        return _READERS[do](_Entry(do, entry, shown))
    except _Fault as fault:
        return Malformed(str(fault), fault.category)


class _Fault(Exception):
    """A field of one action can't be used; never leaves this module."""

    def __init__(self, reason: str, category: str = "malformed") -> None:
        super().__init__(reason)
        self.category = category


def _said(value: object) -> str:
    return f'"{neutralise(str(value), 40)}"'


class _Entry(NamedTuple):
    """One entry of an answer, read field by field; a field that can't be used is a `_Fault`."""

    do: str
    fields: Mapping[str, Any]
    shown: Shown

    def text(self, key: str) -> str:
        value = self.fields.get(key)
        if not isinstance(value, str):
            raise _Fault(f'"{key}" must be a string')
        value = without_marks(_SURROGATE.sub("\ufffd", value)).strip()
        if not _READABLE.search(value):
            raise _Fault(f'"{key}" is empty')
        return value

    def item(self) -> Item:
        name = self.fields.get("on")
        if not isinstance(name, str):
            raise _Fault('"on" must name something shown in square brackets')
        item = self.shown.items.get(name.strip().strip("[]"))
        if item is None:
            known = ", ".join(self.shown.items) or "nothing"
            raise _Fault(f'{_said(name)} is not shown here; "on" can be {known}', "unknown_target")
        return item

    def community(self) -> str:
        name = self.fields.get("in")
        if not isinstance(name, str):
            raise _Fault('"in" must name a community')
        community = self.shown.communities.get(name.strip())
        if community is None:
            raise _Fault(f"there is no community {_said(name)} in the list", "unknown_community")
        return community


def _comment(entry: _Entry) -> Action:
    return _unless_refused(WriteComment(entry.item().target, entry.text("text")))


def _post(entry: _Entry) -> Action:
    return _unless_refused(WritePost(entry.community(), entry.text("title"), entry.text("text")))


def _vote(entry: _Entry) -> Action:
    return CastVote(entry.item().target, 1 if entry.do == "up" else -1)


def _follow(entry: _Entry) -> Action:
    author = entry.item().author_id
    if author is None:
        raise _Fault("its author's account is gone", "unknown_target")
    return SetFollow(author, entry.do == "follow")


def _membership(entry: _Entry) -> Action:
    return SetSubscription(entry.community(), entry.do == "join")


def _found(entry: _Entry) -> Action:
    return _unless_refused(FoundCommunity(entry.text("name"), entry.text("text")))


def _remove(entry: _Entry) -> Action:
    return RemoveTarget(entry.item().target, entry.text("text"))


_READERS: Final[Mapping[str, Callable[[_Entry], Action]]] = {
    "comment": _comment,
    "post": _post,
    "up": _vote,
    "down": _vote,
    "follow": _follow,
    "unfollow": _follow,
    "join": _membership,
    "leave": _membership,
    "found": _found,
    "remove": _remove,
}


def _unless_refused(action: WriteComment | WritePost | FoundCommunity) -> Action:
    return declined() if any(refuses(text) for text in action) else action


def declined() -> Abstain:
    """Return what becomes of a text in which the model refuses to play its part."""
    return Abstain("refused_by_model", "the model refused to write this")
