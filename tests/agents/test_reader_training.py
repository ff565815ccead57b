"""The net learns what is planted, its gradient is right, and training repeats itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from moltarium.agents.reader.training import Inputs, Net, Settings, softmax, train

STILL = Settings(
    hidden=6,
    width=5,
    filters=7,
    epochs=1,
    batch=8,
    drop_pieces=0.0,
    drop_hidden=0.0,
    drop_words=0.0,
    drop_filters=0.0,
    seed=3,
)


def _texts(rng: np.random.Generator, n: int, words: int, length: int) -> Inputs:
    numbers = rng.integers(2, words + 2, size=(n, length))
    bag = np.zeros((n, words), dtype=np.float32)
    for row, text in zip(bag, numbers, strict=True):
        np.add.at(row, text - 2, 1 / np.sqrt(length))
    padded = np.zeros((n, length + 2), dtype=np.int32)
    padded[:, 1:-1] = numbers
    return Inputs(sparse.csr_matrix(bag), padded, np.full(n, length))


def _loss(net: Net, inputs: Inputs, wanted: np.ndarray) -> float:
    return float(-(wanted * np.log(softmax(net.logits(inputs)))).sum(axis=1).mean())


@pytest.mark.parametrize(
    "name",
    ["table", "hidden_bias", "head", "bias", "vectors", "filters", "filter_bias", "filter_head"],
)
def test_gradient_is_the_slope_of_the_loss(name: str) -> None:
    rng = np.random.default_rng(0)
    inputs = _texts(rng, 8, 9, 5)
    weight = np.array([[1.0], [0.5]] * 4)
    wanted = np.eye(4, dtype=np.float32)[rng.integers(4, size=8)] * weight.astype(np.float32)
    net = Net.fresh(9, 9, wanted.mean(axis=0, dtype=np.float64), STILL)
    net.arrays["hidden_bias"] += np.float32(0.3)
    net.arrays["filter_bias"] += np.float32(0.3)
    slope = net.gradient(inputs, wanted, STILL, rng, weight)[name]
    # Along the slope itself, where the change is largest against float32's grain; short, since the net has
    # kinks wherever another window becomes the strongest.
    step = np.float32(1e-3 / max(float(np.abs(slope).max()), 1e-6))
    start = net.arrays[name].copy()
    ends = []
    for sign in (1, -1):
        net.arrays[name] = (start + sign * step * slope).astype(np.float32)
        ends.append(_loss(net, inputs, wanted))
    measured = (ends[0] - ends[1]) / (2 * float(step))
    assert measured == pytest.approx(float((slope.astype(np.float64) ** 2).sum()), rel=0.03)


def _order_matters(rng: np.random.Generator, n: int) -> tuple[Inputs, np.ndarray]:
    """The class is whether word 2 stands right before word 3: both always do stand in the text."""
    inputs = _texts(rng, n, 8, 6)
    numbers = inputs.words
    numbers[:, 1:-1] = rng.integers(4, 10, size=(n, 6))
    truth = rng.integers(2, size=n)
    at = rng.integers(1, 5, size=n)
    numbers[np.arange(n), at] = np.where(truth == 1, 2, 3)
    numbers[np.arange(n), at + 1] = np.where(truth == 1, 3, 2)
    bag = np.zeros((n, 8), dtype=np.float32)
    for row, text in zip(bag, numbers[:, 1:-1], strict=True):
        np.add.at(row, text - 2, 1 / np.sqrt(6))
    return Inputs(sparse.csr_matrix(bag), numbers, inputs.lengths), truth


def test_learns_word_order_that_no_bag_can_hold() -> None:
    rng = np.random.default_rng(5)
    learn, truth = _order_matters(rng, 1500)
    with_ = Settings(hidden=4, width=8, filters=12, epochs=12, batch=64, rate=1e-2, seed=1)
    net = train(learn, np.eye(2, dtype=np.float32)[truth], 8, with_)
    test, answer = _order_matters(rng, 400)
    assert (net.logits(test).argmax(axis=1) == answer).mean() > 0.95


def test_training_repeats_itself_exactly() -> None:
    learn, truth = _order_matters(np.random.default_rng(5), 200)
    wanted = np.eye(2, dtype=np.float32)[truth]
    with_ = Settings(hidden=4, width=8, filters=12, epochs=2, batch=64)
    first, second = (train(learn, wanted, 8, with_).arrays for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
