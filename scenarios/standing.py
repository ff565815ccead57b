"""Where a run stands when someone goes on with it: what it lived, what was raised since, what a cut took."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from moltarium.scenarios.runlog import LOG
from moltarium.scenarios.spec import CeilingsSpec
from moltarium.sim.llm.usage import Met
from moltarium.sim.record.schema import Telemetry
from moltarium.sim.record.store import RunReader, RunWriter
from moltarium.sim.record.warnings import LOST

CEILINGS: Final = "ceilings"
"""Name of the telemetry that holds ceilings raised (or lowered) by a `resume`."""
_TAIL_BYTES: Final = 1 << 20
"""Of a log, in which its last tick is looked for."""


class Lived(NamedTuple):
    """What earlier sessions left behind besides rows of the society."""

    known: dict[Met, int]
    """Who has answered so far, and since which step."""
    wall_s: float
    """Seconds that all ticks took."""
    ceilings: CeilingsSpec | None
    """Ceilings that the last `resume` with new ones set; ``None`` if none did."""


def lived(record: RunReader) -> Lived:
    """Return what earlier sessions left behind."""
    known: dict[Met, int] = {}
    wall_s = 0.0
    ceilings = None
    for fact in record.rows(Telemetry):
        if fact.name == "tick_s":
            wall_s += fact.value
        elif fact.name == "model":
            known[Met(**json.loads(fact.detail))] = fact.step or 0
        elif fact.name == CEILINGS:
            ceilings = CeilingsSpec.model_validate_json(fact.detail)
    return Lived(known, wall_s, ceilings)


def merged(standing: CeilingsSpec, recorded: CeilingsSpec, edited: CeilingsSpec) -> CeilingsSpec:
    """Return the ceilings for going on with a scenario file at hand.

    What stands is kept, except where the file now names a ceiling that differs from the recorded one: a file
    that is silent about a ceiling, maybe given by an option back then, lifts none.
    """
    before, now = recorded.model_dump(), edited.model_dump()
    new = {key: value for key, value in now.items() if value is not None and value != before[key]}
    return standing.model_copy(update=new)


def note_ceilings(writer: RunWriter, ceilings: CeilingsSpec, step: int | None) -> None:
    """Write new ceilings into the record, outside its digest, so that every later `resume` keeps them."""
    writer.append([Telemetry(time.time_ns() // 1000, step, CEILINGS, 0.0, ceilings.model_dump_json())])
    writer.commit()


def note_loss(writer: RunWriter, last: int | None) -> str | None:
    """Return, and write into the record, what a power cut took; ``None`` if it took nothing that is known of.

    A killed process loses no committed step, but a cut may take the tail of a log that was not forced to the
    disk yet. The record can't know what it no longer holds; `run.log` tells of every tick that was lived.

    Parameters
    ----------
    writer
        The record, open for going on.
    last
        The last step that it holds.
    """
    told = _last_tick(writer.path / LOG)
    before = 0 if last is None else last
    if told is None or told <= before:
        return None
    words = (
        f"the log tells of step {told}, the record ends at step {before}: {told - before} committed steps"
        " were lost with the power and are lived again, from recorded replies where they are left"
    )
    writer.append([Telemetry(time.time_ns() // 1000, last, LOST, float(told - before), words)])
    writer.commit()
    return words


def _last_tick(log: Path) -> int | None:
    """Return the last step that a log calls complete; ``None`` if there is none in its tail."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return None
    for line in reversed(lines):
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        match event:
            case {"event": "tick", "step": int(step)}:
                return step
            case {"event": "lost"}:
                # Stated already; the steps are being lived again.
                return None
    return None
