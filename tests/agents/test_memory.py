"""What is kept, what goes, and what comes back."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.agents.interface import Remembered
from moltarium.agents.memory import RECENCY_HALF_LIFE_H, Notebook, likeness, recall, words

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def _memory(text: str, importance: float = 0.5, age_h: float = 1.0) -> Remembered:
    return Remembered("reflection", text, importance, None, NOW - timedelta(hours=age_h))


def _at(hour: float) -> datetime:
    return NOW + timedelta(hours=hour)


def test_newest_first_and_nothing_from_the_future() -> None:
    book = Notebook(5)
    book.keep(Remembered("own", "first", 0.2, None, _at(1)))
    book.keep(Remembered("own", "second", 0.2, "p1", _at(2)))
    book.keep(Remembered("own", "third", 0.2, None, _at(9)))
    now = book.as_of(_at(3))
    assert [memory.text for memory in now] == ["second", "first"]
    assert now[0] == Remembered("own", "second", 0.2, "p1", _at(2))


def test_the_least_important_and_oldest_goes_first() -> None:
    book = Notebook(3)
    for t, (text, importance) in enumerate([("a", 0.5), ("b", 0.1), ("c", 0.1), ("d", 0.9), ("e", 0.5)]):
        book.keep(Remembered("own", text, importance, None, _at(t)))
    assert [memory.text for memory in book.as_of(_at(10))] == ["e", "d", "a"]
    book.keep(Remembered("own", "f", 0.05, None, _at(5)))
    assert [memory.text for memory in book.as_of(_at(10))] == ["e", "d", "a"], "the newcomer may be the least"


def test_a_notebook_without_room_keeps_nothing() -> None:
    book = Notebook(0)
    book.keep(Remembered("own", "a", 1.0, None, _at(0)))
    assert book.as_of(_at(1)) == ()
    assert len(book) == 0
    with pytest.raises(ValueError, match="capacity"):
        Notebook(-1)


@given(st.lists(st.tuples(st.floats(allow_nan=True), st.integers(0, 50)), max_size=40), st.integers(0, 8))
def test_bounded_ordered_and_deterministic(kept: list[tuple[float, int]], capacity: int) -> None:
    books = Notebook(capacity), Notebook(capacity)
    for book in books:
        for i, (importance, t) in enumerate(kept):
            book.keep(Remembered("own", str(i), importance, None, _at(t)))
    first, second = (book.as_of(_at(100)) for book in books)
    assert first == second
    assert len(first) == min(len(kept), capacity)
    moments = [memory.when for memory in first]
    assert moments == sorted(moments, reverse=True)
    assert all(0.0 <= memory.importance <= 1.0 for memory in first)


def test_recall_prefers_the_relevant_then_the_recent_then_the_important() -> None:
    plain = _memory("the build was green")
    for better in (_memory("tides and moons"), _memory("the build was green", age_h=0.0)):
        assert recall((plain, better), "moons over tides", 1, now=NOW) == (better,)
    assert recall((plain, plain._replace(importance=0.9)), "anything", 1, now=NOW)[0].importance == 0.9


def test_recency_follows_the_published_decay() -> None:
    assert pytest.approx(0.995) == 0.5 ** (1 / RECENCY_HALF_LIFE_H)
    old_but_weighty, new = _memory("x", 0.6, 10.0), _memory("x", 0.0, 0.0)
    assert recall((old_but_weighty, new), "", 1, now=NOW) == (old_but_weighty,)
    assert recall((old_but_weighty, new), "", 1, now=NOW, half_life_h=1.0) == (new,)


@given(st.lists(st.builds(_memory, st.text(max_size=20), st.floats(0, 1), st.floats(0, 1e4)), max_size=12))
def test_recall_is_a_stable_choice_of_what_is_there(memories: list[Remembered]) -> None:
    found = recall(memories, "some words", 5, now=NOW)
    assert found == recall(memories, "some words", 5, now=NOW)
    assert len(found) == min(5, len(memories))
    assert set(found) <= set(memories)
    assert recall(memories, "some words", 0, now=NOW) == ()


def test_ties_go_to_the_first() -> None:
    first, second = _memory("a b"), Remembered("own", "a b", 0.5, "p1", _at(-1))
    assert recall((first, second), "zebra", 2, now=NOW) == (first, second)


def test_likeness_is_the_cosine_of_word_sets() -> None:
    assert likeness(words("The tide, the TIDE!"), words("tide tables")) == pytest.approx(1 / math.sqrt(2))
    assert likeness(words("the of and"), words("tide")) == 0.0
