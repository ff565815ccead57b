"""Uniform draws by address, many at once: where a named stream per agent and heartbeat would cost too much.

`sim.streams` gives one generator per address, at some ten microseconds each. A hash of the address gives the
draw itself, vectorised over addresses, and is as independent of what ran before.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Words: TypeAlias = npt.NDArray[np.uint64]
Floats: TypeAlias = npt.NDArray[np.float64]

_GAMMA: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S11 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)
_UNIT: Final = 2.0**-53


def mix(words: Words) -> Words:
    """Return the SplitMix64 finaliser of each word: a bijection under which neighbours look unrelated.

    Sources
    -------
    Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014,
    doi:10.1145/2660193.2660195.
    """
    mixed = words + _GAMMA
    mixed ^= mixed >> _S30
    mixed *= _MIX_1
    mixed ^= mixed >> _S27
    mixed *= _MIX_2
    mixed ^= mixed >> _S31
    return mixed


def uniforms(keys: Words, counters: npt.NDArray[np.int64]) -> Floats:
    """Return one draw from [0, 1) per address (key, counter).

    Parameters
    ----------
    keys
        One well-mixed word per series, e.g. per agent.
    counters
        Place in the series; same shape.
    """
    hashed = mix(keys ^ mix(counters.view(np.uint64)))
    return (hashed >> _S11).astype(np.float64) * _UNIT
