"""What agents post about: a topic model over a record's posts, with its stability beside it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from moltarium.analysis.corpus import OBSERVED, OPENING
from moltarium.analysis.words.embeddings import EXTRA, Embedder, Vectors, static_embedder
from moltarium.analysis.words.topic_quality import breadth, coherence, diversity
from moltarium.analysis.words.topic_stages import (
    COMPONENTS,
    DIMENSIONS,
    Floats,
    Ints,
    Means,
    Reduction,
    lonely,
    pca,
    places,
    stability,
    umap,
)
from moltarium.analysis.words.topic_tree import Merger, topic_tree
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Post
from moltarium.sim.record.view import Record

MIN_POSTS: Final = 20
"""Fewer posts than this hold no topics worth a name."""

WORDS: Final = 10
"""Words kept per topic."""

_WORD: Final = r"(?u)\b[^\W\d_]{3,24}\b"
_CONTRACTED: Final = (
    "ain aren couldn didn doesn don hadn hasn haven isn mustn shouldn wasn weren won wouldn let gonna"
)
"""What is left of don't, isn't, let's … at the apostrophe; the usual list of stop words misses it."""
_LINK: Final = re.compile(r"(?:https?://|www\.)\S+")

_BINS: Final = 24

_METHODS: Final[dict[Reduction, str]] = {
    "pca": f"PCA {COMPONENTS} · k-means",
    "umap": f"UMAP {DIMENSIONS} · k-means",
}


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
    reduction: Reduction = "pca",
) -> Topics:
    """Return what a record's posts are about.

    BERTopic (Grootendorst 2022, arXiv:2203.05794) on static embeddings, with its two slow stages replaced by
    PCA and k-means from refined starts (`topic_stages.Means`): words per topic are class-based TF-IDF,
    ``√tf(w, topic) · log(1 + A / f(w))``, with A the mean number of words per topic. A word counts once per
    post, so that no long post names a topic, and links count for nothing. Distinct texts are fitted, in order
    of their text, so neither copies nor the order of rows change a topic.
    Stability (Hubert & Arabie 1985, doi:10.1007/BF01908075) compares the clusters with those of other seeds.

    Parameters
    ----------
    record
        Any record with posts.
    seed
        Seeds k-means and the map.
    n_topics
        Number of topics; default: `default_topics` of the distinct texts, which is 8 for 100 texts and 136
        for 122,438, of which arXiv:2602.12634 made 150 topics.
    embedder
        Default: `static_embedder`.
    reduction
        ``"umap"`` finds steadier topics in three times the time.

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
    wanted = n_topics or default_topics(len(texts))
    fitted = _fit(texts, vectors, min(wanted, len(texts) // 2), seed, reduction)
    row_of = {text: row for row, text in enumerate(texts)}
    rows = np.array([row_of.get(text, -1) for text in frame["text"]], np.int64)
    return _result(frame, rows, known, fitted, f"BERTopic · {embedder.name} · {_METHODS[reduction]}")


def default_topics(n: int) -> int:
    """Return how many topics are sought in n distinct texts: 1.25 · n^0.4, at least 4."""
    return max(round(1.25 * math.pow(n, 0.4)), 4)


@dataclass(frozen=True, slots=True)
class _Fit:
    """Everything by distinct text."""

    labels: Ints
    words: dict[int, tuple[str, ...]]
    outlier: npt.NDArray[np.bool_]
    nearness: Floats
    """Cosine to the own topic's centre."""
    places: Floats
    """Shape ``(n, 2)``; NaN where not drawn."""
    stability: float
    order_stability: float
    coherence: dict[int, float]
    weights: Any
    """Class-based TF-IDF, sparse: one row per label, one column per word of `vocabulary`."""
    vocabulary: tuple[str, ...]


def _fit(texts: list[str], vectors: Vectors, n_topics: int, seed: int, reduction: Reduction) -> _Fit:
    try:
        from bertopic import BERTopic  # type: ignore[import-untyped]
        from bertopic.vectorizers import ClassTfidfTransformer  # type: ignore[import-untyped]
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError as missing:
        raise NotComputable(EXTRA) from missing

    # Threads add up partial sums in the order they finish: one thread keeps the last bit the same.
    with threadpool_limits(limits=1):
        components = pca(vectors)
        model: Any = BERTopic(
            umap_model=_Given(components if reduction == "pca" else umap(vectors, seed)),
            hdbscan_model=Means(n_topics, seed),
            vectorizer_model=vectorizer(),
            language="multilingual",
            ctfidf_model=ClassTfidfTransformer(reduce_frequent_words=True),
            top_n_words=WORDS,
            calculate_probabilities=False,
            verbose=False,
        )
        found, _ = model.fit_transform(once(texts), embeddings=vectors)
        labels = np.asarray(found, np.int64)
        steady, order_steady = stability(labels, vectors, components, reduction, n_topics, seed)
        place = places(components, seed)
    nearness, outlier = lonely(components, labels)
    words = {
        topic: tuple(word for word, weight in (model.get_topic(topic) or []) if word and weight > 0)
        for topic in sorted(set(labels.tolist()))
    }
    scores = coherence(list(words.values()), texts)
    return _Fit(
        labels, words, outlier, nearness, place, steady, order_steady,
        dict(zip(words, scores, strict=True)), model.c_tf_idf_.tocsr(),
        tuple(map(str, model.vectorizer_model.get_feature_names_out())),
    )  # fmt: skip


def vectorizer() -> Any:
    """Return what counts words for topics: a scikit-learn ``CountVectorizer`` without stop words."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer  # type: ignore[import-untyped]

    return CountVectorizer(
        stop_words=sorted(ENGLISH_STOP_WORDS | set(_CONTRACTED.split())), token_pattern=_WORD
    )


def once(texts: list[str]) -> list[str]:
    """Return texts with every word once, links left out: c-TF-IDF counts posts, no long one names a topic."""
    words = vectorizer().build_analyzer()
    return [" ".join(dict.fromkeys(words(_LINK.sub(" ", text)))) or text for text in texts]


class _Given:
    """BERTopic's reduction stage, done beforehand in one thread and in float64."""

    def __init__(self, reduced: Floats) -> None:
        self._reduced = reduced

    def fit(self, _vectors: Any, y: Any = None) -> _Given:  # noqa: ARG002
        return self

    def transform(self, _vectors: Any) -> Floats:
        return self._reduced


def _result(frame: pd.DataFrame, rows: Ints, known: npt.NDArray[np.bool_], fit: _Fit, method: str) -> Topics:
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
