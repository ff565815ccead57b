"""The composition root: builds a society from a scenario, runs it into a record, and resumes it."""

from __future__ import annotations

import hashlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import orjson

from moltarium.agents.reader import load_reader
from moltarium.scenarios.endpoints import Endpoints, open_endpoints
from moltarium.scenarios.minds import ASKING
from moltarium.scenarios.spec import ModelSpec, Scenario
from moltarium.scenarios.world import World, build_world
from moltarium.sim.commit import Tally
from moltarium.sim.llm.gateway import Gateway
from moltarium.sim.llm.replies import ReplyStore
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.errors import ModelError, MoltariumError, RecordError
from moltarium.sim.record.schema import SCHEMA_VERSION, Run, Telemetry
from moltarium.sim.record.store import RunReader, RunWriter
from moltarium.sim.restore import restore
from moltarium.sim.society import Society

REPLIES = "replies.sqlite"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands."""

    step: int
    steps: int
    total: Tally


Watch = Callable[[Progress], None]
"""Is told of progress; must not raise."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run amounted to; the keys of the command's JSON line."""

    run: str
    digest: str
    steps: int
    agents: int
    actions: int
    llm_calls: int
    rejections: int
    invalid: int
    tokens_in: int
    tokens_out: int
    wall_s: float

    def json(self) -> dict[str, Any]:
        """Return the figures by name."""
        return asdict(self)


class Interrupted(MoltariumError):
    """The user stopped the run; it is saved and can be resumed."""


def start_run(scenario: Scenario, out: Path, *, watch: Watch, replay: Path | None = None) -> RunResult:
    """Run `scenario` into a new record at `out`.

    Parameters
    ----------
    scenario
        The resolved scenario.
    out
        Folder of the run; must not hold a record yet.
    watch
        Is told of progress.
    replay
        Another run whose recorded replies answer where they can.

    Raises
    ------
    MoltariumError
        Before anything is written if the scenario, the snapshot or a model can't be used; afterwards with
        the command that resumes.
    """
    world = build_world(scenario)
    if (out / "record.sqlite").exists():
        raise RecordError(
            "holds a record already", place=str(out), remedy="choose another --out, or `moltarium resume` it"
        )
    with ExitStack() as stack:
        endpoints = stack.enter_context(open_endpoints(_asked(scenario)))
        if replay is None:
            _preflight(endpoints, scenario.seed)
        writer = stack.enter_context(RunWriter.create(out, run_row(scenario, world)))
        society = _society(stack, world, writer, out, endpoints, replay)
        society.open()
        return _drive(society, scenario, out, writer, watch)


def resume_run(out: Path, *, watch: Watch, models: Mapping[str, ModelSpec] | None = None) -> RunResult:
    """Go on with the run at `out` from its last committed step.

    Parameters
    ----------
    out
        Folder of the run.
    watch
        Is told of progress.
    models
        New addresses for the models, by label; they change nothing in the result.
    """
    with RunReader(out) as log:
        scenario = recorded_scenario(log.run)
        if models:
            scenario = scenario.model_copy(update={"models": {**scenario.models, **models}})
        world = build_world(scenario)
        if world.source_sha256 != log.run.source_sha256:
            raise RecordError(
                "the snapshot that seeded this run has changed since",
                place=str(scenario.seed_from.record if scenario.seed_from else out),
                remedy="put the original record back, or start a new run",
            )
    with ExitStack() as stack:
        writer = stack.enter_context(RunWriter.resume(out))
        endpoints = stack.enter_context(open_endpoints(_asked(scenario)))
        _preflight(endpoints, scenario.seed)
        society = _society(stack, world, writer, out, endpoints, None)
        with RunReader(out) as log:
            if log.last_step() is None:
                society.open()
            else:
                restore(society, log)
        return _drive(society, scenario, out, writer, watch)


def run_row(scenario: Scenario, world: World) -> Run:
    """Return the row that says what the run is, from its scenario and its source."""
    meaning = orjson.dumps(scenario.meaning(), option=orjson.OPT_SORT_KEYS).decode()
    sha = hashlib.sha256(meaning.encode()).hexdigest()
    transport = {
        "models": {label: spec.model_dump(mode="json") for label, spec in scenario.models.items()},
        "engine": scenario.engine.model_dump(mode="json"),
        "record": None if scenario.seed_from is None else str(scenario.seed_from.record),
    }
    synthetic = scenario.synthetic_source or world.synthetic
    notes = ("seeded from a SYNTHETIC snapshot",) if world.synthetic else ()
    return Run(
        run_id=f"{scenario.name}-{scenario.seed}-{sha[:8]}",
        kind="simulated",
        title=scenario.title or scenario.name,
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


def recorded_scenario(run: Run) -> Scenario:
    """Return the scenario that a simulated run was made from.

    Raises
    ------
    RecordError
        If the record is a snapshot.
    """
    if run.kind != "simulated" or run.scenario is None:
        raise RecordError("is a snapshot, not a run", place=run.run_id, remedy="only runs can be resumed")
    values = json.loads(run.scenario)
    transport = json.loads(run.transport)
    values["models"] = transport["models"]
    values["engine"] = transport["engine"]
    if values.get("seed_from") is not None:
        values["seed_from"]["record"] = transport["record"]
    return Scenario.model_validate(values)


def _asked(scenario: Scenario) -> dict[str, ModelSpec]:
    labels = {group.model for group in scenario.population.groups if group.mind in ASKING}
    return {label: scenario.models[label] for label in sorted(labels)}


def _society(
    stack: ExitStack, world: World, writer: RunWriter, out: Path, endpoints: Endpoints, replay: Path | None
) -> Society:
    """Wire the society to its record, its models and its reader; what it opens closes with `stack`."""
    if not endpoints:
        return Society(world.setting, writer, load_reader())
    fallback = None if replay is None else replay / REPLIES
    replies = stack.enter_context(ReplyStore(out / REPLIES, fallback=fallback))
    gateway = stack.enter_context(Gateway(endpoints, replies, world.setting.seed))
    return Society(world.setting, writer, load_reader(), gateway.think)


def _drive(society: Society, scenario: Scenario, out: Path, writer: RunWriter, watch: Watch) -> RunResult:
    """Step to the scenario's end, or to the user's first Ctrl-C, and say what came of it."""
    began = time.perf_counter()
    steps = scenario.clock.steps
    with _first_interrupt() as interrupted:
        while society.steps < steps:
            if interrupted():
                raise Interrupted(f"stopped after step {society.steps} of {steps}", remedy=_resume_hint(out))
            _step(society, writer, out)
            watch(Progress(society.steps, steps, society.total))
    writer.checkpoint()
    return _result(society, scenario, out, time.perf_counter() - began)


def _step(society: Society, writer: RunWriter, out: Path) -> None:
    began = time.perf_counter()
    try:
        society.step()
    except ModelError as error:
        raise type(error)(
            error.what, place=error.place, remedy=f"{error.remedy}; {_resume_hint(out)}"
        ) from error
    took = time.perf_counter() - began
    writer.append([Telemetry(time.time_ns() // 1000, society.steps, "tick_s", took, "")])


def _result(society: Society, scenario: Scenario, out: Path, wall_s: float) -> RunResult:
    with RunReader(out) as reader:
        total = society.total
        return RunResult(
            run=str(out),
            digest=reader.digest(),
            steps=scenario.clock.steps,
            agents=len(society.setting.members),
            actions=total.actions,
            llm_calls=total.llm_calls,
            rejections=total.rejections,
            invalid=total.invalid,
            tokens_in=total.tokens_in,
            tokens_out=total.tokens_out,
            wall_s=round(wall_s, 3),
        )


def _preflight(endpoints: Endpoints, seed: int) -> None:
    """Fail before the first row is written if a model can't be reached."""
    if endpoints:
        with (
            TemporaryDirectory() as scratch,
            ReplyStore(Path(scratch) / REPLIES) as replies,
            Gateway(endpoints, replies, seed) as gateway,
        ):
            gateway.preflight()


def _resume_hint(out: Path) -> str:
    return f"the run is saved: moltarium resume {out}"


@contextmanager
def _first_interrupt() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into a flag, read between ticks; the second one interrupts at once."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    seen = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal seen
        if seen:
            raise KeyboardInterrupt
        seen = True

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: seen
    finally:
        signal.signal(signal.SIGINT, before)
