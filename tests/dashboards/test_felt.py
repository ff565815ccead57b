"""What a society felt, counted again by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from moltarium.dashboards import content, felt
from moltarium.dashboards.layers import colours_of, groups
from moltarium.dashboards.pages.structure import by_depth, degrees, sizes
from moltarium.dashboards.source import Source
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Appraisal, Comment, Emotion, Post, Vote


def test_a_mood_holds_until_it_next_moves(source: Source) -> None:
    frame = felt.moods_over_time(source)
    assert len(frame) == felt.SPANS
    rows = list(source.record.rows(Emotion))
    for at, moment in zip(pd.DatetimeIndex(frame["t"]).asi8, frame.to_dict("records"), strict=True):
        standing = {row.agent: row for row in rows if row.t <= at}
        valence = [row.v for row in standing.values()]
        assert moment["agents"] == len(standing)
        assert moment["v"] == pytest.approx(np.mean(valence))
        assert moment["v_low"] == pytest.approx(np.quantile(valence, 0.1))
        assert moment["v_high"] == pytest.approx(np.quantile(valence, 0.9))
    shares = frame[list(felt.label_columns(frame).values())]
    assert set(felt.label_columns(frame)) == {"joy", "fear"}
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_causes_are_means_over_appraisals(source: Source) -> None:
    frame = felt.causes(source).set_index("kind")
    rows = list(source.record.rows(Appraisal))
    assert frame["times"].sum() == len(rows)
    kind = rows[0].kind
    own = [row for row in rows if row.kind == kind]
    assert frame.loc[kind, "times"] == len(own)
    assert frame.loc[kind, "dv"] == pytest.approx(np.mean([row.dv for row in own]))


def test_emotions_are_read_in_spans_of_equally_many_texts(source: Source) -> None:
    frame = felt.read_over_time(source)
    written = [row.body for row in source.record.rows(Comment) if row.step]
    written += [f"{row.title}\n{row.body}" for row in source.record.rows(Post) if row.step]
    assert frame["texts"].sum() == sum(bool(text.strip()) for text in written)
    assert frame["texts"].min() >= felt.LEAST_READ
    assert frame["texts"].max() - frame["texts"].min() <= 1
    assert (frame["start"].iloc[1:].to_numpy() >= frame["end"].iloc[:-1].to_numpy()).all()
    columns = felt.label_columns(frame)
    told = Counter(mood.label for mood in content.read_moods(written))
    for label, column in columns.items():
        assert (frame[column] * frame["texts"]).sum() == pytest.approx(told[label])


def test_degrees_sizes_and_depths_are_counted_in_the_record(source: Source) -> None:
    author = {row.comment_id: row.author for row in source.record.rows(Comment)}
    votes = {(row.voter, author[row.target]) for row in source.record.rows(Vote) if row.step}
    votes = {(voter, liked) for voter, liked in votes if voter != liked}
    found = degrees(source, "vote")
    assert found.edges == len(votes)
    table = found.table.set_index("agent")
    assert table.loc["a0", "received"] == sum(liked == "a0" for _, liked in votes)
    assert table["given"].sum() == len(votes)
    with pytest.raises(NotComputable, match="follows between two agents"):
        degrees(source, "follow")
    assert (sizes(source)["comments"] == 5).all()
    assert by_depth(source)["comments"].sum() == sum(bool(row.step) for row in source.record.rows(Comment))
    assert by_depth(source).set_index("depth").loc[1, "comments"] == 2 * 79, "two of five answer the post"


def test_agents_are_told_apart_by_where_they_write_and_how_they_felt_last(source: Source) -> None:
    assert set(colours_of(source)) == {"module", "community", "emotion"}
    last = {row.agent: row.label for row in source.record.rows(Emotion)}
    assert groups(source, "emotion") == last
    place = {row.post_id: row.community for row in source.record.rows(Post)}
    wrote: Counter[str] = Counter()
    for post in source.record.rows(Post):
        wrote[post.community] += post.author == "a3"
    for comment in source.record.rows(Comment):
        wrote[place[comment.post_id]] += comment.author == "a3"
    most = groups(source, "community")["a3"].removeprefix("m/")
    assert wrote[most] == max(wrote.values())
