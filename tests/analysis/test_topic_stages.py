"""Where k-means starts: one to one with what was planted, steadier than ten starts where nothing is sure."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans  # type: ignore[import-untyped]
from sklearn.metrics import adjusted_rand_score  # type: ignore[import-untyped]

from moltarium.analysis.words import topic_stages
from moltarium.analysis.words.topic_stages import Floats, Means


def blobs(
    seed: int, spread: float, kinds: int = 8, n: int = 400
) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    rng = np.random.default_rng(seed)
    centres, kind = rng.normal(size=(kinds, 10)), rng.integers(0, kinds, n)
    return centres[kind] + spread * rng.normal(size=(n, 10)), kind


def test_what_lies_apart_is_found() -> None:
    rows, kind = blobs(0, 0.1)
    found = Means(8, 0).fit_predict(rows)
    assert adjusted_rand_score(kind, found) == 1
    assert (Means(8, 0).fit(rows).labels_ == found).all(), "the same seed finds the same"


def test_where_nothing_is_sure_it_is_steadier_than_the_best_of_ten_starts() -> None:
    rows, _ = blobs(1, 2.0)

    def steady(labels: list[np.ndarray[tuple[int], np.dtype[np.int64]]]) -> float:
        return float(np.mean([adjusted_rand_score(a, b) for a, b in pairwise(labels)]))

    make: Any = KMeans
    refined = steady([Means(8, seed).fit_predict(rows) for seed in range(6)])
    ten = steady([make(8, n_init=10, random_state=seed).fit_predict(rows) for seed in range(6)])
    assert refined > ten


def test_more_texts_than_a_run_reads_are_drawn_and_go_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_stages, "SAMPLE", 100)
    monkeypatch.setattr(topic_stages, "BATCHED", 200)
    rows, kind = blobs(2, 0.1)
    assert adjusted_rand_score(kind, Means(8, 0).fit_predict(rows)) > 0.95


def test_no_more_topics_than_there_are_places() -> None:
    rows = np.repeat(np.eye(3), 5, axis=0)
    with pytest.warns(UserWarning, match="distinct clusters"):
        assert len(set(Means(6, 0).fit_predict(rows).tolist())) == 3
