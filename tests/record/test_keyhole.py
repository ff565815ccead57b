"""The keyhole view: what a crawler could see, and not a grain more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from moltarium.sim.record.coverage import coverage_of
from moltarium.sim.record.keyhole import HIDDEN, keyhole
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.order import in_order
from moltarium.sim.record.schema import (
    LATENT,
    Agent,
    Comment,
    Community,
    Emotion,
    Follow,
    Post,
    Profile,
    Removal,
    Row,
    Run,
    Score,
    Vote,
)

MakeRun = Callable[..., Run]

WORLD: dict[type[Any], Sequence[Row]] = {
    Agent: [Agent(0, 0, 0, "a", "Ann", "", None), Agent(1, 0, 0, "b", "Bo", "", None)],
    Community: [Community(2, 0, 0, "general", "general", "", None)],
    Post: [
        Post(3, 10, 1, "p", "a", "general", "kept", "x", None),
        Post(4, 11, 1, "q", "b", "general", "removed", "x", None),
    ],
    Comment: [
        Comment(5, 12, 1, "p1", "p", None, "b", "kept"),
        Comment(6, 13, 1, "p2", "p", None, "b", "removed"),
        Comment(7, 14, 1, "p3", "p", "p2", "a", "under a removed comment"),
        Comment(8, 15, 1, "p4", "p", "p3", "b", "deeper still"),
        Comment(9, 16, 1, "q1", "q", None, "a", "under a removed post"),
    ],
    Vote: [
        Vote(10, 17, 1, "b", "p", 1),
        Vote(11, 17, 1, "c", "p", 1),
        Vote(12, 18, 1, "c", "p", -1),
        Vote(13, 19, 1, "a", "p1", -1),
        Vote(14, 19, 1, "c", "p1", 1),
        Vote(15, 20, 1, "c", "p1", 0),
        Vote(16, 20, 1, "a", "q", 1),
    ],
    Follow: [Follow(17, 21, 1, "b", "a", True), Follow(18, 21, 1, "a", "b", True)],
    Removal: [Removal(20, 23, 2, "q", None, "spam"), Removal(21, 23, 2, "p2", None, "spam")],
    Emotion: [Emotion(22, 24, 2, "a", 0, 0, 0, 0, 0, 0, "calm", None)],
}


@pytest.fixture
def view(simulated: MakeRun) -> Any:
    world = {**WORLD, Follow: [*WORLD[Follow], Follow(19, 22, 1, "a", "b", False)]}
    return keyhole(MemoryRecord(simulated(), world))


def test_what_is_latent_is_unknown_not_empty(view: Any) -> None:
    assert LATENT < HIDDEN
    for table in HIDDEN:
        assert not view.has(table)
        assert list(view.rows(table)) == []
        assert view.count(table) == 0
    assert view.has(Score)
    assert view.has("comment.parent")


def test_removed_targets_take_what_hangs_below_them_along(view: Any) -> None:
    assert [post.post_id for post in view.rows(Post)] == ["p"]
    assert [comment.comment_id for comment in view.rows(Comment)] == ["p1"]
    assert view.count(Comment) == len(view.frame(Comment)) == 1


def test_votes_are_seen_as_they_stand_and_comment_downvotes_not_at_all(view: Any) -> None:
    scores = {score.target: score for score in view.rows(Score)}
    assert set(scores) == {"p", "p1"}
    assert (scores["p"].upvotes, scores["p"].downvotes, scores["p"].n_comments) == (1, 1, 1)
    assert (scores["p1"].upvotes, scores["p1"].downvotes, scores["p1"].n_comments) == (0, 0, None)
    assert {score.observed_at for score in scores.values()} == {23}


def test_profiles_count_all_votes_and_standing_follows(view: Any) -> None:
    profiles = {row.agent: (row.karma, row.followers, row.following) for row in view.rows(Profile)}
    assert profiles == {"a": (0, 1, 0), "b": (0, 0, 1)}


def test_derived_rows_go_on_counting(view: Any) -> None:
    derived = [row.seq for row in in_order(view, Score, Profile)]
    assert derived == list(range(22, 22 + len(derived)))


def test_the_run_says_what_was_withheld(view: Any, simulated: MakeRun) -> None:
    coverage = coverage_of(view.run)
    assert {"vote", "emotion", "follow"} <= coverage.missing
    assert any("keyhole" in note for note in coverage.notes)
    assert view.run._replace(coverage="") == simulated(coverage="")


def test_twice_is_once_and_a_snapshot_is_left_alone(view: Any, observed: MakeRun) -> None:
    assert keyhole(view) is view
    snapshot = MemoryRecord(observed(), {Post: WORLD[Post], Follow: WORLD[Follow]})
    assert keyhole(snapshot) is snapshot
