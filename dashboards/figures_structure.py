"""Figures of structure: how unequally agents are tied, how deep and how large threads grow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]

from moltarium.dashboards.theme import DASHES, SERIES, SYMBOLS, drawn


def ccdf(values: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Return the share of positive values that reach each value: ``value, share``.

    Examples
    --------
    >>> ccdf(np.array([0, 1, 1, 4])).round(2).to_dict("list")
    {'value': [1, 4], 'share': [1.0, 0.33]}
    """
    positive = values[values > 0]
    value, times = np.unique(positive, return_counts=True)
    return pd.DataFrame({"value": value, "share": times[::-1].cumsum()[::-1] / max(len(positive), 1)})


def tails(curves: dict[str, pd.DataFrame], unit: str, whole: str) -> go.Figure:
    """Draw complementary distributions, both axes by powers of ten: a straight line is a power law's.

    Parameters
    ----------
    curves
        From `ccdf`, by name.
    unit
        What is counted on the axis.
    whole
        Of what the share is.
    """
    figure = drawn(
        *(
            go.Scatter(
                x=curve["value"], y=curve["share"], name=name, mode="lines+markers",
                line={"color": SERIES[i], "dash": DASHES[i], "width": 1.8},
                marker={"size": 6, "symbol": SYMBOLS[i]},
                hovertemplate=name + ": %{x:,} or more<br>%{y:.2%}<extra></extra>",
            )
            for i, (name, curve) in enumerate(curves.items())
        ),
        height=360,
    )  # fmt: skip
    figure.update_xaxes(type="log", title_text=unit, dtick=1)
    figure.update_yaxes(type="log", title_text=f"share of {whole}", tickformat=".3~%", dtick=1)
    return figure


def depth_bars(depths: pd.DataFrame) -> go.Figure:
    """Draw comments by depth.

    Parameters
    ----------
    depths
        ``depth, comments``.
    """
    figure = drawn(
        go.Bar(
            x=depths["depth"], y=depths["comments"], marker={"color": SERIES[1], "opacity": 0.8},
            hovertemplate="depth %{x}<br>%{y:,} comments<extra></extra>",
        ),
        height=320, bargap=0.2,
    )  # fmt: skip
    figure.update_xaxes(title_text="depth: 1 answers the post", dtick=1 if len(depths) < 20 else None)
    most = np.log10(max(int(depths["comments"].max()), 1))
    figure.update_yaxes(title_text="comments", type="log", dtick=1, range=[np.log10(0.7), most + 0.1])
    return figure
