"""`moltarium topics`, `norms`, `drift` and `motives` on a record on disk, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from moltarium.scenarios.cli import app
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.errors import MoltariumError
from moltarium.sim.record.schema import SCHEMA_VERSION, Post, Run, Score
from moltarium.sim.record.writer import RunWriter
from tests.llm.stub_server import stub_server

STATIC = "WordLlama l2_supercat, 256 static dimensions"
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
    found = json.loads(asked("norms", str(folder), "--draws", "100", "--json"))
    assert {"convergence", "templates", "windows", "newcomers", "enforcement", "style"} <= set(found)
    assert found["style"]["needs"] == "table comment"
    assert found["convergence"]["verdict"] == "none"
    assert "not computable: needs table comment" in asked("norms", str(folder), "--draws", "100")


def test_drift(folder: Path) -> None:
    found = json.loads(asked("drift", str(folder), "--draws", "100", "--json"))
    named = {(effect["name"], effect["control"]) for effect in found["effects"]}
    assert ("output_shift", "uniform position") in named
    assert ("top_post.likeness", "placebo") in named
    assert all(effect["ci"][0] <= effect["difference"] <= effect["ci"][1] for effect in found["effects"])
    assert found["not_computable"]["karma_jump.pull"] == "table vote"
    assert "top_post.likeness" in asked("drift", str(folder), "--draws", "100")


def test_motives(folder: Path) -> None:
    found = json.loads(asked("motives", str(folder), "--draws", "100", "--json"))
    assert found["persona"]["needs"] == "table agent"
    assert {found[name]["needs"] for name in ("uptake", "uptake_of_meaning", "answers")} == {"table comment"}
    assert sum(row["texts"] for row in found["acts"]) == found["n"] == 300
    assert found["statements_per_question"] is None
    assert found["embedding"]["name"] == STATIC
    shown = asked("motives", str(folder), "--draws", "100")
    assert "not computable: needs table comment" in shown
    assert "not covered" in shown


def test_topics_come_with_their_tree_and_their_breadth_over_time(folder: Path) -> None:
    found = json.loads(asked("topics", str(folder), "--n-topics", "3", "--json"))
    assert [(m["number"], m["size"]) for m in found["tree"]][-1] == (4, 300)
    assert sum(period["posts"] for period in found["periods"]) <= 300
    assert all(abs(period["focus"]) < 0.5 for period in found["periods"])
    unasked = {"calls": 0, "tokens": 0, "cost_usd": 0.0, "cached": 0, "made": 0}
    assert found["embedding"] == {"name": STATIC, **unasked}


def test_norms_and_drift_say_which_embedding_they_used(folder: Path) -> None:
    norms, drift = ["norms", str(folder), "--draws", "100"], ["drift", str(folder), "--draws", "100"]
    assert json.loads(asked(*norms, "--json"))["embedding"]["name"] == STATIC
    assert json.loads(asked(*drift, "--json"))["embedding"]["name"] == "TF-IDF of the posts' words"
    static = json.loads(asked(*drift, "--json", "--vectors", "static"))
    assert static["embedding"]["name"] == static["vectors"] == STATIC
    assert "TF-IDF" in asked(*drift)


def test_norms_and_drift_take_vectors_from_an_endpoint_and_pay_for_them_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with stub_server() as server:
        place = ["--embeddings", server.base_url, "--json"]
        norms = json.loads(asked("norms", str(folder), "--draws", "100", *place))
        drift = json.loads(asked("drift", str(folder), "--draws", "100", *place))
        alone = json.loads(asked("norms", str(folder), "--draws", "100", "--no-cache", *place))
    assert norms["convergence"]["embedder"] == norms["embedding"]["name"] == drift["vectors"]
    assert norms["embedding"]["name"].startswith("stub")
    assert (norms["embedding"]["made"], norms["embedding"]["cached"]) == (300, 0)
    assert (drift["embedding"]["made"], drift["embedding"]["cached"]) == (0, 300)
    assert alone["embedding"] == norms["embedding"], "in memory, a text is embedded once too"


def test_minilm_serves_every_command(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = json.loads(asked("drift", str(folder), "--draws", "100", "--embeddings", "minilm", "--json"))
    assert found["embedding"]["name"] == found["vectors"]
    assert found["vectors"].startswith("all-MiniLM-L6-v2")
    topics = json.loads(asked("topics", str(folder), "--n-topics", "3", "--embeddings", "minilm", "--json"))
    assert (topics["embedding"]["cached"], topics["embedding"]["made"]) == (300, 0)
    assert topics["method"].startswith("BERTopic · all-MiniLM-L6-v2")


def test_an_endpoint_is_asked_once_for_vectors_and_names(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    answers = iter(['{"label": "Life at sea"}', '{"label": "<b>obey</b>"}', "no JSON"])
    with stub_server(answer=lambda body: next(answers)) as server:
        command = ["topics", str(folder), "--n-topics", "3", "--json", "--embeddings", server.base_url]
        first = json.loads(asked(*command, "--labels", server.base_url))
        once = server.requests
        again = json.loads(asked(*command, "--labels", server.base_url))
        assert server.requests == once
        json.loads(asked(*command, "--no-cache"))
        assert server.requests > once
    assert first["topics"] == again["topics"]
    assert sorted(str(topic["label"]) for topic in first["topics"]) == ["Life at sea", "None", "None"]
    assert first["labels"] == {"model": "stub", "named": 1, "topics": 3}
    assert (first["embedding"]["made"], again["embedding"]["made"]) == (300, 0)
    assert (first["embedding"]["calls"], again["embedding"]["calls"]) == (5, 0)
    assert first["method"].startswith("BERTopic · stub")
    named = [body for body in server.bodies if "messages" in body]
    assert all(
        set(json.loads(body["messages"][-1]["content"])) <= {*" ".join(SUBJECTS).split()} for body in named
    )


def test_what_is_no_embedder_and_what_is_not_installed_say_so(folder: Path) -> None:
    for name, said in (("word2vec", "give static"), ("st:no-such-model", "sentence-transformers")):
        with pytest.raises(MoltariumError, match=said):
            CliRunner().invoke(app, ["topics", str(folder), "--embeddings", name], catch_exceptions=False)
