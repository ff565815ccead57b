"""Two dashboards look on while a run is written: whole steps only, nobody waits; no request names a file."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote

import pytest
from dash import html
from dash.development.base_component import Component

from moltarium.dashboards.app import _shown, create_app
from moltarium.dashboards.page import Lab
from moltarium.dashboards.parts import Query
from moltarium.dashboards.serving import served
from moltarium.dashboards.source import Source
from moltarium.scenarios.load import load
from moltarium.scenarios.run import start_run
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.schema import SCHEMA_VERSION, Comment, Post, Rejection, Run
from moltarium.sim.record.store import RunReader
from moltarium.sim.record.writer import RunWriter

CROWD = """\
name = "crowd"
seed = 3
[clock]
tick = "1h"
steps = {steps}
[schedule]
heartbeat = "1h"
[population]
size = 40
"""
STEPS = 24
CHROMIUM = shutil.which("chromium")
PATIENCE_MS = 60_000
RUN = Run("r", "simulated", "", SCHEMA_VERSION, None, None, 1, None, Coverage().json(), "0", None, "{}")


def overview(address: str) -> tuple[int, int]:
    """Ask for the overview as the browser does; return the posts and comments that it shows."""
    asked = {
        "output": "answer.data",
        "outputs": {"id": "answer", "property": "data"},
        "inputs": [
            {"id": "address", "property": "pathname", "value": "/"},
            {"id": "address", "property": "search", "value": ""},
        ],
        "changedPropIds": ["address.pathname"],
        "state": [],
    }
    request = urllib.request.Request(
        f"{address}/_dash-update-component",
        json.dumps(asked).encode(),
        {"Content-Type": "application/json", "Origin": address},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        page = answer.read().decode()
    shown = {
        name: re.search(r'"children":"([\d,]+)","className":"figure".{0,200}?"children":"' + name + '"', page)
        for name in ("posts", "comments")
    }
    posts, comments = (int(found[1].replace(",", "")) if found else -1 for found in shown.values())
    return posts, comments


def whole_steps(folder: Path) -> set[tuple[int, int]]:
    """Return the posts and comments that there were after each step."""
    with RunReader(folder) as record:
        posts = Counter(row.step for row in record.rows(Post))
        comments = Counter(row.step for row in record.rows(Comment))
    totals, n_posts, n_comments = {(0, 0)}, 0, 0
    for step in range(STEPS + 1):
        n_posts, n_comments = n_posts + posts[step], n_comments + comments[step]
        totals.add((n_posts, n_comments))
    return totals


def test_two_dashboards_beside_a_live_run_see_whole_steps_and_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "crowd.toml").write_text(CROWD.format(steps=STEPS))
    command = [sys.executable, "-m", "moltarium.scenarios", "run", str(tmp_path / "crowd.toml"), "--json"]
    run = subprocess.Popen([*command, "--out", str(tmp_path / "live")], stdout=subprocess.PIPE, text=True)
    while not (tmp_path / "live" / "record.sqlite").exists():
        assert run.poll() is None
        time.sleep(0.01)
    seen: list[list[tuple[int, int]]] = [[], []]
    with ExitStack() as stack:
        addresses = [stack.enter_context(served(create_app(tmp_path / "live"))) for _ in seen]

        def look(which: int) -> None:
            while run.poll() is None:
                seen[which].append(overview(addresses[which]))

        threads = [threading.Thread(target=look, args=(which,)) for which in range(2)]
        for thread in threads:
            thread.start()
        told, _ = run.communicate(timeout=120)
        for thread in threads:
            thread.join()
        last = [overview(address) for address in addresses]
    assert run.returncode == 0, "no reader held the writer up for long, or broke it"
    totals = whole_steps(tmp_path / "live")
    assert last == [max(totals)] * 2
    for each in seen:
        assert set(each) <= totals, "posts and comments of one moment, and that between two steps"
        assert each == sorted(each)
    assert len(set(seen[0]) | set(seen[1])) > 2, "they did look while it grew"
    alone = start_run(load(str(tmp_path / "crowd.toml")), tmp_path / "alone", watch=lambda _: None)
    assert json.loads(told)["digest"] == alone.digest


def test_a_page_shows_one_moment(tmp_path: Path) -> None:
    """A step that is committed while a page is built stands whole on the next, not by half on this."""
    with RunWriter.create(tmp_path / "run", RUN) as writer:
        lab = Lab(Source(tmp_path / "run"))
        shown: list[tuple[int, int]] = []

        def view(lab: Lab, _: Query) -> Component:
            posts = lab.source.record.count(Post)
            step = len(shown)
            writer.append([Post(2 * step, 0, step, f"p{step}", None, "g", "", "", None)])
            writer.append([Comment(2 * step + 1, 0, step, f"c{step}", f"p{step}", None, None, "")])
            writer.commit(step=step)
            shown.append((posts, lab.source.record.count(Comment)))
            return html.Div()

        for _ in range(3):
            _shown(view, lab, {}, "a page")
        lab.source.close()
    assert shown == [(0, 0), (1, 1), (2, 2)]


@pytest.mark.parametrize(
    "path",
    [
        "/../../secret.txt",
        "/..%2f..%2fsecret.txt",
        "/assets/../../../secret.txt",
        "/assets/..%2f..%2f..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/run/..%2fsecret.txt",
        "/_dash-component-suites/dash/../../secret.txt",
        "/thread?id=../../secret.txt",
        "/agent?id=..%2f..%2fsecret.txt&run=../secret.txt",
        "//etc/passwd",
        "/assets//etc/passwd",
    ],
)
def test_no_path_of_a_request_leads_to_a_file(path: str, hostile: Path) -> None:
    (hostile.parent / "secret.txt").write_text("the canary of a file")
    with create_app(hostile).server.test_client() as client:
        answer = client.get(path, headers={"Host": "127.0.0.1:8050"})
        upwards = ".." in unquote(path.partition("?")[0])
        assert answer.status_code in ({400} if upwards else {200, 308, 404})
        assert b"canary" not in answer.data
        assert b"root:" not in answer.data
        if answer.status_code == 200:
            assert b"react-entry-point" in answer.data, "the empty frame, which every page begins with"


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs the system's Chromium on PATH")
def test_the_overview_of_a_live_run_goes_on_by_itself(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    writer = RunWriter.create(tmp_path / "run", RUN)
    writer.append([Post(0, 0, 1, "p", "a", "g", "", "", None), Comment(1, 0, 1, "c", "p", None, "a", "")])
    writer.commit(step=1)
    with served(create_app(tmp_path / "run")) as address, sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_page()
        page.goto(address)
        steps = page.locator(".key-figure", has_text="steps").locator(".figure")
        page.get_by_text("1 of –").wait_for(timeout=PATIENCE_MS)
        writer.append([Rejection(2, 0, 2, "a", "CastVote", "own_target", "<b>not your own</b>")])
        writer.commit(step=2)
        page.get_by_text("<b>not your own</b>").wait_for(timeout=PATIENCE_MS)
        assert steps.inner_text() == "2 of –"
        writer.close()
        page.get_by_text("The run has stopped").wait_for(timeout=PATIENCE_MS)
        chromium.close()
