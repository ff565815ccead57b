"""Loops compile wherever they are installed, even where nothing can be kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from numba import njit

from moltarium.analysis.compiled import compiled


def test_what_cannot_be_kept_is_compiled_all_the_same() -> None:
    # numba finds no place for a function without a file: what a read-only installation without a home gives.
    made: dict[str, Callable[[int], int]] = {}
    exec("def double(x):\n    return 2 * x", made)
    with pytest.raises(RuntimeError, match="cannot cache"):
        njit(cache=True, nogil=True)(made["double"])
    assert compiled(made["double"])(21) == 42


def test_what_can_be_kept_is_kept() -> None:
    from moltarium.analysis.graphs import kernels

    kept: Any = kernels.mutual
    assert kept.stats.cache_path is not None
