"""Commands about feeling, and the shipped protocols, on real runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from moltarium.agents.prompts.affect import CUES, NEUTRAL_CUE
from moltarium.agents.prompts.treatments import TREATMENTS
from moltarium.agents.reader.labels import EKMAN, FINE
from moltarium.scenarios.cli import app
from moltarium.scenarios.load import load
from moltarium.scenarios.run import start_run
from moltarium.scenarios.world import build_world
from moltarium.sim.record.errors import ScenarioError
from moltarium.sim.record.schema import Blob, Comment, Intervention, LlmCall, Persona, Rejection
from moltarium.sim.record.store import RunReader
from tests.llm.stub_server import schema_of, stub_server

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


def test_a_slow_writer_is_answered_before_it_ends() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "moltarium.scenarios", "read-emotion"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as reading:
        assert reading.stdin is not None
        assert reading.stdout is not None
        reading.stdin.write(b"I love this!\nand then")
        reading.stdin.flush()
        assert reading.stdout.readline().startswith(b"joy\t")
        reading.stdin.write(b" I hated it\n")
        reading.stdin.close()
        assert len(reading.stdout.readlines()) == 1


def test_a_label_may_be_asked_for_among_some_only() -> None:
    asked = ["read-emotion", "--json", "--among", "anger, sadness"]
    told = CliRunner().invoke(app, asked, input="I love this!\nso happy\n", catch_exceptions=False)
    answers = [json.loads(line) for line in told.output.splitlines()]
    assert {answer["label"] for answer in answers} <= {"anger", "sadness"}
    assert all(answer["probs"]["joy"] > 0.5 for answer in answers)
    refused = CliRunner().invoke(app, ["read-emotion", "--among", "glee"], input="so happy\n")
    assert refused.exit_code == 2
    assert "no label is called 'glee'" in refused.output


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


def looping(body: dict[str, Any]) -> str:
    """Answer as a weak model does: what is offered first, in words that go round."""
    properties = (schema_of(body) or {})["properties"]
    if "actions" not in properties:
        return json.dumps({"text": "I am glad that you are here with us."})
    offered = {
        entry["properties"]["do"]["enum"][0]: entry["properties"]
        for entry in properties["actions"]["items"].get("anyOf", [])
    }
    kind = "comment" if "comment" in offered else "post"
    action = {
        name: part["enum"][0] if "enum" in part else "very very very very very very"
        for name, part in offered[kind].items()
    }
    return json.dumps({"actions": [action], "memory": ""})


def test_minds_with_affect_live_beside_their_controls(tmp_path: Path) -> None:
    with stub_server(answer=looping) as server:
        scenario = load("affective-minds", [f"models.default.base_url={server.base_url}"])
        start_run(scenario, tmp_path / "run", watch=lambda _: None)
    with RunReader(tmp_path / "run") as record:
        minds = {row.agent: row.mind for row in record.rows(Persona)}
        texts = {row.sha: row.text for row in record.rows(Blob)}
        calls = [(minds[call.agent], call, texts[call.request_sha]) for call in record.rows(LlmCall)]
        told = {
            theme: {call.step for _, call, text in calls if TREATMENTS[theme].sentences[0] in text}
            for theme in ("social-cognitive", "past-incompetence")
        }
        spoken = Counter(minds[row.author] for row in record.rows(Comment) if row.author is not None)
        assert not list(record.rows(Rejection))
    revised = [(mind, text) for mind, call, text in calls if call.purpose == "revise"]
    felt, plain = ([text for by, text in revised if by == mind] for mind in ("heart", "heart-neutral"))
    assert 0 < len(felt) == len(plain), "the control revises as often"
    assert all(any(cue in text for cue in CUES.values()) and NEUTRAL_CUE not in text for text in felt)
    assert all(NEUTRAL_CUE in text for text in plain)
    sensed = {
        mind: sum(by == mind and "What you sense" in text for by, _, text in calls) for mind in minds.values()
    }
    assert sensed["hef"] > 0 == sensed["hef-untold"]
    assert told == {"social-cognitive": {1, 2}, "past-incompetence": {1, 2}}
    arms = ("heart", "heart-neutral", "hef", "hef-untold", "mimicry", "mimicry-unmoved", "llm")
    assert all(spoken[mind] for mind in arms)


@pytest.mark.parametrize(
    ("mind", "ablation", "name"),
    [
        ("heart", 'cues="neutral"', "heart-neutral"),
        ("hef", "top_k=0", "hef-untold"),
        ("hef", "causes=0", "hef-causeless"),
        ("mimicry", "contagion=0.0", "mimicry-unmoved"),
    ],
)
def test_a_record_tells_a_mind_from_its_control(mind: str, ablation: str, name: str) -> None:
    groups = f'{{mind="{mind}",count=1}},{{mind="{mind}",count=1,parameters={{{ablation}}}}}'
    world = build_world(load("null", [f"population.groups=[{groups}]", "population.size=2"]))
    assert {member.mind_name for member in world.setting.members} == {mind, name}
    assert all(member.model == "default" for member in world.setting.members)
