"""One self-contained HTML page about a record: what was found, how, and what to hold against it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import plotly.graph_objects as go  # type: ignore[import-untyped]
from markupsafe import Markup

from moltarium.analysis.compare import Comparison
from moltarium.dashboards import content, figures
from moltarium.dashboards.findings import (
    Finding,
    found_alignment,
    found_comparison,
    found_measures,
    found_norms,
    found_published,
    found_reciprocity,
    found_topics,
    say_alignment,
    say_norms,
    say_reciprocity,
    say_topics,
)
from moltarium.dashboards.methods import METHODS, Method
from moltarium.dashboards.pages.overview import title_of
from moltarium.dashboards.parts import height_of, interval, moment, null_line, number
from moltarium.dashboards.source import Source
from moltarium.dashboards.untrusted import line, shown
from moltarium.sim.record.coverage import coverage_of
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.health import health_of
from moltarium.sim.record.schema import Community, LlmCall, Quarantine, Rejection
from moltarium.sim.record.warnings import warnings_of

_HERE: Final = Path(__file__).parent


class Exhibit(NamedTuple):
    """A figure as the page draws it."""

    name: str
    caption: str
    height: int
    json: Markup


@dataclass(frozen=True, slots=True)
class Answer:
    """One question answered, or why it can't be."""

    method: Method
    finding: Finding | None
    needs: str | None
    exhibits: tuple[Exhibit, ...]


def write_report(run: Path, against: Path | None, out: Path) -> None:
    """Write the report of one record.

    The file loads nothing: style, figures and Plotly stand inside it, and its own content policy forbids
    every other source. Agents' words in it are text, never markup.

    Parameters
    ----------
    run
        The record's folder.
    against
        A second record to set beside it.
    out
        The HTML file.

    Raises
    ------
    RecordError
        If a record can't be read.
    OSError
        If `out` can't be written.
    """
    with ExitStack() as stack:
        source = Source(run)
        stack.callback(source.close)
        other = Source(against) if against is not None else None
        if other is not None:
            stack.callback(other.close)
        page = _render(source, other)
    out.write_text(page, encoding="utf-8")


def _render(source: Source, other: Source | None) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters.update(number=number, interval=interval, line=line, shown=shown, null_line=null_line)
    coverage = coverage_of(source.run)
    return environment.get_template("report.html").render(
        run=source.run,
        title=title_of(source.run),
        synthetic=coverage.synthetic,
        notes=coverage.notes,
        missing=sorted(coverage.missing),
        warnings=warnings_of(source.record),
        counts=_counts(source),
        activity=_exhibit(
            "activity",
            "Posts and comments over time",
            figures.activity(content.activity(source)),
        ),
        measures=found_measures(source),
        answers=_answers(source),
        other=title_of(other.run) if other else None,
        comparison=_rows(found_comparison(source, other)) if other else (),
        published=_rows(found_published(source)),
        methods=_methods(source),
        scenario=_scenario(source),
        style=Markup(
            (_HERE / "assets" / "moltarium.css").read_text(encoding="utf-8")
        ),  # ours, not an agent's
        plotly=Markup(get_plotlyjs()),
    )


def _counts(source: Source) -> list[tuple[str, str]]:
    posts, comments = content.own(content.posts(source)), content.own(content.comments(source))
    counts = [
        ("posts", number(len(posts))),
        ("comments", number(len(comments))),
        ("agents", number(len(content.agents(source)))),
        ("communities", number(source.record.count(Community))),
    ]
    if len(posts):
        counts.append(("from", moment(posts["t"].min())))
        counts.append(
            ("to", moment(max([posts["t"].max(), *([comments["t"].max()] if len(comments) else [])])))
        )
    return counts


def inert(text: str) -> Markup:
    """Return JSON for a script element: nothing in it can end the element or open another."""
    escaped = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(escaped.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def _exhibit(name: str, caption: str, figure: go.Figure) -> Exhibit:
    return Exhibit(name, caption, height_of(figure), inert(str(figure.to_json(engine="json"))))


def _answers(source: Source) -> list[Answer]:
    def asked(name: str, find: Callable[[], tuple[Finding, list[Exhibit]]]) -> Answer:
        try:
            finding, exhibits = find()
        except NotComputable as missing:
            return Answer(METHODS[name], None, missing.needs, ())
        return Answer(METHODS[name], finding, None, tuple(exhibits))

    def about_topics() -> tuple[Finding, list[Exhibit]]:
        found = found_topics(source)
        return say_topics(found), [
            _exhibit("topics-time", "Posts over time by topic", figures.topics_over_time(found)),
            _exhibit("topics-map", "Map of posts by likeness", figures.topics_map(found)),
        ]

    def about_norms() -> tuple[Finding, list[Exhibit]]:
        found = found_norms(source)
        return say_norms(found), [
            _exhibit("norms", "Dispersion inside communities", figures.norm_trend(found))
        ]

    def about_alignment() -> tuple[Finding, list[Exhibit]]:
        found = found_alignment(source)
        return say_alignment(found), [
            _exhibit("curve", "Valence of comments by valence of parents", figures.alignment_curve(found)),
            _exhibit("matrix", "Which emotion answers which", figures.alignment_matrix(found)),
        ]

    def about_reciprocity() -> tuple[Finding, list[Exhibit]]:
        found = found_reciprocity(source)
        figure = figures.null_histogram(
            found.null_draws, found.r, found.ci, "share of ties that are returned"
        )
        return say_reciprocity(found), [_exhibit("reciprocity", "Observed among its null draws", figure)]

    return [
        asked("topics", about_topics),
        asked("norms", about_norms),
        asked("alignment", about_alignment),
        asked("reciprocity", about_reciprocity),
    ]


def _rows(found: dict[str, Comparison]) -> list[tuple[str, Comparison]]:
    return [(name, each) for name, each in found.items() if each.a is not None or each.b is not None]


def _methods(source: Source) -> list[tuple[str, str]]:
    """The facts that a methods section must state, in order."""
    run, record = source.run, source.record
    calls = record.frame(LlmCall)
    refused = Counter(row.category for row in record.rows(Rejection))
    quarantined = Counter(row.reason for row in record.rows(Quarantine))
    facts = [
        ("Record", f"{run.run_id}, {run.kind}, schema {run.schema_version}, code {run.code_version}"),
        (
            "Seed",
            "none: observed"
            if run.seed is None
            else f"{run.seed}; one run, so nothing here speaks of other seeds",
        ),
        ("Scenario", f"sha256 {run.scenario_sha256}" if run.scenario_sha256 else "none: observed"),
        ("Source", f"sha256 {run.source_sha256}" if run.source_sha256 else "no imported source"),
    ]
    if len(calls):
        models = _tally(Counter(calls["model"].tolist()))
        spent, cached, made = (calls[f"tokens_{kind}"].sum() for kind in ("in", "cached", "out"))
        tokens = f"{spent:,} tokens in ({cached:,} cached), {made:,} out"
        prompts = f"{calls['request_sha'].nunique():,} prompts, kept under their sha256"
        facts.append(("Models", f"{models}; {len(calls):,} calls, {prompts}; {tokens}"))
    elif run.kind == "simulated":
        facts.append(("Models", "none was asked: all minds were rule-based surrogates"))
    if (answers := health_of(record).summary()) is not None:
        facts.append(("Answers of the models", answers))
    facts += [
        ("Rejections", _tally(refused) if run.kind == "simulated" else "not recorded by a crawler"),
        (
            "Quarantine",
            _tally(quarantined) if run.kind == "observed" else "nothing was imported into this table",
        ),
        (
            "Intervals",
            "95 %; bootstrap over agents, threads or blocks as each measure says; one record, so they tell"
            " of sampling within it, not between runs",
        ),
        (
            "Null models",
            "named beside each figure; p = (1 + #{as extreme}) / (1 + draws), two-sided, not corrected for"
            " the number of measures",
        ),
        (
            "Comparison",
            "both sides through the keyhole: only what a crawler of the real site could have seen",
        ),
    ]
    return facts


def _tally(counts: Counter[str]) -> str:
    return ", ".join(f"{line(name, 60)}: {n:,}" for name, n in counts.most_common(8)) or "none"


def _scenario(source: Source) -> str | None:
    if source.run.scenario is None:
        return None
    resolved: Any = orjson.loads(source.run.scenario)
    return shown(json.dumps(resolved, indent=2, ensure_ascii=False))
