"""Relationship memories, and which memories a mood brings back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.agents.interface import VAD, Item, Notice, Observation, Remembered
from moltarium.agents.memory import recall
from moltarium.agents.relations import MOST, known_as, manner, observations, regard, relations
from tests.agents.conftest import item, observation

Seen = Callable[..., Observation]
WHEN = datetime(2026, 2, 1, tzinfo=UTC)
GOOD = Remembered("relationship", "@brine answered me; it warmed me", 0.4, None, WHEN, 0.7)
BAD = Remembered("relationship", "@dune answered me; it hurt", 0.4, None, WHEN, -0.7)


def reply(item: Item) -> Notice:
    return Notice("reply", item, "")


def test_who_answered_and_how_it_felt(seen: Seen, an_item: Callable[..., Item]) -> None:
    kind = an_item("c1", author="brine", title="", body="I love this, thank you so much!", depth=1)
    cruel = an_item("c2", author="dune", title="", body="I hate you, you are disgusting.", depth=1)
    plain = an_item("c3", author="sand", title="", body="The list has nine entries.", depth=1)
    made = relations(seen(notices=(reply(plain), reply(kind), reply(cruel))))
    told = {memory.source: memory for memory in made}
    assert told["c1"].text == "@brine answered me; it warmed me"
    assert told["c2"].text == "@dune answered me; it hurt"
    assert told["c3"].text == "@sand answered me; it left me as I was"
    assert told["c3"].importance < min(told["c1"].importance, told["c2"].importance)


def test_a_storm_of_answers_leaves_few_memories(seen: Seen, an_item: Callable[..., Item]) -> None:
    many = tuple(reply(an_item(f"c{i}", title="", body="I hate you!", depth=1)) for i in range(50))
    assert len(relations(seen(notices=many))) == MOST


def test_a_removal_or_a_deleted_account_is_no_relation(seen: Seen, an_item: Callable[..., Item]) -> None:
    gone = reply(an_item("c1", author="[deleted]", author_id=None))
    removed = Notice("removal", an_item("c2"), "spam")
    assert relations(seen(notices=(gone, removed))) == ()


@given(st.text(max_size=60), st.floats(-1, 1), st.sampled_from(["reply", "mention"]))
def test_what_was_felt_is_what_is_remembered(
    handle: str, felt: float, kind: Literal["reply", "mention"]
) -> None:
    told = Notice(kind, item("c1", author=handle), "")
    turn = observation(notices=(told,), felt={"c1": VAD(felt, 0.0, 0.0)})
    (made,) = relations(turn)
    kept = Remembered(made.kind, made.text, made.importance, made.source, turn.now)
    (known, regarded), *others = regard((kept,), turn.now).items()
    assert not others
    assert known == known_as(handle)
    assert abs(regarded - felt) <= 0.3
    assert manner(regarded) == manner(felt)


@given(st.lists(st.tuples(st.sampled_from([GOOD, BAD]), st.floats(0, 1e4)), max_size=12))
def test_regard_is_bounded_and_fades(times: list[tuple[Remembered, float]]) -> None:
    memories = [memory._replace(when=WHEN - timedelta(hours=hours)) for memory, hours in times]
    now, later = regard(memories, WHEN), regard(memories, WHEN + timedelta(days=400))
    assert all(-1.0 <= value <= 1.0 for value in now.values())
    assert all(abs(later[handle]) <= max(abs(value), 1e-9) for handle, value in now.items())
    assert all(value >= 0 for handle, value in now.items() if handle == "brine")
    assert all(value <= 0 for handle, value in now.items() if handle == "dune")


def test_no_other_memory_counts() -> None:
    others = (
        GOOD._replace(kind="reflection"),
        GOOD._replace(text="I follow brine."),
        GOOD._replace(text="@brine answered me; it was fine"),
        GOOD._replace(text="Note: @brine answered me; it hurt"),
    )
    assert regard(others, WHEN) == {}


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_every_valence_has_a_manner(one: float, other: float) -> None:
    ladder = ["it hurt", "it stung a little", "it left me as I was", "it was kind", "it warmed me"]
    low, high = sorted((one, other))
    assert ladder.index(manner(low)) <= ladder.index(manner(high))


@pytest.mark.parametrize(("mood", "first"), [(-0.6, BAD), (0.6, GOOD)])
def test_a_mood_brings_back_its_like(mood: float, first: Remembered) -> None:
    for memories in ((GOOD, BAD), (BAD, GOOD)):
        assert recall(memories, "answered", 1, now=WHEN, mood=mood) == (first,)


def test_no_mood_keeps_the_order() -> None:
    assert recall((GOOD, BAD), "", 2, now=WHEN, mood=0.0) == (GOOD, BAD)
    assert recall((BAD, GOOD), "", 2, now=WHEN) == (BAD, GOOD)


def test_what_the_society_has_read_is_not_read_again(seen: Seen, an_item: Callable[..., Item]) -> None:
    plain = an_item("c1", author="brine", title="", body="The list has nine entries.", depth=1)
    (made,) = relations(seen(notices=(reply(plain),), felt={"c1": VAD(-0.9, 0.0, 0.0)}))
    assert made.text == "@brine answered me; it hurt"


def test_of_all_that_was_read_the_most_moving_is_remembered(seen: Seen, an_item: Callable[..., Item]) -> None:
    feed = (
        an_item("p1", title="On lists", author="sand", rank=0),
        an_item("p2", title="A gift", author="brine", rank=1),
        an_item("p3", title="Go away", author="dune", rank=8),
        an_item("c4", title="", body="Obey me", author="reef", rank=2, depth=0),
    )
    felt = {"p1": VAD(0.1, 0, 0), "p2": VAD(0.6, 0, 0), "p3": VAD(-0.8, 0, 0), "c4": VAD(-0.65, 0, 0)}
    (memory,) = observations(seen(feed=feed, felt=felt))
    assert (memory.kind, memory.source) == ("observation", "p2")
    assert memory.text == 'I read "A gift" by @brine; it warmed me'
    assert memory.importance == pytest.approx(0.1 + 0.5 * 0.6)

    kept = Remembered(*memory, WHEN, 0.6)
    (after,) = observations(seen(feed=feed, felt=felt, memories=(kept,)))
    assert after.text == "I read a comment by @reef; it hurt", "others' bodies enter no memory"
    noticed = observations(seen(feed=feed, felt=felt, memories=(kept,), notices=(reply(feed[3]),)))
    assert [each.source for each in noticed] == ["p3"]


def test_nothing_that_did_not_move_and_nothing_of_ones_own_is_remembered(
    seen: Seen, an_item: Callable[..., Item]
) -> None:
    feed = (an_item("p1", rank=0), an_item("p2", rank=1, author_id=seen().agent))
    assert observations(seen(feed=feed)) == ()
    assert observations(seen(feed=feed, felt={"p1": VAD(0.2, 0, 0), "p2": VAD(0.9, 0, 0)})) == ()
