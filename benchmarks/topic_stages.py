"""Which stages find topics best: ``python -m benchmarks.topic_stages [RUN] [--embeddings minilm] [--json]``.

The same vectors go through BERTopic's own stages (UMAP, HDBSCAN) and through faster ones. Two corpora:
planted subjects of very unequal size among texts of none, where the truth is known, and, with ``RUN``, the
posts of a record, filled up with comments. Each pipeline runs four times: once, with two other seeds, and
once on the texts in another order. One process, one thread; Numba's compilation is left out.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy loads: speed is stated for one core
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["NUMBA_NUM_THREADS"] = "1"

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from benchmarks.words import SYLLABLES
from moltarium.analysis.words.topic_quality import coherence, diversity
from moltarium.analysis.words.topic_stages import COMPONENTS, Floats, Ints, Means, pca, umap
from moltarium.analysis.words.topics import WORDS, default_topics, once, vectorizer
from moltarium.scenarios.embedders import open_embedder
from moltarium.sim.record.schema import Comment, Post
from moltarium.sim.record.store import RunReader

SUBJECTS: Final = 20
STRAY: Final = 0.1
"""Share of planted texts that are about none of the subjects."""
LEAST_WORDS: Final = 6
"""Of a comment that is taken in."""


class Corpus(NamedTuple):
    """Texts and what is known of them."""

    name: str
    texts: list[str]
    truth: Ints | None
    """Subject per text, −1 for none."""


class Found(NamedTuple):
    """One pipeline on one corpus; shares in [0, 1]."""

    corpus: str
    stages: str
    cpu_s: float
    topics: int
    largest: float
    noise: float
    """Share of texts left without a topic."""
    ari_seed: float
    """Adjusted Rand index with two other seeds, mean; texts without a topic count as one of their own."""
    ari_order: float
    npmi: float
    diversity: float
    ari_truth: float | None
    """With the planted subjects, over texts that have one."""


def planted(n: int, seed: int = 0) -> Corpus:
    """Return texts of 40 invented words: half of one subject's own, sizes falling as 1/rank, half shared."""
    rng = np.random.default_rng(seed)
    lexicon = np.array(["".join(rng.choice(SYLLABLES, 3)) for _ in range(SUBJECTS * 250 + 2_000)])
    usual = 1 / np.arange(1, 251)
    size = 1 / np.arange(1, SUBJECTS + 1)
    truth = rng.choice(SUBJECTS, n, p=size / size.sum())
    truth[rng.random(n) < STRAY] = -1
    texts = []
    for subject in truth:
        shared = lexicon[SUBJECTS * 250 + rng.integers(0, 2_000, 20 if subject >= 0 else 40)]
        own = lexicon[max(subject, 0) * 250 + rng.choice(250, 20, p=usual / usual.sum())]
        texts.append(" ".join([*own, *shared] if subject >= 0 else shared))
    return Corpus("planted", texts, truth.astype(np.int64))


def recorded(folder: Path, n: int, seed: int = 0) -> Corpus:
    """Return the distinct posts of a record, and as many of its comments as fill up to `n`."""
    with RunReader(folder) as record:
        title = record.run.title
        posts = sorted({f"{row.title}\n{row.body}".strip() for row in record.rows(Post)} - {""})
        said = {row.body.strip() for row in record.rows(Comment)}
    comments = sorted(text for text in said - set(posts) if len(text.split()) >= LEAST_WORDS)
    drawn = np.random.default_rng(seed).permutation(len(comments))[: max(n - len(posts), 0)]
    return Corpus(title, posts[:n] + [comments[i] for i in drawn], None)


def svd(vectors: Floats, seed: int) -> Floats:
    """Reduce by a truncated SVD, the mean left in."""
    from sklearn.decomposition import TruncatedSVD  # type: ignore[import-untyped]

    return np.asarray(TruncatedSVD(COMPONENTS, random_state=seed).fit_transform(vectors), np.float64)


def kmeans(reduced: Floats, seed: int) -> Ints:
    """Cluster as `moltarium topics` does: k-means from refined starts."""
    return Means(default_topics(len(reduced)), seed).fit_predict(reduced)


def ten_starts(reduced: Floats, seed: int) -> Ints:
    """Cluster by the best of ten starts of k-means."""
    from sklearn.cluster import KMeans  # type: ignore[import-untyped]

    model: Any = KMeans(default_topics(len(reduced)), n_init=10, random_state=seed)  # pyright: ignore[reportArgumentType]
    return np.asarray(model.fit_predict(reduced), np.int64)


def density(least: int, selection: str) -> Callable[[Floats, int], Ints]:
    """Cluster by HDBSCAN with at least so many texts per topic; −1 is noise."""

    def cluster(reduced: Floats, _seed: int) -> Ints:
        from hdbscan import HDBSCAN  # type: ignore[import-untyped]

        model: Any = HDBSCAN(min_cluster_size=least, cluster_selection_method=selection, core_dist_n_jobs=1)
        return np.asarray(model.fit_predict(reduced), np.int64)

    return cluster


REDUCTIONS: Final[dict[str, Callable[[Floats, int], Floats]]] = {
    "PCA 50": lambda vectors, _seed: pca(vectors),
    "SVD 50": svd,
    "UMAP 5": umap,
}
CLUSTERINGS: Final[dict[str, Callable[[Floats, int], Ints]]] = {
    "k-means, refined": kmeans,
    "k-means, best of ten": ten_starts,
    "HDBSCAN 10": density(10, "eom"),
    "HDBSCAN 50": density(50, "eom"),
    "HDBSCAN 15 leaf": density(15, "leaf"),
}
STAGES: Final = (
    ("PCA 50", "k-means, refined"),
    ("PCA 50", "k-means, best of ten"),
    ("SVD 50", "k-means, refined"),
    ("PCA 50", "HDBSCAN 10"),
    ("UMAP 5", "k-means, refined"),
    ("UMAP 5", "HDBSCAN 10"),
    ("UMAP 5", "HDBSCAN 50"),
    ("UMAP 5", "HDBSCAN 15 leaf"),
)


def words_of(texts: list[str], labels: Ints) -> list[list[str]]:
    """Return each topic's words by class-based TF-IDF, as `moltarium topics` names them."""
    from bertopic.vectorizers import ClassTfidfTransformer  # type: ignore[import-untyped]

    counter = vectorizer()
    own = [
        " ".join(np.array(once(texts), object)[labels == topic]) for topic in np.unique(labels[labels >= 0])
    ]
    if not own:
        return []
    weights = ClassTfidfTransformer(reduce_frequent_words=True).fit_transform(counter.fit_transform(own))
    names = counter.get_feature_names_out()
    return [[str(names[at]) for at in np.argsort(-row)[:WORDS] if row[at] > 0] for row in weights.toarray()]


def measured(corpus: Corpus, vectors: Floats) -> list[Found]:
    """Run every pipeline on one corpus, with seeds 0, 1, 2, and once in another order."""
    from sklearn.metrics import adjusted_rand_score  # type: ignore[import-untyped]

    n = len(vectors)
    order = np.random.default_rng(7).permutation(n)
    runs = [(vectors, 0), (vectors, 1), (vectors, 2), (vectors[order], 0)]
    reduced: dict[str, list[Floats]] = {}
    spent: dict[str, float] = {}
    for name, reduce in REDUCTIONS.items():
        start = time.process_time()
        reduced[name] = [reduce(*runs[0])]
        spent[name] = time.process_time() - start
        reduced[name] += [reduce(*run) for run in runs[1:]]
    found = []
    for reduction, clustering in STAGES:
        cluster = CLUSTERINGS[clustering]
        start = time.process_time()
        labels = cluster(reduced[reduction][0], 0)
        cpu = spent[reduction] + time.process_time() - start
        others = [
            cluster(rows, seed) for rows, (_, seed) in zip(reduced[reduction][1:], runs[1:], strict=True)
        ]
        words = words_of(corpus.texts, labels)
        kept = labels[labels >= 0]
        scores = coherence(words, corpus.texts)
        has = np.zeros(n, bool) if corpus.truth is None else corpus.truth >= 0
        found.append(
            Found(
                corpus.name, f"{reduction} + {clustering}", cpu, len(words),
                float(np.bincount(kept).max() / n) if len(kept) else 0.0, float((labels < 0).mean()),
                float(np.mean([adjusted_rand_score(labels, other) for other in others[:2]])),
                float(adjusted_rand_score(labels[order], others[2])),
                float(np.nanmean(scores)) if scores else float("nan"), diversity(words),
                None if corpus.truth is None else float(adjusted_rand_score(corpus.truth[has], labels[has])),
            )
        )  # fmt: skip
    return found


HEAD: Final = (
    "Corpus", "Stages", "CPU s", "Topics", "Largest", "Noise", "ARI seeds", "ARI order", "NPMI", "Diversity",
    "ARI truth",
)  # fmt: skip


def markdown(rows: list[Found]) -> str:
    """Return the figures as a table for the documentation."""
    lines = [HEAD, ("---",) * len(HEAD)]
    for row in rows:
        agreed = "–" if row.ari_truth is None else f"{row.ari_truth:.2f}"
        shares = (f"{row.largest:.1%}", f"{row.noise:.1%}")
        scores = (f"{score:.2f}" for score in (row.ari_seed, row.ari_order, row.npmi, row.diversity))
        lines.append((row.corpus, row.stages, f"{row.cpu_s:.1f}", str(row.topics), *shares, *scores, agreed))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--texts", type=int, default=5_000)
    parser.add_argument("--embeddings", default="static")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    corpora = [planted(args.texts), *([recorded(args.run, args.texts)] if args.run else [])]
    umap(np.random.default_rng(0).normal(size=(4_500, 32)), 0)  # compiles both of its code paths
    rows = []
    for corpus in corpora:
        with open_embedder(args.embeddings) as (embedder, _):
            vectors = embedder.encode(corpus.texts).astype(np.float64)
        rows += measured(corpus, vectors)
    print(json.dumps([row._asdict() for row in rows]) if args.json else markdown(rows))


if __name__ == "__main__":
    main()
