"""Commands that make runs: run, resume, estimate, ctl, failures, migrate."""

from __future__ import annotations

import json
import shlex
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from moltarium.scenarios.terminal import PRICE_UNKNOWN, put_figures, put_json, put_table, say, watching
from moltarium.sim.record.errors import RecordError, ScenarioError

if TYPE_CHECKING:
    from moltarium.scenarios.spec import CeilingsSpec, ModelSpec, Scenario

if TYPE_CHECKING:
    from moltarium.scenarios.run import RunResult

_ORDERS: Final = ("pause", "resume", "stop", "status", "set")

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as one JSON line.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="a.b=c", help="Override a scenario key.")
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]
ScenarioName = Annotated[str, typer.Argument(help="A scenario file, or the name of a shipped one.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Overrides the scenario's seed.")]
SeedFrom = Annotated[Path | None, typer.Option(metavar="SNAPSHOT", help="Begin from this record.")]
Llm = Annotated[
    str | None,
    typer.Option(
        "--llm", metavar="embedded|none|URL", help="Where models answer, instead of the scenario's."
    ),
]
ModelName = Annotated[str | None, typer.Option("--model", metavar="M", help="Model name at the endpoint.")]
BudgetUsd = Annotated[
    float | None, typer.Option("--budget-usd", metavar="USD", help="Stop, saved, before more is spent.")
]
MaxTokens = Annotated[
    int | None, typer.Option("--max-tokens", metavar="N", help="Stop, saved, before more tokens are used.")
]
MaxWall = Annotated[
    str | None, typer.Option("--max-wall", metavar="90s|15m|4h", help="Stop, saved, after this time.")
]
Otel = Annotated[bool, typer.Option("--otel", help="Emit OpenTelemetry traces and metrics (extra `otel`).")]
Detach = Annotated[bool, typer.Option("--detach", help="Run in the background; steer it with `ctl`.")]


def run(
    scenario: ScenarioName,
    out: Annotated[Path, typer.Option("--out", metavar="RUN", help="Folder of the new run.")],
    seed: Seed = None,
    overrides: Overrides = None,
    llm: Llm = None,
    model: ModelName = None,
    seed_from: SeedFrom = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Answer from this run's replies.")
    ] = None,
    budget_usd: BudgetUsd = None,
    max_tokens: MaxTokens = None,
    max_wall: MaxWall = None,
    otel: Otel = False,
    detach: Detach = False,
    as_json: JsonFlag = False,
) -> None:
    """Run a scenario into a record."""
    from moltarium.scenarios.load import load
    from moltarium.scenarios.run import start_run
    from moltarium.scenarios.spec import CeilingsSpec

    if replay is not None and not (replay / "replies.sqlite").is_file():
        raise RecordError(
            "holds no replies to answer from",
            place=f"--replay {replay}",
            remedy="give the folder of a run that asked a model",
        )
    settings = _settings(overrides, seed, seed_from)
    given = _ceilings(budget_usd, max_tokens, max_wall)
    _over(CeilingsSpec(), given)  # a wrong one is named as it was written, not as the key that it sets
    settings += [f"ceilings.{key}={json.dumps(value)}" for key, value in given.items()]
    resolved = with_models(load(scenario, settings), llm, model)
    if detach:
        _detached(out, as_json)
        return
    with watching(resolved.name) as watch:
        result = start_run(resolved, out, watch=watch, glimpse=watch, replay=replay, otel=otel)
    put_figures(f"{resolved.title or resolved.name}", _result(result, as_json), as_json)


def resume(
    folder: RunFolder,
    llm: Llm = None,
    model: ModelName = None,
    scenario: Annotated[
        str | None, typer.Option(metavar="FILE", help="The scenario, to check that it is still the same.")
    ] = None,
    overrides: Overrides = None,
    fork: Annotated[
        Path | None,
        typer.Option(metavar="NEWRUN", help="Where the scenario differs, go on with it in a copy."),
    ] = None,
    budget_usd: BudgetUsd = None,
    max_tokens: MaxTokens = None,
    max_wall: MaxWall = None,
    otel: Otel = False,
    as_json: JsonFlag = False,
) -> None:
    """Go on with a run that was stopped, from its last committed step."""
    from moltarium.scenarios.fork import edited, fork_run
    from moltarium.scenarios.load import load
    from moltarium.scenarios.recorded import recorded_scenario
    from moltarium.scenarios.run import resume_run
    from moltarium.scenarios.standing import Terms, lived, merged
    from moltarium.sim.record.store import RunReader

    with RunReader(folder) as reader:
        if reader.run.kind != "simulated":
            raise RecordError(
                "is a snapshot, not a run", place=str(folder), remedy="only runs can be resumed; give a run"
            )
        recorded = recorded_scenario(reader.run)
        standing = lived(reader).terms or Terms.of(recorded)
    if llm == "none":
        raise ScenarioError(
            "would change who decides in this run", place="--llm none", remedy="start a new run with it"
        )
    if scenario is None and (overrides or (fork and model is None)):
        raise ScenarioError(
            "says how a scenario differs, but no scenario is given",
            place="--fork" if fork else "--set",
            remedy="add --scenario FILE",
        )
    chosen = with_models(recorded if scenario is None else load(scenario, overrides or ()), None, model)
    changes = edited(recorded, chosen)
    if changes and fork is None:
        option, place = ("--model", f"--model {model}") if scenario is None else ("--scenario", scenario)
        raise ScenarioError(
            "the scenario differs from the one that this run was started with: " + "; ".join(changes),
            place=place,
            remedy=f"resume without {option}, or add --fork NEWRUN: the edited one goes on in a copy",
        )
    if fork is not None:
        fork_run(folder, fork, chosen)
        folder = fork
    terms = merged(standing, Terms.of(recorded), Terms.of(chosen))
    chosen = with_models(chosen.model_copy(update={"models": terms.models}), llm, model)
    with watching(recorded.name) as watch:
        result = resume_run(
            folder,
            watch=watch,
            glimpse=watch,
            models=chosen.models,
            ceilings=_over(terms.ceilings, _ceilings(budget_usd, max_tokens, max_wall)),
            prices=terms.prices,
            otel=otel,
        )
    put_figures(str(folder), _result(result, as_json), as_json)


def estimate(
    scenario: ScenarioName,
    seed: Seed = None,
    overrides: Overrides = None,
    llm: Llm = None,
    model: ModelName = None,
    seed_from: SeedFrom = None,
    as_json: JsonFlag = False,
) -> None:
    """Say what a run will ask of its models and cost, from a short dry run that asks none."""
    from moltarium.scenarios.estimate import estimate as estimated
    from moltarium.scenarios.load import load

    resolved = with_models(load(scenario, _settings(overrides, seed, seed_from)), llm, model)
    figures = estimated(resolved).json()
    if as_json:
        put_json(figures)
        return
    prices = figures.pop("prices")
    if figures["cost_usd"] is None:
        figures["cost_usd"] = dict.fromkeys(("low", "expected", "high"), PRICE_UNKNOWN)
    ranges = [(name, value) for name, value in figures.items() if not isinstance(value, dict)]
    rows: list[tuple[object, ...]] = [
        (name, each["low"], each["expected"], each["high"])
        for name, each in figures.items()
        if isinstance(each, dict)
    ]
    put_table(resolved.title or resolved.name, ("figure", "low", "expected", "high"), rows)
    put_table(
        "Prices used, in US dollars per million tokens",
        ("endpoint", "model", "in", "cached in", "out", "price from"),
        (tuple(each.values()) for each in prices),
    )
    put_table("How it was estimated", ("figure", "value"), ranges)


def ctl(
    folder: RunFolder,
    order: Annotated[str, typer.Argument(metavar="|".join(_ORDERS))],
    setting: Annotated[str | None, typer.Argument(metavar="concurrency=N")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Steer a run that is under way: pause, resume, stop, status, set concurrency=N (or RUN last)."""
    from moltarium.scenarios.control import command

    folder, order, setting = _run_first(folder, order, setting)
    wanted: dict[str, Any] = {"do": order}
    if order not in _ORDERS:
        raise ScenarioError("is no command", place=f"ctl {order}", remedy=f"one of: {', '.join(_ORDERS)}")
    if (order == "set") != (setting is not None):
        raise ScenarioError(
            "needs a setting" if order == "set" else "takes no setting",
            place=f"ctl {order}",
            remedy="write: moltarium ctl RUN set concurrency=8",
        )
    if setting is not None:
        key, _, number = setting.partition("=")
        if key != "concurrency" or not number.isdecimal() or not 1 <= int(number) <= 4096:
            raise ScenarioError(
                "is no setting", place=f"ctl set {setting}", remedy="write concurrency=N, N from 1 to 4096"
            )
        wanted["concurrency"] = int(number)
    put_figures(str(folder), command(folder, wanted), as_json)


def _run_first(folder: Path, order: str, setting: str | None) -> tuple[Path, str, str | None]:
    """Return run, order and setting, also of who wrote the order first."""
    if order in _ORDERS or str(folder) not in _ORDERS:
        return folder, order, setting
    after = [word for word in (order, setting) if word is not None]
    run = next((word for word in after if not word.startswith("concurrency=")), None)
    if run is None:
        raise ScenarioError(
            "names no run", place=f"ctl {folder}", remedy=f"write: moltarium ctl RUN {folder}"
        )
    return Path(run), str(folder), next((word for word in after if word is not run), None)


def failures(folder: RunFolder, as_json: JsonFlag = False) -> None:
    """List what was refused or unusable, by agent and category, and the rates of it."""
    from moltarium.sim.record.health import health_of
    from moltarium.sim.record.store import RunReader

    with RunReader(folder) as record:
        health = health_of(record)
    ledger = health.ledger()
    if as_json:
        put_json({"rates": health.rates(), "warnings": health.warnings, "failures": ledger})
        return
    put_table(
        f"Failures of {folder}",
        ("agent", "category", "count", "stuck"),
        ((line["agent"], line["category"], line["count"], line["stuck"] or None) for line in ledger),
    )
    put_table("Rates", ("rate", "share"), health.rates().items())
    for warning in health.warnings:
        say(f"warning: {warning}")


def migrate(folder: RunFolder, as_json: JsonFlag = False) -> None:
    """Bring a record of an older schema version up to this one; a backup stays beside it."""
    from moltarium.sim.record.migrate import migrate as migrated

    backup = migrated(folder)
    put_figures(str(folder), {"backup": None if backup is None else str(backup)}, as_json)


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    for command in (run, resume, estimate, ctl, failures, migrate):
        app.command()(command)


def _result(result: RunResult, as_json: bool) -> dict[str, Any]:
    figures = result.json()
    if as_json:
        return figures
    if figures["cost_usd"] is None:
        figures["cost_usd"] = PRICE_UNKNOWN
    figures |= {f"{name} (share)": share for name, share in figures.pop("rates").items()}
    figures["warnings"] = "; ".join(figures["warnings"]) or None
    return figures


def _settings(overrides: list[str] | None, seed: int | None, seed_from: Path | None) -> list[str]:
    """Return a command's overrides, those included that have an option of their own."""
    settings = [*(overrides or ())]
    if seed is not None:
        settings.append(f"seed={seed}")
    if seed_from is not None:
        settings.append(f"seed_from.record={json.dumps(str(seed_from.resolve()))}")
    return settings


def _ceilings(usd: float | None, tokens: int | None, wall: str | None) -> dict[str, Any]:
    given = {"budget_usd": usd, "max_tokens": tokens, "max_wall": wall}
    return {key: value for key, value in given.items() if value is not None}


def _over(spec: CeilingsSpec, given: dict[str, Any]) -> CeilingsSpec:
    from pydantic import ValidationError

    try:
        ceilings = type(spec).model_validate({**spec.model_dump(), **given})
    except ValidationError as error:
        [fault, *_] = error.errors(include_url=False)
        option = "--" + str(fault["loc"][0]).replace("_", "-")
        if option == "--max-wall":
            raise _no_time(fault["input"]) from error
        raise ScenarioError(
            fault["msg"], place=f"{option} {fault['input']}", remedy="give a number above 0"
        ) from error
    if ceilings.max_wall is not None and ceilings.max_wall <= timedelta(0):
        raise _no_time(given.get("max_wall", ceilings.max_wall))
    return ceilings


def _no_time(given: object) -> ScenarioError:
    return ScenarioError(
        "is no length of time above 0", place=f"--max-wall {given}", remedy="write it like 90s, 15m, 4h or 2d"
    )


def _detached(out: Path, as_json: bool) -> None:
    from moltarium.scenarios.detach import detach

    pid = detach([argument for argument in sys.argv[1:] if argument != "--detach"], out)
    if as_json:
        put_json({"run": str(out), "pid": pid})
        return
    say(f"process {pid} runs it; look: moltarium ctl {shlex.quote(str(out))} status · log: {out / 'run.log'}")


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
