"""Topics in UMAP's space. Not part of the suite, for Numba first compiles UMAP for a quarter of a minute:

python -m pytest tests/external/test_umap.py
"""

from __future__ import annotations

import numpy as np
import pytest

from moltarium.analysis.words.topic_stages import Reduction
from moltarium.analysis.words.topics import Topics, topics
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import SCHEMA_VERSION, Post, Run

SUBJECTS = (
    "lobster ocean reef tide shell crab harbour coral wave salt",
    "compiler python function debug commit branch parser runtime memory thread",
    "token wallet market price trading coin exchange profit liquidity chain",
)


def model(reduction: Reduction) -> Topics:
    rng = np.random.default_rng(0)
    bodies = [" ".join(rng.choice(SUBJECTS[i % 3].split(), 12)) for i in range(150)]
    posts = [Post(i, i * 10**8, None, f"p{i:03}", "a", "c", "", body, None) for i, body in enumerate(bodies)]
    run = Run(
        "planted", "observed", "planted", SCHEMA_VERSION, None, None, None, None,
        Coverage().json(), "0", None, "{}",
    )  # fmt: skip
    return topics(MemoryRecord(run, {Post: posts}), n_topics=3, reduction=reduction)


def test_umap_finds_the_same_planted_topics() -> None:
    found, seen, again = model("pca"), model("umap"), model("umap")
    assert len({*zip(found.posts["topic"], seen.posts["topic"], strict=True)}) == 3, "one to one"
    assert (seen.stability, seen.order_stability) == pytest.approx((1, 1))
    assert seen.method.endswith("UMAP 5 · k-means")
    assert again.topics == seen.topics, "the seed holds"
