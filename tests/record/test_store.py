"""The record on disk: what goes in comes out, and nothing else ever does."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moltarium.sim.record.digest import digest
from moltarium.sim.record.errors import RecordBusy, RecordError, SchemaMismatch
from moltarium.sim.record.lock import LOCK_FILE
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.order import in_order
from moltarium.sim.record.schema import (
    TABLES,
    Agent,
    Blob,
    Comment,
    Emotion,
    Follow,
    Post,
    Row,
    Run,
    Telemetry,
    Vote,
)
from moltarium.sim.record.store import RunReader
from moltarium.sim.record.writer import RunWriter

AnyRows = Callable[[type[Row]], st.SearchStrategy[list[Any]]]
MakeRun = Callable[..., Run]

POSTS = [Post(i, i * 10, i // 4, f"p{i}", None, "general", "", f"body {i}", None) for i in range(12)]
GOLDEN = "de78e1ab97248728c6ca4714fe057739f6f3fc71df10b0d52a832760f34a6426"

patient = settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@patient
@given(data=st.data())
def test_any_row_comes_back_as_it_was(data: st.DataObject, any_rows: AnyRows, simulated: MakeRun) -> None:
    tables = {table: data.draw(any_rows(table)) for table in TABLES.values() if table is not Run}
    with TemporaryDirectory() as folder:
        with RunWriter.create(Path(folder) / "run", simulated()) as writer:
            for rows in tables.values():
                writer.append(rows)
        with RunReader(Path(folder) / "run") as reader:
            for table, rows in tables.items():
                found: list[Row] = list(reader.rows(table))
                ordered = sorted(rows, key=lambda r: r.seq) if table._fields[0] == "seq" else rows
                assert found == ordered
                assert [list(map(type, row)) for row in found] == [list(map(type, row)) for row in ordered]
                assert reader.count(table) == len(rows) == len(reader.frame(table))
            reader.verify()
            assert reader.digest() == digest(MemoryRecord(simulated(), tables))


@patient
@given(cuts=st.lists(st.integers(0, 12), max_size=5), shuffle=st.randoms())
def test_digest_is_blind_to_batches(cuts: list[int], shuffle: Any, simulated: MakeRun) -> None:
    edges = [0, *sorted(cuts), 12]
    batches = [POSTS[a:b] for a, b in pairwise(edges)]
    shuffle.shuffle(batches)
    with TemporaryDirectory() as folder:
        with RunWriter.create(Path(folder) / "run", simulated()) as writer:
            for batch in batches:
                writer.append(batch)
                writer.commit()
                writer.put_blobs([Blob(f"sha {len(batch)}", "text")])
                writer.append([Telemetry(123, None, "latency", 0.5, "")])
        with RunReader(Path(folder) / "run") as reader:
            assert reader.digest() == digest(MemoryRecord(simulated(), {Post: POSTS}))


def test_digest_stays_what_it_was(tmp_path: Path, simulated: MakeRun) -> None:
    rows: list[Row] = [
        Agent(0, 0, 0, "a", "Mango", "", None),
        Post(1, 5, 0, "p", "a", "general", "Hi", "🦞 \ud800", None),
        Comment(2, 6, 1, "c", "p", None, "a", "first"),
        Vote(3, 7, 1, "a", "c", -1),
        Follow(4, 8, 2, "a", "b", False),
        Emotion(5, 9, 2, "a", 0.1, -0.25, 1e-17, 0.0, 1e16, 3.0, "joy", None),
    ]
    with RunWriter.create(tmp_path / "run", simulated()) as writer:
        writer.append(rows)
    with RunReader(tmp_path / "run") as reader:
        assert reader.digest() == GOLDEN


def test_digest_leaves_out_what_has_no_meaning(simulated: MakeRun) -> None:
    plain = digest(MemoryRecord(simulated()))
    assert digest(MemoryRecord(simulated(code_version="9", captured_at=5, transport='{"x":1}'))) == plain
    assert digest(MemoryRecord(simulated(seed=8))) != plain


def test_uncommitted_rows_are_not_in_the_record(tmp_path: Path, simulated: MakeRun) -> None:
    writer = RunWriter.create(tmp_path / "run", simulated())
    writer.append(POSTS[:4])
    writer.commit(step=0)
    writer.append(POSTS[4:8])
    writer.close()
    with RunReader(tmp_path / "run") as reader:
        assert list(reader.rows(Post)) == POSTS[:4]
        assert (reader.last_seq(), reader.last_step()) == (3, 0)


def test_an_error_in_the_block_discards_what_was_not_committed(tmp_path: Path, simulated: MakeRun) -> None:
    with pytest.raises(KeyError), RunWriter.create(tmp_path / "run", simulated()) as writer:  # noqa: PT012
        writer.append(POSTS)
        raise KeyError
    with RunReader(tmp_path / "run") as reader:
        assert reader.count(Post) == 0


def test_a_tick_without_rows_counts(tmp_path: Path, simulated: MakeRun) -> None:
    with RunWriter.create(tmp_path / "run", simulated()) as writer, RunReader(tmp_path / "run") as reader:
        assert reader.last_step() is None
        assert reader.last_seq() == -1
        writer.append(POSTS[:5])
        writer.commit()
        assert reader.last_step() == 1
        writer.commit(step=9)
        assert reader.last_step() == 9
    with RunWriter.resume(tmp_path / "run") as writer:
        writer.commit(step=10)
    with RunReader(tmp_path / "run") as reader:
        assert reader.last_step() == 10


def test_a_failed_commit_changes_nothing_and_can_be_repeated(tmp_path: Path, simulated: MakeRun) -> None:
    with RunWriter.create(tmp_path / "run", simulated()) as writer, RunReader(tmp_path / "run") as reader:
        writer.append(POSTS[:2])
        writer.commit()
        writer.append([Agent(2, 0, 0, "a", "A", "", None), POSTS[1]])
        with pytest.raises(RecordError, match="breaks the record's rules"):
            writer.commit()
        assert reader.count(Agent) == 0
        assert list(reader.rows(Post)) == POSTS[:2]
        writer._pending[Post].clear()
        writer.commit()
        assert reader.count(Agent) == 1


def test_strangers_are_refused(tmp_path: Path, simulated: MakeRun) -> None:
    with RunWriter.create(tmp_path / "run", simulated()) as writer:
        with pytest.raises(TypeError):
            writer.append([("not", "a", "row")])  # type: ignore[list-item]
        with pytest.raises(TypeError):
            writer.append([simulated()])
        writer.append([Vote(0, 0, 0, "a", "p", 2**70)])
        with pytest.raises(RecordError, match="64 bits"):
            writer.commit()
        writer._pending.clear()


def test_the_second_writer_learns_who_the_first_is(tmp_path: Path, simulated: MakeRun) -> None:
    with (
        RunWriter.create(tmp_path / "run", simulated()),
        pytest.raises(RecordBusy, match=str(os.getpid())),
    ):
        RunWriter.resume(tmp_path / "run")
    assert sorted(os.listdir(tmp_path / "run")) == ["record.sqlite", "record.sqlite.seal"]
    RunWriter.resume(tmp_path / "run").close()


def test_a_killed_writer_blocks_nobody_and_loses_no_commit(tmp_path: Path, simulated: MakeRun) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from moltarium.sim.record.writer import RunWriter\n"
        "from moltarium.sim.record.schema import Vote\n"
        "w = RunWriter.resume(Path(sys.argv[1]))\n"
        "w.append([Vote(0, 0, 0, 'a', 'p', 1)]); w.commit(step=0); w.append([Vote(1, 0, 1, 'a', 'p', 0)])\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    RunWriter.create(tmp_path / "run", simulated()).close()
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / "run")], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "run" / LOCK_FILE).exists()
    with RunWriter.resume(tmp_path / "run") as writer, RunReader(tmp_path / "run") as reader:
        assert [vote.value for vote in reader.rows(Vote)] == [1]
        writer.append([Vote(1, 0, 1, "a", "p", 0)])
    assert not (tmp_path / "run" / LOCK_FILE).exists()


def test_a_full_disk_is_said_and_survived(tmp_path: Path, simulated: MakeRun) -> None:
    with RunWriter.create(tmp_path / "run", simulated()) as writer:
        writer.append(POSTS[:1])
        writer.commit()
        writer.append([Post(1, 0, 0, "big", None, "general", "", "x" * 5_000_000, None)])
        # A limit on file size fails writes as a full disk does.
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
        try:
            with pytest.raises(RecordError, match=r"disk|space"):
                writer.commit()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, handler)
        with RunReader(tmp_path / "run") as reader:
            assert list(reader.rows(Post)) == POSTS[:1]
            writer.commit()
            assert reader.count(Post) == 2


def test_creating_twice_is_refused_and_leaves_the_first_alone(tmp_path: Path, simulated: MakeRun) -> None:
    RunWriter.create(tmp_path / "run", simulated()).close()
    before = (tmp_path / "run" / "record.sqlite").read_bytes()
    with pytest.raises(RecordError, match="already"):
        RunWriter.create(tmp_path / "run", simulated(seed=8))
    assert (tmp_path / "run" / "record.sqlite").read_bytes() == before
    assert sorted(os.listdir(tmp_path / "run")) == ["record.sqlite", "record.sqlite.seal"]


def test_a_failed_creation_leaves_nothing(tmp_path: Path, simulated: MakeRun) -> None:
    with pytest.raises(RecordError):
        RunWriter.create(tmp_path / "run", simulated(title=None))
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match="can't be made"):
        RunWriter.create(tmp_path / "file" / "run", simulated())
    assert os.listdir(tmp_path) == ["file"]


def test_readers_see_whole_commits_only_and_never_hold_up_the_writer(
    tmp_path: Path, simulated: MakeRun
) -> None:
    seen: list[int] = []
    done = threading.Event()

    def look() -> None:
        with RunReader(tmp_path / "run") as reader:
            while not done.is_set():
                seen.append(sum(1 for _ in reader.rows(Vote)))

    with RunWriter.create(tmp_path / "run", simulated()) as writer:
        thread = threading.Thread(target=look)
        thread.start()
        with RunReader(tmp_path / "run") as slow:
            writer.append([Vote(0, 0, 0, "a", "p", 1)] + [Vote(i, 0, 0, "a", "p", 1) for i in range(1, 50)])
            writer.commit()
            held = slow.rows(Vote)
            next(held)
            for k in range(1, 40):
                writer.append([Vote(k * 50 + i, 0, k, "a", "p", 1) for i in range(50)])
                writer.commit(step=k)
                writer.checkpoint()
            assert sum(1 for _ in held) == 49
        done.set()
        thread.join()
    assert seen
    assert all(count % 50 == 0 for count in seen)
    assert seen == sorted(seen)


def test_targeted_reads(tmp_path: Path, simulated: MakeRun) -> None:
    comments = [
        Comment(i + 20, 0, 1, f"c{i}", f"p{i % 3}", None if i < 6 else "c0", "a", "") for i in range(9)
    ]
    nasty = Comment(40, 0, 1, "'; DROP TABLE post; --", "p\ud800", None, None, "")
    with RunWriter.create(tmp_path / "run", simulated()) as writer:
        writer.append([*POSTS, *comments, nasty])
        writer.put_blobs([Blob("s", "first"), Blob("s", "second")])
    with RunReader(tmp_path / "run") as reader:
        assert list(reader.rows_where(Comment, post_id="p1")) == [comments[i] for i in (1, 4, 7)]
        assert list(reader.rows_where(Comment, parent=None, post_id="p0")) == [comments[0], comments[3]]
        assert list(reader.rows_where(Comment, comment_id=nasty.comment_id)) == [nasty]
        assert list(reader.rows_where(Comment, post_id="p\ud800")) == [nasty]
        assert list(reader.rows_since(Post, 9)) == POSTS[10:]
        assert list(in_order(reader, Comment, Post)) == [*POSTS, *comments, nasty]
        assert reader.blob("s") == "first"
        assert reader.blob("t") is None
        with pytest.raises(ValueError, match="no column"):
            list(reader.rows_where(Post, **{'"; DROP TABLE post; --': "x"}))
        with pytest.raises(ValueError, match="no seq"):
            reader.rows_since(Blob, 0)


def test_known_and_unknown(tmp_path: Path, simulated: MakeRun) -> None:
    with RunWriter.create(tmp_path / "run", simulated()), RunReader(tmp_path / "run") as reader:
        assert reader.has(Vote)
        assert reader.has("comment.parent")
        with pytest.raises(ValueError, match=r"no 'comment\.parents'"):
            reader.has("comment.parents")


def test_what_is_no_record_is_refused(tmp_path: Path, simulated: MakeRun) -> None:
    with pytest.raises(RecordError, match="no such folder"):
        RunReader(tmp_path / "none")
    with pytest.raises(RecordError, match="no run record"):
        RunReader(tmp_path)
    (tmp_path / "record.sqlite").write_bytes(b"not a database, but long enough to look like one" * 50)
    with pytest.raises(RecordError, match="not a database"):
        RunReader(tmp_path)
    with pytest.raises(RecordError, match="not a database"):
        RunWriter.resume(tmp_path)
    assert os.listdir(tmp_path) == ["record.sqlite"]
    (tmp_path / "record.sqlite").unlink()
    other = sqlite3.connect(tmp_path / "record.sqlite")
    other.execute("CREATE TABLE post (x)")
    other.close()
    with pytest.raises(RecordError, match="not a run record"):
        RunReader(tmp_path)


def test_another_schema_version_is_refused(tmp_path: Path, simulated: MakeRun) -> None:
    RunWriter.create(tmp_path, simulated()).close()
    other = sqlite3.connect(tmp_path / "record.sqlite")
    other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(SchemaMismatch, match="version 99"):
        RunReader(tmp_path)
    with pytest.raises(SchemaMismatch, match="version 99"):
        RunWriter.resume(tmp_path)
