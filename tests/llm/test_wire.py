"""Requests become what servers understand; whatever servers send becomes a reply or a named failure."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.agents.interface import Message, Reply, Request
from moltarium.sim.llm.failures import Failure, Trouble
from moltarium.sim.llm.wire import Dialect, body, parse, path

SCHEMA = {"type": "object", "properties": {"vote": {"enum": ["up", "down"]}}}
CHAT = Request("decide", (Message("system", "Be brief."), Message("user", "Vote.")), schema=SCHEMA)
RAW = Request("write", prompt="Post: bees\nReply:", stop=("\n",))


def sent(request: Request, dialect: Dialect) -> dict[str, Any]:
    made: dict[str, Any] = orjson.loads(body(request, "stub", 5, dialect))
    return made


def answered(choice: dict[str, Any], **more: Any) -> Reply | Failure:
    return parse(orjson.dumps({"model": "stub-1", "choices": [choice], **more}), CHAT, "stub")


def test_a_chat_with_a_schema_in_each_way() -> None:
    strict = sent(CHAT, Dialect())
    assert strict["response_format"]["json_schema"]["schema"] == SCHEMA
    assert (strict["seed"], strict["max_tokens"], strict["temperature"]) == (5, 256, 0.8)
    tool = sent(CHAT, Dialect(way="tool"))
    assert tool["tools"][0]["function"]["parameters"] == SCHEMA
    assert tool["tool_choice"]["function"]["name"] == tool["tools"][0]["function"]["name"]
    plain = sent(CHAT, Dialect(way="json"))
    assert "response_format" not in plain
    assert "tools" not in plain
    assert plain["messages"][0] == {"role": "system", "content": "Be brief."}
    assert plain["messages"][1]["content"].startswith("Vote.")
    assert '"enum":["up","down"]' in plain["messages"][1]["content"]


def test_a_raw_completion() -> None:
    made = sent(RAW, Dialect(limit="max_completion_tokens"))
    assert (made["prompt"], made["stop"], made["max_tokens"]) == (RAW.prompt, ["\n"], 256)
    assert path(RAW) == "/completions"
    assert path(CHAT) == "/chat/completions"


@pytest.mark.parametrize("request_", [Request("x"), Request("x", (Message("user", "a"),), prompt="b")])
def test_a_request_asks_in_exactly_one_form(request_: Request) -> None:
    with pytest.raises(ValueError, match="either messages or a prompt"):
        path(request_)


def test_a_lone_surrogate_can_be_sent() -> None:
    assert b"\\ud800" in body(Request("x", prompt="a\ud800b"), "stub", 0, Dialect())


def test_the_ladder_goes_down_one_step_at_a_time_and_ends() -> None:
    refused = Failure(Trouble.UNSUPPORTED, "response_format is not supported")
    tool = Dialect().after(refused, CHAT)
    assert tool is not None
    assert tool == Dialect(way="tool")
    plain = tool.after(refused, CHAT)
    assert plain is not None
    assert plain == Dialect(way="json")
    assert plain.after(refused, CHAT) is None
    assert Dialect().after(refused, RAW) is None
    assert Dialect.of("tool").after(refused, CHAT) is None


@pytest.mark.parametrize(
    ("said", "learned"),
    [
        ("Use 'max_completion_tokens' instead", Dialect(limit="max_completion_tokens")),
        ("Unknown parameter: seed", Dialect(seeded=False)),
        ("temperature does not support 0.8", Dialect(tempered=False)),
    ],
)
def test_parameters_are_learned_from_complaints(said: str, learned: Dialect) -> None:
    assert Dialect().after(Failure(Trouble.UNSUPPORTED, said), RAW) == learned


def test_usage_is_taken_where_given_and_estimated_and_marked_where_not() -> None:
    usage = {"prompt_tokens": 90, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 64}}
    message = {"message": {"content": "eight ch"}, "finish_reason": "stop"}
    assert answered(message, usage=usage) == Reply("eight ch", "stop", "stub-1", 90, 64, 7, False)
    assert answered(message) == Reply("eight ch", "stop", "stub-1", 4, 0, 2, True)


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": -5, "completion_tokens": 7},
        {"prompt_tokens": 5, "completion_tokens": -7},
        {"prompt_tokens": True, "completion_tokens": 7},
        {"prompt_tokens": 5, "completion_tokens": [7]},
        {"prompt_tokens": 10**12, "completion_tokens": 7},
        {"prompt_tokens": "5", "completion_tokens": 7},
        {"completion_tokens": 7},
        [5, 7],
    ],
)
def test_nonsense_for_usage_is_neither_counted_nor_a_failure(usage: Any) -> None:
    reply = answered({"message": {"content": "eight ch"}}, usage=usage)
    assert isinstance(reply, Reply)
    assert reply.estimated
    assert reply.tokens_out == 2


@pytest.mark.parametrize(
    ("details", "cached"), [({"cached_tokens": 900}, 90), ({"cached_tokens": -9}, 0), ([9], 0), (None, 0)]
)
def test_no_more_is_cached_than_was_sent(details: Any, cached: int) -> None:
    usage = {"prompt_tokens": 90.0, "completion_tokens": 7, "prompt_tokens_details": details}
    reply = answered({"message": {"content": "eight ch"}}, usage=usage)
    assert isinstance(reply, Reply)
    assert (reply.tokens_in, reply.tokens_cached, reply.tokens_out, reply.estimated) == (90, cached, 7, False)


@pytest.mark.parametrize(
    ("message", "finish", "expected"),
    [
        ({"content": None}, "stop", ("", "stop")),
        ({"content": [{"type": "text", "text": "a"}, {"text": "b"}]}, "stop", ("ab", "stop")),
        ({"content": None, "refusal": "I won't."}, "stop", ("I won't.", "refusal")),
        ({"content": "cut"}, "content_filter", ("cut", "refusal")),
        ({"content": "cut"}, "length", ("cut", "length")),
        (
            {"tool_calls": [{"function": {"arguments": '{"vote":"up"}'}}]},
            "tool_calls",
            ('{"vote":"up"}', "tool_calls"),
        ),
    ],
)
def test_shapes_of_answers(message: dict[str, Any], finish: str, expected: tuple[str, str]) -> None:
    reply = answered({"message": message, "finish_reason": finish})
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish) == expected


def test_escaped_lone_surrogates_arrive() -> None:
    reply = parse(b'{"choices": [{"text": "a\\ud800b"}]}', RAW, "stub")
    assert isinstance(reply, Reply)
    assert reply.text == "a\ud800b"


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (b"<html>Bad Gateway</html>", Trouble.GARBLED),
        (b'{"choices": [{"mess', Trouble.GARBLED),
        (b'{"choices": []}', Trouble.GARBLED),
        (b'{"choices": [{"message": {"content": 7}}]}', Trouble.GARBLED),
        (b"[]", Trouble.GARBLED),
        (b"[" * 100_000, Trouble.GARBLED),
        (b'{"error": {"code": 429, "message": "slow down"}}', Trouble.RATE_LIMITED),
        (b'{"error": "upstream"}', Trouble.OVERLOADED),
    ],
)
def test_what_is_no_completion_is_named(content: bytes, trouble: Trouble) -> None:
    failure = parse(content, RAW, "stub")
    assert isinstance(failure, Failure)
    assert failure.trouble is trouble


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "message",
                    "content",
                    "text",
                    "error",
                    "usage",
                    "tool_calls",
                    "prompt_tokens",
                    "function",
                    "arguments",
                    "prompt_tokens_details",
                    "cached_tokens",
                    "code",
                    "model",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON, st.binary(max_size=60))
def test_no_answer_breaks_the_parser(value: Any, noise: bytes) -> None:
    for content in (json.dumps(value).encode(), noise):
        assert isinstance(parse(content, RAW, "stub"), Reply | Failure)
