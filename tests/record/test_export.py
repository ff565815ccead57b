"""There and back: what a crawler would see of a run survives export and import."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moltarium.sim.record.coverage import coverage_of
from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.export import export_moltbook
from moltarium.sim.record.keyhole import keyhole
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.moltbook import import_snapshot
from moltarium.sim.record.opening import seed_rows
from moltarium.sim.record.schema import (
    Agent,
    Comment,
    Community,
    Follow,
    Post,
    Profile,
    Quarantine,
    Removal,
    Row,
    Run,
    Score,
    Vote,
)
from moltarium.sim.record.store import RunReader
from moltarium.sim.record.view import Record

MakeRun = Callable[..., Run]
START = 1_769_760_000_000_000
_TEXT = st.text(st.characters(exclude_categories=()), max_size=12)


@st.composite
def worlds(draw: st.DrawFn) -> dict[type[Any], list[Row]]:
    """A small society: agents, communities, posts, comment trees, votes, follows, removals."""
    agents = [f"a{i}" for i in range(draw(st.integers(1, 4)))]
    rows: list[Any] = [
        Agent(0, START, 0, a, f"H{a}", draw(_TEXT), draw(st.none() | st.just(START))) for a in agents
    ]
    rows += [
        Community(0, START, 0, c, draw(st.sampled_from([c, "Shown"])), draw(_TEXT), None) for c in ("m", "n")
    ]
    who, where = st.sampled_from(agents), st.sampled_from(["m", "n"])
    t, targets, threads = START, list[str](), dict[str, list[str | None]]()
    for i in range(draw(st.integers(1, 12))):
        t += draw(st.integers(0, 10**9))
        kind = draw(st.sampled_from(["post", "comment", "comment", "vote", "follow", "removal"]))
        if kind == "post" or not threads:
            threads[f"p{i}"] = [None]
            targets.append(f"p{i}")
            rows.append(
                Post(0, t, 1, f"p{i}", draw(st.none() | who), draw(where), draw(_TEXT), draw(_TEXT), None)
            )
        elif kind == "comment":
            thread = draw(st.sampled_from(sorted(threads)))
            parent = draw(st.sampled_from(threads[thread]))
            threads[thread].append(f"c{i}")
            targets.append(f"c{i}")
            rows.append(Comment(0, t, 1, f"c{i}", thread, parent, draw(who), draw(_TEXT)))
        elif kind == "vote":
            rows.append(
                Vote(0, t, 1, draw(who), draw(st.sampled_from(targets)), draw(st.sampled_from([-1, 0, 1])))
            )
        elif kind == "follow":
            rows.append(Follow(0, t, 1, draw(who), draw(who), draw(st.booleans())))
        else:
            rows.append(Removal(0, t, 1, draw(st.sampled_from(targets)), None, "spam"))
    tables: dict[type[Any], list[Row]] = {}
    for seq, row in enumerate(rows):
        tables.setdefault(type(row), []).append(row._replace(seq=seq))
    return tables


def public(record: Record) -> dict[type[Any], list[Any]]:
    """The content that must survive: without numbering, and in no order but by id."""
    found: dict[type[Any], list[Any]] = {}
    for table, first in ((Post, 1), (Comment, 1), (Agent, 3), (Community, 3), (Score, 3), (Profile, 3)):
        found[table] = sorted((row[first:2] + row[3:] for row in record.rows(table)), key=repr)
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@settings(deadline=None, max_examples=25)
@given(world=worlds())
def test_import_of_an_export_keeps_all_that_is_public(
    world: dict[type[Any], list[Row]], simulated: MakeRun
) -> None:
    record = MemoryRecord(simulated(), world)
    with TemporaryDirectory() as folder:
        root = Path(folder)
        export_moltbook(record, root / "a", title="Practice", synthetic=True)
        export_moltbook(record, root / "b", title="Practice", synthetic=True)
        assert files(root / "a") == files(root / "b")
        report = import_snapshot(root / "a", root / "record")
        assert report.quarantined == 0
        with RunReader(root / "record") as reader:
            assert reader.count(Quarantine) == 0
            assert public(reader) == public(keyhole(record))
            assert reader.run.title == "SYNTHETIC: Practice"
            assert reader.has("comment.parent")
            export_moltbook(reader, root / "again", title="Practice", synthetic=True)
            assert sorted(files(root / "again")) == sorted(files(root / "a"))
            import_snapshot(root / "again", root / "twice")
            with RunReader(root / "twice") as twice:
                assert public(twice) == public(reader)


def test_an_export_keeps_no_secrets_and_says_what_it_is(tmp_path: Path, simulated: MakeRun) -> None:
    world: dict[type[Any], list[Row]] = {
        Agent: [Agent(0, START, 0, "a", "A", "", None)],
        Vote: [Vote(1, START, 1, "CANARY", "p", 1)],
    }
    export_moltbook(MemoryRecord(simulated(), world), tmp_path / "out", title="Mine", synthetic=False)
    assert sorted(files(tmp_path / "out")) == [
        "agents.jsonl.gz", "comments.jsonl.gz", "posts.jsonl.gz", "snapshot.json", "submolts.jsonl.gz",
    ]  # fmt: skip
    import_snapshot(tmp_path / "out", tmp_path / "record")
    assert b"CANARY" not in (tmp_path / "record" / "record.sqlite").read_bytes()
    with RunReader(tmp_path / "record") as reader:
        assert reader.run.title == "Mine"
        assert not coverage_of(reader.run).synthetic
        assert reader.has(Comment)
    with pytest.raises(RecordError, match="already"):
        export_moltbook(MemoryRecord(simulated(), world), tmp_path / "out", title="Mine", synthetic=False)


def _snapshot(observed: MakeRun) -> MemoryRecord:
    hour = 3600 * 10**6
    rows: list[Any] = [
        Agent(0, 0, None, "quiet", "Q", "", None),
        Agent(1, 0, None, "busy", "B", "", None),
        Agent(2, 0, None, "one", "O", "", None),
        Agent(3, 0, None, "late", "L", "", None),
        Community(4, 0, None, "m", "m", "", "quiet"),
        Community(5, 0, None, "unused", "unused", "", None),
        Post(6, 1 * hour, None, "p1", "busy", "m", "", "", None),
        Post(7, 2 * hour, None, "p2", "one", "m", "", "", None),
        Comment(8, 3 * hour, None, "c1", "p2", None, "busy", ""),
        Comment(9, 4 * hour, None, "c2", "p2", "c1", None, ""),
        Comment(10, 4 * hour, None, "c3", "p2", "gone", "busy", ""),
        Comment(11, 6 * hour, None, "c4", "p2", "c1", "late", ""),
        Post(12, 7 * hour, None, "p3", "late", "m", "", "", None),
    ]
    tables: dict[type[Any], list[Row]] = {}
    for row in rows:
        tables.setdefault(type(row), []).append(row)
    return MemoryRecord(observed(), tables)


def _ids(rows: Iterable[Any]) -> list[str]:
    return [row[3] for row in rows]


def test_an_opening_takes_the_busiest_and_the_latest(observed: MakeRun) -> None:
    until = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=5)
    opening = seed_rows(_snapshot(observed), until=until, posts=1, agents=1)
    assert opening.living == ("busy",)
    assert _ids(opening.rows) == ["busy", "one", "m", "p2", "c1", "c2", "c3"]
    assert [row.seq for row in opening.rows] == list(range(7))
    assert {row.step for row in opening.rows} == {0}
    parents = [row.parent for row in opening.rows if isinstance(row, Comment)]
    assert parents == [None, "c1", None]
    assert next(row for row in opening.rows if isinstance(row, Community)).creator is None


def test_an_opening_may_take_everyone(observed: MakeRun) -> None:
    opening = seed_rows(_snapshot(observed), until=None, posts=99, agents=99)
    assert opening.living == ("busy", "late", "one", "quiet")
    assert "c4" in _ids(opening.rows)
    assert "unused" not in _ids(opening.rows)
    assert seed_rows(_snapshot(observed), until=None, posts=0, agents=2).rows[0][3] == "busy"


def test_an_opening_needs_somebody(observed: MakeRun) -> None:
    before = datetime(1960, 1, 1, tzinfo=UTC)
    with pytest.raises(RecordError, match="nobody"):
        seed_rows(_snapshot(observed), until=before, posts=1, agents=1)
