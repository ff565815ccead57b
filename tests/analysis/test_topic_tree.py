"""Topics that share words come together first."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from moltarium.analysis.words.topic_tree import topic_tree

WORDS = ("reef", "tide", "coral", "harbour", "python", "parser", "commit", "branch")


def test_like_topics_merge_before_unlike_ones() -> None:
    rows = np.array(
        [
            [4, 3, 2, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 5, 3, 1, 0],
            [4, 2, 3, 1, 0, 0, 0, 0],
            [0, 0, 0, 0, 4, 4, 0, 2],
        ],
        float,
    )
    first, second, last = topic_tree(csr_array(rows), [10, 5, 90, 5], WORDS)
    assert {(m.left, m.right) for m in (first, second)} == {(0, 2), (1, 3)}
    assert (first.number, second.number, last.number) == (4, 5, 6)
    assert (last.left, last.right, last.size) == (4, 5, 110)
    assert first.distance <= second.distance < last.distance
    sea = first if first.left == 0 else second
    assert sea.words == ("reef", "coral", "tide", "harbour"), "weighted by posts: the larger topic's order"


def test_a_pair_of_topics_is_as_far_apart_as_their_cosine_says() -> None:
    rows = np.random.default_rng(0).random((2, 5))
    (only,) = topic_tree(csr_array(rows), [1, 1], WORDS[:5])
    cosine = rows[0] @ rows[1] / np.linalg.norm(rows[0]) / np.linalg.norm(rows[1])
    assert np.isclose(only.distance, np.sqrt(2 - 2 * cosine))
    assert topic_tree(csr_array(rows[:1]), [1], WORDS[:5]) == ()
