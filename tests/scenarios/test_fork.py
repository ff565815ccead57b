"""An edited scenario is refused with its keys, or goes on as a fork that shares the past."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from moltarium.scenarios.cli import app
from moltarium.scenarios.fork import edited, fork_run
from moltarium.scenarios.load import load
from moltarium.scenarios.recorded import recorded_scenario
from moltarium.scenarios.run import resume_run, start_run
from moltarium.sim.record.errors import CeilingReached, RecordError, ScenarioError, SchemaMismatch
from moltarium.sim.record.migrate import migrate
from moltarium.sim.record.schema import SCHEMA_VERSION, Comment, Intervention, LlmCall, Post, Vote
from moltarium.sim.record.store import RunReader
from tests.llm.stub_server import stub_server
from tests.scenarios.asking import ASKING, quiet

CROWD = """\
name = "crowd"
seed = 5
[clock]
tick = "30m"
steps = 6
[schedule]
heartbeat = "1h"
[population]
size = 12
[[population.groups]]
mind = "surrogate"
share = 1.0
"""


@pytest.fixture
def crowd(tmp_path: Path) -> str:
    path = tmp_path / "crowd.toml"
    path.write_text(CROWD)
    return str(path)


@pytest.fixture
def run(crowd: str, tmp_path: Path) -> Path:
    start_run(load(crowd), tmp_path / "run", watch=quiet)
    return tmp_path / "run"


def test_only_meaning_counts_as_an_edit(crowd: str) -> None:
    same = load(
        crowd, ["ceilings.max_tokens=5", "engine.checkpoint_every=7", "prices.x.input=1", "prices.x.output=1"]
    )
    assert edited(load(crowd), same) == []
    other = load(crowd, ["clock.steps=9", "population.groups.0.mind='random'"])
    assert edited(load(crowd), other) == [
        "clock.steps: 6 → 9",
        'population.groups.0.mind: "surrogate" → "random"',
    ]


def test_an_edited_scenario_is_refused_with_its_keys(crowd: str, run: Path) -> None:
    said = CliRunner().invoke(app, ["resume", str(run), "--scenario", crowd, "--set", "clock.steps=9"])
    assert isinstance(said.exception, ScenarioError)
    assert "clock.steps: 6 → 9" in said.exception.what
    assert "--fork" in said.exception.remedy
    with RunReader(run) as record:
        assert record.last_step() == 6


def test_another_model_is_another_run(tmp_path: Path) -> None:
    """Who answers decides what comes out: the record must not name one model and hold another's words."""
    asking, out = tmp_path / "asking.toml", tmp_path / "run"
    asking.write_text(ASKING)
    with stub_server(models=("stub", "other")) as server:
        where = [f"models.default.base_url={server.base_url}", "ceilings.max_tokens=4000"]
        with pytest.raises(CeilingReached):
            start_run(load(str(asking), where), out, watch=quiet)
        asked, more = server.requests, ["--max-tokens", "1000000000", "--json"]
        said = CliRunner().invoke(app, ["resume", str(out), "--model", "other", *more])
        assert isinstance(said.exception, ScenarioError)
        assert 'models.default: "stub" → "other"' in said.exception.what
        assert "--fork" in said.exception.remedy
        assert server.requests == asked
        fork = tmp_path / "fork"
        done = CliRunner().invoke(app, ["resume", str(out), "--model", "other", "--fork", str(fork), *more])
        assert done.exit_code == 0, done.output
        same = CliRunner().invoke(app, ["resume", str(out), "--model", "stub", *more])
        assert same.exit_code == 0, same.output
    with RunReader(fork) as record, RunReader(out) as source:
        assert "other" in {call.model for call in record.rows(LlmCall)}
        assert {call.model for call in source.rows(LlmCall)} == {"stub"}
        assert recorded_scenario(record.run).models["default"].model == "other"


def test_a_fork_shares_the_past_and_goes_on_by_the_edit(crowd: str, run: Path, tmp_path: Path) -> None:
    with RunReader(run) as record:
        parent = record.digest()
        past = {table: list(record.rows(table)) for table in (Post, Comment, Vote)}
    edit = ["clock.steps=9", "population.groups.0.mind='random'"]
    fork_run(run, tmp_path / "fork", load(crowd, edit))
    result = resume_run(tmp_path / "fork", watch=quiet)
    assert result.steps == 9
    with RunReader(tmp_path / "fork") as record, RunReader(run) as source:
        assert source.digest() == parent, "the parent is as it was"
        for table, rows in past.items():
            assert list(record.rows(table))[: len(rows)] == rows
        assert record.last_step() == 9
        assert record.run.run_id != source.run.run_id
        assert "forked from" in record.run.coverage
        [note] = record.rows(Intervention)
        facts = json.loads(note.parameters)
        assert (facts["digest"], facts["step"]) == (parent, 6)
        assert "clock.steps: 6 → 9" in facts["changes"]
        lived = [row.step for row in record.rows(Vote)]
        assert max(step for step in lived if step is not None) > 6


def test_a_fork_without_an_edit_is_the_longer_run(crowd: str, run: Path, tmp_path: Path) -> None:
    whole = start_run(load(crowd, ["clock.steps=9"]), tmp_path / "whole", watch=quiet)
    fork_run(run, tmp_path / "fork", load(crowd, ["clock.steps=9"]))
    resume_run(tmp_path / "fork", watch=quiet)
    with RunReader(tmp_path / "whole") as long, RunReader(tmp_path / "fork") as fork:
        assert long.digest() == whole.digest
        # Ids count rows, and the fork's note is a row.
        texts = [[row[1:3] + row[4:] for row in record.rows(Post)] for record in (long, fork)]
        assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ("seed=6", "who lives there already"),
        ("schedule.heartbeat='2h'", "who arrived or woke"),
        ("schedule.arrivals='linear'", "who arrived or woke"),
        ("clock.tick='1h'", "the clock"),
        ("platform.communities.more='More.'", "began with"),
    ],
)
def test_an_edit_of_the_past_is_refused(crowd: str, run: Path, tmp_path: Path, edit: str, words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        fork_run(run, tmp_path / "fork", load(crowd, [edit]))
    assert not (tmp_path / "fork").exists()


def test_a_fork_never_overwrites(crowd: str, run: Path) -> None:
    with pytest.raises(RecordError, match="holds a record already"):
        fork_run(run, run.parent / "run", load(crowd, ["clock.steps=9"]))


def age(run: Path, version: int) -> None:
    """Make a record look like one of an older version, which lacked telemetry's detail."""
    with closing(sqlite3.connect(run / "record.sqlite")) as database, database:
        database.execute("ALTER TABLE telemetry DROP COLUMN detail")
        database.execute(f"PRAGMA user_version = {version}")
        database.execute("UPDATE run SET schema_version = ?", (version,))
    (run / "record.sqlite.seal").unlink()


def with_detail(database: sqlite3.Connection) -> None:
    database.execute("ALTER TABLE telemetry ADD COLUMN detail TEXT NOT NULL DEFAULT ''")


def test_an_older_record_is_migrated_with_a_backup(run: Path) -> None:
    with RunReader(run) as record:
        digest, columns = record.digest(), record.run
    age(run, SCHEMA_VERSION - 1)
    with pytest.raises(SchemaMismatch), RunReader(run):
        pass
    before = (run / "record.sqlite").read_bytes()
    backup = migrate(run, {SCHEMA_VERSION - 1: with_detail})
    assert backup is not None
    with closing(sqlite3.connect(backup)) as old, closing(sqlite3.connect(":memory:")) as same:
        same.deserialize(before)
        assert list(old.iterdump()) == list(same.iterdump())
    with RunReader(run) as record:
        assert record.digest() == digest
        assert record.run == columns
    assert migrate(run) is None


def test_a_record_without_a_way_is_refused_and_left_alone(run: Path) -> None:
    age(run, SCHEMA_VERSION - 1)
    before = (run / "record.sqlite").read_bytes()
    with pytest.raises(SchemaMismatch, match="no way leads"):
        migrate(run)
    assert (run / "record.sqlite").read_bytes() == before


def test_a_migration_that_fails_changes_nothing(run: Path) -> None:
    age(run, SCHEMA_VERSION - 1)

    def half(database: sqlite3.Connection) -> None:
        database.execute("DELETE FROM post")
        database.execute("ALTER TABLE nothing ADD COLUMN x")

    with closing(sqlite3.connect(run / "record.sqlite")) as database:
        before = list(database.iterdump())
    with pytest.raises(RecordError):
        migrate(run, {SCHEMA_VERSION - 1: half})
    with closing(sqlite3.connect(run / "record.sqlite")) as database:
        assert list(database.iterdump()) == before


def test_a_scenario_from_another_version_is_refused(run: Path) -> None:
    with RunReader(run) as record:
        known = record.run
    assert known.scenario is not None
    strange = known._replace(scenario=known.scenario.replace('"clock"', '"sundial"'))
    with pytest.raises(RecordError, match="another version: sundial"):
        recorded_scenario(strange)
