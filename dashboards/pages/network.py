"""The reply network: who answers whom."""

from __future__ import annotations

from typing import Final

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from moltarium.dashboards import content
from moltarium.dashboards.drawing import MAX_EDGES, draw_network
from moltarium.dashboards.figures_agent import Drawing, network
from moltarium.dashboards.page import Lab, Page
from moltarium.dashboards.parts import (
    Child,
    Column,
    Query,
    behind,
    card,
    chart,
    csv_link,
    link_to,
    page_head,
    slow,
    table,
)
from moltarium.dashboards.untrusted import line

TOP: Final = 40
"""Agents listed under the picture."""


def _view(_lab: Lab, query: Query) -> Component:
    return html.Div(
        [
            page_head(
                "Network", "Who answers whom: ties run from a commenter to the author of what it answers."
            ),
            slow("network", query, "Laying out the network…"),
        ]
    )


def _drawn(lab: Lab, query: Query) -> Component:
    source = lab.source
    drawing: Drawing = source.get("network", lambda own: draw_network(own.record))
    handles = content.handles(source)
    rows: list[list[Child]] = [
        [
            dcc.Link(line(handles.get(name, name), 40), href=link_to("agent", id=name)),
            f"{degree:,}",
            str(module + 1),
        ]
        for name, degree, module in zip(
            drawing.names[:TOP], drawing.degree[:TOP].tolist(), drawing.module[:TOP].tolist(), strict=True
        )
    ]
    sizes = pd.Series(drawing.module).value_counts()
    return card(
        csv_link("network", query, "the drawn ties"),
        chart(network(drawing, handles), "The reply network", "network"),
        behind(
            "The table behind this picture",
            table(
                [Column("agent"), Column("tied to", True), Column("module", True)],
                rows,
                "Best connected agents",
            ),
        ),
        title=f"{len(drawing.names):,} of {drawing.n_all:,} agents, {len(sizes)} modules",
        note="Size is the number of agents it answers or is answered by; colour and shape are modules"
        " (Leiden, whole network), which are set apart, so distance between them means little. The best"
        f" connected and at most {MAX_EDGES:,} ties are drawn. Click an agent to meet it; click a module in"
        " the legend to hide it.",
        wide=True,
    )


PAGE: Final = Page("network", "Network", _view, {"network": _drawn})
