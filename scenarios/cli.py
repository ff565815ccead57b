"""The command line: the only place that prints, and the last that catches."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from moltarium.scenarios import cli_measures
from moltarium.scenarios.spec import ModelSpec, Scenario
from moltarium.scenarios.terminal import plain, put_json, put_table, say, watching
from moltarium.sim.record.errors import MoltariumError, RecordError, ScenarioError

app = typer.Typer(
    add_completion=False,
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
Llm = Annotated[
    str | None,
    typer.Option(
        "--llm", metavar="embedded|none|URL", help="Where models answer, instead of the scenario's."
    ),
]
ModelName = Annotated[str | None, typer.Option("--model", metavar="M", help="Model name at the endpoint.")]


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="A scenario file, or the name of a shipped one.")],
    out: Annotated[Path, typer.Option("--out", metavar="RUN", help="Folder of the new run.")],
    seed: Annotated[int | None, typer.Option(help="Overrides the scenario's seed.")] = None,
    overrides: Overrides = None,
    llm: Llm = None,
    model: ModelName = None,
    seed_from: Annotated[
        Path | None, typer.Option(metavar="SNAPSHOT", help="Begin from this record.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Answer from this run's replies.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run a scenario into a record."""
    from moltarium.scenarios.load import load
    from moltarium.scenarios.run import start_run

    if replay is not None and not (replay / "replies.sqlite").is_file():
        raise RecordError(
            "holds no replies to answer from",
            place=f"--replay {replay}",
            remedy="give the folder of a run that asked a model",
        )
    settings = [*(overrides or ())]
    if seed is not None:
        settings.append(f"seed={seed}")
    if seed_from is not None:
        settings.append(f"seed_from.record={json.dumps(str(seed_from.resolve()))}")
    resolved = with_models(load(scenario, settings), llm, model)
    with watching(resolved.name) as watch:
        result = start_run(resolved, out, watch=watch, replay=replay)
    _put_figures(f"{resolved.title or resolved.name}", result.json(), as_json)


@app.command()
def resume(folder: RunFolder, llm: Llm = None, model: ModelName = None, as_json: JsonFlag = False) -> None:
    """Go on with a run that was stopped, from its last committed step."""
    from moltarium.scenarios.run import recorded_scenario, resume_run
    from moltarium.sim.record.store import RunReader

    with RunReader(folder) as reader:
        if reader.run.kind != "simulated":
            raise RecordError(
                "is a snapshot, not a run", place=str(folder), remedy="only runs can be resumed; give a run"
            )
        recorded = recorded_scenario(reader.run)
    models = with_models(recorded, llm, model).models if llm or model else None
    with watching(recorded.name) as watch:
        result = resume_run(folder, watch=watch, models=models)
    _put_figures(str(folder), result.json(), as_json)


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

    report = import_snapshot(source, out, since=_moment("--since", since), until=_moment("--until", until))
    figures = {name.rstrip("_"): value for name, value in report._asdict().items()}
    _put_figures(str(source), figures, as_json)


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
    typer.echo(json.dumps(Scenario.model_json_schema(), indent=2))


@app.command()
def scenarios() -> None:
    """List the scenarios that come with Moltarium."""
    from moltarium.scenarios.load import load, shipped

    put_table("Shipped scenarios", ("name", "what it is"), ((name, load(name).title) for name in shipped()))


cli_measures.register(app)


def with_models(scenario: Scenario, llm: str | None, model: str | None) -> Scenario:
    """Return `scenario` with its models answered elsewhere, or by nobody.

    Parameters
    ----------
    scenario
        The resolved scenario.
    llm
        ``"embedded"``, a URL, or ``"none"``: then surrogates stand in for every mind that asks a model.
    model
        Model name for every endpoint.
    """
    if llm is not None and llm not in {"none", "embedded"} and not llm.startswith(("http://", "https://")):
        raise ScenarioError(
            "is neither embedded, none nor a URL",
            place=f"--llm {llm}",
            remedy="e.g. http://127.0.0.1:8000/v1",
        )
    changes: dict[str, Any] = {}
    if llm is not None and llm != "none":
        changes["base_url"] = llm
    if model is not None:
        changes["model"] = model
    models: dict[str, ModelSpec] = {
        label: spec.model_copy(update=changes) for label, spec in scenario.models.items()
    }
    return (_without_models(scenario) if llm == "none" else scenario).model_copy(update={"models": models})


def _without_models(scenario: Scenario) -> Scenario:
    from moltarium.scenarios.minds import ASKING

    groups = tuple(
        group.model_copy(update={"mind": "surrogate", "parameters": {}}) if group.mind in ASKING else group
        for group in scenario.population.groups
    )
    population = scenario.population.model_copy(update={"groups": groups})
    say("no model: surrogates stand in for every mind that asks one; the record says so")
    return scenario.model_copy(update={"population": population})


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ScenarioError(
            "is not an ISO 8601 time",
            place=f"{option} {text}",
            remedy="write 2026-01-30 or 2026-01-30T08:00:00Z",
        ) from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _flat(values: dict[str, Any], prefix: str = "") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for key, value in values.items():
        if isinstance(value, dict) and value:
            rows.extend(_flat(value, f"{prefix}{key}."))
        else:
            rows.append((f"{prefix}{key}", value))
    return rows


def _put_figures(title: str, figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        put_json(figures)
    else:
        put_table(title, ("figure", "value"), figures.items())


def main() -> None:
    """Run the command line: a failure is one clear message and exit code 2, never a traceback."""
    try:
        app()
    except MoltariumError as error:
        say(f"error: {plain(str(error))}")
        sys.exit(2)
    except KeyboardInterrupt:
        say("interrupted; what was committed is safe")
        sys.exit(130)
