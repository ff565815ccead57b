"""Files that bite, in a snapshot's folder: none is run, unpacked, resolved or followed."""

from __future__ import annotations

import io
import json
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import pytest

from moltarium.sim.record.coverage import coverage_of
from moltarium.sim.record.moltbook import import_snapshot
from moltarium.sim.record.schema import Agent, Post
from moltarium.sim.record.store import RunReader

SQL = "x'); DROP TABLE post; --"
XXE = """<?xml version="1.0"?>
<!DOCTYPE g [<!ENTITY secret SYSTEM "file://{secret}">]>
<graphml><graph><node id="&secret;"/></graph></graphml>
"""


class Bite:
    """Touches a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


def post(name: str, title: str = "T") -> dict[str, object]:
    """Return one row as the site has it."""
    return {
        "id": name,
        "title": title,
        "content": "b",
        "submolt": "general",
        "author": {"id": f"a-{name}", "name": f"n-{name}"},
        "created_at": "2026-01-30T08:41:25Z",
    }


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with one good file among many bad ones."""
    folder = tmp_path / "source"
    folder.mkdir()
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    (folder / "posts.jsonl").write_text(json.dumps(post("p1")) + "\n" + json.dumps(post(SQL, SQL)) + "\n")
    (folder / "comments.pkl").write_bytes(pickle.dumps(Bite(tmp_path / "bitten")))
    (folder / "agents.npy").write_bytes(b"\x93NUMPY" + pickle.dumps(Bite(tmp_path / "bitten")))
    for suffix in ("graphml", "gexf", "xml"):
        (folder / f"follows.{suffix}").write_text(XXE.format(secret=secret))
    with zipfile.ZipFile(folder / "posts.zip", "w") as packed:
        packed.writestr("../../escaped", "out")
        packed.writestr("posts.jsonl", json.dumps(post("zipped")))
    with tarfile.open(folder / "posts.tar", "w") as packed:
        inner = tarfile.TarInfo("../../escaped")
        packed.addfile(inner, io.BytesIO(b""))
    (folder / "agents.jsonl").symlink_to(secret)
    return folder


def test_none_of_them_bites_and_each_is_named(source: Path, tmp_path: Path) -> None:
    import_snapshot(source, tmp_path / "record")
    assert sorted(os.listdir(tmp_path)) == ["record", "secret", "source"]
    with RunReader(tmp_path / "record") as record:
        assert [row.post_id for row in record.rows(Post)] == sorted(["p1", SQL])
        notes = " ".join(coverage_of(record.run).notes)
    for name in ("comments.pkl", "agents.npy", "follows.graphml", "follows.gexf", "posts.zip", "posts.tar"):
        assert name in notes
    assert "agents.jsonl" in notes
    assert b"the secret" not in (tmp_path / "record" / "record.sqlite").read_bytes()


def test_statements_in_names_and_filters_are_data(source: Path, tmp_path: Path) -> None:
    import_snapshot(source, tmp_path / "record")
    with RunReader(tmp_path / "record") as record:
        [found] = record.rows_where(Post, post_id=SQL)
        assert found.title == SQL
        with pytest.raises(ValueError, match="no column"):
            list(record.rows_where(Post, **{'post_id" = 1; DROP TABLE post; --': "x"}))
        assert record.count(Post) == 2
        assert f"a-{SQL}" in {row.agent_id for row in record.rows(Agent)}
        record.verify()
