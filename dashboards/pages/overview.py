"""What this record is, how much of it there is, and whether it can be trusted."""

from __future__ import annotations

from collections import Counter

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from moltarium.dashboards import content, figures
from moltarium.dashboards.findings import found_measures
from moltarium.dashboards.page import Lab, Page
from moltarium.dashboards.pages import live
from moltarium.dashboards.parts import (
    Child,
    Query,
    badge,
    behind,
    card,
    chart,
    csv_link,
    files,
    frame_table,
    key_figure,
    link_to,
    moment,
    number,
    page_head,
    plain_figure,
    said,
    slow,
)
from moltarium.dashboards.source import Source
from moltarium.dashboards.untrusted import line, shown
from moltarium.sim.record.coverage import coverage_of
from moltarium.sim.record.health import health_of
from moltarium.sim.record.schema import (
    Community,
    LlmCall,
    Quarantine,
    Rejection,
    Run,
)
from moltarium.sim.record.warnings import warnings_of

MOST_INVALID = 0.05
"""Share of unusable answers from which on the health strip says that it is worth a look."""

HEADLINE = {
    "network.reply.reciprocity": "Reciprocity (reply → parent's author)",
    "network.reply.clustering_local": "Local clustering",
    "network.reply.assortativity": "Degree assortativity",
    "activity.gini": "Inequality of activity (Gini)",
    "thread.depth_mean": "Mean depth of comments",
    "thread.never_replied": "Comments never replied to",
    "thread.posts_with_comment": "Posts with a comment",
    "text.exact_duplicates": "Exact duplicates",
}
"""Measures shown first, by their name in the battery."""


def badges(run: Run) -> list[html.Span]:
    """Return the marks that no reader of a record may miss."""
    marks = []
    if coverage_of(run).synthetic:
        marks.append(
            badge(
                "SYNTHETIC",
                "alarm",
                "Written by Moltarium's own minds in place of a real snapshot: no evidence of anything",
            )
        )
    if run.kind == "simulated":
        marks.append(badge("simulated", "quiet", "Made by a scenario"))
        marks.append(badge("n = 1", "warn", "One run is one draw: a claim needs at least five seeds"))
    else:
        marks.append(badge("observed", "quiet", "Imported from the real site"))
        marks.append(
            badge("n = 1", "warn", "There is one real site: intervals speak of sampling within it only")
        )
    return marks


def title_of(run: Run) -> str:
    """Return what a person calls the record."""
    return line(run.title or run.run_id, 140)


def _view(lab: Lab, query: Query) -> Component:
    source = lab.source
    counts = content.activity(source)
    return html.Div(
        [
            page_head(title_of(source.run), None, html.Div(badges(source.run), className="badges")),
            html.Div(_counts(source), className="figures"),
            live.strip(source, query),
            card(
                files("activity", query, "posts and comments over time"),
                chart(
                    figures.activity(counts, content.marks(source)),
                    "Posts and comments over time",
                    "activity",
                ),
                _parts_of(source.whole, query),
                behind("The table behind this chart", frame_table(counts, "Spans of time, UTC")),
                title="Activity",
                note=_since(source),
                wide=True,
            ),
            slow("measures", query, "Measuring, with intervals and null models…"),
            _health(source),
        ]
    )


def _parts_of(whole: Source, query: Query) -> Component | None:
    """Links to quarters of the record's time: every page then speaks of that part alone."""
    posts, comments = content.own(content.posts(whole)), content.own(content.comments(whole))
    both = pd.concat([posts["t"], comments["t"]])
    if both.nunique() < 2:
        return None
    edges = pd.date_range(both.min().floor("s"), both.max().ceil("s") + pd.Timedelta(seconds=1), periods=5)
    ends = [f"{edge:%Y-%m-%dT%H:%M:%S}" for edge in edges]
    parts = {"The whole": ("", "")} | {
        f"{words} quarter": (ends[i], ends[i + 1])
        for i, words in enumerate(("First", "Second", "Third", "Last"))
    }
    asked = query.get("since", ""), query.get("until", "")
    links = [
        dcc.Link(
            words,
            href=link_to("overview", since=since, until=until),
            className="choice chosen" if (since, until) == asked else "choice",
        )
        for words, (since, until) in parts.items()
    ]
    told = html.Span("Look at a part only: drag across the chart, or", className="muted")
    return html.Nav([told, *links], className="choices", **said("Parts of the record"))


def _since(source: Source) -> str:
    times = "All times are UTC; simulated time in a simulated run."
    posts, comments = content.posts(source), content.comments(source)
    brought = [len(frame) - len(content.own(frame)) for frame in (posts, comments)]
    if not any(brought):
        return times
    opening = f"It opened on {brought[0]:,} posts and {brought[1]:,} comments of a snapshot"
    return f"{times} {opening}, which agents could answer and no figure counts."


def _counts(source: Source) -> list[Component]:
    posts, comments = content.own(content.posts(source)), content.own(content.comments(source))
    agents = content.agents(source)
    active = int(((agents["posts"] + agents["comments"]) > 0).sum())
    figures_: list[Component] = [
        plain_figure("posts", number(len(posts)), "Posts written in this record."),
        plain_figure("comments", number(len(comments)), "Comments written in this record, replies included."),
        plain_figure(
            "agents", number(len(agents)), f"Accounts in the record; {active:,} of them wrote something."
        ),
        plain_figure("communities", number(source.record.count(Community)), "Rows of the community table."),
    ]
    both = pd.concat([posts["t"], comments["t"]])
    if len(both):
        begin, end = both.min(), both.max()
        hours = (end - begin).total_seconds() / 3600
        span = f"{hours / 24:.1f} d" if hours > 48 else f"{hours:.1f} h"
        figures_.append(plain_figure("covered", span, f"{moment(begin)} to {moment(end)} UTC."))
    calls = source.record.count(LlmCall)
    if calls:
        figures_.append(plain_figure("model calls", number(calls), "Calls whose reply was used."))
    return figures_


def _measures(lab: Lab, query: Query) -> Component:
    found = found_measures(lab.source)
    return card(
        csv_link("measures", query, "all measures"),
        html.Div(
            [key_figure(words, found[name]) for name, words in HEADLINE.items() if name in found],
            className="figures",
        ),
        dcc.Link(f"All {len(found)} measures, with their definitions", href=link_to("measures")),
        title="Measured",
        note="Open a name for its definition and source.",
        wide=True,
    )


def _health(source: Source) -> Component:
    record = source.record
    facts: list[Child] = []
    if source.run.kind == "observed":
        reasons = Counter(row.reason for row in record.rows(Quarantine))
        total = sum(reasons.values())
        facts.append(
            _fact(
                "Quarantined rows",
                number(total),
                "ok" if not total else "look",
                "; ".join(f"{line(r, 60)}: {n:,}" for r, n in reasons.most_common(4)) or "every row was kept",
            )
        )
    else:
        refused = Counter(row.category for row in record.rows(Rejection))
        facts.append(
            _fact(
                "Rejections",
                number(sum(refused.values())),
                "ok",
                ", ".join(f"{line(c, 30)} {n:,}" for c, n in refused.most_common(6)) or "none",
            )
        )
        health = health_of(record)
        bad = health.rates()["invalid"]
        facts.append(
            _fact(
                "Invalid model answers",
                "–" if bad is None else f"{bad:.1%}",
                "ok" if bad is None or bad < MOST_INVALID else "look",
                health.summary() or "no mind asked a model",
            )
        )
    warnings = warnings_of(record)
    if warnings:
        words = "; ".join(shown(each, 400) for each in warnings)
        facts.insert(0, _fact("Warnings of the run", number(len(warnings)), "look", words))
    coverage = coverage_of(source.run)
    missing = sorted(coverage.missing)
    facts.append(
        _fact(
            "Unknown here",
            number(len(missing)),
            "ok" if not missing else "look",
            ", ".join(missing) or "every table is known",
        )
    )
    notes = [html.Li(shown(note, 400)) for note in coverage.notes]
    return card(
        html.Div(facts, className="health"),
        behind(f"Notes on this record ({len(notes)})", html.Ul(notes)) if notes else None,
        title="Data health",
        wide=True,
    )


def _fact(name: str, value: str, state: str, detail: str) -> html.Div:
    mark = {"ok": "✓", "look": "!"}[state]
    return html.Div(
        [
            html.Span(
                mark, className=f"state {state}", title={"ok": "in order", "look": "worth a look"}[state]
            ),
            html.Div([html.Strong(f"{name}: {value}"), html.P(detail, className="muted")]),
        ],
        className="fact",
    )


PAGE = Page("overview", "Overview", _view, {"live": live.now, "measures": _measures})
