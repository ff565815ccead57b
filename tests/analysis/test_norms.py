"""Norm convergence finds planted convergence and stays silent where a site merely grows or drifts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.analysis.words.dispersion import Trend, centred, convergence, dispersion
from moltarium.analysis.words.norms import norm_convergence
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import SCHEMA_VERSION, Post, Run

WINDOWS = 6


def world(kind: str, seed: int, n: int = 900) -> Trend:
    """Five communities whose members are pulled to a centre of their own, in one of three ways."""
    rng = np.random.default_rng(seed)
    at = np.sort(rng.random(n) ** (0.5 if kind == "growing" else 1.0))
    community, author = rng.integers(0, 5, n), rng.integers(0, 200, n)
    pull = 0.2 + 0.8 * at if kind == "converging" else np.full(n, 0.5)
    points = rng.normal(size=(n, 24)) + pull[:, None] * rng.normal(size=(5, 24))[community]
    if kind == "whole site":
        points += at[:, None] * rng.normal(size=24)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return convergence(
        points.astype(np.float32), community, author, np.arange(n) * WINDOWS // n, draws=60, seed=seed
    )


@pytest.mark.parametrize("seed", range(4))
def test_planted_convergence_is_flagged(seed: int) -> None:
    trend = world("converging", seed)
    assert trend.verdict == "converging"
    assert trend.ci[1] < trend.null.mean
    assert trend.null.p == pytest.approx(1 / 61)


@pytest.mark.parametrize("kind", ["growing", "whole site"])
def test_growth_and_a_site_wide_drift_stay_silent(kind: str) -> None:
    trends = [world(kind, seed) for seed in range(8)]
    assert sum(trend.verdict != "none" for trend in trends) <= 1, "one in twenty is the level that was asked"
    assert all(trend.ci[0] <= trend.change <= trend.ci[1] for trend in trends)
    assert all((trend.site_change < -0.2) == (kind == "whole site") for trend in trends)


def test_equal_seeds_give_equal_trends() -> None:
    first, again, other = world("growing", 3), world("growing", 3), world("growing", 4)
    assert first.change == again.change
    assert first.null == again.null
    assert first.change != other.change


@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=12).filter(lambda counts: len(counts) > 1),
    st.integers(0, 2**16),
)
def test_dispersion_is_the_mean_over_pairs_of_different_rows(counts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(len(counts), 4))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    total, pairs = 0.0, 0
    for i, times in enumerate(counts):
        for j, others in enumerate(counts):
            if i != j:
                total += times * others * float(rows[i] @ rows[j])
                pairs += times * others
    assert dispersion(rows, np.array(counts, float)) == pytest.approx(1 - total / pairs, abs=1e-5)


def test_centring_takes_the_shared_direction_off_each_window() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 8)).astype(np.float32) + np.repeat([[3.0], [-2.0]], 30, axis=0)
    windows = np.repeat([0, 1], 30)
    out = centred(rows.astype(np.float32), windows)
    np.testing.assert_allclose(np.linalg.norm(out, axis=1), 1, atol=1e-5)
    assert abs(out[:30].mean(axis=0)).max() < 0.2


class Letters:
    """Counts of letters, scaled to length 1: an embedder that a reader can follow."""

    name = "letters"

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        rows = np.array([[text.count(letter) for letter in "abcdefgh"] for text in texts], np.float32)
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(length > 0, length, 1), np.float32)


def record(posts: list[Post], missing: frozenset[str] = frozenset()) -> MemoryRecord:
    run = Run(
        "planted", "observed", "planted", SCHEMA_VERSION, None, None, None, None,
        Coverage(missing).json(), "0", None, "{}",
    )  # fmt: skip
    return MemoryRecord(run, {} if missing else {Post: posts})


def speaking(community: str, own: str, i: int, n: int, rng: np.random.Generator) -> Post:
    words = "".join(rng.choice(list("abcdefgh"), 12)) + own * round(24 * i / n)
    return Post(i, i * 10**9, None, f"p{i:04}", f"a{rng.integers(0, 80)}", community, "", words, None)


def test_a_record_of_converging_dialects() -> None:
    rng = np.random.default_rng(1)
    posts = [speaking(f"c{i % 3}", "ace"[i % 3], i, 600, rng) for i in range(600)]
    posts.append(Post(600, 600 * 10**9, None, "silent", "a1", "c0", "", "!!", None))
    posts.append(Post(601, 601 * 10**9, None, "ghost", None, "c0", "", "abc", None))
    found = norm_convergence(record(posts), draws=50, embedder=Letters())
    assert found.verdict == "converging"
    assert sorted(found.communities["community"]) == ["c0", "c1", "c2"]
    assert found.windows["texts"].sum() == 600
    assert (found.windows["low"] <= found.windows["dispersion"]).all()
    assert found.windows["start"].is_monotonic_increasing


def test_what_is_missing_is_named() -> None:
    rng = np.random.default_rng(2)
    with pytest.raises(NotComputable, match="table post"):
        norm_convergence(record([], frozenset({"post"})), embedder=Letters())
    few = [speaking("c0", "a", i, 10, rng) for i in range(10)]
    with pytest.raises(NotComputable, match="at least 25 posts"):
        norm_convergence(record(few), embedder=Letters())
    lone = [speaking("c0", "a", i, 200, rng) for i in range(200)]
    with pytest.raises(NotComputable, match="two communities"):
        norm_convergence(record(lone), embedder=Letters())
