"""Everything about topics in one record: what `moltarium topics` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from moltarium.analysis.corpus import OBSERVED, OPENING
from moltarium.analysis.words.embeddings import Embedder
from moltarium.analysis.words.norm_report import plain_json
from moltarium.analysis.words.themes import themes
from moltarium.analysis.words.topic_stages import Reduction
from moltarium.analysis.words.topics import topics
from moltarium.sim.record.schema import Post
from moltarium.sim.record.view import Record


def topic_report(
    record: Record,
    *,
    n_topics: int | None = None,
    seed: int = 0,
    embedder: Embedder | None = None,
    reduction: Reduction = "pca",
) -> dict[str, Any]:
    """Return topics, their quality and course, communities and themes as plain values.

    Parameters
    ----------
    record
        Any record with posts.
    n_topics, seed, embedder, reduction
        As in `moltarium.analysis.words.topics.topics`.

    Raises
    ------
    NotComputable
        As there.
    """
    found = topics(record, seed=seed, n_topics=n_topics, embedder=embedder, reduction=reduction)
    frame = record.frame(Post)
    frame = frame[frame["step"].fillna(OBSERVED) != OPENING]
    rows = zip(found.topics, found.coherence, strict=True)
    over = found.over_time.reset_index()
    return plain_json(
        {
            "topics": [{**asdict(topic), "coherence": npmi} for topic, npmi in rows],
            "stability": found.stability,
            "order_stability": found.order_stability,
            "coherence": float(np.nanmean(found.coherence)),
            "diversity": found.diversity,
            "outlier_share": found.outlier_share,
            "n_posts": found.n_posts,
            "n_distinct": found.n_distinct,
            "method": found.method,
            "over_time": {
                "start": over["start"].tolist(),
                "posts": over.drop(columns="start").to_numpy().T.tolist(),
            },
            "periods": found.periods,
            "communities": found.communities,
            "tree": [asdict(merger) for merger in found.tree],
            "themes": themes((frame["title"] + "\n" + frame["body"]).tolist()),
        }
    )
