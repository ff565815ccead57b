"""Scores on known answers, and the reader's scores on human labels where those are at hand."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import numpy as np
import pytest

from moltarium.agents.reader import EKMAN, load_reader
from moltarium.agents.reader.agreement import (
    calibration_error,
    cohen_kappa,
    f1_by_class,
    macro_f1,
    reliability,
)
from moltarium.agents.reader.goemotions import Split, load_split

EMOTION = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "emotion"
needs_data = pytest.mark.skipif(
    not EMOTION.is_dir(), reason="needs the human-labelled texts beside the checkout"
)


def test_f1_by_hand() -> None:
    truth, chosen = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 0])
    np.testing.assert_allclose(f1_by_class(truth, chosen, 4), [0.5, 0.8, 0.0, 0.0])
    assert macro_f1(truth, chosen, 4) == pytest.approx(0.325)


def test_kappa_by_hand() -> None:
    first, second = np.array([0, 0, 0, 1, 1, 1, 1, 1, 1, 1]), np.array([0, 0, 1, 0, 1, 1, 1, 1, 1, 1])
    assert cohen_kappa(first, second, 2) == pytest.approx((0.8 - 0.58) / (1 - 0.58))
    assert cohen_kappa(first, first, 2) == pytest.approx(1.0)
    assert np.isnan(cohen_kappa(np.zeros(3, int), np.zeros(3, int), 2))


def test_calibration_error_finds_overconfidence() -> None:
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.5, 1.0, 20_000)
    probs = np.column_stack([sure, 1 - sure])
    honest = (rng.random(20_000) > sure).astype(np.int64)
    boastful = (rng.random(20_000) > sure - 0.2).astype(np.int64)
    assert calibration_error(reliability(probs, honest)) < 0.02
    assert calibration_error(reliability(probs, boastful)) == pytest.approx(0.2, abs=0.02)


@pytest.fixture(scope="module")
def ekman_test() -> Split:
    return load_split(EMOTION / "GoEmotions", "test")


@needs_data
def test_beats_the_linear_baseline_on_goemotions(ekman_test: Split) -> None:
    alone, truth = ekman_test.single()
    labels = load_reader().read(ekman_test.texts).labels()
    chosen = np.array([EKMAN.index(label) for label in labels])[alone]
    assert macro_f1(truth, chosen, len(EKMAN)) > 0.60
    assert (chosen == truth).mean() > 0.65


@needs_data
def test_probabilities_are_calibrated(ekman_test: Split) -> None:
    alone, truth = ekman_test.single()
    assert calibration_error(reliability(load_reader().read(ekman_test.texts).probs[alone], truth)) < 0.05


@needs_data
def test_vad_agrees_with_emobank() -> None:
    with (EMOTION / "EmoBank" / "emobank.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["split"] == "test"]
    vad = load_reader().read([row["text"] for row in rows]).vad
    r = [np.corrcoef(vad[:, k], [float(row[axis]) for row in rows])[0, 1] for k, axis in enumerate("VAD")]
    assert r[0] > 0.50
    assert r[1] > 0.35
    assert r[2] > 0.28


@needs_data
def test_neutral_text_stands_near_the_origin(ekman_test: Split) -> None:
    neutral = ekman_test.ekman[:, EKMAN.index("neutral")] == ekman_test.ekman.sum(axis=1)
    vad = load_reader().read(ekman_test.texts).vad
    assert np.abs(vad[neutral].mean(axis=0)).max() < 0.02
    assert vad[~neutral].std(axis=0).min() > 0.1


@needs_data
def test_no_slow_path(ekman_test: Split) -> None:
    """A guard well under the benchmark's figure, since tests share their cores."""
    reader = load_reader()
    reader.read(ekman_test.texts)
    best = 0.0
    for _ in range(3):
        began = time.process_time()
        reader.read(ekman_test.texts)
        best = max(best, len(ekman_test.texts) / (time.process_time() - began))
    assert best > 4_000
