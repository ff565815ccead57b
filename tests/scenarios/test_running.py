"""docs/running.md does what it says: its scenario runs on two models, its commands have the named options."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from moltarium.scenarios.cli import app
from moltarium.scenarios.load import load
from moltarium.scenarios.run import start_run
from moltarium.sim.record.errors import ScenarioError
from moltarium.sim.record.schema import LlmCall
from moltarium.sim.record.store import RunReader
from tests.llm.stub_server import acting_answer, stub_server
from tests.scenarios.asking import quiet

PAGE = Path(__file__).parents[2] / "docs" / "running.md"
HEAD = """\
name = "page"
[clock]
steps = 10
[schedule]
heartbeat = "1h"
heavy_tailed = false
[population]
size = 10
"""
MODELS = ("some-large-model", "some-small-model")


def scenario(tmp_path: Path) -> str:
    file = tmp_path / "page.toml"
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    file.write_text("\n".join([HEAD, *blocks]))
    return str(file)


def test_the_pages_scenario_asks_two_models_by_share_and_keeps_to_a_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = scenario(tmp_path)
    monkeypatch.setenv("EXAMPLE_KEY", "sk-example-0123456789")
    with stub_server(models=MODELS, answer=acting_answer) as server:
        settings = [f"models.{label}.base_url={server.base_url}" for label in ("large", "small")]
        settings.append("ceilings.budget_usd=5.0")
        with pytest.raises(ScenarioError, match="price of 'some-small-model' is not known"):
            start_run(load(file, settings), tmp_path / "run", watch=quiet)
        settings.append("prices.some-small-model={input = 0.0, output = 0.0}")
        result = start_run(load(file, settings), tmp_path / "run", watch=quiet)
    assert result.cost_usd
    with RunReader(tmp_path / "run") as record:
        asked = {call.model: set[str]() for call in record.rows(LlmCall)}
        for call in record.rows(LlmCall):
            asked[call.model].add(call.agent)
    large, small = (len(asked[model]) for model in MODELS)
    assert (large, small) == (3, 7)


def test_the_pages_commands_have_the_options_it_names() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    named = re.findall(r"moltarium ([a-z]+)(.*)", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 10
    for name, rest in named:
        known = {option for each in commands[name].params for option in each.opts}
        for option in re.findall(r"(--[a-z-]+)", rest.partition("#")[0].partition("`")[0]):
            assert option in known, (name, option)


def test_the_page_says_what_estimate_says(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["estimate", scenario(tmp_path)])
    assert said.exit_code == 0, said.output
    assert "second hand" in PAGE.read_text(encoding="utf-8")
    assert '[prices."some-large-model"]' in said.stdout
