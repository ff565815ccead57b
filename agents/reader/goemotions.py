"""Reads the GoEmotions data set (Demszky et al. 2020, arXiv:2005.00547), which the package doesn't hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moltarium.agents.reader.labels import EKMAN, FINE


@dataclass(frozen=True)
class Split:
    """One split; marks are 1 where annotators gave a class."""

    texts: list[str]
    fine: NDArray[np.float64]
    """Shape (n, 28)."""
    ekman: NDArray[np.float64]
    """Shape (n, 7)."""

    def single(self) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Which texts have one Ekman class only, and which class each of these has."""
        return _single(self.ekman)

    def single_fine(self) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """The same for the fine classes."""
        return _single(self.fine)


def load_split(folder: Path, name: str) -> Split:
    """Read one split in both label sets.

    Parameters
    ----------
    folder
        Holds ``original/`` and ``ekman/``, each with ``labels.txt`` and the splits as ``.tsv`` files of text,
        comma-separated label numbers, and id.
    name
        ``"train"``, ``"dev"`` or ``"test"``.

    Raises
    ------
    ValueError
        If a label file doesn't list the reader's labels in the reader's order.
    """
    texts, fine = _marks(folder / "original", name, FINE)
    return Split(texts, fine, _marks(folder / "ekman", name, EKMAN)[1])


def _marks(folder: Path, name: str, labels: tuple[str, ...]) -> tuple[list[str], NDArray[np.float64]]:
    if tuple((folder / "labels.txt").read_text(encoding="utf-8").split()) != labels:
        raise ValueError(f"{folder}: its labels are not those of the reader")
    lines = (folder / f"{name}.tsv").read_text(encoding="utf-8").rstrip("\n").split("\n")
    rows = [line.split("\t") for line in lines]
    given = np.zeros((len(rows), len(labels)))
    for at, row in enumerate(rows):
        given[at, [int(label) for label in row[1].split(",")]] = 1.0
    return [row[0] for row in rows], given


def _single(given: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    alone = given.sum(axis=1) == 1
    return alone, given[alone].argmax(axis=1)
