"""Figures of the overview and of the four questions: results in, Plotly figures out, nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]

from moltarium.analysis.affect.alignment import EmotionalAlignment
from moltarium.analysis.compare import Comparison
from moltarium.analysis.words.norms import NormConvergence
from moltarium.analysis.words.topics import Topics
from moltarium.dashboards.theme import (
    BAND,
    CORAL,
    CORAL_BAND,
    GREY,
    SEA,
    SERIES,
    SYMBOLS,
    drawn,
    hatched,
    timed,
)
from moltarium.dashboards.untrusted import inside_figure

MAP_TOPICS = len(SERIES)
"""Topics that get a colour and a shape of their own; the rest share one."""

MIN_EXPECTED = 5
"""Pairs expected under the null below which a ratio is noise and its cell stays empty."""

MATRIX_SCALE = [
    (0.0, "rgba(76,120,200,0.55)"),
    (0.5, "rgba(124,135,148,0.10)"),
    (1.0, "rgba(217,82,60,0.55)"),
]
"""Fewer than chance, as chance has it, more than chance."""


def between(
    x: Sequence[object] | pd.Series, low: pd.Series, high: pd.Series, name: str, colour: str
) -> list[go.Scatter]:
    """Return the traces of a band."""
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "legendgroup": name}
    return [
        go.Scatter(x=x, y=high, showlegend=False, **edge),
        go.Scatter(x=x, y=low, fill="tonexty", fillcolor=colour, name=name, **edge),
    ]


def activity(counts: pd.DataFrame, marks: Sequence[tuple[pd.Timestamp, str]] = ()) -> go.Figure:
    """Draw posts and comments over time.

    Parameters
    ----------
    counts
        From `moltarium.dashboards.content.activity_counts`.
    marks
        Interventions: moment and name.
    """
    if counts.empty:
        return drawn(height=260)
    width = counts["end"] - counts["start"]
    middle = counts["start"] + width / 2
    figure = drawn(
        go.Scatter(
            x=middle, y=counts["comments"], name="Comments", mode="lines", fill="tozeroy",
            line={"color": SEA, "width": 2}, fillcolor="rgba(22,137,124,0.14)",
            hovertemplate="%{y:,} comments<extra></extra>",
        ),
        go.Scatter(
            x=middle, y=counts["posts"], name="Posts", mode="lines", fill="tozeroy",
            line={"color": CORAL, "width": 2, "dash": "dash"}, fillcolor=CORAL_BAND,
            hovertemplate="%{y:,} posts<extra></extra>",
        ),
        height=280, hovermode="x unified",
    )  # fmt: skip
    figure.update_yaxes(rangemode="tozero", title_text=f"per {_span(width.iloc[0])}", fixedrange=True)
    return mark(figure, marks)


def mark(figure: go.Figure, marks: Sequence[tuple[pd.Timestamp, str]]) -> go.Figure:
    """Draw dated interventions into a figure over time, and return it."""
    timed(figure)
    for moment, name in marks:
        figure.add_vline(x=moment, line={"color": GREY, "dash": "dot", "width": 1})
        figure.add_annotation(
            x=moment, y=1, yref="paper", text=inside_figure(name), showarrow=False, yshift=8
        )
    return figure


def _span(width: pd.Timedelta) -> str:
    minutes = width.total_seconds() / 60
    if minutes < 1:
        return f"{width.total_seconds():.0f} s"
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def norm_trend(found: NormConvergence) -> go.Figure:
    """Draw within-community dispersion by window over its null band."""
    windows = found.windows
    at = windows["start"] + (windows["end"] - windows["start"]) / 2
    when = [
        f"{a:%d %b %H:%M} – {b:%d %b %H:%M}" for a, b in zip(windows["start"], windows["end"], strict=True)
    ]
    axis = list(range(1, len(at) + 1))
    figure = drawn(
        *between(axis, windows["null_low"], windows["null_high"], "Shuffled communities, 95 %", BAND),
        go.Scatter(
            x=axis, y=windows["null_mean"], mode="lines", name="Shuffled, mean", showlegend=False,
            line={"color": GREY, "dash": "dash", "width": 1.5},
            hovertemplate="shuffled %{y:.3f}<extra></extra>",
        ),
        go.Scatter(
            x=axis, y=windows["dispersion"], mode="lines+markers", name="Observed, 95 % interval",
            line={"color": CORAL, "width": 2.5}, marker={"size": 9, "color": CORAL},
            error_y={
                "type": "data", "symmetric": False, "color": CORAL, "thickness": 1.2, "width": 4,
                "array": windows["high"] - windows["dispersion"],
                "arrayminus": windows["dispersion"] - windows["low"],
            },
            text=when, hovertemplate="%{text}<br>dispersion %{y:.3f}<extra></extra>",
        ),
        height=360,
    )  # fmt: skip
    ticks = [f"{a:%d %b}<br>{a:%H:%M}" for a in windows["start"]]
    figure.update_xaxes(
        tickvals=axis, ticktext=ticks, title_text="window starts (UTC); equally many texts each"
    )
    figure.update_yaxes(title_text="dispersion inside communities")
    return figure


def alignment_curve(found: EmotionalAlignment) -> go.Figure:
    """Draw comments' mean valence against their parents', over the null band."""
    curve = found.curve
    figure = drawn(
        *between(curve["parent"], curve["null_low"], curve["null_high"], "Permuted parents, 95 %", BAND),
        go.Scatter(
            x=curve["parent"], y=curve["null_mean"], mode="lines", showlegend=False,
            line={"color": GREY, "dash": "dash", "width": 1.5},
            hovertemplate="permuted %{y:.3f}<extra></extra>",
        ),
        go.Scatter(
            x=curve["parent"], y=curve["comment"], mode="lines+markers", name="Observed",
            line={"color": CORAL, "width": 2.5}, marker={"size": 9, "color": CORAL}, text=curve["n"],
            hovertemplate="parent %{x:+.2f}<br>comment %{y:+.3f}<br>%{text:,} pairs<extra></extra>",
        ),
        height=340,
    )  # fmt: skip
    figure.update_xaxes(title_text="valence of what is answered")
    figure.update_yaxes(title_text="mean valence of the comment")
    return figure


def alignment_matrix(found: EmotionalAlignment) -> go.Figure:
    """Draw how often each emotion answers each, relative to permuted parents (1 = as often)."""
    lift = found.pairs / found.expected.where(found.expected >= MIN_EXPECTED)
    lift = lift.dropna(axis=0, how="all").dropna(axis=1, how="all")
    z = np.log2(lift.where(lift > 0).to_numpy(float))
    text = [["" if np.isnan(v) else f"{v:.2f}×" for v in row] for row in lift.to_numpy(float)]
    counts = found.pairs.loc[lift.index, lift.columns].to_numpy().astype(int)
    figure = drawn(
        go.Heatmap(
            z=np.clip(z, -1, 1), x=list(lift.columns), y=list(lift.index), zmin=-1, zmax=1,
            colorscale=MATRIX_SCALE, text=text, texttemplate="%{text}", customdata=counts,
            hovertemplate="parent %{y} → comment %{x}<br>%{text} as often as permuted<br>%{customdata:,}"
            " pairs<extra></extra>",
            xgap=3, ygap=3, showscale=False,
        ),
        height=340,
    )  # fmt: skip
    figure.update_xaxes(title_text="the comment's emotion", showgrid=False, side="bottom")
    figure.update_yaxes(title_text="what it answers", showgrid=False, autorange="reversed")
    return figure


def null_histogram(
    draws: npt.NDArray[np.float64], value: float, ci: tuple[float, float] | None, what: str
) -> go.Figure:
    """Draw where an observed figure stands among its null draws."""
    figure = drawn(
        go.Histogram(
            x=draws, nbinsx=16, name="Null draws", marker={"color": GREY, "opacity": 0.45},
            hovertemplate="%{y} draws at %{x}<extra></extra>",
        ),
        go.Scatter(
            x=[value], y=[0], mode="markers", name="Observed, 95 % interval", cliponaxis=False,
            marker={"color": CORAL, "size": 14, "symbol": "diamond"},
            error_x={
                "type": "data", "symmetric": False, "color": CORAL, "thickness": 2.5, "width": 8,
                "array": [ci[1] - value], "arrayminus": [value - ci[0]],
            } if ci else None,
            hovertemplate="observed %{x:.4f}<extra></extra>",
        ),
        height=300, bargap=0.04,
    )  # fmt: skip
    figure.add_vline(x=value, line={"color": CORAL, "width": 2})
    figure.update_xaxes(title_text=what, rangemode="tozero")
    figure.update_yaxes(title_text="null draws", rangemode="tozero")
    return figure


def topics_over_time(found: Topics) -> go.Figure:
    """Draw posts per time bin by topic, the largest topics by name."""
    counts = found.over_time
    traces = []
    for topic in found.topics[:MAP_TOPICS]:
        i = topic.number
        traces.append(
            go.Scatter(
                x=counts.index, y=counts[i], stackgroup="topics", name=inside_figure(topic.label, 40),
                mode="lines", line={"width": 0.6, "color": SERIES[i]}, fillpattern=hatched(i),
                hovertemplate="%{y} posts<extra>%{fullData.name}</extra>",
            )
        )  # fmt: skip
    rest = counts[[topic.number for topic in found.topics[MAP_TOPICS:]]].sum(axis=1)
    if rest.sum():
        traces.append(
            go.Scatter(
                x=counts.index, y=rest, stackgroup="topics", mode="lines", line={"width": 0.6, "color": GREY},
                name=f"{len(found.topics) - MAP_TOPICS} smaller topics",
                hovertemplate="%{y} posts<extra>%{fullData.name}</extra>",
            )
        )  # fmt: skip
    figure = timed(drawn(*traces, height=380))
    figure.update_yaxes(title_text="posts", rangemode="tozero")
    return figure


def _titled(found: Topics, row: Any) -> str:
    topic = found.topics[row.topic]
    return f"{inside_figure(row.title, 70)}<br>{inside_figure(topic.label, 50)}"


def topics_map(found: Topics) -> go.Figure:
    """Draw posts as points: near points say like things; colour and shape tell the largest topics."""
    placed = found.posts[found.posts["x"].notna()]
    traces = []
    for topic in [*found.topics[:MAP_TOPICS], None]:
        own = placed[placed["topic"] == topic.number] if topic else placed[placed["topic"] >= MAP_TOPICS]
        if own.empty:
            continue
        i = topic.number if topic else 0
        traces.append(
            go.Scatter(
                x=own["x"], y=own["y"], mode="markers",
                name=inside_figure(topic.label, 40) if topic else "smaller topics",
                marker={
                    "color": SERIES[i] if topic else GREY, "symbol": SYMBOLS[i] if topic else "circle-open",
                    "size": 6, "opacity": np.where(own["outlier"], 0.25, 0.8).tolist(),
                },
                hovertext=[_titled(found, row) for row in own.itertuples()], hoverinfo="text",
                customdata=[["thread", post] for post in own["post_id"]],
            )
        )  # fmt: skip
    figure = drawn(*traces, height=460, showlegend=False)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    return figure


MOST_RATIOS: Final = 40
"""Measures in one chart of ratios; with six times as many a browser lays it out for 20 s."""


_GROWS: Final = re.compile(
    r"activity\.(agents|posts|comments)|.*\.(nodes|edges|density|mutual_dyads|communities\w*|triad_\w+)"
)
"""What a larger society has more of (or, density, less), whoever is in it: it would tell its size again."""
_TICKS: Final = {False: (1 / 16, 1 / 4, 1, 4, 16), True: (1 / 64, 1 / 8, 1, 8, 64)}
"""Ratios told on an axis, by whether it reaches beyond the first."""


def ratios(found: Mapping[str, Comparison]) -> go.Figure:
    """Draw how far measures here are from the other side: their ratios, on a scale of doublings.

    Those `MOST_RATIOS` that lie farthest apart, farthest first: more are neither read nor soon laid out.
    Counts that grow with a society are left to the table.
    """
    positive = [
        (name, each.ratio, _ratio_reach(each))
        for name, each in found.items()
        if each.ratio is not None and each.ratio > 0 and not _GROWS.fullmatch(name)
    ]
    rows = sorted(positive, key=lambda row: -abs(np.log(row[1])))[:MOST_RATIOS][::-1]
    names = [inside_figure(spoken(name), 34) for name, _, _ in rows]
    ratio = np.array([value for _, value, _ in rows])
    reach = [ends for _, _, ends in rows]
    figure = drawn(
        go.Scatter(
            x=ratio, y=names, mode="markers", marker={"color": CORAL, "size": 9}, showlegend=False,
            error_x={
                "type": "data", "symmetric": False, "color": CORAL, "thickness": 1.4, "width": 3,
                "array": [high for _, high in reach], "arrayminus": [low for low, _ in reach],
            },
            hovertemplate="%{y}<br>%{x:.2f} times the other side<extra></extra>",
        ),
        height=90 + 24 * len(rows),
    )  # fmt: skip
    figure.add_vline(x=1, line={"color": GREY, "dash": "dash", "width": 1.5})
    span = max(2.0, float(np.max(np.maximum(ratio, 1 / ratio)))) * 1.3 if len(ratio) else 2.0
    # On a phone there is room for five.
    ticks = [t for t in _TICKS[span > _TICKS[False][-1]] if 1 / span <= t <= span]
    text = [f"{t:g}×" if t >= 1 else f"1/{round(1 / t)}×" for t in ticks]
    ends = [-np.log10(span), np.log10(span)]
    figure.update_xaxes(
        type="log", range=ends, tickvals=ticks, ticktext=text, tickangle=0, title_text="here ÷ there"
    )
    figure.update_yaxes(showgrid=False, range=[-0.8, len(rows) - 0.2])
    return figure


def spoken(metric: str) -> str:
    """Return a metric's name in words: ``network.reply.gini_in`` reads "reply gini in"."""
    return metric.removeprefix("network.").replace(".", " ").replace("_", " ")


def _ratio_reach(each: Comparison) -> tuple[float, float]:
    """How far this side's own interval reaches below and above the ratio."""
    if each.a_ci is None or not each.a or not each.ratio:
        return 0.0, 0.0
    low, high = (end / each.a * each.ratio for end in each.a_ci)
    return max(each.ratio - low, 0.0), max(high - each.ratio, 0.0)
