"""Clusters are as many as were planted; communities stand apart only where they were set apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from moltarium.analysis.words.centroids import Centroids, centroids
from moltarium.analysis.words.xmeans import bic, xmeans
from moltarium.sim.record.errors import NotComputable


def blobs(seed: int, k: int, per: int = 60) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return `k` clusters of unit spread whose centres lie six apart in ten dimensions."""
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(k), per)
    return rng.standard_normal((k * per, 10)) + 6 / np.sqrt(2) * np.eye(10)[label], label


@pytest.mark.parametrize("k", [1, 2, 5, 8])
def test_clusters_are_as_many_as_there_are(k: int) -> None:
    found = [int(xmeans(blobs(seed, k)[0], np.random.default_rng(seed)).max()) + 1 for seed in range(20)]
    assert found.count(k) >= 19


def test_the_criterion_prefers_the_truth() -> None:
    points, label = blobs(3, 3)
    assert bic(points, label) > bic(points, np.minimum(label, 1)) > bic(points, np.zeros_like(label))
    finer = label * 2 + (points[:, 9] > 0)
    assert bic(points, label) > bic(points, finer)
    assert bic(points[:2], np.arange(2)) == -np.inf


def test_copies_make_no_clusters_and_small_ones_are_nobodys() -> None:
    assert not xmeans(np.ones((40, 3)), np.random.default_rng(0)).any()
    lonely = np.vstack([blobs(0, 1)[0], np.full((2, 10), 30.0)])
    assert not xmeans(lonely, np.random.default_rng(0)).any()


def society(seed: int, apart: float) -> tuple[Centroids, float]:
    """Return what is found among four communities whose subjects drift together and stand `apart`."""
    rng = np.random.default_rng(seed)
    n, size = 320, 30
    community = rng.integers(0, 4, n)
    block = np.arange(n) * 8 // n
    # Communities come and go: who writes when is no norm.
    community = np.where(rng.random(n) < 0.4, block // 2, community)
    site, own = rng.standard_normal((8, size)), rng.standard_normal((4, size))
    vectors = 1 + site[block] + apart * own[community] + 2 * rng.standard_normal((n, size))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = np.array([f"c{each}" for each in community], object)
    found = centroids(vectors.astype(np.float32), names, rng.integers(0, 200, n), block, draws=200, seed=seed)
    return found, float(found.communities["near"].mean())


def test_communities_apart_are_found_and_shared_days_are_not() -> None:
    apart = [society(seed, 1.0) for seed in range(6)]
    assert all(found.verdict == "apart" and near > 0.1 for found, near in apart)
    assert (apart[0][0].pairs["p"] < 0.05).all()
    together = [society(seed, 0.0) for seed in range(12)]
    assert sum(found.verdict != "none" for found, _ in together) <= 1


def test_too_few_communities_say_so() -> None:
    vectors = np.eye(30, dtype=np.float32)
    names = np.array(["a"] * 29 + ["b"], object)
    with pytest.raises(NotComputable, match="two communities"):
        centroids(vectors, names, np.arange(30), np.zeros(30, np.int64))
