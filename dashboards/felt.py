"""What a society felt, as frames: recorded moods over time, what moved them, and emotions read from texts."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from moltarium.analysis.affect.recovery import Recovered, recovery, spoken
from moltarium.analysis.corpus import require
from moltarium.dashboards import content
from moltarium.dashboards.source import Source
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Appraisal, Comment, Emotion, Post

SPANS: Final = 48
"""Moments at which moods are taken, and spans in which texts are counted at most."""

MOST_READ: Final = 40_000
"""Texts read at most, evenly spread over the record: some seconds' work."""

SHARE: Final = "share: "
"""Begins the name of a column that holds an emotion label's share."""

LEAST_READ: Final = 50
"""Texts in a span at least, if there are as many."""

MIDDLE: Final = (0.1, 0.9)
"""Quantiles between which the middle 80 % of agents lie."""


def moods_over_time(source: Source) -> pd.DataFrame:
    """Return how agents felt at even moments: ``t, agents, v, v_low, v_high, a, d``, shares of labels.

    An agent's mood holds until it next moves; agents count from their first mood on. ``v_low`` and ``v_high``
    are the `MIDDLE` quantiles of valence over agents; ``v``, ``a`` and ``d`` are means.

    Raises
    ------
    NotComputable
        If the record knows no moods, or none moved.
    """

    def compute(own: Source) -> pd.DataFrame:
        require(own.record, Emotion)
        moods = own.record.frame(Emotion)
        if moods.empty:
            raise NotComputable("moods that move: this run has no dynamics")
        moments = pd.date_range(moods["t"].min(), moods["t"].max(), periods=SPANS).as_unit("us")
        asked = pd.DataFrame({"t": moments}).merge(moods[["agent"]].drop_duplicates(), how="cross")
        standing = pd.merge_asof(
            asked.sort_values("t"), moods.sort_values(["t", "seq"]), on="t", by="agent"
        ).dropna(subset=["v"])
        at = standing.groupby("t")
        low, high = (at["v"].quantile(q) for q in MIDDLE)
        labels = _shares(at["label"])
        return (
            pd.DataFrame({"agents": at.size(), "v": at["v"].mean(), "v_low": low, "v_high": high})
            .assign(a=at["a"].mean(), d=at["d"].mean())
            .join(labels)
            .reset_index()
        )

    return source.get("moods-over-time", compute)


def label_columns(frame: pd.DataFrame) -> dict[str, str]:
    """Return a frame's columns of shares by emotion label, the most common label first."""
    columns = [str(name) for name in frame.columns if str(name).startswith(SHARE)]
    columns.sort(key=lambda column: -float(np.mean(frame[column].to_numpy(float))))
    return {column.removeprefix(SHARE): column for column in columns}


def _shares(labels: pd.api.typing.SeriesGroupBy[str, Any]) -> pd.DataFrame:
    """Return the shares of labels in each group, a column per label."""
    return labels.value_counts(normalize=True).unstack(fill_value=0).add_prefix(SHARE)


def causes(source: Source) -> pd.DataFrame:
    """Return what moved moods, by kind, the most frequent first: ``kind, times, weight, dv, da, dd``.

    Weight and pulls are means; a pull is the stimulus on an axis, before weight and dynamics.

    Raises
    ------
    NotComputable
        If the record knows no appraisals.
    """

    def compute(own: Source) -> pd.DataFrame:
        require(own.record, Appraisal)
        kinds = own.record.frame(Appraisal).groupby("kind")
        means = kinds[["weight", "dv", "da", "dd"]].mean()
        means.insert(0, "times", kinds.size())
        return means.sort_values("times", ascending=False).reset_index()

    return source.get("causes", compute)


def read_over_time(source: Source) -> pd.DataFrame:
    """Return emotions read from texts, by spans of time: ``start, end, texts, valence``, shares of labels.

    Posts and comments made in this record, equally many in each span, so that a share never stands on a few;
    of more than `MOST_READ`, evenly many in between are left out.

    Raises
    ------
    NotComputable
        If there is no text, or the reader is not there.
    """

    def compute(own: Source) -> pd.DataFrame:
        written = _written(own)
        moods = content.read_moods(written["text"].tolist())
        parts = max(1, min(SPANS, len(written) // LEAST_READ))
        found = pd.DataFrame(
            {
                "span": np.arange(len(written)) * parts // len(written),
                "t": written["t"].to_numpy(),
                "v": [mood.v for mood in moods],
                "label": [mood.label for mood in moods],
            }
        )
        by = found.groupby("span")
        heads = {"start": by["t"].min(), "end": by["t"].max(), "texts": by.size(), "valence": by["v"].mean()}
        return pd.DataFrame(heads).join(_shares(by["label"])).reset_index(drop=True)

    return source.get("read-over-time", compute)


def _written(source: Source) -> pd.DataFrame:
    """Return when texts were written and what they say, in order of time."""
    require(source.record, Post, Comment)
    posts, comments = content.own(content.posts(source)), content.own(content.comments(source))
    written = pd.concat(
        [
            pd.DataFrame({"t": posts["t"], "text": posts["title"] + "\n" + posts["body"]}),
            pd.DataFrame({"t": comments["t"], "text": comments["body"]}),
        ]
    ).sort_values("t", kind="stable")
    written = written[written["text"].str.strip() != ""]
    if written.empty:
        raise NotComputable("a text")
    kept = np.linspace(0, len(written) - 1, min(len(written), MOST_READ)).round().astype(np.int64)
    return written.iloc[kept]


def recovered(source: Source) -> list[Recovered]:
    """Return how well a recorded mood is recovered from its author's words, by mind, model and axis.

    Raises
    ------
    NotComputable
        If the record lacks moods, or holds too few texts of one mind.
    """

    def read(texts: list[str]) -> np.ndarray:
        return np.array([(mood.v, mood.a, mood.d) for mood in content.read_moods(texts)])

    return source.get("recovered", lambda own: recovery(spoken(own.record), lambda texts: read(list(texts))))
