"""A reply that arrived is there for good: after kill -9, in another run, and whatever it says."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moltarium.agents.interface import Reply
from moltarium.sim.llm.keys import text_sha
from moltarium.sim.llm.replies import MEMORY, ReplyStore
from moltarium.sim.record.errors import RecordError, SchemaMismatch

WRITER = """
import sys
from contextlib import closing
from pathlib import Path
from moltarium.agents.interface import Reply
from moltarium.sim.llm.keys import text_sha
from moltarium.sim.llm.replies import ReplyStore

store = ReplyStore(Path(sys.argv[1]))
for number in range(1_000_000):
    store.put(text_sha(str(number)), "asked", Reply(f"reply {number}", "stop", "stub"))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    text=st.text(st.characters(codec=None)),
    asked=st.text(st.characters(codec=None)),
    counts=st.tuples(*[st.integers(0, 2**40)] * 3),
    estimated=st.booleans(),
)
def test_every_reply_comes_back_as_it_was(
    tmp_path: Path, text: str, asked: str, counts: tuple[int, int, int], estimated: bool
) -> None:
    reply = Reply(text, "stop", "stub", *counts, estimated)
    key = text_sha(repr((text, asked, counts, estimated)))
    with ReplyStore(tmp_path / "replies.sqlite") as store:
        store.put(key, asked, reply)
        assert store.get(key) == reply


def test_an_unknown_key_has_no_reply(tmp_path: Path) -> None:
    with ReplyStore(tmp_path / "replies.sqlite") as store:
        assert store.get(text_sha("never asked")) is None
        assert store.count() == 0


def test_the_first_reply_stands(tmp_path: Path) -> None:
    key = text_sha("asked twice")
    with ReplyStore(tmp_path / "replies.sqlite") as store:
        store.put(key, "", Reply("first", "stop", "stub"))
        store.put(key, "", Reply("second", "stop", "stub"))
        found = store.get(key)
    assert found is not None
    assert found.text == "first"


def test_no_acknowledged_reply_is_lost_to_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    with writer.stdout as out:
        for _ in range(300):
            out.readline()
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged = 300 + len(out.read().splitlines(keepends=True))
    writer.wait()
    with ReplyStore(path) as store:
        assert all(store.get(text_sha(str(number))) for number in range(acknowledged - 1))
        assert store.count() in {acknowledged - 1, acknowledged, acknowledged + 1}


def test_another_runs_replies_are_read_and_left_alone(tmp_path: Path) -> None:
    key, new = text_sha("old"), text_sha("new")
    with ReplyStore(tmp_path / "old.sqlite") as store:
        store.put(key, "", Reply("from the old run", "stop", "stub"))
    before = (tmp_path / "old.sqlite").read_bytes()
    with ReplyStore(tmp_path / "new.sqlite", fallback=tmp_path / "old.sqlite") as store:
        found = store.get(key)
        store.put(new, "", Reply("from the new run", "stop", "stub"))
        assert store.count() == 1
    assert found is not None
    assert found.text == "from the old run"
    assert (tmp_path / "old.sqlite").read_bytes() == before


def test_a_flipped_bit_is_found_before_a_reply_is_used(tmp_path: Path) -> None:
    path, other = tmp_path / "replies.sqlite", tmp_path / "other.sqlite"
    key = text_sha("paid for")
    with ReplyStore(path) as store:
        store.put(key, "", Reply("worth a dollar", "stop", "stub"))
    with ReplyStore(path) as looking:
        assert looking.get(key) is not None
    content = path.read_bytes()
    path.write_bytes(content.replace(b"a dollar", b"a collar"))
    with pytest.raises(RecordError, match="changed since it was closed"):
        ReplyStore(path)
    with pytest.raises(RecordError, match="changed since it was closed"):
        ReplyStore(other, fallback=path)
    path.write_bytes(content)
    with ReplyStore(path) as store:
        store.put(text_sha("another"), "", Reply("and more", "stop", "stub"))
        assert not path.with_name("replies.sqlite.seal").exists(), "nobody seals what is being written"
    with ReplyStore(path) as store:
        assert store.count() == 2


def test_a_flipped_bit_is_found_though_nobody_closed_the_store(tmp_path: Path) -> None:
    """A store whose process was killed has no seal; its replies have checksums of their own."""
    path = tmp_path / "replies.sqlite"
    with ReplyStore(path) as store:
        store.put(text_sha("paid for"), "", Reply("worth a dollar", "stop", "stub", tokens_out=3))
    path.with_name("replies.sqlite.seal").unlink()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"a dollar", b"a collar"))
    for fallback in (None, path):
        with pytest.raises(RecordError, match="not as it was recorded"):
            ReplyStore(path if fallback is None else tmp_path / "other.sqlite", fallback=fallback)
    with closing(sqlite3.connect(path)) as wrong, wrong:
        wrong.execute("UPDATE reply SET text = CAST('worth a dollar' AS BLOB), tokens_out = 2")
    with pytest.raises(RecordError, match="not as it was recorded"):
        ReplyStore(path)
    path.write_bytes(content)
    with ReplyStore(path) as store:
        assert store.get(text_sha("paid for")) is not None


def test_a_store_of_version_1_is_read_and_brought_up(tmp_path: Path) -> None:
    path, key = tmp_path / "replies.sqlite", text_sha("earlier")
    with closing(sqlite3.connect(path)) as older, older:
        older.execute(
            "CREATE TABLE reply (key BLOB PRIMARY KEY, request BLOB NOT NULL, text BLOB NOT NULL, "
            "finish TEXT NOT NULL, model TEXT NOT NULL, tokens_in INTEGER NOT NULL, "
            "tokens_cached INTEGER NOT NULL, tokens_out INTEGER NOT NULL, estimated INTEGER NOT NULL)"
        )
        older.execute(
            "INSERT INTO reply VALUES (?, x'', ?, 'stop', 'stub', 1, 0, 2, 0)", (bytes.fromhex(key), b"old")
        )
        older.execute("PRAGMA user_version = 1")
    with ReplyStore(tmp_path / "new.sqlite", fallback=path) as store:
        assert store.get(key) == Reply("old", "stop", "stub", 1, 0, 2)
    for _ in range(2):
        with ReplyStore(path) as store:
            assert store.get(key) == Reply("old", "stop", "stub", 1, 0, 2)
            store.put(text_sha("later"), "", Reply("new", "stop", "stub"))
            assert store.count() == 2


def test_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE reply (x)")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SchemaMismatch, match="99"):
        ReplyStore(path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(RecordError, match="can't be opened"):
        ReplyStore(path)


def test_a_missing_fallback_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(RecordError):
        ReplyStore(tmp_path / "new.sqlite", fallback=tmp_path / "absent.sqlite")
    assert not (tmp_path / "absent.sqlite").exists()


def test_a_store_in_memory_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ReplyStore(MEMORY) as store:
        store.put(text_sha("x"), "", Reply("kept for now", "stop", "stub"))
        assert store.count() == 1
    assert not list(tmp_path.iterdir())
