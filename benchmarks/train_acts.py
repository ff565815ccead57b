"""Make the speech-act classifier again: ``python -m benchmarks.train_acts [--run RUN] [--out FILE]``.

``act_sentences.tsv`` holds sentences that the authors wrote for it; a first logistic regression learns
from them what a sentence does. With RUN, the import of ``early-days``, a second one learns from its labelled
part ``tune`` what a text does whose sentences do this and that; without RUN it is taken over from the shipped
file, which fits only as long as the first is the same. Half a minute.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.model_selection import StratifiedKFold  # type: ignore[import-untyped]

from benchmarks.acts import labelled, score
from moltarium.analysis.words.act_reader import (
    ACT_NAMES,
    SHIPPED,
    ActClassifier,
    ActWeights,
    features,
    pieces,
    tokens,
)

SENTENCES = Path(__file__).with_name("act_sentences.tsv")
MIN_SENTENCES = 2
"""A piece must stand in so many of them."""
STRENGTH = 3.0
TOLD_STRENGTH = 0.1
"""Inverse of the ridge, for sentences and for texts."""
FOLDS = 8
ALONE = 0.3
"""Weight of a written sentence beside a labelled text."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def written() -> tuple[list[str], Ints]:
    """Return the sentences, and the place of each one's act in `ACT_NAMES`."""
    with SENTENCES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [row["sentence"] for row in rows], np.array([ACT_NAMES.index(row["act"]) for row in rows])


def fitted(said: list[str], act: Ints) -> ActWeights:
    """Return weights learnt from sentences; what tells of texts not learnt yet."""
    count = Counter(piece for sentence in said for piece in pieces(sentence))
    known = sorted(piece for piece, n in count.items() if n >= MIN_SENTENCES)
    table = features(said, {piece: row for row, piece in enumerate(known)}).toarray()
    model: Any = LogisticRegression(C=STRENGTH, max_iter=2_000, class_weight="balanced", tol=1e-8)
    model.fit(table, act)
    rows: Floats = model.coef_.T.round(3)
    return ActWeights(
        dict(zip(known, rows.tolist(), strict=True)),
        model.intercept_.round(3).tolist(),
        sorted({token for sentence in said for token in tokens(sentence) if token[0].isalpha()}),
        [],
        [],
    )


class Folded(NamedTuple):
    """What is told of sentences by weights that were learnt without them."""

    act: Ints
    likeliest: Ints
    told: Floats
    """Rows as of texts of one sentence; those that are not covered are left out of all three."""


def folded(said: list[str], act: Ints) -> Folded:
    """Return what each sentence does as told by weights that were learnt without it."""
    parts = []
    for learn, rest in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(said, act):
        weights = fitted([said[row] for row in learn], act[learn])
        classifier, left = ActClassifier(weights), [said[row] for row in rest]
        told, has = classifier.told(left)
        parts.append((act[rest][has], classifier.of_sentences(left).argmax(axis=1)[has], told))
    acts, likeliest, tables = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Folded(acts, likeliest, tables)


def texts_told(weights: ActWeights, alone: Folded, run: Path) -> ActWeights:
    """Return weights that tell what labelled texts do from what their sentences do; print how well.

    The written sentences stand among them as texts of one sentence, for few posts are that short.
    """
    found = labelled(run, "tune")
    table, has = ActClassifier(weights).told([each.text for each in found])
    act = np.array([each.act for each in found])[has]
    left_out = np.empty(len(act), np.int64)
    for learn, rest in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(table, act):
        told, bias = _learnt(table[learn], act[learn], alone)
        left_out[rest] = (table[rest] @ told + bias).argmax(axis=1)
    print(f"{len(act)} texts, left out of training: {score(act, left_out)} (accuracy, kappa, macro-F1)")
    told, bias = _learnt(table, act, alone)
    return replace(weights, told=told.round(4).tolist(), told_bias=bias.round(4).tolist())


def _learnt(table: Floats, act: Ints, alone: Folded) -> tuple[Floats, Floats]:
    """Rare acts count more, by the root of how rare they are.

    By their number alone none would ever be called argue, and with equal say half the texts that inform would
    be called something else.
    """
    mean, spread = table.mean(axis=0), table.std(axis=0) + 1e-6
    say = np.sqrt(len(act) / np.maximum(np.bincount(act, minlength=len(ACT_NAMES)), 1))
    rows, truth = np.vstack([table, alone.told]), np.concatenate([act, alone.act])
    weight = np.concatenate([say[act], np.full(len(alone.act), ALONE)])
    model: Any = LogisticRegression(C=TOLD_STRENGTH, max_iter=2_000, tol=1e-8)
    model.fit((rows - mean) / spread, truth, sample_weight=weight)
    told = model.coef_.T / spread[:, None]
    return told, model.intercept_ - mean @ told


def main() -> None:
    """Learn, cross-validate, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--run", type=Path, help="the imported snapshot with the labelled texts")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args()
    said, act = written()
    weights = fitted(said, act)
    alone = folded(said, act)
    print(f"{len(said)} sentences, {len(weights.pieces)} pieces")
    print(f"sentences, left out of training: {score(alone.act, alone.likeliest)} (accuracy, kappa, macro-F1)")
    if options.run:
        weights = texts_told(weights, alone, options.run)
    else:
        old = ActWeights.load()
        weights = replace(weights, told=old.told, told_bias=old.told_bias)
    weights.save(options.out)
    print(f"{options.out.name}: {options.out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
