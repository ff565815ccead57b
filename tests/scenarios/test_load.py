"""Scenario files: every fault is named with file, line and column, and a hint where one can be given."""

from __future__ import annotations

import json
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.scenarios.load import apply_override, load, shipped
from moltarium.scenarios.positions import key_positions
from moltarium.scenarios.spec import Scenario
from moltarium.sim.record.errors import ScenarioError

GOOD = """\
name = "tiny"
seed = 3

[clock]
tick = "10m"
steps = 4

[population]
size = 5

[[population.groups]]
mind = "surrogate"
share = 1.0
"""


def write(folder: Path, text: str) -> str:
    path = folder / "s.toml"
    path.write_text(text)
    return str(path)


def test_a_good_file_loads(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, GOOD))
    assert scenario.clock.tick == timedelta(minutes=10)
    assert scenario.population.groups[0].mind == "surrogate"


@pytest.mark.parametrize(
    ("change", "to", "place", "words"),
    [
        ("steps = 4", "stepps = 4", ":6:1", "did you mean 'steps'"),
        ("steps = 4", "steps = 0", ":6:1", "greater than or equal to 1"),
        ('mind = "surrogate"', 'mind = "surogate"', ":12:1", "known minds"),
        ("share = 1.0", "share = 1.0\nparameters = { verve = 1 }", ":14:1", "no parameter 'verve'"),
        ("share = 1.0", 'share = 1.0\nmodel = "big"', ":14:1", "no endpoint is labelled"),
        ("share = 1.0", "", ":11:3", "either share or count"),
        ("[clock]", "[clock", ":4:7", "not TOML"),
        ("size = 5", "size = 'many'", ":9:1", "valid integer"),
        ("[population]", "[populaton]", ":8:2", "did you mean 'population'"),
    ],
)
def test_faults_have_a_place(tmp_path: Path, change: str, to: str, place: str, words: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(write(tmp_path, GOOD.replace(change, to)))
    assert f"s.toml{place}" in str(caught.value)
    assert words in str(caught.value)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(write(tmp_path, GOOD.replace("steps = 4", "steps = 0").replace("size = 5", "sizze = 5")))
    assert "s.toml:6:1" in str(caught.value)
    assert "s.toml:9:1" in str(caught.value)


def test_an_unknown_scenario_names_its_neighbour() -> None:
    with pytest.raises(ScenarioError, match="did you mean 'quickstart'"):
        load("quikstart")


def test_overrides_reach_tables_and_arrays(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    scenario = load(
        path, ["clock.steps=9", "population.groups.0.parameters.reply_back=0.5", "title=free text"]
    )
    assert scenario.clock.steps == 9
    assert scenario.population.groups[0].parameters == {"reply_back": 0.5}
    assert scenario.title == "free text"


def test_a_part_in_quotes_is_one(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    price = ['prices."gpt-4.1".input=9', "prices.'gpt-4.1'.output = 1", 'title="a = b.c"']
    scenario = load(path, price)
    assert (scenario.prices["gpt-4.1"].input, scenario.prices["gpt-4.1"].output) == (9, 1)
    assert scenario.title == "a = b.c"
    with pytest.raises(ScenarioError) as refused:
        load(path, ['prices."a=b.c".inputs=9'])
    assert refused.value.place == '--set prices."a=b.c".inputs=9'


@pytest.mark.parametrize("key", ["models.default.api key", "models.default.api_key.x", "api_key", "a..token"])
def test_no_refusal_shows_what_may_be_a_secret(tmp_path: Path, key: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        load(write(tmp_path, GOOD), [f"{key}=canary"])
    assert "canary" not in str(refused.value)


def test_only_who_asks_needs_an_endpoint_of_that_name(tmp_path: Path) -> None:
    silent = GOOD + '\n[models.large]\nbase_url = "http://127.0.0.1:9/v1"\n'
    assert load(write(tmp_path, silent)).population.groups[0].mind == "surrogate"
    asking = silent + '[[population.groups]]\nmind = "llm"\nshare = 1\n'
    with pytest.raises(ScenarioError, match="labelled 'default'"):
        load(write(tmp_path, asking))
    assert load(write(tmp_path, asking + 'model = "large"\n')).population.groups[1].model == "large"


@pytest.mark.parametrize("override", ["steps", "=3", "name.first=3", "population.groups.7.share=1"])
def test_a_bad_override_is_refused(override: str) -> None:
    with pytest.raises(ScenarioError, match="--set"):
        apply_override(tomllib.loads(GOOD), override)


@pytest.mark.parametrize("name", sorted(shipped()))
def test_shipped_scenarios_are_valid(name: str) -> None:
    scenario = load(name)
    assert scenario.name == name
    assert scenario.title


def test_the_editors_schema_is_current() -> None:
    path = shipped()["quickstart"].parent / "scenario.schema.json"
    assert json.loads(path.read_text()) == json.loads(json.dumps(Scenario.model_json_schema()))


def test_addresses_do_not_change_the_meaning(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    here = load(path, ["models.default.base_url=http://127.0.0.1:1/v1", "models.default.concurrency=64"])
    assert here.meaning() == load(path).meaning()
    assert load(path, ["seed=4"]).meaning() != load(path).meaning()


KEYS = st.text(alphabet="abcdefgh_", min_size=1, max_size=6)


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, st.integers(), min_size=1, max_size=4), max_size=4))
def test_every_key_is_found_where_it_stands(tables: dict[str, dict[str, int]]) -> None:
    lines: list[str] = []
    where: dict[tuple[str | int, ...], tuple[int, int]] = {}
    for table, values in tables.items():
        lines.append(f"  [{table}]")
        where[(table,)] = (len(lines), 4)
        for key, value in values.items():
            lines.append(f" {key} = {value}")
            where[(table, key)] = (len(lines), 2)
    assert key_positions("\n".join(lines) + "\n") == where
