"""Commands about feeling in a run: follow moods through it, ask whether words tell them."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moltarium.scenarios.needing import asked_of
from moltarium.scenarios.terminal import put_json, put_table

if TYPE_CHECKING:
    from moltarium.analysis.affect.dynamics import Course

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as one JSON line.")]
MOODS = "take a simulated run with moods, such as `moltarium run state-dynamics`; a snapshot has none"
"""Said where a record knows no moods."""
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]


def dynamics(
    folder: RunFolder,
    onset: Annotated[
        int | None, typer.Option(metavar="STEP", help="When hostile words are first read; default: found.")
    ] = None,
    release: Annotated[
        int | None, typer.Option(metavar="STEP", help="When friendly words are first read; default: found.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Follow moods through a blow and its repair: recovery time, hysteresis, overshoot, lag."""
    from moltarium.analysis.affect.dynamics import course, phases, series_of
    from moltarium.sim.record.schema import Persona
    from moltarium.sim.record.store import RunReader

    with RunReader(folder) as record, asked_of(folder, MOODS):
        title = record.run.title
        scripted = {row.agent for row in record.rows(Persona) if row.mind == "scripted"}
        every = [series for series in series_of(record) if series.agent not in scripted]
    if onset is None or release is None:
        with asked_of(folder, "say when words turn with --onset STEP and --release STEP"):
            found = phases(every)
        onset, release = (found[0] if onset is None else onset, found[1] if release is None else release)
    if release <= onset:
        raise typer.BadParameter(f"--release (step {release}) must come after --onset (step {onset})")
    with asked_of(folder, "choose --onset after the first turn and --release before the last"):
        courses = [course(series, onset, release) for series in every]
    result = {"onset": onset, "release": release} | summary(courses)
    if as_json:
        put_json(result | {"agents": [_fields(found) for found in courses]})
    else:
        put_table(title, ("figure", "value"), result.items())


def summary(courses: list[Course]) -> dict[str, Any]:
    """Return what a group of agents went through: means over agents, medians where some are censored."""
    back = sorted(found.recovery for found in courses if found.recovery is not None)
    lags = [found.lag for found in courses if found.lag is not None]
    half = len(courses) // 2
    return {
        "n": len(courses),
        "recovered": len(back),
        # With censored times the median is known as long as more than half have come back.
        "recovery_median": back[half] if half < len(back) else None,
        "depth": round(statistics.fmean(found.depth for found in courses), 4),
        "depression": round(statistics.fmean(found.depression for found in courses), 4),
        "hysteresis": round(statistics.fmean(found.hysteresis for found in courses), 4),
        "overshoot": round(statistics.fmean(found.overshoot for found in courses), 4),
        "lag": round(statistics.fmean(lags), 2) if lags else None,
    }


def _fields(found: Course) -> dict[str, Any]:
    from dataclasses import asdict

    return {name: round(v, 5) if isinstance(v, float) else v for name, v in asdict(found).items()}


def recovery(
    folder: RunFolder,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
    draws: Annotated[int, typer.Option(min=1, help="Bootstrap replicates over authors.")] = 1000,
    as_json: JsonFlag = False,
) -> None:
    """Correlate latent moods with the moods that the reader finds in their authors' words."""
    from moltarium.agents.reader import load_reader
    from moltarium.analysis.affect.recovery import recovery as recover
    from moltarium.analysis.affect.recovery import spoken
    from moltarium.sim.record.store import RunReader

    with asked_of(folder, MOODS):
        with RunReader(folder) as record:
            title, said = record.run.title, spoken(record)
        reader = load_reader()
        found = recover(said, lambda texts: reader.read(texts).vad, seed=seed, draws=draws)
    if as_json:
        put_json({"recovery": [row._asdict() for row in found]})
    else:
        put_table(title, found[0]._fields, found)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(dynamics)
    app.command()(recovery)
