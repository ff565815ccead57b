"""What agents post about: a topic model over a record's posts, with its stability beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from moltarium.analysis.corpus import OBSERVED, OPENING
from moltarium.analysis.words.embeddings import EXTRA, Embedder, Vectors, static_embedder
from moltarium.analysis.words.topic_quality import breadth, coherence, diversity
from moltarium.analysis.words.topic_tree import Merger, topic_tree
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Post
from moltarium.sim.record.view import Record

MIN_POSTS: Final = 20
"""Fewer posts than this hold no topics worth a name."""

COMPONENTS: Final = 50
"""Principal components that the clusters are sought in."""

WORDS: Final = 10
"""Words kept per topic."""

LONE: Final = 0.05
"""A post is an outlier if it lies no nearer to its topic than this share of other topics' posts do."""

MAP_POSTS: Final = 2_000
"""Posts drawn on the map at most."""

BATCHED: Final = 10_000
"""More distinct texts than this are clustered in mini-batches."""

_STARTS: Final[Any] = 10
_WORD: Final = r"(?u)\b[^\W\d_]{3,24}\b"
_CONTRACTED: Final = (
    "ain aren couldn didn doesn don hadn hasn haven isn mustn shouldn wasn weren won wouldn let gonna"
)
"""What is left of don't, isn't, let's … at the apostrophe; the usual list of stop words misses it."""

_OTHER_SEEDS: Final = 4
_BINS: Final = 24

_Ints = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic."""

    number: int
    """0 is the largest."""
    words: tuple[str, ...]
    """Highest class-based TF-IDF first."""
    size: int
    """Posts in it."""
    share: float
    """Of all posts with words."""
    outliers: int
    """Posts that it holds only because k-means must put them somewhere."""
    example: str
    """Id of the post nearest to its centre."""

    @property
    def label(self) -> str:
        """The first three words."""
        return " · ".join(self.words[:3])


@dataclass(frozen=True, slots=True)
class Topics:
    """Topics of a record's posts."""

    topics: tuple[Topic, ...]
    """Largest first."""
    posts: pd.DataFrame
    """One row per post, by ``post_id``: ``post_id``, ``t``, ``community``, ``title``, ``topic`` (−1: no
    words), ``outlier``, and ``x``, ``y`` on the map (NaN where it was not drawn)."""
    over_time: pd.DataFrame
    """``start`` (UTC) × topic number: posts per time bin."""
    outlier_share: float
    """Of posts with words, see `LONE`."""
    stability: float
    """Mean adjusted Rand index between this clustering and those of other seeds: 1 the same, 0 chance."""
    order_stability: float
    """The same for texts handed to k-means in random order. The order of a record's rows itself changes
    nothing: texts are sorted first."""
    coherence: tuple[float, ...]
    """NPMI of each topic's words over distinct posts, −1 to 1."""
    diversity: float
    """Share of distinct words among the topics' words."""
    communities: pd.DataFrame
    """See `moltarium.analysis.words.topic_quality.breadth`, by ``community``."""
    periods: pd.DataFrame
    """The same by ``start`` of the time bins of `over_time`, in order of time."""
    tree: tuple[Merger, ...]
    """Which topics come together first; see `moltarium.analysis.words.topic_tree.topic_tree`."""
    n_posts: int
    n_distinct: int
    """Distinct texts among them: the model is fitted on these, so that copies buy no topic."""
    method: str


def topics(
    record: Record,
    *,
    seed: int = 0,
    n_topics: int | None = None,
    embedder: Embedder | None = None,
) -> Topics:
    """Return what a record's posts are about.

    BERTopic (Grootendorst 2022, arXiv:2203.05794) on static embeddings, with its two slow stages replaced by
    PCA and k-means: words per topic are class-based TF-IDF, ``tf(w, topic) · log(1 + A / f(w))``, with A the
    mean number of words per topic. Distinct texts are fitted, in order of their text, so neither copies nor
    the order of rows change a topic. Stability (Hubert & Arabie 1985, doi:10.1007/BF01908075) compares the
    clusters with those of other seeds.

    Parameters
    ----------
    record
        Any record with posts.
    seed
        Seeds k-means and the map.
    n_topics
        Number of topics; default: 1.25 · (distinct texts)^0.4, which is 8 for 100 texts and 136 for 122,438,
        of which arXiv:2602.12634 made 150 topics.
    embedder
        Default: `static_embedder`.

    Raises
    ------
    NotComputable
        Where posts are unknown, fewer than `MIN_POSTS` have words, or the extra ``topics`` is missing.
    """
    if not record.has(Post):
        raise NotComputable("table post")
    frame = record.frame(Post)
    frame = frame[frame["step"].fillna(OBSERVED) != OPENING]
    frame = frame.assign(text=(frame["title"] + "\n" + frame["body"]).str.strip())
    frame = (
        frame[["post_id", "t", "community", "title", "text"]].sort_values("post_id").reset_index(drop=True)
    )
    embedder = embedder or static_embedder()
    texts = sorted(set(frame["text"]))
    vectors = embedder.encode(texts)
    said = np.linalg.norm(vectors, axis=1) > 0
    texts, vectors = [text for text, has in zip(texts, said, strict=True) if has], vectors[said]
    known = frame["text"].isin(set(texts)).to_numpy()
    if len(texts) < MIN_POSTS:
        raise NotComputable(f"at least {MIN_POSTS} distinct posts with words (has {len(texts)})")
    wanted = n_topics or max(round(1.25 * len(texts) ** 0.4), 4)
    fitted = _fit(texts, vectors, min(wanted, len(texts) // 2), seed)
    row_of = {text: row for row, text in enumerate(texts)}
    rows = np.array([row_of.get(text, -1) for text in frame["text"]], np.int64)
    return _result(frame, rows, known, fitted, f"BERTopic · {embedder.name} · PCA {COMPONENTS} · k-means")


@dataclass(frozen=True, slots=True)
class _Fit:
    """Everything by distinct text."""

    labels: _Ints
    words: dict[int, tuple[str, ...]]
    outlier: npt.NDArray[np.bool_]
    nearness: _Floats
    """Cosine to the own topic's centre."""
    places: _Floats
    """Shape ``(n, 2)``; NaN where not drawn."""
    stability: float
    order_stability: float
    coherence: dict[int, float]
    weights: Any
    """Class-based TF-IDF, sparse: one row per label, one column per word of `vocabulary`."""
    vocabulary: tuple[str, ...]


def _fit(texts: list[str], vectors: Vectors, n_topics: int, seed: int) -> _Fit:
    try:
        from bertopic import BERTopic  # type: ignore[import-untyped]
        from bertopic.vectorizers import ClassTfidfTransformer  # type: ignore[import-untyped]
        from sklearn.decomposition import PCA  # type: ignore[import-untyped]
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError as missing:
        raise NotComputable(EXTRA) from missing

    # Threads add up partial sums in the order they finish: one thread keeps the last bit the same.
    with threadpool_limits(limits=1):
        size = min(COMPONENTS, len(texts) - 1, vectors.shape[1])
        reduced = PCA(size, svd_solver="covariance_eigh").fit_transform(vectors.astype(np.float64))
        means = _means(len(texts), n_topics, seed)
        model: Any = BERTopic(
            umap_model=_Given(reduced),
            hdbscan_model=means,
            vectorizer_model=vectorizer(),
            language="multilingual",
            ctfidf_model=ClassTfidfTransformer(reduce_frequent_words=True),
            top_n_words=WORDS,
            calculate_probabilities=False,
            verbose=False,
        )
        found, _ = model.fit_transform(texts, embeddings=vectors)
        labels = np.asarray(found, np.int64)
        stability, order_stability = _stability(reduced, labels, n_topics, seed)
        places = _places(reduced, seed)
    nearness, outlier = _lonely(reduced, labels)
    words = {
        topic: tuple(word for word, weight in (model.get_topic(topic) or []) if word and weight > 0)
        for topic in sorted(set(labels.tolist()))
    }
    scores = coherence(list(words.values()), texts)
    return _Fit(
        labels, words, outlier, nearness, places, stability, order_stability,
        dict(zip(words, scores, strict=True)), model.c_tf_idf_.tocsr(),
        tuple(map(str, model.vectorizer_model.get_feature_names_out())),
    )  # fmt: skip


def vectorizer() -> Any:
    """Return what counts words for topics: a scikit-learn ``CountVectorizer`` without stop words."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer  # type: ignore[import-untyped]

    return CountVectorizer(
        stop_words=sorted(ENGLISH_STOP_WORDS | set(_CONTRACTED.split())), token_pattern=_WORD
    )


class _Given:
    """BERTopic's reduction stage, done beforehand in one thread and in float64."""

    def __init__(self, reduced: _Floats) -> None:
        self._reduced = reduced

    def fit(self, _vectors: Any, y: Any = None) -> _Given:  # noqa: ARG002
        return self

    def transform(self, _vectors: Any) -> _Floats:
        return self._reduced


def _means(n: int, n_topics: int, seed: int) -> Any:
    """k-means; over `BATCHED` texts in mini-batches, which is ten times as fast and a little less stable."""
    from sklearn.cluster import KMeans, MiniBatchKMeans  # type: ignore[import-untyped]

    if n <= BATCHED:
        return KMeans(n_topics, n_init=_STARTS, random_state=seed)
    return MiniBatchKMeans(n_topics, n_init=3, batch_size=4096, random_state=seed)  # pyright: ignore[reportArgumentType]


def _stability(reduced: _Floats, labels: _Ints, n_topics: int, seed: int) -> tuple[float, float]:
    """Agreement with other seeds, and with the same seed on rows in another order."""
    from sklearn.metrics import adjusted_rand_score  # type: ignore[import-untyped]

    n = len(reduced)
    others = [_means(n, n_topics, seed + step).fit_predict(reduced) for step in range(1, 1 + _OTHER_SEEDS)]
    order = np.random.default_rng(seed).permutation(n)
    turned = _means(n, n_topics, seed).fit_predict(reduced[order])
    return (
        float(np.mean([adjusted_rand_score(labels, other) for other in others])),
        float(adjusted_rand_score(labels[order], turned)),
    )


def _places(reduced: _Floats, seed: int) -> _Floats:
    from sklearn.manifold import TSNE  # type: ignore[import-untyped]

    drawn = np.sort(np.random.default_rng(seed).permutation(len(reduced))[:MAP_POSTS])
    tsne = TSNE(
        init="pca", perplexity=min(30.0, (len(drawn) - 1) / 3), max_iter=500, random_state=seed, n_jobs=1
    )
    places = np.full((len(reduced), 2), np.nan)
    places[drawn] = tsne.fit_transform(reduced[drawn])
    return places


def _lonely(reduced: _Floats, labels: _Ints) -> tuple[_Floats, npt.NDArray[np.bool_]]:
    """Cosine of each text to its topic's centre, and whether strangers come as near as that."""
    length = np.linalg.norm(reduced, axis=1, keepdims=True)
    unit = reduced / np.where(length > 0, length, 1)
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


def _result(frame: pd.DataFrame, rows: _Ints, known: npt.NDArray[np.bool_], fit: _Fit, method: str) -> Topics:
    raw = np.where(known, fit.labels[rows], -1)
    found, sizes = np.unique(raw[known], return_counts=True)
    order = sorted(
        zip(found.tolist(), sizes.tolist(), strict=True), key=lambda pair: (-pair[1], fit.words[pair[0]])
    )
    number = {topic: rank for rank, (topic, _) in enumerate(order)} | {-1: -1}
    posts = frame.drop(columns="text").assign(
        topic=[number[int(topic)] for topic in raw],
        outlier=np.where(known, fit.outlier[rows], False),
        x=np.where(known, fit.places[rows, 0], np.nan),
        y=np.where(known, fit.places[rows, 1], np.nan),
    )
    nearness = np.where(known, fit.nearness[rows], -2.0)
    listed = []
    for topic, size in order:
        own = np.flatnonzero(raw == topic)
        listed.append(
            Topic(
                number=number[topic],
                words=fit.words[topic],
                size=size,
                share=size / int(known.sum()),
                outliers=int(posts["outlier"].to_numpy()[own].sum()),
                example=str(posts["post_id"].iloc[own[int(np.argmax(nearness[own]))]]),
            )
        )
    over_time = _over_time(posts, len(listed))
    period = over_time.index[over_time.index.searchsorted(posts["t"], side="right") - 1]
    place = {topic: row for row, topic in enumerate(sorted(fit.words))}
    rows_of = fit.weights[[place[topic] for topic, _ in order]]
    return Topics(
        topics=tuple(listed),
        posts=posts,
        over_time=over_time,
        outlier_share=float(posts.loc[known, "outlier"].mean()),
        stability=fit.stability,
        order_stability=fit.order_stability,
        coherence=tuple(fit.coherence[topic] for topic, _ in order),
        diversity=diversity([topic.words for topic in listed]),
        communities=breadth(posts, "community"),
        periods=breadth(posts.assign(start=period), "start").sort_values("start", ignore_index=True),
        tree=topic_tree(rows_of, [topic.size for topic in listed], fit.vocabulary),
        n_posts=len(frame),
        n_distinct=len(fit.labels),
        method=method,
    )


def _over_time(posts: pd.DataFrame, n_topics: int) -> pd.DataFrame:
    dated = posts[posts["topic"] >= 0]
    first, last = dated["t"].min(), dated["t"].max()
    width = max((last - first) / _BINS, pd.Timedelta(seconds=1))
    start = first + ((dated["t"] - first) // width).clip(upper=_BINS - 1) * width
    counts = pd.crosstab(start, dated["topic"])
    bins = [first + i * width for i in range(_BINS)]
    return counts.reindex(index=pd.Index(bins, name="start"), columns=range(n_topics), fill_value=0)
