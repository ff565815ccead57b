"""A prompt fits its model's window by the endpoint's own count, and what had to go is on record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moltarium.agents.interface import Abstain, Item, Observation, Refusal, Remembered, Reply, Request
from moltarium.agents.minds.llm import REPAIR_BYTES, LLMMind
from moltarium.agents.prompts.window import AT_FIRST, LEAST_ROOM, MARGIN, MOST, allowed_bytes, fitting_room
from moltarium.agents.relations import relations
from tests.agents.conftest import before

Seen = Callable[..., Observation]
Made = Callable[..., Item]

NOTHING = Reply('{"actions": [], "memory": ""}', "stop", "m", 100)
TOO_LONG = Reply("", "too_long", "m")


@pytest.fixture
def laden(seen: Seen, an_item: Made) -> Callable[..., Observation]:
    """Return an agent with far more on its mind than any small window holds."""

    def make(**changes: Any) -> Observation:
        return seen(
            feed=tuple(an_item(f"p{n}", body="word " * 60, title=f"Title {n}") for n in range(40)),
            memories=tuple(
                Remembered("reflection", f"Memory {n} " + "x" * 90, 0.5, None, before(60 * n))
                for n in range(90)
            ),
            **changes,
        )

    return make


def drive(mind: LLMMind, turn: Observation, *replies: Reply) -> tuple[list[Request], Any]:
    """Think one turn through with prepared replies."""
    thought = mind.decide(turn, np.random.default_rng(0))
    asked = [next(thought)[0]]
    for reply in replies:
        try:
            asked.append(thought.send([reply])[0])
        except StopIteration as end:
            return asked, end.value
    raise AssertionError("the mind asks for more")


def size(request: Request) -> int:
    """Return a prompt's bytes."""
    return sum(len(message.content.encode()) for message in request.messages)


@pytest.mark.parametrize("counted", [None, 1.2, 2.5, 4.3])
@pytest.mark.parametrize("window", [2048, 4096, 8192])
def test_the_prompt_fits_what_the_endpoint_counted(laden: Seen, window: int, counted: float | None) -> None:
    mind = LLMMind(window_tokens=window, prompt_bytes=60_000)
    (ask,), _ = drive(mind, laden(bytes_per_token=counted), NOTHING)
    allowed = allowed_bytes(window, mind.max_tokens, counted)
    smallest = size(drive(LLMMind(prompt_bytes=LEAST_ROOM), laden(), NOTHING)[0][0])
    assert size(ask) <= max(allowed - REPAIR_BYTES, smallest)
    (whole,), _ = drive(LLMMind(prompt_bytes=60_000), laden(), NOTHING)
    assert (ask.purpose == "trim") == (ask.messages != whole.messages), "the record says what was left out"


def test_a_higher_count_lets_more_be_remembered(laden: Seen) -> None:
    mind = LLMMind(window_tokens=4096, prompt_bytes=60_000)
    sizes = [size(drive(mind, laden(bytes_per_token=rate), NOTHING)[0][0]) for rate in (1.5, 2.0, 3.0, 4.0)]
    assert sizes == sorted(set(sizes))
    assert drive(mind, laden(bytes_per_token=3.0), NOTHING) == drive(
        mind, laden(bytes_per_token=3.0), NOTHING
    )


def test_a_prompt_that_fits_is_not_touched(seen: Seen) -> None:
    roomy, plain = LLMMind(window_tokens=128_000), LLMMind()
    assert drive(roomy, seen(), NOTHING) == drive(plain, seen(), NOTHING)
    assert drive(roomy, seen(), NOTHING)[0][0].purpose == "decide"


def test_an_endpoint_that_finds_it_too_long_is_asked_with_less(laden: Seen) -> None:
    asked, actions = drive(LLMMind(prompt_bytes=16_000), laden(), TOO_LONG, TOO_LONG, NOTHING)
    assert [ask.purpose for ask in asked] == ["decide", "trim", "trim"]
    assert size(asked[0]) > size(asked[1]) > size(asked[2])
    assert actions == relations(laden())


def test_what_never_fits_costs_a_turn_with_a_category_of_its_own(laden: Seen) -> None:
    asked, actions = drive(LLMMind(repairs=1), laden(), TOO_LONG, TOO_LONG)
    assert len(asked) == 2
    assert [action.category for action in actions if isinstance(action, Abstain)] == ["prompt_too_long"]


def test_the_newest_memories_and_the_clock_stay(laden: Seen) -> None:
    (ask,), _ = drive(LLMMind(window_tokens=2048, prompt_bytes=60_000), laden(bytes_per_token=4.0), NOTHING)
    text = ask.messages[1].content
    assert "Memory 0 " in text
    assert "Memory 89 " not in text
    assert text.endswith("What do you do?")


def test_no_refusal_is_crowded_out(laden: Seen) -> None:
    refusals = tuple(Refusal("CastVote", "x", f"reason number {n} " + "y" * 400) for n in range(6))
    (ask,), _ = drive(LLMMind(prompt_bytes=1000), laden(refusals=refusals), NOTHING)
    assert all(f"reason number {n}" in ask.messages[1].content for n in range(6))


@settings(deadline=None)
@given(st.floats(allow_nan=False), st.integers(0, 10**6))
def test_no_count_undoes_the_window(counted: float, window: int) -> None:
    assert 0 <= allowed_bytes(window, 0, counted) <= MARGIN * window * MOST
    assert allowed_bytes(window, 0, None) == int(MARGIN * window * AT_FIRST)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 5000))
def test_room_is_found_in_few_tries(room: int, allowed: int, fixed: int) -> None:
    tries = 0

    def length(given: int) -> int:
        nonlocal tries
        tries += 1
        return fixed + given

    found = fitting_room(length, room, allowed)
    assert found <= room
    assert found + fixed <= allowed or found <= LEAST_ROOM
    assert tries <= 60
