"""The emotion reader: what it promises for any text, whatever is read beside it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from moltarium.agents.reader import EKMAN, EKMAN_OF, FINE, Reader, Reading, Weights, load_reader
from moltarium.agents.reader.cleaning import MAX_CHARS, mend
from moltarium.agents.reader.memo import CAPACITY
from moltarium.agents.reader.passages import MAX_WORDS, PASSAGE, passages
from moltarium.agents.reader.weights import SHIPPED

CARD = Path(__file__).resolve().parents[2] / "docs" / "models.md"
SAID = {
    "I am so angry at you, this is outrageous!!": "anger",
    "That is disgusting, it makes me sick.": "disgust",
    "I'm terrified, I was so scared of the dark": "fear",
    "Thank you so much, I love this! 😂": "joy",
    "I cried all night, I'm so sad and I miss him": "sadness",
    "Wow, I did not expect that at all! What a surprise": "surprise",
}


def _same(left: Reading, right: Reading, rows: slice | list[int]) -> bool:
    pairs = (
        (left.probs, right.probs),
        (left.fine, right.fine),
        (left.vad, right.vad),
        (left.signs, right.signs),
        (left.known, right.known),
    )
    return all(np.array_equal(a, b[rows]) for a, b in pairs)


@pytest.mark.parametrize(("text", "label"), SAID.items())
def test_plain_feelings_are_named(text: str, label: str) -> None:
    assert load_reader().read([text]).labels() == [label]


def test_vad_points_where_the_feeling_does() -> None:
    angry, thankful, sad, calm = (
        load_reader()
        .read([*list(SAID)[:1], list(SAID)[3], list(SAID)[4], "The meeting is on Tuesday at the office."])
        .vad
    )
    assert angry[0] < -0.3
    assert angry[1] > 0.3
    assert thankful[0] > 0.5
    assert sad[0] < -0.5
    assert sad[2] < -0.2
    assert np.abs(calm).max() < 0.25


def test_signs_move_vad_as_documented() -> None:
    plain, cried, good, not_good = (
        load_reader().read(["we won", "we won!", "it is good", "it is not good"]).vad
    )
    assert cried[1] > plain[1]
    assert not_good[0] < good[0]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(), max_size=5))
@example(["\ud800", "\x00", "\n" * 50, "```", "> ", "::::", "a" * 3000, "[[](" * 500, "'" * 100])
def test_any_text_reads_as_proper_probabilities(texts: list[str]) -> None:
    reading = load_reader().read(texts)
    n = len(texts)
    assert reading.probs.shape == (n, len(EKMAN))
    assert reading.fine.shape == (n, len(FINE))
    assert reading.vad.shape == (n, 3)
    assert reading.signs.shape == (n, 4)
    for probs in (reading.probs, reading.fine):
        assert (probs >= 0).all()
        np.testing.assert_allclose(probs.sum(axis=1), 1.0, atol=1e-12)
    assert (np.abs(reading.vad) <= 1).all()
    assert ((reading.known >= 0) & (reading.known <= 1)).all()
    assert ((reading.signs >= 0) & (reading.signs <= 1)).all()
    assert set(reading.labels()) <= set(EKMAN)
    assert len(reading.labels()) == n


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([*SAID, "", "ok", "word " * 100, "你好"]) | st.text(max_size=60), max_size=30)
)
def test_a_reading_does_not_depend_on_its_neighbours(texts: list[str]) -> None:
    reader = load_reader()
    together = reader.read(texts)
    for at, text in enumerate(texts):
        assert _same(reader.read([text]), together, [at])


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=80), st.integers(1, 40), st.integers(0, 39))
@example("so sad", 16, 15)
@example("so sad", 17, 16)
def test_few_and_many_texts_are_summed_alike(text: str, count: int, place: int) -> None:
    """Up to 16 rows take one call, more a loop: no bit of a reading may tell which."""
    beside = [f"{said} {at}" for at, said in zip(range(count), list(SAID) * 7, strict=False)]
    at = min(place, count - 1)
    beside[at] = text
    reader = load_reader()
    alone = reader.read([text])
    assert _same(alone, reader.read(beside), [at])
    assert _same(alone, reader.read(beside * 20), [at])


def test_what_has_no_answer_is_never_named() -> None:
    reading = load_reader().read(list(SAID))
    assert reading.answered.all()
    reading.probs[2] = np.nan
    assert reading.answered.tolist() == [True, True, False, True, True, True]
    with pytest.raises(ValueError, match="no label"):
        reading.labels()
    assert reading.take(reading.answered).labels() == [label for label in SAID.values() if label != "fear"]


def test_a_reading_does_not_depend_on_what_was_read_before() -> None:
    texts = list(SAID)
    used = load_reader()
    before = used.read(texts)
    used.read([f"w{at}ord x{at}" for at in range(CAPACITY)])
    assert _same(used.read(texts), before, slice(None))
    assert _same(Reader(Weights.load(SHIPPED)).read(texts[::-1]), before, slice(None, None, -1))


def test_threads_read_alike() -> None:
    reader = Reader(Weights.load(SHIPPED))
    texts = [f"{text} {at}" for at in range(200) for text in SAID]
    expected = load_reader().read(texts)
    found: list[Reading] = []
    threads = [threading.Thread(target=lambda: found.append(reader.read(texts))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(_same(reading, expected, slice(None)) for reading in found)


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("", 1.0),
        ("   \n", 1.0),
        *((text, 0.66) for text in ("> quoted", "`code`", "https://a.b", "Я рад", "你好吗")),
    ],
)
def test_where_nothing_can_be_read_neutral_is_likely_and_only_silence_is_sure(text: str, sure: float) -> None:
    reading = load_reader().read([text])
    assert reading.labels() == ["neutral"]
    assert reading.probs[0, EKMAN.index("neutral")] == pytest.approx(sure, abs=0.01)
    assert (reading.vad == 0).all()
    assert reading.known[0] == 0


@pytest.mark.parametrize(
    ("as_filed", "as_said"),
    [
        ("I do n't hate it , it 's fine", "I don't hate it , it's fine"),
        ("I don ’ t like that , we ’ re sad", "I don't like that , we're sad"),
        ("I donâ€™t care", "I don't care"),
        ("I can&#39;t stand &quot;fun&quot;", 'I can\'t stand "fun"'),
        ("what a day #blessed #happy", "what a day blessed happy"),
        ("SO HAPPY", "so happy"),
        ("so   happy\t:)", "so happy :)"),
    ],
)
def test_how_a_file_writes_it_does_not_matter(as_filed: str, as_said: str) -> None:
    reading = load_reader().read([as_filed, as_said])
    assert np.array_equal(reading.fine[0], reading.fine[1])


@pytest.mark.parametrize(
    "text", ["the 'm' key", "rock 'n' roll", "we are #1 in C#", "so do not t this", "a & b"]
)
def test_what_nothing_befell_is_left_alone(text: str) -> None:
    assert mend(text) == text


@given(st.text(alphabet=st.sampled_from(list("nts'’ d&#;amp39 â€™x")), max_size=40))
def test_mending_is_quick_and_never_adds_words(text: str) -> None:
    assert len(mend(text)) <= len(text)


def test_unknown_script_is_told_apart_from_known_neutral() -> None:
    foreign, plain = load_reader().read(["你好吗", "The meeting is on Tuesday."]).known
    assert foreign == 0
    assert plain > 0.8


def test_quoted_feeling_is_not_the_authors() -> None:
    quoting, bare = "> I hate you, you disgusting idiot\n\nThank you, lovely!", "Thank you, lovely!"
    reading = load_reader().read([quoting, bare])
    assert np.array_equal(reading.fine[0], reading.fine[1])


def test_only_the_documented_length_is_read() -> None:
    head = ("all is well here, friends. " * MAX_CHARS)[:MAX_CHARS]
    whole, longer = load_reader().read([head, head + " I hate you!!!" * 10_000]).fine
    assert np.array_equal(whole, longer)


@given(st.lists(st.sampled_from(["a", "b", ".", "!"]), max_size=3 * PASSAGE + 7))
def test_passages_cut_without_loss(words: list[str]) -> None:
    cut = passages(words)
    assert [word for passage in cut for word in passage] == words
    assert all(len(passage) <= PASSAGE for passage in cut)
    assert all(cut) or not words


def test_passages_end_with_sentences_and_stop_at_the_limit() -> None:
    words = (["word"] * 25 + ["."]) * 200
    cut = passages(words)
    assert all(passage[-1] == "." for passage in cut[:10])
    assert sum(map(len, cut)) == MAX_WORDS


def test_a_long_text_is_the_mean_of_its_passages() -> None:
    sad = ("I cried and I am so sad today " * 4).strip() + " . "
    glad = ("thank you so much this is great " * 5).strip() + " . "
    reader = load_reader()
    parts = reader.read([sad, glad])
    mixed = reader.read([sad + glad])
    sizes = np.array([33.0, 36.0])
    np.testing.assert_allclose(mixed.fine[0], sizes @ parts.fine / sizes.sum(), atol=1e-12)
    np.testing.assert_allclose(mixed.vad[0], sizes @ parts.vad / sizes.sum(), atol=1e-12)


def test_each_fine_class_has_one_ekman_class() -> None:
    assert set(EKMAN_OF) == set(FINE)
    assert set(EKMAN_OF.values()) == set(EKMAN)


def test_shipped_weights_are_those_of_the_card() -> None:
    assert hashlib.sha256(SHIPPED.read_bytes()).hexdigest() in CARD.read_text(encoding="utf-8")
    assert SHIPPED.stat().st_size < 12e6


def test_weights_are_written_byte_for_byte(tmp_path: Path) -> None:
    Weights.load(SHIPPED).save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == SHIPPED.read_bytes()


def test_reading_needs_neither_scipy_nor_a_trainer() -> None:
    script = (
        "import sys; from moltarium.agents.reader import load_reader; load_reader().read(['hello']); "
        "heavy = ('scipy', 'sklearn', 'torch', 'moltarium.agents.reader.training'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "[]"
