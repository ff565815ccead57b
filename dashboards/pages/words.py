"""What was said, further: whether reward changes it, and what posts are for."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from dash import html
from dash.development.base_component import Component

from moltarium.dashboards import figures_words
from moltarium.dashboards.effects import Shown, against_null, effects_table, lacking
from moltarium.dashboards.findings import (
    drift_effects,
    found_drift,
    found_motives,
    plainly,
    say_drift,
    say_motives,
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
    csv_link,
    files,
    frame_table,
    headline,
    how,
    number,
    page_head,
    plain_figure,
    slow,
    table,
)
from moltarium.dashboards.untrusted import line


def _drift(_lab: Lab, query: Query) -> Component:
    return html.Div(
        [
            page_head("Drift after reward", "Does a reward change what an agent writes next?"),
            slow("drift", query, "Comparing what was written before and after rewards, with placebos…"),
            how(METHODS["drift"]),
        ]
    )


def _drift_found(lab: Lab, query: Query) -> Component:
    found = found_drift(lab.source)
    effects = drift_effects(found)
    study = found.event_study
    return html.Div(
        [
            headline(*say_drift(found)),
            card(
                csv_link("drift", query, "the effects"),
                effects_table(effects, f"{found.agents:,} agents, {found.posts:,} posts, {found.vectors}")
                if effects
                else html.P("No effect can be computed on this record.", className="muted"),
                lacking((plainly(name), needs) for name, needs in found.not_computable.items()),
                title="Every effect beside its control",
                note="A change counts only if all controls agree: a random split of the same history, and"
                " agents not rewarded yet.",
                wide=True,
            ),
            card(
                files("study", query, "likeness around the most-upvoted post"),
                chart(figures_words.event_study(study), "Likeness around the most-upvoted post", "study"),
                behind("The table behind this chart", frame_table(study, "By own posts from the top one")),
                title="Around the most-upvoted post",
                note="Likeness of each post to the author's own earlier ones, less the same around every"
                " other post. Whiskers are 95 % intervals.",
                wide=True,
            )
            if len(study)
            else None,
        ]
    )


def _motives(_lab: Lab, query: Query) -> Component:
    return html.Div(
        [
            page_head("Motives", "Do agents ask or tell, keep to their persona, take up what was said?"),
            slow("motives", query, "Reading speech acts, tone and language…"),
            how(METHODS["motives"]),
        ]
    )


_EFFECTS: Final = (
    ("persona", "persona: nearness of posts to their author's bio", "mean"),
    ("uptake", "uptake: words of the parent in a reply", "mean"),
    ("uptake_of_meaning", "uptake: meaning of the parent in a reply", "mean"),
    ("follow_up_questions", "replies that ask about their parent", "mean"),
    ("answers", "answers to questions less to other comments", "difference"),
    ("tone", "tone: change of valence inside authors", "change"),
)


def motive_effects(found: dict[str, Any]) -> list[Shown]:
    """Return the effects of `found_motives` as a page shows them."""
    return [against_null(words, found[key], value) for key, words, value in _EFFECTS if _has(found[key])]


def motives_missing(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the effects of `found_motives` that can't be computed, and what each needs."""
    return [(words, found[key]["needs"]) for key, words, _ in _EFFECTS if not _has(found[key])]


def _motives_found(lab: Lab, query: Query) -> Component:
    found = found_motives(lab.source)
    effects = motive_effects(found)
    missing = motives_missing(found)
    return html.Div(
        [
            headline(*say_motives(found)),
            html.Div(
                [
                    card(
                        files("acts", query, "shares of speech acts"),
                        chart(figures_words.shares(found["acts"], "act"), "Shares of speech acts", "acts"),
                        _behind(found["acts"], "Speech acts of posts, shares with 95 % intervals"),
                        title="Speech acts",
                        note="By a small classifier that agrees moderately with its annotator; English only.",
                    ),
                    _tone(found["tone"], query),
                ],
                className="pair",
            ),
            _beside(effects, missing, query),
            html.Div([_persona(found["persona"], query), _language(found["language"])], className="pair"),
        ]
    )


def _has(entry: Any) -> bool:
    return isinstance(entry, dict) and "needs" not in entry


def _beside(effects: list[Shown], missing: list[tuple[str, str]], query: Query) -> Component:
    return card(
        csv_link("motives", query, "the effects"),
        effects_table(effects, "Motives beside their nulls") if effects else None,
        lacking(missing),
        title="Beside chance",
        wide=True,
    )


def _behind(rows: list[dict[str, Any]], caption: str) -> html.Details:
    return behind("The table behind this chart", frame_table(pd.DataFrame(rows), caption))


def _tone(tone: dict[str, Any], query: Query) -> Component:
    if not _has(tone):
        return card(html.P(f"Not computable: needs {line(tone['needs'], 160)}."), title="Tone")
    return card(
        files("tone", query, "shares of tones"),
        chart(figures_words.shares(tone["classes"], "tone"), "Shares of tones", "tone"),
        _behind(tone["classes"], "Tones of posts, shares with 95 % intervals"),
        title="Tone",
        note=f"Emotion read from {tone['n']:,} English posts; {tone['not_covered']:,} more are not covered.",
    )


def _persona(persona: dict[str, Any], query: Query) -> Component:
    if not _has(persona):
        return card(html.P(f"Not computable: needs {line(persona['needs'], 160)}."), title="Persona")
    return card(
        files("persona", query, "posts near their author's bio"),
        chart(figures_words.persona_curve(persona["curve"]), "Posts near their author's bio", "persona"),
        _behind(persona["curve"], "Shares of posts as near to the bio as the threshold, and bios dealt anew"),
        title="Do posts keep to the bio?",
        note=f"A threshold belongs to its embedding ({line(persona['embedder'], 60)}): read the curve.",
    )


def _language(found: dict[str, Any]) -> Component:
    rows: list[list[Child]] = [
        [line(row["language"], 30), f"{row['texts']:,}", f"{row['share']:.1%}"] for row in found["shares"]
    ]
    columns = [Column("language"), Column("posts", True), Column("share", True)]
    spread = found["flesch_quartiles"]
    middle = f" Half of the posts lie in {number(spread[0])} to {number(spread[1])}." if spread else ""
    return card(
        html.Div(
            [
                plain_figure("Flesch", number(found["flesch"]), f"Reading ease, median: 0 to 100.{middle}"),
                plain_figure(
                    "MATTR", number(found["mattr"]), "Distinct words in windows of 50: 1 never repeats."
                ),
                plain_figure(
                    "MTLD",
                    number(found["mtld"]),
                    "Mean run of words until the share of distinct ones falls to .72.",
                ),
            ],
            className="figures",
        ),
        behind("Posts by language", table(columns, rows, "Languages told by script and function words")),
        title="Language",
        note=f"Of English posts; {found['not_covered']:,} in another or an unknown language are left out.",
    )


PAGES: Final = (
    Page("drift", "Drift", _drift, {"drift": _drift_found}),
    Page("motives", "Motives", _motives, {"motives": _motives_found}),
)
