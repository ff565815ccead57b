"""What went wrong is read from the record, and what is logged can command no terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from moltarium.scenarios.cli import app
from moltarium.scenarios.load import load
from moltarium.scenarios.recorded import run_row
from moltarium.scenarios.run import resume_run, start_run
from moltarium.scenarios.runlog import LOG, logging_to
from moltarium.scenarios.spec import CeilingsSpec, Scenario
from moltarium.scenarios.tracing import FILE
from moltarium.scenarios.world import build_world
from moltarium.sim.llm.endpoint import Secret
from moltarium.sim.record.errors import CeilingReached
from moltarium.sim.record.health import STUCK_TURNS, health_of
from moltarium.sim.record.schema import LlmCall, Rejection, Row, Telemetry
from moltarium.sim.record.store import RunReader
from moltarium.sim.record.writer import RunWriter
from tests.llm.stub_server import stub_server
from tests.scenarios.asking import ASKING, quiet


def turn(agent: str, step: int, *, fails: bool, repaired: bool = False) -> list[Row]:
    """One turn that asks a model, maybe repaired, maybe in vain."""
    seq = step * 100 + ord(agent[0])
    purposes = ["decide", "repair"] if repaired else ["decide"]
    rows: list[Row] = [
        LlmCall(seq + 1000 * place, 0, step, agent, purpose, f"{seq}{place}", "r", "m", 10, 4, 2, 0.5, False)
        for place, purpose in enumerate(purposes)
    ]
    if fails:
        rows.append(Rejection(seq + 5000, 0, step, agent, "Abstain", "malformed", "no JSON"))
    return rows


def measured_aloud(run: Path) -> str:
    """Return what `measure` says beside its figures."""
    return CliRunner().invoke(app, ["measure", str(run), "--draws", "3", "--json"]).stderr


def reported(run: Path) -> str:
    """Return the HTML report."""
    out = run.with_name("report.html")
    said = CliRunner().invoke(app, ["report", str(run), "--out", str(out)])
    assert said.exit_code == 0, said
    return out.read_text(encoding="utf-8")


def test_rates_and_stuck_agents_as_planted(tmp_path: Path) -> None:
    scenario = Scenario(name="planted")
    with RunWriter.create(tmp_path / "run", run_row(scenario, build_world(scenario))) as writer:
        for step in range(1, STUCK_TURNS + 2):
            writer.append(turn("stuck", step, fails=step > 1))
            writer.append(turn("recovers", step, fails=step == 2, repaired=step == 2))
        writer.append([Telemetry(0, 1, "retries", 3.0, ""), Telemetry(0, 2, "retries", 1.0, "")])
    with RunReader(tmp_path / "run") as record:
        health = health_of(record)
    turns = 2 * (STUCK_TURNS + 1)
    assert health.stuck == 1
    assert health.cost_usd == pytest.approx(0.5 * (turns + 1))
    assert health.rates() == {
        "invalid": (STUCK_TURNS + 1) / turns,
        "repaired": 1 / turns,
        "refused": 0.0,
        "retried": 4 / (turns + 1 + 4),
        "stuck": 0.5,
    }
    assert health.summary() == (
        "of 8 turns that asked a model, 50.0% invalid, 12.5% repaired, 0.0% refused; 30.8% of all attempts"
        " were retries; 50.0% of the asking agents stuck"
    )
    for line in (measured_aloud(tmp_path / "run"), reported(tmp_path / "run")):
        assert (health.summary() or "nothing") in line
    assert health.ledger()[0] == {
        "agent": "stuck", "category": "malformed", "count": STUCK_TURNS, "stuck": True,
    }  # fmt: skip


def test_without_models_there_are_no_rates(tmp_path: Path) -> None:
    scenario = Scenario(name="silent")
    with RunWriter.create(tmp_path / "run", run_row(scenario, build_world(scenario))):
        pass
    with RunReader(tmp_path / "run") as record:
        assert set(health_of(record).rates().values()) == {None}
        assert health_of(record).summary() is None


def test_a_model_that_never_answers_well_shows_in_result_and_ledger(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(ASKING)
    with stub_server(answer=lambda body: "no JSON at all") as server:
        result = start_run(
            load(str(path), [f"models.default.base_url={server.base_url}"]), tmp_path / "run", watch=quiet
        )
    assert result.rates["invalid"] is not None
    assert result.rates["invalid"] > 0
    assert result.repaired > 0
    said = CliRunner().invoke(app, ["failures", str(tmp_path / "run"), "--json"])
    told = orjson.loads(said.stdout)
    assert told["rates"] == result.rates
    invalid = sum(line["count"] for line in told["failures"] if line["category"] == "malformed")
    assert invalid == result.invalid
    assert "malformed" in CliRunner().invoke(app, ["failures", str(tmp_path / "run")]).stdout


def test_the_log_holds_no_key_and_no_terminal_codes(tmp_path: Path) -> None:
    with logging_to(tmp_path, [Secret("sk-canary")]) as log:
        log.note("said \x1b[31mred\x1b[0m", text="sk-canary \x1b]0;title\x07\u202eevil\nline", count=3)
    raw = (tmp_path / LOG).read_text(encoding="utf-8")
    assert "canary" not in raw
    [line] = raw.splitlines()
    told = json.loads(line)
    assert told["count"] == 3
    assert not any(ord(char) < 32 or char == "\u202e" for value in told.values() for char in str(value))


def test_traces_and_metrics_tell_of_every_tick_and_of_no_text(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(ASKING)
    with stub_server(answer=lambda body: "canary text") as server:
        where = f"models.default.base_url={server.base_url}"
        result = start_run(load(str(path), [where]), tmp_path / "run", watch=quiet, otel=True)
        untraced = start_run(load(str(path), [where]), tmp_path / "untraced", watch=quiet)
    assert result.digest == untraced.digest
    raw = (tmp_path / "run" / FILE).read_text(encoding="utf-8")
    assert "canary" not in raw
    told = [json.loads(line) for line in raw.splitlines()]
    spans = [each for each in told if "context" in each]
    assert [span["name"] for span in spans] == ["moltarium.tick"] * 8 + ["moltarium.run"]
    assert {span["parent_id"] for span in spans[:-1]} == {spans[-1]["context"]["span_id"]}
    [counted] = _counters(told)
    assert counted["moltarium.calls"] == result.llm_calls
    assert counted["moltarium.actions"] == result.actions


def test_a_resumed_run_counts_every_action_once(tmp_path: Path) -> None:
    path, out = tmp_path / "asking.toml", tmp_path / "run"
    path.write_text(ASKING)
    with stub_server() as server:
        where = f"models.default.base_url={server.base_url}"
        whole = start_run(load(str(path), [where]), tmp_path / "whole", watch=quiet)
        limit = f"ceilings.max_tokens={(whole.tokens_in + whole.tokens_out) // 2}"
        with pytest.raises(CeilingReached):
            start_run(load(str(path), [where, limit]), out, watch=quiet, otel=True)
        done = resume_run(out, watch=quiet, ceilings=CeilingsSpec(), otel=True)
    assert done.digest == whole.digest
    told = [json.loads(line) for line in (out / FILE).read_text(encoding="utf-8").splitlines()]
    first, second = _counters(told)
    assert first["moltarium.actions"] > 0 < second["moltarium.actions"]
    assert first["moltarium.actions"] + second["moltarium.actions"] == whole.actions


def _counters(told: list[Any]) -> list[dict[str, float]]:
    """Return the counters of each session."""
    return [
        {
            metric["name"]: metric["data"]["data_points"][0]["value"]
            for scope in each["resource_metrics"][0]["scope_metrics"]
            for metric in scope["metrics"]
        }
        for each in told
        if "resource_metrics" in each
    ]
