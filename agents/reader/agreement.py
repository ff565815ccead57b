"""How well readings agree with people, or with another annotator."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Classes = NDArray[np.int64]


def f1_by_class(truth: Classes, chosen: Classes, classes: int) -> NDArray[np.float64]:
    """F1 of each class, 2·hits / (times true + times chosen); 0 for a class neither met nor chosen."""
    hits = np.bincount(truth[truth == chosen], minlength=classes)
    total = np.bincount(truth, minlength=classes) + np.bincount(chosen, minlength=classes)
    return np.asarray(2 * hits / np.maximum(total, 1))


def macro_f1(truth: Classes, chosen: Classes, classes: int) -> float:
    """Mean F1 over classes, in [0, 1]."""
    return float(f1_by_class(truth, chosen, classes).mean())


def cohen_kappa(first: Classes, second: Classes, classes: int) -> float:
    """Cohen's κ = (p_o − p_e) / (1 − p_e): agreement beyond what the two margins give by chance.

    Cohen (1960), doi:10.1177/001316446002000104. NaN where both always choose the same one class.
    """
    observed = float((first == second).mean())
    margins = [np.bincount(side, minlength=classes) / len(side) for side in (first, second)]
    expected = float(margins[0] @ margins[1])
    return (observed - expected) / (1 - expected) if expected < 1 else float("nan")


class Bin(NamedTuple):
    """Readings whose highest probability falls into one range."""

    low: float
    high: float
    n: int
    confidence: float
    """Mean highest probability."""
    accuracy: float
    """Share whose likeliest class is the true one."""


def reliability(probs: NDArray[np.float64], truth: Classes, bins: int = 10) -> list[Bin]:
    """Confidence beside accuracy in equal ranges of confidence; empty ranges are left out."""
    confidence = probs.max(axis=1)
    right = probs.argmax(axis=1) == truth
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    return [
        Bin(
            k / bins,
            (k + 1) / bins,
            int(here.sum()),
            float(confidence[here].mean()),
            float(right[here].mean()),
        )
        for k in range(bins)
        if (here := place == k).any()
    ]


def calibration_error(table: list[Bin]) -> float:
    """Expected calibration error: Σ n |accuracy − confidence| / Σ n (Guo et al. 2017, arXiv:1706.04599)."""
    return sum(b.n * abs(b.accuracy - b.confidence) for b in table) / sum(b.n for b in table)
