"""Threads written by hand: depth, answers, first comments, re-entry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.analysis.battery import measure
from moltarium.analysis.conversation import threads, trees
from moltarium.analysis.conversation.threads import depths
from moltarium.analysis.corpus import DANGLING, ON_POST, read_corpus
from moltarium.analysis.metric import UNDRAWN, Sampling

POSTS = [("p1", "ann"), ("p2", "bob"), ("p3", "cat"), ("p4", "ann")]
COMMENTS = [
    ("c1", "p1", None, "bob"),
    ("c2", "p1", "c1", "ann"),
    ("c3", "p1", "c2", "bob"),  # bob again
    ("c4", "p1", None, "cat"),
    ("c5", "p2", None, "ann"),
    ("c6", "p2", None, "cat"),
    ("c7", "p2", None, "ann"),  # ann again
    ("c8", "p3", None, "bob"),
]
TIMES = {"p1": 0.0, "p2": 0.0, "p3": 0.0, "p4": 0.0, "c1": 2.0, "c2": 3.0, "c3": 4.0, "c4": 5.0}
TIMES |= {"c5": 10.0, "c6": 7.0, "c7": 12.0, "c8": 1.0}


def values(record: Any) -> dict[str, float | None]:
    found = measure(record, draws=0)
    return {name.removeprefix("thread."): m.value for name, m in found.items() if name.startswith("thread.")}


def test_hand_made_threads(forum: Any) -> None:
    assert values(forum(POSTS, COMMENTS, at=TIMES)) == {
        "depth_mean": (1 + 2 + 3 + 1 + 1 + 1 + 1 + 1) / 8,
        "depth_max": 3.0,
        "never_replied": 6 / 8,  # all but c1 and c2
        "posts_with_comment": 3 / 4,
        "flat_share": 2 / 3,  # p2 and p3 of the three with comments
        "replied_share": 2 / 8,
        "first_comment_median_min": 2.0,  # of 2, 7 and 1
        "first_comment_mean_min": 10 / 3,
        "reentry": 2 / 8,
    }


def test_a_first_comment_after_a_day_is_left_out_and_said(forum: Any) -> None:
    found = measure(forum(POSTS, COMMENTS, at=TIMES | {"c8": 24 * 60 + 1.0}), draws=0)
    assert found["thread.first_comment_mean_min"].value == (2 + 7) / 2
    assert found["thread.first_comment_median_min"].value == (2 + 7) / 2
    assert (
        found["thread.first_comment_mean_min"].note
        == f"1 posts left out: first comment after 24 h; {UNDRAWN}"
    )


def test_a_dangling_parent_leaves_the_depth_unknown_and_is_said(forum: Any) -> None:
    comments = [*COMMENTS, ("c9", "p3", "gone", "cat"), ("c10", "p3", "c9", "bob")]
    found = measure(forum(POSTS, comments, at=TIMES), draws=0)
    assert found["thread.depth_mean"].value == 11 / 8
    assert found["thread.depth_mean"].note == (
        f"2 comments without a chain of parents to their post left out (1 dangling); {UNDRAWN}"
    )
    assert found["thread.never_replied"].value == 7 / 10
    assert found["thread.flat_share"].value == 1 / 3


def test_comments_on_missing_posts_are_left_out_and_said(forum: Any) -> None:
    found = measure(forum(POSTS, [*COMMENTS, ("c9", "lost", None, "dan")], at=TIMES), draws=0)
    assert found["thread.depth_mean"].value == 11 / 8
    assert found["thread.reentry"].value == 2 / 8
    assert found["thread.reentry"].note == f"1 comments on posts outside the record left out; {UNDRAWN}"


def test_without_parents_the_rest_still_stands(forum: Any) -> None:
    record = forum(POSTS, [(c, p, None, a) for c, p, _, a in COMMENTS], at=TIMES, missing="comment.parent")
    found = measure(record, draws=0)
    for name in ("depth_mean", "depth_max", "never_replied", "flat_share"):
        assert (found[f"thread.{name}"].value, found[f"thread.{name}"].needs) == (None, "comment.parent")
    assert found["thread.posts_with_comment"].value == 3 / 4
    assert found["thread.reentry"].value == 2 / 8


def test_a_comment_dated_before_its_post_is_a_fault_not_a_latency(forum: Any) -> None:
    found = measure(forum(POSTS, COMMENTS, at={**TIMES, "c8": -5.0}), draws=0)
    latency = found["thread.first_comment_median_min"]
    assert latency.value == 4.5  # of 2 and 7
    assert latency.note == f"1 posts left out: first comment dated before the post; {UNDRAWN}"


def test_reentry_follows_time_not_the_order_of_rows(forum: Any) -> None:
    # The same author twice: whichever comes first in time is the entry, so exactly one re-entry.
    for first, second in ((1.0, 2.0), (2.0, 1.0)):
        record = forum(
            [("p", "x")], [("a", "p", None, "y"), ("b", "p", None, "y")], at={"a": first, "b": second}
        )
        assert values(record)["reentry"] == 0.5


@given(st.lists(st.integers(0, 10**6), max_size=60))
def test_depths_equal_walking_up(choices: list[int]) -> None:
    parent = [ON_POST if not k else (choice % (k + 2)) - 2 for k, choice in enumerate(choices)]
    found = depths(np.array(parent, dtype=np.int64))
    for index, depth in enumerate(found.tolist()):
        steps, place = 1, parent[index]
        while place >= 0:
            steps, place = steps + 1, parent[place]
        assert depth == (0 if place == DANGLING else steps)


def test_a_circle_of_parents_ends_and_stays_unknown() -> None:
    assert depths(np.array([1, 0, ON_POST, 2])).tolist() == [0, 0, 1, 2]


def test_intervals_cover_a_planted_share(forum: Any) -> None:
    covered = 0
    for seed in range(60):
        rng = np.random.default_rng([7, seed])
        answered = rng.random(150) < 0.3
        posts = [(f"p{k}", "x") for k in range(150)]
        comments = [(f"c{k}", f"p{k}", None, f"a{k}") for k in range(150) if answered[k]]
        found = threads.measure(read_corpus(forum(posts, comments)), Sampling(seed, 200))
        ci = found["thread.posts_with_comment"].ci
        assert ci is not None
        covered += ci[0] <= 0.3 <= ci[1]
    # 95 % nominal; 51 of 60 is below the 0.1 % point.
    assert covered >= 51


@pytest.mark.parametrize("posts", [[], [("p", "x")]])
def test_empty_forums_compute_nothing(forum: Any, posts: list[tuple[str, str]]) -> None:
    found = measure(forum(posts, []))
    for name in (
        "depth_mean",
        "depth_max",
        "never_replied",
        "flat_share",
        "first_comment_median_min",
        "reentry",
    ):
        assert found[f"thread.{name}"].value is None
        assert (found[f"thread.{name}"].needs or "").startswith("at least 1")
    assert found["thread.posts_with_comment"].value == (0.0 if posts else None)


def test_shapes_by_medians_take_the_medians_of_each_resample() -> None:
    # Half of all threads have 5 comments on the post, half 6: which is the median is chance.
    direct = np.repeat([5, 6], 200)
    found = trees.Trees(direct, np.ones(400, np.int64), direct, direct, direct * 0, np.ones(400))
    value = trees.median_shapes(found)["wide_tree"].mean()
    low, high = trees.median_intervals(found, 200, np.random.default_rng(0))["wide_tree"] or (1.0, 0.0)
    assert value == 0.5
    assert low == 0.0
    assert high == 0.5
    # A clear median: the share of the rest is as sure as any share.
    direct = np.repeat([5, 6], [280, 120])
    found = trees.Trees(direct, np.ones(400, np.int64), direct, direct, direct * 0, np.ones(400))
    low, high = trees.median_intervals(found, 200, np.random.default_rng(0))["wide_tree"] or (1.0, 0.0)
    assert 0.24 < low < 0.3 < high < 0.36
