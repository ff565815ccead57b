"""Tables as CSV files: what a page shows, at full precision, safe to open in a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import pandas as pd
from flask import Flask, Response, abort, request

from moltarium.analysis.compare import Comparison
from moltarium.dashboards import content, felt
from moltarium.dashboards.effects import Shown
from moltarium.dashboards.findings import (
    drift_effects,
    found_alignment,
    found_comparison,
    found_drift,
    found_measures,
    found_motives,
    found_norm_report,
    found_norms,
    found_published,
    found_reciprocity,
    found_topics,
    norm_shown,
    plainly,
)
from moltarium.dashboards.layers import layer_of
from moltarium.dashboards.page import Lab
from moltarium.dashboards.pages import agents, threads
from moltarium.dashboards.pages.network import drawing_of
from moltarium.dashboards.pages.questions import edge_of, norms_missing, texts_of
from moltarium.dashboards.pages.structure import by_depth, degrees, sizes
from moltarium.dashboards.pages.words import motive_effects, motives_missing
from moltarium.dashboards.parts import Query
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Emotion
from moltarium.sim.record.spreadsheet import GUARDED, csv_row, guarded

BOM: Final = "\ufeff"
"""Without it Excel reads UTF-8 as a legacy code page."""


class Sheet(NamedTuple):
    """A table to be downloaded."""

    columns: Sequence[str]
    rows: Iterable[Sequence[object]]


Fill: TypeAlias = Callable[[Lab, Query], Sheet]
"""Computes a table from the records and the address; may raise `NotComputable`, or `KeyError` for no such."""


def _framed(frame: pd.DataFrame) -> Sheet:
    return Sheet([str(name) for name in frame.columns], frame.itertuples(index=False, name=None))


def _measures(lab: Lab, _query: Query) -> Sheet:
    columns = [
        "measure", "value", "ci_low", "ci_high", "null_model", "null_mean", "null_sd", "null_z", "null_p",
        "needs", "note", "definition", "source",
    ]  # fmt: skip
    rows = []
    for name, each in found_measures(lab.source).items():
        null = each.null
        drawn = (null.model, null.mean, null.sd, null.z, null.p) if null else (None,) * 5
        row = (name, each.value, *(each.ci or (None, None)), *drawn)
        rows.append((*row, each.needs, each.note, each.definition, each.source))
    return Sheet(columns, rows)


def _topics(lab: Lab, _query: Query) -> Sheet:
    found = found_topics(lab.source)
    columns = ["topic", "words", "posts", "share", "outliers", "coherence", "typical_post"]
    rows = [
        (each.number + 1, " ".join(each.words), each.size, each.share, each.outliers, npmi, each.example)
        for each, npmi in zip(found.topics, found.coherence, strict=True)
    ]
    return Sheet(columns, rows)


def _topic_map(lab: Lab, _query: Query) -> Sheet:
    posts = found_topics(lab.source).posts
    return _framed(posts.assign(topic=posts["topic"] + 1)[["post_id", "topic", "outlier", "x", "y"]])


def _topic_times(lab: Lab, _query: Query) -> Sheet:
    counts = found_topics(lab.source).over_time
    return _framed(counts.rename(columns=lambda topic: f"topic {topic + 1}").reset_index(names="start"))


def _effects(effects: Sequence[Shown], missing: Iterable[tuple[str, str]]) -> Sheet:
    columns = [
        "effect", "beside", "observed", "expected", "difference", "ci_low", "ci_high", "p", "verdict",
        "needs",
    ]  # fmt: skip
    rows: list[tuple[object, ...]] = [
        (
            each.name, each.control, each.observed, each.expected, each.difference, *each.ci, each.p,
            each.verdict, None,
        )
        for each in effects
    ]  # fmt: skip
    return Sheet(columns, [*rows, *((name, *(None,) * 8, needs) for name, needs in missing)])


def _norm_effects(lab: Lab, query: Query) -> Sheet:
    report = found_norm_report(lab.source, texts_of(query))
    return _effects(norm_shown(report), norms_missing(report))


def _drift(lab: Lab, _query: Query) -> Sheet:
    found = found_drift(lab.source)
    return _effects(
        drift_effects(found), [(plainly(name), why) for name, why in found.not_computable.items()]
    )


def _study(lab: Lab, _query: Query) -> Sheet:
    study = found_drift(lab.source).event_study
    if study.empty:
        raise NotComputable("agents who wrote before and after their most-upvoted post")
    return _framed(study)


def _motives(lab: Lab, _query: Query) -> Sheet:
    found = found_motives(lab.source)
    return _effects(motive_effects(found), motives_missing(found))


def _motive(part: str) -> Fill:
    """Return the rows of one chart on motives, by their path in the report."""

    def fill(lab: Lab, _query: Query) -> Sheet:
        found: Any = found_motives(lab.source)
        for name in part.split("."):
            if isinstance(found, dict) and "needs" in found:
                raise NotComputable(found["needs"])
            found = found[name]
        return _framed(pd.DataFrame(found))

    return fill


def _draws(lab: Lab, query: Query) -> Sheet:
    found = found_reciprocity(lab.source, edge_of(query))
    return Sheet(["observed", "null_draw"], [(found.r, draw) for draw in found.null_draws.tolist()])


def _mood(lab: Lab, query: Query) -> Sheet:
    agent = query.get("id", "")
    if agent not in content.handles(lab.source):
        raise KeyError(agent)
    if not lab.source.record.has(Emotion):
        raise NotComputable("table emotion")
    rows = [
        (pd.Timestamp(each.t, unit="us", tz="UTC"), each.v, each.a, each.d, each.label, each.cause)
        for each in lab.source.record.rows_where(Emotion, agent=agent)
    ]
    return Sheet(["t", "valence", "arousal", "dominance", "label", "cause"], rows)


def _reciprocity(lab: Lab, query: Query) -> Sheet:
    found = found_reciprocity(lab.source, edge_of(query)).definitions
    rows = [
        (each.edge, each.nodes, each.edges, each.r, each.rho, None)
        if each.needs is None
        else (each.edge, None, None, None, None, each.needs)
        for each in found
    ]
    return Sheet(["edge", "agents", "edges", "r", "rho", "needs"], rows)


def _thread(lab: Lab, query: Query) -> Sheet:
    post, record = query.get("id", ""), lab.source.record
    if post not in set(content.posts(lab.source)["post_id"]):
        raise KeyError(post)
    known = content.scores(lab.source)
    rows = [
        (
            each.comment_id, each.parent, pd.Timestamp(each.t, unit="us", tz="UTC"), each.author,
            content.handle_of(lab.source, each.author),
            None if known is None else known.get(each.comment_id, 0), each.body,
        )
        for each in record.rows_where(Comment, post_id=post)
    ]  # fmt: skip
    return Sheet(["comment_id", "parent", "t", "author", "handle", "score", "body"], rows)


def _network(lab: Lab, query: Query) -> Sheet:
    drawing = drawing_of(lab.source, query)
    names = drawing.names
    return Sheet(["agent_a", "agent_b"], [(names[a], names[b]) for a, b in drawing.edges.tolist()])


def _compared(found: Mapping[str, Comparison]) -> Sheet:
    columns = [
        "measure", "here", "here_low", "here_high", "there", "there_low", "there_high", "difference",
        "difference_low", "difference_high", "ratio", "grade", "needs", "note", "definition", "source",
    ]  # fmt: skip
    none = (None, None)
    rows = [
        (
            name, each.a, *(each.a_ci or none), each.b, *(each.b_ci or none), each.difference,
            *(each.difference_ci or none), each.ratio, each.grade, each.needs, each.note, each.definition,
            each.source,
        )
        for name, each in found.items()
    ]  # fmt: skip
    return Sheet(columns, rows)


def _beside(lab: Lab, _query: Query) -> Sheet:
    if lab.against is None:
        raise KeyError("compare")
    return _compared(found_comparison(lab.source, lab.against))


SHEETS: Final[dict[str, Fill]] = {
    "measures": _measures,
    "activity": lambda lab, _query: _framed(content.activity(lab.source)),
    "topics": _topics,
    "topic-map": _topic_map,
    "topic-times": _topic_times,
    "norms": lambda lab, query: _framed(found_norms(lab.source, texts_of(query)).windows),
    "norm-effects": _norm_effects,
    "drift": _drift,
    "study": _study,
    "motives": _motives,
    "acts": _motive("acts"),
    "tone": _motive("tone.classes"),
    "persona": _motive("persona.curve"),
    "alignment": lambda lab, _query: _framed(found_alignment(lab.source).curve),
    "alignment-pairs": lambda lab, _query: _framed(found_alignment(lab.source).pairs.reset_index()),
    "reciprocity": _reciprocity,
    "reciprocity-null": _draws,
    "threads": lambda lab, query: _framed(threads.listed(lab.source, query)),
    "thread": _thread,
    "moods": lambda lab, _query: _framed(felt.moods_over_time(lab.source)),
    "emotions": lambda lab, _query: _framed(felt.read_over_time(lab.source)),
    "mood": _mood,
    "agents": lambda lab, query: _framed(agents.listed(lab.source, query)),
    "network": _network,
    "degrees": lambda lab, query: _framed(degrees(lab.source, layer_of(query)).table),
    "sizes": lambda lab, _query: _framed(sizes(lab.source)),
    "depths": lambda lab, _query: _framed(by_depth(lab.source)),
    "compare": _beside,
    "published": lambda lab, _query: _compared(found_published(lab.source)),
}
"""Every table that can be downloaded, by the last part of its address."""


def offer(server: Flask, lab: Lab) -> None:
    """Let `server` answer to ``/csv/NAME``, a name of `SHEETS`, under whatever gate it has."""

    @server.get("/csv/<name>")
    def _download(name: str) -> Response:
        fill = SHEETS.get(name)
        if fill is None:
            abort(404, "There is no such table.")
        query = request.args.to_dict()
        part = lab if name == "thread" else lab.during(query)
        try:
            with part.still():
                written = write_sheet(fill(part, query))
        except KeyError:
            abort(404, "There is no such table in this record.")
        except NotComputable as lack:
            abort(404, f"Not computable here: needs {lack.needs}.")
        answer = Response(written.encode(), mimetype="text/csv")
        answer.headers["Content-Disposition"] = (
            f'attachment; filename="{file_name(lab.source.run.run_id, name)}"'
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer


def file_name(run: str, table: str) -> str:
    """Return a name that is safe on every file system, whatever the run is called."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", run)[:60].strip("-")
    return f"{safe or 'record'}-{table}.csv"


def write_sheet(sheet: Sheet) -> str:
    """Return a table as the text of a CSV file: texts guarded, numbers bare, what is unknown empty."""
    head = ",".join(guarded(name)[0] for name in (*sheet.columns, GUARDED))
    rows = [csv_row(sheet.columns, [_plain(value) for value in row])[0] for row in sheet.rows]
    return f"{BOM}{head}\r\n{''.join(rows)}"


def _plain(value: Any) -> object:
    """Return a frame's value as the CSV rule knows them: text, number, or ``None`` where unknown."""
    if isinstance(value, str):
        return value
    if pd.api.types.is_scalar(value):
        if pd.isna(value):
            return None
        if isinstance(value, pd.Timestamp):
            return value.isoformat()
        item = value.item() if hasattr(value, "item") else value
        return item if isinstance(item, (bool, int, float)) else str(item)
    return str(value)
