"""The command line: with ``--json`` one line with the promised keys, and the whole path in one go."""

from __future__ import annotations

import json
from pathlib import Path

from tests.scenarios.terminal import Terminal

RUN = {
    "run", "digest", "steps", "agents", "actions", "llm_calls", "rejections", "invalid",
    "tokens_in", "tokens_out", "wall_s",
}  # fmt: skip
IMPORT = {"in", "kept", "quarantined", "posts", "comments", "agents", "communities", "format"}
MEASURES = {
    *(
        f"network.{kind}.{name}"
        for kind in ("reply", "author")
        for name in (
            "nodes", "edges", "density", "reciprocity", "rho", "mutual_dyads", "clustering_global",
            "clustering_local", "assortativity", "gini_in", "gini_out", "modularity", "largest_scc",
        )
    ),
    "activity.gini", "activity.alpha", "activity.top1_share", "thread.depth_mean", "thread.depth_max",
    "thread.never_replied", "thread.posts_with_comment", "thread.flat_share",
    "thread.first_comment_median_min", "thread.reentry", "text.exact_duplicates",
}  # fmt: skip


def test_run_and_resume(terminal: Terminal, small: Path, tmp_path: Path) -> None:
    ran = terminal("run", small, "--out", tmp_path / "run", "--seed", "3", "--json").json()
    assert ran.keys() >= RUN
    assert (ran["steps"], ran["agents"], ran["llm_calls"]) == (2, 4, 0)
    resumed = terminal("resume", tmp_path / "run", "--json").json()
    assert resumed.keys() == ran.keys()
    assert resumed | {"wall_s": 0} == ran | {"wall_s": 0}
    assert terminal("digest", tmp_path / "run", "--json").json() == {"digest": ran["digest"]}
    assert terminal("digest", tmp_path / "run").out == f"{ran['digest']}\n"


def test_import_accounts_for_every_row(terminal: Terminal, tmp_path: Path) -> None:
    post = {"id": "p", "title": "T", "content": "x", "author": "Ann", "submolt": "general"}
    rows = [post | {"created_at": "2026-01-30T08:00:00+00:00"}, {"id": "q"}]
    (tmp_path / "posts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = terminal("import", tmp_path / "posts.jsonl", "--out", tmp_path / "out", "--json").json()
    assert found.keys() == IMPORT
    assert (found["in"], found["kept"], found["quarantined"]) == (2, 1, 1)


def test_measure_and_compare(terminal: Terminal, finished: Path) -> None:
    measured = terminal("measure", finished, "--draws", "5", "--json").json()
    assert measured.keys() >= MEASURES
    assert all({"value", "source"} <= found.keys() for found in measured.values())
    compared = terminal("compare", finished, finished, "--json").json()
    assert all({"a", "b"} <= found.keys() for found in compared.values())
    published = terminal("compare", finished, "published", "--json").json()
    assert all({"a", "b"} <= found.keys() for found in published.values())


def test_validate_and_schema(terminal: Terminal, small: Path) -> None:
    assert terminal("validate", small, "--set", "clock.steps=7", "--json").json()["clock"]["steps"] == 7
    assert "clock" in json.loads(terminal("schema").out)["properties"]
    assert "quickstart" in terminal("scenarios").out
