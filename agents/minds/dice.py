"""Chance for one turn of one mind: uniforms drawn in batches, handed out as plain floats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np

T = TypeVar("T")
_BATCH: Final = 64


class Dice:
    """Uniform draws from one stream, a batch at a time (a call into NumPy per draw costs ten times more)."""

    __slots__ = ("_left", "_rng")

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._left: list[float] = []

    def unit(self) -> float:
        """Return a uniform draw in [0, 1)."""
        if not self._left:
            self._left = self._rng.random(_BATCH).tolist()
        return self._left.pop()

    def chance(self, p: float) -> bool:
        """Return True with probability `p`."""
        return self.unit() < p

    def pick(self, options: Sequence[T]) -> T:
        """Return one of `options`, all equally likely."""
        return options[int(self.unit() * len(options))]

    def weighted(self, weights: Sequence[float]) -> int:
        """Return index i with probability ``weights[i] / sum(weights)``.

        Raises
        ------
        ValueError
            If no weight is positive.
        """
        total = sum(weights)
        if total <= 0:
            raise ValueError("no weight is positive")
        mark = self.unit() * total
        last = 0
        for index, weight in enumerate(weights):
            if weight <= 0:
                continue
            last = index
            mark -= weight
            if mark < 0:
                break
        return last

    def count(self, mean: float) -> int:
        """Return ⌊mean⌋ or ⌈mean⌉, with expectation `mean`."""
        whole = int(mean)
        return whole + self.chance(mean - whole)
