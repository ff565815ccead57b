"""PELD: what its rows hold, which of them belong together, and how they are split."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from moltarium.agents.personality import temperament
from moltarium.agents.transition import EMOTIONS

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Fold: TypeAlias = tuple[Ints, Ints]
"""Rows to learn from, rows to be judged on."""

SENTIMENTS: Final = ("negative", "neutral", "positive")
SENTIMENT_OF: Final = np.array([1, 2, 2, 0, 0, 0, 0])
"""The sentiment of each of `EMOTIONS`, as PELD itself folds them (surprise counts as positive)."""
SHARED_WORDS: Final = 3
"""Utterances shorter than this recur by chance and tie nothing together."""
SEED: Final = 42
"""Of the published split (Wen et al. 2021, their main.py)."""


@dataclass(frozen=True, slots=True)
class Peld:
    """6,510 triples: Speaker 1 says utterance 1, Speaker 2 utterance 2, Speaker 1 answers with 3."""

    utterances: tuple[tuple[str, ...], ...]
    """(3, n)."""
    emotions: Ints
    """(3, n): codes in the order of `EMOTIONS`."""
    traits: Floats
    """(n, 5): Big Five of Speaker 1 in [0, 1], O C E A N."""

    def __len__(self) -> int:
        return len(self.traits)

    @property
    def temperament(self) -> Floats:
        """Temperament of Speaker 1, (n, 3)."""
        return temperament(self.traits)


def read_peld(path: Path) -> Peld:
    """Read the data set's one file.

    Raises
    ------
    ValueError
        If a row lacks a column or names an unknown emotion.
    """
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_MINIMAL))
    try:
        return Peld(
            tuple(tuple(row[f"Utterance_{i}"] for row in rows) for i in (1, 2, 3)),
            np.array([[EMOTIONS.index(row[f"Emotion_{i}"]) for row in rows] for i in (1, 2, 3)]),
            np.array([json.loads(row["Personality"]) for row in rows], dtype=np.float64),
        )
    except KeyError as error:
        raise ValueError(f"{path.name} has no column {error}: is it Dyadic_PELD.tsv?") from error


def families(data: Peld) -> Ints:
    """Return the number of each row's family: rows that share an utterance of `SHARED_WORDS` words or more,
    directly or through others (union-find). No fold may cut a family in two."""
    parent = list(range(len(data)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    first: dict[str, int] = {}
    for utterances in data.utterances:
        for row, text in enumerate(utterances):
            if len(text.split()) >= SHARED_WORDS:
                known = first.setdefault(text, row)
                parent[root(row)] = root(known)
    return np.unique([root(row) for row in range(len(data))], return_inverse=True)[1]


def grouped_folds(family: Ints, folds: int = 10, seed: int = 0) -> list[Fold]:
    """Deal whole families out at random to `folds` folds; each is judged once."""
    dealt = np.random.default_rng(seed).permutation(int(family.max()) + 1) % folds
    fold = dealt[family]
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]


def official_fold(data: Peld) -> Fold:
    """Return the published split: a tenth of the rows, stratified by the answer's emotion, seed 42.

    It leaks: nothing keeps the rows of one dialogue together. Rows that were held out for validation count as
    learnt from, since no system here is chosen on them.
    """
    from sklearn.model_selection import train_test_split  # type: ignore[import-untyped]

    names = np.array(EMOTIONS)[data.emotions[2]]
    learnt, judged = train_test_split(np.arange(len(data)), random_state=SEED, test_size=0.1, stratify=names)
    return np.asarray(learnt, dtype=np.int64), np.asarray(judged, dtype=np.int64)
