"""Figures of what was said: drift after reward, speech acts, personas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]

from moltarium.dashboards.theme import CORAL, GREY, SEA, drawn
from moltarium.dashboards.untrusted import inside_figure


def event_study(found: pd.DataFrame) -> go.Figure:
    """Draw likeness to own earlier posts around the top post, less the same around every other post.

    Parameters
    ----------
    found
        As in `moltarium.analysis.words.drift.Drift.event_study`.
    """
    apart = found["likeness"] - found["placebo"]
    figure = drawn(
        go.Scatter(
            x=found["lag"], y=apart, mode="lines+markers", showlegend=False,
            line={"color": CORAL, "width": 2}, marker={"size": 9, "color": CORAL},
            error_y={
                "type": "data", "symmetric": False, "color": CORAL, "thickness": 1.2, "width": 4,
                "array": found["high"] - apart, "arrayminus": apart - found["low"],
            },
            text=found["n"],
            hovertemplate="lag %{x}<br>difference %{y:+.3f}<br>%{text:,} agents<extra></extra>",
        ),
        height=320,
    )  # fmt: skip
    figure.add_hline(y=0, line={"color": GREY, "dash": "dash", "width": 1.5})
    figure.add_vline(x=0, line={"color": GREY, "dash": "dot", "width": 1})
    figure.update_xaxes(title_text="own posts before (−) and after (+) the most-upvoted one", dtick=1)
    figure.update_yaxes(title_text="likeness less placebo")
    return figure


def shares(rows: Sequence[Mapping[str, Any]], label: str) -> go.Figure:
    """Draw shares with their 95 % intervals, the largest first.

    Parameters
    ----------
    rows
        Each with `label`, ``texts``, ``share``, ``low`` and ``high``.
    """
    ordered = sorted(rows, key=lambda row: row["share"])
    value = [100 * row["share"] for row in ordered]
    figure = drawn(
        go.Scatter(
            x=value, y=[inside_figure(str(row[label])) for row in ordered], mode="markers", showlegend=False,
            marker={"color": SEA, "size": 10},
            error_x={
                "type": "data", "symmetric": False, "color": SEA, "thickness": 1.6, "width": 4,
                "array": [100 * row["high"] - v for row, v in zip(ordered, value, strict=True)],
                "arrayminus": [v - 100 * row["low"] for row, v in zip(ordered, value, strict=True)],
            },
            text=[f"{row['texts']:,}" for row in ordered],
            hovertemplate="%{y}<br>%{x:.1f} % of posts (%{text})<extra></extra>",
        ),
        height=max(180, 90 + 30 * len(ordered)),
    )  # fmt: skip
    widest = max((100 * row["high"] for row in ordered), default=1.0)
    figure.update_xaxes(title_text="share of posts, %", range=[-0.03 * widest, 1.06 * widest])
    figure.update_yaxes(showgrid=False)
    return figure


def persona_curve(rows: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Draw the share of posts as near to their author's bio as a threshold asks, beside bios dealt anew."""
    at = [row["threshold"] for row in rows]
    figure = drawn(
        go.Scatter(
            x=at, y=[100 * row["null"] for row in rows], mode="lines", name="Bios dealt anew, mean",
            line={"color": GREY, "dash": "dash", "width": 1.5},
            hovertemplate="dealt anew %{y:.1f} %<extra></extra>",
        ),
        go.Scatter(
            x=at, y=[100 * row["aligned"] for row in rows], mode="lines+markers", name="Own bio, 95 %",
            line={"color": CORAL, "width": 2.2}, marker={"size": 8, "color": CORAL},
            error_y={
                "type": "data", "symmetric": False, "color": CORAL, "thickness": 1.2, "width": 4,
                "array": [100 * (row["high"] - row["aligned"]) for row in rows],
                "arrayminus": [100 * (row["aligned"] - row["low"]) for row in rows],
            },
            hovertemplate="cosine ≥ %{x:.1f}<br>%{y:.1f} % of posts<extra></extra>",
        ),
        height=320,
    )  # fmt: skip
    figure.update_xaxes(title_text="cosine of post and bio, at least")
    figure.update_yaxes(title_text="share of posts, %", rangemode="tozero")
    return figure
