"""How well two readings of the same texts agree, or a reading with what people said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from moltarium.agents.reader import EKMAN, EKMAN_OF, Reading
from moltarium.agents.reader.agreement import Classes, cohen_kappa, macro_f1
from moltarium.analysis.bootstrap import Z95, percentile_interval

DRAWS: Final = 1000
ENOUGH: Final = 10
"""Texts below which no interval is given."""


class Said(NamedTuple):
    """What one annotator, man or machine, said of n texts."""

    label: Sequence[str | None]
    """Ekman or fine class; ``None`` where it said nothing."""
    vad: npt.NDArray[np.float64]
    """Shape (n, 3), on any scale; NaN where it said nothing."""


class Agreement(NamedTuple):
    """Agreement of two annotators; ``None`` where there are too few texts, or one of them never varies.

    Intervals are 95 %: of κ by the percentiles of `DRAWS` bootstrap draws of texts (fixed seed), of r by
    Fisher's z (1915, doi:10.1093/biomet/10.4.507), tanh(artanh r ± 1.96 / √(n − 3)).
    """

    first: str
    second: str
    n: int
    """Texts with a label from both."""
    accuracy: float | None
    """Share of equal Ekman labels."""
    kappa: float | None
    """Cohen's κ on Ekman labels, in [−1, 1]; see `cohen_kappa`."""
    kappa_low: float | None
    kappa_high: float | None
    """``None`` below `ENOUGH` texts: a bootstrap of fewer is too narrow."""
    macro_f1: float | None
    """Of the second's labels against the first's, over the Ekman classes that either used."""
    n_vad: int
    """Texts with VAD from both."""
    r_v: float | None
    """Pearson r of valence."""
    r_v_low: float | None
    r_v_high: float | None
    r_a: float | None
    r_a_low: float | None
    r_a_high: float | None
    r_d: float | None
    r_d_low: float | None
    r_d_high: float | None

    @property
    def beyond_chance(self) -> bool:
        """Whether the whole interval of κ lies above 0; never so where there are too few texts for one."""
        return self.kappa_low is not None and self.kappa_low > 0


def said_by(reading: Reading) -> Said:
    """Return a reading in the form that is compared."""
    answered = reading.answered
    labels = iter(reading.take(answered).labels())
    return Said([next(labels) if there else None for there in answered.tolist()], reading.vad)


def agreements(every: Mapping[str, Said]) -> list[Agreement]:
    """Return the agreement of each two annotators by name, in the order given."""
    return [
        _agreement((first, every[first]), (second, every[second])) for first, second in combinations(every, 2)
    ]


def _agreement(first: tuple[str, Said], second: tuple[str, Said]) -> Agreement:
    (name, left), (other, right) = first, second
    pairs = [(a, b) for a, b in zip(left.label, right.label, strict=True) if a is not None and b is not None]
    truth, chosen = (
        np.array([EKMAN.index(EKMAN_OF.get(pair[side], pair[side])) for pair in pairs], dtype=np.int64)
        for side in (0, 1)
    )
    kappa = cohen_kappa(truth, chosen, len(EKMAN)) if pairs else np.nan
    used = len(np.union1d(truth, chosen))
    both = ~(np.isnan(left.vad) | np.isnan(right.vad)).any(axis=1)
    r_v, r_a, r_d = (_pearson(left.vad[both, axis], right.vad[both, axis]) for axis in range(3))
    low, high = _kappa_interval(truth, chosen)
    return Agreement(
        name,
        other,
        len(pairs),
        float((truth == chosen).mean()) if pairs else None,
        None if np.isnan(kappa) else kappa,
        low,
        high,
        macro_f1(truth, chosen, len(EKMAN)) * len(EKMAN) / used if used else None,
        int(both.sum()),
        *r_v,
        *r_a,
        *r_d,
    )


def _kappa_interval(truth: Classes, chosen: Classes) -> tuple[float | None, float | None]:
    if len(truth) < ENOUGH:
        return None, None
    drawn = np.random.default_rng(0).integers(len(truth), size=(DRAWS, len(truth)))
    kappas = np.array([cohen_kappa(truth[rows], chosen[rows], len(EKMAN)) for rows in drawn])
    return percentile_interval(kappas) or (None, None)


def _pearson(
    left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]
) -> tuple[float | None, float | None, float | None]:
    """Return r and its interval."""
    if len(left) < 3 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return None, None, None
    r = float(np.corrcoef(left, right)[0, 1])
    if len(left) < ENOUGH or abs(r) >= 1:
        return r, None, None
    low, high = np.tanh(np.arctanh(r) + np.array([-Z95, Z95]) / np.sqrt(len(left) - 3)).tolist()
    return r, low, high
