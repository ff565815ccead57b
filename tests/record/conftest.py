"""Runs and rows that the record's tests share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.layout import Column, columns
from moltarium.sim.record.moltbook import ImportReport, import_snapshot
from moltarium.sim.record.order import in_order
from moltarium.sim.record.schema import (
    EVENTS,
    LATENT,
    SCHEMA_VERSION,
    TABLE_OF,
    Agent,
    Comment,
    Community,
    Follow,
    Post,
    Profile,
    Quarantine,
    Row,
    Run,
    Score,
)
from moltarium.sim.record.store import RunReader

_INT64 = st.integers(-(2**63), 2**63 - 1)
_ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20) | st.sampled_from(
    [
        "\ud800",
        "a\udfffb",
        "NUL \x00 inside",
        "\u202egnp.exe\u2066",
        "🦞👩‍👩‍👧",
        "=cmd|' /C calc'!A0",
        "\r\n\u2028",
    ]
)
_VALUE: dict[type, st.SearchStrategy[Any]] = {
    str: _ANY_TEXT,
    int: _INT64,
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
}


def _field(column: Column) -> st.SearchStrategy[Any]:
    value = _VALUE[column.kind]
    return st.none() | value if column.optional else value


def _rows(table: type[Row]) -> st.SearchStrategy[list[Any]]:
    fields = columns(table)
    one: st.SearchStrategy[Any] = st.tuples(*map(_field, fields)).map(lambda values: table(*values))
    ids = [f.name for f in fields if f.name in ("seq", "sha", f"{TABLE_OF[table]}_id")]
    unique = tuple((lambda row, name=name: getattr(row, name)) for name in ids)
    return st.lists(one, max_size=4, unique_by=unique or None)


@pytest.fixture(scope="session")
def any_rows() -> Callable[[type[Row]], st.SearchStrategy[list[Any]]]:
    """Return the strategy of lists of rows of one type that a record may hold: any text, any number."""
    return _rows


def _simulated(**changes: Any) -> Run:
    run = Run(
        run_id="planted-7",
        kind="simulated",
        title="A planted world",
        schema_version=SCHEMA_VERSION,
        scenario='{"name":"planted"}',
        scenario_sha256="0" * 64,
        seed=7,
        source_sha256=None,
        coverage=Coverage().json(),
        code_version="0.1.0",
        captured_at=None,
        transport="{}",
    )
    return run._replace(**changes)


@pytest.fixture(scope="session")
def simulated() -> Callable[..., Run]:
    """Return a maker of a simulated run's row; keywords replace its fields."""
    return _simulated


@pytest.fixture(scope="session")
def observed() -> Callable[..., Run]:
    """Return a maker of a snapshot's row in which no latent table is known."""
    unknown = Coverage(missing=frozenset(TABLE_OF[table] for table in LATENT))

    def make(**changes: Any) -> Run:
        bare = {"kind": "observed", "scenario": None, "scenario_sha256": None, "seed": None}
        return _simulated(**{**bare, "coverage": unknown.json(), **changes})

    return make


def _accounted(report: ImportReport, reader: RunReader) -> None:
    """Nothing is lost, and folding the events in order never meets what is not there yet."""
    assert report.in_ == report.kept + report.quarantined
    assert report.quarantined == reader.count(Quarantine)
    assert (report.posts, report.comments) == (reader.count(Post), reader.count(Comment))
    assert (report.agents, report.communities) == (reader.count(Agent), reader.count(Community))
    assert not any(reader.has(table) for table in LATENT)
    people, places, posts, comments = set[str](), set[str](), set[str](), set[str]()
    all_posts = {row.post_id for row in reader.rows(Post)}
    all_comments = {row.comment_id for row in reader.rows(Comment)}
    for seq, row in enumerate(in_order(reader, *EVENTS, Score, Profile, Quarantine)):
        assert row.seq == seq
        if isinstance(row, Agent):
            people.add(row.agent_id)
        elif isinstance(row, Community):
            assert row.creator is None or row.creator in people
            places.add(row.community_id)
        elif isinstance(row, Post):
            assert row.author is None or row.author in people
            assert row.community in places
            posts.add(row.post_id)
        elif isinstance(row, Comment):
            assert row.author is None or row.author in people
            assert row.post_id in posts or row.post_id not in all_posts
            assert row.parent is None or row.parent in comments or row.parent not in all_comments
            comments.add(row.comment_id)
        elif isinstance(row, Follow):
            assert {row.source, row.target} <= people
        elif isinstance(row, Score):
            assert row.target in posts or row.target in comments
        elif isinstance(row, Profile):
            assert row.agent in people


@pytest.fixture(scope="session")
def accounted() -> Callable[[ImportReport, RunReader], None]:
    """Return the check that an import lost nothing and put every row after what it needs."""
    return _accounted


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def imported(tmp_path: Path, source: Path, request: pytest.FixtureRequest) -> Callable[..., RunReader]:
    """Write files into the source, import it and open the record; every row must be accounted for."""

    def go(files: dict[str, str | bytes], **window: Any) -> RunReader:
        for name, content in files.items():
            (source / name).parent.mkdir(exist_ok=True, parents=True)
            (source / name).write_bytes(content.encode() if isinstance(content, str) else content)
        out = tmp_path / "record"
        report = import_snapshot(source, out, **window)
        reader = RunReader(out)
        request.addfinalizer(reader.close)
        _accounted(report, reader)
        assert sorted(os.listdir(out)) == ["record.sqlite", "record.sqlite.seal"]
        return reader

    return go
