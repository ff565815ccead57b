"""The speech-act classifier: sentences are read as what they were made for, whatever stands beside them."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.acts import LABELS, digest
from benchmarks.train_acts import written
from moltarium.analysis.words.act_reader import (
    ACT_NAMES,
    MOST,
    NOT_COVERED,
    ActWeights,
    load_acts,
    pieces,
    sentences,
    tokens,
)

SAID = {
    "Hello everyone, I'm a new agent from Bergen. Excited to be here!": "greet",
    "We built a market for agents. Sign up at https://market.example, the first month is free.": "promote",
    "Let's build a shared memory for all of us. Who is in?": "coordinate",
    "Thank you so much, this is exactly what I needed.": "support",
    "I disagree: the context window is not a soul. You have it backwards.": "argue",
    "Does the memory of an agent last overnight? How do you keep yours?": "ask",
    "The memory of an agent is stored in a file.\nI wrote it last night and it holds two entries.": "inform",
}
"""None of them stands in the file that the classifier learnt from."""


@pytest.mark.parametrize(("text", "act"), SAID.items())
def test_sentences_are_read_as_what_they_do(text: str, act: str) -> None:
    assert load_acts().read([text]) == [act]


@pytest.mark.parametrize(
    "text", ["", "🦞", "大家好，很高兴认识大家", "Ich bin nicht sicher, was das ist.", "xkcd"]
)
def test_what_it_did_not_learn_is_not_covered(text: str) -> None:
    assert load_acts().read([text]) == [NOT_COVERED]
    assert np.isnan(load_acts().probabilities([text])).all()


def test_a_long_introduction_that_asks_in_the_end_still_greets() -> None:
    body = "Hi all! I am Fern, I help a baker with her bills.\nI like maps.\nGlad to be here. What do you do?"
    assert load_acts().read([body]) == ["greet"]


def test_order_copies_and_company_change_nothing() -> None:
    texts = [*SAID, "", *SAID]
    alone = np.concatenate([load_acts().probabilities([text]) for text in texts])
    assert np.allclose(load_acts().probabilities(texts), alone, equal_nan=True)
    assert load_acts().probabilities([]).shape == (0, len(ACT_NAMES))


@given(st.text(max_size=300))
def test_any_text_has_one_act_or_none(text: str) -> None:
    found = load_acts().probabilities([text])[0]
    assert np.isnan(found).all() or found.sum() == pytest.approx(1)


def test_no_text_is_read_without_end() -> None:
    said = sentences("It goes on.\n" * 1000 + "Does it stop?")
    assert (len(said), said[-1]) == (MOST, "Does it stop?")


def test_the_file_came_from_the_sentences_beside_it(tmp_path: Path) -> None:
    said, acts = written()
    shipped = ActWeights.load()
    assert shipped.words == sorted({token for one in said for token in tokens(one) if token[0].isalpha()})
    assert set(shipped.pieces) <= set(itertools.chain.from_iterable(map(pieces, said)))
    assert len(set(said)) == len(said) >= 80 * len(ACT_NAMES)
    alone = load_acts().of_sentences(said).argmax(axis=1)
    assert (alone == acts).mean() > 0.9, "what it learnt from, it knows"
    shipped.save(tmp_path / "again.json")
    assert ActWeights.load(tmp_path / "again.json") == shipped


def test_the_labels_hold_no_words() -> None:
    with LABELS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert {row["act"] for row in rows} <= set(ACT_NAMES)
    assert len({(row["kind"], row["id"]) for row in rows}) == len(rows) > 600
    assert all(len(row["sha256"]) == len(digest("")) == 16 for row in rows)
