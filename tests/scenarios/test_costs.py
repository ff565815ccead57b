"""What a run costs and how long it takes: counted over all its sessions, marked where it was guessed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moltarium.scenarios.load import load
from moltarium.scenarios.run import resume_run, start_run
from moltarium.sim.record.errors import CeilingReached, ScenarioError
from moltarium.sim.record.health import health_of
from moltarium.sim.record.store import RunReader
from tests.llm.stub_server import Fault, stub_server
from tests.scenarios.asking import ASKING, quiet


@pytest.fixture
def asking(tmp_path: Path) -> str:
    path = tmp_path / "scenario.toml"
    path.write_text(ASKING)
    return str(path)


def test_a_dollar_ceiling_takes_no_model_on_this_machine_for_free(asking: str, tmp_path: Path) -> None:
    """What listens on loopback may be a proxy to a model that costs: its price is asked for, by its name."""
    out = tmp_path / "run"
    with stub_server(models=("proxied",)) as server:
        where = [f"models.default.base_url={server.base_url}", "clock.steps=2"]
        text = Path(asking).read_text().replace('model = "stub"', "")
        Path(asking).write_text(text)
        with pytest.raises(ScenarioError, match="price of 'proxied' is not known") as told:
            start_run(load(asking, [*where, "ceilings.budget_usd=5.0"]), out, watch=quiet)
        assert '[prices."proxied"]' in told.value.remedy
        assert server.requests == 0
        assert not out.exists()
        own = "prices.proxied={input = 0.0, output = 0.0}"
        assert (
            start_run(load(asking, [*where, own, "ceilings.budget_usd=5.0"]), out, watch=quiet).cost_usd == 0
        )
        assert start_run(load(asking, where), tmp_path / "free", watch=quiet).cost_usd == 0


def test_usage_that_nobody_reported_shows_in_the_result(asking: str, tmp_path: Path) -> None:
    with stub_server(usage=False) as server:
        where = [f"models.default.base_url={server.base_url}", "clock.steps=2"]
        result = start_run(load(asking, where), tmp_path / "run", watch=quiet)
    assert result.estimated == result.llm_calls > 0
    assert result.tokens_in > 0


def test_time_and_retries_of_a_dropped_tick_count(asking: str, tmp_path: Path) -> None:
    """A ceiling on time holds over all sessions, also where a tick never came to its end; so do retries."""
    out = tmp_path / "run"
    flaky = Fault("status", 500)
    with stub_server(latency=0.6, script=lambda _, before: flaky if before == 0 else None) as server:
        where = [f"models.default.base_url={server.base_url}", "models.default.concurrency=1"]
        with pytest.raises(CeilingReached, match="1 s"):
            start_run(load(asking, [*where, "ceilings.max_wall=1s"]), out, watch=quiet)
        asked = server.requests
        assert asked > 1
        with pytest.raises(CeilingReached, match="1 s"):
            resume_run(out, watch=quiet)
        assert server.requests == asked, "the second was spent by the first session"
    with RunReader(out) as record:
        assert record.last_step() == 0
        assert health_of(record).retries >= 1
    [told, _] = [line for line in (out / "run.log").read_text().splitlines() if '"stopped"' in line]
    assert json.loads(told)["failed"]["server error"] >= 1
