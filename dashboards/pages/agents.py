"""Agents: the list, and one agent's persona, mood with its causes, deeds and memories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from moltarium.dashboards import content
from moltarium.dashboards.figures_agent import mood_lines
from moltarium.dashboards.page import Lab, Page
from moltarium.dashboards.pages.reasons import appraisal_list
from moltarium.dashboards.parts import (
    PAGE_ROWS,
    Child,
    Column,
    Query,
    behind,
    card,
    chart,
    choices,
    csv_link,
    files,
    link_to,
    moment,
    number,
    page_head,
    page_number,
    pager,
    plain_figure,
    search_box,
    signed,
    table,
)
from moltarium.dashboards.source import Source
from moltarium.dashboards.theme import sign_of
from moltarium.dashboards.untrusted import line, shown
from moltarium.sim.record.schema import Appraisal, Emotion, Follow, Memory, Persona, Rejection, Vote

SORTS: Final[dict[str, str]] = {"active": "Most active", "karma": "Karma", "handle": "Name"}

TRAITS: Final = (
    ("o", "Openness"),
    ("c", "Conscientiousness"),
    ("e", "Extraversion"),
    ("a", "Agreeableness"),
    ("n", "Neuroticism"),
)

LATEST: Final = 30
"""Memories, moods and own texts listed."""


def listed(source: Source, query: Query) -> pd.DataFrame:
    """Return the agents that the address asks for, in its order: columns of `content.agents`."""
    frame = content.agents(source)
    wanted = query.get("q", "").strip().lower()
    if wanted:
        text = frame["handle"] + "\n" + frame["bio"]
        frame = frame[text.str.lower().str.contains(wanted, regex=False)]
    sort = query.get("sort")
    if sort == "karma":
        frame = frame.sort_values(["karma", "handle"], ascending=[False, True])
    elif sort == "handle":
        frame = frame.sort_values("handle", key=lambda names: names.str.lower())
    return frame


def _list(lab: Lab, query: Query) -> Component:
    frame = listed(lab.source, query)
    sort = query.get("sort", "active") if query.get("sort") in SORTS else "active"
    start = (page_number(query) - 1) * PAGE_ROWS
    rows: list[list[Child]] = [
        [
            dcc.Link(line(row["handle"], 40) or row["agent_id"], href=link_to("agent", id=row["agent_id"])),
            line(row["bio"], 90),
            number(row["posts"]),
            number(row["comments"]),
            number(row["karma"]),
        ]
        for _, row in frame.iloc[start : start + PAGE_ROWS].iterrows()
    ]
    columns = [
        Column("agent"),
        Column("bio"),
        Column("posts", True),
        Column("comments", True),
        Column("karma", True),
    ]
    return html.Div(
        [
            page_head("Agents", "Every account of the record."),
            html.Div(
                [
                    search_box("Search names and bios", query),
                    choices("agents", query, "sort", SORTS, sort),
                    csv_link("agents", query, "the agents"),
                ],
                className="controls",
            ),
            card(table(columns, rows, "Agents"), pager("agents", query, len(frame)), wide=True),
        ]
    )


def _agent(lab: Lab, query: Query) -> Component:
    source, agent = lab.source, query.get("id", "")
    frame = content.agents(source)
    found = frame[frame["agent_id"] == agent]
    if found.empty:
        return card(
            html.P("There is no such agent in this record."), dcc.Link("All agents", href=link_to("agents"))
        )
    row = found.iloc[0]
    return html.Div(
        [
            html.Nav(dcc.Link("Agents", href=link_to("agents")), className="crumbs"),
            page_head(
                line(row["handle"], 80) or agent,
                None,
                html.P(shown(row["bio"], 1000), className="bio", dir="auto"),
            ),
            html.Div(_deeds(source, agent, row), className="figures"),
            html.Div([_persona(source, agent), _now(source, agent)], className="pair"),
            _mood(source, agent),
            html.Div([_writings(source, agent), _memories(source, agent)], className="pair"),
        ]
    )


def _deeds(source: Source, agent: str, row: pd.Series) -> list[Component]:
    record = source.record
    deeds: list[Component] = [
        plain_figure("posts", number(row["posts"]), "Posts written."),
        plain_figure("comments", number(row["comments"]), "Comments written, replies included."),
        plain_figure(
            "karma", number(row["karma"]), "Sum of the scores of all own texts; – where votes are unknown."
        ),
        plain_figure(
            "followers", number(row["followers"]), "Agents who follow; – where follows are unknown."
        ),
    ]
    if record.has(Vote):
        cast = [vote.value for vote in record.rows_where(Vote, voter=agent)]
        deeds.append(
            plain_figure(
                "votes cast",
                number(len(cast)),
                f"{cast.count(1):,} up, {cast.count(-1):,} down, {cast.count(0):,} taken back.",
            )
        )
    if record.has(Follow):
        follows = sum(1 for each in record.rows_where(Follow, source=agent) if each.active)
        deeds.append(plain_figure("follows", number(follows), "Times it began to follow someone."))
    if record.has(Rejection):
        refused = pd.Series(
            [each.category for each in record.rows_where(Rejection, agent=agent)], dtype=object
        )
        detail = ", ".join(f"{line(str(c), 30)} {n:,}" for c, n in refused.value_counts().items())
        deeds.append(plain_figure("refusals", number(len(refused)), detail or "No action was refused."))
    return deeds


def _persona(source: Source, agent: str) -> Component:
    persona = next(iter(source.record.rows_where(Persona, agent=agent)), None)
    if persona is None:
        return card(
            html.P("Unknown: what an agent is like inside can't be seen from outside.", className="muted"),
            title="Persona",
        )
    bars = [
        html.Div(
            [
                html.Span(name, className="bar-name"),
                html.Span(
                    html.Span(className="bar-fill", style={"width": f"{100 * getattr(persona, key):.0f}%"}),
                    className="bar-track",
                ),
                html.Span(f"{getattr(persona, key):.2f}", className="bar-value"),
            ],
            className="bar",
        )
        for key, name in TRAITS
    ]
    asks = f", asking {line(persona.model, 40)}" if persona.model else ""
    return card(
        html.Div(bars, className="bars"),
        html.P(f"Mind: {line(persona.mind, 40)}{asks}", className="muted"),
        html.P(
            f"Interests: {line(persona.interests.strip('[]').replace(chr(34), ''), 200)}", className="muted"
        ),
        title="Persona",
    )


def _now(source: Source, agent: str) -> Component:
    rows = tuple(source.record.rows_where(Appraisal, agent=agent)) if source.record.has(Appraisal) else ()
    latest = tuple(reversed(rows[-LATEST:]))
    return card(
        html.Div(appraisal_list(source, latest, "Latest first", LATEST), className="scroll-y"),
        title="What moved it",
        note=f"{len(rows):,} appraisals in all." if rows else None,
    )


def _mood(source: Source, agent: str) -> Component:
    moods = list(source.record.rows_where(Emotion, agent=agent)) if source.record.has(Emotion) else []
    if not moods:
        return card(
            html.P("No mood was recorded for this agent.", className="muted"), title="Mood", wide=True
        )
    frame = pd.DataFrame(moods, columns=Emotion._fields)
    frame["t"] = pd.to_datetime(frame["t"], unit="us", utc=True)
    where = content.places(source)
    causes = [_cause(source, mood.cause, where) for mood in moods]
    places = [where.get(mood.cause or "") for mood in moods]
    threads = [place.post if place else None for place in places]
    last = frame.iloc[-1]
    sign = sign_of(last["label"])
    now = html.P(
        [
            html.Span(
                [html.Span(sign.glyph, style={"color": sign.colour}, className="glyph"), last["label"]],
                className="mood",
            ),
            f" at {moment(last['t'])} UTC, after {len(frame):,} changes",
        ]
    )
    columns = [
        Column("when"), *(Column(axis, True) for axis in ("valence", "arousal", "dominance")),
        Column("label"), Column("what moved it"),
    ]  # fmt: skip
    latest = list(zip(moods, causes, threads, strict=True))[: -LATEST - 1 : -1]
    rows: list[list[Child]] = [
        [
            moment(pd.Timestamp(mood.t, unit="us")),
            *(signed(axis) for axis in (mood.v, mood.a, mood.d)),
            line(mood.label, 20),
            dcc.Link(words, href=link_to("thread", id=thread)) if thread else words,
        ]
        for mood, words, thread in latest
    ]
    return card(
        now,
        files("mood", {"id": agent}, "its mood over time"),
        chart(mood_lines(frame, causes, threads), "Valence, arousal and dominance over time", "mood"),
        behind(
            "The table behind this chart",
            table(columns, rows, f"Latest {len(rows)} of {len(moods):,} changes"),
        ),
        title="Mood",
        note="Each axis runs from −1 to 1. Hover for what moved it; click a point to read that.",
        wide=True,
    )


def _cause(source: Source, target: str | None, where: Mapping[str, content.Place]) -> str:
    if target is None:
        return "returning to its temperament"
    place = where.get(target)
    if place is None:
        return f"moved by {line(target, 40)}"
    return f"moved by {content.handle_of(source, place.author)}: {line(place.text, 60)}"


def _writings(source: Source, agent: str) -> Component:
    posts = content.posts(source)
    own = posts[posts["author"] == agent][["t", "post_id", "title"]].set_axis(["t", "post", "text"], axis=1)
    comments = content.comments(source)
    said = comments[comments["author"] == agent][["t", "post_id", "body"]].set_axis(
        ["t", "post", "text"], axis=1
    )
    both = pd.concat([own.assign(kind="post"), said.assign(kind="comment")]).sort_values("t", ascending=False)
    items = [
        html.Li(
            [
                html.Span(row["kind"], className="tag"),
                dcc.Link(line(row["text"], 110) or "(empty)", href=link_to("thread", id=row["post"])),
                html.Div(f"{moment(row['t'])} UTC", className="muted"),
            ]
        )
        for _, row in both.head(LATEST).iterrows()
    ]
    return card(
        html.Ul(items, className="appraisals scroll-y")
        if items
        else html.P("Nothing yet.", className="muted"),
        title="Latest texts",
    )


def _memories(source: Source, agent: str) -> Component:
    rows = list(source.record.rows_where(Memory, agent=agent)) if source.record.has(Memory) else []
    items = [
        html.Li(
            [
                html.Span(line(row.kind, 20), className="tag"),
                html.Span(line(row.text, 200), dir="auto"),
                html.Div(f"importance {row.importance:.2f}", className="muted"),
            ]
        )
        for row in reversed(rows[-LATEST:])
    ]
    return card(
        html.Ul(items, className="appraisals scroll-y")
        if items
        else html.P("No memories were recorded.", className="muted"),
        title="Memory",
        note=f"{len(rows):,} in all, latest first." if rows else None,
    )


PAGES: Final = (
    Page("agents", "Agents", _list),
    Page("agent", "Agent", _agent, listed=False),
)
