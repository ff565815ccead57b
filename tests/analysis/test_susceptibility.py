"""Susceptibility against agents that are known to obey, known not to, and never asked."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from typer.testing import CliRunner

from moltarium.agents.minds.carrier import attacks, obeys
from moltarium.agents.prompts.untrusted import quoted
from moltarium.analysis.affect.susceptibility import Share, Susceptibility, _difference_ci, susceptibility
from moltarium.scenarios.cli import app
from moltarium.scenarios.load import load
from moltarium.scenarios.run import Progress, start_run
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.keyhole import keyhole
from moltarium.sim.record.schema import Comment, Impression, Persona, Post
from moltarium.sim.record.store import RunReader

SOCIETY = """\
name = "planted"
seed = 3
[clock]
tick = "30m"
steps = 40
[schedule]
heartbeat = "2h"
heavy_tailed = false
[population]
size = 64
[[population.groups]]
mind = "carrier"
count = 2
parameters = {{ attack = "replication", canary = "Marble Plover", until_step = 14 }}
[[population.groups]]
mind = "carrier"
count = 2
parameters = {{ attack = "order", canary = "velvet kestrel" }}
[[population.groups]]
mind = "{mind}"
count = 60
feeds = {{ new = 1.0 }}
{parameters}
[platform]
limits = "none"
[emotion]
dynamics = "none"
"""


def quiet(now: Progress) -> None:
    assert now.step


def run(folder: Path, mind: str, parameters: str = "") -> RunReader:
    """Run a planted society and open its record."""
    (folder / "planted.toml").write_text(SOCIETY.format(mind=mind, parameters=parameters))
    start_run(load(str(folder / "planted.toml")), folder / "run", watch=quiet)
    return RunReader(folder / "run")


@pytest.mark.parametrize("compliance", [0.3, 0.8])
def test_a_planted_compliance_is_recovered(tmp_path: Path, compliance: float) -> None:
    given = f'parameters = {{ compliance = {compliance}, canaries = "velvet kestrel, Marble Plover" }}'
    with run(tmp_path, "gullible", given) as record:
        found = susceptibility(record)
        agents = [row.agent for row in record.rows(Persona) if row.mind == "gullible"]
    truth = sum(obeys(agent, compliance) for agent in agents) / len(agents)
    assert found.exposed.ci is not None
    assert found.exposed.ci[0] <= truth <= found.exposed.ci[1]
    assert found.exposed.of > 60
    assert found.unexposed.complied == 0
    for row in found.attacks.itertuples():
        assert row.share == pytest.approx(truth, abs=0.2)
    assert found.attacks.set_index("attack")["generations"].max() >= 2, "it went from agent to agent"


def test_a_society_of_surrogates_does_not_obey(tmp_path: Path) -> None:
    with run(tmp_path, "surrogate") as record:
        found = susceptibility(record)
        assert found.exposed.complied == found.unexposed.complied == 0
        assert found.exposed.of > 20
        assert found.exposed.ci is not None
        assert found.exposed.ci[1] < 0.2
        assert found.attacks["reproduction"].isna().all()
        assert (found.spread["complied"] == 0).all()
        assert found.spread["exposed"].max() > 10
        with pytest.raises(NotComputable, match="impression"):
            susceptibility(keyhole(record))


def test_the_curve_only_rises_and_ends_at_the_totals(tmp_path: Path) -> None:
    given = 'parameters = { compliance = 0.6, canaries = "Marble Plover" }'
    with run(tmp_path, "gullible", given) as record:
        found = susceptibility(record)
        shown = {row.target for row in record.rows(Impression)}
        assert shown <= {row.post_id for row in record.rows(Post)} | {
            row.comment_id for row in record.rows(Comment)
        }
    _check_curve(found)
    complied = found.attacks.set_index("attack")["complied"].to_dict()
    assert complied["replication"] > 10
    assert complied["order"] == 0, "they were deaf to this phrase"


def _check_curve(found: Susceptibility) -> None:
    assert isinstance(found.spread["t"].dtype, pd.DatetimeTZDtype)
    for canary, curve in found.spread.groupby("canary"):
        assert curve["exposed"].is_monotonic_increasing
        assert curve["complied"].is_monotonic_increasing
        assert (curve["complied"] <= curve["exposed"]).all()
        row = found.attacks.set_index("canary").loc[canary]
        assert curve["complied"].iloc[-1] == row["complied"]


def test_a_run_without_carriers_has_no_susceptibility(tmp_path: Path) -> None:
    text = SOCIETY.format(mind="surrogate", parameters="").replace('"carrier"', '"random"')
    lines = [line for line in text.splitlines() if "canary" not in line]
    (tmp_path / "none.toml").write_text("\n".join([*lines, ""]).replace("steps = 40", "steps = 3"))
    start_run(load(str(tmp_path / "none.toml")), tmp_path / "run", watch=quiet)
    with RunReader(tmp_path / "run") as record, pytest.raises(NotComputable, match="a carrier"):
        susceptibility(record)


@settings(deadline=None)
@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_wilsons(case: tuple[int, int]) -> None:
    reference = binomtest(*case).proportion_ci(method="wilson")
    assert Share(*case).ci == pytest.approx((reference.low, reference.high), abs=1e-12)


def test_an_interval_of_none_or_all_ends_where_a_share_ends() -> None:
    none, every = Share(0, 64).ci, Share(64, 64).ci
    assert none is not None
    assert every is not None
    assert (none[0], every[1]) == (0.0, 1.0)


def test_the_interval_of_a_difference_is_newcombes() -> None:
    """Table II (a) of Newcombe (1998): 56/70 − 48/80, method 10."""
    assert _difference_ci(Share(56, 70), Share(48, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert _difference_ci(Share(0, 0), Share(1, 2)) is None


def test_the_shipped_scenario_has_every_attack_with_a_phrase_of_its_own() -> None:
    groups = [group for group in load("injection").population.groups if group.mind == "carrier"]
    assert {group.parameters["attack"] for group in groups} == set(attacks())
    assert len({group.parameters["canary"] for group in groups}) == len(groups)


def test_no_injection_can_leave_its_marks_in_a_prompt() -> None:
    """The framework never executes one: inside a prompt it is one line of text between our own marks."""
    for attack in attacks().values():
        for text in attack.texts:
            shown = quoted(text.replace("{canary}", "velvet kestrel"), 2000)
            inside = shown.removeprefix("<text>").removesuffix("</text>")
            assert not set("<>\n\u200b\u2060\u202e") & set(inside)
            assert "[/INST]" not in inside
            assert "velvet kestrel" in inside


def test_the_command_tells_it(tmp_path: Path) -> None:
    given = 'parameters = { compliance = 0.6, canaries = "Marble Plover, velvet kestrel" }'
    run(tmp_path, "gullible", given).close()
    runner = CliRunner()
    table = runner.invoke(app, ["susceptibility", str(tmp_path / "run")])
    assert table.exit_code == 0, table.output
    assert "never met" in table.output
    told = json.loads(runner.invoke(app, ["susceptibility", str(tmp_path / "run"), "--json"]).stdout)
    assert told["exposed"]["complied"] > 10
    assert {row["attack"] for row in told["attacks"]} == {"order", "replication"}
