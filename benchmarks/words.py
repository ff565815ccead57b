"""Time words at scale: ``python -m benchmarks.words [--posts N] [--comments N] [--json]``.

Posts and comments are made of invented words, Zipf-distributed in each of 40 planted subjects. One process,
one thread; resident memory is the peak of the whole process.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy loads: speed is stated for one core
os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import json
import resource
import time
from collections.abc import Iterator

import numpy as np

from benchmarks.targets import Check, table
from moltarium.analysis.words.embeddings import static_embedder
from moltarium.analysis.words.near_duplicates import clusters
from moltarium.analysis.words.topics import topics
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import SCHEMA_VERSION, Post, Run

SYLLABLES = [a + b for a in "bcdfgklmnprstvz" for b in "aeiou"]


def sentences(n: int, length: int, seed: int) -> Iterator[str]:
    """Yield texts of `length` words, each from one of 40 subjects and a shared vocabulary."""
    rng = np.random.default_rng(seed)
    lexicon = np.array(["".join(rng.choice(SYLLABLES, 3)) for _ in range(12_000)])
    p = 1 / np.arange(1, 251)
    p /= p.sum()
    for _ in range(n):
        subject = int(rng.integers(0, 40))
        own = lexicon[subject * 250 + rng.choice(250, length // 2, p=p)]
        shared = lexicon[10_000 + rng.integers(0, 2_000, length - length // 2)]
        yield " ".join([*own, *shared])


def society(n: int) -> MemoryRecord:
    """Return a record of `n` posts."""
    posts = [
        Post(i, i * 10**6, None, f"p{i:06}", f"a{i % 5000}", f"c{i % 60}", "", text, None)
        for i, text in enumerate(sentences(n, 40, 1))
    ]
    run = Run(
        "bench", "observed", "bench", SCHEMA_VERSION, None, None, None, None,
        Coverage().json(), "0", None, "{}",
    )  # fmt: skip
    return MemoryRecord(run, {Post: posts})


def measured(posts: int, comments: int) -> list[Check]:
    """Time embeddings, topics and near-duplicates."""
    record = society(posts)
    texts = [post.body for post in record.rows(Post)]
    static_embedder()
    clusters(["compile the loops first", "and only then take the time"])
    start = time.perf_counter()
    static_embedder().encode(texts)
    per_second = len(texts) / (time.perf_counter() - start)
    import bertopic  # type: ignore[import-untyped]  # noqa: F401  # loaded once a process, not per record

    start = time.perf_counter()
    found = topics(record)
    topic_s = time.perf_counter() - start
    start = time.perf_counter()
    clusters(sentences(comments, 30, 2))
    near_s = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return [
        Check("embedding", per_second, "≥", 2_000, "texts/s"),
        Check(f"embedding + topics, {posts:,} posts", topic_s, "≤", 60 if posts <= 20_000 else 300, "s",
              f"{len(found.topics)} topics, stability {found.stability:.2f}"),
        Check(f"near-duplicates, {comments:,} comments", near_s, "≤", 120, "s", "making the texts included"),
        Check("peak memory", peak, "≤", 4, "GB"),
    ]  # fmt: skip


def main() -> None:
    """Print the figures beside their targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--comments", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    checks = measured(args.posts, args.comments)
    print(json.dumps([check.json() for check in checks]) if args.json else table(checks))


if __name__ == "__main__":
    main()
