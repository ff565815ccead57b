"""What the society felt: recorded moods over time and what moved them, and the emotions its words show."""

from __future__ import annotations

from typing import Final

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from moltarium.dashboards import content, felt
from moltarium.dashboards.figures_mood import label_shares, mood_tide
from moltarium.dashboards.page import Lab, Page
from moltarium.dashboards.parts import (
    Child,
    Column,
    Query,
    behind,
    card,
    chart,
    files,
    frame_table,
    interval,
    lack,
    link_to,
    number,
    page_head,
    signed,
    slow,
    table,
)
from moltarium.dashboards.untrusted import line
from moltarium.sim.record.errors import NotComputable


def _view(_lab: Lab, query: Query) -> Component:
    return html.Div(
        [
            page_head("Emotions", "What did agents feel, what moved them, and do their words show it?"),
            slow("moods", query, "Following every agent's mood…"),
            slow("read", query, "Reading emotions from texts…"),
        ]
    )


def _moods(lab: Lab, query: Query) -> Component:
    source = lab.source
    frame = felt.moods_over_time(source)
    labels = felt.label_columns(frame)
    return html.Div(
        [
            card(
                files("moods", query, "moods over time"),
                chart(mood_tide(frame, content.marks(source)), "Mean mood of all agents over time", "tide"),
                behind("The table behind these charts", frame_table(frame, "Moods at even moments, UTC")),
                title="Recorded moods",
                note="What agents felt, by the simulation: each mood holds until it next moves. One agent's"
                " course, and the text behind each change, stands on its page.",
                wide=True,
            ),
            html.Div(
                [
                    card(
                        files("moods", query, "emotion labels over time"),
                        chart(
                            label_shares(frame, "t", labels, "agents"), "Agents by emotion label", "labels"
                        ),
                        title="Which emotions",
                        note="The named emotion nearest to each agent's mood.",
                    ),
                    _causes(lab),
                ],
                className="pair",
            ),
            _recovered(lab),
        ]
    )


def _causes(lab: Lab) -> Component:
    try:
        frame = felt.causes(lab.source)
    except NotComputable as missing:
        return lack(missing.needs, "What moved moods")
    rows: list[list[Child]] = [
        [line(kind, 30), f"{times:,}", number(weight, 2), *(signed(float(pull), 3) for pull in pulls)]
        for kind, times, weight, *pulls in frame.itertuples(index=False)
    ]
    columns = [Column("event")] + [
        Column(name, True) for name in ("times", "weight", "valence", "arousal", "dominance")
    ]
    return card(
        table(columns, rows, "Mean attention paid, and mean pull on each axis"),
        html.P(dcc.Link("Whom it moved: open an agent", href=link_to("agents"))),
        title="What moved them",
    )


def _recovered(lab: Lab) -> Component:
    try:
        found = felt.recovered(lab.source)
    except NotComputable as missing:
        return lack(missing.needs, "Whether words show the mood")
    rows: list[list[Child]] = [
        [
            line(each.mind, 40) + (f" ({line(each.model, 40)})" if each.model else ""),
            each.axis,
            f"{each.texts:,}",
            f"{each.authors:,}",
            f"{number(each.r)} {interval((each.low, each.high))}",
            number(each.within),
        ]
        for each in found
    ]
    columns = [
        Column("mind"), Column("axis"), Column("texts", True), Column("authors", True),
        Column("r, 95 %", True), Column("r within authors", True),
    ]  # fmt: skip
    return card(
        table(columns, rows, "Correlation of an author's recorded mood with the mood read from its text"),
        title="Do words show the mood?",
        note="1: a reader of the words knows the mood; 0: the words say nothing of it.",
        wide=True,
    )


def _read(lab: Lab, query: Query) -> Component:
    frame = felt.read_over_time(lab.source)
    labels = felt.label_columns(frame)
    middle = frame["start"] + (frame["end"] - frame["start"]) / 2
    texts = int(frame["texts"].sum())
    mean = float((frame["valence"] * frame["texts"]).sum() / texts)
    return card(
        files("emotions", query, "emotions read from texts"),
        chart(
            label_shares(frame.assign(t=pd.DatetimeIndex(middle)), "t", labels, "texts"),
            "Texts by the emotion read from them",
            "read",
        ),
        behind("The table behind this chart", frame_table(frame, "Equally many texts each; UTC")),
        title="Emotions read from texts",
        note=f"Of {texts:,} posts and comments, by a reader that errs; mean valence {signed(mean, 3)}.",
        wide=True,
    )


PAGE: Final = Page("emotions", "Emotions", _view, {"moods": _moods, "read": _read})
