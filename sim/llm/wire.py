"""Between a `Request` and the bytes of an OpenAI-compatible endpoint, both ways. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Final, Literal, TypeAlias

import orjson

from moltarium.agents.interface import Message, Reply, Request
from moltarium.sim.llm.endpoint import Structured
from moltarium.sim.llm.failures import Failure, Trouble, classify, embedded_error, mentions

Way: TypeAlias = Literal["json_schema", "tool", "json"]
"""How a schema is put to the endpoint."""

_WAYS: Final[tuple[Way, ...]] = ("json_schema", "tool", "json")
_ANSWER: Final = "answer"
_CHARS_PER_TOKEN: Final = 4
"""Rule of thumb for English text, used only where an endpoint reports no usage, and then marked."""
_MOST_TOKENS: Final = 10**9
"""An endpoint that reports more for one call, or less than none, reports nonsense, which counts no money."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What an endpoint was found to understand. Never part of a request's key."""

    way: Way = "json_schema"
    fixed: bool = False
    """Whether the user chose the way, or it has worked: then it is not changed."""
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    seeded: bool = True
    """Whether it takes a sampling seed."""
    tempered: bool = True
    """Whether it takes a temperature (reasoning models don't)."""

    @classmethod
    def of(cls, structured: Structured) -> Dialect:
        """Return the dialect to begin with."""
        if structured == "auto":
            return cls()
        return cls(way=structured, fixed=True)

    def proven(self, request: Request) -> Dialect:
        """Return the dialect after `request` was answered in it: a way that worked is kept."""
        return self if self.fixed or request.schema is None else replace(self, fixed=True)

    def after(self, failure: Failure, request: Request) -> Dialect | None:
        """Return the next thing to try after an `UNSUPPORTED` answer; ``None`` if nothing is left."""
        if failure.trouble is not Trouble.UNSUPPORTED:
            return None
        if self.limit == "max_tokens" and mentions(failure, "max_tokens", "max_completion_tokens"):
            return replace(self, limit="max_completion_tokens")
        if self.seeded and mentions(failure, "seed"):
            return replace(self, seeded=False)
        if self.tempered and mentions(failure, "temperature"):
            return replace(self, tempered=False)
        if request.schema is not None and not self.fixed and self.way != _WAYS[-1]:
            return replace(self, way=_WAYS[_WAYS.index(self.way) + 1])
        return None


def path(request: Request) -> str:
    """Return the endpoint's path for `request`.

    Raises
    ------
    ValueError
        Unless it has exactly one of messages, a prompt and texts to embed.
    """
    if (request.prompt is not None) + bool(request.messages) + bool(request.embed) != 1:
        raise ValueError("a request has either messages or a prompt or texts to embed")
    if request.embed:
        return "/embeddings"
    return "/chat/completions" if request.prompt is None else "/completions"


def _dump(body: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:
        return json.dumps(body).encode("ascii")


def _instructed(messages: tuple[Message, ...], schema: Mapping[str, Any]) -> tuple[Message, ...]:
    """Return the messages with the schema asked for in words, at the end, where no prefix cache is lost."""
    words = (
        "\n\nAnswer with one JSON object that satisfies this JSON Schema, and with nothing else:\n"
        + _dump(schema).decode()
    )
    *before, last = messages
    return (*before, last._replace(content=last.content + words))


def body(request: Request, model: str, seed: int, dialect: Dialect) -> bytes:
    """Return the bytes to be sent for `request` in an endpoint's dialect."""
    fields: dict[str, Any] = {"model": model}
    if request.embed:
        return _dump({**fields, "input": request.embed, "encoding_format": "float"})
    schema = request.schema
    if request.prompt is not None:
        fields["prompt"] = request.prompt
    else:
        messages = request.messages
        if schema is not None and dialect.way == "json":
            messages = _instructed(messages, schema)
        fields["messages"] = [message._asdict() for message in messages]
    fields[dialect.limit if request.prompt is None else "max_tokens"] = request.max_tokens
    if dialect.tempered:
        fields["temperature"] = request.temperature
    if dialect.seeded:
        fields["seed"] = seed
    if request.stop:
        fields["stop"] = request.stop
    if schema is not None and dialect.way == "json_schema":
        named = {"name": _ANSWER, "schema": schema, "strict": True}
        fields["response_format"] = {"type": "json_schema", "json_schema": named}
        if request.prompt is not None:
            # llama.cpp heeds only this one on raw completions, vLLM the other.
            fields["json_schema"] = schema
    if schema is not None and dialect.way == "tool" and request.prompt is None:
        fields["tools"] = [{"type": "function", "function": {"name": _ANSWER, "parameters": schema}}]
        fields["tool_choice"] = {"type": "function", "function": {"name": _ANSWER}}
    return _dump(fields)


def _text(choice: Mapping[str, Any]) -> tuple[str, bool]:
    """Return a choice's text and whether the model refused.

    Raises
    ------
    TypeError, KeyError
        If the choice has no known shape.
    """
    if "text" in choice:
        return str(choice["text"] or ""), False
    message: Mapping[str, Any] = choice["message"]
    if refusal := message.get("refusal"):
        return str(refusal), True
    for call in message.get("tool_calls") or ():
        return str(call["function"]["arguments"]), False
    content = message.get("content") or ""
    if isinstance(content, list):
        content = "".join(part.get("text", "") for part in content)
    if not isinstance(content, str):
        raise TypeError("content is no text")
    return content, False


def _vectors(parsed: Mapping[str, Any], asked: int) -> str:
    """Return the JSON array of the vectors in an answer, by their index.

    Raises
    ------
    TypeError, KeyError, ValueError
        If one is missing, is no list of finite numbers, or is of another length than the rest.
    """
    found = {int(each["index"]): [float(x) for x in each["embedding"]] for each in parsed["data"]}
    rows = [found[place] for place in range(asked)]
    if {len(row) for row in rows} != {len(rows[0])} or not rows[0]:
        raise ValueError("vectors of unequal length")
    if not all(isfinite(x) for row in rows for x in row):
        raise ValueError("a vector that is not finite")
    return orjson.dumps(rows).decode()


def _usage(
    parsed: Mapping[str, Any], request: Request, text: str
) -> tuple[int, int, int, bool]:  # in, cached, out, estimated
    usage = parsed.get("usage")
    if isinstance(usage, dict):
        tokens_in, tokens_out = (
            _count(usage.get("prompt_tokens")),
            _count(usage.get("completion_tokens") or 0),
        )
        details = usage.get("prompt_tokens_details")
        inner = details.get("cached_tokens") if isinstance(details, dict) else None
        cached = _count(inner or usage.get("prompt_cache_hit_tokens")) or 0
        if tokens_in is not None and tokens_out is not None:
            return tokens_in, min(cached, tokens_in), tokens_out, False
    asked = request.prompt or "".join((*request.embed, *(m.content for m in request.messages)))
    return -(-len(asked) // _CHARS_PER_TOKEN), 0, -(-len(text) // _CHARS_PER_TOKEN), True


def _count(tokens: object) -> int | None:
    """Return a number of tokens as an endpoint reports it; ``None`` for what can be none."""
    if isinstance(tokens, bool) or not isinstance(tokens, int | float) or not 0 <= tokens <= _MOST_TOKENS:
        return None
    return int(tokens)


def _loads(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        # Lone surrogates are valid JSON escapes; only the standard library reads them.
        return json.loads(content)


def parse(content: bytes, request: Request, model: str) -> Reply | Failure:
    """Return the reply in an answer of status 200, or what is wrong with it.

    The text of a reply to texts to embed is the JSON array of their vectors, in the order of the texts. A
    refusal keeps the model's words as `Reply.text`, for the record, and says ``"refusal"`` in
    `Reply.finish`: whoever reads the text asks that first.

    Parameters
    ----------
    content
        The answer's body.
    request
        What was asked; its length stands in where the endpoint reports no usage.
    model
        The model's name, where the answer doesn't give it.
    """
    try:
        parsed = _loads(content)
        if (failure := embedded_error(parsed)) is not None:
            return failure
        choice = {} if request.embed else parsed["choices"][0]
        text, refused = (_vectors(parsed, len(request.embed)), False) if request.embed else _text(choice)
        tokens_in, cached, out, estimated = _usage(parsed, request, "" if request.embed else text)
        finish = str(choice.get("finish_reason") or "stop")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Failure(Trouble.GARBLED, classify(502, {}, content[:400]).detail, status=200)
    if refused or finish == "content_filter":
        finish = "refusal"
    named = str(parsed.get("model") or model).encode("utf-8", "replace").decode()
    return Reply(text, finish, named, tokens_in, cached, out, estimated)


_FAULT_OF_ITS_OWN: Final = {
    Trouble.TOO_LONG: "too_long",
    Trouble.FILTERED: "refusal",
    Trouble.UNSUPPORTED: "rejected",
}


def unanswerable(failure: Failure, model: str) -> Reply | None:
    """Return the empty reply to a request that was itself at fault, ``None`` for any other failure.

    A prompt that is too long, that the endpoint's filter stops, or that it rejects though it took others,
    must cost its agent one turn and not the run: `Reply.finish` says ``"too_long"``, ``"refusal"`` or
    ``"rejected"``, and the mind abstains.
    """
    finish = _FAULT_OF_ITS_OWN.get(failure.trouble)
    return None if finish is None else Reply("", finish, model)
