"""Commands about feeling, and the shipped protocols, on real runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from moltarium.agents.reader.labels import EKMAN, FINE
from moltarium.scenarios.cli import app
from moltarium.scenarios.load import load
from moltarium.scenarios.run import start_run
from moltarium.scenarios.world import build_world
from moltarium.sim.record.errors import ScenarioError
from moltarium.sim.record.schema import Intervention
from moltarium.sim.record.store import RunReader

NASTY = (
    b"I love this!\n\n\xff\xfe\x00 broken\r\nNEL\xc2\x85in\xe2\x80\xa8side\n"
    + b"a" * 50_000
    + b"\nno newline at the end"
)


def test_one_line_in_is_one_line_out_whatever_its_bytes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "moltarium.scenarios", "read-emotion", "--json"],
        input=NASTY,
        capture_output=True,
        check=True,
    )
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 6
    answers = [json.loads(line) for line in lines]
    for answer in answers:
        assert set(answer) == {"label", "probs", "fine", "vad"}
        assert answer["label"] in EKMAN
        assert tuple(answer["probs"]) == EKMAN
        assert tuple(answer["fine"]) == FINE
        assert sum(answer["probs"].values()) == pytest.approx(1.0, abs=1e-3)
        assert all(-1 <= axis <= 1 for axis in answer["vad"])
    assert answers[0]["label"] == "joy"
    assert answers[1]["label"] == "neutral"


@pytest.fixture(scope="module")
def blow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("blow") / "run"
    start_run(load("state-dynamics"), out, watch=lambda _: None)
    return out


def test_the_protocol_hurts_and_heals(blow: Path) -> None:
    done = CliRunner().invoke(app, ["dynamics", str(blow), "--json"], catch_exceptions=False)
    found = json.loads(done.output)
    assert (found["onset"], found["release"]) == (7, 15)
    assert found["n"] == len(found["agents"]) == 12
    assert found["depth"] > 0.4
    assert found["recovered"] == 12
    assert found["hysteresis"] > 0.5


def test_words_tell_moods_when_moods_move(blow: Path) -> None:
    done = CliRunner().invoke(app, ["recovery", str(blow), "--json"], catch_exceptions=False)
    rows = {row["axis"]: row for row in json.loads(done.output)["recovery"]}
    assert rows["valence"]["r"] > 0.5
    assert rows["valence"]["low"] > 0.3


def test_five_temperaments_live_through_the_same_events(tmp_path: Path) -> None:
    out = tmp_path / "run"
    start_run(load("temperaments"), out, watch=lambda _: None)
    found = json.loads(CliRunner().invoke(app, ["dynamics", str(out), "--json"]).output)
    baselines = {round(agent["baseline"], 1) for agent in found["agents"]}
    assert found["n"] == 30
    assert len(baselines) >= 4


TREATED = """\
name = "treated"
seed = 3
[clock]
tick = "1h"
steps = 3
[population]
size = 6
[[population.groups]]
mind = "surrogate"
count = 3
treatment = "boredom"
dose = 2
withdraw_at = 3
[[population.groups]]
mind = "surrogate"
share = 1.0
"""


def test_the_record_says_who_was_told_what(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(TREATED)
    start_run(load(str(path)), tmp_path / "run", watch=lambda _: None)
    with RunReader(tmp_path / "run") as record:
        [row] = record.rows(Intervention)
    told = json.loads(row.parameters)
    assert (row.name, row.step, told["treatment"], told["dose"], told["withdraw_at"]) == (
        "treatment", 0, "boredom", 2, 3,
    )  # fmt: skip
    assert len(told["agents"]) == 3


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ('population.groups=[{mind="surrogate",share=1.0,treatment="flattery"}]', "flattery"),
        ('population.groups=[{mind="surrogate",share=1.0,withdraw_at=3}]', "needs a treatment"),
        ('population.groups=[{mind="heart",share=1.0,parameters={cues="loud"}}]', "emotional or neutral"),
        ('population.groups=[{mind="hef",share=1.0,parameters={topk=1}}]', "no parameter"),
    ],
)
def test_a_wrong_arm_or_parameter_is_named(setting: str, fault: str) -> None:
    with pytest.raises(ScenarioError, match=fault):
        load("null", [setting])


@pytest.mark.parametrize("mind", ["heart", "hef", "mimicry"])
def test_minds_with_affect_are_called_by_name(mind: str) -> None:
    scenario = load("null", [f'population.groups=[{{mind="{mind}",share=1.0,parameters={{max_tokens=99}}}}]'])
    [member, *_] = build_world(scenario).setting.members
    assert member.mind.name == mind
    assert member.model == "default"
