"""What a record says of its scenario: the row written at the start, and the scenario read back from it."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version

import orjson
from pydantic import ValidationError

from moltarium.scenarios.spec import BESIDE_MEANING, Scenario
from moltarium.scenarios.world import World
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.schema import SCHEMA_VERSION, Run


def run_row(scenario: Scenario, world: World) -> Run:
    """Return the row that says what the run is, from its scenario and its source."""
    meaning = orjson.dumps(scenario.meaning(), option=orjson.OPT_SORT_KEYS).decode()
    sha = hashlib.sha256(meaning.encode()).hexdigest()
    transport = {
        "models": {label: spec.model_dump(mode="json") for label, spec in scenario.models.items()},
        **{part: scenario.model_dump(mode="json", include={part})[part] for part in BESIDE_MEANING},
        "record": None if scenario.seed_from is None else str(scenario.seed_from.record),
    }
    synthetic = scenario.synthetic_source or world.synthetic
    notes = ("seeded from a SYNTHETIC snapshot",) if world.synthetic else ()
    return Run(
        run_id=f"{scenario.name}-{scenario.seed}-{sha[:8]}",
        kind="simulated",
        title=title_of(scenario, world),
        schema_version=SCHEMA_VERSION,
        scenario=meaning,
        scenario_sha256=sha,
        seed=scenario.seed,
        source_sha256=world.source_sha256,
        coverage=Coverage(missing=frozenset(), notes=notes, synthetic=synthetic).json(),
        code_version=version("moltarium"),
        captured_at=None,
        transport=json.dumps(transport, sort_keys=True),
    )


def title_of(scenario: Scenario, world: World) -> str:
    """Return what a person reads above every table and page; it says so if the source is synthetic."""
    title = scenario.title or scenario.name
    return f"{title}, seeded from a SYNTHETIC snapshot" if world.synthetic else title


def recorded_scenario(run: Run) -> Scenario:
    """Return the scenario that a simulated run was made from.

    Raises
    ------
    RecordError
        If the record is a snapshot, or its scenario has keys that this version does not know.
    """
    if run.kind != "simulated" or run.scenario is None:
        raise RecordError("is a snapshot, not a run", place=run.run_id, remedy="only runs can be resumed")
    values = json.loads(run.scenario)
    transport = json.loads(run.transport)
    values["models"] = transport["models"]
    values |= {part: transport[part] for part in BESIDE_MEANING if part in transport}
    if values.get("seed_from") is not None:
        values["seed_from"]["record"] = transport["record"]
    try:
        return Scenario.model_validate(values)
    except ValidationError as error:
        [fault, *_] = error.errors(include_url=False)
        raise RecordError(
            f"was started by another version: {'.'.join(map(str, fault['loc']))}: {fault['msg']}",
            place=run.run_id,
            remedy=f"resume it with the version that started it ({run.code_version})",
        ) from error
