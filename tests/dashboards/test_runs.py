"""The list of runs over real records and real HTTP: nothing hidden, no path from a request, few kept open."""

from __future__ import annotations

import json
import os
import shutil
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from dash.development.base_component import Component
from plotly.utils import PlotlyJSONEncoder  # type: ignore[import-untyped]

from moltarium.dashboards.pages import runs as page
from moltarium.dashboards.runs import AT_ONCE, Desk, create_runs_app
from moltarium.dashboards.serving import served
from moltarium.dashboards.shelf import Shelf, key_of
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.schema import SCHEMA_VERSION, Agent, Comment, LlmCall, Post, Rejection, Run
from moltarium.sim.record.writer import RunWriter

CHROMIUM = shutil.which("chromium")
TITLE = "<script>window.pwned=1</script>"
HOSTILE = '"><img src=x onerror=window.pwned=1>'
TOKEN = "a-token-of-some-length"
PATIENCE_MS = 60_000


def run_of(title: str, kind: str = "simulated") -> Run:
    """A `Run` row whose scenario plans eight steps."""
    simulated = kind == "simulated"
    scenario = json.dumps({"name": "reef", "clock": {"steps": 8}}) if simulated else None
    return Run(
        title, kind, title, SCHEMA_VERSION, scenario, None, 7 if simulated else None, None,
        Coverage(synthetic=not simulated).json(), "0.9", None if simulated else 1_769_000_000_000_000, "{}",
    )  # fmt: skip


def write(folder: Path, run: Run, steps: int = 3) -> Path:
    """Write a record with two agents, one post of the opening, and a post and a comment a step."""
    with RunWriter.create(folder, run) as writer:
        writer.append([Agent(0, 0, 0, "a", "a", "", None), Agent(1, 0, 0, "b", "b", "", None)])
        writer.append([Post(2, 0, 0, "p0", "a", "g", "", "", None)])
        for step in range(1, steps + 1):
            writer.append([Post(2 * step + 1, step, step, f"p{step}", "a", "g", TITLE, "", None)])
            writer.append([Comment(2 * step + 2, step, step, f"c{step}", f"p{step}", None, "b", "")])
            writer.commit(step=step)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two whole records, a damaged one, a folder that holds none, and a stray file."""
    runs = tmp_path / "runs"
    write(runs / "one", run_of(TITLE))
    write(runs / HOSTILE.replace("/", ""), run_of("Seen", "observed"))
    (write(runs / "broken", run_of("Broken")) / "record.sqlite").write_bytes(b"not a database at all")
    (runs / "notes").mkdir()
    (runs / "stray.txt").write_text("the canary of a file")
    return runs


def get(url: str, **headers: str) -> tuple[int, str]:
    """Return status and body."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def json_of(built: Component) -> str:
    """A page as it goes to the browser."""
    return json.dumps(built, cls=PlotlyJSONEncoder)


def test_every_record_is_listed_with_what_it_says_and_the_damaged_by_its_error(folder: Path) -> None:
    entries = {entry.folder.name: entry for entry in Shelf(folder).entries()}
    assert set(entries) == {"one", HOSTILE, "broken"}
    facts = entries["one"].facts
    assert facts is not None
    assert facts[1:] == (3, 8, 2, 3, 3, (), 0, 0.0, None), "the opening's post was not written here"
    seen = entries[HOSTILE]
    assert seen.facts is not None
    assert seen.facts[1:3] == (None, None), "an observed record has no steps"
    assert seen.when == 1_769_000_000_000_000
    assert entries["broken"].facts is None
    assert entries["broken"].trouble
    shown = json_of(page.view(list(entries.values()), {}))
    assert "3 of 8" in shown
    assert "SYNTHETIC" in shown
    assert entries["broken"].trouble[:20] in shown
    assert shown.count('"href": "/run/') == 2, "what can't be read can't be opened"


def test_a_record_that_is_written_is_live_and_its_row_grows(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    with RunWriter.create(tmp_path / "now", run_of("Now")) as writer:
        assert [(entry.live, entry.facts and entry.facts.posts) for entry in shelf.entries()] == [(True, 0)]
        writer.append([Post(0, 0, 1, "p", None, "g", "", "", None)])
        writer.commit(step=1)
        assert [(entry.live, entry.facts and entry.facts.posts) for entry in shelf.entries()] == [(True, 1)]
    assert [entry.live for entry in shelf.entries()] == [False]


def test_at_most_two_are_ticked_and_strangers_never(folder: Path) -> None:
    entries = Shelf(folder).entries()
    one, seen, broken = key_of("one"), key_of(HOSTILE), key_of("broken")
    shown = json_of(page.view(entries, {"tick": f"{broken}.nothing.{one}.{seen}"}))
    assert f"/run/{one}/against/{seen}/compare" in shown
    assert broken not in shown
    assert "/against/" not in json_of(page.view(entries, {"tick": one}))


def test_the_list_tells_models_cost_and_invalid_answers_and_is_ordered_by_them(tmp_path: Path) -> None:
    write(tmp_path / "a", run_of("Zebra"))
    with RunWriter.create(tmp_path / "b", run_of("Ape")) as writer:
        for step in (1, 2, 3, 4):
            call = ("a", "decide", "q", "r", "some-model", 9, 0, 3, 0.5, False)
            writer.append([LlmCall(2 * step, 0, step, *call)])
        writer.append([Rejection(99, 0, 4, "a", "Abstain", "malformed", "no JSON")])
    entries = Shelf(tmp_path).entries()
    shown = json_of(page.view(entries, {"sort": "cost"}))
    assert "some-model" in shown
    assert "4 calls, $2.00, 25.0% invalid" in shown
    assert shown.index("Ape") < shown.index("Zebra")
    assert "sort=cost" in shown, "a tick keeps the order"
    assert page._ordered(entries, "title")[0].folder.name == "b"
    assert page._ordered(entries, "posts")[0].folder.name == "a"


def test_an_empty_folder_says_how_to_make_a_run(tmp_path: Path) -> None:
    assert "moltarium run quickstart --out" in json_of(page.view(Shelf(tmp_path).entries(), {}))


def test_only_keys_of_the_list_are_opened(folder: Path) -> None:
    one, seen, broken = key_of("one"), key_of(HOSTILE), key_of("broken")
    with served(create_runs_app(folder)) as address:
        for path, status in {
            "/": 200,
            f"/run/{one}/": 200,
            f"/run/{one}/threads": 200,
            f"/run/{one}/against/{seen}/compare": 200,
            f"/run/{broken}/": 409,
            f"/run/{one}/against/{broken}/": 409,
            "/run/one/": 404,
            f"/run/{key_of('notes')}/": 404,
            f"/run/{key_of('stray.txt')}/": 404,
            "/run/..%2fone/": 400,
            f"/run/{one}/../../stray.txt": 400,
            f"/run/{one}/assets/..%2f..%2fstray.txt": 400,
        }.items():
            found, body = get(address + path)
            assert (path, found) == (path, status)
            assert "canary" not in body
        layout = get(f"{address}/run/{one}/_dash-layout")[1]
        assert f'"href":"/run/{one}/threads"' in json.dumps(json.loads(layout), separators=(",", ":"))
        assert "All runs" in layout


def test_the_gate_stands_before_every_run(folder: Path) -> None:
    one = key_of("one")
    with served(create_runs_app(folder)) as address:
        for path in ("/", f"/run/{one}/", f"/run/{one}/_dash-layout"):
            assert get(address + path, Host="evil.example")[0] == 403
            assert get(address + path, Origin="http://evil.example")[0] == 403
    with served(create_runs_app(folder, token=TOKEN)) as address:
        for path in ("/", f"/run/{one}/", "/run/unknown/"):
            assert get(address + path)[0] == 401
        assert get(f"{address}/run/{one}/", Cookie=f"moltarium_token={TOKEN}")[0] == 200


def descriptors(folder: Path) -> int:
    """Return how many files beneath `folder` this process has open."""
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        try:
            found += str(folder) in os.readlink(each)
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files by /proc")
def test_few_stay_open_and_none_closes_under_its_reader(tmp_path: Path) -> None:
    names = [f"r{number}" for number in range(AT_ONCE + 3)]
    for name in names:
        write(tmp_path / name, run_of(name), steps=1)
    desk = Desk(Shelf(tmp_path), None)
    with desk.use((key_of("r0"),)) as first:
        for name in names[1:]:
            with desk.use((key_of(name),)):
                pass
        assert desk.keys == [(key_of(name),) for name in names[-AT_ONCE:]]
        assert descriptors(tmp_path) == AT_ONCE + 1, "put away, but somebody is being answered from it"
        with first.server.test_client() as client:
            assert client.get("/_dash-layout").status_code == 200
    assert descriptors(tmp_path) == AT_ONCE
    (tmp_path / "r1" / "record.sqlite").write_bytes(b"damaged since")
    with pytest.raises(RecordError), desk.use((key_of("r2"), key_of("r1"))):
        pass
    assert descriptors(tmp_path) == AT_ONCE, "a pair of which one can't be read leaves nothing open"
    desk.close()
    assert descriptors(tmp_path) == 0


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs the system's Chromium on PATH")
def test_from_the_list_to_two_runs_and_back(folder: Path) -> None:
    from playwright.sync_api import sync_playwright

    complaints: list[str] = []
    with served(create_runs_app(folder)) as address, sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = chromium.new_page(viewport={"width": 375, "height": 900})
        tab.set_default_timeout(PATIENCE_MS)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        tab.on(
            "request", lambda asked: None if asked.url.startswith(address) else complaints.append(asked.url)
        )
        tab.goto(address)
        tab.get_by_text(TITLE).wait_for()
        assert HOSTILE in tab.inner_text("#content")
        assert tab.evaluate("document.documentElement.scrollWidth") <= 375
        tab.set_viewport_size({"width": 1280, "height": 900})
        tab.wait_for_function("innerWidth === 1280")
        cut = tab.locator(".scroll-x").evaluate("e => e.scrollWidth - e.clientWidth")
        assert cut == 0, "the last column is cut off"
        tab.set_viewport_size({"width": 375, "height": 900})
        tab.get_by_text(TITLE, exact=True).click()
        tab.wait_for_url(f"**/run/{key_of('one')}/")
        tab.get_by_text("Activity").first.wait_for()
        tab.locator(".nav-link", has_text="Threads").click()
        tab.wait_for_url(f"**/run/{key_of('one')}/threads")
        tab.locator("a.thread-title").first.click()
        tab.wait_for_url(f"**/run/{key_of('one')}/thread?id=*")
        tab.locator(".post.card").wait_for()
        tab.get_by_text("All runs").click()
        for tick in (1, 2):
            tab.locator("a.tick", has_text="☐").first.click()
            tab.locator(f"a.tick:nth-match(a.tick, {tick})", has_text="☑").first.wait_for()
        tab.get_by_text("See them side by side").click()
        tab.wait_for_url("**/against/*/compare")
        tab.locator("h1", has_text="Compare").wait_for()
        assert tab.evaluate("window.pwned") is None
        chromium.close()
    assert complaints == []
