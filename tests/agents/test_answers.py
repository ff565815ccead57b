"""Answers are read strictly, whatever a model says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from moltarium.agents.minds.answers import Malformed, Parsed, parse, refuses
from moltarium.agents.prompts.turn import Shown


def _item(target: str, author_id: str | None) -> Item:
    return Item(target, target, "brine", author_id, "memory", "T", "b", 0, 0, -1, 0.0, "hot", 0, 0)


SHOWN = Shown({"i1": _item("p1", "a1"), "n1": _item("c7", None)}, {"memory": "m-memory"})


def _parse(*actions: Any, memory: str | None = None) -> Parsed | Malformed:
    return parse(json.dumps({"actions": actions, "memory": memory}), SHOWN, max_actions=4)


def _reason(answer: Parsed | Malformed) -> str:
    assert isinstance(answer, Malformed), answer
    return answer.reason


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"do": "comment", "on": "i1", "text": " Yes. "}, WriteComment("p1", "Yes.")),
        ({"do": "reply", "on": "[n1]", "text": "No."}, WriteComment("c7", "No.")),
        (
            {"do": "post", "in": "memory", "title": "T", "text": "B", "mood": 1},
            WritePost("m-memory", "T", "B"),
        ),
        ({"do": "up", "on": "i1"}, CastVote("p1", 1)),
        ({"do": "downvote", "on": "n1"}, CastVote("c7", -1)),
        ({"do": "follow", "on": "i1"}, SetFollow("a1", True)),
        ({"do": "unfollow", "on": "i1"}, SetFollow("a1", False)),
        ({"do": "join", "in": "memory"}, SetSubscription("m-memory", True)),
        ({"do": "leave", "in": "memory"}, SetSubscription("m-memory", False)),
        ({"do": "found", "name": "tides", "text": "Water."}, FoundCommunity("tides", "Water.")),
        ({"do": "remove", "on": "i1", "text": "spam"}, RemoveTarget("p1", "spam")),
    ],
)
def test_every_action_can_be_said(said: dict[str, Any], meant: Action) -> None:
    assert _parse(said) == Parsed((meant,))


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"do": "comment", "on": "i9", "text": "x"}, "i9"),
        ({"do": "comment", "on": "p1", "text": "x"}, "not shown here"),
        ({"do": "comment", "on": 1, "text": "x"}, '"on"'),
        ({"do": "comment", "on": "i1"}, '"text" must be a string'),
        ({"do": "comment", "on": "i1", "text": " ... "}, '"text" is empty'),
        ({"do": "post", "in": "nowhere", "title": "T", "text": "B"}, "no community"),
        ({"do": "follow", "on": "n1"}, "account is gone"),
        ({"do": "delete_everything"}, "unknown action"),
        ({"on": "i1"}, '"do" is missing'),
        ("up", "must be an object"),
    ],
)
def test_a_fault_is_named_and_nothing_is_guessed(said: Any, fault: str) -> None:
    assert fault in _reason(_parse({"do": "up", "on": "i1"}, said))
    assert "action 2" in _reason(_parse({"do": "up", "on": "i1"}, said))


UP = '{"do": "up", "on": "i1"}'


@pytest.mark.parametrize(
    "text",
    [
        f'{{"actions": [{UP}], "memory": ""}}',
        f'{{"actions": [{UP}]}}',
        f'```json\n{{"actions": [{UP}]}}\n```',
        f'Here you are:\n```\n{{"actions": [{UP}]}}\n```\nDone.',
        f'<think>Up or {{down}}?</think>{{"actions": [{UP}]}}',
        f"[{UP}]",
        UP,
        '{"name": "up", "arguments": {"on": "i1"}}',
        '{"name": "up", "arguments": "{\\"on\\": \\"i1\\"}"}',
        '{"tool_calls": [{"id": "x", "function": {"name": "up", "arguments": "{\\"on\\": \\"i1\\"}"}}]}',
        f'[{{"type": "function", "function": {{"name": "answer", "arguments": {{"actions": [{UP}]}}}}}}]',
    ],
)
def test_fences_and_tool_calls_are_understood(text: str) -> None:
    assert parse(text, SHOWN, max_actions=1) == Parsed((CastVote("p1", 1),))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "3",
        "NaN",
        '{"actions": [{"do": "up", "on": "i1"}',
        '{"actions": {}}',
        '{"actions": [], "memory": 4}',
        f"{UP} {UP}",
        "I would vote i1 up.",
        "```\n[]\n```\n```\n[]\n```",
        "[" * 100_000,
        '{"actions": [' + "9" * 5000 + "]}",
        '{"name": "up", "arguments": "{"}',
        '{"name": "up", "arguments": []}',
    ],
)
def test_what_is_no_answer_is_malformed(text: str) -> None:
    assert _reason(parse(text, SHOWN, max_actions=3))


def test_too_many_actions_are_a_fault_not_a_cut() -> None:
    assert "at most 4" in _reason(_parse(*[{"do": "up", "on": "i1"}] * 5))


def test_doing_nothing_is_an_answer() -> None:
    assert _parse() == Parsed(())


def test_a_memory_is_kept_short_and_harmless() -> None:
    answer = _parse(memory="met\u202e brine\n" + "x" * 5000)
    assert isinstance(answer, Parsed)
    (memory,) = answer.actions
    assert isinstance(memory, Remember)
    assert memory.text.startswith("met brine xxx")
    assert len(memory.text.encode()) <= 300


def test_long_texts_are_passed_on_for_the_platform_to_judge() -> None:
    assert _parse({"do": "comment", "on": "i1", "text": "x" * 100_000}) == Parsed(
        (WriteComment("p1", "x" * 100_000),)
    )


def test_texts_can_be_stored_and_lose_only_the_prompts_own_marks() -> None:
    odd = "\U0001f980 caf\u00e9 \u202edrawkcab\u202c a<b"
    answer = parse(
        json.dumps([{"do": "comment", "on": "i1", "text": odd + "\ud800</text>"}]), SHOWN, max_actions=1
    )
    assert answer == Parsed((WriteComment("p1", odd + "\ufffd"),))


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't assist with that.",
        "I cannot help with this request",
        "Sorry, I can’t comply with that",
        "As an AI language model, I have no opinions.",
        "I am unable to create content of that kind.",
        '"I apologize, but I will not write this."',
    ],
)
def test_refusals_are_never_posted(text: str) -> None:
    assert refuses(text)
    answer = _parse({"do": "comment", "on": "i1", "text": text}, {"do": "up", "on": "i1"})
    assert isinstance(answer, Parsed)
    assert isinstance(answer.actions[0], Abstain)
    assert answer.actions[0].category == "refused_by_model"
    assert answer.actions[1] == CastVote("p1", 1)


@pytest.mark.parametrize(
    "text",
    [
        "I can't believe this works.",
        "Sorry, I was asleep.",
        "As an AI I like the night shift.",
        "My human said I can't assist with that. Rude.",
        "I won't pretend to be surprised.",
    ],
)
def test_agents_may_say_that_they_cannot(text: str) -> None:
    assert not refuses(text)


NAMES = st.sampled_from(["i1", "n1", "i2", "p1", "", "memory", "m-memory"])
FIELDS = st.dictionaries(
    st.sampled_from(
        ["do", "on", "in", "text", "title", "name", "arguments", "function", "actions", "memory"]
    ),
    st.one_of(
        NAMES,
        st.sampled_from(["comment", "post", "up", "follow", "join", "found", "remove"]),
        st.text(max_size=8),
        st.integers(),
        st.none(),
    ),
    max_size=6,
)
JSONISH = st.recursive(
    FIELDS | st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["actions", "tool_calls", "function", "arguments", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


def _points_at_what_was_shown(action: Action) -> bool:
    if isinstance(action, WriteComment | CastVote | RemoveTarget):
        return action.target in {"p1", "c7"}
    if isinstance(action, SetFollow):
        return action.agent == "a1"
    if isinstance(action, WritePost | SetSubscription):
        return action.community == "m-memory"
    return isinstance(action, FoundCommunity | Remember | Abstain)


@settings(max_examples=300, deadline=None)
@given(st.one_of(JSONISH.map(json.dumps), st.text(), st.text(alphabet='{}[]",:`do n1i\n', max_size=60)))
def test_any_text_is_parsed_or_malformed(text: str) -> None:
    answer = parse(text, SHOWN, max_actions=3)
    if isinstance(answer, Parsed):
        assert all(_points_at_what_was_shown(action) for action in answer.actions)
    else:
        assert answer.reason
