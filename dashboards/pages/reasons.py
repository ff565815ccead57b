"""The "why?" panel: what a model was asked and answered, what came of it, and what had moved the author."""

from __future__ import annotations

from typing import Final

from dash import dcc, html
from dash.development.base_component import Component

from moltarium.dashboards import content
from moltarium.dashboards.page import Lab
from moltarium.dashboards.parts import link_to, signed
from moltarium.dashboards.source import Source
from moltarium.dashboards.untrusted import line, shown
from moltarium.dashboards.why import Asked, Why, why
from moltarium.sim.record.schema import Appraisal, Comment, Post

MAX_TEXT: Final = 12_000
"""Characters of one text shown: the site's own limit and some more."""


def explain(lab: Lab, target: str) -> Component:
    """Build the "why?" panel of one post or comment."""
    record = lab.source.record
    row: Post | Comment | None = next(iter(record.rows_where(Post, post_id=target)), None)
    row = row or next(iter(record.rows_where(Comment, comment_id=target)), None)
    if row is None:
        return html.P("This text is not in the record.")
    return _reasons(lab.source, why(lab.source, row.author, row.step, target))


def _reasons(source: Source, found: Why) -> Component:
    if found.mind is None:
        return html.P(
            "An observed record knows what was written, not why: no mind, prompt or mood was recorded."
        )
    several = len(found.calls) > 1 and any(call.words for call in found.calls)
    parts: list[Component] = [_call(call, unfold=call.words or not several) for call in found.calls]
    if len(found.calls) > 1:
        parts.insert(0, html.P(f"{len(found.calls)} calls in this turn, in order.", className="muted"))
    if not parts:
        parts.append(
            html.P(
                [
                    html.Strong("No model was asked. "),
                    f"The {line(found.mind, 40)} mind chose and wrote this itself, from its persona, its"
                    " mood and what it had read.",
                ]
            )
        )
    if found.action is not None:
        parts.append(_stage("Parsed", f"{found.action.kind} {found.action.body}"))
        outcome = f"made {found.action.result}" if found.action.applied else f"refused: {found.action.result}"
        parts.append(_stage("Applied", outcome))
    parts.append(appraisal_list(source, found.appraisals, "What moved the author's mood in this step"))
    return html.Div(parts)


def _call(call: Asked, *, unfold: bool) -> Component:
    turns: list[Component] = [
        html.Div([html.Span(turn.role, className="role"), html.Pre(shown(turn.text, MAX_TEXT))])
        for turn in call.prompt
    ]
    if not turns:
        turns = [html.P("The prompt's text was not kept.", className="muted")]
    tokens = f"{call.tokens_in:,} tokens in, {call.tokens_out:,} out"
    title = f"Asked {line(call.model, 60)} to {line(call.purpose, 30)} ({tokens})"
    title += " · wrote this" if call.words else ""
    return html.Div(
        [
            html.Details([html.Summary(f"Prompt · {title}"), *turns], open=unfold),
            _stage("Raw answer", call.reply if call.reply is not None else "not kept"),
        ]
    )


def _stage(name: str, text: str) -> Component:
    return html.Div([html.Span(name, className="role"), html.Pre(shown(text, MAX_TEXT))], className="stage")


def appraisal_list(source: Source, rows: tuple[Appraisal, ...], title: str, limit: int = 12) -> Component:
    """List what moved a mood, each with a link to the text that did it."""
    if not rows:
        return html.P(f"{title}: nothing.", className="muted")
    where = content.places(source)
    items = []
    for row in rows[:limit]:
        place = where.get(row.source)
        text = f"“{line(place.text, 80)}”" if place else line(row.source, 40)
        link = dcc.Link(text, href=link_to("thread", id=place.post)) if place else html.Span(text)
        axes = zip(("valence", "arousal", "dominance"), (row.dv, row.da, row.dd), strict=True)
        pull = f"weight {row.weight:.2f}: " + ", ".join(f"{axis} {signed(by)}" for axis, by in axes)
        items.append(
            html.Li([html.Span(line(row.kind, 20), className="tag"), link, html.Div(pull, className="muted")])
        )
    return html.Div([html.H4(title), html.Ul(items, className="appraisals")])
