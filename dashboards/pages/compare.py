"""Side by side: this record and another one, or what has been published of the real site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dash import html
from dash.development.base_component import Component

from moltarium.analysis.compare import Comparison
from moltarium.dashboards import figures
from moltarium.dashboards.findings import found_comparison, found_published
from moltarium.dashboards.page import Lab, Page
from moltarium.dashboards.pages.overview import badges, title_of
from moltarium.dashboards.parts import (
    Cell,
    Child,
    Column,
    Query,
    behind,
    breakable,
    card,
    chart,
    files,
    interval,
    laid,
    number,
    page_head,
    slow,
)
from moltarium.dashboards.untrusted import line

WAIT: Final = "; the first time this takes some seconds on ten thousand texts…"
"""Said while measures are taken."""


def _view(lab: Lab, query: Query) -> Component:
    other = lab.against
    names: list[Child] = [_side("This record", title_of(lab.source.run), badges(lab.source.run))]
    if other is not None:
        names.append(_side("Beside it", title_of(other.run), badges(other.run)))
    return html.Div(
        [
            page_head(
                "Compare",
                "Like with like: both sides are measured by the same code on what a crawler of the real"
                " site could have seen.",
            ),
            html.Div(names, className="pair"),
            slow("compare", query, f"Measuring both sides{WAIT}") if other is not None else None,
            slow("published", query, f"Measuring this record as a crawler would have seen it{WAIT}"),
        ]
    )


def _side(label: str, title: str, marks: list[html.Span]) -> Component:
    return card(
        html.P(label, className="tiny"),
        html.H2(title, className="side-title"),
        html.Div(marks, className="badges"),
    )


def _compared(lab: Lab, query: Query) -> Component:
    if lab.against is None:
        return html.Div()
    found = found_comparison(lab.source, lab.against)
    return card(
        files("compare", query, "all measures of both records"),
        chart(figures.ratios(found), "Measures here as multiples of the other record's", "ratios"),
        behind("The table behind this chart", comparison_table(found, "Measures of both records")),
        title="Record beside record",
        note=f"The chart shows the {figures.MOST_RATIOS} measures that lie farthest apart, the table all. The"
        " dashed line is no difference, whiskers are this side's 95 % interval. In the table ≠"
        " marks differences whose interval leaves out zero. Measures of zero or other sign, and counts"
        " that grow with a society, stand in the table only.",
        wide=True,
    )


def _published(lab: Lab, query: Query) -> Component:
    found = found_published(lab.source)
    return card(
        files("published", query, "measures beside published figures"),
        chart(figures.ratios(found), "Measures here as multiples of published figures", "published"),
        comparison_table(found, "Measures beside published figures", published=True),
        title="Beside what is published of MoltBook",
        note="Grade A: read in the primary source or recomputed from its data; B: abstract only; C:"
        " second-hand. Published figures cover other days and sizes than this record.",
        wide=True,
    )


def comparison_table(found: Mapping[str, Comparison], caption: str, *, published: bool = False) -> html.Div:
    """Lay comparisons out as a table."""
    columns = [
        Column("measure"),
        Column("here", True),
        Column("grade · published" if published else "there", True),
        Column("difference", True),
        Column("source" if published else "needs"),
    ]
    rows: list[list[str | Cell]] = []
    for name, each in found.items():
        apart = each.difference_ci is not None and (each.difference_ci[0] > 0 or each.difference_ci[1] < 0)
        there = f"{each.grade} · {number(each.b)}" if published else number(each.b)
        rows.append(
            [
                Cell(breakable(name), title=each.definition),
                Cell(number(each.a), interval(each.a_ci)),
                Cell(there, interval(each.b_ci)),
                Cell(("≠ " if apart else "") + number(each.difference), interval(each.difference_ci)),
                line(each.source, 60) if published else line(each.needs or "", 60),
            ]
        )
    return laid(columns, rows, caption)


PAGE: Final = Page("compare", "Compare", _view, {"compare": _compared, "published": _published})
