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
