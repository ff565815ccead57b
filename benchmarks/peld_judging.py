"""How an answer on PELD is judged: scores, and differences with intervals that respect shared utterances."""

from __future__ import annotations

from typing import Final

import numpy as np

from benchmarks.peld_data import Floats, Ints
from benchmarks.peld_systems import f1_by_class, macro_f1

DRAWS: Final = 2000
COPY: Final = "copy-e1"
"""The system that all others are set beside."""


def scores(truth: Ints, guess: Ints, classes: int) -> dict[str, float]:
    """Return accuracy, macro-F1 and F1 weighted by the true classes' frequencies."""
    by_class = f1_by_class(truth, guess, classes)
    share = np.bincount(truth, minlength=classes) / len(truth)
    return {
        "accuracy": round(float((truth == guess).mean()), 4),
        "macro_f1": round(float(by_class.mean()), 4),
        "weighted_f1": round(float(by_class @ share), 4),
    }


def bootstrap(truth: Ints, first: Ints, second: Ints, family: Ints, classes: int) -> dict[str, float]:
    """Compare two systems' macro-F1 on the same rows, drawing whole families with replacement.

    Returns
    -------
    dict
        Difference first − second, its 95 % percentile interval, and the share of draws that are not above 0.
    """
    counts = _tables(truth, first, second, family, classes)
    rng = np.random.default_rng(0)
    n = len(counts)
    weights = np.stack([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(DRAWS)])
    drawn = (weights @ counts.reshape(n, -1)).reshape(DRAWS, 2, classes, classes)
    gaps = np.subtract(*(_macro(drawn[:, i]) for i in (0, 1)))
    low, high = np.quantile(gaps, [0.025, 0.975]).tolist()
    gap = macro_f1(truth, first, classes) - macro_f1(truth, second, classes)
    return {
        "difference": round(gap, 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "share_not_better": round(float((gaps <= 0).mean()), 4),
    }


def _tables(truth: Ints, first: Ints, second: Ints, family: Ints, classes: int) -> Floats:
    counts = np.zeros((int(family.max()) + 1, 2, classes, classes))
    for which, guess in enumerate((first, second)):
        np.add.at(counts[:, which], (family, truth, guess), 1.0)
    return counts


def _macro(tables: Floats) -> Floats:
    hits = np.diagonal(tables, axis1=1, axis2=2)
    return np.asarray((2 * hits / np.maximum(1, tables.sum(axis=1) + tables.sum(axis=2))).mean(axis=1))


def mean_gap(gap: Floats, family: Ints) -> dict[str, float]:
    """Return a mean over rows and its 95 % interval, drawing whole families with replacement."""
    sums, sizes = np.bincount(family, gap), np.bincount(family)
    drawn = np.random.default_rng(0).integers(len(sums), size=(DRAWS, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975]).tolist()
    return {"difference": round(float(gap.mean()), 5), "low": round(low, 5), "high": round(high, 5)}
