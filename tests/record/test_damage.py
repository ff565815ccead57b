"""The record at rest and after a crash: what was changed behind its back is found, wherever it was."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.fork import fork_record
from moltarium.sim.record.schema import (
    TABLES,
    Blob,
    Emotion,
    Follow,
    Post,
    Run,
    Telemetry,
)
from moltarium.sim.record.store import RunReader
from moltarium.sim.record.writer import RunWriter

MakeRun = Callable[..., Run]

POSTS = [Post(i, i * 10, i // 4, f"p{i}", None, "general", "", f"body {i}", None) for i in range(12)]


def fork_from(folder: Path) -> None:
    """Fork the record in `folder`, which reads all of it."""
    fork_record(
        folder,
        folder.parent / "fork",
        Run("x", "simulated", "x", 1, None, None, None, None, "{}", "x", None, "{}"),
        [],
    )


def test_a_damaged_page_is_found(tmp_path: Path, simulated: MakeRun) -> None:
    with RunWriter.create(tmp_path, simulated()) as writer:
        writer.append(Post(i, 0, 0, f"p{i}", None, "g", "", "x" * 3000, None) for i in range(200))
    file, seal = tmp_path / "record.sqlite", tmp_path / "record.sqlite.seal"
    with RunReader(tmp_path) as reader:
        reader.verify()
    content = bytearray(file.read_bytes())
    for place in range(40 * 4096, 60 * 4096, 4096):
        content[place : place + 12] = b"\xff" * 12
    file.write_bytes(content)
    with pytest.raises(RecordError, match="changed since it was closed"):
        RunReader(tmp_path)
    seal.unlink()
    for opening in (RunReader, RunWriter.resume, fork_from):
        with pytest.raises(RecordError, match="damaged"):
            opening(tmp_path)


def killed(folder: Path, run: Run) -> tuple[Path, list[Any]]:
    """Leave a record as a writer does that is killed after its second commit; return it and its rows."""
    alive = folder / "alive"
    with RunWriter.create(alive, run) as writer:
        writer.append([Emotion(i, i, 0, "a", 0.1 * i, -1, 0, 0.5, 0, 0, "joy", None) for i in range(900)])
        writer.put_blobs([Blob(sha256(text.encode()).hexdigest(), text) for text in ("asked", "answered")])
        writer.commit(step=0)
        writer.checkpoint()
        writer.append(post._replace(seq=900 + post.seq, step=1) for post in POSTS)
        writer.append([Follow(960, 8, 1, "a", "b", False), Telemetry(1, 1, "latency", 0.5, "")])
        writer.commit(step=1)
        dead = folder / "dead"
        dead.mkdir()
        for file in ("record.sqlite", "record.sqlite-wal"):
            (dead / file).write_bytes((alive / file).read_bytes())
    return dead, said(alive)


def said(folder: Path) -> list[Any]:
    with RunReader(folder) as reader:
        return [reader.last_step(), *(list(reader.rows(table)) for table in TABLES.values())]


def test_a_flipped_bit_in_the_record_of_a_killed_writer_is_found_on_opening(
    tmp_path: Path, simulated: MakeRun
) -> None:
    """Or lies where no row does, or in the log, where SQLite lets go of the commit it belongs to."""
    dead, rows = killed(tmp_path, simulated())
    earlier = [
        0,
        *(
            held if table in (Run, Emotion, Blob) else []
            for table, held in zip(TABLES.values(), rows[1:], strict=True)
        ),
    ]
    assert said(dead) == rows
    draw, found = random.Random(6), 0
    for file in (dead / "record.sqlite", dead / "record.sqlite-wal"):
        content = file.read_bytes()
        for _ in range(100):
            place = draw.randrange(len(content))
            flipped = bytearray(content)
            flipped[place] ^= 1 << draw.randrange(8)
            file.write_bytes(flipped)
            try:
                assert said(dead) in (rows, earlier)
            except RecordError:
                found += 1
        file.write_bytes(content)
    assert found > 20
    assert said(dead) == rows


def test_a_record_without_checksums_gets_them_when_it_goes_on(tmp_path: Path, simulated: MakeRun) -> None:
    with RunWriter.create(tmp_path, simulated()) as writer:
        writer.append(POSTS)
    (tmp_path / "record.sqlite.seal").unlink()
    with closing(sqlite3.connect(tmp_path / "record.sqlite")) as older, older:
        older.execute("DROP TABLE checksum")
    with RunWriter.resume(tmp_path) as again:
        again.append([POSTS[0]._replace(seq=100, post_id="new")])
    (tmp_path / "record.sqlite.seal").unlink()
    assert len(said(tmp_path)[list(TABLES.values()).index(Post) + 1]) == 13
    with closing(sqlite3.connect(tmp_path / "record.sqlite")) as wrong, wrong:
        wrong.execute("UPDATE post SET body = 'body 4' WHERE post_id = 'p3'")
    with pytest.raises(RecordError, match="rows of table post are not those"):
        RunReader(tmp_path)


@pytest.mark.parametrize("write", [RunReader, RunWriter.resume, fork_from])
def test_a_flipped_bit_anywhere_is_found_on_opening(
    write: Callable[[Path], object], tmp_path: Path, simulated: MakeRun
) -> None:
    """Also inside a text or a number, where the page stays whole and SQLite sees nothing."""
    draw = random.Random(5)
    with RunWriter.create(tmp_path, simulated()) as writer:
        writer.append(POSTS)
    file = tmp_path / "record.sqlite"
    content = file.read_bytes()
    for _ in range(25):
        place = draw.randrange(len(content))
        flipped = bytearray(content)
        flipped[place] ^= 1 << draw.randrange(8)
        file.write_bytes(flipped)
        with pytest.raises(RecordError):
            write(tmp_path)
    file.write_bytes(content)
    with RunReader(tmp_path) as reader:
        assert reader.count(Post) == 12


def test_a_seal_is_off_as_long_as_anyone_writes(tmp_path: Path, simulated: MakeRun) -> None:
    writer = RunWriter.create(tmp_path, simulated())
    with RunReader(tmp_path) as looking:
        writer.append(POSTS)
        writer.commit()
        assert not looking.sealed
        assert not RunReader(tmp_path).sealed
        assert not (tmp_path / "record.sqlite.seal").exists()
        writer.close()
        with RunReader(tmp_path) as after:
            assert after.sealed, "though a reader kept the log from being removed"
            assert after.count(Post) == looking.count(Post) == 12
    with RunWriter.resume(tmp_path) as again:
        assert not (tmp_path / "record.sqlite.seal").exists()
        again.append([POSTS[0]._replace(seq=100, post_id="new")])
    with RunReader(tmp_path) as after:
        assert after.sealed
        assert after.count(Post) == 13


def test_a_record_at_rest_is_a_file_and_its_seal_and_reading_leaves_them_alone(
    tmp_path: Path, simulated: MakeRun
) -> None:
    with RunWriter.create(tmp_path, simulated()) as writer:
        writer.append(POSTS)
    with RunReader(tmp_path) as reader:
        assert reader.count(Post) == 12
        assert reader.sealed
    assert sorted(os.listdir(tmp_path)) == ["record.sqlite", "record.sqlite.seal"]
