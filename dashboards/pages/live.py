"""A run that is being written: how far it is, what it has spent, what went wrong last; it asks anew."""

from __future__ import annotations

from collections import deque
from typing import Final

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from moltarium.analysis.corpus import OPENING
from moltarium.dashboards import content
from moltarium.dashboards.page import Lab
from moltarium.dashboards.parts import (
    Child,
    Column,
    Query,
    card,
    link_to,
    moment,
    number,
    plain_figure,
    slow,
    table,
)
from moltarium.dashboards.shelf import planned_of
from moltarium.dashboards.source import Source
from moltarium.dashboards.untrusted import line
from moltarium.sim.record.health import health_of
from moltarium.sim.record.lock import holder
from moltarium.sim.record.schema import Comment, LlmCall, Post, Rejection

EVERY_MS: Final = 4_000
"""How often the part asks anew, while its page is looked at."""

LATEST: Final = 6
"""Refusals and unusable answers listed."""


def strip(source: Source, query: Query) -> Component | None:
    """Return the part of a page that follows a run, or ``None`` where nobody is writing."""
    if holder(source.path) is None:
        return None
    return html.Div(
        [
            dcc.Interval(id={"type": "pulse", "name": "live"}, interval=EVERY_MS),
            slow("live", query, "Looking…"),
        ]
    )


def now(lab: Lab, _query: Query) -> Component:
    """Build what is known of the run at this moment."""
    source = lab.source
    if holder(source.path) is None:
        return card(
            html.P(["The run has stopped. ", html.A("Show what it became", href=link_to("overview"))]),
            title="Live",
            wide=True,
        )
    latest = deque(source.record.rows(Rejection), maxlen=LATEST)
    rows: list[list[Child]] = [
        [
            moment(pd.Timestamp(each.t, unit="us")),
            dcc.Link(line(content.handle_of(source, each.agent), 40), href=link_to("agent", id=each.agent)),
            line(each.action, 30),
            line(each.category, 30),
            line(each.reason, 120),
        ]
        for each in reversed(latest)
    ]
    columns = [Column(name) for name in ("when", "agent", "action", "why refused", "what it was told")]
    return card(
        html.Div(_figures(source), className="figures"),
        table(columns, rows, "Latest refusals and unusable answers") if rows else None,
        title="Live",
        note="A process is writing this run; what stands below is of the moment at which the page was opened."
        f" What is in flight is told by: moltarium ctl {line(source.path.name, 60)} status",
        wide=True,
    )


def written(source: Source, table: type[Post] | type[Comment]) -> int:
    """Return how many posts or comments the run has made, without those that it opened on."""
    opening = sum(1 for _ in source.record.rows_where(table, step=OPENING))
    return source.record.count(table) - opening


def _figures(source: Source) -> list[Component]:
    record = source.record
    done, planned = record.last_step(), planned_of(source.run)
    figures: list[Component] = [
        plain_figure(
            "steps", f"{number(done or 0)} of {number(planned)}", "Steps committed, of those planned."
        ),
        plain_figure("posts", number(written(source, Post)), "Written so far."),
        plain_figure("comments", number(written(source, Comment)), "Written so far, replies included."),
    ]
    calls = record.frame(LlmCall)
    if len(calls):
        health = health_of(record)
        used = f"{number(int(calls['tokens_in'].sum()))} in, {number(int(calls['tokens_out'].sum()))} out"
        invalid = health.rates()["invalid"]
        figures += [
            plain_figure("model calls", number(len(calls)), f"Replies used; tokens: {used}."),
            plain_figure(
                "cost", f"${health.cost_usd:,.2f}", "By the price table; 0 where it knows no price."
            ),
            plain_figure(
                "invalid", "–" if invalid is None else f"{invalid:.1%}", "Of the turns that asked a model."
            ),
            plain_figure("rate limits", number(health.rate_limited), "Answers of status 429 so far."),
        ]
    return figures
