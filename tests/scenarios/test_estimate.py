"""An estimate asks nobody, and what a run then takes lies within it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from moltarium.scenarios.cli import app
from moltarium.scenarios.estimate import estimate
from moltarium.scenarios.load import load, shipped
from moltarium.scenarios.run import start_run
from tests.llm.stub_server import Answer, schema_of, stub_server
from tests.scenarios.asking import ASKING, quiet


@pytest.fixture
def asking(tmp_path: Path) -> str:
    path = tmp_path / "scenario.toml"
    path.write_text(ASKING)
    return str(path)


VOCABULARY = [first + last for first in ("tide", "sun", "rain", "star", "moon") for last in "abcdefghi"]
"""Enough words for a text that repeats none: what goes round in circles is asked for again."""


def lively(body: dict[str, Any]) -> str:
    """Do one of the things that the schema offers, or write a text where none is asked for."""
    draw = random.Random(orjson.dumps(body))
    schema = schema_of(body)
    text = " ".join(draw.sample(VOCABULARY, k=draw.randint(5, 40)))
    if schema is None:
        return text
    offered = schema["properties"]["actions"]["items"].get("anyOf", [])
    fields = draw.choice(offered)["properties"] if offered else {}
    action = {name: draw.choice(part["enum"]) if "enum" in part else text for name, part in fields.items()}
    return orjson.dumps({"actions": [action] if action else [], "memory": ""}).decode()


def idle(body: dict[str, Any]) -> str:
    """Do nothing, or write as little as will do."""
    return " ".join(VOCABULARY[:4]) if schema_of(body) is None else '{"actions": [], "memory": ""}'


@pytest.mark.parametrize("seed", [9, 10, 11])
@pytest.mark.parametrize("answer", [lively, idle])
def test_what_a_run_takes_lies_within_its_estimate(
    answer: Answer, seed: int, asking: str, tmp_path: Path
) -> None:
    drawn = f"seed={seed}"
    foretold = estimate(load(asking, [drawn, "models.default.base_url=https://api.invalid/v1"]))
    with stub_server(answer=answer) as server:
        scenario = load(asking, [drawn, f"models.default.base_url={server.base_url}"])
        came = start_run(scenario, tmp_path / "run", watch=quiet)
    assert foretold.turns == foretold.turns_sampled
    assert foretold.calls.low <= came.llm_calls <= foretold.calls.high
    assert foretold.tokens_in.low <= came.tokens_in <= foretold.tokens_in.high
    assert foretold.tokens_out.low <= came.tokens_out <= foretold.tokens_out.high
    assert came.cost_usd is not None
    assert foretold.cost_usd is not None
    assert foretold.cost_usd.low <= came.cost_usd <= foretold.cost_usd.high
    assert foretold.cost_usd.low <= foretold.cost_usd.expected <= foretold.cost_usd.high


def test_a_longer_run_costs_in_proportion(asking: str) -> None:
    short, long = estimate(load(asking)), estimate(load(asking, ["clock.steps=32"]))
    assert long.turns == pytest.approx(4 * short.turns, rel=0.25)
    assert long.tokens_in.expected > 3 * short.tokens_in.expected, "prompts grow as the society fills"


def test_a_run_that_begins_from_a_snapshot_is_estimated_as_it_will_be_run(
    asking: str, tmp_path: Path
) -> None:
    """By the same options as `run`: what is there to read at the start makes prompts longer."""
    snapshot = tmp_path / "snapshot"
    start_run(load("null", ["clock.steps=30", "population.size=40"]), snapshot, watch=quiet)
    words = ["estimate", asking, "--set", "clock.steps=2", "--json"]
    empty, seeded, other = (
        orjson.loads(CliRunner().invoke(app, [*words, *more]).stdout)
        for more in ([], ["--seed-from", str(snapshot)], ["--seed", "10"])
    )
    assert seeded["tokens_in"]["expected"] > empty["tokens_in"]["expected"]
    assert other != empty


def test_a_model_without_a_price_has_no_cost(asking: str) -> None:
    settings = ["models.default.base_url=https://api.invalid/v1", "models.default.model=nameless"]
    foretold = estimate(load(asking, settings))
    assert foretold.cost_usd is None
    assert foretold.unpriced == ("nameless",)
    assert estimate(load(asking, [*settings[:1], "models.default.model=gpt-4o-mini"])).cost_usd is not None
    words = [asking, *(word for setting in settings for word in ("--set", setting))]
    said = CliRunner().invoke(app, ["estimate", *words]).stdout
    [cost] = [line for line in said.splitlines() if "cost_usd" in line]
    assert cost.count("price unknown") == 3
    assert not any(char.isdigit() for char in cost)


@pytest.mark.parametrize(
    ("settings", "price", "source"),
    [
        (["models.default.model=openai/gpt-4o-mini"], 0.15,
         "shipped table, as of 2026-11, second hand: check it"),
        (["models.default.model=gpt-4o-mini", "prices.gpt-4o-mini.input=0.2", "prices.gpt-4o-mini.output=1"],
         0.2, "the scenario's [prices.\"gpt-4o-mini\"]"),
        (["models.default.model=nameless"], None, "price unknown"),
        (["models.default.model=nameless", "models.default.base_url=http://127.0.0.1:9/v1"],
         0.0, "free: an address on this machine, without a price in any table"),
        (["models.default.base_url=embedded"], 0.0, "free: the embedded model"),
    ],
)  # fmt: skip
def test_an_estimate_says_which_price_it_used_and_from_where(
    settings: list[str], price: float | None, source: str, asking: str
) -> None:
    [used] = estimate(load(asking, ["models.default.base_url=https://api.invalid/v1", *settings])).prices
    assert used.json()["input"] == price
    assert used.source == source


def test_the_command_estimates_shipped_scenarios_offline() -> None:
    for name in ("null", "quickstart"):
        assert name in shipped()
        said = CliRunner().invoke(app, ["estimate", name, "--json"])
        assert said.exit_code == 0, said
        figures = orjson.loads(said.stdout)
        assert figures["cost_usd"]["high"] == 0, "surrogates and the embedded model are free"
    assert "expected" in CliRunner().invoke(app, ["estimate", "quickstart"]).stdout
