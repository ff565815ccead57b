"""Train the emotion reader on GoEmotions: ``python benchmarks/train_reader.py --data DIR --out FILE``.

DIR is the folder that holds GoEmotions (``original/`` and ``ekman/`` with train and dev). The train split and
the sentences of `benchmarks.taught` move weights; the dev split picks the temperature, the label offsets and
where VAD has its 0. The test split is not opened here: `benchmarks/reader.py` scores on it.

Fixed seeds, sorted vocabularies and a plain file format make the weights the same, byte for byte, wherever
the locked NumPy and SciPy run on the same kind of processor. Takes two or three minutes on one core.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy loads: threads would change the order of summation

import argparse
import hashlib
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

if __name__ == "__main__":
    # Run as a script, Python looks beside this file; its neighbours are imported as a package.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.side_by_side import joined
from benchmarks.taught import Taught, Teacher
from moltarium.agents.reader import EKMAN, FINE, Reader, Weights, clean
from moltarium.agents.reader.agreement import macro_f1
from moltarium.agents.reader.goemotions import Split, load_split
from moltarium.agents.reader.reading import FOLD
from moltarium.agents.reader.tokens import letter_groups, pairs, tokenise
from moltarium.agents.reader.training import Inputs, Net, Settings, softmax, train
from moltarium.agents.reader.weights import NOTHING, RARITY_STEPS, SHIPPED, as_lines

MIN_TEXTS: Final = 3
"""A piece must stand in so many training texts to be known."""
TAUGHT: Final = 0.5
"""Weight of a taught sentence beside a human-labelled text."""
SHARE: Final = 0.7
"""Weight of the net that is taught as well beside the one that knows human labels alone."""
DRAWS: Final = 25
"""Bootstrap draws of the dev split over which the label offsets are averaged."""

Pieces = tuple[list[str], list[str], list[str]]
"""Words, pairs, letter groups."""


def pieces_of(text: str) -> Pieces:
    """A text's words, pairs and letter groups, repeats included."""
    words = tokenise(clean(text))
    return words, pairs(words), [group for word in words for group in letter_groups(word)]


@dataclass(frozen=True)
class Vocabulary:
    """The pieces that stand in at least `MIN_TEXTS` training texts, sorted, and how rare they are."""

    pieces: Pieces
    rarity: NDArray[np.uint8]
    """Smoothed inverse document frequency in steps of a sixteenth, words, pairs and groups in turn."""

    @classmethod
    def of(cls, texts: list[Pieces]) -> Vocabulary:
        """Gather the pieces of the training texts."""
        counts: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())
        for text in texts:
            for count, kind in zip(counts, text, strict=True):
                count.update(set(kind))
        known = [sorted(piece for piece, n in count.items() if n >= MIN_TEXTS) for count in counts]
        seen = np.array([c[p] for c, kind in zip(counts, known, strict=True) for p in kind])
        idf = np.log((1 + len(texts)) / (1 + seen)) + 1
        return cls((known[0], known[1], known[2]), np.rint(RARITY_STEPS * idf).astype(np.uint8))

    def inputs(self, texts: list[Pieces]) -> Inputs:
        """Texts as the net sees them."""
        rows: list[dict[str, int]] = []
        for kind in self.pieces:
            first = sum(map(len, rows))
            rows.append({piece: at for at, piece in enumerate(kind, start=first)})
        columns = [
            [r[p] for r, kind in zip(rows, text, strict=True) for p in kind if p in r] for text in texts
        ]
        ends = np.cumsum([0, *map(len, columns)])
        flat = np.concatenate([np.array(found, dtype=np.int64) for found in columns])
        counts = sparse.csr_matrix((np.ones(len(flat)), flat, ends), shape=(len(texts), len(self.rarity)))
        counts.sum_duplicates()
        idf = self.rarity / RARITY_STEPS
        length = np.sqrt(np.maximum(np.asarray(counts @ idf**2), 1e-12))
        bag = (sparse.diags(1 / length) @ counts @ sparse.diags(idf)).tocsr().astype(np.float32)
        lengths = np.array([max(1, len(text[0])) for text in texts])
        words = np.zeros((len(texts), int(lengths.max()) + 2), dtype=np.int32)
        for at, text in enumerate(texts):
            words[at, 1 : len(text[0]) + 1] = [rows[0].get(word, -1) + 2 for word in text[0]]
        return Inputs(bag, words, lengths)


def tune_offsets(probs: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """Offsets on the log-probabilities that raise macro-F1, found coordinate by coordinate."""
    logs = np.log(np.maximum(probs, 1e-12))
    best = np.zeros(probs.shape[1])
    for stride in (0.4, 0.2, 0.1):
        for k in [*range(len(best))] * 2:
            tries = [best + stride * move * np.eye(len(best))[k] for move in (0, -2, -1, 1, 2)]
            scores = [macro_f1(truth, (logs + t).argmax(axis=1), len(best)) for t in tries]
            best = tries[int(np.argmax(scores))]
    return np.asarray(best - best.mean())


def steady_offsets(probs: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """`tune_offsets` averaged over bootstrap draws: a rare class has so few texts that one draw misleads."""
    rng = np.random.default_rng(0)
    draws = [rng.integers(len(truth), size=len(truth)) for _ in range(DRAWS)]
    return np.asarray(np.mean([tune_offsets(probs[draw], truth[draw]) for draw in draws], axis=0))


def temperature(logits: NDArray[np.float32], fine: NDArray[np.float64]) -> float:
    """The inverse temperature that makes the dev split likeliest."""
    wanted = fine / fine.sum(axis=1, keepdims=True)

    def loss(log_sharpness: float) -> float:
        probs = softmax(logits * np.float32(np.exp(log_sharpness)))
        return -float((wanted * np.log(np.maximum(probs, 1e-12))).sum())

    found = optimize.minimize_scalar(loss, bounds=(-1.0, 1.0), method="bounded", options={"xatol": 1e-4})
    return round(float(np.exp(found.x)), 3)


def quantise(net: Net, known: Vocabulary, sharpness: float) -> Weights:
    """The net as the file stores it: small integers and their steps; labels and VAD not yet tuned."""
    of = {name: array.astype(np.float64) for name, array in net.arrays.items()}
    step = np.abs(of["table"]).max(axis=0) / 127
    nothing = np.zeros_like(of["table"][:1])
    vector_step = np.abs(of["vectors"]).max() / 127
    filter_step = np.abs(of["filters"]).max(axis=(0, 1)) / 32767
    return Weights(
        words=as_lines(known.pieces[0]),
        pairs=as_lines(known.pieces[1]),
        groups=as_lines(known.pieces[2]),
        table=np.vstack([nothing, np.rint(of["table"] / step)]).astype(np.int8),
        rarity=np.append(NOTHING, known.rarity).astype(np.uint8),
        scale=step / RARITY_STEPS,
        hidden_bias=of["hidden_bias"],
        head=of["head"],
        bias=of["bias"],
        vectors=np.rint(of["vectors"] / vector_step).astype(np.int8),
        filters=np.rint(of["filters"] / filter_step).astype(np.int16),
        filter_scale=vector_step * filter_step,
        filter_bias=of["filter_bias"],
        filter_head=of["filter_head"],
        sharpness=np.array([sharpness]),
        offsets=np.zeros(len(EKMAN)),
        rest=np.zeros(3),
    )


def trained(learn: Split, dev: Split, taught: Sequence[Taught]) -> Weights:
    """Train one net on human-labelled texts and, beside them, on taught sentences, if any."""
    split = [pieces_of(text) for text in (*learn.texts, *(sentence.text for sentence in taught))]
    known = Vocabulary.of(split)
    shares = learn.fine / learn.fine.sum(axis=1, keepdims=True)
    named = [[TAUGHT * (fine == sentence.fine) for fine in FINE] for sentence in taught]
    wanted = np.vstack([shares, np.array(named).reshape(-1, len(FINE))]).astype(np.float32)
    weight = wanted.sum(axis=1, keepdims=True, dtype=np.float64) if taught else None
    net = train(known.inputs(split), wanted, len(known.pieces[0]), Settings(), weight)
    logits = net.logits(known.inputs([pieces_of(text) for text in dev.texts]))
    return quantise(net, known, temperature(logits, dev.fine))


def both(lone: Weights, rich: Weights, dev: Split) -> Weights:
    """Return both nets as one, at the temperature that suits dev."""
    mixed = joined(lone, rich, SHARE)
    fine = Reader(mixed, mends=False).read(dev.texts).fine
    return replace(mixed, sharpness=np.array([temperature(np.log(fine).astype(np.float32), dev.fine)]))


def finish(weights: Weights, dev: Split) -> Weights:
    """Set the label offsets and the point of rest on dev: texts that the net hasn't seen."""
    alone, truth = dev.single()
    reading = Reader(weights, mends=False).read(dev.texts)
    probs = reading.fine @ FOLD
    neutral = truth == EKMAN.index("neutral")
    offsets = np.round(steady_offsets(probs[alone], truth), 3)
    return replace(weights, offsets=offsets, rest=np.round(reading.vad[alone][neutral].mean(axis=0), 3))


def verdict(made: str, shipped: str) -> str:
    """Return whether the file that was made is the one that had been shipped, by their sha256."""
    return "the same, byte for byte, as shipped" if made == shipped else f"DIFFERS from the shipped {shipped}"


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def main() -> None:
    """Train, quantise, tune, write; print the dev scores and whether the file equals the shipped one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds GoEmotions")
    parser.add_argument("--out", type=Path, required=True, help="where the weights go")
    chosen = parser.parse_args()
    began = time.perf_counter()
    shipped = _sha256(SHIPPED)  # before the new file takes its place
    learn, dev = load_split(chosen.data, "train"), load_split(chosen.data, "dev")
    lone, rich = (trained(learn, dev, taught) for taught in ((), Teacher().sentences()))
    weights = finish(both(lone, rich, dev), dev)
    weights.save(chosen.out)
    alone, truth = dev.single()
    labels = Reader(weights, mends=False).read(dev.texts).labels()
    chosen_labels = np.array([EKMAN.index(label) for label in labels])[alone]
    pieces = len(weights.rarity) - 1
    print(f"{pieces} pieces, sharpness {lone.sharpness[0]}, {rich.sharpness[0]}, {weights.sharpness[0]}")
    print(f"dev macro-F1 {macro_f1(truth, chosen_labels, len(EKMAN)):.4f}")
    print(f"sha256 {_sha256(chosen.out)}")
    print(verdict(_sha256(chosen.out), shipped))
    print(f"{chosen.out.stat().st_size / 1e6:.2f} MB, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
