"""Who addresses whom in a forum written by hand, under each definition of an edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from moltarium.analysis.corpus import DANGLING, ON_POST, UNKNOWN, read_corpus
from moltarium.analysis.graphs.networks import EDGE, Kind, Network, build, to_networkx
from moltarium.sim.record.errors import NotComputable

POSTS = [("p1", "ann"), ("p2", "bob"), ("p3", None)]
COMMENTS = [
    ("c1", "p1", None, "bob"),  # bob → ann
    ("c2", "p1", "c1", "ann"),  # ann → bob; under "author" ann → ann
    ("c3", "p1", "c2", "cat"),  # cat → ann
    ("c4", "p1", "c1", "bob"),  # bob → bob
    ("c5", "p2", None, "cat"),  # cat → bob
    ("c6", "p2", "gone", "ann"),  # parent not in the record
    ("c7", "p3", None, "cat"),  # post's author deleted
    ("c8", "lost", None, "cat"),  # post not in the record
    ("c9", "p1", "c3", None),  # own author deleted
    ("c10", "p1", None, "bob"),  # bob → ann again
]


def edges(net: Network) -> dict[tuple[str, str], int]:
    names = [str(name) for name in net.names]
    ends = zip(net.source.tolist(), net.target.tolist(), net.weight.tolist(), strict=True)
    return {(names[i], names[j]): weight for i, j, weight in ends}


def test_the_corpus_keeps_known_unknown_and_dangling_apart(forum: Any) -> None:
    corpus = read_corpus(forum(POSTS, COMMENTS))
    assert corpus.agents.tolist() == ["ann", "bob", "cat"]
    assert corpus.post_author.tolist() == [0, 1, UNKNOWN]
    assert corpus.parents().tolist() == [ON_POST, 0, 1, 0, ON_POST, DANGLING, ON_POST, ON_POST, 2, ON_POST]
    assert corpus.comment_post.tolist() == [0, 0, 0, 0, 1, 1, 2, UNKNOWN, 0, 0]


def test_reply_edges_point_to_the_parents_author(forum: Any) -> None:
    net = build(read_corpus(forum(POSTS, COMMENTS)), "reply")
    assert edges(net) == {("bob", "ann"): 2, ("ann", "bob"): 1, ("cat", "ann"): 1, ("cat", "bob"): 1}
    assert (net.self_loops, net.unknown) == (1, 4)


def test_author_edges_point_to_the_posts_author_at_any_depth(forum: Any) -> None:
    net = build(read_corpus(forum(POSTS, COMMENTS)), "author")
    assert edges(net) == {
        ("bob", "ann"): 3,
        ("cat", "ann"): 1,
        ("cat", "bob"): 1,
        ("ann", "bob"): 1,
    }
    assert (net.self_loops, net.unknown) == (1, 3)


def test_comment_edges_come_from_replies_only(forum: Any) -> None:
    net = build(read_corpus(forum(POSTS, COMMENTS)), "comment")
    assert edges(net) == {("ann", "bob"): 1, ("cat", "ann"): 1}
    assert (net.self_loops, net.unknown) == (1, 2)


def test_a_window_keeps_only_its_comments(forum: Any) -> None:
    corpus = read_corpus(forum(POSTS, COMMENTS))
    net = build(corpus, "reply", keep=np.arange(corpus.n_comments) < 2)
    assert edges(net) == {("bob", "ann"): 1, ("ann", "bob"): 1}
    assert net.unknown == 0


def test_without_parents_only_the_author_network_exists(forum: Any) -> None:
    corpus = read_corpus(forum(POSTS, [(c, p, None, a) for c, p, _, a in COMMENTS], missing="comment.parent"))
    assert build(corpus, "author").m == 4
    kinds: tuple[Kind, ...] = ("reply", "comment")
    for kind in kinds:
        with pytest.raises(NotComputable) as caught:
            build(corpus, kind)
        assert caught.value.needs == "comment.parent"


def test_networkx_gets_agents_weights_and_the_definition(forum: Any) -> None:
    found = to_networkx(forum(POSTS, COMMENTS))
    assert set(found) == {"ann", "bob", "cat"}
    assert found["bob"]["ann"]["weight"] == 2
    assert found.graph["edge"] == EDGE["reply"]
    assert found.is_directed()


def test_a_record_without_comments_table_says_so(forum: Any) -> None:
    with pytest.raises(NotComputable, match="table comment"):
        read_corpus(forum(POSTS, [], missing="comment"))
