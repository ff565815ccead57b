"""A society, end to end on real parts: what holds for every run."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from moltarium.agents.reader import load_reader
from moltarium.scenarios.load import load
from moltarium.scenarios.recorded import run_row
from moltarium.scenarios.run import Progress, resume_run, start_run
from moltarium.scenarios.spec import ClockSpec, GroupSpec, PopulationSpec, Scenario, ScheduleSpec
from moltarium.scenarios.world import build_world
from moltarium.sim.llm.replies import ReplyStore
from moltarium.sim.record.errors import ModelError, RecordError
from moltarium.sim.record.schema import Comment, Emotion, Impression, LlmCall, Persona, Post, Rejection, Vote
from moltarium.sim.record.store import RunReader
from moltarium.sim.record.writer import RunWriter
from moltarium.sim.restore import restore
from moltarium.sim.society import Resident, Society
from tests.llm.stub_server import stub_server
from tests.scenarios.asking import ASKING, quiet

CROWD = """\
name = "crowd"
seed = 5
[clock]
tick = "30m"
steps = 16
[schedule]
heartbeat = "2h"
arrivals = "linear"
[population]
size = 30
[[population.groups]]
mind = "surrogate"
share = 0.8
[[population.groups]]
mind = "random"
share = 0.2
[emotion]
dynamics = "second"
"""


def scenario_file(folder: Path, text: str) -> Path:
    path = folder / "scenario.toml"
    path.write_text(text)
    return path


@pytest.fixture
def crowd(tmp_path: Path) -> str:
    return str(scenario_file(tmp_path, CROWD))


@pytest.fixture
def asking(tmp_path: Path) -> str:
    return str(scenario_file(tmp_path, ASKING))


def test_same_seed_same_digest(crowd: str, tmp_path: Path) -> None:
    first = start_run(load(crowd), tmp_path / "a", watch=quiet)
    again = start_run(load(crowd), tmp_path / "b", watch=quiet)
    other = start_run(load(crowd, ["seed=6"]), tmp_path / "c", watch=quiet)
    assert first.digest == again.digest != other.digest
    assert first.actions > 50


def test_the_record_hangs_together(crowd: str, tmp_path: Path) -> None:
    start_run(load(crowd), tmp_path / "run", watch=quiet)
    with RunReader(tmp_path / "run") as record:
        posts = {row.post_id for row in record.rows(Post)}
        comments = {row.comment_id for row in record.rows(Comment)}
        born = {row.agent: row.seq for row in record.rows(Persona)}
        assert posts
        assert comments
        assert all(row.post_id in posts for row in record.rows(Comment))
        assert all(row.parent is None or row.parent in comments for row in record.rows(Comment))
        assert all(row.target in posts | comments for row in record.rows(Impression))
        assert all(born[row.agent] < row.seq for row in record.rows(Emotion))
        assert all(row.value in {-1, 0, 1} for row in record.rows(Vote))
        texts = [(row.seq, row.t) for row in record.rows(Post)]
        texts += [(row.seq, row.t) for row in record.rows(Comment)]
        stamps = sorted(texts + [(row.seq, row.t) for row in record.rows(Vote)])
        assert [t for _, t in stamps] == sorted(t for _, t in stamps)
        moods = list(record.rows(Emotion))
        assert all(-1 <= x <= 1 for row in moods for x in (row.v, row.a, row.d))
        assert any(row.cause for row in moods)


def test_a_refusal_is_recorded_and_told_once(tmp_path: Path) -> None:
    script = json.dumps([{"step": 1, "act": "CastVote", "target": "nothing", "value": 1}])
    scenario = Scenario(
        name="told",
        clock=ClockSpec(tick=timedelta(hours=1), steps=3),
        schedule=ScheduleSpec(heartbeat=timedelta(hours=1), jitter=0.0, heavy_tailed=False),
        population=PopulationSpec(
            size=1, groups=(GroupSpec(mind="scripted", count=1, parameters={"script": script}),)
        ),
    )
    world = build_world(scenario)
    told: list[list[str]] = []
    with RunWriter.create(tmp_path / "run", run_row(scenario, world)) as writer:
        society = Society(world.setting, writer, load_reader())
        society.open()
        for _ in range(3):
            society.step()
            told.append([refusal.category for refusal in society.pasts[0].refusals])
    assert told == [["unknown_target"], [], []]
    with RunReader(tmp_path / "run") as record:
        [row] = record.rows(Rejection)
        assert (row.step, row.category) == (1, "unknown_target")


@pytest.mark.parametrize("cut", [0, 1, 7, 15])
def test_restoring_anywhere_changes_nothing(crowd: str, tmp_path: Path, cut: int) -> None:
    scenario = load(crowd)
    whole = start_run(scenario, tmp_path / "whole", watch=quiet)
    world = build_world(scenario)
    with RunWriter.create(tmp_path / "cut", run_row(scenario, world)) as writer:
        society = Society(world.setting, writer, load_reader())
        society.open()
        for _ in range(cut):
            society.step()
    with RunWriter.resume(tmp_path / "cut") as writer:
        again = Society(build_world(scenario).setting, writer, load_reader())
        with RunReader(tmp_path / "cut") as log:
            restore(again, log)
        assert again.total == society.total
        assert {a: vars_of(p) for a, p in again.pasts.items()} == {
            a: vars_of(p) for a, p in society.pasts.items()
        }
        for _ in range(scenario.clock.steps - cut):
            again.step()
    with RunReader(tmp_path / "cut") as log:
        assert log.digest() == whole.digest


def vars_of(past: object) -> tuple[object, ...]:
    """What a past amounts to; how far it had noticed is compared through what follows from it."""
    return tuple(getattr(past, name) for name in ("karma", "turns", "step", "refusals"))


def test_concurrency_and_latency_change_nothing(asking: str, tmp_path: Path) -> None:
    digests = set()
    calls = set()
    for concurrency in (1, 16, 64):
        with stub_server(latency=(0.0, 0.02)) as server:
            scenario = load(
                asking,
                [f"models.default.base_url={server.base_url}", f"models.default.concurrency={concurrency}"],
            )
            result = start_run(scenario, tmp_path / str(concurrency), watch=quiet)
            digests.add(result.digest)
            calls.add(result.llm_calls)
    assert len(digests) == 1
    assert len(calls) == 1
    assert calls.pop() > 20


def test_replay_asks_no_model(asking: str, tmp_path: Path) -> None:
    with stub_server() as server:
        scenario = load(asking, [f"models.default.base_url={server.base_url}"])
        first = start_run(scenario, tmp_path / "first", watch=quiet)
    again = start_run(scenario, tmp_path / "again", watch=quiet, replay=tmp_path / "first")
    assert again.digest == first.digest
    with ReplyStore(tmp_path / "again" / "replies.sqlite") as replies:
        assert replies.count() == 0


def test_an_outage_commits_nothing_and_can_be_resumed(asking: str, tmp_path: Path) -> None:
    with stub_server() as server:
        whole = start_run(
            load(asking, [f"models.default.base_url={server.base_url}"]), tmp_path / "whole", watch=quiet
        )

    class Enough(Exception):
        pass

    def stop_at_three(now: Progress) -> None:
        if now.step == 3:
            raise Enough

    with stub_server() as server:
        scenario = load(asking, [f"models.default.base_url={server.base_url}", "models.default.retries=0"])
        with pytest.raises(Enough):
            start_run(scenario, tmp_path / "run", watch=stop_at_three)
    with pytest.raises(ModelError):
        resume_run(tmp_path / "run", watch=quiet)
    with RunReader(tmp_path / "run") as record:
        assert record.last_step() == 3
    with stub_server() as server:
        models = {"default": scenario.models["default"].model_copy(update={"base_url": server.base_url})}
        assert resume_run(tmp_path / "run", watch=quiet, models=models).digest == whole.digest


def test_nothing_of_a_finished_society_stays_in_memory(crowd: str, tmp_path: Path) -> None:
    """Who runs a hundred seeds in one notebook must not hold a hundred societies."""
    before = societies()
    start_run(load(crowd), tmp_path / "run", watch=quiet)
    assert societies() <= before


def societies() -> int:
    """Return how many societies and accounts there are in memory."""
    gc.collect()
    # Not isinstance: it asks a dead proxy of another test for its class.
    return sum(issubclass(type(each), Society | Resident) for each in gc.get_objects())


def test_a_record_is_not_written_over(crowd: str, tmp_path: Path) -> None:
    start_run(load(crowd, ["clock.steps=2"]), tmp_path / "run", watch=quiet)
    with pytest.raises(RecordError, match="holds a record already"):
        start_run(load(crowd), tmp_path / "run", watch=quiet)


@pytest.mark.parametrize("patience", [0.05, 0.4, 0.9])
def test_kill_and_resume(asking: str, tmp_path: Path, patience: float) -> None:
    """SIGKILL a real process at some moment: resumed, it is the whole run, and no reply is asked twice."""
    with stub_server(latency=0.01) as server:
        settings = [f"models.default.base_url={server.base_url}"]
        whole = start_run(load(asking, settings), tmp_path / "whole", watch=quiet)
        command = [sys.executable, "-m", "moltarium.scenarios", "run", asking, "--out", str(tmp_path / "run")]
        process = subprocess.Popen([*command, "--set", settings[0]], stderr=subprocess.DEVNULL)
        record = tmp_path / "run" / "replies.sqlite"
        while not record.exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(patience)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with ReplyStore(record) as replies:
            paid = replies.count()
        assert resume_run(tmp_path / "run", watch=quiet).digest == whole.digest
    with ReplyStore(record) as replies, ReplyStore(tmp_path / "whole" / "replies.sqlite") as all_replies:
        assert paid <= replies.count() == all_replies.count()
    with RunReader(tmp_path / "run") as reader:
        assert reader.count(LlmCall) == whole.llm_calls
