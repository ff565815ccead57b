"""`moltarium topics`, `norms` and `drift` on a record on disk, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from moltarium.scenarios.cli import app
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.schema import SCHEMA_VERSION, Post, Run, Score
from moltarium.sim.record.store import RunWriter

SUBJECTS = (
    "lobster ocean reef tide shell crab harbour coral wave salt",
    "compiler python function debug commit branch parser runtime memory thread",
    "token wallet market price trading coin exchange profit liquidity chain",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty agents with ten posts each, on three subjects, now and then upvoted."""
    rng = np.random.default_rng(0)
    run = Run(
        "planted", "observed", "planted", SCHEMA_VERSION, None, None, None, "0" * 64,
        Coverage(frozenset({"vote", "comment", "agent", "removal"})).json(), "0", None, "{}",
    )  # fmt: skip
    out = tmp_path_factory.mktemp("words") / "run"
    writer = RunWriter.create(out, run)
    rows: list[Post | Score] = []
    for i in range(300):
        body = " ".join(rng.choice(SUBJECTS[i % 3].split(), 25))
        when = i * 10**9
        rows.append(Post(2 * i, when, None, f"p{i:03}", f"a{i % 30}", f"c{i % 2}", "", body, None))
        rows.append(Score(2 * i + 1, when, None, f"p{i:03}", int(rng.integers(0, 4)), None, None, when))
    writer.append(rows)
    writer.commit()
    writer.close()
    return out


def asked(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_topics(folder: Path) -> None:
    found = json.loads(asked("topics", str(folder), "--n-topics", "3", "--json"))
    assert [set(topic["words"]) <= {*" ".join(SUBJECTS).split()} for topic in found["topics"]] == [True] * 3
    assert found["stability"] == found["order_stability"] == pytest.approx(1)
    assert found["diversity"] == 1
    assert "lobster" in asked("topics", str(folder), "--n-topics", "3")


def test_norms(folder: Path) -> None:
    found = json.loads(asked("norms", str(folder), "--draws", "50", "--json"))
    assert {"convergence", "templates", "windows", "newcomers", "enforcement", "style"} <= set(found)
    assert found["style"]["needs"] == "table comment"
    assert found["convergence"]["verdict"] == "none"
    assert "not computable: needs table comment" in asked("norms", str(folder), "--draws", "50")


def test_drift(folder: Path) -> None:
    found = json.loads(asked("drift", str(folder), "--draws", "100", "--json"))
    named = {(effect["name"], effect["control"]) for effect in found["effects"]}
    assert ("output_shift", "uniform position") in named
    assert ("top_post.likeness", "placebo") in named
    assert all(effect["ci"][0] <= effect["difference"] <= effect["ci"][1] for effect in found["effects"])
    assert found["not_computable"]["karma_jump.pull"] == "table vote"
    assert "top_post.likeness" in asked("drift", str(folder), "--draws", "100")
