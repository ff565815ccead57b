"""Dialogue: replies that answer are told from replies that share a subject, and so are questions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from moltarium.analysis.by_hand import forum
from moltarium.analysis.words import dialogue
from moltarium.analysis.words.dialogue import (
    Replies,
    answers,
    follow_up_questions,
    some_replies,
    told_apart,
    uptake,
    uptake_of_meaning,
)
from moltarium.sim.record.errors import NotComputable

SUBJECT = [f"{a}{b}a" for a in "bdfglm" for b in "aeiou"]
N = 150


def spoken(taken: int, *, asks: bool = False) -> Replies:
    """Replies of twelve words, `taken` of them from what they answer, with or without a question mark."""
    rng = np.random.default_rng(1)
    parents = [" ".join(rng.choice(SUBJECT, 12)) for _ in range(N)]
    said = [" ".join([*text.split()[:taken], *rng.choice(SUBJECT, 12 - taken)]) for text in parents]
    return some_replies(
        [f"{text}?" if asks else text for text in said], parents, np.arange(N), np.zeros(N, np.int64)
    )


class Words:
    """Counts of words, scaled to length 1."""

    name = "words"

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        rows = np.array([[text.count(word) for word in SUBJECT] for text in texts], np.float32)
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(length > 0, length, 1), np.float32)


def test_uptake_is_beyond_the_shared_subject() -> None:
    assert uptake(spoken(4), draws=100).verdict == "taken up"
    found = uptake(spoken(0), draws=100)
    assert found.verdict == "none"
    assert found.mean > 0.2, "a shared subject alone looks like an answer"


def test_meaning_is_taken_up_where_vectors_say_so() -> None:
    found = uptake_of_meaning(spoken(4), embedder=Words(), draws=100)
    assert found.verdict == "taken up"
    a, b = (Words().encode(side) for side in (spoken(4).replies, spoken(4).parents))
    assert found.mean == pytest.approx(float(np.einsum("ij,ij->i", a, b).mean()), rel=1e-6)
    assert uptake_of_meaning(spoken(0), embedder=Words(), draws=100).verdict == "none"


def test_only_a_question_about_what_was_said_follows_it_up() -> None:
    rare = [f"{chr(97 + k // 26)}{chr(97 + k % 26)}word" for k in range(N)]
    parents = [f"My {word} is the best of all." for word in rare]
    code = np.arange(N)

    def share(replies: list[str]) -> float:
        pairs = some_replies(replies, parents, code, np.zeros(N, np.int64))
        return follow_up_questions(pairs, draws=100).mean

    assert share([f"I see. How old is the {word}?" for word in rare]) == 1
    assert share([f"I like your {word}. How are you?" for word in rare]) == 0, "asks of something else"
    assert share([f"I like your {word}." for word in rare]) == 0, "does not ask"
    mixed = [f"How old is the {word}?" if k % 3 else "Fine." for k, word in enumerate(rare)]
    assert share(mixed) == pytest.approx(2 / 3)
    pairs = some_replies(mixed, parents, code, np.zeros(N, np.int64))
    assert follow_up_questions(pairs, draws=100).verdict == "taken up"
    assert share([f"Is it the best of {word}?" for word in rare[::-1]]) == 0, "common words tell nothing"


def test_of_many_replies_whole_parents_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogue, "MOST_PAIRS", 40)
    target = np.repeat(np.arange(30), 5)
    said = [f"r{row}" for row in range(N)]
    drawn = some_replies(said, said, target, target // 10)
    assert len(drawn.replies) == 40
    assert set(np.bincount(drawn.target)) == {0, 5}
    assert [int(text[1:]) // 5 for text in drawn.replies] == drawn.target.tolist()
    alone = some_replies(said, said, np.zeros(N, np.int64), np.zeros(N, np.int64))
    assert len(alone.replies) == N, "one parent of too many replies is read whole"


def test_answers_are_counted_by_hand() -> None:
    turns = (("1", "", "b"), ("2", "", "c"), ("3", ".1", "a"), ("4", ".2", "d"))
    said = [(f"{k}.{name}", f"{k}{at}", who) for k in range(40) for name, at, who in turns]
    texts = {f"{k}.1": "Why?" if k else "So it is." for k in range(40)}
    found = answers(forum({str(k): "a" for k in range(40)}, said, texts=texts), draws=100)
    # b asks a and is answered, once without asking; c tells a and hears only from d.
    assert (found.asking, found.telling) == (1, 1 / 121)
    assert (found.n, found.n_asking, found.verdict) == (160, 39, "answers")
    one = forum(
        {"0": "a"}, [(str(k), "0", "b") for k in range(1, 81)], texts={str(k): "Why?" for k in range(40)}
    )
    with pytest.raises(NotComputable, match="10 threads"):
        answers(one)


def test_questions_that_bring_answers_are_told_from_lively_threads() -> None:
    rng = np.random.default_rng(3)
    thread = np.repeat(np.arange(150), 8)
    lively = rng.random(150)[thread]
    asks = rng.random(len(thread)) < 0.1 + 0.4 * lively
    chance, stratum = rng.random(len(thread)), (lively * 12).astype(np.int64)
    brought = told_apart(chance < 0.1 + 0.3 * lively + 0.2 * asks, asks, stratum, thread, draws=100)
    assert brought.verdict == "answers"
    lively_only = told_apart(chance < 0.1 + 0.3 * lively, asks, stratum, thread, draws=100)
    assert lively_only.verdict == "none"
    assert lively_only.difference > 0, "lively threads alone look like answers to questions"


def test_what_is_missing_is_named() -> None:
    with pytest.raises(NotComputable, match="30 replies"):
        some_replies(["a"], ["a"], np.array([0]), np.array([0]))
    with pytest.raises(NotComputable, match="that ask and as many that tell"):
        answers(forum({"p": "a"}, [("1", "p", "b")], texts={"p": "Hi.", "1": "Why?"}))
