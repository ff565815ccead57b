"""How loops are compiled: without the interpreter's lock, and once per machine, not once per start."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function at its first call and keep the result for later processes, where that is possible.

    numba keeps it beside the source, else in the user's cache or the folder that ``NUMBA_CACHE_DIR`` names.
    Where none can be written (a read-only installation without a home), every process compiles for itself.
    """
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:
        return njit(nogil=True)(function)
