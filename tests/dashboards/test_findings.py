"""A sentence never claims more than its figures bear."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moltarium.analysis.affect.alignment import EmotionalAlignment
from moltarium.analysis.graphs.reciprocity import Reciprocity
from moltarium.analysis.metric import Null
from moltarium.dashboards.findings import say_alignment, say_reciprocity


def null(mean: float, p: float) -> Null:
    return Null("permuted", mean, 0.02, 2.0, p, 500)


def alignment(r: float, ci: tuple[float, float], against: Null) -> EmotionalAlignment:
    empty = pd.DataFrame()
    return EmotionalAlignment(
        r=r, r_ci=ci, r_null=against, r_author=r, r_author_null=against, same=0.3, same_ci=(0.2, 0.4),
        same_null=against, labels=(), pairs=empty, expected=empty, curve=empty, n=200, n_threads=50,
        left_out={}, movable=1.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("r", "ci", "p", "words", "tone"),
    [
        (0.2, (0.15, 0.25), 0.002, "lean towards", "found"),
        (-0.2, (-0.25, -0.15), 0.002, "lean away", "found"),
        (0.16, (-0.03, 0.3), 0.04, "too little to claim", "none"),
        (0.03, (-0.05, 0.1), 0.6, "no more emotion", "none"),
    ],
)
def test_alignment_is_claimed_only_outside_null_and_interval(
    r: float, ci: tuple[float, float], p: float, words: str, tone: str
) -> None:
    said = say_alignment(alignment(r, ci, null(0.02, p)))
    assert words in said.sentence
    assert said.tone == tone
    assert "contagion" not in said.sentence + said.evidence


def reciprocity(r: float, ci: tuple[float, float] | None, against: Null | None) -> Reciprocity:
    return Reciprocity(
        "reply", "a → b", 10, 30, r, ci, r, 3, 24, 18, against, np.array([0.1, 0.1]), ()
    )  # fmt: skip


@pytest.mark.parametrize(
    ("r", "ci", "against", "words"),
    [
        (0.3, (0.25, 0.35), null(0.1, 0.005), "3.0 times as often"),
        (0.05, (0.03, 0.07), null(0.1, 0.005), "less often"),
        (0.3, (0.05, 0.5), null(0.1, 0.005), "too little to claim"),
        (0.1, (0.05, 0.15), null(0.1, 0.9), "no more often"),
        (0.1, (0.05, 0.15), null(0.0, 0.005), "hardly ever"),
    ],
)
def test_reciprocity_is_said_as_a_multiple_of_chance(
    r: float, ci: tuple[float, float], against: Null, words: str
) -> None:
    assert words in say_reciprocity(reciprocity(r, ci, against)).sentence


def test_without_a_null_nothing_is_claimed() -> None:
    said = say_reciprocity(reciprocity(0.3, (0.2, 0.4), None))
    assert said.tone == "none"
    assert "without a null" in said.sentence
