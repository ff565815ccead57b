"""Every measure of the battery on this record, found by name, with interval, null, definition and source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from dash import html
from dash.development.base_component import Component

from moltarium.analysis.metric import Measure
from moltarium.dashboards.findings import found_measures
from moltarium.dashboards.page import Lab, Page
from moltarium.dashboards.parts import (
    PAGE_ROWS,
    Child,
    Column,
    Query,
    breakable,
    card,
    choices,
    csv_link,
    interval,
    null_line,
    number,
    page_head,
    page_number,
    pager,
    search_box,
    slow,
    table,
)
from moltarium.dashboards.untrusted import line

SHOW: Final[dict[str, str]] = {
    "all": "All",
    "interval": "With an interval",
    "null": "Beside a null",
    "missing": "Not computable",
}
"""Which measures are listed, by the word in the address."""

_KEEPS: Final[dict[str, Callable[[Measure], bool]]] = {
    "all": lambda _each: True,
    "interval": lambda each: each.ci is not None,
    "null": lambda each: each.null is not None,
    "missing": lambda each: each.value is None,
}


def chosen(found: Mapping[str, Measure], query: Query) -> dict[str, Measure]:
    """Return the measures that the address asks for, in their order.

    Parameters
    ----------
    found
        Every measure.
    query
        ``q``: words that all stand in the name, the definition or the source; ``show``: a key of `SHOW`.
    """
    words = query.get("q", "").lower().split()
    keeps = _KEEPS.get(query.get("show", "all"), _KEEPS["all"])
    return {
        name: each
        for name, each in found.items()
        if keeps(each) and all(word in f"{name} {each.definition} {each.source}".lower() for word in words)
    }


def _view(_lab: Lab, query: Query) -> Component:
    show = query.get("show", "all") if query.get("show") in SHOW else "all"
    return html.Div(
        [
            page_head(
                "Measures",
                "The whole battery on this record. A measure that lacks its data says what it needs.",
            ),
            html.Div(
                [
                    search_box("Search names, definitions, sources", query),
                    choices("measures", query, "show", SHOW, show),
                    csv_link("measures", {}, "all measures"),
                ],
                className="controls",
            ),
            slow("all-measures", query, "Measuring, with intervals and null models…"),
        ]
    )


def _listed(lab: Lab, query: Query) -> Component:
    found = found_measures(lab.source)
    kept = chosen(found, query)
    start = (page_number(query) - 1) * PAGE_ROWS
    rows = [_row(name, kept[name]) for name in list(kept)[start : start + PAGE_ROWS]]
    columns = [
        Column("measure and definition"),
        Column("value", True),
        Column("95 % interval", True),
        Column("null"),
        Column("source"),
    ]
    caption = f"{len(kept):,} of {len(found):,} measures"
    return card(table(columns, rows, caption), pager("measures", query, len(kept)), wide=True)


def _row(name: str, each: Measure) -> list[Child]:
    named = html.Span(
        [html.Strong(breakable(name)), html.Br(), html.Span(each.definition, className="muted")]
    )
    if each.value is None:
        return [named, "–", "", f"not computable: needs {each.needs}", line(each.source, 80)]
    against = null_line(each.null) if each.null else ""
    return [named, number(each.value), interval(each.ci), against, line(each.source, 80)]


PAGE: Final = Page("measures", "Measures", _view, {"all-measures": _listed})
