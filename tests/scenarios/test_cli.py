"""The command line: with ``--json`` one line with the promised keys, and the whole path in one go."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from moltarium.scenarios.terminal import figure
from tests.llm.stub_server import stub_server
from tests.scenarios.asking import ASKING
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


def test_progress_shows_every_figure_on_a_narrow_terminal(tmp_path: Path) -> None:
    (tmp_path / "asking.toml").write_text(ASKING)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with stub_server() as server:
        order = ["run", "asking.toml", "--out", "run", "--llm", server.base_url, "--budget-usd", "9"]
        process = subprocess.Popen(
            [sys.executable, "-m", "moltarium.scenarios", *order, "--json"],
            cwd=tmp_path,
            stderr=theirs,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"},
        )
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 1 << 16):
                shown += part
        except OSError:  # how Linux says that nobody holds the other end any more
            pass
        assert process.wait(60) == 0
    os.close(ours)
    line = " ".join(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).split())
    figures = (
        r"step 8/8 .* ETA .* actions \(\d+/s\) · tokens [\d,]+ in, [\d,]+ cached, [\d,]+ out"
        r" · [\d.]+ USD, [\d.]+ projected of 9.00 at most · 0 × 429, 0 retries, \d+ invalid"
    )
    assert re.search(figures, line), line[-600:]


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


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (None, "–"),
        (0.123456, "0.1235"),
        ((), "–"),
        (["one", "two"], "one; two"),
        ({"invalid": 0.125, "stuck": None}, "invalid 0.125, stuck –"),
    ],
)
def test_no_brackets_of_code_in_a_table(cell: object, shown: str) -> None:
    assert figure(cell) == shown
