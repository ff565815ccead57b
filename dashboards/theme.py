"""The look of every figure: colours that hold on paper and on night alike, signs that do without colour."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import plotly.graph_objects as go  # type: ignore[import-untyped]

CORAL: Final = "#D9523C"
"""What was observed."""
SEA: Final = "#16897C"
"""The second thing observed, or the record set beside it."""
GREY: Final = "#7C8794"
"""Null models: what chance alone gives."""
BAND: Final = "rgba(124, 135, 148, 0.22)"
"""Null bands and faint edges."""
CORAL_BAND: Final = "rgba(217, 82, 60, 0.16)"
"""Interval of the observed."""

SERIES: Final = ("#D9523C", "#16897C", "#4C78C8", "#B8862B", "#8B5FBF", "#5C8A3A", "#C2528B", "#2F8FB0")
"""Series in order; each keeps a contrast of 3:1 on the light and on the dark ground."""
SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "cross", "pentagon", "hexagon", "star")
"""Marker shapes that go with `SERIES`, so that colour is never alone."""
GLYPHS: Final = ("●", "■", "◆", "▲", "✚", "⬟", "⬢", "★")
"""`SYMBOLS` as characters."""
PATTERNS: Final = ("", "/", "\\", "x", "-", "|", "+", ".")
"""Hatchings that go with `SERIES`, for areas."""
DASHES: Final = ("solid", "dash", "dot", "dashdot")
"""Line styles that go with `SERIES`."""


class EmotionSign(NamedTuple):
    """How one emotion label is shown."""

    glyph: str
    colour: str


EMOTIONS: Final[dict[str, EmotionSign]] = {
    "joy": EmotionSign("▲", "#B8862B"),
    "surprise": EmotionSign("✦", "#2F8FB0"),
    "neutral": EmotionSign("●", "#7C8794"),
    "sadness": EmotionSign("▼", "#4C78C8"),
    "fear": EmotionSign("◆", "#8B5FBF"),
    "anger": EmotionSign("■", "#D9523C"),
    "disgust": EmotionSign("✖", "#5C8A3A"),
}
"""Glyph and colour by label: every emotion differs in both."""


def sign_of(label: str) -> EmotionSign:
    """Return how an emotion label is shown; an unknown one like neutral."""
    return EMOTIONS.get(label, EMOTIONS["neutral"])


_AXIS: Final = {
    "gridcolor": BAND,
    "linecolor": BAND,
    "zerolinecolor": BAND,
    "zerolinewidth": 1,
    "ticks": "",
    "title": {"standoff": 12, "font": {"size": 13}},
    "automargin": True,
}

TEMPLATE: Final = go.layout.Template(
    layout={
        "font": {"family": "ui-sans-serif, system-ui, sans-serif", "size": 13, "color": GREY},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": list(SERIES),
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
        "hovermode": "closest",
        "hoverlabel": {"align": "left", "namelength": -1},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": {"text": ""}},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
    }
)
"""Transparent grounds; text and hover boxes take the page's own colours through the style sheet."""


def hatched(place: int) -> dict[str, Any]:
    """Return the fill that tells an area from its neighbours without colour, by its place among them."""
    return {"shape": PATTERNS[place % len(PATTERNS)], "fillmode": "overlay", "size": 7, "solidity": 0.12}


def drawn(*traces: Any, height: int = 360, **layout: Any) -> go.Figure:
    """Return a figure of `traces` in the house style."""
    figure = go.Figure(list(traces))
    figure.update_layout(template=TEMPLATE, height=height, **layout)
    return figure


_MOMENTS: Final = (
    {"dtickrange": [None, 86_399_999], "value": "%H:%M\n%b %-d"},
    {"dtickrange": [86_400_000, "M1"], "value": "%b %-d\n%Y"},
)
"""How ticks of an axis of time read, by the milliseconds between them: short enough for a phone."""


def timed(figure: go.Figure) -> go.Figure:
    """Let the ticks of a figure over time be short, and return it."""
    return figure.update_xaxes(tickformatstops=_MOMENTS)
