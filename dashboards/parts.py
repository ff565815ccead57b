"""The small vocabulary that every page is built from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlencode

import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]
from dash import dcc, html
from dash.development.base_component import Component
from flask import g, has_request_context, request

from moltarium.analysis.metric import Measure, Null
from moltarium.dashboards.methods import Method
from moltarium.dashboards.untrusted import line

Query: TypeAlias = Mapping[str, str]
"""The part of the address behind the question mark."""

Child: TypeAlias = Component | str | int | float | None

PAGE_ROWS = 25
"""Rows of a list shown at once."""


class Column(NamedTuple):
    """One column of a table."""

    title: str
    numeric: bool = False


def link_to(page: str, /, **query: object) -> str:
    """Return the address of a page with its filters; empty and missing ones are left out.

    It lies beneath the address at which the visitor found the record, if that is one of several, and keeps
    the span of time that is looked at (`g.window`), unless it names another.
    """
    window = g.get("window", {}) if has_request_context() else {}
    kept = {key: str(value) for key, value in {**window, **query}.items() if value not in (None, "")}
    base = request.script_root if has_request_context() else ""
    path = f"{base}/" if page == "overview" else f"{base}/{page}"
    return f"{path}?{urlencode(kept)}" if kept else path


def number(value: float | int | None, digits: int = 3) -> str:
    """Return a figure for reading: whole numbers with thousands, others to `digits` significant places."""
    if value is None or pd.isna(value):
        return "–"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}".replace("-", "−")
    size = abs(value)
    places = digits if size < 0.1 else max(0, digits - len(str(int(size)))) if size >= 1 else digits
    text = f"{value:,.{places}f}" if size >= 0.0005 else f"{value:.1e}"
    return text.replace("-", "−")


def counted(n: int, thing: str) -> str:
    """Return how many of a thing there are: "1 comment", "2 comments"."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def breakable(name: str) -> str:
    """Return a dotted name that may break after its dots."""
    return name.replace(".", ".\u200b")


def signed(value: float, digits: int = 2) -> str:
    """Return a figure with its sign."""
    return f"{value:+.{digits}f}".replace("-", "−")


def interval(ci: tuple[float, float] | None) -> str:
    """Return a 95 % interval in brackets, or nothing."""
    return f"[{number(ci[0])}, {number(ci[1])}]" if ci else ""


def chance(p: float) -> str:
    """Return a p value: three places, never ``0``."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def moment(t: datetime | pd.Timestamp) -> str:
    """Return a UTC moment."""
    return f"{t:%Y-%m-%d %H:%M}"


def card(
    *children: Child, title: str | None = None, note: str | None = None, wide: bool = False
) -> html.Section:
    """A surface with one thing on it."""
    head: list[Child] = []
    if title:
        head.append(html.H2(title, className="card-title"))
    if note:
        head.append(html.P(note, className="card-note"))
    return html.Section([*head, *children], className="card wide" if wide else "card")


def page_head(title: str, lead: str | None = None, *extra: Child) -> html.Header:
    """A page's title, what it asks, and what belongs beside it."""
    return html.Header(
        [html.H1(title), html.P(lead, className="lead") if lead else None, *extra], className="page-head"
    )


def how(method: Method) -> html.Section:
    """How a question is answered, in words."""
    return card(
        html.P(method.definition),
        html.P([html.Strong("Null. "), method.null]),
        html.P([html.Strong("Read with care. "), method.caveat]),
        html.P(method.source, className="source"),
        title="How this is measured",
        wide=True,
    )


def headline(finding: str, evidence: str, tone: str = "plain") -> html.Div:
    """The one sentence that a page has to say, and the figures it rests on."""
    return html.Div(
        [html.P(finding, className="finding"), html.P(evidence, className="evidence")],
        className=f"headline {tone}",
    )


def badge(text: str, kind: str, title: str) -> html.Span:
    """A small mark with a meaning."""
    return html.Span(text, className=f"badge {kind}", title=title)


def key_figure(name: str, measure: Measure) -> html.Div:
    """One figure with its interval; its definition opens under it."""
    if measure.value is None:
        shown: list[Child] = [
            html.Span("–", className="figure"),
            html.Span(f"needs {measure.needs}", className="needs"),
        ]
    else:
        shown = [
            html.Span(number(measure.value), className="figure"),
            html.Span(interval(measure.ci), className="ci"),
        ]
    null = (
        f" Null ({measure.null.model}): {number(measure.null.mean)}, {chance(measure.null.p)}."
        if measure.null
        else ""
    )
    return html.Div(
        [
            html.Div(shown, className="figure-line"),
            html.Details(
                [
                    html.Summary(name),
                    html.P(f"{measure.definition}{null}"),
                    html.P(measure.source, className="source"),
                ]
            ),
        ],
        className="key-figure",
    )


def plain_figure(name: str, value: str, explanation: str) -> html.Div:
    """A figure that needs no interval."""
    return html.Div(
        [
            html.Div(html.Span(value, className="figure"), className="figure-line"),
            html.Details([html.Summary(name), html.P(explanation)]),
        ],
        className="key-figure",
    )


def csv_link(table: str, query: Query, what: str) -> html.A:
    """Return the link that downloads a table, as the address narrows and orders it."""
    return html.A(
        "CSV",
        href=link_to(f"csv/{table}", **{**query, "page": None}),
        download="",
        className="csv",
        **said(f"Download {what} as CSV"),
    )


def files(table: str, query: Query, what: str) -> html.Div:
    """Return what a chart can be taken away as: its picture, and its figures.

    It stands in the chart's card, which holds one chart; the page's script takes the picture from there.

    Parameters
    ----------
    table
        The table in `moltarium.dashboards.download.SHEETS` that holds the chart's figures.
    query
        The address, which narrows them.
    what
        What the chart shows, in words that end a sentence.
    """

    def picture(kind: str) -> html.Button:
        asked: dict[str, Any] = {"data-picture": kind, "data-name": f"moltarium-{table}"}
        label = said(f"Download a picture of {what} as {kind.upper()}")
        return html.Button(kind.upper(), type="button", className="csv", **label, **asked)

    pictures = [picture(kind) for kind in ("svg", "png")]
    return html.Div([*pictures, csv_link(table, query, what)], className="files")


def said(label: str) -> dict[str, Any]:
    """Return the attribute that says to a screen reader what a part is."""
    return {"aria-label": label}


def unsaid() -> dict[str, Any]:
    """Return the attribute that keeps a drawing from a screen reader, where its figures stand beside it."""
    return {"aria-hidden": "true"}


def height_of(figure: go.Figure) -> int:
    """Return a figure's height in pixels."""
    return int(figure.to_dict()["layout"]["height"])


def chart(figure: go.Figure, what: str, name: str) -> html.Div:
    """A figure with the words a screen reader says for it.

    Points that carry ``customdata`` of the form ``[page, id]`` lead there when clicked.
    """
    return html.Div(
        dcc.Graph(
            figure=figure,
            id={"type": "graph", "name": name},
            responsive=True,
            style={"height": f"{height_of(figure)}px"},
            config={
                "displaylogo": False,
                "showTips": False,
                "modeBarButtons": [["resetScale2d"]],
            },
        ),
        role="img",
        className="chart",
        **said(what),
    )


def table(columns: Sequence[Column], rows: Sequence[Sequence[Child]], caption: str) -> html.Div:
    """A plain table."""
    head = [html.Th(c.title, scope="col", className="num" if c.numeric else None) for c in columns]
    body = [
        html.Tr(
            [
                html.Td(cell, className="num" if c.numeric else None)
                for c, cell in zip(columns, row, strict=True)
            ]
        )
        for row in rows
    ]
    return html.Div(
        html.Table([html.Caption(caption), html.Thead(html.Tr(head)), html.Tbody(body)]), className="scroll-x"
    )


class Cell(NamedTuple):
    """What stands in a table of characters alone."""

    text: str
    aside: str = ""
    """Stands beside the text, smaller: an interval."""
    title: str = ""
    """Is told of the text when it is pointed at: a definition."""


def laid(columns: Sequence[Column], rows: Sequence[Sequence[str | Cell]], caption: str) -> html.Div:
    """A table of characters alone, laid out by the page's script: one component, however many rows.

    Every change of a page's state walks over all of its components; a cell of `table` is one or more.
    """
    told = {"caption": caption, "columns": columns, "rows": rows}
    held: dict[str, Any] = {"data-table": json.dumps(told, ensure_ascii=False)}
    return html.Div(className="scroll-x", **held)


def behind(title: str, *children: Child) -> html.Details:
    """What stands behind a chart, folded away."""
    return html.Details([html.Summary(title), *children], className="behind")


def frame_table(frame: pd.DataFrame, caption: str, limit: int = 60) -> html.Div:
    """A frame as a table; text in it is treated as an agent's."""
    columns = [Column(str(name), pd.api.types.is_numeric_dtype(frame[name])) for name in frame.columns]
    rows = [[_cell(value) for value in row] for row in frame.head(limit).itertuples(index=False)]
    more = f" (first {limit:,} of {len(frame):,} rows)" if len(frame) > limit else ""
    return laid(columns, rows, caption + more)


def _cell(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return moment(value)
    if isinstance(value, str):
        return line(value)
    return number(value)


def lack(needs: str, what: str) -> html.Section:
    """Stands where something can't be computed: says what is missing, never a zero."""
    return card(
        html.P([html.Strong("Not computable here. "), f"{what}: needs {needs}."]),
        html.P("What a record lacks is unknown, never zero, so no figure is shown.", className="muted"),
    )


def null_line(null: Null | None) -> str:
    """Return how a figure stands against its null, in words."""
    if null is None:
        return "no null drawn"
    return (
        f"null {number(null.mean)} ± {number(null.sd)} ({null.model}; {null.draws:,} draws), {chance(null.p)}"
    )


def slow(name: str, query: Query, says: str) -> html.Div:
    """A place that is filled after the page is up."""
    waiting = html.Div([html.Div(className="pulse"), html.P(says, className="muted")], className="waiting")
    return html.Div(
        [
            dcc.Store(id={"type": "slow-query", "name": name}, data=dict(query)),
            html.Div(waiting, id={"type": "slow", "name": name}),
        ]
    )


def search_box(placeholder: str, query: Query) -> html.Div:
    """A text filter that lives in the address."""
    return html.Div(
        dcc.Input(
            id={"type": "filter", "name": "q"},
            value=query.get("q", ""),
            placeholder=placeholder,
            type="search",
            debounce=0.4,
            maxLength=200,
            className="search",
        ),
        role="search",
    )


def choices(page: str, query: Query, name: str, options: Mapping[str, str], chosen: str) -> html.Nav:
    """Links of which one is chosen; the choice lives in the address."""
    return html.Nav(
        [
            dcc.Link(
                title,
                href=link_to(page, **{**query, name: value, "page": None}),
                className="choice chosen" if value == chosen else "choice",
            )
            for value, title in options.items()
        ],
        className="choices",
        **said(name),
    )


def page_number(query: Query) -> int:
    """Return the page of a list that the address asks for, from 1."""
    text = query.get("page", "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 9 else 1


def pager(page: str, query: Query, total: int) -> html.Nav:
    """Links to the neighbouring pages of a list."""
    here, last = page_number(query), max(1, -(-total // PAGE_ROWS))
    first = (here - 1) * PAGE_ROWS + 1

    def step(to: int, words: str) -> Component:
        if 1 <= to <= last and to != here:
            way = "more" if to > here else "back"
            return dcc.Link(words, href=link_to(page, **{**query, "page": to}), className=f"choice {way}")
        return html.Span(words, className="choice off")

    shown = f"{first:,}–{min(here * PAGE_ROWS, total):,} of {total:,}" if total else "nothing found"
    return html.Nav(
        [step(here - 1, "← Back"), html.Span(shown, className="muted"), step(here + 1, "More →")],
        className="pager",
        **said("pages"),
    )
