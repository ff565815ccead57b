"""A mind that lets a chat model decide: one prompt, one JSON answer, a few repairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from moltarium.agents.interface import (
    Abstain,
    Action,
    Message,
    Observation,
    Remember,
    Reply,
    Request,
    Thought,
    WriteComment,
)
from moltarium.agents.minds.answers import REFUSALS, Malformed, Parsed, declined, parse, refuses
from moltarium.agents.prompts.shared import repair, system
from moltarium.agents.prompts.turn import NAME_BYTES, TITLE_BYTES, Budget, Shown, turn
from moltarium.agents.prompts.untrusted import neutralise, without_marks
from moltarium.agents.prompts.window import allowed_bytes, fitting_room
from moltarium.agents.relations import observations, relations

ANSWERED_IMPORTANCE = 0.3
"""Importance of the memory of whom one answered."""
ECHO_BYTES = 300
"""How much of an unusable answer its repair quotes."""
REPAIR_BYTES = 700
"""What a repair adds to a prompt at most: the quote, the fault, and the words around them."""


@dataclass(frozen=True, slots=True)
class LLMMind:
    """Decides and writes by one chat call per turn.

    The answer is bound to a JSON Schema where the server can enforce it and parsed strictly in any case. An
    answer that can't be used is sent back with its fault, at most `repairs` times; then the turn is an
    `Abstain`, which is recorded and never spoken. A repair quotes only the answer of the same turn: no
    failure of an earlier turn ever stands in a prompt.
    """

    model: str = "default"
    """Label of the endpoint."""
    repairs: int = 2
    """Further calls after an answer that can't be used."""
    max_actions: int = 3
    """Actions in one turn at most."""
    temperature: float = 0.8
    max_tokens: int = 320
    """Room for the whole JSON answer."""
    names_in_schema: bool = True
    """Whether the schema lists the short names that this turn shows. Weak models need it; switch it off for
    servers that compile and cache each new schema, where a fresh one per turn costs time."""
    text_chars: int = 0
    """Longest text that the schema allows, 0 for any. A model that rambles needs it to ever close its JSON; a
    server that does not know ``maxLength`` refuses it."""
    moderates: bool = False
    """Whether removing texts is offered (where communities' founders may)."""
    prompt_bytes: int = 4000
    """Bytes for what grows in a prompt (feed, notices, memory …); rules and persona come on top. The default
    fits a window of 2,048 tokens; give a large model several times as much."""
    window_tokens: int = 0
    """The model's window, 0 if `prompt_bytes` is known to fit. What grows is then cut until the whole prompt
    fits by the endpoint's own count of the agent's last turn (see `agents.prompts.window`)."""

    def __post_init__(self) -> None:
        if self.repairs < 0 or self.text_chars < 0:
            raise ValueError("repairs and text_chars are not negative")
        if self.max_actions < 1 or self.max_tokens < 1 or self.prompt_bytes < 1000:
            raise ValueError("max_actions and max_tokens are at least 1, prompt_bytes at least 1000")
        if self.window_tokens and self.window_tokens < 2 * self.max_tokens:
            raise ValueError("window_tokens is 0, or at least twice max_tokens")

    @property
    def name(self) -> str:
        """``"llm"``."""
        return "llm"

    def decide(self, seen: Observation, rng: np.random.Generator) -> Thought:  # noqa: ARG002 - draws nothing
        """Ask once, repair if need be (see `moltarium.agents.interface.Mind`).

        A prompt that was cut to the model's window, or once more because the endpoint found it too long, is
        asked for with the purpose ``"trim"`` and so shows as one in the record.
        """
        room = self._room(seen)
        text, shown = turn(seen, Budget.of(room))
        trimmed = room < self.prompt_bytes and text != turn(seen, Budget.of(self.prompt_bytes))[0]
        purpose = "trim" if trimmed else "decide"
        for attempt in range(self.repairs + 1):
            ask = self._request(purpose, self._messages(text), self.schema(seen, shown))
            replies = yield (ask,)
            if replies[0].finish != "too_long":
                done = yield from self._settled(ask, replies[0], shown, self.repairs - attempt)
                if any(isinstance(act, Abstain) for act in done):
                    return done
                return (*done, *relations(seen), *observations(seen))
            room //= 2
            text, shown = turn(seen, Budget.of(room))
            purpose = "trim"
        return (Abstain("prompt_too_long", "what you saw was more than the model can read at once"),)

    def _settled(self, ask: Request, reply: Reply, shown: Shown, repairs: int) -> Thought:
        """Read a reply, and have it repaired as often as is left."""
        outcome = self._outcome(reply, shown)
        for _ in range(repairs):
            if not isinstance(outcome, Malformed):
                break
            said = Message("assistant", neutralise(without_marks(reply.text), ECHO_BYTES) or "(nothing)")
            told = (*ask.messages, said, Message("user", repair(outcome.reason)))
            (reply,) = yield (replace(ask, purpose="repair", messages=told),)
            outcome = self._outcome(reply, shown)
        if isinstance(outcome, Malformed):
            return (Abstain(outcome.category, outcome.reason),)
        return _with_memories(outcome, shown)

    def _messages(self, text: str) -> tuple[Message, ...]:
        return (Message("system", system(self.max_actions, self.moderates)), Message("user", text))

    def _room(self, seen: Observation) -> int:
        """Return the bytes that what grows in a prompt may have in this turn."""
        if not self.window_tokens:
            return self.prompt_bytes
        allowed = allowed_bytes(self.window_tokens, self.max_tokens, seen.bytes_per_token)

        def length(room: int) -> int:
            messages = self._messages(turn(seen, Budget.of(room))[0])
            return sum(len(message.content.encode()) for message in messages) + REPAIR_BYTES

        return fitting_room(length, self.prompt_bytes, allowed)

    def schema(self, seen: Observation, shown: Shown) -> Mapping[str, Any]:
        """Return the JSON Schema of this turn's answer.

        Small, closed, every key required (as strict servers demand); what the platform would not allow right
        now is not offered.

        Parameters
        ----------
        seen
            Its allowance decides which actions are offered.
        shown
            Short names of this turn.
        """
        word: dict[str, Any] = {"type": "string"}
        text = word | {"maxLength": self.text_chars} if self.text_chars else word
        on = {"enum": list(shown.items)} if self.names_in_schema else word
        place = {"enum": list(shown.communities)} if self.names_in_schema else word
        offered: list[dict[str, Any]] = []
        if shown.items:
            if seen.allowance.comment:
                offered.append(_entry(["comment"], on=on, text=text))
            offered.append(_entry(["up", "down", "follow", "unfollow"], on=on))
            if self.moderates:
                offered.append(_entry(["remove"], on=on, text=text))
        if shown.communities:
            if seen.allowance.post:
                offered.append(_entry(["post"], **{"in": place}, title=text, text=text))
            offered.append(_entry(["join", "leave"], **{"in": place}))
        if seen.allowance.found_community:
            offered.append(_entry(["found"], name=text, text=text))
        actions: dict[str, Any] = {"type": "array", "maxItems": self.max_actions if offered else 0}
        actions["items"] = {"anyOf": offered} if offered else word
        return _closed({"actions": actions, "memory": text})

    def _request(self, purpose: str, messages: tuple[Message, ...], schema: Mapping[str, Any]) -> Request:
        return Request(
            purpose,
            messages,
            schema=schema,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            model=self.model,
        )

    def _outcome(self, reply: Reply, shown: Shown) -> Parsed | Malformed:
        if reply.finish in REFUSALS or refuses(reply.text):
            return Parsed((declined(),))
        if reply.finish == "rejected":
            return Parsed((Abstain("rejected", "the model's server would not take this turn"),))
        outcome = parse(reply.text, shown, max_actions=self.max_actions)
        if isinstance(outcome, Malformed) and reply.finish == "length":
            return Malformed("it was cut off before its end; be shorter", "truncated")
        return outcome


def _with_memories(outcome: Parsed, shown: Shown) -> Sequence[Action]:
    """Add the memory of whom one answered: the one part of an own comment that its text does not tell."""
    by_target = {item.target: item for item in shown.items.values()}
    answered: list[Action] = []
    for action in outcome.actions:
        if isinstance(action, WriteComment):
            item = by_target[action.target]
            about = f' on "{neutralise(item.title, TITLE_BYTES)}"' if item.title else ""
            note = f"I answered @{neutralise(item.author, NAME_BYTES)}{about}"
            answered.append(Remember("relationship", note, ANSWERED_IMPORTANCE, item.target))
    return (*outcome.actions, *answered)


def _entry(verbs: list[str], **fields: Any) -> dict[str, Any]:
    return _closed({"do": {"enum": verbs}, **fields})


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
