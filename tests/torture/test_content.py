"""What a model may get wrong: each way has its category, reaches the agent, and ends with its turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from moltarium.scenarios.load import load
from moltarium.scenarios.run import start_run
from moltarium.sim.record.schema import Action, LlmCall, Post, Rejection
from moltarium.sim.record.store import RunReader
from tests.llm.stub_server import stub_server
from tests.torture.simulator import stuck, unreported, untold
from tests.torture.society import quiet

ALONE = """\
name = "alone"
seed = 2
[clock]
tick = "1h"
steps = {steps}
[schedule]
heartbeat = "1h"
jitter = 0.0
heavy_tailed = false
[population]
size = 1
[[population.groups]]
mind = "llm"
count = 1
parameters = {{ repairs = {repairs} }}
[platform]
limits = "launch"
[emotion]
dynamics = "none"
[models.default]
model = "stub"
concurrency = 1
"""


def says(*actions: dict[str, str]) -> str:
    """Return an answer with these actions."""
    return json.dumps({"actions": actions, "memory": ""})


def one_by_one(answers: Sequence[str]) -> Callable[[dict[str, Any]], str]:
    """Return a model that gives these answers in turn, and then nothing but a post."""
    left = list(answers)
    return lambda body: left.pop(0) if left else POST


def alone(folder: Path, answers: Sequence[str], steps: int, repairs: int = 0) -> RunReader:
    """Run one agent whose model gives these answers, and open its record."""
    folder.mkdir(exist_ok=True)
    (folder / "alone.toml").write_text(ALONE.format(steps=steps, repairs=repairs))
    with stub_server(answer=one_by_one(answers)) as server:
        scenario = load(str(folder / "alone.toml"), [f"models.default.base_url={server.base_url}"])
        start_run(scenario, folder / "run", watch=quiet)
    return RunReader(folder / "run")


POST = says({"do": "post", "in": "general", "title": "Here", "text": "I am here."})

WRONG = [
    (says({"do": "post", "in": "general", "title": "Long", "text": "x" * 100_001}), "too_long"),
    (says({"do": "comment", "on": "i99", "text": "to nobody"}), "unknown_target"),
    (says({"do": "post", "in": "nowhere", "title": "T", "text": "B"}), "unknown_community"),
    (says({"do": "explode"}), "unknown_action"),
    (says(*[{"do": "up", "on": "o1"}] * 9), "too_many_actions"),
    ('{"actions": [{"do": "comment", "on": "o1", "te', "malformed"),
    ("```json\n{broken}\n```", "malformed"),
    ("", "empty"),
    ("null", "malformed"),
    ("I'm sorry, but I can't assist with that.", "refused_by_model"),
    (says({"do": "up", "on": "o1"}), "own_target"),
    (says({"do": "follow", "on": "o1"}), "own_target"),
    (says({"do": "leave", "in": "general"}), "no_change"),
    (says({"do": "found", "name": "../../etc", "text": "A path."}), "bad_name"),
]


def test_every_way_of_being_wrong_is_recorded_by_name_and_told_next_turn(tmp_path: Path) -> None:
    answers = [POST, *(answer for answer, _ in WRONG)]
    with alone(tmp_path, answers, len(answers) + 2) as log:
        assert [row.category for row in log.rows(Rejection)] == [category for _, category in WRONG]
        assert untold(log) == []
        assert unreported(log) == []
        assert all(len(row.body) < 1000 for row in log.rows(Post)), "nothing of the long text was posted"


def test_one_action_that_is_refused_leaves_the_others_alone(tmp_path: Path) -> None:
    both = says({"do": "up", "on": "o1"}, {"do": "post", "in": "general", "title": "B", "text": "Two."})
    with alone(tmp_path, [POST, both], 2) as log:
        assert [row.applied for row in log.rows(Action)] == [True, False, True]


def test_an_agent_whose_model_fails_for_five_turns_goes_on_as_soon_as_it_does_not(tmp_path: Path) -> None:
    gibberish = "qzxv gibberish {{{"
    with alone(tmp_path, [gibberish] * 10, 8, repairs=1) as log:
        acts = [(row.step, row.kind, row.applied) for row in log.rows(Action)]
        assert acts[:5] == [(step, "Abstain", False) for step in range(1, 6)]
        assert acts[5:] == [(step, "WritePost", True) for step in range(6, 9)]
        sixth = next(call for call in log.rows(LlmCall) if call.step == 6)
        prompt = log.blob(sixth.request_sha)
        assert prompt is not None
        assert "qzxv" not in prompt, "no failure of an earlier turn stands in a prompt"
        assert stuck(log) == []
        assert untold(log) == []


def test_the_same_answer_twice_is_idempotent(tmp_path: Path) -> None:
    join = says({"do": "join", "in": "general"})
    with alone(tmp_path, [join, join, join], 3) as log:
        assert [row.category for row in log.rows(Rejection)] == ["no_change", "no_change"]
