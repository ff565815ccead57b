"""Figures of single agents and of the network between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]

from moltarium.dashboards.theme import DASHES, GREY, SERIES, SYMBOLS, drawn, timed
from moltarium.dashboards.untrusted import inside_figure


def mood_lines(
    moods: pd.DataFrame, causes: Sequence[str], threads: Sequence[str | None] | None = None
) -> go.Figure:
    """Draw an agent's mood: valence, arousal and dominance over time.

    Parameters
    ----------
    moods
        Columns ``t, v, a, d, label``.
    causes
        What moved the mood at each row, in words.
    threads
        Where each cause can be read, if anywhere; a click leads there.
    """
    hover = [
        f"{inside_figure(label)}<br>{inside_figure(cause, 80)}"
        for label, cause in zip(moods["label"], causes, strict=True)
    ]
    figure = drawn(
        *(
            go.Scatter(
                x=moods["t"], y=moods[axis], name=name, mode="lines+markers" if len(moods) < 80 else "lines",
                line={"color": SERIES[i], "dash": DASHES[i], "width": 2.2, "shape": "hv"},
                marker={"size": 5, "symbol": SYMBOLS[i]}, text=hover,
                customdata=[["thread", each] if each else None for each in threads or [None] * len(hover)],
                hovertemplate=f"{name} " + "%{y:+.2f} · %{text}<extra></extra>",
            )
            for i, (axis, name) in enumerate((("v", "Valence"), ("a", "Arousal"), ("d", "Dominance")))
        ),
        height=320,
    )  # fmt: skip
    figure.update_yaxes(range=[-1.05, 1.05], zeroline=True, tickvals=[-1, -0.5, 0, 0.5, 1])
    return timed(figure)


_TIE = "rgba(124, 135, 148, 0.16)"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A network laid out."""

    names: list[str]
    """Ids by node."""
    places: npt.NDArray[np.float64]
    """Shape ``(n, 2)``."""
    edges: npt.NDArray[np.int64]
    """Shape ``(m, 2)``: drawn ties, undirected."""
    module: npt.NDArray[np.int64]
    """Module by node, 0 the largest."""
    degree: npt.NDArray[np.int64]
    """Agents that a node answers or is answered by, in the whole network."""
    n_all: int
    """Nodes of the whole network, drawn or not."""


OTHERS: Final = "others"
"""Stands for agents whose group is unknown or too small for a colour of its own."""


def network(
    drawing: Drawing, handles: Mapping[str, str], groups: Sequence[str | None] | None = None
) -> go.Figure:
    """Draw a network: size by degree, colour and shape by group.

    Parameters
    ----------
    drawing
        The network.
    handles
        Names by id.
    groups
        Of each node, ``None`` where it is unknown; default its module. The largest get a colour and a shape
        of their own.
    """
    named: Sequence[str | None]
    if groups is None:
        named = [f"module {number + 1}" for number in drawing.module.tolist()]
        largest = [f"module {number + 1}" for number in sorted(set(drawing.module.tolist()))[: len(SERIES)]]
    else:
        named = groups
        largest = [name for name, _ in Counter(filter(None, named)).most_common(len(SERIES))]
    place = {name: i for i, name in enumerate(largest)}
    group = np.array([place.get(name or "", len(SERIES)) for name in named])
    size = 5 + 24 * np.sqrt(drawing.degree / max(int(drawing.degree.max(initial=1)), 1))
    marks = [(SERIES[i], SYMBOLS[i], i) for i in range(len(largest))]
    traces = [_ties(drawing)]
    for (colour, symbol, i), name in zip(
        [*marks, (GREY, "circle-open", len(SERIES))], [*largest, OTHERS], strict=True
    ):
        own: list[int] = np.flatnonzero(group == i).tolist()
        if not own:
            continue
        traces.append(
            go.Scatter(
                x=drawing.places[own, 0], y=drawing.places[own, 1], mode="markers",
                name=inside_figure(name, 30),
                marker={
                    "size": size[own], "color": colour, "opacity": 0.85, "symbol": symbol,
                    "line": {"width": 0.5, "color": GREY},
                },
                hovertext=[
                    f"{inside_figure(handles.get(drawing.names[k], drawing.names[k]))}<br>"
                    f"{inside_figure(named[k] or 'unknown', 30)}, tied to {drawing.degree[k]:,} agents"
                    for k in own
                ],
                hoverinfo="text", customdata=[["agent", drawing.names[k]] for k in own],
            )
        )  # fmt: skip
    figure = drawn(*traces, height=640)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    return figure


def _ties(drawing: Drawing) -> go.Scatter:
    ends = drawing.places[drawing.edges]
    path = np.full((len(ends) * 3, 2), np.nan)
    path[0::3], path[1::3] = ends[:, 0], ends[:, 1]
    return go.Scatter(
        x=path[:, 0], y=path[:, 1], mode="lines", line={"color": _TIE, "width": 0.5}, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip
