"""Runs on real processes: stopped, steered, bounded, forked; saved in every case."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from plotly.utils import PlotlyJSONEncoder  # type: ignore[import-untyped]
from typer.testing import CliRunner

from moltarium.dashboards.app import PAGES
from moltarium.dashboards.page import Lab
from moltarium.dashboards.report import write_report
from moltarium.dashboards.source import Source
from moltarium.scenarios.cli import app
from moltarium.scenarios.control import SOCKET, command
from moltarium.scenarios.load import load
from moltarium.scenarios.progress import Progress
from moltarium.scenarios.run import resume_run, start_run
from moltarium.scenarios.spec import CeilingsSpec
from moltarium.sim.llm.replies import ReplyStore
from moltarium.sim.record.errors import CeilingReached, RecordError, ScenarioError
from moltarium.sim.record.schema import Telemetry
from moltarium.sim.record.store import RunReader
from tests.llm.stub_server import Fault, hashed_answer, stub_server
from tests.scenarios.asking import ASKING, quiet


@pytest.fixture
def asking(tmp_path: Path) -> str:
    path = tmp_path / "scenario.toml"
    path.write_text(ASKING)
    return str(path)


def start(*arguments: str, **settings: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "moltarium.scenarios", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **settings,
    )


def until(
    holds: Callable[[], bool], process: subprocess.Popen[str] | None = None, patience_s: float = 60.0
) -> None:
    end = time.monotonic() + patience_s
    while not holds():
        if process is not None:
            assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.02)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGHUP], ids=["Ctrl-C", "terminal closed"])
def test_ctrl_c_once_drains_saves_and_says_how_to_go_on(
    asking: str, tmp_path: Path, sent: signal.Signals
) -> None:
    with stub_server(latency=0.2) as server:
        where = ["--set", f"models.default.base_url={server.base_url}"]
        whole = start_run(load(asking, [where[1]]), tmp_path / "whole", watch=quiet)
        asked = server.requests
        out = tmp_path / "a run"
        process = start("run", asking, "--out", str(out), *where)
        until(lambda: server.requests >= asked + 3, process)
        process.send_signal(sent)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 3
        assert f"moltarium resume '{out}'" in said
        with ReplyStore(out / "replies.sqlite") as replies:
            assert replies.count() == server.requests - asked, "what was in flight was awaited and kept"
        assert not (out / SOCKET).exists()
        assert resume_run(out, watch=quiet).digest == whole.digest
        assert server.requests == 2 * asked, "nothing was asked twice"


def test_a_run_under_nohup_outlives_its_terminal(asking: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with stub_server(latency=0.05) as server:
        where = ["--set", f"models.default.base_url={server.base_url}"]
        process = start(
            "run", asking, "--out", str(out), *where,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
        )  # fmt: skip
        until(lambda: server.requests >= 3, process)
        process.send_signal(signal.SIGHUP)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said


def test_ctrl_c_twice_stops_at_once_and_loses_nothing(asking: str, tmp_path: Path) -> None:
    with stub_server() as server:
        whole = start_run(
            load(asking, [f"models.default.base_url={server.base_url}"]), tmp_path / "whole", watch=quiet
        )
    with stub_server(latency=30.0) as server:
        out = tmp_path / "run"
        process = start(
            "run", asking, "--out", str(out), "--set", f"models.default.base_url={server.base_url}"
        )
        until(lambda: server.requests > 0, process)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None, "the first one waits for what is in flight"
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, said = process.communicate(timeout=20)
        assert time.monotonic() - began < 10
        assert process.returncode == 130
        assert f"moltarium resume {out}" in said
        assert "Traceback" not in said
    with stub_server() as server:
        models = {"default": load(asking).models["default"].model_copy(update={"base_url": server.base_url})}
        assert resume_run(out, watch=quiet, models=models).digest == whole.digest


def test_a_second_writer_is_refused_with_the_first_ones_pid(asking: str, tmp_path: Path) -> None:
    with stub_server(latency=60.0) as server:
        out = tmp_path / "run"
        process = start(
            "run", asking, "--out", str(out), "--set", f"models.default.base_url={server.base_url}"
        )
        until(lambda: server.requests > 0, process)
        for order in (["resume", str(out)], ["run", asking, "--out", str(out)]):
            second = start(*order)
            _, said = second.communicate(timeout=60)
            assert second.returncode == 2
            assert f"process {process.pid} is writing this record" in said
        process.kill()
        process.communicate()


def test_a_ceiling_saves_says_so_and_goes_on_when_raised(asking: str, tmp_path: Path) -> None:
    with stub_server() as server:
        settings = [f"models.default.base_url={server.base_url}"]
        whole = start_run(load(asking, settings), tmp_path / "whole", watch=quiet)
        asked = server.requests
        assert whole.cost_usd is not None
        out = tmp_path / "run"
        process = start(
            "run", asking, "--out", str(out), "--set", settings[0], "--max-tokens", str(whole.tokens_in // 2)
        )
        _, said = process.communicate(timeout=60)
        assert process.returncode == 3
        assert "token ceiling" in said
        assert "--max-tokens HIGHER" in said
        with pytest.raises(CeilingReached):
            resume_run(out, watch=quiet)
        told = resume_run(out, watch=quiet, ceilings=CeilingsSpec(max_tokens=10**9))
        assert told.digest == whole.digest
        assert told.cost_usd == pytest.approx(whole.cost_usd)
        assert server.requests == 2 * asked, "nothing was paid for twice"


def test_ceilings_raised_once_stay_raised(asking: str, tmp_path: Path) -> None:
    """A later `resume` keeps what an earlier one raised, and the digest knows nothing of either."""
    out = tmp_path / "run"
    with stub_server() as server:
        settings = [f"models.default.base_url={server.base_url}"]
        whole = start_run(load(asking, settings), tmp_path / "whole", watch=quiet)
        first, second = whole.tokens_in // 4, whole.tokens_in // 2
        with pytest.raises(CeilingReached, match=f"{first:,} tokens"):
            start_run(load(asking, [*settings, f"ceilings.max_tokens={first}"]), out, watch=quiet)
        for raised in (["--max-tokens", str(second)], [], ["--scenario", asking, "--set", settings[0]]):
            said = CliRunner().invoke(app, ["resume", str(out), *raised])
            assert isinstance(said.exception, CeilingReached)
            assert f"{second:,} tokens" in str(said.exception), raised
        done = CliRunner().invoke(app, ["resume", str(out), "--max-tokens", "1000000000", "--json"])
    assert orjson.loads(done.stdout)["digest"] == whole.digest
    with RunReader(out) as record:
        told = [orjson.loads(fact.detail) for fact in record.rows(Telemetry) if fact.name == "terms"]
    assert [each["ceilings"]["max_tokens"] for each in told] == [second, 10**9]


def test_an_address_and_a_price_given_once_stay(asking: str, tmp_path: Path) -> None:
    """The server moves; whoever resumes says so once. A file that is silent about it changes nothing."""
    out, price = tmp_path / "run", "prices.stub={input = 1000.0, output = 2000.0}"
    with stub_server() as server:
        settings = [f"models.default.base_url={server.base_url}"]
        whole = start_run(load(asking, settings), tmp_path / "whole", watch=quiet)
        with pytest.raises(CeilingReached):
            start_run(
                load(asking, [*settings, f"ceilings.max_tokens={whole.tokens_in // 4}"]), out, watch=quiet
            )
    with stub_server() as moved:
        more = ["--max-tokens", str(whole.tokens_in // 2)]
        for given in (["--llm", moved.base_url, *more], [], ["--scenario", asking, "--set", settings[0]]):
            said = CliRunner().invoke(app, ["resume", str(out), *given])
            assert isinstance(said.exception, CeilingReached), (given, said.exception)
        dearer = ["--scenario", asking, "--set", settings[0], "--set", price]
        said = CliRunner().invoke(app, ["resume", str(out), *dearer])
        assert isinstance(said.exception, CeilingReached)
        done = CliRunner().invoke(app, ["resume", str(out), "--max-tokens", "1000000000", "--json"])
    told = orjson.loads(done.stdout)
    assert told["digest"] == whole.digest
    assert whole.cost_usd is not None
    assert told["cost_usd"] > 1.0 > whole.cost_usd


def test_a_cut_that_took_steps_is_stated(asking: str, tmp_path: Path) -> None:
    out, kept = tmp_path / "run", tmp_path / "kept"
    with stub_server() as server:
        scenario = load(asking, [f"models.default.base_url={server.base_url}"])

        def keep(now: Progress) -> None:
            if now.step == 5:
                shutil.copytree(out, kept, ignore=shutil.ignore_patterns("ctl.sock", "writer.lock"))

        whole = start_run(scenario, out, watch=keep)
        assert whole.warnings == ()
        # The power fails in step 8: the record's tail is gone, the log's is not.
        shutil.copy(out / "run.log", kept / "run.log")
        told = resume_run(kept, watch=quiet)
        again = resume_run(kept, watch=quiet)
    assert told.digest == whole.digest
    [warning] = told.warnings
    assert "the log tells of step 8, the record ends at step 5: 3 committed steps were lost" in warning
    assert again.warnings == told.warnings, "it is stated once, and stays stated"


def test_every_tick_is_made_safe_from_a_power_cut(asking: str, tmp_path: Path) -> None:
    """What a copy without its write-ahead logs holds is what had been forced to the disk."""
    with stub_server() as server:
        where = f"models.default.base_url={server.base_url}"
        for every, held in ((1, [1, 2, 3, 4, 5, 6, 7]), (3, [None, None, 3, 3, 3, 6, 6])):
            out = tmp_path / f"run-{every}"
            safe: list[int | None] = []

            def cut(now: Progress, out: Path = out, safe: list[int | None] = safe) -> None:
                if now.step < now.steps:
                    copy = out.with_name(f"{out.name}-{now.step}")
                    copy.mkdir()
                    shutil.copy(out / "record.sqlite", copy)
                    with RunReader(copy) as record:
                        safe.append(record.last_step())

            start_run(load(asking, [where, f"engine.checkpoint_every={every}"]), out, watch=cut)
            assert safe == held


def test_a_dollar_ceiling_needs_a_price(asking: str, tmp_path: Path) -> None:
    elsewhere = ["models.default.base_url=https://api.invalid/v1", "models.default.model=nameless"]
    scenario = load(asking, [*elsewhere, "ceilings.budget_usd=5.0"])
    with pytest.raises(ScenarioError, match="price of 'nameless' is not known"):
        start_run(scenario, tmp_path / "run", watch=quiet, replay=tmp_path / "other")
    assert not (tmp_path / "run").exists()


def test_a_resumed_run_says_from_the_start_where_it_stands(asking: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with stub_server() as server:
        whole = start_run(load(asking, [f"models.default.base_url={server.base_url}"]), out, watch=quiet)
        resume_run(out, watch=quiet)
    done = json.loads((out / "run.log").read_text().splitlines()[-1])
    assert (done["event"], done["step"], done["actions"]) == ("done", 8, whole.actions)


def test_a_detached_run_is_steered_through_its_socket(asking: str, tmp_path: Path) -> None:
    with stub_server(latency=0.05) as server:
        out = tmp_path / "run"
        where = ["--set", f"models.default.base_url={server.base_url}", "--set", "clock.steps=400"]
        parent = start("run", asking, "--out", str(out), *where, "--detach")
        _, said = parent.communicate(timeout=60)
        assert parent.returncode == 0, said
        status = command(out, {"do": "status"})
        assert f"process {status['pid']} runs it" in said
        assert (out / SOCKET).stat().st_mode & 0o777 == 0o600
        try:
            assert command(out, {"do": "pause"})["state"] in {"pausing", "paused"}
            until(lambda: command(out, {"do": "status"})["state"] == "paused")
            paused = command(out, {"do": "status"})
            requests = server.requests
            time.sleep(0.5)
            assert command(out, {"do": "status"})["step"] == paused["step"]
            assert server.requests == requests
            assert command(out, {"do": "set", "concurrency": 2})["state"] == "paused"
            server.most_in_flight = 0
            assert command(out, {"do": "resume"})["state"] == "running"
            time.sleep(1.0)
            assert 0 < server.most_in_flight <= 2
            assert command(out, {"do": "stop"})["state"] == "stopping"
            gone = time.monotonic() + 30
            while (out / "writer.lock").exists():
                assert time.monotonic() < gone
                time.sleep(0.05)
        finally:
            if (out / "writer.lock").exists():
                os.kill(status["pid"], signal.SIGKILL)
    with pytest.raises(RecordError, match="no run is under way"):
        command(out, {"do": "status"})
    events = [json.loads(line) for line in (out / "run.log").read_text().splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["began", "stopped"]
    assert {event["event"] for event in events[1:-1]} == {"tick"}


def test_orders_meet_a_long_tick_as_they_should(asking: str, tmp_path: Path) -> None:
    """More calls at once are let go in the midst of it; a pause says that it is still to come."""
    with stub_server(latency=1.0) as server:
        out = tmp_path / "run"
        where = ["--set", f"models.default.base_url={server.base_url}", "--set", "population.size=60"]
        groups = ["--set", "population.groups.0.count=30", "--set", "models.default.concurrency=1"]
        process = start("run", asking, "--out", str(out), *where, *groups)
        until(lambda: server.requests > 1, process)
        assert server.most_in_flight == 1
        assert command(out, {"do": "pause"})["state"] == "pausing"
        step = command(out, {"do": "set", "concurrency": 12})["step"]
        until(lambda: server.most_in_flight > 8, process)
        assert command(out, {"do": "status"})["step"] == step
        until(lambda: command(out, {"do": "status"})["state"] == "paused", process)
        assert command(out, {"do": "stop"})["state"] == "stopping"
        _, said = process.communicate(timeout=30)
        assert process.returncode == 3, said


def test_an_unwritable_folder_fails_before_the_first_call(asking: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with stub_server(models=()) as server:
        scenario = load(asking, [f"models.default.base_url={server.base_url}"])
        with pytest.raises(RecordError, match="can't be made"):
            start_run(scenario, tmp_path / "file" / "run", watch=quiet)
        assert server.requests == 0


def test_a_full_disk_stops_the_run_and_room_lets_it_go_on(asking: str, tmp_path: Path) -> None:
    with stub_server() as server:
        settings = [f"models.default.base_url={server.base_url}"]
        whole = start_run(load(asking, settings), tmp_path / "whole", watch=quiet)
        out = tmp_path / "run"

        def small_disk() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, 250_000))

        process = start("run", asking, "--out", str(out), "--set", settings[0], preexec_fn=small_disk)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "Traceback" not in said
        assert "moltarium resume" in said
        with RunReader(out) as record:
            record.verify()
        assert resume_run(out, watch=quiet).digest == whole.digest


def test_a_changed_model_is_warned_of(asking: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    old = load(asking).models["default"]
    with stub_server() as server:
        scenario = load(asking, [f"models.default.base_url={server.base_url}", "ceilings.max_tokens=9000"])
        with pytest.raises(CeilingReached):
            start_run(scenario, out, watch=quiet)
    with stub_server(script=lambda body, before: fingerprinted(body, "fp_new")) as server:
        here = old.model_copy(update={"base_url": server.base_url})
        result = resume_run(out, watch=quiet, models={"default": here}, ceilings=CeilingsSpec())
    [warning] = result.warnings
    assert "fp_new" in warning
    assert any("model changed" in line for line in (out / "run.log").read_text().splitlines())
    for form in ([], ["--json"]):
        said = CliRunner().invoke(app, ["measure", str(out), "--draws", "20", *form])
        assert f"warning: {warning}" in said.stderr
    write_report(out, None, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "The run itself warns" in page
    assert "&#39;default&#39; answers as stub fp_new since step" in page
    source = Source(out)
    overview = json.dumps(PAGES["overview"].view(Lab(source, None), {}), cls=PlotlyJSONEncoder)
    source.close()
    assert "Warnings of the run: 1" in overview
    assert "fp_new" in overview


def fingerprinted(body: dict[str, Any], fingerprint: str) -> Fault:
    text = hashed_answer(body)
    choice = {"text": text} if "prompt" in body else {"message": {"content": text}}
    answer = {"model": body["model"], "system_fingerprint": fingerprint, "choices": [choice]}
    return Fault("raw", 200, {"Content-Type": "application/json"}, orjson.dumps(answer))
