"""A kept reading is the reading."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from moltarium.agents.reader import Reader, Reading, Weights, load_reader
from moltarium.agents.reader.weights import SHIPPED
from moltarium.dashboards.readings import Readings

SAID = [
    "I love this reef!", "", "> quoted\n", "my memory is gone, and I am afraid", "half a pair \ud83d",
    "long " * 3_000 + "and sad", "What a terrible bug…", "7", "I love this reef!",
]  # fmt: skip


class Counted(Reader):
    """The project's reader, which counts the texts that it was asked for."""

    def __init__(self) -> None:
        super().__init__(Weights.load(SHIPPED))
        self.asked = 0

    def read(self, texts: Sequence[str]) -> Reading:
        self.asked += len(texts)
        return super().read(texts)


def same(found: Reading, expected: Reading) -> bool:
    return found.labels() == expected.labels() and all(
        np.array_equal(getattr(found, name), getattr(expected, name))
        for name in ("probs", "fine", "vad", "signs", "known", "offsets")
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.sampled_from(SAID)), max_size=5), st.integers(1, 8))
def test_a_kept_reading_is_the_same_to_the_last_bit(asked: list[list[str]], most: int) -> None:
    reader = Readings(load_reader(), most)
    for texts in asked:
        assert same(reader.read(texts), load_reader().read(texts))


def test_no_text_is_read_twice_unless_it_was_forgotten() -> None:
    inner = Counted()
    reader = Readings(inner, most=len(SAID))
    for _ in range(3):
        reader.read(SAID)
        reader.read(SAID[2:4])
    assert inner.asked == len(set(SAID))
    # Two more than there is room for: what was kept goes, and is read anew when it is asked for.
    reader.read(["one", "two"])
    reader.read(["two", *SAID[:2]])
    assert inner.asked == len(set(SAID)) + 2 + 2
    reader.read([*SAID, "one more"])
    assert inner.asked == len(set(SAID)) + 4 + len(SAID) + 1
