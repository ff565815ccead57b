"""Take the documentation's pictures: ``python -m benchmarks.pictures RUN --against SNAPSHOT``.

Moods and their causes show best where something happens: ``--only agent`` and ``--only emotions`` take those
pictures from another run (those in the README are of `state-dynamics` with ``emotion.dynamics=second``).

``--figures`` draws what docs/metrics shows of drift, norms and motives from the run itself.

Serves the dashboard on loopback, opens its pages in the system's Chromium and writes PNG files. Nothing is
drawn for the occasion: whoever has the run can take the same pictures.
"""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.word_figures import WIDTH, figures
from moltarium.dashboards.app import create_app
from moltarium.dashboards.serving import served
from moltarium.sim.record.schema import Comment, Emotion, LlmCall, Post
from moltarium.sim.record.store import RunReader

PATIENCE_MS = 600_000
HEIGHT = 1500


def subjects(run: Path) -> dict[str, str]:
    """Return the pages by file name, among them a thread and an agent with a model's words."""
    with RunReader(run) as record:
        own_comments = [row for row in record.rows(Comment) if row.step]
        asking = {row.agent for row in record.rows(LlmCall)}
        talked = Counter(row.post_id for row in own_comments)
        written = [row for row in record.rows(Post) if row.step]
        thread = max(
            written, key=lambda post: (post.author in asking, talked[post.post_id], post.seq)
        ).post_id
        moods: dict[str, list[float]] = {}
        for mood in record.rows(Emotion):
            moods.setdefault(mood.agent, []).append(mood.v)
    agent = max(sorted(moods), key=lambda name: max(moods[name]) - min(moods[name]))
    return {
        "overview": "/",
        "norms": "/norms?texts=comment",
        "emotions": "/emotions",
        "thread": f"/thread?id={thread}",
        "agent": f"/agent?id={agent}",
        "network": "/network",
        "compare": "/compare",
    }


def take(page: Page, address: str, path: str, out: Path) -> None:
    """Open one page, wait until nothing is loading, and save what a visitor sees first."""
    page.goto(address + path)
    page.wait_for_selector("h1", timeout=PATIENCE_MS)
    page.wait_for_timeout(1500)
    page.locator(".waiting").first.wait_for(state="detached", timeout=PATIENCE_MS)
    if path.startswith("/thread"):
        page.locator("summary", has_text="why?").first.click()
    mood = page.locator("section.card", has=page.locator("h2", has_text="Mood"))
    if path.startswith("/agent?"):
        mood.locator("summary", has_text="table behind").click()
    page.wait_for_timeout(2500)
    if path.startswith("/agent?"):
        mood.screenshot(path=out)
    else:
        page.screenshot(path=out, full_page=True, clip={"x": 0, "y": 0, "width": 1280, "height": HEIGHT})


def draw(page: Page, run: Path, out: Path, prefix: str) -> None:
    """Save the figures about words of one record."""
    for name, figure in figures(run).items():
        path = out / f"{prefix}{name}.png"
        page.set_content(figure.to_html(include_plotlyjs=True, full_html=True, default_width=f"{WIDTH}px"))
        page.wait_for_selector(".main-svg", timeout=PATIENCE_MS)
        page.locator(".js-plotly-plot").screenshot(path=path)
        print(path)


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--only", help="take one picture, by its file's name")
    parser.add_argument("--pages", nargs="+", help="only these pages; all that an imported snapshot has")
    parser.add_argument("--prefix", default="", help="of the files' names")
    parser.add_argument("--figures", action="store_true", help="draw the figures about words instead")
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        parser.error("needs Chromium on PATH")
    pages = {f"{options.prefix}{name}": f"/{name}" for name in options.pages or ()}
    options.out.mkdir(parents=True, exist_ok=True)
    if options.figures:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            draw(browser.new_page(), options.run, options.out, options.prefix)
            browser.close()
        return
    application = create_app(options.run, options.against)
    with served(application) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for name, path in (pages or subjects(options.run)).items():
            if options.only not in (None, name):
                continue
            take(page, address, path, options.out / f"{name}.png")
            print(options.out / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
