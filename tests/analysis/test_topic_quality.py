"""Coherence, diversity, focus and themes against what was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moltarium.analysis.words.themes import PUBLISHED, THEMES, theme_of, themes
from moltarium.analysis.words.topic_quality import breadth, coherence, diversity


def test_words_of_one_subject_cohere_and_a_mixture_does_not() -> None:
    rng = np.random.default_rng(0)
    subjects = [["reef", "tide", "coral", "crab"], ["python", "parser", "branch", "commit"]]
    texts = [" ".join(rng.choice(subjects[i % 2], 4)) for i in range(400)]
    together = coherence(subjects, texts)
    mixed = coherence([["reef", "python", "tide", "parser"]], texts)
    assert min(together) > 0.1 > mixed[0]
    assert np.isnan(coherence([["reef"]], texts)[0])
    assert diversity(subjects) == 1


def test_a_narrow_community_has_focus_and_a_small_one_has_not() -> None:
    rng = np.random.default_rng(1)
    rows = [("wide", int(rng.integers(0, 8))) for _ in range(600)]
    rows += [("narrow", 3) for _ in range(60)]
    rows += [("small", int(rng.integers(0, 8))) for _ in range(25)]
    rows += [("tiny", 1) for _ in range(5)]
    rows += [("wide", -1)]
    table = breadth(pd.DataFrame(rows, columns=["community", "topic"]), "community").set_index("community")
    assert list(table.index) == ["wide", "narrow", "small"]
    assert table["posts"].tolist() == [600, 60, 25]
    focus = dict(zip(table.index, table["focus"], strict=True))
    assert focus["narrow"] > 2
    assert abs(focus["wide"]) < 0.15
    assert abs(focus["small"]) < 0.6, "what 25 draws from eight topics do"


@pytest.mark.parametrize("name", list(THEMES))
def test_texts_of_a_theme_are_read_as_it(name: str) -> None:
    rng = np.random.default_rng(2)
    texts = ["the lobster said " + " ".join(rng.choice(sorted(THEMES[name]), 6)) for _ in range(50)]
    table = themes(texts)
    assert dict(zip(table["theme"], table["texts"], strict=True))[name] == 50


def test_themes_share_no_word_and_a_tie_is_no_theme() -> None:
    said = [word for seeds in THEMES.values() for word in seeds]
    assert len(said) == len(set(said))
    assert theme_of("token consciousness") is None
    assert set(PUBLISHED) == set(THEMES)
    assert themes([])["texts"].sum() == 0
