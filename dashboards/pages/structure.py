"""How the society is built: how unequally agents are tied, and how deep and large its threads grow."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from moltarium.analysis.conversation.threads import depths
from moltarium.analysis.corpus import read_corpus
from moltarium.analysis.graphs.networks import ACTS, Directed, build, edge
from moltarium.dashboards import content
from moltarium.dashboards.figures_structure import ccdf, depth_bars, tails
from moltarium.dashboards.findings import found_measures
from moltarium.dashboards.layers import LAYERS, layer_of
from moltarium.dashboards.page import Lab, Page
from moltarium.dashboards.parts import (
    Query,
    behind,
    card,
    chart,
    choices,
    counted,
    csv_link,
    files,
    frame_table,
    key_figure,
    lack,
    link_to,
    page_head,
    slow,
)
from moltarium.dashboards.source import Source
from moltarium.sim.record.errors import NotComputable

SHOWN: Final = {
    "shape.reply.bowtie_core": "Agents in the core (bow-tie)",
    "shape.reply.path_mean": "Mean path",
    "shape.reply.core_max": "Deepest k-core",
    "shape.reply.communities": "Modules (Leiden)",
    "tail.in_degree_alpha": "Exponent of in-degrees",
    "tail.comments_per_post_alpha": "Exponent of comments per post",
    "thread.depth_mean": "Mean depth of comments",
    "thread.flat_share": "Flat threads",
    "tree.branching_root": "Comments on a post",
    "tree.branching_below": "Replies to a comment",
    "survival.comment_half_life_min": "Half-life of a thread, min",
    "thread.reentry": "Comments by returners",
}
"""Measures shown here, by their name in the battery."""


class Degrees(NamedTuple):
    """With how many others each agent is tied."""

    table: pd.DataFrame
    """``agent, received, given``: agents that turned to it, agents that it turned to."""
    edges: int


def degrees(source: Source, kind: Directed) -> Degrees:
    """Return the degrees of one layer, the largest received first.

    Raises
    ------
    NotComputable
        If the record lacks what ties agents in this layer, or nobody is tied to anybody.
    """

    def compute(own: Source) -> Degrees:
        net = build(read_corpus(own.record), kind)
        if not net.m:
            raise NotComputable(f"{ACTS[kind]} between two agents")
        received, given = (np.bincount(end, minlength=net.n) for end in (net.target, net.source))
        frame = pd.DataFrame({"agent": net.names.astype(str), "received": received, "given": given})
        return Degrees(frame.sort_values(["received", "agent"], ascending=[False, True]), net.m)

    return source.get(f"degrees/{kind}", compute)


def sizes(source: Source) -> pd.DataFrame:
    """Return how many comments every post made in this record has: ``post, comments``, the most first."""
    posts = content.own(content.posts(source))
    most = posts.sort_values(["comments", "seq"], ascending=[False, True])
    return most[["post_id", "comments"]].set_axis(["post", "comments"], axis=1)


def by_depth(source: Source) -> pd.DataFrame:
    """Return how many comments stand at each depth: ``depth, comments``; 1 is a comment on the post.

    Raises
    ------
    NotComputable
        If the record does not know which comment answers which, or holds none.
    """

    def compute(own: Source) -> pd.DataFrame:
        corpus = read_corpus(own.record)
        deep = depths(corpus.parents())[corpus.comment_own]
        if not (deep > 0).any():
            raise NotComputable("a comment whose place in its thread is known")
        depth, comments = np.unique(deep[deep > 0], return_counts=True)
        return pd.DataFrame({"depth": depth, "comments": comments})

    return source.get("by-depth", compute)


def _view(_lab: Lab, query: Query) -> Component:
    return html.Div(
        [
            page_head("Structure", "How unequally are agents tied, and how deep and large do threads grow?"),
            choices("structure", query, "edge", LAYERS, layer_of(query)),
            slow("structure", query, "Counting ties and depths…"),
            slow("structure-figures", query, "Measuring, with intervals and null models…"),
        ]
    )


def _counted(lab: Lab, query: Query) -> Component:
    return html.Div(
        [
            _degrees(lab.source, query),
            html.Div([_sizes(lab.source, query), _depths(lab.source, query)], className="pair"),
        ]
    )


def _degrees(source: Source, query: Query) -> Component:
    kind = layer_of(query)
    try:
        found = degrees(source, kind)
    except NotComputable as missing:
        return lack(missing.needs, LAYERS[kind])
    ways = {"turned to by": "received", "turned to": "given"}
    curves = {name: ccdf(found.table[column].to_numpy()) for name, column in ways.items()}
    return card(
        files("degrees", query, "degrees of agents"),
        chart(tails(curves, "other agents, at least", "agents"), "Degrees of agents", "degrees"),
        behind("The table behind this chart", frame_table(found.table, "Most turned to first")),
        title=f"{counted(len(found.table), 'agent')}, {counted(found.edges, 'tie')}",
        note=f"Of the agents with any, the share tied to as many others or more. A tie: {edge(kind)}.",
        wide=True,
    )


def _sizes(source: Source, query: Query) -> Component:
    curve = ccdf(sizes(source)["comments"].to_numpy())
    if curve.empty:
        return lack("a comment", "Comments per post")
    return card(
        files("sizes", query, "comments per post"),
        chart(tails({"posts": curve}, "comments, at least", "answered posts"), "Comments per post", "sizes"),
        behind("The table behind this chart", frame_table(curve, "Share with as many or more")),
        title="How large threads grow",
        note="Of the posts with a comment, the share with as many or more.",
    )


def _depths(source: Source, query: Query) -> Component:
    try:
        frame = by_depth(source)
    except NotComputable as missing:
        return lack(missing.needs, "Depth")
    return card(
        files("depths", query, "comments by depth"),
        chart(depth_bars(frame), "Comments by depth", "depths"),
        behind("The table behind this chart", frame_table(frame, "Comments by depth")),
        title="How deep threads grow",
        note="1 is a comment on the post, 2 its reply, and so on.",
    )


def _figures(lab: Lab, _query: Query) -> Component:
    found = found_measures(lab.source)
    return card(
        csv_link("measures", {}, "all measures"),
        html.Div(
            [key_figure(words, found[name]) for name, words in SHOWN.items() if name in found],
            className="figures",
        ),
        dcc.Link("All measures of structure", href=link_to("measures", q="reply")),
        title="Measured",
        note="Of replies and threads. Open a name for its definition and source.",
        wide=True,
    )


PAGE: Final = Page("structure", "Structure", _view, {"structure": _counted, "structure-figures": _figures})
