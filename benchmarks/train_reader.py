"""Train the emotion reader on GoEmotions: ``python benchmarks/train_reader.py --data DIR --out FILE``.

DIR is the folder that holds GoEmotions (``original/`` and ``ekman/`` with train, dev and test). Only the
train split moves weights; only the dev split picks the temperature and the label offsets; the test split is
not opened here (`benchmarks/reader.py` scores on it).

One thread, fixed seeds, sorted vocabularies and float64 matrix products rounded to float32 make the file the
same, byte for byte, wherever NumPy and SciPy have the locked versions.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy loads: threads would change the order of summation

import argparse
import hashlib
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from moltarium.agents.reader import EKMAN, EKMAN_OF, FINE, Weights, clean
from moltarium.agents.reader.anchors import anchor_table
from moltarium.agents.reader.tokens import letter_groups, pairs, tokenise
from moltarium.agents.reader.weights import as_lines

HIDDEN: Final = 48
EPOCHS: Final = 6
BATCH: Final = 512
RATE: Final = 3e-3
DECAY: Final = 0.02
PIECE_DROPOUT: Final = 0.2
HIDDEN_DROPOUT: Final = 0.3
MIN_TEXTS: Final = 3
SEED: Final = 20_240_501

Matrix = NDArray[np.float32]
FOLD: Final = np.array([[EKMAN_OF[fine] == ekman for ekman in EKMAN] for fine in FINE], dtype=np.float64)


@dataclass(frozen=True)
class Split:
    """One split of GoEmotions."""

    texts: list[str]
    fine: NDArray[np.float64]
    """Shape (n, 28), 1 where a class was given."""
    ekman: NDArray[np.float64]
    """Shape (n, 7), likewise."""


def load_split(folder: Path, name: str) -> Split:
    """Read one split in both label sets."""

    def marks(grouping: str, labels: tuple[str, ...]) -> tuple[list[str], NDArray[np.float64]]:
        names = (folder / grouping / "labels.txt").read_text(encoding="utf-8").split()
        if tuple(names) != labels:
            sys.exit(f"{folder / grouping}: its labels are not those of the reader")
        lines = (folder / grouping / f"{name}.tsv").read_text(encoding="utf-8").rstrip("\n").split("\n")
        rows = [line.split("\t") for line in lines]
        given = np.zeros((len(rows), len(labels)))
        for at, row in enumerate(rows):
            given[at, [int(label) for label in row[1].split(",")]] = 1.0
        return [row[0] for row in rows], given

    texts, fine = marks("original", FINE)
    _, ekman = marks("ekman", EKMAN)
    return Split(texts, fine, ekman)


Pieces = tuple[list[str], list[str], list[str]]


def pieces_of(text: str) -> Pieces:
    """A text's words, pairs and letter groups."""
    words = tokenise(clean(text))
    return words, pairs(words), [group for word in words for group in letter_groups(word)]


def vocabulary(texts: list[Pieces]) -> Pieces:
    """The pieces that stand in at least `MIN_TEXTS` texts, sorted."""
    counts: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())
    for text in texts:
        for count, kind in zip(counts, text, strict=True):
            count.update(set(kind))
    words, known_pairs, groups = (
        sorted(piece for piece, n in count.items() if n >= MIN_TEXTS) for count in counts
    )
    return words, known_pairs, groups


def counts_of(texts: list[Pieces], known: Pieces) -> sparse.csr_matrix:
    """How often each known piece stands in each text: shape (texts, pieces)."""
    rows: list[dict[str, int]] = []
    first = 0
    for kind in known:
        rows.append({piece: first + at for at, piece in enumerate(kind)})
        first += len(kind)
    columns: list[int] = []
    ends = [0]
    for text in texts:
        for row, kind in zip(rows, text, strict=True):
            columns += [row[piece] for piece in kind if piece in row]
        ends.append(len(columns))
    matrix = sparse.csr_matrix(
        (np.ones(len(columns), dtype=np.float32), columns, ends), shape=(len(texts), first)
    )
    matrix.sum_duplicates()
    return matrix


def rarity_of(counts: sparse.csr_matrix) -> NDArray[np.uint8]:
    """Sixteen times the smoothed inverse document frequency, rounded, at most 255."""
    texts = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log((1 + counts.shape[0]) / (1 + texts)) + 1
    return np.minimum(np.rint(16 * idf), 255).astype(np.uint8)


def inputs_of(counts: sparse.csr_matrix, rarity: NDArray[np.uint8]) -> sparse.csr_matrix:
    """Rarity-weighted counts over the length of the text, √Σ rarity²."""
    idf = rarity.astype(np.float64) / 16
    length = np.sqrt(np.maximum(counts.astype(np.float64) @ idf**2, 1e-12))
    scaled = sparse.diags(1 / length) @ counts.astype(np.float64) @ sparse.diags(idf)
    return scaled.tocsr().astype(np.float32)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of logits, by row."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def product(left: Matrix, right: Matrix) -> Matrix:
    """Matrix product in float64, rounded once: kernels that sum in another order give the same float32."""
    return np.asarray(left.astype(np.float64) @ right.astype(np.float64), dtype=np.float32)


@dataclass
class Net:
    """The trainable arrays, by name: table, hidden_bias, head, bias."""

    arrays: dict[str, Matrix]

    @classmethod
    def fresh(cls, pieces: int, base: NDArray[np.float64], rng: np.random.Generator) -> Net:
        """Small random weights; the bias starts at the classes' shares."""
        return cls(
            {
                "table": (rng.standard_normal((pieces, HIDDEN)) * 0.05).astype(np.float32),
                "hidden_bias": np.zeros(HIDDEN, dtype=np.float32),
                "head": (rng.standard_normal((HIDDEN, len(FINE))) / np.sqrt(HIDDEN)).astype(np.float32),
                "bias": np.log(base + 1e-4).astype(np.float32),
            }
        )

    def gradient(
        self, inputs: sparse.csr_matrix, wanted: Matrix, rng: np.random.Generator
    ) -> dict[str, Matrix]:
        """Gradient of the cross-entropy on one batch, under dropout of pieces and of hidden units."""
        kept = inputs.copy()
        kept.data *= (rng.random(kept.nnz) > PIECE_DROPOUT).astype(np.float32) / np.float32(1 - PIECE_DROPOUT)
        raw = kept @ self.arrays["table"] + self.arrays["hidden_bias"]
        mask = (rng.random(raw.shape) > HIDDEN_DROPOUT).astype(np.float32) / np.float32(1 - HIDDEN_DROPOUT)
        hidden = np.maximum(raw, 0) * mask
        logits = product(hidden, self.arrays["head"]) + self.arrays["bias"]
        error = ((softmax(logits.astype(np.float64)) - wanted) / len(wanted)).astype(np.float32)
        back = product(error, np.ascontiguousarray(self.arrays["head"].T)) * mask * (raw > 0)
        return {
            "table": kept.T.tocsr() @ back,
            "hidden_bias": back.sum(axis=0, dtype=np.float64).astype(np.float32),
            "head": product(np.ascontiguousarray(hidden.T), error),
            "bias": error.sum(axis=0, dtype=np.float64).astype(np.float32),
        }

    def probabilities(self, inputs: sparse.csr_matrix) -> NDArray[np.float64]:
        """Fine probabilities, without dropout."""
        hidden = np.maximum(inputs @ self.arrays["table"] + self.arrays["hidden_bias"], 0)
        return softmax((product(hidden, self.arrays["head"]) + self.arrays["bias"]).astype(np.float64))


def train(inputs: sparse.csr_matrix, wanted: Matrix, seed: int) -> Net:
    """Adam with decoupled decay of the table and a rate that falls linearly to nought."""
    rng = np.random.default_rng(seed)
    net = Net.fresh(inputs.shape[1], wanted.mean(axis=0, dtype=np.float64), rng)
    mean = {name: np.zeros_like(array) for name, array in net.arrays.items()}
    square = {name: np.zeros_like(array) for name, array in net.arrays.items()}
    per_epoch = -(-len(wanted) // BATCH)
    for step in range(EPOCHS * per_epoch):
        if step % per_epoch == 0:
            order = rng.permutation(len(wanted))
        batch = order[(step % per_epoch) * BATCH :][:BATCH]
        rate = np.float32(RATE * (1 - step / (EPOCHS * per_epoch)))
        for name, slope in net.gradient(inputs[batch], wanted[batch], rng).items():
            mean[name] += np.float32(0.1) * (slope - mean[name])
            square[name] += np.float32(0.001) * (slope * slope - square[name])
            drift = mean[name] / np.float32(1 - 0.9 ** (step + 1))
            spread = np.sqrt(square[name] / np.float32(1 - 0.999 ** (step + 1))) + np.float32(1e-8)
            move = drift / spread
            if name == "table":
                move += np.float32(DECAY) * net.arrays[name]
            net.arrays[name] -= rate * move
    return net


def macro_f1(truth: NDArray[np.int64], chosen: NDArray[np.int64], classes: int) -> float:
    """Mean F1 over classes; a class never met and never chosen counts as 0."""
    hits = np.bincount(truth[truth == chosen], minlength=classes)
    total = np.bincount(truth, minlength=classes) + np.bincount(chosen, minlength=classes)
    return float(np.mean(2 * hits / np.maximum(total, 1)))


def tune_offsets(probs: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """Coordinate search for the offsets on log-probabilities that give the highest macro-F1."""
    logs = np.log(np.maximum(probs, 1e-12))
    best = np.zeros(probs.shape[1])

    def score(offsets: NDArray[np.float64]) -> float:
        # The small price keeps offsets near nought where macro-F1 doesn't care.
        return macro_f1(truth, (logs + offsets).argmax(axis=1), len(offsets)) - 2e-3 * float(
            np.abs(offsets).mean()
        )

    for stride in (0.4, 0.2, 0.1):
        for _ in range(3):
            for k in range(len(best)):
                tries = [best + stride * move * np.eye(len(best))[k] for move in (0, -2, -1, 1, 2)]
                best = max(tries, key=score)
    return best


def quantise(net: Net, known: Pieces, rarity: NDArray[np.uint8], offsets: NDArray[np.float64]) -> Weights:
    """The net as the file stores it: rarity folded into the table, one byte a weight."""
    table = net.arrays["table"].astype(np.float64) * (rarity.astype(np.float64) / 16)[:, None]
    scale = np.quantile(np.abs(table), 0.9999, axis=0) / 127
    return Weights(
        words=as_lines(known[0]),
        pairs=as_lines(known[1]),
        groups=as_lines(known[2]),
        table=np.clip(np.rint(table / scale), -127, 127).astype(np.int8),
        rarity=rarity,
        scale=scale,
        hidden_bias=net.arrays["hidden_bias"].astype(np.float64),
        head=net.arrays["head"].astype(np.float64),
        bias=net.arrays["bias"].astype(np.float64),
        offsets=offsets,
        vad=anchor_table(),
    )


def main() -> None:
    """Train, quantise, write; print the dev scores and the file's sha256."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds GoEmotions")
    parser.add_argument("--out", type=Path, required=True, help="where the weights go")
    chosen = parser.parse_args()
    began = time.perf_counter()
    learn, dev = load_split(chosen.data, "train"), load_split(chosen.data, "dev")
    split = [pieces_of(text) for text in learn.texts]
    known = vocabulary(split)
    counts = counts_of(split, known)
    rarity = rarity_of(counts)
    wanted = (learn.fine / learn.fine.sum(axis=1, keepdims=True)).astype(np.float32)
    net = train(inputs_of(counts, rarity), wanted, SEED)
    probs = net.probabilities(inputs_of(counts_of([pieces_of(t) for t in dev.texts], known), rarity)) @ FOLD
    single = dev.ekman.sum(axis=1) == 1
    truth = dev.ekman[single].argmax(axis=1)
    offsets = tune_offsets(probs[single], truth)
    quantise(net, known, rarity, offsets).save(chosen.out)
    logs = np.log(probs[single])
    print(f"dev macro-F1 {macro_f1(truth, (logs + offsets).argmax(axis=1), len(EKMAN)):.4f}")
    print(f"sha256 {hashlib.sha256(chosen.out.read_bytes()).hexdigest()}")
    print(f"{chosen.out.stat().st_size / 1e6:.2f} MB, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
