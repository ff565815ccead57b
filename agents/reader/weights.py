"""The shipped weights: what stands in the file, how it is read, how it is written.

The file is a plain ``.npz`` without pickles. Pieces are stored as UTF-8 lines, weights as small integers, so
that a text's sum is exact in any order and on any machine.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

SHIPPED: Final = Path(__file__).with_name("weights.npz")
"""The weights that came with the package."""

Floats: TypeAlias = NDArray[np.float64]
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Weights:
    """All that the reader learnt. Row r of `table` and `rarity` belongs to line r of `words`, `pairs` and
    `groups`, one after the other."""

    words: NDArray[np.uint8]
    """Known words, sorted, one a line, as UTF-8 bytes."""
    pairs: NDArray[np.uint8]
    """Known pairs of words, likewise."""
    groups: NDArray[np.uint8]
    """Known letter groups, likewise."""
    table: NDArray[np.int8]
    """What each piece adds to each hidden unit, in units of `scale`: shape (pieces, hidden)."""
    rarity: NDArray[np.uint8]
    """Sixteen times each piece's inverse document frequency."""
    scale: NDArray[np.float64]
    """Size of one step of `table` by hidden unit."""
    hidden_bias: NDArray[np.float64]
    head: NDArray[np.float64]
    """From hidden units to the 28 fine classes: shape (hidden, 28)."""
    bias: NDArray[np.float64]
    """Of the fine classes."""
    offsets: NDArray[np.float64]
    """Added to the Ekman log-probabilities before a label is chosen; tuned for macro-F1."""
    vad: NDArray[np.float64]
    """From fine probabilities to VAD: shape (28, 3)."""

    @cached_property
    def pieces(self) -> tuple[list[str], list[str], list[str]]:
        """Words, pairs and letter groups as text."""
        words, pairs, groups = (
            lines.tobytes().decode().split("\n") for lines in (self.words, self.pairs, self.groups)
        )
        return words, pairs, groups

    @classmethod
    def load(cls, path: Path) -> Weights:
        """Read a weights file."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(**{field.name: stored[field.name] for field in fields(cls)})

    def save(self, path: Path) -> None:
        """Write a weights file: the same weights always give the same bytes."""
        with zipfile.ZipFile(path, "w") as archive:
            for field in fields(self):
                raw = io.BytesIO()
                np.lib.format.write_array(
                    raw, np.ascontiguousarray(getattr(self, field.name)), version=(1, 0)
                )
                entry = zipfile.ZipInfo(f"{field.name}.npy", date_time=_EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, raw.getvalue(), compresslevel=9)


def as_lines(pieces: list[str]) -> NDArray[np.uint8]:
    """Pieces as UTF-8 lines, the form in which `Weights` stores them."""
    return np.frombuffer("\n".join(pieces).encode(), dtype=np.uint8)
