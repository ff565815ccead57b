"""The four questions, a page each: a sentence, a figure with its null, the table behind it, its method."""

from __future__ import annotations

from typing import Any, Final, cast

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from moltarium.analysis.graphs.networks import EDGE, Kind
from moltarium.analysis.words.norms import Texts
from moltarium.analysis.words.topics import Topics
from moltarium.dashboards import figures
from moltarium.dashboards.effects import effects_table, lacking
from moltarium.dashboards.findings import (
    found_alignment,
    found_norm_report,
    found_norms,
    found_reciprocity,
    found_topics,
    norm_shown,
    say_alignment,
    say_norms,
    say_reciprocity,
    say_topics,
)
from moltarium.dashboards.methods import METHODS
from moltarium.dashboards.page import Lab, Page
from moltarium.dashboards.parts import (
    Child,
    Column,
    Query,
    behind,
    card,
    chart,
    choices,
    csv_link,
    files,
    frame_table,
    headline,
    how,
    link_to,
    number,
    page_head,
    plain_figure,
    slow,
    table,
)
from moltarium.dashboards.theme import GLYPHS, SERIES
from moltarium.dashboards.untrusted import line


def _topics(_lab: Lab, query: Query) -> Component:
    return html.Div(
        [
            page_head("Topics", "What do agents post about?"),
            slow("topics", query, "Fitting topics; the first time takes about twenty seconds…"),
            how(METHODS["topics"]),
        ]
    )


def _topic_sign(number: int) -> Component:
    named = number < len(SERIES)
    colour, glyph = (SERIES[number], GLYPHS[number]) if named else ("var(--quiet)", "○")
    return html.Span(glyph, className="bar-sign", style={"color": colour})


def _topics_found(lab: Lab, query: Query) -> Component:
    found = found_topics(lab.source)
    widest = max(topic.share for topic in found.topics)
    bars = [
        html.Div(
            [
                html.Span(
                    [_topic_sign(topic.number), line(topic.label, 60)],
                    className="bar-name",
                    title=line(" · ".join(topic.words), 200),
                ),
                html.Span(
                    html.Span(
                        className="bar-fill",
                        style={
                            "width": f"{100 * topic.share / widest:.1f}%",
                            "background": SERIES[topic.number]
                            if topic.number < len(SERIES)
                            else "var(--quiet)",
                        },
                    ),
                    className="bar-track",
                ),
                html.Span(f"{topic.size:,}", className="bar-value"),
            ],
            className="bar",
        )
        for topic in found.topics[:16]
    ]
    rows: list[list[Child]] = [
        [
            str(topic.number + 1),
            line(" · ".join(topic.words), 120),
            f"{topic.size:,}",
            f"{topic.share:.1%}",
            f"{topic.outliers:,}",
            number(npmi),
            dcc.Link("read", href=link_to("thread", id=topic.example)),
        ]
        for topic, npmi in zip(found.topics, found.coherence, strict=True)
    ]
    columns = [
        Column("topic", True), Column("words"), Column("posts", True), Column("share", True),
        Column("outliers", True), Column("coherence", True), Column("typical post"),
    ]  # fmt: skip
    return html.Div(
        [
            headline(*say_topics(found)),
            html.Div(
                [
                    card(
                        csv_link("topics", query, "the topics"),
                        html.Div(bars, className="bars"),
                        title="Posts by topic",
                    ),
                    card(
                        files("topic-map", query, "the map of posts"),
                        chart(figures.topics_map(found), "Map of posts by likeness", "topics-map"),
                        title="Map of posts",
                        note="Near posts say like things; distances between far groups mean little. Signs"
                        " as in the list; pale points are outliers. Click a point to read it.",
                    ),
                ],
                className="pair",
            ),
            card(
                files("topic-times", query, "posts over time by topic"),
                chart(figures.topics_over_time(found), "Posts over time by topic", "topics-time"),
                behind("The table behind these charts", table(columns, rows, found.method)),
                title="Over time",
                wide=True,
            ),
            _topic_quality(found),
        ]
    )


def _topic_quality(found: Topics) -> Component:
    coherent = pd.Series(found.coherence, dtype=float).mean()
    communities = found.communities.assign(
        community=[f"m/{line(str(name), 40)}" for name in found.communities["community"]],
        topic=[line(found.topics[int(number)].label, 60) for number in found.communities["topic"]],
    )
    return card(
        html.Div(
            [
                plain_figure(
                    "stability",
                    number(found.stability),
                    "Agreement with clusterings of other seeds (adjusted Rand index): 0 chance, 1 the same.",
                ),
                plain_figure(
                    "stability to order",
                    number(found.order_stability),
                    "The same for texts in another order.",
                ),
                plain_figure(
                    "coherence",
                    number(coherent),
                    "Mean NPMI of topics' words: −1 never together, 0 as by chance, 1 only together.",
                ),
                plain_figure(
                    "diversity", number(found.diversity), "Share of distinct words among all topics' words."
                ),
                plain_figure(
                    "outliers",
                    f"{found.outlier_share:.1%}",
                    "Posts that lie no nearer to their topic than strangers do.",
                ),
            ],
            className="figures",
        ),
        behind(
            f"What each community talks about ({len(communities)})",
            frame_table(communities, "Its largest topic; focus above 0: narrower than its size explains"),
        ),
        title="How good are these topics?",
        wide=True,
    )


TEXTS: Final[dict[str, str]] = {"post": "Posts", "comment": "Comments"}


def texts_of(query: Query) -> Texts:
    """Return the kind of texts that the address asks for."""
    asked = query.get("texts", "post")
    return cast("Texts", asked if asked in TEXTS else "post")


def _norms(_lab: Lab, query: Query) -> Component:
    return html.Div(
        [
            page_head("Norm convergence", "Do communities come to write alike?"),
            choices("norms", query, "texts", TEXTS, texts_of(query)),
            slow("norms", query, "Comparing texts inside communities…"),
            _more_norms(query),
            how(METHODS["norms"]),
        ]
    )


def _more_norms(query: Query) -> Component:
    if query.get("more") == "1":
        return slow("norm-effects", query, "Asking eight questions of norms; this can take a minute or two…")
    return card(
        html.P("Templates, newcomers, enforcement, wording and style, each beside its control."),
        dcc.Link("Compute", href=link_to("norms", **{**query, "more": 1}), className="button"),
        title="Other readings of norms",
        note="Not computed yet: it takes a minute on ten thousand texts.",
        wide=True,
    )


def norms_missing(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the parts of `found_norm_report` that can't be computed, and what each needs."""
    return [
        (name, part["needs"]) for name, part in report.items() if isinstance(part, dict) and "needs" in part
    ]


def _norm_effects(lab: Lab, query: Query) -> Component:
    report = found_norm_report(lab.source, texts_of(query))
    missing = norms_missing(report)
    return card(
        csv_link("norm-effects", query, "the effects"),
        effects_table(norm_shown(report), "Every question of norms that this record answers"),
        lacking(missing),
        title="Other readings of norms",
        note="Where several figures answer one question, p is held against .05 / their number.",
        wide=True,
    )


def _norms_found(lab: Lab, query: Query) -> Component:
    found = found_norms(lab.source, texts_of(query))
    shown = found.communities.assign(
        community=[line(str(name), 40) for name in found.communities["community"]]
    )
    return html.Div(
        [
            headline(*say_norms(found)),
            card(
                files("norms", query, "dispersion by window"),
                chart(
                    figures.norm_trend(found), "Dispersion inside communities over time and its null", "norms"
                ),
                behind(
                    "The tables behind this chart",
                    frame_table(found.windows, "By window"),
                    frame_table(shown, f"By community; {found.left_out:,} more were too small to be read"),
                ),
                title="Dispersion inside communities",
                note="Lower is more alike. The line must fall out of the band, and faster than the band, to"
                " tell of norms.",
                wide=True,
            ),
        ]
    )


def _alignment(_lab: Lab, query: Query) -> Component:
    return html.Div(
        [
            page_head("Emotional alignment", "Do comments feel as what they answer does?"),
            slow("alignment", query, "Reading emotion off texts and permuting parents…"),
            how(METHODS["alignment"]),
        ]
    )


def _alignment_found(lab: Lab, query: Query) -> Component:
    found = found_alignment(lab.source)
    left = ", ".join(f"{n:,} {reason}" for reason, n in found.left_out.items() if n) or "none"
    return html.Div(
        [
            headline(*say_alignment(found)),
            html.Div(
                [
                    card(
                        files("alignment", query, "valence of comments by valence of parents"),
                        chart(
                            figures.alignment_curve(found),
                            "Valence of comments by valence of parents",
                            "curve",
                        ),
                        behind("The table behind this chart", frame_table(found.curve, f"Left out: {left}")),
                        title="Valence answers valence",
                        note="A slope steeper than the band's is alignment; the band has its own slope"
                        " where communities share a mood.",
                    ),
                    card(
                        files("alignment-pairs", query, "which emotion answers which"),
                        chart(figures.alignment_matrix(found), "Which emotion answers which", "matrix"),
                        behind(
                            "The table behind this chart",
                            frame_table(
                                found.pairs.astype(int).reset_index(), "Pairs, parent's emotion by row"
                            ),
                        ),
                        title="Which emotion answers which",
                        note="Times as often as with permuted parents; the diagonal is sharing a label.",
                    ),
                ],
                className="pair",
            ),
        ]
    )


def edge_of(query: Query) -> Kind:
    """Return the definition of an edge that the address asks for."""
    kinds: dict[str, Kind] = {kind: kind for kind in EDGE}
    return kinds.get(query.get("edge", ""), "reply")


EDGES: Final[dict[str, str]] = {
    "reply": "To whom it answers",
    "author": "To the post's author",
    "comment": "Comment to comment",
}


def _reciprocity(_lab: Lab, query: Query) -> Component:
    return html.Div(
        [
            page_head("Reciprocity", "Do agents answer each other?"),
            choices("reciprocity", query, "edge", EDGES, edge_of(query)),
            slow("reciprocity", query, "Drawing null networks with the same degrees…"),
            how(METHODS["reciprocity"]),
        ]
    )


def _reciprocity_found(lab: Lab, query: Query) -> Component:
    found = found_reciprocity(lab.source, edge_of(query))
    rows = [
        [each.edge, number(each.nodes), number(each.edges), number(each.r), number(each.rho)]
        if each.needs is None
        else [each.edge, "–", "–", f"needs {each.needs}", "–"]
        for each in found.definitions
    ]
    columns = [Column("an edge is"), *(Column(name, True) for name in ("agents", "edges", "r", "ρ"))]
    census = pd.DataFrame(
        {"dyad": ["mutual", "one way", "none"], "pairs": [found.mutual, found.asymmetric, found.empty]}
    )
    return html.Div(
        [
            headline(*say_reciprocity(found)),
            card(
                files("reciprocity-null", query, "reciprocity among its null draws"),
                chart(
                    figures.null_histogram(
                        found.null_draws, found.r, found.ci, "share of ties that are returned"
                    ),
                    "Observed reciprocity among its null draws",
                    "reciprocity",
                ),
                html.H3("One record, three answers"),
                html.P(csv_link("reciprocity", query, "reciprocity by definition")),
                html.P(
                    "The figure depends on what an edge is, so it is never shown without.", className="muted"
                ),
                table(columns, rows, "Reciprocity under every definition of an edge"),
                behind("Dyad census", frame_table(census, "Pairs of agents")),
                title="Observed among networks with the same degrees",
                wide=True,
            ),
        ]
    )


PAGES: Final = (
    Page("topics", "Topics", _topics, {"topics": _topics_found}),
    Page("norms", "Norms", _norms, {"norms": _norms_found, "norm-effects": _norm_effects}),
    Page("alignment", "Alignment", _alignment, {"alignment": _alignment_found}),
    Page("reciprocity", "Reciprocity", _reciprocity, {"reciprocity": _reciprocity_found}),
)
