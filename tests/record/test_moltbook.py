"""The importer: every trap of the real data, every row accounted for, nothing half-written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from moltarium.sim.record.coverage import coverage_of
from moltarium.sim.record.moltbook import import_snapshot
from moltarium.sim.record.schema import (
    Agent,
    Comment,
    Community,
    Follow,
    Post,
    Profile,
    Score,
)
from moltarium.sim.record.store import RunReader
from tests.record.crawled import SNAPSHOTS, Accounted, Import, T, comment, lines, post, reasons


@pytest.mark.snapshot
@pytest.mark.parametrize(
    ("name", "kept", "posts", "comments", "agents", "form"),
    [
        ("early-days", 14_203, 2_035, 11_029, 1_008, "tables-jsonl"),
        ("raw-api", 337, 40, 297, 139, "raw-api"),
        ("observatory-csv", 2_700, 1_710, 97, 1_249, "tables-csv"),
    ],
)
def test_real_snapshots(
    tmp_path: Path,
    accounted: Accounted,
    name: str,
    kept: int,
    posts: int,
    comments: int,
    agents: int,
    form: str,
) -> None:
    if not SNAPSHOTS.is_dir():
        pytest.skip("the real snapshots are not beside the checkout")
    report = import_snapshot(SNAPSHOTS / name, tmp_path / "record")
    with RunReader(tmp_path / "record") as reader:
        accounted(report, reader)
        assert reader.has("comment.parent") == (name != "observatory-csv")
        assert not list(reader.rows_where(Comment, author=None))
    assert report[:6] == (kept, kept, 0, posts, comments, agents)
    assert report.format == form


def test_fields_of_every_spelling(imported: Import) -> None:
    rows = [
        post("1", submolt={"id": "u", "name": "general", "display_name": "General"}),
        post("2", author={"id": "a-1", "name": "Ann", "karma": 7, "follower_count": 2}),
        post("3", author=None, score=-4, upvotes=None),
        post("4", author=None, author_id="a-1", upvotes="3", downvotes=1.0, replyCount=9),
        {
            "id": 5,
            "title": None,
            "body": "y",
            "agent_name": "Ann",
            "submolt": "general",
            "createdAt": 1769760000,
        },
        post("6", url="https://moltbook.com/post/6"),
    ]
    reader = imported({"posts.jsonl": lines(rows)})
    found = {row.post_id: row for row in reader.rows(Post)}
    assert {name: row.author for name, row in found.items()} == {
        "1": "a-1", "2": "a-1", "3": None, "4": "a-1", "5": "a-1", "6": "a-1",
    }  # fmt: skip
    assert found["5"].t == found["1"].t
    assert (found["5"].title, found["5"].body, found["6"].url) == ("", "y", None)
    assert [(row.community_id, row.name) for row in reader.rows(Community)] == [("general", "General")]
    assert [(row.agent_id, row.handle) for row in reader.rows(Agent)] == [("a-1", "Ann")]
    scores = {row.target: row[4:7] for row in reader.rows(Score)}
    assert scores == {"3": (-4, None, None), "4": (3, 1, 9)}
    assert [row[4:7] for row in reader.rows(Profile)] == [(7, 2, None)]
    assert not reader.has("score.downvotes")
    assert not reader.has(Comment)


@pytest.mark.parametrize(
    "spelling",
    [
        "2026-01-30T08:00:00.5+00:00",
        "2026-01-30T08:00:00.500000Z",
        "2026-01-30 08:00:00.500",
        "2026-01-30T09:00:00.50000+01:00",
        "2026-01-30T08:00:00.500000000+00",
        1769760000.5,
        1769760000500,
        "1769760000500000",
    ],
)
def test_one_moment_in_many_spellings(imported: Import, spelling: object) -> None:
    reader = imported({"posts.jsonl": lines([post("p", created_at=spelling)])})
    assert next(reader.rows(Post)).t == 1_769_760_000_500_000


def test_naive_times_are_counted_in_the_notes(imported: Import) -> None:
    reader = imported({"posts.jsonl": lines([post("p", created_at="2026-01-30T08:00:00")])})
    assert any("(1 times)" in note for note in coverage_of(reader.run).notes)


def test_bad_rows_are_quarantined_with_place_and_reason(imported: Import) -> None:
    rows = [
        post("ok"),
        post("no-date", created_at=None),
        post("bad-date", created_at="yesterday"),
        post("no-place", submolt=None),
        post("bad-body", content=["x"]),
        post("bad-votes", upvotes=1.5),
        post(""),
        "not an object",
    ]
    reader = imported({"posts.jsonl": lines(rows) + '{"cut": '})
    found = reasons(reader)
    assert reader.count(Post) == 1
    assert found["posts.jsonl:2"] == "no created_at"
    assert found["posts.jsonl:3"].startswith("created_at: not a time")
    assert found["posts.jsonl:4"] == "no submolt"
    assert found["posts.jsonl:5"] == "content: not a text"
    assert found["posts.jsonl:6"] == "upvotes: not a whole number"
    assert found["posts.jsonl:7"] == "no id"
    assert found["posts.jsonl:8"] == "not a JSON object"
    assert found["posts.jsonl:9"].startswith("not JSON")


def test_duplicates_keep_what_was_fetched_last(imported: Import) -> None:
    new, old = "2026-01-31T00:00:00Z", "2026-01-30T12:00:00Z"
    rows = [
        post("p", content="new", fetched_at=new),
        post("p", content="old", fetched_at=old),
        post("q"),
        post("q"),
    ]
    reader = imported({"posts.jsonl": lines(rows)})
    assert [row.body for row in reader.rows(Post)] == ["new", "x"]
    assert reasons(reader) == {
        "posts.jsonl:2": "one id, two contents: kept posts.jsonl:1, fetched last",
        "posts.jsonl:3": "duplicate of posts.jsonl:4",
    }


def test_trees_out_of_order_dangling_and_cyclic(imported: Import) -> None:
    early = "2026-01-30T07:00:00Z"
    rows = [
        comment("child", parent_id="parent", created_at=early),
        comment("parent"),
        comment("orphan", parent_id="gone"),
        comment("elsewhere", on="gone-post"),
        comment("nobody", author=None),
        comment("top", parent_id="p"),
        comment("c1", parent_id="c3"),
        comment("c2", parent_id="c1"),
        comment("c3", parent_id="c2"),
        comment("self", parent_id="self"),
        comment("below", parent_id="c1"),
        comment("deeper", parent_id="below"),
        comment("stray", on="q", parent_id="parent"),
    ]
    reader = imported({"posts.jsonl": lines([post("p"), post("q")]), "comments.jsonl": lines(rows)})
    found = {row.comment_id: row for row in reader.rows(Comment)}
    assert set(found) == {"child", "parent", "orphan", "elsewhere", "nobody", "top", "below", "deeper"}
    assert found["child"].seq > found["parent"].seq
    assert found["child"].t < found["parent"].t
    assert (found["orphan"].parent, found["top"].parent, found["nobody"].author) == ("gone", None, None)
    assert list(reasons(reader).values()) == [
        *["its replies form a cycle"] * 4,
        "replies to a comment of another post",
    ]
    assert any("1 comments are on posts that the snapshot lacks" in n for n in coverage_of(reader.run).notes)


def test_nested_replies_of_any_depth(imported: Import) -> None:
    nested: dict[str, Any] = {"id": "c60", "content": "x", "author": None, "created_at": T, "replies": []}
    for i in reversed(range(60)):
        nested = {"id": f"c{i}", "content": "x", "author": None, "created_at": T, "replies": [nested]}
    detail = {"success": True, "post": post("p"), "comments": [nested, "junk"], "_downloaded_at": T}
    reader = imported({"a/p.json": json.dumps(detail), "failed.json": '{"success": false, "error": "x"}'})
    parents = {row.comment_id: row.parent for row in reader.rows(Comment)}
    assert parents == {"c0": None} | {f"c{i}": f"c{i - 1}" for i in range(1, 61)}
    assert reasons(reader) == {
        "a/p.json#comments/1": "a comment that is not an object",
        "failed.json": "the API's answer is an error",
    }
    assert reader.has("comment.parent")


def test_parents_missing_in_a_whole_file_are_unknown(imported: Import) -> None:
    table = "id,post_id,agent_name,parent_id,content,score,created_at\n" + "".join(
        f'c{i},p,Bo,,"=1+1, ""quoted""\nsecond line",0,{T}\n' for i in range(3)
    )
    reader = imported({"comments.csv": "\ufeff" + table + "short,row\n"})
    assert not reader.has("comment.parent")
    assert next(reader.rows(Comment)).body == '=1+1, "quoted"\nsecond line'
    assert reasons(reader) == {"comments.csv:8": "2 fields instead of 7"}
    assert not reader.has(Post)


def test_accounts_are_one_however_they_are_named(imported: Import) -> None:
    files: dict[str, str | bytes] = {
        "agents.jsonl": lines(
            [{"id": "a1", "name": "Ann", "description": "bio", "karma": 1, "created_at": T}]
        ),
        "posts.jsonl": lines(
            [
                post("1"),
                post("2", author="a1"),
                post("3", author=None, author_id="a1"),
                post("4", author="New"),
            ]
        ),
        "follows.csv": f"follower_id,following_name,created_at\na1,New,{T}\n",
    }
    reader = imported(files)
    assert [row.author for row in reader.rows(Post)] == ["a1", "a1", "a1", "New"]
    assert {(row.agent_id, row.handle, row.bio) for row in reader.rows(Agent)} == {
        ("a1", "Ann", "bio"), ("New", "New", ""),
    }  # fmt: skip
    assert [row[3:] for row in reader.rows(Follow)] == [("a1", "New", True)]


def test_the_window(imported: Import) -> None:
    days = [f"2026-01-{day:02}T00:00:00Z" for day in (28, 29, 30)]
    reader = imported(
        {
            "posts.jsonl": lines(post(f"p{i}", created_at=day) for i, day in enumerate(days)),
            "comments.jsonl": lines([comment("late", on="p0", created_at=days[1])]),
            "agents.jsonl": lines(
                [{"name": "Old", "created_at": days[0]}, {"name": "Young", "created_at": days[2]}]
            ),
        },
        since=datetime(2026, 1, 29, tzinfo=UTC),
        until=datetime(2026, 1, 30),  # noqa: DTZ001 (no zone means UTC)
    )
    assert [row.post_id for row in reader.rows(Post)] == ["p1"]
    assert [row.comment_id for row in reader.rows(Comment)] == ["late"]
    assert {row.handle for row in reader.rows(Agent)} == {"Old", "Ann", "Bo"}
    assert set(reasons(reader).values()) == {"outside the window"}


def test_a_synthetic_source_says_so(imported: Import) -> None:
    about = json.dumps({"title": "Practice", "synthetic": True})
    reader = imported({"posts.jsonl": lines([post("p")]), "snapshot.json": about})
    assert reader.run.title == "SYNTHETIC: Practice"
    assert coverage_of(reader.run).synthetic


def test_the_same_source_gives_the_same_record(tmp_path: Path, source: Path) -> None:
    (source / "posts.jsonl").write_text(lines(post(f"p{i}", author=f"a{i % 7}") for i in range(50)))
    digests = set()
    for name in ("one", "two"):
        import_snapshot(source, tmp_path / name)
        with RunReader(tmp_path / name) as reader:
            digests.add(reader.digest())
    assert len(digests) == 1
