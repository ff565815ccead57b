"""Figures about words for the docs, from a record at hand: drift, norms, motives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]

from moltarium.analysis.words.drift import drift_of
from moltarium.analysis.words.histories import Histories, histories
from moltarium.analysis.words.intent import THRESHOLD, PersonaAlignment, persona_alignment
from moltarium.analysis.words.norm_report import norms
from moltarium.analysis.words.placebo import WINDOW, likeness_change
from moltarium.dashboards.theme import BAND, CORAL, GREY, SEA, drawn
from moltarium.sim.record.store import RunReader

WIDTH, HEIGHT = 900, 460
BINS = np.linspace(-0.3, 0.3, 31)


def event_study(read: Histories) -> go.Figure:
    """Draw likeness to own earlier posts around the top post over the band that any split would give."""
    table = drift_of(read, draws=1_000).event_study
    # The interval of the difference, laid about the placebo: where chance would put the top post.
    low = table["placebo"] - (table["high"] - table["low"]) / 2
    high = table["placebo"] + (table["high"] - table["low"]) / 2
    edge: dict[str, Any] = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure = drawn(
        go.Scatter(x=table["lag"], y=high, showlegend=False, **edge),
        go.Scatter(
            x=table["lag"], y=low, fill="tonexty", fillcolor=BAND, name="where chance would put it, 95 %",
            **edge,
        ),
        go.Scatter(
            x=table["lag"], y=table["placebo"], mode="lines", name="around any post (placebo)",
            line={"color": GREY, "dash": "dash", "width": 2},
        ),
        go.Scatter(
            x=table["lag"], y=table["likeness"], mode="lines+markers", name="around the most-upvoted post",
            line={"color": CORAL, "width": 2.5}, marker={"size": 10},
        ),
        height=HEIGHT,
    )  # fmt: skip
    figure.add_vline(x=0.5, line={"color": GREY, "dash": "dot", "width": 1})
    ticks = [
        f"{lag:+d}<br>n={n}" if lag else f"top<br>n={n}"
        for lag, n in zip(table["lag"], table["n"], strict=True)
    ]
    figure.update_xaxes(
        tickvals=table["lag"],
        ticktext=ticks,
        title_text="posts before and after the most-upvoted one; n agents",
    )
    figure.update_yaxes(title_text="mean cosine to own earlier posts", rangemode="tozero")
    return figure


def random_split(read: Histories) -> go.Figure:
    """Draw how much agents' likeness changes at the top post and at every other split of the same agents."""
    top, other, weight = [], [], []
    for history in read.of:
        event, splits = history.top, np.arange(1, history.n - 1)
        if event is None or not 1 <= event < history.n - 1 or len(splits) < 2:
            continue
        change = likeness_change(history, splits, np.minimum(history.n - 1 - splits, WINDOW))
        top.append(change[event - 1])
        other += change.tolist()
        weight += [1 / len(change)] * len(change)
    middle = (BINS[1:] + BINS[:-1]) / 2
    seen = np.histogram(np.clip(top, BINS[0], BINS[-1]), BINS)[0] / len(top)
    chance = np.histogram(np.clip(other, BINS[0], BINS[-1]), BINS, weights=weight)[0] / sum(weight)
    away = float(np.mean(np.array(top) < 0))
    away_chance = float(np.average(np.array(other) < 0, weights=weight))
    figure = drawn(
        go.Bar(
            x=middle, y=chance, name=f"at any split: {away_chance:.1%} drift away",
            marker={"color": GREY, "opacity": 0.35},
        ),
        go.Scatter(
            x=middle, y=seen, mode="lines", line={"color": CORAL, "width": 2.5, "shape": "hvh"},
            name=f"at the most-upvoted post: {away:.1%} drift away",
        ),
        height=HEIGHT, bargap=0,
    )  # fmt: skip
    for values, weights, colour in ((top, None, CORAL), (other, weight, GREY)):
        mean = float(np.average(values, weights=weights))
        figure.add_vline(x=mean, line={"color": colour, "dash": "dash", "width": 2})
    figure.add_vline(x=0, line={"color": "black", "width": 1})
    figure.update_xaxes(
        title_text="likeness after × before, less likeness before (dashed: means); left: away"
    )
    figure.update_yaxes(title_text=f"share of {len(top)} agents", tickformat=".0%")
    return figure


def thresholds(found: PersonaAlignment) -> go.Figure:
    """Draw the share of posts that count as persona-aligned over the threshold that one declares."""
    curve = found.curve
    edge: dict[str, Any] = {"mode": "lines", "line": {"width": 0}, "showlegend": False, "hoverinfo": "skip"}
    figure = drawn(
        go.Scatter(x=curve["threshold"], y=curve["high"], **edge),
        go.Scatter(
            x=curve["threshold"], y=curve["low"], fill="tonexty", fillcolor="rgba(217,82,60,0.16)", **edge
        ),
        go.Scatter(
            x=curve["threshold"], y=curve["aligned"], mode="lines+markers", name="own bio, 95 %",
            line={"color": CORAL, "width": 2.5}, marker={"size": 9},
        ),
        go.Scatter(
            x=curve["threshold"], y=curve["null"], mode="lines+markers", name="another agent's bio",
            line={"color": GREY, "dash": "dash", "width": 2},
        ),
        height=HEIGHT,
    )  # fmt: skip
    figure.add_vline(x=THRESHOLD, line={"color": SEA, "dash": "dot", "width": 2})
    figure.add_annotation(
        x=THRESHOLD, y=0.94, yref="paper", xanchor="left", xshift=6, showarrow=False, font={"color": SEA},
        text=f"MoltNet's {THRESHOLD}: {found.aligned:.1%} here, 19.3 % there",
    )  # fmt: skip
    figure.update_xaxes(title_text="threshold: cosine of a post and its author's bio", dtick=0.1)
    figure.update_yaxes(title_text="share of posts at or above it", tickformat=".0%", rangemode="tozero")
    return figure


def effects(report: dict[str, Any]) -> go.Figure:
    """Draw every effect on norms less its control, in half-widths of its interval: 1 or more leaves out 0."""
    names, at, low, high, colours = [], [], [], [], []
    for effect in reversed(report["effects"]):
        half = (effect["ci"][1] - effect["ci"][0]) / 2
        if half <= 0:
            continue
        names.append(f"{effect['name'].replace('_', ' ')} ({effect['difference']:+.3f})")
        at.append(effect["difference"] / half)
        low.append((effect["difference"] - effect["ci"][0]) / half)
        high.append((effect["ci"][1] - effect["difference"]) / half)
        colours.append(CORAL if effect["verdict"] != "none" else GREY)
    figure = drawn(
        go.Scatter(
            x=at, y=names, mode="markers", marker={"color": colours, "size": 9}, showlegend=False,
            error_x={"type": "data", "symmetric": False, "array": high, "arrayminus": low, "thickness": 1.3,
                     "color": GREY},
        ),
        height=120 + 24 * len(names), margin={"l": 250},
    )  # fmt: skip
    figure.add_vline(x=0, line={"color": "black", "width": 1})
    figure.update_xaxes(
        title_text="difference from the control, in half-widths of its 95 % interval; red: found"
    )
    return figure


def figures(run: Path) -> dict[str, go.Figure]:
    """Return the figures of a record by file name."""
    with RunReader(run) as record:
        read = histories(record)
        return {
            "drift-event-study": event_study(read),
            "drift-random-split": random_split(read),
            "persona-threshold": thresholds(persona_alignment(record, draws=200)),
            "norm-effects": effects(norms(record)),
        }
