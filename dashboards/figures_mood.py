"""Figures of what a society felt: moods over time, and the shares of emotions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]

from moltarium.dashboards.figures import between, mark
from moltarium.dashboards.theme import (
    CORAL,
    CORAL_BAND,
    DASHES,
    EMOTIONS,
    SERIES,
    drawn,
    hatched,
    sign_of,
    timed,
)
from moltarium.dashboards.untrusted import inside_figure


def mood_tide(frame: pd.DataFrame, marks: Sequence[tuple[pd.Timestamp, str]] = ()) -> go.Figure:
    """Draw the mean mood of all agents over time, with the middle 80 % of their valence.

    Parameters
    ----------
    frame
        From `moltarium.dashboards.felt.moods_over_time`.
    marks
        Interventions: moment and name.
    """
    axes = (("v", "Valence", CORAL), ("a", "Arousal", SERIES[1]), ("d", "Dominance", SERIES[2]))
    figure = drawn(
        *between(frame["t"], frame["v_low"], frame["v_high"], "Valence, middle 80 % of agents", CORAL_BAND),
        *(
            go.Scatter(
                x=frame["t"], y=frame[axis], name=f"{name}, mean", mode="lines",
                line={"color": colour, "dash": DASHES[i], "width": 2.4},
                hovertemplate=f"{name} " + "%{y:+.3f}<extra></extra>",
            )
            for i, (axis, name, colour) in enumerate(axes)
        ),
        height=340, hovermode="x unified",
    )  # fmt: skip
    figure.update_yaxes(zeroline=True, title_text="mood, −1 to 1")
    return mark(figure, marks)


def label_shares(frame: pd.DataFrame, at: str, labels: Mapping[str, str], what: str) -> go.Figure:
    """Draw the shares of emotion labels over time, stacked.

    Parameters
    ----------
    frame
        A column of shares per label; they sum to 1.
    at
        The column of moments.
    labels
        Columns by label, in order from the bottom.
    what
        What is shared: "agents", "texts".
    """
    places = {label: place for place, label in enumerate(EMOTIONS)}
    figure = drawn(
        *(
            go.Scatter(
                x=frame[at], y=100 * frame[column], stackgroup="labels", mode="lines",
                name=f"{sign_of(label).glyph} {inside_figure(label, 30)}",
                line={"width": 0.6, "color": sign_of(label).colour},
                fillpattern=hatched(places.get(label, len(places))),
                hovertemplate="%{y:.1f} %<extra>%{fullData.name}</extra>",
            )
            for label, column in labels.items()
        ),
        height=340,
    )  # fmt: skip
    figure.update_yaxes(title_text=f"share of {what}, %", range=[0, 100])
    return timed(figure)
