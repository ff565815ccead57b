"""The net behind the reader and how it learns. Only the training script imports this module.

A text is read twice, side by side, and the two readings are added as logits:

* as a **bag** of words, pairs and letter groups, each weighted by its rarity, summed over the length of the
  text, cut at nought: what is said;
* as a **sequence** of words, in windows of three, each filter keeping its strongest window (Kim 2014,
  arXiv:1408.5882): how the words stand together ("not happy", "happy, not").

Adam (Kingma & Ba 2015, arXiv:1412.6980) with decoupled decay of the bag's table and dropout everywhere.
Arithmetic is float32, matrix products are taken in float64 and rounded once, so that BLAS kernels that sum in
another order still give the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array: TypeAlias = NDArray[np.float32]
Sparse: TypeAlias = Any
"""A ``scipy.sparse.csr_matrix`` of float32; SciPy's stubs can't name the result of slicing one."""

PAD: Final = 0
UNKNOWN: Final = 1
WINDOW: Final = 3


@dataclass(frozen=True)
class Settings:
    """Sizes and rates. The defaults are those of the shipped weights."""

    hidden: int = 48
    width: int = 64
    """Length of a word's vector."""
    filters: int = 96
    epochs: int = 7
    batch: int = 512
    rate: float = 3e-3
    decay: float = 0.02
    drop_pieces: float = 0.2
    drop_hidden: float = 0.4
    drop_words: float = 0.1
    """Share of words read as unknown: so the net learns what to make of unknown words."""
    drop_filters: float = 0.4
    seed: int = 7


@dataclass(frozen=True)
class Inputs:
    """Texts as the net sees them."""

    bag: Sparse
    """Rarity-weighted counts over the length of the text: shape (n, pieces)."""
    words: NDArray[np.int32]
    """Word numbers between two pads, padded on the right: shape (n, longest + 2)."""
    lengths: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> Inputs:
        """Some of the texts."""
        lengths = self.lengths[rows]
        return Inputs(self.bag[rows], self.words[rows, : int(lengths.max()) + 2], lengths)


def product(left: Array, right: Array) -> Array:
    """Matrix product in float64, rounded once."""
    return np.asarray(left.astype(np.float64) @ right.astype(np.float64), dtype=np.float32)


def softmax(logits: Array) -> NDArray[np.float64]:
    """Probabilities by row."""
    wide = logits.astype(np.float64)
    odds = np.exp(wide - wide.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def keep(shape: tuple[int, ...], dropped: float, rng: np.random.Generator) -> Array:
    """A dropout mask: 0, or 1 over the share kept."""
    return np.asarray((rng.random(shape) >= dropped) / (1 - dropped), dtype=np.float32)


@dataclass
class Net:
    """The trainable arrays by name.

    ``table`` (pieces, hidden), ``hidden_bias``, ``head`` (hidden, classes), ``bias``; ``vectors``
    (words + 2, width), ``filters`` (3, width, filters), ``filter_bias``, ``filter_head`` (filters, classes).
    """

    arrays: dict[str, Array]

    @classmethod
    def fresh(cls, pieces: int, words: int, base: NDArray[np.float64], with_: Settings) -> Net:
        """Small random weights; the bias starts at the log of the classes' shares."""
        rng = np.random.default_rng(with_.seed)
        classes = len(base)

        def normal(scale: float, *shape: int) -> Array:
            return (rng.standard_normal(shape) * scale).astype(np.float32)

        vectors = normal(0.1, words + 2, with_.width)
        vectors[[PAD, UNKNOWN]] = 0
        return cls(
            {
                "table": normal(0.05, pieces, with_.hidden),
                "hidden_bias": np.zeros(with_.hidden, dtype=np.float32),
                "head": normal(with_.hidden**-0.5, with_.hidden, classes),
                "bias": np.log(base + 1e-4).astype(np.float32),
                "vectors": vectors,
                "filters": normal((WINDOW * with_.width) ** -0.5, WINDOW, with_.width, with_.filters),
                "filter_bias": np.zeros(with_.filters, dtype=np.float32),
                "filter_head": normal(0.5 * with_.filters**-0.5, with_.filters, classes),
            }
        )

    def windows(self, inputs: Inputs) -> tuple[Array, Array]:
        """Word vectors (n, longest + 2, width) and every filter at every window (n, longest, filters)."""
        vectors = self.arrays["vectors"][inputs.words]
        longest = vectors.shape[1] - 2
        width = vectors.shape[2]
        raw = np.zeros((len(vectors), longest, self.arrays["filters"].shape[2]), dtype=np.float32)
        for shift in range(WINDOW):
            flat = vectors[:, shift : shift + longest].reshape(-1, width)
            raw += product(flat, self.arrays["filters"][shift]).reshape(raw.shape)
        raw[np.arange(longest) >= inputs.lengths[:, None]] = -np.inf
        return vectors, raw

    def logits(self, inputs: Inputs) -> Array:
        """Scores of the classes, without dropout: shape (n, classes)."""
        of = self.arrays
        hidden = np.maximum(inputs.bag @ of["table"] + of["hidden_bias"], 0)
        strongest = np.maximum(self.windows(inputs)[1].max(axis=1) + of["filter_bias"], 0)
        return product(hidden, of["head"]) + product(strongest, of["filter_head"]) + of["bias"]

    def gradient(
        self,
        inputs: Inputs,
        wanted: Array,
        with_: Settings,
        rng: np.random.Generator,
        weight: NDArray[np.float64] | None = None,
    ) -> dict[str, Array]:
        """Gradient of the mean cross-entropy of one batch under dropout; for weights see `train`."""
        of = self.arrays
        bag = inputs.bag.copy()
        bag.data *= keep(bag.data.shape, with_.drop_pieces, rng)
        words = inputs.words.copy()
        words[(rng.random(words.shape) < with_.drop_words) & (words != PAD)] = UNKNOWN
        inputs = Inputs(bag, words, inputs.lengths)
        raw = bag @ of["table"] + of["hidden_bias"]
        hidden_mask = keep(raw.shape, with_.drop_hidden, rng) * (raw > 0)
        vectors, windows = self.windows(inputs)
        where = windows.argmax(axis=1)
        peak = np.take_along_axis(windows, where[:, None], axis=1)[:, 0] + of["filter_bias"]
        filter_mask = keep(peak.shape, with_.drop_filters, rng) * (peak > 0)
        hidden, strongest = raw * hidden_mask, peak * filter_mask
        logits = product(hidden, of["head"]) + product(strongest, of["filter_head"]) + of["bias"]
        said = softmax(logits) if weight is None else softmax(logits) * weight
        error = ((said - wanted) / len(wanted)).astype(np.float32)
        to_hidden = product(error, of["head"].T) * hidden_mask
        to_peak = product(error, of["filter_head"].T) * filter_mask
        to_windows = np.zeros_like(windows)
        np.put_along_axis(to_windows, where[:, None], to_peak[:, None], axis=1)
        return {
            "table": bag.T.tocsr() @ to_hidden,
            "hidden_bias": _total(to_hidden),
            "head": product(hidden.T, error),
            "bias": _total(error),
            "filter_bias": _total(to_peak),
            "filter_head": product(strongest.T, error),
            **self._through_windows(words, vectors, to_windows),
        }

    def _through_windows(
        self, words: NDArray[np.int32], vectors: Array, to_windows: Array
    ) -> dict[str, Array]:
        texts, longest, filters = to_windows.shape
        width = vectors.shape[2]
        flat = to_windows.reshape(-1, filters)
        to_filters = np.empty_like(self.arrays["filters"])
        to_vectors = np.zeros_like(vectors)
        for shift in range(WINDOW):
            seen = vectors[:, shift : shift + longest].reshape(-1, width)
            to_filters[shift] = product(seen.T, flat)
            back = product(flat, self.arrays["filters"][shift].T)
            to_vectors[:, shift : shift + longest] += back.reshape(texts, longest, width)
        numbers = words.ravel()
        collect = sparse.csr_matrix(
            (np.ones(len(numbers), dtype=np.float32), (numbers, np.arange(len(numbers)))),
            shape=(len(self.arrays["vectors"]), len(numbers)),
        )
        gathered = collect @ to_vectors.reshape(-1, width)
        gathered[PAD] = 0
        return {"filters": to_filters, "vectors": gathered}


def _total(rows: Array) -> Array:
    return np.asarray(rows.sum(axis=0, dtype=np.float64), dtype=np.float32)


def train(
    inputs: Inputs,
    wanted: Array,
    words: int,
    with_: Settings,
    weight: NDArray[np.float64] | None = None,
) -> Net:
    """Learn from texts and the class shares wanted for each.

    Parameters
    ----------
    wanted
        Shape (n, classes): a row sums to the weight of its text.
    words
        How many words have a vector of their own.
    weight
        Of each text, shape (n, 1); all count 1 if it is left out.
    """
    net = Net.fresh(inputs.bag.shape[1], words, wanted.mean(axis=0, dtype=np.float64), with_)
    rng = np.random.default_rng([with_.seed, 1])
    mean = {name: np.zeros_like(array) for name, array in net.arrays.items()}
    square = {name: np.zeros_like(array) for name, array in net.arrays.items()}
    starts = [start for _ in range(with_.epochs) for start in range(0, len(wanted), with_.batch)]
    order = np.arange(len(wanted))
    for step, start in enumerate(starts):
        if start == 0:
            order = rng.permutation(len(wanted))
        rows = order[start : start + with_.batch]
        rate = np.float32(with_.rate * (1 - step / len(starts)))
        counts = None if weight is None else weight[rows]
        for name, slope in net.gradient(inputs.take(rows), wanted[rows], with_, rng, counts).items():
            mean[name] += np.float32(0.1) * (slope - mean[name])
            square[name] += np.float32(0.001) * (slope * slope - square[name])
            spread = np.sqrt(square[name] / np.float32(1 - 0.999 ** (step + 1))) + np.float32(1e-8)
            move = mean[name] / np.float32(1 - 0.9 ** (step + 1)) / spread
            if name == "table":
                move += np.float32(with_.decay) * net.arrays[name]
            net.arrays[name] -= rate * move
    return net
