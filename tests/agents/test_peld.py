"""The evaluation on human dialogue: folds that do not leak, figures that can be checked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.peld_data import Peld, families, grouped_folds, read_peld
from benchmarks.peld_judging import bootstrap, scores
from benchmarks.peld_systems import copy_first, decide, fit, macro_f1, memoriser
from benchmarks.peld_tried import before, class_offsets
from moltarium.agents.emotion import ANCHORS
from moltarium.agents.transition import context

POINTS = np.array(list(ANCHORS.values()))
DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "emotion" / "PELD" / "Dyadic_PELD.tsv"


def triples(*texts: tuple[str, str, str]) -> Peld:
    n = len(texts)
    columns = tuple(tuple(row[i] for row in texts) for i in range(3))
    return Peld(columns, np.arange(3 * n).reshape(3, n) % 7, np.full((n, 5), 0.5))


def test_rows_that_share_a_sentence_share_a_family() -> None:
    data = triples(
        ("I am late again", "Yes", "I know that"),
        ("Yes", "I know that", "So what now then"),
        ("Yes", "Tell me another story", "Yes"),
        ("Oh so what now", "So what now then", "Fine"),
    )
    family = families(data)
    assert family[0] == family[1] == family[3]
    assert family[2] != family[0]


def test_no_fold_cuts_a_family() -> None:
    family = np.random.default_rng(0).integers(60, size=300)
    family = np.unique(family, return_inverse=True)[1]
    folds = grouped_folds(family)
    assert sorted(np.concatenate([judged for _, judged in folds]).tolist()) == list(range(300))
    for learnt, judged in folds:
        assert not set(family[learnt].tolist()) & set(family[judged].tolist())


def test_the_memoriser_knows_what_it_has_seen_and_else_copies() -> None:
    data = triples(("a", "b", "c"), ("d", "e", "c"), ("f", "g", "h"))
    fold = (np.array([0]), np.array([1, 2]))
    given = memoriser(data, fold)[1].argmax(axis=1)
    assert given.tolist() == [data.emotions[2, 0], data.emotions[0, 2]]
    assert copy_first(data, fold)[1].argmax(axis=1).tolist() == data.emotions[0, [1, 2]].tolist()


def test_scores_by_hand() -> None:
    found = scores(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1]), 3)
    assert found == {"accuracy": 0.5, "macro_f1": round((2 / 3 + 0.5 + 0) / 3, 4), "weighted_f1": 0.4583}


def test_the_bootstrap_sees_a_real_difference_and_no_false_one() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(7, size=900)
    guess = np.where(rng.random(900) < 0.5, truth, rng.integers(7, size=900))
    noise = rng.permutation(truth)
    family = np.arange(900) // 3
    better = bootstrap(truth, guess, noise, family, 7)
    assert better["low"] > 0.2
    same = bootstrap(truth, noise, rng.permutation(noise), family, 7)
    assert same["low"] < 0 < same["high"]


def test_the_decision_names_rare_classes_more_readily() -> None:
    truth = np.array([0] * 80 + [1] * 20)
    probs = np.where(truth[:, None] == 0, [0.9, 0.1], [0.6, 0.4])
    chosen = decide((probs, np.array([[0.6, 0.4], [0.9, 0.1]])), truth, 2)
    assert chosen.tolist() == [1, 0]


def test_a_planted_effect_of_personality_is_found() -> None:
    rng = np.random.default_rng(3)
    n = 3000
    first, told = rng.integers(7, size=n), rng.integers(7, size=n)
    rest = rng.normal(0.0, 0.2, (n, 3))
    mood, features = POINTS[first], context(POINTS[first], POINTS[told])
    # Those of high temperament take on what they hear, those of low keep what they felt.
    target = np.where(rest[:, 0] > 0, told, first)
    gains = []
    for personality in (True, False):
        fitted = fit(mood, features, rest, target, personality=personality)
        read = fitted.emotions(mood, fitted.moved(mood, features, rest))
        gains.append(float(np.log(read[np.arange(n), target]).mean()))
    assert gains[0] > gains[1] + 0.1


def test_only_what_was_said_before_is_history() -> None:
    data = triples(("a", "b", "c"), ("b", "c", "d"), ("c", "d", "e"), ("x", "b", "c"), ("b", "c", "d"))
    felt = data.emotions
    assert before(data).tolist() == [
        [-1, -1],
        [felt[0, 0], -1],
        [felt[0, 1], felt[0, 0]],
        [-1, -1],
        [felt[0, 0], -1],
    ]


def test_class_offsets_name_a_rare_class_more_readily() -> None:
    rng = np.random.default_rng(0)
    truth = np.array([0] * 900 + [1] * 100)
    chance = np.clip(np.where(truth == 1, 0.35, 0.1) + rng.normal(0, 0.08, 1000), 0.01, 0.99)
    probs = np.column_stack([1 - chance, chance])
    offsets = class_offsets(probs, truth)
    assert offsets[1] > offsets[0]
    tuned = macro_f1(truth, (np.log(probs) + offsets).argmax(axis=1), 2)
    assert tuned > macro_f1(truth, probs.argmax(axis=1), 2) + 0.1


@pytest.mark.skipif(not DATA.exists(), reason="PELD is evaluation data and stays outside the project")
def test_the_real_file_gives_the_known_baseline() -> None:
    data = read_peld(DATA)
    family = families(data)
    assert (len(data), int(family.max()) + 1) == (6510, 2544)
    copied = scores(data.emotions[2], data.emotions[0], 7)
    assert copied["macro_f1"] == pytest.approx(0.328, abs=0.001)
