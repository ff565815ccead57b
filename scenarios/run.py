"""The composition root: builds a society from a scenario, runs it into a record, and resumes it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from moltarium.agents.reader import load_reader
from moltarium.scenarios.drive import Session
from moltarium.scenarios.endpoints import (
    EMBEDDED,
    Endpoints,
    ceilings_of,
    open_endpoints,
    price_table,
    priced,
)
from moltarium.scenarios.minds import ASKING
from moltarium.scenarios.progress import Progress, Watch
from moltarium.scenarios.recorded import recorded_scenario, run_row
from moltarium.scenarios.runlog import logging_to
from moltarium.scenarios.spec import CeilingsSpec, ModelSpec, PriceSpec, Scenario
from moltarium.scenarios.standing import Terms, lived, note_loss, note_terms
from moltarium.scenarios.tracing import Untraced, traced
from moltarium.scenarios.world import World, build_world
from moltarium.sim.llm.budget import NOTHING, Budget, Ceilings, Cost
from moltarium.sim.llm.gateway import Gateway
from moltarium.sim.llm.replies import ReplyStore
from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.files import make_folder
from moltarium.sim.record.health import health_of
from moltarium.sim.record.lock import WriterLock, must_hold_no_record
from moltarium.sim.record.schema import Run
from moltarium.sim.record.store import RunReader
from moltarium.sim.record.writer import RunWriter
from moltarium.sim.restore import restore
from moltarium.sim.society import Society

__all__ = ["Progress", "RunResult", "Watch", "resume_run", "start_run"]

REPLIES = "replies.sqlite"


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
    tokens_cached: int
    cost_usd: float | None
    """``None`` where a model's price is not known."""
    estimated: int
    """Calls whose endpoint reported no usage: their tokens and cost are estimates."""
    retries: int
    """Further attempts after failures in transport."""
    repaired: int
    """Turns with at least one repair call."""
    refused: int
    """Turns in which the model refused to answer."""
    stuck: int
    """Agents whose last turns all failed."""
    rates: dict[str, float | None]
    """Shares of invalid, repaired, refused, retried and stuck (`Health.rates`)."""
    warnings: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        """Return the figures by name."""
        return asdict(self)


def start_run(
    scenario: Scenario,
    out: Path,
    *,
    watch: Watch,
    glimpse: Watch | None = None,
    replay: Path | None = None,
    otel: bool = False,
) -> RunResult:
    """Run `scenario` into a new record at `out`.

    Parameters
    ----------
    scenario
        The resolved scenario.
    out
        Folder of the run; must not hold a record yet.
    watch
        Is told of progress after each tick.
    glimpse
        Is told of progress within ticks.
    replay
        Another run whose recorded replies answer where they can.
    otel
        Whether to emit OpenTelemetry traces and metrics.

    Raises
    ------
    MoltariumError
        Before anything is written if the scenario, the snapshot, the folder or a model can't be used;
        afterwards with the command that resumes.
    """
    world = build_world(scenario)
    must_hold_no_record(out)
    _must_be_writable(out)
    with ExitStack() as stack:
        endpoints, ceilings = _ready_endpoints(stack, scenario, preflight=replay is None)
        writer = stack.enter_context(RunWriter.create(out, run_row(scenario, world)))
        session = _session(stack, scenario, world, writer, endpoints, ceilings, watch, glimpse, replay, otel)
        session.society.open()
        return _run(session)


def resume_run(
    out: Path,
    *,
    watch: Watch,
    glimpse: Watch | None = None,
    models: Mapping[str, ModelSpec] | None = None,
    ceilings: CeilingsSpec | None = None,
    prices: Mapping[str, PriceSpec] | None = None,
    otel: bool = False,
) -> RunResult:
    """Go on with the run at `out` from its last committed step.

    Parameters
    ----------
    out
        Folder of the run.
    watch
        Is told of progress after each tick.
    glimpse
        Is told of progress within ticks.
    models
        New addresses for the models, by label; they change nothing in the result.
    ceilings
        New ceilings in the place of the standing ones.
    prices
        New prices, by model name. The record keeps all three for the next `resume`.
    otel
        Whether to emit OpenTelemetry traces and metrics.
    """
    with RunReader(out) as log:
        scenario = recorded_scenario(log.run)
        standing = lived(log).terms or Terms.of(scenario)
        terms = Terms(
            models={**standing.models, **(models or {})},
            prices={**standing.prices, **(prices or {})},
            ceilings=standing.ceilings if ceilings is None else ceilings,
        )
        scenario = scenario.model_copy(
            update={"models": terms.models, "prices": terms.prices, "ceilings": terms.ceilings}
        )
        world = build_world(scenario)
        must_have_source(world, scenario, log.run)
    with ExitStack() as stack:
        writer = stack.enter_context(RunWriter.resume(out))
        endpoints, limits = _ready_endpoints(stack, scenario, preflight=True)
        with RunReader(out) as log:
            last = log.last_step()
        if terms != standing:
            note_terms(writer, terms, last)
        lost = note_loss(writer, last)
        session = _session(stack, scenario, world, writer, endpoints, limits, watch, glimpse, None, otel)
        if lost is not None:
            session.log.warn("lost", detail=lost)
        with RunReader(out) as log:
            if last is None:
                session.society.open()
            else:
                restore(session.society, log)
        return _run(session)


def must_have_source(world: World, scenario: Scenario, run: Run) -> None:
    """Refuse to go on from another snapshot than the one that seeded the run.

    Raises
    ------
    RecordError
        If the snapshot has changed.
    """
    if world.source_sha256 != run.source_sha256:
        raise RecordError(
            "the snapshot that seeded this run has changed since",
            place=str(scenario.seed_from.record if scenario.seed_from else run.run_id),
            remedy="put the original record back, or start a new run",
        )


def _asked(scenario: Scenario) -> dict[str, ModelSpec]:
    labels = {group.model for group in scenario.population.groups if group.mind in ASKING}
    return {label: scenario.models[label] for label in sorted(labels)}


def _must_be_writable(out: Path) -> None:
    """Fail before the first model call if a record can't be written at `out`."""
    made = make_folder(out)
    try:
        WriterLock(out).release()
    finally:
        if made:
            out.rmdir()


def _ready_endpoints(stack: ExitStack, scenario: Scenario, *, preflight: bool) -> tuple[Endpoints, Ceilings]:
    """Open the endpoints that minds ask, check that each answers, and look up what it costs, and may cost."""
    asked = _asked(scenario)
    endpoints = stack.enter_context(open_endpoints(asked))
    names = _preflight(endpoints, scenario.seed) if preflight else {}
    embedded = {label for label, spec in asked.items() if spec.base_url == EMBEDDED}
    free = scenario.ceilings.budget_usd is None
    able = priced(endpoints, names, price_table(scenario.prices), embedded, own_is_free=free)
    return able, ceilings_of(scenario.ceilings, able, names)


def _session(
    stack: ExitStack,
    scenario: Scenario,
    world: World,
    writer: RunWriter,
    endpoints: Endpoints,
    ceilings: Ceilings,
    watch: Watch,
    glimpse: Watch | None,
    replay: Path | None,
    otel: bool,
) -> Session:
    """Wire the society to its record, its models and its reader; what it opens closes with `stack`."""
    out = writer.path
    log = stack.enter_context(logging_to(out, [endpoint.api_key for endpoint in endpoints.values()]))
    with RunReader(out) as record:
        before = lived(record)
    gateway: Gateway | None = None
    replies: ReplyStore | None = None
    budget = Budget(ceilings, NOTHING, before.wall_s)
    if endpoints:
        fallback = None if replay is None else replay / REPLIES
        replies = stack.enter_context(ReplyStore(out / REPLIES, fallback=fallback))
        budget.spent = _paid(replies, endpoints)
        gateway = stack.enter_context(Gateway(endpoints, replies, world.setting.seed, budget=budget))
    think = None if gateway is None else gateway.think
    session = Session(
        society=Society(world.setting, writer, load_reader(), think),
        steps=scenario.clock.steps,
        out=out,
        writer=writer,
        watch=watch,
        glimpse=glimpse,
        log=log,
        tracing=stack.enter_context(traced(out, writer.run.run_id)) if otel else Untraced(),
        budget=budget,
        gateway=gateway,
        known=before.known,
        replies=replies,
        checkpoint_every=scenario.engine.checkpoint_every,
        priced=all(endpoint.prices is not None for endpoint in endpoints.values()),
    )
    if gateway is not None:
        gateway.on_progress = session.on_thinking
    return session


def _paid(replies: ReplyStore, endpoints: Endpoints) -> Cost:
    """Return what all recorded replies cost, those included that no committed step has used yet."""
    by_meaning = {endpoint.meaning: endpoint for endpoint in endpoints.values()}
    total = NOTHING
    for model, tokens_in, tokens_cached, tokens_out in replies.paid():
        endpoint = by_meaning.get(model)
        usd = 0.0 if endpoint is None else endpoint.cost(tokens_in, tokens_cached, tokens_out)
        total = total.plus(Cost(usd, tokens_in + tokens_out))
    return total


def _run(session: Session) -> RunResult:
    began = time.perf_counter()
    session.run()
    wall_s = time.perf_counter() - began
    total = session.society.total
    with RunReader(session.out) as reader:
        health = health_of(reader)
        return RunResult(
            run=str(session.out),
            digest=reader.digest(),
            steps=session.steps,
            agents=len(session.society.setting.members),
            actions=total.actions,
            llm_calls=total.llm_calls,
            rejections=total.rejections,
            invalid=total.invalid,
            tokens_in=total.tokens_in,
            tokens_out=total.tokens_out,
            wall_s=round(wall_s, 3),
            tokens_cached=health.tokens_cached,
            cost_usd=round(health.cost_usd, 6) if session.priced else None,
            estimated=health.estimated,
            retries=health.retries,
            repaired=health.repaired,
            refused=health.refused,
            stuck=health.stuck,
            rates=health.rates(),
            warnings=health.warnings,
        )


def _preflight(endpoints: Endpoints, seed: int) -> dict[str, str]:
    """Fail before the first row is written if a model can't be reached; return their names by label."""
    if not endpoints:
        return {}
    with (
        TemporaryDirectory() as scratch,
        ReplyStore(Path(scratch) / REPLIES) as replies,
        Gateway(endpoints, replies, seed) as gateway,
    ):
        return gateway.preflight()
