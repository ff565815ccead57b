"""Threads: the list of posts, and the reader that shows mood and reasons beside every comment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, cast

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from moltarium.dashboards import content
from moltarium.dashboards.content import Mood
from moltarium.dashboards.page import Lab, Page
from moltarium.dashboards.pages.reasons import MAX_TEXT
from moltarium.dashboards.parts import (
    PAGE_ROWS,
    Child,
    Query,
    card,
    choices,
    counted,
    csv_link,
    link_to,
    page_head,
    page_number,
    pager,
    search_box,
    signed,
)
from moltarium.dashboards.source import Source
from moltarium.dashboards.theme import EMOTIONS, sign_of
from moltarium.dashboards.tree import Node, Order, arrange
from moltarium.dashboards.untrusted import line, shown
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Post, Removal

SORTS: Final[dict[str, str]] = {"new": "Newest", "top": "Top", "talked": "Most talked about"}
ORDERS: Final[dict[str, str]] = {"top": "Top first", "old": "Oldest first", "new": "Newest first"}

MAX_SHOWN: Final = 300
"""Comments of one thread shown at once."""


def listed(source: Source, query: Query) -> pd.DataFrame:
    """Return the posts that the address asks for, in its order: columns of `content.posts`."""
    frame = content.posts(source)
    wanted = query.get("q", "").strip().lower()
    if wanted:
        text = frame["title"] + "\n" + frame["body"] + "\n" + frame["community"]
        frame = frame[text.str.lower().str.contains(wanted, regex=False)]
    if query.get("community"):
        frame = frame[frame["community"] == query["community"]]
    sort = query.get("sort")
    if sort == "top":
        frame = frame.sort_values(["score", "seq"], ascending=[False, True])
    elif sort == "talked":
        frame = frame.sort_values(["comments", "seq"], ascending=[False, True])
    return frame


def _list(lab: Lab, query: Query) -> Component:
    frame = listed(lab.source, query)
    community = query.get("community")
    sort = query.get("sort", "new") if query.get("sort") in SORTS else "new"
    start = (page_number(query) - 1) * PAGE_ROWS
    rows = [_entry(lab.source, row) for _, row in frame.iloc[start : start + PAGE_ROWS].iterrows()]
    only = (
        dcc.Link(
            f"only m/{line(community, 40)} ✕",
            href=link_to("threads", q=query.get("q")),
            className="choice chosen",
        )
        if community
        else None
    )
    return html.Div(
        [
            page_head("Threads", "Every post of the record, and the conversation under it."),
            html.Div(
                [
                    search_box("Search titles, texts and communities", query),
                    choices("threads", query, "sort", SORTS, sort),
                    only,
                    csv_link("threads", query, "the posts"),
                ],
                className="controls",
            ),
            html.Div(rows, className="threads"),
            pager("threads", query, len(frame)),
        ]
    )


def _entry(source: Source, row: pd.Series) -> Component:
    return html.Article(
        [
            html.Div(
                [html.Span(_score(row["score"]), className="score"), html.Span("score", className="tiny")],
                className="score-box",
            ),
            html.Div(
                [
                    dcc.Link(
                        line(row["title"], 160) or "(no title)",
                        href=link_to("thread", id=row["post_id"]),
                        className="thread-title",
                    ),
                    html.P(line(row["body"], 180), className="teaser"),
                    html.P(
                        [
                            _community(row["community"]),
                            " · ",
                            _author(source, row["author"]),
                            f" · {row['t']:%d %b %H:%M} · {counted(row['comments'], 'comment')}",
                        ],
                        className="byline",
                    ),
                ]
            ),
        ],
        className="thread-entry",
    )


def _score(value: float) -> str:
    return "–" if pd.isna(value) else f"{int(value):,}".replace("-", "−")


def _community(name: str) -> Component:
    return dcc.Link(f"m/{line(name, 40)}", href=link_to("threads", community=name))


def _author(source: Source, agent: str | None) -> Child:
    name = line(content.handle_of(source, agent), 40)
    return name if agent is None else dcc.Link(name, href=link_to("agent", id=agent), className="author")


def _reader(lab: Lab, query: Query) -> Component:
    source = lab.source
    post = next(iter(source.record.rows_where(Post, post_id=query.get("id", ""))), None)
    if post is None:
        return card(
            html.P("There is no such thread in this record."),
            dcc.Link("All threads", href=link_to("threads")),
        )
    order = cast("Order", query.get("order") if query.get("order") in ORDERS else "top")
    comments = list(source.record.rows_where(Comment, post_id=post.post_id))
    known = content.scores(source)
    score = (lambda target: (known or {}).get(target, 0)) if known is not None else None
    nodes = arrange(comments, score or (lambda _target: 0), order)
    everything = query.get("all") == "1"
    shown_nodes = nodes if everything else nodes[:MAX_SHOWN]
    moods = _moods(source, post, [node.comment for node in shown_nodes])
    removed = {row.target for row in source.record.rows(Removal)}
    marks = _Marks(source, post, score, moods, removed, source.record.has("comment.parent"))
    more = (
        dcc.Link(
            f"Show all {len(nodes):,} comments",
            href=link_to("thread", **{**query, "all": 1}),
            className="choice",
        )
        if len(shown_nodes) < len(nodes)
        else None
    )
    return html.Div(
        [
            html.Nav(
                [dcc.Link("Threads", href=link_to("threads")), " / ", _community(post.community)],
                className="crumbs",
            ),
            marks.post(),
            html.Div(
                [
                    html.Span(counted(len(nodes), "comment"), className="muted"),
                    choices("thread", query, "order", ORDERS, order),
                    csv_link("thread", query, "the comments"),
                ],
                className="controls",
            ),
            html.P(_told(moods), className="muted mood-note"),
            html.Div([marks.comment(node) for node in shown_nodes], className="tree"),
            more,
            _legend(),
        ],
        className="reader",
    )


class _Moods(NamedTuple):
    """What was felt by the author, and what is read off the text, by target: two things that may differ."""

    recorded: dict[str, Mood]
    read: dict[str, Mood]
    needs: str | None
    """What reading would need, where it can't be done."""

    def of(self, target: str) -> Mood | None:
        """Return the mood that colours a text: the recorded one where there is one."""
        return self.recorded.get(target) or self.read.get(target)


def _moods(source: Source, post: Post, comments: list[Comment]) -> _Moods:
    written = pd.DataFrame(
        [(post.post_id, post.author, post.seq, f"{post.title}\n{post.body}")]
        + [(c.comment_id, c.author, c.seq, c.body) for c in comments],
        columns=["target", "author", "seq", "text"],
    ).astype({"author": object})
    latent = content.latent_moods(source, written)
    recorded = {target: mood for target, mood in zip(written["target"], latent, strict=True) if mood}
    worded = written[written["text"].str.strip() != ""]
    try:
        found = content.read_moods(worded["text"].tolist()) if len(worded) else []
    except NotComputable as missing:
        return _Moods(recorded, {}, missing.needs)
    return _Moods(recorded, dict(zip(worded["target"], found, strict=True)), None)


def _told(moods: _Moods) -> str:
    """Say what the marks of a thread are, and how often feeling and words agree."""
    if moods.needs is not None:
        recorded = "Marks show the author's recorded mood when writing. " if moods.recorded else ""
        return f"{recorded}No emotion is read from the texts: that needs {moods.needs}."
    if not moods.recorded:
        return "No moods are recorded here: marks show the emotion read from each text, and a reader errs."
    both = moods.recorded.keys() & moods.read.keys()
    same = sum(moods.recorded[target].label == moods.read[target].label for target in both)
    return (
        "Solid mark: the author's recorded mood when writing. Dashed mark: the emotion read from the text,"
        f" by a reader that errs. They bear the same label in {same:,} of {len(both):,} texts."
    )


def age(seconds: float) -> str:
    """Return a time span in one unit."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def tone(valence: float) -> str:
    """Return the border colour of a mood: from sadness's blue over grey to joy's gold."""
    end = EMOTIONS["joy"].colour if valence >= 0 else EMOTIONS["sadness"].colour
    strength = min(abs(valence) * 2, 1)
    return f"color-mix(in oklab, {end} {100 * strength:.0f}%, var(--quiet))"


class _Marks:
    """Draws the texts of one thread with their marks."""

    def __init__(
        self,
        source: Source,
        post: Post,
        score: Callable[[str], int] | None,
        moods: _Moods,
        removed: set[str],
        nested: bool,
    ) -> None:
        self._source = source
        self._post = post
        self._score = score
        self._moods = moods
        self._removed = removed
        self._nested = nested

    def post(self) -> Component:
        post = self._post
        return html.Article(
            [
                html.H1(line(post.title, 300) or "(no title)"),
                self._byline(
                    post.post_id, post.author, f"{pd.Timestamp(post.t, unit='us'):%Y-%m-%d %H:%M} UTC"
                ),
                html.P(shown(post.body, MAX_TEXT), className="body", dir="auto"),
                html.P(f"Link in the post: {line(post.url, 200)}", className="muted", dir="ltr")
                if post.url
                else None,
                _ask(post.post_id),
            ],
            className="post card",
            style={"--tone": self._tone(post.post_id)},
        )

    def comment(self, node: Node) -> Component:
        comment = node.comment
        since = (comment.t - self._post.t) / 1e6
        lost = None
        if not self._nested:
            lost = html.Span("its place in the tree is unknown", className="tag")
        elif node.orphan:
            lost = html.Span("answers a comment that is not in the record", className="tag")
        return html.Article(
            [
                self._byline(comment.comment_id, comment.author, f"{age(since)} later", lost),
                html.P(shown(comment.body, MAX_TEXT), className="body", dir="auto"),
                _ask(comment.comment_id),
            ],
            className="comment",
            id={"type": "comment", "target": comment.comment_id},
            style={"--tone": self._tone(comment.comment_id), "--depth": str(node.depth)},
        )

    def _tone(self, target: str) -> str:
        mood = self._moods.of(target)
        return tone(mood.v) if mood else "var(--line)"

    def _byline(self, target: str, author: str | None, when: str, *more: Child) -> Component:
        score = f"{_score(self._score(target))} points" if self._score else "score unknown"
        gone = html.Span("removed by a moderator", className="tag") if target in self._removed else None
        return html.P(
            [
                _mood_chip(self._moods.recorded.get(target)),
                _mood_chip(self._moods.read.get(target)),
                _author(self._source, author),
                f" · {score} · {when} ",
                *more,
                gone,
            ],
            className="byline",
        )


def _mood_chip(mood: Mood | None) -> Component | None:
    if mood is None:
        return None
    sign = sign_of(mood.label)
    kind = "recorded mood" if mood.latent else "read from the text"
    axes = f"{kind}: valence {signed(mood.v)}, arousal {signed(mood.a)}, dominance {signed(mood.d)}"
    return html.Span(
        [
            html.Span(sign.glyph, style={"color": sign.colour}, className="glyph"),
            html.Span("felt " if mood.latent else "reads ", className="mood-kind"),
            f"{mood.label} {signed(mood.v)}",
        ],
        className="mood" if mood.latent else "mood read",
        title=axes,
    )


def _legend() -> Component:
    marks = [
        html.Span(
            [html.Span(sign.glyph, style={"color": sign.colour}, className="glyph"), label], className="mood"
        )
        for label, sign in EMOTIONS.items()
    ]
    scale = html.Span(["border: unpleasant ", html.Span(className="ramp"), " pleasant"], className="ramp-box")
    return html.Div([scale, *marks], className="legend muted")


def _ask(target: str) -> Component:
    return html.Details(
        [
            html.Summary("why?", id={"type": "why-ask", "target": target}, n_clicks=0),
            html.Div(id={"type": "why", "target": target}, className="why"),
        ],
        className="why-box",
    )


PAGES: Final = (
    Page("threads", "Threads", _list),
    Page("thread", "Thread", _reader, listed=False, cut=False),
)
