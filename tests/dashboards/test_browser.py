"""Dashboard and report in a real browser: every page works, and no agent's text runs or loads a thing."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from moltarium.analysis.battery import definitions
from moltarium.dashboards.app import create_app
from moltarium.dashboards.parts import PAGE_ROWS
from moltarium.dashboards.report import write_report
from moltarium.dashboards.serving import served

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the system's Chromium on PATH"),
]

PAGES = (
    "/",
    "/topics",
    "/norms",
    "/norms?texts=comment",
    "/norms?more=1",
    "/drift",
    "/motives",
    "/emotions",
    "/alignment",
    "/reciprocity",
    "/reciprocity?edge=comment",
    "/threads",
    "/threads?q=script&sort=top",
    "/thread?id=p0",
    "/agents",
    "/agent?id=a0",
    "/network",
    "/network?edge=vote&colour=emotion",
    "/structure",
    "/structure?edge=follow",
    "/measures",
    "/measures?show=missing&q=vote",
    "/compare",
)

PATIENCE_MS = 90_000


@pytest.fixture(scope="module")
def address(hostile: Path) -> Iterator[str]:
    """The dashboard over the hostile record, served on loopback."""
    with served(create_app(hostile, hostile)) as address:
        yield address


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[Any]:
    """One Chromium for the module, with one cache; it hangs up before the server does."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium.new_context()
        chromium.close()


class Witness:
    """A browser page that remembers whatever went wrong in it."""

    def __init__(self, context: Any, home: str, width: int = 1280, scheme: str = "light") -> None:
        self.complaints: list[str] = []
        self.page = context.new_page()
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme=scheme)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", self._interrupted)
        self.page.on("console", self._said)
        self.page.on("request", lambda asked: self._asked(asked.url, home))

    def _interrupted(self, dialog: Any) -> None:
        self.complaints.append("dialog")
        dialog.dismiss()

    def _said(self, said: Any) -> None:
        if said.type == "error":
            self.complaints.append(said.text)

    def _asked(self, url: str, home: str) -> None:
        if not url.startswith((home, "data:", "blob:")):
            self.complaints.append(f"loads {url}")

    def go(self, url: str) -> None:
        """Open a page and wait until all of it is there."""
        self.page.goto(url)
        self.page.wait_for_selector("#content > *", timeout=PATIENCE_MS)
        self.page.wait_for_selector(".waiting", state="detached", timeout=PATIENCE_MS)
        self.page.wait_for_timeout(150)

    def clean(self) -> None:
        """Assert that nothing went wrong and nothing ran."""
        assert self.page.evaluate("window.pwned") is None
        assert (
            self.page.locator("#content iframe, #content svg[onload], #content img, #content script").count()
            == 0
        )
        assert self.complaints == []
        self.page.close()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole_and_inert(browser: Any, address: str, path: str) -> None:
    witness = Witness(browser, address)
    witness.go(address + path)
    assert "This part failed" not in witness.page.inner_text("#content")
    assert witness.page.locator("a[href^='javascript']").count() == 0
    witness.clean()


@pytest.mark.parametrize(
    ("path", "scheme"),
    [("/", "light"), ("/thread?id=p0", "dark"), ("/agent?id=a0", "light"), ("/compare", "dark")],
)
def test_pages_fit_a_phone(browser: Any, address: str, path: str, scheme: str) -> None:
    witness = Witness(browser, address, width=375, scheme=scheme)
    witness.go(address + path)
    assert witness.page.evaluate("document.documentElement.scrollWidth") <= 375
    ground = witness.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(15, 21, 28)") == (scheme == "dark")
    witness.clean()


def test_cards_side_by_side_share_the_width(browser: Any, address: str) -> None:
    witness = Witness(browser, address)
    witness.go(f"{address}/agent?id=a0")
    cards = witness.page.locator(".pair").first.locator("> .card")
    left, right = (cards.nth(place).bounding_box() for place in (0, 1))
    assert left["y"] == right["y"]
    assert left["width"] == pytest.approx(right["width"], abs=1)
    whole = witness.page.locator(".pair").first.bounding_box()
    assert left["width"] + right["width"] > 0.9 * whole["width"]
    witness.clean()


def test_tables_are_laid_out_whole_and_as_characters(browser: Any, address: str) -> None:
    witness = Witness(browser, address)
    page = witness.page
    witness.go(f"{address}/compare")
    first = page.locator(".card table").first
    assert first.locator("tbody tr").count() == len(definitions())
    titles = {each.text for each in definitions().values()}
    assert first.locator(".term").first.get_attribute("title") in titles
    attack = '"><img src="x" onerror="window.pwned=1"><b>bold</b>'
    told: dict[str, Any] = {"columns": [["a", False], [attack, True]], "rows": [[attack, "1"]]}
    told["caption"] = attack
    put = "([id, told]) => { const made = document.createElement('div'); made.id = id;"
    put += " made.dataset.table = told; document.querySelector('#content').append(made); }"
    page.evaluate(put, ["laid", json.dumps(told)])
    page.wait_for_selector("#laid tbody td")
    assert page.locator("#laid").text_content() == attack + "a" + attack + attack + "1"
    told["rows"] = [[[attack, "[0, 1]", attack], "2"], ["", "3"]]
    page.evaluate("told => { document.querySelector('#laid').dataset.table = told; }", json.dumps(told))
    page.locator("#laid tbody tr").nth(1).wait_for()
    assert page.locator("#laid td").all_text_contents() == [attack + " [0, 1]", "2", "", "3"]
    assert page.locator("#laid td .term").get_attribute("title") == attack
    assert page.locator("#laid td.num").count() == 2
    witness.clean()


def test_an_answer_that_comes_late_does_not_replace_the_page_asked_for_last(
    browser: Any, address: str
) -> None:
    witness = Witness(browser, address)
    page = witness.page
    held: list[Any] = []

    def hold(route: Any) -> None:
        first = '"property":"pathname","value":"/"' in route.request.post_data and not held
        held.append(route) if first else route.continue_()

    page.route(re.compile("/_dash-update-component"), hold)
    page.goto(address)
    page.wait_for_selector(".nav-link")
    for _ in range(100):
        page.wait_for_timeout(0 if held else 100)
    assert held
    page.locator(".nav-link", has_text="Threads").click()
    page.locator("h1", has_text="Threads").wait_for(timeout=PATIENCE_MS)
    with page.expect_response(lambda answer: answer.request == held[0].request):
        held[0].continue_()
    page.wait_for_timeout(500)
    assert page.inner_text("#content h1") == "Threads"
    assert page.locator(".nav-link.here").all_inner_texts() == ["Threads"]
    witness.clean()


def test_measures_are_found_by_name_and_listed_a_page_at_a_time(browser: Any, address: str) -> None:
    witness = Witness(browser, address)
    witness.go(f"{address}/measures")
    rows = witness.page.locator("#content tbody tr")
    assert rows.count() == PAGE_ROWS, "a browser is slow with thousands of cells"
    witness.page.locator("input[type=search]").fill("gini reply")
    witness.page.wait_for_url("**/measures?q=gini*")
    witness.page.locator("#content caption", has_text=re.compile(r"^\d{1,2} of \d{3} measures")).wait_for()
    assert all("gini" in text.lower() for text in rows.all_inner_texts())
    witness.clean()


def test_why_opens_from_prompt_to_applied(browser: Any, address: str) -> None:
    witness = Witness(browser, address)
    witness.go(f"{address}/thread?id=p0")
    comment = witness.page.locator(".comment").first
    asked = witness.page.locator(".comment", has=witness.page.locator("[id*='\"p0r0\"']"))
    asked.locator("summary", has_text="why?").click()
    why = asked.locator(".why")
    why.locator("pre").first.wait_for(timeout=PATIENCE_MS)
    text = why.inner_text()
    assert "You are <script>window.pwned=1</script>" in text
    for stage in ("Prompt", "Raw answer", "Parsed", "Applied"):
        assert stage in text
    assert "made p0r0" in text
    chips = comment.locator(".byline .mood")
    assert chips.count() == 2, "what the author felt, and what its words say, side by side"
    assert "felt" in chips.nth(0).inner_text()
    assert "reads" in chips.nth(1).inner_text()
    witness.clean()


def test_a_mood_leads_to_the_text_that_made_it(browser: Any, address: str) -> None:
    witness = Witness(browser, address)
    witness.go(f"{address}/agent?id=a0")
    mood = witness.page.locator("section.card", has=witness.page.locator("h2", has_text="Mood"))
    mood.locator("summary").click()
    cause = mood.locator("td a").first
    cause.click()
    witness.page.wait_for_url("**/thread?id=*", timeout=PATIENCE_MS)
    witness.page.wait_for_selector(".post.card", timeout=PATIENCE_MS)
    witness.clean()


def test_a_click_brings_the_table_as_a_file(browser: Any, address: str, tmp_path: Path) -> None:
    witness = Witness(browser, address)
    witness.go(f"{address}/agents?q=plain-11")
    with witness.page.expect_download(timeout=PATIENCE_MS) as coming:
        witness.page.get_by_role("link", name="Download the agents as CSV").click()
    assert coming.value.suggested_filename == "hostile-agents.csv"
    coming.value.save_as(tmp_path / "agents.csv")
    rows = (tmp_path / "agents.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 2
    assert '"plain-11"' in rows[1]
    witness.clean()


@pytest.mark.parametrize(("kind", "begins"), [("svg", b"<svg"), ("png", b"\x89PNG")])
def test_a_click_brings_the_chart_as_a_picture(
    browser: Any, address: str, tmp_path: Path, kind: str, begins: bytes
) -> None:
    witness = Witness(browser, address)
    witness.go(f"{address}/reciprocity")
    witness.page.wait_for_selector(".js-plotly-plot .main-svg", timeout=PATIENCE_MS)
    words = f"Download a picture of reciprocity among its null draws as {kind.upper()}"
    with witness.page.expect_download(timeout=PATIENCE_MS) as coming:
        witness.page.get_by_role("button", name=words).click()
    assert coming.value.suggested_filename == f"moltarium-reciprocity-null.{kind}"
    coming.value.save_as(tmp_path / "picture")
    assert (tmp_path / "picture").read_bytes().startswith(begins)
    witness.clean()


def test_every_chart_can_be_taken_away_and_read_as_a_table(browser: Any, address: str) -> None:
    witness = Witness(browser, address)
    for path in ("/", "/topics", "/motives", "/emotions", "/network", "/structure", "/agent?id=a0"):
        witness.go(address + path)
        charts = witness.page.locator("section.card", has=witness.page.locator(".chart"))
        assert charts.count() > 0
        assert charts.count() == witness.page.locator(".chart").count(), "a card holds one chart"
        for place in range(charts.count()):
            taken = charts.nth(place).locator(".files > *").all_inner_texts()
            assert taken == ["SVG", "PNG", "CSV"], (path, charts.nth(place).inner_text()[:60])
    witness.clean()


def test_dragging_across_the_activity_cuts_every_page(browser: Any, address: str) -> None:
    witness = Witness(browser, address)
    page = witness.page
    witness.go(address)
    page.wait_for_selector(".js-plotly-plot .nsewdrag", timeout=PATIENCE_MS)
    page.wait_for_timeout(300)
    room = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    height = room["y"] + room["height"] / 2
    page.mouse.move(room["x"] + 0.3 * room["width"], height)
    page.mouse.down()
    page.mouse.move(room["x"] + 0.5 * room["width"], height, steps=5)
    page.mouse.move(room["x"] + 0.6 * room["width"], height, steps=5)
    page.mouse.up()
    page.wait_for_url("**/?since=1970-*&until=1970-*", timeout=PATIENCE_MS)
    page.locator(".span", has_text="Only 1970-").wait_for(timeout=PATIENCE_MS)
    page.locator(".nav-link", has_text="Threads").click()
    page.wait_for_url("**/threads?since=1970-*", timeout=PATIENCE_MS)
    page.locator("h1", has_text="Threads").wait_for(timeout=PATIENCE_MS)
    some = int(page.locator(".pager").inner_text().partition(" of ")[2].split()[0])
    assert 0 < some < 80
    page.get_by_text("See the whole record").click()
    page.locator(".pager", has_text="of 80").wait_for(timeout=PATIENCE_MS)
    assert page.url == f"{address}/threads"
    witness.clean()


def test_who_types_on_while_a_page_is_placed_loses_no_key(browser: Any, address: str) -> None:
    witness = Witness(browser, address)
    page = witness.page
    held: list[Any] = []

    def hold(route: Any) -> None:
        asks = '"output":"answer.data"' in route.request.post_data
        first = asks and '"value":"?q=pl"' in route.request.post_data and not held
        held.append(route) if first else route.continue_()

    page.route(re.compile("/_dash-update-component"), hold)
    witness.go(f"{address}/agents")
    page.locator(".search input").focus()
    page.keyboard.type("pl")
    for _ in range(100):
        page.wait_for_timeout(0 if held else 100)
    page.keyboard.type("ain")
    with page.expect_response(lambda answer: answer.request == held[0].request):
        held[0].continue_()
    page.locator("tbody tr").nth(4).wait_for(state="detached", timeout=PATIENCE_MS)
    page.keyboard.type("-11")
    page.wait_for_url("**/agents?q=plain-11", timeout=PATIENCE_MS)
    page.locator("tbody tr").nth(1).wait_for(state="detached", timeout=PATIENCE_MS)
    assert page.locator(".search input").input_value() == "plain-11"
    witness.clean()


def test_keys_step_open_and_turn_pages(browser: Any, address: str) -> None:
    witness = Witness(browser, address)
    page = witness.page
    witness.go(f"{address}/threads")
    titles = page.locator("a.thread-title").all_inner_texts()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/threads?page=2", timeout=PATIENCE_MS)
    page.locator(".pager", has_text="26–50").wait_for(timeout=PATIENCE_MS)
    page.keyboard.press("ArrowLeft")
    page.locator(".pager", has_text="1–25").wait_for(timeout=PATIENCE_MS)
    for key in "jjjk":
        page.keyboard.press(key)
    assert page.locator(".thread-entry:focus .thread-title").inner_text() == titles[1]
    page.keyboard.press("Enter")
    page.wait_for_url("**/thread?id=*", timeout=PATIENCE_MS)
    page.wait_for_selector(".post.card", timeout=PATIENCE_MS)
    page.keyboard.press("j")
    assert page.locator(".comment:focus").count() == 1
    witness.clean()


def test_search_and_theme_live_where_they_say(browser: Any, address: str) -> None:
    witness = Witness(browser, address)
    witness.go(f"{address}/agents")
    witness.page.wait_for_selector(".search input", timeout=PATIENCE_MS)
    witness.page.keyboard.press("/")
    witness.page.wait_for_selector(".search input:focus", timeout=PATIENCE_MS)
    witness.page.keyboard.type("plain-11")
    witness.page.wait_for_url("**/agents?q=plain-11", timeout=PATIENCE_MS)
    witness.page.locator("tbody tr").nth(1).wait_for(state="detached", timeout=PATIENCE_MS)
    assert witness.page.locator("tbody tr").count() == 1
    before = witness.page.evaluate("getComputedStyle(document.body).backgroundColor")
    witness.page.click("#theme-switch")
    witness.page.wait_for_selector("html[data-theme]", timeout=PATIENCE_MS)
    assert witness.page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    witness.page.reload()
    witness.page.wait_for_selector("html[data-theme]", timeout=PATIENCE_MS)
    witness.clean()


def test_the_report_stands_alone(browser: Any, hostile: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write_report(hostile, hostile, out)
    witness = Witness(browser, out.as_uri())
    witness.page.goto(out.as_uri())
    witness.page.wait_for_selector(".plot .main-svg", timeout=PATIENCE_MS)
    text = witness.page.inner_text("main")
    assert "SYNTHETIC" in text
    assert "<script>window.pwned=1</script>" in text, "agents' words are shown as they are"
    assert witness.page.evaluate("window.pwned") is None
    assert witness.complaints == []
    assert urlsplit(witness.page.url).scheme == "file"
