"""What was said: effects beside their controls, drift and motives as pages say them."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from moltarium.dashboards.effects import Shown, against_null, effects_table, lacking, strip
from moltarium.dashboards.figures_words import event_study, persona_curve, shares
from moltarium.dashboards.findings import (
    drift_effects,
    found_drift,
    found_motives,
    plainly,
    say_drift,
    say_motives,
)
from moltarium.dashboards.page import Lab
from moltarium.dashboards.pages.words import PAGES
from moltarium.dashboards.source import Source

ENDS = st.floats(-1e3, 1e3, allow_nan=False)


@given(ENDS, ENDS, ENDS)
def test_a_strip_holds_its_interval_and_the_zero_line(a: float, b: float, c: float) -> None:
    low, middle, high = sorted((a, b, c))
    drawn = str(strip(middle, (low, high)))
    places = [float(value) for value in re.findall(r"'left': '(-?[0-9.]+)%'", drawn)]
    zero, start, dot = places
    width = float(re.findall(r"'width': '([0-9.]+)%'", drawn)[0])
    assert all(0 <= place <= 100 for place in (zero, start, dot, start + width))
    assert start - 0.11 <= dot <= start + width + 0.11
    assert ("strip sure" in drawn) == (low > 0 or high < 0)


def test_an_effect_is_what_lies_beyond_its_null() -> None:
    null = {"model": "shuffled", "mean": 0.25, "p": 0.004}
    found = against_null("uptake", {"mean": 0.5, "ci": (0.375, 0.625), "null": null}, "mean")
    assert (found.difference, found.ci, found.verdict) == (0.25, (0.125, 0.375), "more")
    below = against_null("uptake", {"mean": 0.0, "ci": (-0.125, 0.125), "null": null}, "mean")
    assert below.verdict == "less"
    unsure = against_null("uptake", {"mean": 0.5, "ci": (0.2, 0.8), "null": null}, "mean")
    assert unsure.verdict == "none", "p alone is not enough"


def test_names_and_lacks_are_shown_as_text() -> None:
    shown = Shown("<b>x</b>", "null", 1.0, 0.5, (0.1, 0.9), 0.5, "none")
    assert "<b>x</b>" in str(effects_table([shown], "effects"))
    assert lacking([]) is None
    assert "needs table vote" in str(lacking([("karma", "table vote")]))
    assert plainly("top_post.pace") == "top post: pace"


def test_figures_show_intervals_where_they_are() -> None:
    study = pd.DataFrame(
        {
            "lag": [0, 1],
            "n": [9, 8],
            "likeness": [0.5, 0.25],
            "placebo": 0.125,
            "low": [0.25, 0.0],
            "high": [0.5, 0.25],
        }
    )
    drawn: Any = event_study(study).data[0]
    assert list(drawn.y) == [0.375, 0.125]
    assert list(drawn.y + drawn.error_y.array) == [0.5, 0.25]
    assert list(drawn.y - drawn.error_y.arrayminus) == [0.25, 0.0]
    row = {"act": "<i>ask", "texts": 3, "share": 0.5, "low": 0.25, "high": 0.75}
    part: Any = shares([row], "act").data[0]
    assert list(part.y) == ["&lt;i&gt;ask"]
    assert part.x[0] + part.error_x.array[0] == 75.0
    curve = persona_curve([{"threshold": 0.1, "aligned": 0.5, "low": 0.25, "high": 0.75, "null": 0.125}])
    traces: Any = curve.data
    assert [list(trace.y) for trace in traces] == [[12.5], [50.0]]


def test_pages_say_what_the_measures_found(source: Source) -> None:
    found = found_drift(source)
    said = say_drift(found)
    assert (said.tone == "found") == any(each != "none" for each in found.verdicts.values())
    assert len(drift_effects(found)) == len(found.effects)
    motives = found_motives(source)
    largest = max(
        (row for row in motives["acts"] if row["act"] != "not covered"), key=lambda row: row["share"]
    )
    assert f"to {largest['act']}: {largest['share']:.0%}" in say_motives(motives).sentence


def test_what_is_not_computable_names_its_need(source: Source) -> None:
    drift = next(each for each in PAGES if each.path == "drift")
    told = str(drift.slow["drift"](Lab(source), {}))
    lacking_here = found_drift(source).not_computable
    assert lacking_here, "the record is too small for all of them"
    for needs in lacking_here.values():
        assert f"needs {needs}"[:100] in told
