"""Figures are pure: results in, traces out, agents' words escaped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moltarium.analysis.compare import Comparison
from moltarium.dashboards import figures
from moltarium.dashboards.content import activity_counts
from moltarium.dashboards.drawing import springs
from moltarium.dashboards.figures_agent import Drawing, mood_lines, network
from moltarium.dashboards.figures_structure import ccdf
from moltarium.dashboards.theme import CORAL, EMOTIONS, GLYPHS, GREY, PATTERNS, SERIES, SYMBOLS
from moltarium.dashboards.untrusted import inside_figure, line, shown


def traces(figure: Any) -> Any:
    """The figure's traces."""
    return figure.data


def comparison(a: float, b: float, ci: tuple[float, float] | None = None) -> Comparison:
    return Comparison(a, b, ci, None, a - b, None, a / b, None, "as defined", "a source")


def test_activity_counts_every_row_once() -> None:
    posts = pd.Series(pd.date_range("2026-01-28", periods=50, freq="7min", tz="UTC"))
    comments = pd.Series(pd.date_range("2026-01-28 01:00", periods=200, freq="2min", tz="UTC"))
    counts = activity_counts(posts, comments)
    assert (counts["end"].iloc[:-1] == counts["start"].iloc[1:].to_numpy()).all()
    figure: Any = figures.activity(counts, [(posts[3], "<b>shock</b>")])
    drawn = {trace.name: int(np.sum(trace.y)) for trace in traces(figure)}
    assert drawn == {"Comments": 200, "Posts": 50}
    assert figure.layout.annotations[0].text == "&lt;b&gt;shock&lt;/b&gt;"
    assert not traces(figures.activity(activity_counts(posts[:0], comments[:0])))


def test_the_observed_figure_stands_among_its_null_draws() -> None:
    figure = figures.null_histogram(np.array([0.1, 0.11, 0.12]), 0.3, (0.25, 0.36), "share")
    observed = traces(figure)[1]
    assert observed.x == (0.3,)
    assert observed.error_x.array[0] == pytest.approx(0.06)
    assert observed.error_x.arrayminus[0] == pytest.approx(0.05)
    assert observed.marker.color == CORAL


def test_ratios_leave_out_what_has_none_and_what_grows_with_a_society() -> None:
    found = {
        "network.reply.gini_in": comparison(0.4, 0.8, (0.3, 0.5)),
        "thread.depth_mean": comparison(1.0, 1.0),
        "assortativity": comparison(-0.2, 0.1),
        "shape.reply.triad_300": comparison(3, 300),
        "network.reply.density": comparison(0.1, 0.01),
    }
    drawn = traces(figures.ratios(found))[0]
    assert list(drawn.y) == ["thread depth mean", "reply gini in"]
    assert list(drawn.x) == pytest.approx([1.0, 0.5])
    assert drawn.error_x.array[1] == pytest.approx(0.125)


def test_moods_tell_their_causes_as_text() -> None:
    moods = pd.DataFrame({"t": pd.date_range("2026-01-28", periods=2), "v": [0.1, 0.2], "a": 0.0, "d": 0.0})
    figure = mood_lines(moods.assign(label="joy"), ["moved by <i>a</i>", ""], ["p1", None])
    assert list(traces(figure)[0].customdata) == [["thread", "p1"], None], "a click leads to the cause"
    assert [trace.name for trace in traces(figure)] == ["Valence", "Arousal", "Dominance"]
    assert len({trace.line.dash for trace in traces(figure)}) == 3
    assert "&lt;i&gt;" in traces(figure)[0].text[0]


def test_the_same_network_gives_the_same_picture_with_its_groups_apart() -> None:
    rng = np.random.default_rng(0)
    module = np.repeat([0, 1], 20)
    pairs = rng.integers(0, 40, (400, 2))
    edges = pairs[(module[pairs[:, 0]] == module[pairs[:, 1]]) & (pairs[:, 0] < pairs[:, 1])]
    places = springs(edges, 40, module)
    np.testing.assert_array_equal(places, springs(edges, 40, module))
    centres = [places[module == m].mean(axis=0) for m in (0, 1)]
    assert np.linalg.norm(centres[0] - centres[1]) > places[module == 0].std()
    drawing = Drawing([f"a{i}" for i in range(40)], places, edges, module, np.full(40, 3), 40)
    figure = network(drawing, {"a0": "<script>"})
    assert sum(len(trace.x) for trace in traces(figure)[1:]) == 40
    assert "&lt;script&gt;" in traces(figure)[1].hovertext[0]
    assert list(traces(figure)[1].customdata[0]) == ["agent", "a0"]


def test_groups_without_a_colour_of_their_own_share_the_last() -> None:
    n = len(SERIES) + 4
    lines = np.array([[i, i + 1] for i in range(n - 1)])
    drawing = Drawing(
        [f"a{i}" for i in range(n)], np.zeros((n, 2)), lines, np.zeros(n, int), np.ones(n, int), n
    )
    groups = ["<b>big", "<b>big", *(f"g{i}" for i in range(n - 3)), None]
    drawn = {trace.name: len(trace.x) for trace in traces(network(drawing, {}, groups))[1:]}
    assert drawn["&lt;b&gt;big"] == 2
    assert drawn["others"] == n - 2 - (len(SERIES) - 1)
    assert sum(drawn.values()) == n
    assert traces(network(drawing, {}, groups))[-1].marker.color == GREY


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_a_tail_is_the_share_that_reaches_each_value(values: list[int]) -> None:
    curve = ccdf(np.array(values))
    positive = [value for value in values if value > 0]
    assert curve["value"].tolist() == sorted(set(positive))
    for value, share in curve.itertuples(index=False):
        assert share == pytest.approx(sum(each >= value for each in positive) / len(positive))


def test_colour_is_never_alone() -> None:
    assert len(SERIES) == len(SYMBOLS) == len(GLYPHS) == len(set(SYMBOLS)) == len(set(PATTERNS))
    assert len({sign.glyph for sign in EMOTIONS.values()}) == len(EMOTIONS)
    assert len({sign.colour for sign in EMOTIONS.values()}) == len(EMOTIONS)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ground", ["#ffffff", "#161e28"])
@pytest.mark.parametrize("colour", SERIES)
def test_series_stand_out_on_paper_and_on_night(colour: str, ground: str) -> None:
    high, low = sorted((luminance(colour), luminance(ground)), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 3


@settings(max_examples=200)
@given(st.text(max_size=80).map(lambda text: text.replace("x", "\ud83d").replace("y", "\u202e")))
def test_shown_text_encodes_and_keeps_what_it_says(text: str) -> None:
    clean = shown(text)
    clean.encode("utf-8")
    assert "\u202e" not in clean
    assert "\x00" not in clean
    assert shown(clean) == clean
    assert "<" not in inside_figure(text)
    assert "\n" not in line(text)
    assert len(line(text, 10)) <= 10
