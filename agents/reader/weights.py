"""The shipped weights: what stands in the file, how it is read, how it is written.

The file is a plain ``.npz`` without pickles. Pieces are stored as UTF-8 lines and learnt weights as small
integers, so that a text's sums are exact in any order and on any machine.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

SHIPPED: Final = Path(__file__).with_name("weights.npz")
"""The weights that came with the package."""
NOTHING: Final = 0
"""The row of `Weights.table` and `Weights.rarity` that adds nothing: it stands for no piece."""
RARITY_STEPS: Final = 16
"""`Weights.rarity` counts in sixteenths."""

Floats: TypeAlias = NDArray[np.float64]
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Weights:
    """All that the reader learnt.

    Rows of `table` and `rarity`: first `NOTHING`, then one for each line of `words`, `pairs` and `groups`.
    """

    words: NDArray[np.uint8]
    """Known words, sorted, one a line, as UTF-8 bytes."""
    pairs: NDArray[np.uint8]
    """Known pairs of words, likewise."""
    groups: NDArray[np.uint8]
    """Known letter groups, likewise."""
    table: NDArray[np.int8]
    """What each piece adds to each hidden unit, in steps of `scale`: shape (1 + pieces, hidden)."""
    rarity: NDArray[np.uint8]
    """Each piece's inverse document frequency, in sixteenths."""
    scale: Floats
    """Size of one step of `table` times one step of `rarity`, by hidden unit."""
    hidden_bias: Floats
    head: Floats
    """From hidden units to the fine classes: shape (hidden, 28)."""
    bias: Floats
    """Of the fine classes."""
    vectors: NDArray[np.int8]
    """One row for the pad, one for unknown words, then one for each known word: shape (words + 2, width)."""
    filters: NDArray[np.int16]
    """Filters over windows of three words: shape (3, width, filters)."""
    filter_scale: Floats
    """Size of one step of `vectors` times one step of `filters`, by filter."""
    filter_bias: Floats
    filter_head: Floats
    """From filters to the fine classes: shape (filters, 28)."""
    sharpness: Floats
    """Inverse temperature of the logits: shape (1,)."""
    offsets: Floats
    """Added to the Ekman log-probabilities before a label is chosen; tuned for macro-F1: shape (7,)."""
    rest: Floats
    """Where VAD has its 0: its mean over texts that people called neutral: shape (3,)."""

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
                array = np.ascontiguousarray(getattr(self, field.name))
                np.lib.format.write_array(raw, array, version=(1, 0), allow_pickle=False)
                entry = zipfile.ZipInfo(f"{field.name}.npy", date_time=_EPOCH)
                entry.compress_type = zipfile.ZIP_STORED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, raw.getvalue())


def as_lines(pieces: list[str]) -> NDArray[np.uint8]:
    """Pieces as UTF-8 lines, the form in which `Weights` stores them."""
    return np.frombuffer("\n".join(pieces).encode(), dtype=np.uint8)


def from_lines(lines: NDArray[np.uint8]) -> list[str]:
    """The inverse of `as_lines`."""
    return lines.tobytes().decode().split("\n")
