"""Every record of a folder in one table, from which one opens one or sets two beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from dash import dcc, html
from dash.development.base_component import Component

from moltarium.dashboards.pages.overview import badges, title_of
from moltarium.dashboards.parts import (
    Child,
    Column,
    Query,
    badge,
    card,
    choices,
    counted,
    link_to,
    moment,
    number,
    page_head,
    said,
    table,
)
from moltarium.dashboards.shelf import Entry, Facts, scenario_of
from moltarium.dashboards.untrusted import line
from moltarium.sim.record.schema import Run

COLUMNS: Final = (
    Column("Beside"),
    Column("Run"),
    Column("Steps", numeric=True),
    Column("Agents", numeric=True),
    Column("Posts", numeric=True),
    Column("Comments", numeric=True),
    Column("When (UTC)"),
    Column("Scenario"),
    Column("Model"),
)
"""What the table says of each record."""


SORTS: Final[dict[str, str]] = {
    "new": "Newest",
    "title": "Title",
    "posts": "Posts",
    "cost": "Cost",
    "invalid": "Invalid answers",
}
"""Orders of the list, by the word in the address."""


def run_at(key: str, against: str | None = None) -> str:
    """Return the address of one record, or of two beside each other."""
    return f"/run/{key}/against/{against}/compare" if against else f"/run/{key}/"


def view(entries: Sequence[Entry], query: Query) -> Component:
    """Build the page.

    Parameters
    ----------
    entries
        The records, in the order in which they are shown.
    query
        ``tick`` holds the keys of up to two records, in the order in which they were ticked; ``sort`` is a
        key of `SORTS`.
    """
    if not entries:
        return _empty()
    whole = {entry.key: entry for entry in entries if entry.facts}
    ticked = [key for key in dict.fromkeys(query.get("tick", "").split(".")) if key in whole][-2:]
    sort = query.get("sort", "new") if query.get("sort") in SORTS else "new"
    rows = [
        _row(entry, entry.facts, ticked, sort) if entry.facts else _damaged(entry)
        for entry in _ordered(entries, sort)
    ]
    return html.Div(
        [
            page_head("Runs", "Open one by its title, or tick two to see them beside each other."),
            choices("overview", {"tick": ".".join(ticked)}, "sort", SORTS, sort),
            _pair([whole[key] for key in ticked]),
            card(html.Div(table(COLUMNS, rows, _caption(len(entries))), className="runs"), wide=True),
        ]
    )


def _caption(entries: int) -> str:
    return f"{entries:,} in this folder"


def _ordered(entries: Sequence[Entry], sort: str) -> list[Entry]:
    """Return the records in an order; those that can't be read come last, except among the newest."""

    def key(entry: Entry) -> tuple[bool, float | str]:
        facts = entry.facts
        if facts is None:
            return True, "" if sort == "title" else 0
        if sort == "title":
            return False, title_of(facts.run).lower()
        return False, -{"posts": facts.posts, "cost": facts.cost_usd, "invalid": facts.invalid or 0.0}[sort]

    return list(entries) if sort == "new" else sorted(entries, key=key)


def _empty() -> Component:
    return html.Div(
        [
            page_head("Runs", "There is no run in this folder yet."),
            card(
                html.P("Make one, each in a folder of its own, then reload this page:"),
                html.Pre(
                    "moltarium run quickstart --out FOLDER/one\nmoltarium import SNAPSHOT --out FOLDER/real"
                ),
                html.P("FOLDER is the one that this dashboard was started with.", className="muted"),
            ),
        ]
    )


def _pair(ticked: Sequence[Entry]) -> Component | None:
    """What was ticked, and the way to see it."""
    if not ticked:
        return None
    names = " beside ".join(_name(entry) for entry in ticked)
    if len(ticked) == 1:
        return html.P([names, ": tick a second one."], className="ticked muted")
    first, second = ticked
    return html.P(
        [
            html.A("See them side by side", href=run_at(first.key, second.key), className="button"),
            f" {names}",
        ],
        className="ticked",
    )


def _name(entry: Entry) -> str:
    return title_of(entry.facts.run) if entry.facts else line(entry.folder.name)


def _row(entry: Entry, facts: Facts, ticked: Sequence[str], sort: str) -> list[Child]:
    run = facts.run
    marks = [mark for mark in badges(run) if mark.children != "n = 1"]
    if entry.live:
        marks.append(badge("live", "warn", "A process is writing it now"))
    return [
        _tick(entry, ticked, sort),
        html.Div(
            [
                html.A(title_of(run), href=run_at(entry.key), className="thread-title"),
                html.Div(marks, className="badges"),
                html.Span(line(entry.folder.name), className="muted"),
            ],
            className="run-name",
        ),
        _steps(facts),
        number(facts.agents),
        number(facts.posts),
        number(facts.comments),
        _moment(entry.when),
        _scenario(run),
        _model(facts),
    ]


def _scenario(run: Run) -> Component:
    name = line(str(scenario_of(run).get("name") or "–"), 40)
    seed = "" if run.seed is None else f"seed {run.seed}, "
    return _two_lines(name, f"{seed}code {line(run.code_version, 24)}")


def _model(facts: Facts) -> Component:
    busiest, *more = facts.models or ("–",)
    if not facts.calls:
        return html.Span(busiest)
    others = f" and {len(more)} more" if more else ""
    spent = f", ${facts.cost_usd:,.2f}" if facts.cost_usd else ""
    invalid = f", {facts.invalid:.1%} invalid" if facts.invalid is not None else ""
    return _two_lines(f"{line(busiest, 40)}{others}", f"{counted(facts.calls, 'call')}{spent}{invalid}")


def _two_lines(first: str, second: str) -> Component:
    return html.Div([html.Div(first), html.Div(second, className="tiny")])


def _damaged(entry: Entry) -> list[Child]:
    told = html.Div(
        [
            html.Span(line(entry.folder.name), className="thread-title"),
            html.Div(badge("unreadable", "alarm", "It can't be opened"), className="badges"),
            html.Span(line(entry.trouble, 300), className="muted"),
        ],
        className="run-name",
    )
    return [None, told, *["–"] * 4, _moment(entry.when), "–", "–"]


def _tick(entry: Entry, ticked: Sequence[str], sort: str) -> Component:
    """A link that ticks a record or takes its tick back; a third tick takes the place of the first."""
    on = entry.key in ticked
    after = [key for key in ticked if key != entry.key] if on else [*ticked, entry.key][-2:]
    label = f"{'Untick' if on else 'Tick'} {_name(entry)}"
    return dcc.Link(
        html.Span("☑" if on else "☐", **said(label)),
        href=link_to("overview", tick=".".join(after), sort=sort if sort != "new" else None),
        className="tick",
        title=label,
    )


def _steps(facts: Facts) -> str:
    if facts.steps_done is None:
        return "–"
    return f"{number(facts.steps_done)} of {number(facts.steps_planned)}"


def _moment(when: int) -> str:
    return moment(datetime.fromtimestamp(when / 1e6, UTC))
