"""The sentences that the reader is taught beside GoEmotions, and that it has learnt from them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.side_by_side import joined
from benchmarks.taught import EMOJI_TIMES, LIFTING, TALE_TIMES, WORD_TIMES, Taught, Teacher
from moltarium.agents.reader import EKMAN, FINE, Reader, Weights, load_reader
from moltarium.agents.reader.weights import as_lines

SOURCE = """\
[slots]
friend = ["friend", "boss"]
kin = ["aunt"]
time = ["today"]

[joy]
feel = ["glad"]
tale = ["my {friend} came", "hooray!"]

[anger]
feel = ["cross"]
emoji = ["😠"]
tale = ["he lied"]

[neutral]
tale = ["it is noon."]
"""


@pytest.fixture(scope="module")
def shipped() -> list[Taught]:
    return Teacher().sentences()


def test_the_same_sentences_every_time(shipped: list[Taught]) -> None:
    assert shipped == Teacher().sentences()
    assert shipped != Teacher(seed=4).sentences()


def test_every_class_is_taught_and_no_slot_stays_open(shipped: list[Taught]) -> None:
    assert {sentence.fine for sentence in shipped} == set(FINE)
    assert not [sentence for sentence in shipped if "{" in sentence.text or not sentence.text.strip()]


def test_words_stand_in_frames_emoji_behind_plain_words_and_denials_turn_round(tmp_path: Path) -> None:
    source = tmp_path / "taught.toml"
    source.write_text(SOURCE, encoding="utf-8")
    drawn = Teacher(source).sentences()
    by_class = Counter(sentence.fine for sentence in drawn)
    glad = [one for one in drawn if "glad" in one.text]
    assert sum(one.fine == "joy" for one in glad) == WORD_TIMES
    assert {one.fine for one in glad} == {"joy", "disappointment"}
    assert "joy" in LIFTING
    assert {one.fine for one in drawn if "cross" in one.text} == {"anger", "neutral"}
    shown = [one for one in drawn if "😠" in one.text]
    assert len(shown) == EMOJI_TIMES
    assert all(one.fine == "anger" for one in shown)
    assert any("noon" in one.text for one in shown)
    assert any(one.text.strip("😠") == "" for one in shown)
    assert by_class["neutral"] <= 2 * TALE_TIMES


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I'm fuming about this", "anger"),
        ("she was frightened", "fear"),
        ("so repulsed right now", "disgust"),
        ("😡😡", "anger"),
        ("on the bus 😭", "sadness"),
        ("🎉🎉", "joy"),
        ("👍🏽", "joy"),
        ("I failed the exam", "sadness"),
        ("My grandfather died last week.", "sadness"),
        ("someone followed me home in the dark", "fear"),
        ("A man vomited on the bus.", "disgust"),
        ("my best friend lied to me", "anger"),
        ("I got the job", "joy"),
    ],
)
def test_what_goemotions_hardly_holds_is_read(text: str, label: str) -> None:
    assert load_reader().read([text]).labels() == [label]


def test_two_nets_side_by_side_mix_their_logits() -> None:
    lone = tiny(1, ["a", "b"], rarity=16)
    rich = tiny(2, ["a", "b", "c"], rarity=16)
    texts = ["a b a", "b", "a a"]
    one, other, mixed = (
        np.log(Reader(weights).read(texts).fine) for weights in (lone, rich, joined(lone, rich, 0.7))
    )
    wanted = 0.3 * one + 0.7 * other
    wanted -= np.log(np.exp(wanted).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(mixed, wanted, atol=0.02)


def tiny(seed: int, words: list[str], *, rarity: int) -> Weights:
    """Return small random weights that know some words."""
    rng = np.random.default_rng(seed)
    pieces = len(words) + 2

    def bytes_(*shape: int) -> NDArray[np.int8]:
        return rng.integers(-127, 128, shape).astype(np.int8)

    return Weights(
        words=as_lines(words),
        pairs=as_lines(["a b"]),
        groups=as_lines(["<a"]),
        table=np.vstack([np.zeros((1, 4), dtype=np.int8), bytes_(pieces, 4)]),
        rarity=np.array([0] + [rarity] * pieces, dtype=np.uint8),
        scale=np.full(4, 1e-3),
        hidden_bias=rng.normal(size=4) / 10,
        head=rng.normal(size=(4, len(FINE))),
        bias=rng.normal(size=len(FINE)) / 10,
        vectors=np.vstack([np.zeros((1, 5), dtype=np.int8), bytes_(len(words) + 1, 5)]),
        filters=rng.integers(-9, 10, (3, 5, 6)).astype(np.int16),
        filter_scale=np.full(6, 1e-3),
        filter_bias=rng.normal(size=6) / 10,
        filter_head=rng.normal(size=(6, len(FINE))),
        sharpness=np.array([1.0 + seed / 10]),
        offsets=np.zeros(len(EKMAN)),
        rest=np.zeros(3),
    )
