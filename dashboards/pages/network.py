"""The network of agents: who turns to whom, by one kind of tie at a time."""

from __future__ import annotations

from typing import Final

from dash import dcc, html
from dash.development.base_component import Component

from moltarium.analysis.graphs.networks import edge
from moltarium.dashboards import content
from moltarium.dashboards.drawing import MAX_EDGES, draw_network
from moltarium.dashboards.figures_agent import Drawing, network
from moltarium.dashboards.layers import COLOURS, LAYERS, colours_of, groups, layer_of
from moltarium.dashboards.page import Lab, Page
from moltarium.dashboards.parts import (
    Child,
    Column,
    Query,
    behind,
    card,
    chart,
    choices,
    counted,
    files,
    link_to,
    page_head,
    slow,
    table,
)
from moltarium.dashboards.source import Source
from moltarium.dashboards.untrusted import line

TOP: Final = 40
"""Agents listed under the picture."""


def colour_of(source: Source, query: Query) -> str:
    """Return by what the address asks to tell agents apart."""
    asked = query.get("colour", "module")
    return asked if asked in colours_of(source) else "module"


def drawing_of(source: Source, query: Query) -> Drawing:
    """Return the network that the address asks for, laid out.

    Raises
    ------
    NotComputable
        As `draw_network` does.
    """
    kind = layer_of(query)
    return source.get(f"network/{kind}", lambda own: draw_network(own.record, kind))


def _view(lab: Lab, query: Query) -> Component:
    kind = layer_of(query)
    colour = choices("network", query, "colour", colours_of(lab.source), colour_of(lab.source, query))
    return html.Div(
        [
            page_head("Network", f"Who turns to whom. A tie: {edge(kind)}."),
            choices("network", query, "edge", LAYERS, kind),
            html.Div([html.Span("Colour by", className="muted"), colour], className="controls"),
            slow("network", query, "Laying out the network…"),
        ]
    )


def _drawn(lab: Lab, query: Query) -> Component:
    source = lab.source
    drawing, colour = drawing_of(source, query), colour_of(source, query)
    handles = content.handles(source)
    found = groups(source, colour) if colour != "module" else {}
    named = [found.get(name) for name in drawing.names] if found else None
    rows: list[list[Child]] = [
        [
            dcc.Link(line(handles.get(name, name), 40), href=link_to("agent", id=name)),
            f"{degree:,}",
            str(module + 1),
            *([line(found.get(name) or "–", 40)] if found else []),
        ]
        for name, degree, module in zip(
            drawing.names[:TOP], drawing.degree[:TOP].tolist(), drawing.module[:TOP].tolist(), strict=True
        )
    ]
    columns = [Column("agent"), Column("tied to", True), Column("module", True)]
    return card(
        files("network", query, "the drawn ties"),
        chart(network(drawing, handles, named), "The network", "network"),
        behind(
            "The table behind this picture",
            table([*columns, *([Column(COLOURS[colour])] if found else [])], rows, "Best connected agents"),
        ),
        title=f"{len(drawing.names):,} of {drawing.n_all:,} agents,"
        f" {counted(len(set(drawing.module.tolist())), 'module')}",
        note="Size is the number of agents it is tied to. Modules (Leiden, whole network) are set apart, so"
        f" distance between them means little. The best connected and at most {MAX_EDGES:,} ties are drawn."
        " Click an agent to meet it; click a name in the legend to hide its group.",
        wide=True,
    )


PAGE: Final = Page("network", "Network", _view, {"network": _drawn})
