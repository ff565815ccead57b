"""What a topic model's speed and stability hang on: reduction, clusters, and what these are worth."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage

from moltarium.analysis.words.embeddings import Vectors

COMPONENTS: Final = 50
"""Principal components that clusters are sought in, and that outliers and the map are read off."""

LONE: Final = 0.05
"""A post is an outlier if it lies no nearer to its topic than this share of other topics' posts do."""

MAP_POSTS: Final = 2_000
"""Posts drawn on the map at most."""

BATCHED: Final = 10_000
"""More distinct texts than this are clustered in mini-batches."""
MOST_RUNS: Final = 80
SAMPLE: Final = 5_000
READ: Final = 160_000
"""Short runs of k-means before the one that counts, and texts that each, and that all, read at most."""

NEIGHBOURS: Final = 15
DIMENSIONS: Final = 5
"""Of UMAP, as BERTopic sets them."""

_OTHER_SEEDS: Final = 4

Reduction: TypeAlias = Literal["pca", "umap"]
"""Where clusters are sought: in principal components, or in UMAP's embedding of the vectors."""

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]


def pca(vectors: Vectors | Floats) -> Floats:
    """Return the first `COMPONENTS` principal components, the same whatever the seed."""
    from sklearn.decomposition import PCA  # type: ignore[import-untyped]

    size = min(COMPONENTS, len(vectors) - 1, vectors.shape[1])
    model: Any = PCA(size, svd_solver="covariance_eigh")
    return np.asarray(model.fit_transform(vectors.astype(np.float64)), np.float64)


def umap(vectors: Vectors | Floats, seed: int) -> Floats:
    """Return UMAP's `DIMENSIONS` dimensions by cosine (McInnes, Healy & Melville 2018, arXiv:1802.03426).

    In one thread, which its seed holds for. Some 1 ms per text: with k-means three times what `pca` takes.
    """
    from umap import UMAP  # type: ignore[import-untyped]

    model: Any = UMAP(
        n_neighbors=min(NEIGHBOURS, len(vectors) - 1), n_components=DIMENSIONS, min_dist=0.0, metric="cosine",
        random_state=seed, n_jobs=1,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return np.asarray(model.fit_transform(vectors), np.float64)


class Means:
    """k-means that starts where many short runs agree: steadier over seeds than the best of ten starts.

    Each of up to `MOST_RUNS` runs leaves its centres; Ward's linkage joins all of these to as many groups as
    topics are wanted, and the groups' means are where k-means starts. Refined starts are Bradley & Fayyad's
    (1998, ICML, 91–99); they cluster the centres by k-means again.

    Parameters
    ----------
    n_topics
        How many; fewer where centres coincide.
    seed
        Of samples and runs.
    """

    labels_: Ints
    """What `fit` found: one label per row."""

    def __init__(self, n_topics: int, seed: int) -> None:
        self._n = n_topics
        self._seed = seed

    def fit(self, rows: Floats, y: object = None) -> Means:  # noqa: ARG002
        """Cluster rows; over `BATCHED` the last step goes in mini-batches."""
        from sklearn.cluster import KMeans, MiniBatchKMeans  # type: ignore[import-untyped]

        start = self._start(rows)
        kind: Any = KMeans if len(rows) <= BATCHED else partial(MiniBatchKMeans, batch_size=4096)
        model = kind(len(start), init=start, n_init=1, random_state=self._seed)
        self.labels_ = np.asarray(model.fit_predict(rows), np.int64)
        return self

    def fit_predict(self, rows: Floats) -> Ints:
        """Return one label per row."""
        return self.fit(rows).labels_

    def _start(self, rows: Floats) -> Floats:
        from sklearn.cluster import KMeans

        make: Any = KMeans
        rng = np.random.default_rng(self._seed)
        runs: list[Floats] = []
        size = min(len(rows), SAMPLE)
        for _ in range(min(MOST_RUNS, max(READ // size, 1))):
            some = rows if size == len(rows) else rows[rng.choice(len(rows), size, replace=False)]
            model: Any = make(self._n, n_init=1, random_state=int(rng.integers(1 << 31)))
            runs.append(model.fit(some).cluster_centers_)
        centres = np.vstack(runs)
        group = fcluster(linkage(centres, "ward"), self._n, "maxclust") - 1
        return np.stack([centres[group == each].mean(axis=0) for each in range(int(group.max()) + 1)])


def stability(
    labels: Ints, vectors: Vectors, components: Floats, reduction: Reduction, n_topics: int, seed: int
) -> tuple[float, float]:
    """Return the agreement of `labels` with other seeds, and with the same seed on texts in another order.

    Adjusted Rand index (Hubert & Arabie 1985, doi:10.1007/BF01908075): 1 the same, 0 chance. Every stage with
    a seed is run again.
    """
    from sklearn.metrics import adjusted_rand_score  # type: ignore[import-untyped]

    n = len(labels)

    def again(other: int, order: Ints) -> Ints:
        rows = components[order] if reduction == "pca" else umap(vectors[order], other)
        return Means(n_topics, other).fit_predict(rows)

    same = np.arange(n)
    others = [again(seed + step, same) for step in range(1, 1 + _OTHER_SEEDS)]
    order = np.random.default_rng(seed).permutation(n)
    return (
        float(np.mean([adjusted_rand_score(labels, other) for other in others])),
        float(adjusted_rand_score(labels[order], again(seed, order))),
    )


def places(components: Floats, seed: int) -> Floats:
    """Return where texts stand on the map, shape ``(n, 2)``; NaN where not drawn."""
    from sklearn.manifold import TSNE  # type: ignore[import-untyped]

    drawn = np.sort(np.random.default_rng(seed).permutation(len(components))[:MAP_POSTS])
    tsne = TSNE(
        init="pca", perplexity=min(30.0, (len(drawn) - 1) / 3), max_iter=500, random_state=seed, n_jobs=1
    )
    found = np.full((len(components), 2), np.nan)
    found[drawn] = tsne.fit_transform(components[drawn])
    return found


def lonely(components: Floats, labels: Ints) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return each text's cosine to its topic's centre, and whether strangers come as near as that."""
    length = np.linalg.norm(components, axis=1, keepdims=True)
    unit = components / np.where(length > 0, length, 1)
    nearness = np.zeros(len(labels))
    outlier = np.zeros(len(labels), bool)
    for topic in np.unique(labels):
        own = labels == topic
        centre = unit[own].mean(axis=0)
        towards = unit @ (centre / max(float(np.linalg.norm(centre)), 1e-12))
        nearness[own] = towards[own]
        if not own.all():
            outlier[own] = towards[own] <= np.quantile(towards[~own], 1 - LONE)
    return nearness, outlier
