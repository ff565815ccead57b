"""What a society was seeded with is context: it can be answered, but it is never the society's doing."""

from __future__ import annotations

import pytest

from moltarium.analysis.battery import measure
from moltarium.analysis.corpus import own_threads, read_corpus
from moltarium.analysis.graphs.networks import build
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import Comment, Post
from tests.analysis.conftest import make_forum


def seeded() -> MemoryRecord:
    """Opening: x posts A, y answers, x answers y. Then the society: p answers y; q posts B, p answers q."""
    whole = make_forum(
        [("A", "x"), ("B", "q")],
        [("1", "A", None, "y"), ("2", "A", "1", "x"), ("3", "A", "1", "p"), ("4", "B", None, "p")],
        texts={"A": "same words", "1": "same words", "3": "own words"},
    )
    opening = {"A", "1", "2"}

    posts = [row._replace(step=0 if row.post_id in opening else 1) for row in whole.rows(Post)]
    comments = [row._replace(step=0 if row.comment_id in opening else 1) for row in whole.rows(Comment)]
    return MemoryRecord(whole.run, {Post: posts, Comment: comments})


def test_answers_to_the_opening_make_edges_and_the_opening_makes_none() -> None:
    network = build(read_corpus(seeded()), "reply")
    ends = zip(network.names[network.source], network.names[network.target], strict=True)
    ties = set(ends)
    assert ties == {("p", "y"), ("p", "q")}


def test_threads_are_the_societys_own() -> None:
    corpus = own_threads(read_corpus(seeded()))
    assert (corpus.n_posts, corpus.n_comments) == (1, 1)
    found = measure(seeded(), draws=0)
    assert found["thread.depth_max"].value == 1
    assert found["thread.posts_with_comment"].value == 1


def test_activity_and_texts_are_the_societys_own() -> None:
    found = measure(seeded(), draws=0)
    assert found["text.exact_duplicates"].value == 0
    assert found["activity.top1_share"].value == pytest.approx(2 / 3)


def test_an_observed_record_is_all_its_own() -> None:
    corpus = read_corpus(make_forum([("A", "x")], [("1", "A", None, "y")]))
    assert own_threads(corpus) is corpus
