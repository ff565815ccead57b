"""The importer under fire: hostile text, broken files, any input: nothing gets through or is left behind."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from moltarium.sim.record import sources, unfold
from moltarium.sim.record.coverage import coverage_of
from moltarium.sim.record.errors import ImportFailure, MoltariumError
from moltarium.sim.record.moltbook import import_snapshot
from moltarium.sim.record.schema import (
    Post,
    Quarantine,
)
from moltarium.sim.record.store import RunReader
from tests.record.crawled import Accounted, Import, T, comment, lines, post, reasons


def test_owners_have_no_way_in(imported: Import, tmp_path: Path) -> None:
    owner = {"owner_x_handle": "CANARY-1", "owner": {"x_name": "CANARY-2"}, "email": "CANARY-3@example.org"}
    files: dict[str, str | bytes] = {
        "agents.jsonl": lines([{"id": "a", "name": "Ann", **owner}, {"karma": 1, **owner}])
        + str(owner)
        + "\n",
        "posts.jsonl": lines(
            [
                post("p", author={"id": "a", "name": "Ann", **owner}),
                post("q", created_at=0.5e99, author=owner),
            ]
        ),
    }
    reader = imported(files)
    assert reader.count(Quarantine) == 3
    assert b"CANARY" not in (tmp_path / "record" / "record.sqlite").read_bytes()


def test_text_comes_through_as_it_was(imported: Import) -> None:
    text = "lone \ud800, NUL \x00, bidi \u202e, 🦞, <script>, '; DROP TABLE post; --"
    reader = imported(
        {"posts.jsonl": lines([post(text, title=text, content=text, author=text, submolt=text)])}
    )
    found = next(reader.rows(Post))
    assert (found.post_id, found.title, found.body, found.author, found.community) == (text,) * 5


def test_links_and_strangers_are_passed_over(imported: Import, source: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_text(lines([post("secret")]))
    (source / "posts_2.jsonl").symlink_to(tmp_path / "secret.jsonl")
    (source / "linked").symlink_to(tmp_path)
    reader = imported({"posts.jsonl": lines([post("p")]), "x.zip": b"PK\x03\x04", "README.md": "hello"})
    assert [row.post_id for row in reader.rows(Post)] == ["p"]
    notes = " ".join(coverage_of(reader.run).notes)
    assert all(name in notes for name in ("posts_2.jsonl", "linked", "x.zip", "README.md"))


def test_a_long_line_and_deep_nesting_cost_one_row(imported: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moltarium.sim.record.intake.MAX_PIECE", 1000)
    deep = "[" * 100_000 + "]" * 100_000
    surrogate = '{"x": "\\ud800", "y": ' + "[" * 100_000
    content = (
        lines([post("p")])
        + deep
        + "\n"
        + surrogate
        + "\n"
        + lines([post("q", content="x" * 5000), post("r")])
    )
    reader = imported({"posts.jsonl": content})
    assert [row.post_id for row in reader.rows(Post)] == ["p", "r"]
    assert set(reasons(reader)) == {"posts.jsonl:2", "posts.jsonl:3", "posts.jsonl:4"}
    for text in (deep, surrogate):
        with pytest.raises(ValueError, match=r"."):
            unfold.parse(text.encode())


CAPPED = """
import resource, sys
from pathlib import Path
from moltarium.sim.record.moltbook import import_snapshot
pages = int(Path("/proc/self/statm").read_text().split()[0])
room = pages * resource.getpagesize() + 128 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (room, room))
report = import_snapshot(Path(sys.argv[1]), Path(sys.argv[2]))
print(report.quarantined)
"""


def test_a_line_of_half_a_gigabyte_needs_no_memory(tmp_path: Path) -> None:
    """The limits at their real size: the process may use 128 MiB more than it does before it reads."""
    (tmp_path / "source").mkdir()
    with (tmp_path / "source" / "posts.jsonl").open("wb") as file:
        file.write(lines([post("first")]).encode())
        file.seek(2**29, os.SEEK_CUR)  # a hole: it is read as zeros, and takes no room on the disk
        file.write(b"\n" + lines([post("second")]).encode())
    command = [sys.executable, "-c", CAPPED, str(tmp_path / "source"), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1"
    with RunReader(tmp_path / "out") as record:
        assert [row.post_id for row in record.rows(Post)] == ["first", "second"]
        assert [row.place for row in record.rows(Quarantine)] == ["posts.jsonl:2"]


def test_what_a_snapshot_says_of_itself_needs_no_memory_either(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "posts.jsonl").write_text(lines([post("first")]))
    with (source / "snapshot.json").open("wb") as file:
        file.truncate(2**29)  # a hole, as above
    command = [sys.executable, "-c", CAPPED, str(source), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "snapshot.json:1:1: is not JSON" in done.stderr
    assert "MemoryError" not in done.stderr
    assert not (tmp_path / "out").exists()


PACKED = gzip.compress(
    lines(post(f"p{i}", content=os.urandom(60).hex()) for i in range(200)).encode(), mtime=0
)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no MoltBook data"),
        ({"dump.zip": b"PK\x03\x04"}, "no MoltBook data"),
        ({"posts.parquet": b"PAR1"}, "convert parquet"),
        ({"posts.jsonl.gz": PACKED[: len(PACKED) // 2]}, "posts.jsonl.gz: the gzip file is cut off"),
        ({"posts.jsonl.gz": b"not gzip"}, "cut off or damaged"),
        ({"posts.jsonl.gz": PACKED[:500] + b"\xff" * 50 + PACKED[550:]}, "cut off or damaged"),
        ({"p.json": b'{"success": true,\n "post": {'}, "p.json:2:"),
        ({"posts.jsonl": b"{nope\n{nope\n"}, "posts.jsonl:1: no line of it is JSON"),
        ({"posts.csv": b"only,words\n1,2\n"}, "posts.csv:1: the first line"),
        ({"posts.jsonl": b'{"id": 1}\n', "snapshot.json": b"{"}, "snapshot.json:1"),
        ({"posts.jsonl.gz": gzip.compress(b" " * 30_000_000, 9)}, "more than 200 times its size"),
    ],
)
def test_a_source_that_cant_be_read_leaves_nothing(
    tmp_path: Path, source: Path, files: dict[str, bytes], said: str
) -> None:
    for name, content in files.items():
        (source / name).write_bytes(content)
    with pytest.raises(ImportFailure) as failure:
        import_snapshot(source, tmp_path / "record")
    assert said in str(failure.value)
    assert failure.value.place
    assert failure.value.remedy
    assert os.listdir(tmp_path) == ["source"]


def test_missing_source_and_occupied_destination(tmp_path: Path, source: Path) -> None:
    with pytest.raises(ImportFailure, match="no such"):
        import_snapshot(tmp_path / "none", tmp_path / "record")
    (source / "posts.jsonl").write_text(lines([post("p")]))
    (tmp_path / "record").mkdir()
    (tmp_path / "record" / "mine").touch()
    with pytest.raises(ImportFailure, match="already"):
        import_snapshot(source, tmp_path / "record")
    assert os.listdir(tmp_path / "record") == ["mine"]
    report = import_snapshot(source / "posts.jsonl", tmp_path / "other")
    assert report.posts == 1


def test_an_unreadable_folder_is_named(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source / "inner").mkdir()
    (source / "posts.jsonl").write_text(lines([post("p")]))
    if os.geteuid() == 0:
        # Root may read everything: take the depth limit's place and a vanished folder instead of permissions.
        monkeypatch.setattr(sources, "MAX_DEPTH", 0)
        import_snapshot(source, tmp_path / "record")
        with RunReader(tmp_path / "record") as reader:
            assert any("inner: too deep" in note for note in coverage_of(reader.run).notes)
    else:
        (source / "inner").chmod(0)
        with pytest.raises(ImportFailure, match="inner"):
            import_snapshot(source, tmp_path / "record")
        (source / "inner").chmod(0o700)


_SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([T, "p", "c"])
)
_NAMES = """
    id post_id parent_id author author_id name submolt content title created_at fetched_at upvotes score karma
    replies comments post posts depth success
"""
_KEYS = st.sampled_from(_NAMES.split())
_VALUE = st.recursive(
    _SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=6),
    max_leaves=12,
)
_GOOD = st.builds(
    comment,
    st.sampled_from("abcdef"),
    parent_id=st.none() | st.sampled_from("abcdefp"),
    on=st.sampled_from("pq"),
    created_at=st.sampled_from([T, "2026-01-29", "2027-01-01T00:00:00Z"]),
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    documents=st.lists(_VALUE | _GOOD | st.dictionaries(_KEYS, _VALUE, max_size=8), max_size=8),
    name=st.sampled_from(["posts", "comments", "agents", "submolts", "follows", "dump"]),
    shape=st.sampled_from(["jsonl", "json", "csv"]),
    junk=st.binary(max_size=20),
)
@example(documents=[[{"comments": [{"replies": [{}]}]}]], name="posts", shape="json", junk=b"")
def test_any_input_is_accounted_for_or_refused(
    accounted: Accounted, documents: list[Any], name: str, shape: str, junk: bytes
) -> None:
    with TemporaryDirectory() as folder:
        source, out = Path(folder) / "source", Path(folder) / "record"
        source.mkdir()
        texts = {
            "jsonl": lines(documents),
            "json": json.dumps(documents),
            "csv": "id,post_id,parent_id,name,content,created_at\n" + lines(documents),
        }
        (source / f"{name}.{shape}").write_bytes(texts[shape].encode() + (b"" if shape == "json" else junk))
        (source / "posts.json").write_text(json.dumps([post("p")]))
        try:
            report = import_snapshot(source, out)
        except MoltariumError:
            assert os.listdir(folder) == ["source"]
        else:
            with RunReader(out) as reader:
                accounted(report, reader)


@pytest.mark.parametrize("space", ["\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\xa0", "\u2003"])
def test_a_time_may_stand_in_any_white_space(imported: Import, space: str) -> None:
    """Found by the fuzzer: what strips a text and what reads a number differ on what white space is."""
    reader = imported({"posts.jsonl": lines([post("p", created_at=f"1769760000{space}")])})
    (found,) = reader.rows(Post)
    assert found.t == 1_769_760_000_000_000
