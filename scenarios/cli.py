"""The command line: the only place that prints, and the last that catches."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from moltarium.scenarios import (
    cli_acts,
    cli_affect,
    cli_emotion,
    cli_measures,
    cli_networks,
    cli_runs,
    cli_words,
)
from moltarium.scenarios.moments import moment
from moltarium.scenarios.terminal import plain, put_figures, put_json, put_table, say
from moltarium.sim.record.errors import MoltariumError, Paused, StoppedAtOnce

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="markdown",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A laboratory for societies of LLM agents: run, record, measure, compare, look.",
)

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as one JSON line.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="a.b=c", help="Override a scenario key.")
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run or an imported snapshot.")]
Moment = Annotated[str | None, typer.Option(metavar="TIME", help="ISO 8601; without a zone it is UTC.")]


@app.command(name="import")
def import_(
    source: Annotated[Path, typer.Argument(metavar="PATH", help="Folder or file of a MoltBook snapshot.")],
    out: Annotated[Path, typer.Option("--out", metavar="RUN", help="Folder of the new record.")],
    since: Moment = None,
    until: Moment = None,
    as_json: JsonFlag = False,
) -> None:
    """Import a snapshot of the real site into the same record that runs are written to."""
    from moltarium.sim.record.moltbook import import_snapshot

    low, high = moment("--since", since), moment("--until", until)
    if low is not None and high is not None and low >= high:
        raise typer.BadParameter("--until must be after --since")
    report = import_snapshot(source, out, since=low, until=high)
    figures = {name.rstrip("_"): value for name, value in report._asdict().items()}
    put_figures(str(source), figures, as_json)


@app.command()
def digest(folder: RunFolder, as_json: JsonFlag = False) -> None:
    """Print the canonical digest of a record: everything but telemetry."""
    from moltarium.sim.record.store import RunReader

    with RunReader(folder) as reader:
        value = reader.digest()
    if as_json:
        put_json({"digest": value})
    else:
        typer.echo(value)


@app.command()
def validate(
    scenario: Annotated[str, typer.Argument(help="A scenario file, or the name of a shipped one.")],
    overrides: Overrides = None,
    as_json: JsonFlag = False,
) -> None:
    """Check a scenario and print it resolved."""
    from moltarium.scenarios.load import load

    resolved = load(scenario, overrides or ()).model_dump(mode="json")
    if as_json:
        put_json(resolved)
    else:
        put_table(f"{scenario} is valid", ("key", "value"), _flat(resolved))


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from moltarium.scenarios.spec import Scenario

    typer.echo(json.dumps(Scenario.model_json_schema(), indent=2))


@app.command()
def scenarios() -> None:
    """List the scenarios that come with Moltarium."""
    from moltarium.scenarios.load import load, shipped

    put_table("Shipped scenarios", ("name", "what it is"), ((name, load(name).title) for name in shipped()))


cli_runs.register(app)
cli_measures.register(app)
cli_networks.register(app)
cli_words.register(app)
cli_affect.register(app)
cli_emotion.register(app)
cli_acts.register(app)


def _flat(values: dict[str, Any], prefix: str = "") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for key, value in values.items():
        if isinstance(value, dict) and value:
            rows.extend(_flat(value, f"{prefix}{key}."))
        else:
            rows.append((f"{prefix}{key}", value))
    return rows


def main() -> None:
    """Run the command line: a failure is one clear message and exit code 2, never a traceback.

    A run that stopped early as it was asked to (Ctrl-C, ``ctl stop``, a ceiling) is saved and exits with 3;
    after a second Ctrl-C it exits with 130.
    """
    try:
        app()
    except Paused as error:
        say(f"stopped: {plain(str(error))}")
        sys.exit(130 if isinstance(error, StoppedAtOnce) else 3)
    except MoltariumError as error:
        say(f"error: {plain(str(error))}")
        sys.exit(2)
