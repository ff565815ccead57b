"""How well two readings of the same texts agree, or a reading with what people said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from moltarium.agents.reader import EKMAN, EKMAN_OF, Reading
from moltarium.agents.reader.agreement import cohen_kappa, macro_f1


class Said(NamedTuple):
    """What one annotator, man or machine, said of n texts."""

    label: Sequence[str | None]
    """Ekman or fine class; ``None`` where it said nothing."""
    vad: npt.NDArray[np.float64]
    """Shape (n, 3), on any scale; NaN where it said nothing."""


class Agreement(NamedTuple):
    """Agreement of two annotators; ``None`` where there are too few texts, or one of them never varies."""

    first: str
    second: str
    n: int
    """Texts with a label from both."""
    accuracy: float | None
    """Share of equal Ekman labels."""
    kappa: float | None
    """Cohen's κ on Ekman labels, in [−1, 1]; see `cohen_kappa`."""
    macro_f1: float | None
    """Of the second's labels against the first's, over the Ekman classes that either used."""
    n_vad: int
    """Texts with VAD from both."""
    r_v: float | None
    """Pearson r of valence."""
    r_a: float | None
    r_d: float | None


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
    return Agreement(
        name,
        other,
        len(pairs),
        float((truth == chosen).mean()) if pairs else None,
        None if np.isnan(kappa) else kappa,
        macro_f1(truth, chosen, len(EKMAN)) * len(EKMAN) / used if used else None,
        int(both.sum()),
        r_v,
        r_a,
        r_d,
    )


def _pearson(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> float | None:
    if len(left) < 3 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return None
    return float(np.corrcoef(left, right)[0, 1])
