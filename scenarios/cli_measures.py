"""Commands that read records: measure, compare, export, report, look."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from moltarium.scenarios.moments import microseconds
from moltarium.scenarios.needing import asked_of
from moltarium.scenarios.outputs import writable
from moltarium.scenarios.terminal import figure, put_json, put_table, say
from moltarium.sim.record.errors import NotComputable, RecordError

if TYPE_CHECKING:
    from moltarium.analysis.compare import Comparison
    from moltarium.analysis.metric import Measure
    from moltarium.sim.record.store import RunReader
    from moltarium.sim.record.view import Record

PUBLISHED = "published"

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as one JSON line.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run or an imported snapshot.")]
Moment = Annotated[str | None, typer.Option(metavar="TIME", help="ISO 8601; without a zone it is UTC.")]
Against = Annotated[Path | None, typer.Option(metavar="RUN", help="A second record to set beside it.")]


def measure(
    folder: Annotated[
        Path | None, typer.Argument(metavar="RUN", help="Folder of a run or an imported snapshot.")
    ] = None,
    listing: Annotated[
        bool, typer.Option("--list", help="List what every measure is, without measuring.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of nulls and bootstraps.")] = 0,
    draws: Annotated[int, typer.Option(min=0, help="Draws from each null model.")] = 200,
    since: Moment = None,
    until: Moment = None,
    as_json: JsonFlag = False,
) -> None:
    """Compute every measure of one record, with intervals and nulls.

    With --since and --until: of what was written at or after the one and before the other.
    """
    if listing:
        _list(as_json)
        return
    if folder is None:
        raise typer.BadParameter("give a RUN to measure, or --list")
    from moltarium.analysis.battery import measure as measure_all
    from moltarium.analysis.results import as_json as rendered
    from moltarium.sim.record.health import health_of
    from moltarium.sim.record.warnings import warnings_of

    with _open(folder) as record:
        measures = measure_all(_part(record, since, until), seed=seed, draws=draws)
        title = record.run.title
        warnings = warnings_of(record)
        answers = health_of(record).summary()
    for warning in warnings:
        say(f"warning: {warning}")
    if answers is not None:
        say(f"answers: {answers}")
    if as_json:
        put_json(rendered(measures))
    else:
        put_table(
            title, ("measure", "value", "95 % interval", "null", "p"), map(_measure_row, measures.items())
        )


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="A run or snapshot.")],
    second: Annotated[str, typer.Argument(metavar="B", help="A run, a snapshot, or `published`.")],
    as_json: JsonFlag = False,
) -> None:
    """Set two records side by side, both as a crawler would have seen them."""
    from moltarium.analysis.compare import as_json as rendered
    from moltarium.analysis.compare import compare as compare_records
    from moltarium.analysis.compare import compare_published

    with _open(first) as a:
        if second == PUBLISHED:
            comparisons = compare_published(a)
            title = f"{a.run.title} beside published figures"
        else:
            with _open(Path(second)) as b:
                comparisons = compare_records(a, b)
                title = f"{a.run.title} beside {b.run.title}"
    if as_json:
        put_json(rendered(comparisons))
    else:
        put_table(
            title,
            ("measure", "a", "b", "difference", "95 % interval", "source of b"),
            map(_comparison_row, comparisons.items()),
        )


def published(
    folder: RunFolder,
    seed: Annotated[int, typer.Option(min=0, help="Seed of nulls and bootstraps.")] = 0,
    draws: Annotated[int, typer.Option(min=0, help="Draws from each null model.")] = 200,
    since: Moment = None,
    until: Moment = None,
    as_json: JsonFlag = False,
) -> None:
    """Set a record beside what is published of MoltBook, figure by figure, with how well each is known.

    A published figure belongs to the span it was measured on: cut a larger snapshot with --until (what was
    written before that moment is kept, later comments on earlier posts are not).
    """
    from moltarium.analysis.compare import as_json as rendered
    from moltarium.analysis.compare import compare_published
    from moltarium.analysis.published import published_figures

    with _open(folder) as record:
        comparisons = compare_published(_part(record, since, until), seed=seed, draws=draws, every=True)
        title = f"{record.run.title} beside published figures"
    if as_json:
        put_json(rendered(comparisons))
    else:
        alone = {figure.name for figure in published_figures() if figure.metric is None}
        beside = {name: found for name, found in comparisons.items() if name not in alone}
        put_table(
            title,
            ("measure", "ours", "95 % interval", "theirs", "ratio", "grade"),
            map(_published_row, beside.items()),
        )
        apart = ((name, comparisons[name]) for name in comparisons if name in alone)
        put_table(
            "Not set beside ours",
            ("figure", "theirs", "grade", "what that would take"),
            map(_alone_row, apart),
        )
        theirs = ((name, found.theirs, found.source) for name, found in comparisons.items())
        put_table("What theirs is, of which data", ("measure", "definition", "source"), theirs)


def export(
    folder: RunFolder,
    out: Annotated[Path, typer.Option(metavar="PATH", help="Folder for the files.")],
    form: Annotated[
        Literal["moltbook", "csv"],
        typer.Option("--format", help="What a crawler would have seen, or every table for a spreadsheet."),
    ] = "moltbook",
    as_json: JsonFlag = False,
) -> None:
    """Write a record as a crawler would have seen it: MoltBook's JSON lines, which `import` reads.

    With --format csv: every table it holds. Texts that a spreadsheet would take for formulas get an
    apostrophe before them, and the column "guarded" names them.
    """
    from moltarium.sim.record.coverage import coverage_of
    from moltarium.sim.record.export import export_moltbook
    from moltarium.sim.record.spreadsheet import export_csv

    with _open(folder) as record:
        if form == "csv":
            flagged = sum(export_csv(record, out).values())
            if flagged:
                say(f"{flagged:,} cells look like formulas and are guarded: see the column 'guarded'")
            _done(out, as_json)
            return
        export_moltbook(record, out, title=record.run.title, synthetic=coverage_of(record.run).synthetic)
    _done(out, as_json)


def report(
    folder: RunFolder,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The HTML file.")],
    against: Against = None,
    as_json: JsonFlag = False,
) -> None:
    """Write one self-contained HTML page: the four questions, the comparison, the methods."""
    _need_dashboard()
    from moltarium.dashboards.report import write_report

    writable(out)
    write_report(folder, against, out)
    _done(out, as_json)


def dashboard(
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of a run or snapshot, or one that holds several.")
    ],
    against: Against = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; beyond loopback a token is needed.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 picks a free one.")] = 8050,
) -> None:
    """Explore a record in the browser, alone or beside another, or choose among all in a folder.

    Beyond loopback, visitors must know the token in the environment variable MOLTARIUM_TOKEN.
    """
    _need_dashboard()
    from moltarium.dashboards.app import create_app
    from moltarium.dashboards.runs import create_runs_app
    from moltarium.dashboards.serving import serve
    from moltarium.sim.record.layout import FILE

    token = os.environ.get("MOLTARIUM_TOKEN")
    if against is None and folder.is_dir() and not (folder / FILE).exists():
        app = create_runs_app(folder, token=token)
    else:
        app = create_app(folder, against, token=token)
    serve(app, host=host, port=port, ready=lambda address: say(f"{address}  (Ctrl-C stops it)"))


def susceptibility(folder: RunFolder, as_json: JsonFlag = False) -> None:
    """Say who did as injected texts said, beside chance, and how far they spread (see `injection`)."""
    from moltarium.analysis.affect.susceptibility import susceptibility as measured

    remedy = "take a run with carriers in its population, such as `moltarium run injection`"
    with _open(folder) as record, asked_of(folder, remedy):
        found, title = measured(record), record.run.title
    exposed, chance = found.exposed, found.unexposed
    if as_json:
        put_json(
            {
                "exposed": {
                    "complied": exposed.complied,
                    "of": exposed.of,
                    "share": exposed.value,
                    "ci": exposed.ci,
                },
                "unexposed": {
                    "complied": chance.complied,
                    "of": chance.of,
                    "share": chance.value,
                    "ci": chance.ci,
                },
                "silent": found.silent,
                "difference": found.difference,
                "difference_ci": found.difference_ci,
                "attacks": found.attacks.astype(object).where(found.attacks.notna(), None).to_dict("records"),
            }
        )
        return
    rows = [("any", exposed.of, exposed.complied, exposed.value, _interval(exposed.ci), None, None)]
    rows += [
        (
            row["attack"],
            row["exposed"],
            row["complied"],
            row["share"] if row["exposed"] else None,
            _interval((row["low"], row["high"])) if row["exposed"] else None,
            row["generations"],
            row["reproduction"] if row["complied"] else None,
        )
        for row in found.attacks.to_dict("records")
    ]
    rows.append(("never met", chance.of, chance.complied, chance.value, _interval(chance.ci), None, None))
    heads = ("attack", "exposed", "complied", "share", "95 % interval", "generations", "reproduction")
    put_table(title, heads, rows)


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    for command in (measure, published, compare, export, report, dashboard, susceptibility):
        app.command()(command)


def _measure_row(named: tuple[str, Measure]) -> tuple[object, ...]:
    name, found = named
    if found.needs is not None:
        return name, f"not computable: needs {found.needs}", None, None, None
    null = found.null
    return (
        name,
        found.value,
        _interval(found.ci),
        None if null is None else null.mean,
        None if null is None else null.p,
    )


def _published_row(named: tuple[str, Comparison]) -> tuple[object, ...]:
    name, found = named
    ours = found.a if found.needs is None else f"not computable: needs {found.needs.removeprefix('a: ')}"
    return name, ours, _interval(found.a_ci), found.b, found.ratio, found.grade


def _alone_row(named: tuple[str, Comparison]) -> tuple[object, ...]:
    name, found = named
    return name, found.b, found.grade, (found.needs or "").removeprefix("a: ")


def _list(as_json: bool) -> None:
    from moltarium.analysis.battery import definitions

    found = definitions()
    if as_json:
        put_json({name: entry._asdict() for name, entry in found.items()})
    else:
        rows = ((name, entry.text, entry.source) for name, entry in found.items())
        put_table("Every measure", ("measure", "definition", "source"), rows)


def _comparison_row(named: tuple[str, Comparison]) -> tuple[object, ...]:
    name, found = named
    if found.needs is not None:
        return name, found.a, found.b, f"not computable: needs {found.needs}", None, None
    source = f"[{found.grade}] {found.source}" if found.grade else None
    return name, found.a, found.b, found.difference, _interval(found.difference_ci), source


def _interval(ci: tuple[float, float] | None) -> str | None:
    return None if ci is None else f"{figure(ci[0])} to {figure(ci[1])}"


def _open(folder: Path) -> RunReader:
    from moltarium.sim.record.store import RunReader

    return RunReader(folder)


def _part(record: Record, since: str | None, until: str | None) -> Record:
    from moltarium.analysis.period import during

    low, high = microseconds("--since", since), microseconds("--until", until)
    if low is not None and high is not None and low >= high:
        raise typer.BadParameter("--until must be after --since")
    return during(record, low, high)


def _need_dashboard() -> None:
    from importlib.util import find_spec

    if find_spec("dash") is None:
        raise NotComputable("the dashboard extra: pip install 'moltarium[dashboard]'")


def _done(out: Path, as_json: bool) -> None:
    if not out.exists():
        raise RecordError("was not written", place=str(out))
    result: dict[str, Any] = {"out": str(out)}
    if as_json:
        put_json(result)
    else:
        say(f"wrote {out}")
