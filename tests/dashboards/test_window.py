"""A part of a record's time: every page speaks of it alone, and every link keeps it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from dash.development.base_component import Component
from plotly.utils import PlotlyJSONEncoder  # type: ignore[import-untyped]

from moltarium.analysis.battery import measure
from moltarium.analysis.period import during
from moltarium.dashboards import content
from moltarium.dashboards.app import PAGES, _keep_window, _shown
from moltarium.dashboards.app import create_app as app_of
from moltarium.dashboards.findings import found_measures
from moltarium.dashboards.page import Lab
from moltarium.dashboards.source import SPANS, Source
from moltarium.dashboards.window import ALWAYS, Span, span_of
from moltarium.sim.record.schema import TABLES, Agent, Comment, Emotion, Post

HOUR = 3_600_000_000
QUERY = {"since": "1970-01-01T02:00:00", "until": "1970-01-01T06:00:00"}
SPAN = Span(2 * HOUR, 6 * HOUR)


@pytest.mark.parametrize(
    ("query", "span"),
    [
        (QUERY, SPAN),
        ({}, ALWAYS),
        ({"since": "1970-01-01T02:00+01:00"}, Span(HOUR, ALWAYS.until)),
        ({"until": "1970-01-01"}, Span(ALWAYS.since, 0)),
        ({"since": "yesterday", "until": "1970-01-01T06:00"}, Span(ALWAYS.since, 6 * HOUR)),
        ({"since": "1970-01-02", "until": "1970-01-01"}, ALWAYS),
    ],
)
def test_a_span_is_read_from_the_address(query: dict[str, str], span: Span) -> None:
    assert span_of(query) == span


def test_a_window_shows_what_the_period_holds(source: Source) -> None:
    part = source.during(SPAN)
    expected = during(source.record, *SPAN)
    for table in TABLES.values():
        assert list(part.record.rows(table)) == list(expected.rows(table))
        assert part.record.count(table) == len(part.record.frame(table)) == expected.count(table)
    moods = list(part.record.rows_where(Emotion, agent="a0"))
    assert moods == [row for row in expected.rows(Emotion) if row.agent == "a0"]
    assert 0 < len(moods) < sum(1 for _ in source.record.rows_where(Emotion, agent="a0"))
    assert part.record.count(Agent) == source.record.count(Agent), "accounts from before still stand"
    assert found_measures(part) == measure(expected)


def test_few_spans_keep_their_results(source: Source) -> None:
    first = source.during(SPAN)
    assert source.during(SPAN) is first
    for hour in range(SPANS):
        source.during(Span(hour, HOUR + hour))
    assert source.during(SPAN) is not first
    assert source.during(ALWAYS) is source
    first.close()
    assert source.record.count(Post), "the whole stays open"


def rendered(view: Callable[[], Component]) -> str:
    """A page as it goes to the browser."""
    return json.dumps(view(), cls=PlotlyJSONEncoder)


def test_pages_and_links_keep_the_span_and_threads_stay_whole(source: Source) -> None:
    lab = Lab(source)
    early = next(row.post_id for row in source.record.rows(Post))
    late = [row for row in source.record.rows(Post) if 2 * HOUR <= row.t < 6 * HOUR]
    with app_of(source.path).server.test_request_context("/"):
        _keep_window(QUERY)
        listed = rendered(lambda: _shown(PAGES["threads"].view, lab, QUERY, "Threads"))
        assert f"of {len(late):,}" in listed
        links: list[Any] = [part for part in listed.split('"href": "')[1:] if part.startswith("/thread?")]
        assert links
        assert all("since=1970" in link.partition('"')[0] for link in links)
        query = {**QUERY, "id": early}
        read = rendered(lambda: _shown(PAGES["thread"].view, lab, query, "Thread", cut=PAGES["thread"].cut))
        assert f"{source.record.count(Comment) // source.record.count(Post)} comments" in read
    assert content.places(source.during(SPAN)) is content.places(source), "causes may lie before"
