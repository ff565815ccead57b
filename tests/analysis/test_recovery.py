"""Recovery of moods from words: planted correlations come back, and character does not pass for mood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from moltarium.analysis.affect.recovery import Spoken, correlation, recovery
from moltarium.sim.record.errors import NotComputable


def planted(noise: float, between: float = 0.0, n: int = 1200) -> tuple[Spoken, np.ndarray]:
    """Forty authors whose words show their mood plus noise; `between` adds what only character explains."""
    rng = np.random.default_rng(5)
    author = rng.integers(40, size=n)
    character = rng.normal(size=(40, 3))[author] * between
    mood = rng.normal(size=(n, 3)) + character
    seen = (mood if noise < 10 else character) + noise % 10 * rng.normal(size=(n, 3))
    texts = [str(i) for i in range(n)]
    return Spoken([("surrogate", None)] * n, author, mood, texts), seen


def reader_of(seen: np.ndarray) -> object:
    def read(texts: Sequence[str]) -> np.ndarray:
        return seen[[int(text) for text in texts]]

    return read


@pytest.mark.parametrize("noise", [0.5, 1.0, 2.0])
def test_a_planted_correlation_comes_back(noise: float) -> None:
    said, seen = planted(noise)
    truth = 1 / np.sqrt(1 + noise**2)
    for row in recovery(said, reader_of(seen)):  # type: ignore[arg-type]
        assert row.r == pytest.approx(truth, abs=0.06)
        assert row.low < row.r < row.high
        assert row.within == pytest.approx(truth, abs=0.06)


def test_character_alone_is_no_recovery_within() -> None:
    said, seen = planted(10.5, between=2.0)
    for row in recovery(said, reader_of(seen)):  # type: ignore[arg-type]
        assert row.r > 0.6
        assert row.within is not None
        assert abs(row.within) < 0.1


def test_too_few_texts_are_no_basis() -> None:
    said, seen = planted(0.5, n=20)
    with pytest.raises(NotComputable, match="30 texts"):
        recovery(said, reader_of(seen))  # type: ignore[arg-type]


def test_what_does_not_vary_does_not_correlate() -> None:
    assert correlation(np.ones(5), np.arange(5.0)) is None
    assert correlation(np.arange(5.0), -np.arange(5.0)) == pytest.approx(-1.0)
