"""Where a run stands when someone goes on with it: what it lived, what was raised since, what a cut took."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from pydantic import Field

from moltarium.scenarios.runlog import LOG
from moltarium.scenarios.spec import CeilingsSpec, ModelSpec, PriceSpec, Scenario, Spec
from moltarium.sim.llm.usage import Met
from moltarium.sim.record.schema import Telemetry
from moltarium.sim.record.store import RunReader
from moltarium.sim.record.warnings import LOST
from moltarium.sim.record.writer import RunWriter

TERMS: Final = "terms"
"""Name of the telemetry that holds the terms which a `resume` has changed."""
_TAIL_BYTES: Final = 1 << 20
"""Of a log, in which its last tick is looked for."""


class Terms(Spec):
    """What a run goes on by besides its meaning: who answers, at what price, up to which ceilings."""

    models: dict[str, ModelSpec] = Field(default_factory=dict)
    prices: dict[str, PriceSpec] = Field(default_factory=dict)
    ceilings: CeilingsSpec = CeilingsSpec()

    @classmethod
    def of(cls, scenario: Scenario) -> Terms:
        """Return a scenario's own terms."""
        return cls(models=scenario.models, prices=scenario.prices, ceilings=scenario.ceilings)


class Lived(NamedTuple):
    """What earlier sessions left behind besides rows of the society."""

    known: dict[Met, int]
    """Who has answered so far, and since which step."""
    wall_s: float
    """Seconds that all ticks took."""
    terms: Terms | None
    """Terms that the last `resume` with new ones set; ``None`` if none did."""


def lived(record: RunReader) -> Lived:
    """Return what earlier sessions left behind."""
    known: dict[Met, int] = {}
    wall_s = 0.0
    terms = None
    for fact in record.rows(Telemetry):
        if fact.name == "tick_s":
            wall_s += fact.value
        elif fact.name == "model":
            known[Met(**json.loads(fact.detail))] = fact.step or 0
        elif fact.name == TERMS:
            terms = Terms.model_validate_json(fact.detail)
    return Lived(known, wall_s, terms)


def merged(standing: Terms, recorded: Terms, edited: Terms) -> Terms:
    """Return the terms for going on with a scenario file at hand.

    What stands is kept, except where the file now says something that differs from what was recorded: a file
    that is silent about a ceiling or an address, maybe given by an option back then, changes neither.
    """
    stand, before, now = standing.model_dump(), recorded.model_dump(), edited.model_dump()
    return Terms.model_validate(_over(stand, before, now))


def _over(standing: dict[str, Any], before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Return `standing` with every leaf of `now` that is set and differs from `before`."""
    kept = dict(standing)
    for key, value in now.items():
        was = before.get(key)
        if isinstance(value, dict):
            kept[key] = _over(kept.get(key) or {}, was or {}, value)
        elif key not in kept or (value is not None and value != was):
            kept[key] = value
    return kept


def note_terms(writer: RunWriter, terms: Terms, step: int | None) -> None:
    """Write new terms into the record, outside its digest, so that every later `resume` keeps them."""
    writer.append([Telemetry(time.time_ns() // 1000, step, TERMS, 0.0, terms.model_dump_json())])
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
