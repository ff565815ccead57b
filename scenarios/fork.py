"""A run that goes on with an edited scenario, as a fork: another run that shares the past."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from moltarium.scenarios.recorded import recorded_scenario, run_row
from moltarium.scenarios.run import must_have_source
from moltarium.scenarios.spec import Scenario
from moltarium.scenarios.world import World, build_world
from moltarium.sim.record.coverage import coverage_of
from moltarium.sim.record.errors import ScenarioError
from moltarium.sim.record.fork import fork_record
from moltarium.sim.record.schema import Agent, Intervention
from moltarium.sim.record.store import RunReader


def edited(recorded: Scenario, chosen: Scenario) -> list[str]:
    """Return, as ``key: before → after``, every key in which two scenarios' meanings differ."""
    before, after = _leaves(recorded.meaning()), _leaves(chosen.meaning())
    return [
        f"{key}: {_shown(before, key)} → {_shown(after, key)}"
        for key in sorted({*before, *after})
        if before.get(key, _ABSENT) != after.get(key, _ABSENT)
    ]


_ABSENT = object()


def _shown(leaves: Mapping[str, Any], key: str) -> str:
    return json.dumps(leaves[key]) if key in leaves else "(absent)"


def _leaves(value: Any, prefix: str = "") -> dict[str, Any]:
    """Return every plain value of a nested one by its dotted key."""
    if isinstance(value, dict) and value:
        items = [(str(key), inner) for key, inner in value.items()]
    elif isinstance(value, list) and value:
        items = [(str(place), inner) for place, inner in enumerate(value)]
    else:
        return {prefix.rstrip("."): value}
    return {key: leaf for name, inner in items for key, leaf in _leaves(inner, f"{prefix}{name}.").items()}


def fork_run(source: Path, target: Path, chosen: Scenario) -> None:
    """Make a new record at `target` that holds the past of `source` and goes on by another scenario.

    The new record's `Run` row says what it was forked from; an `Intervention` row says what changed and when.

    Raises
    ------
    ScenarioError
        If nothing has been lived yet, or the edit contradicts what has.
    RecordError
        If the new record can't be written.
    """
    with RunReader(source) as record:
        parent = record.run
        recorded = recorded_scenario(parent)
        last = record.last_step()
        if last is None:
            raise ScenarioError(
                "this run has not lived through any step yet",
                place=str(source),
                remedy="start a new run with the edited scenario",
            )
        world = build_world(chosen)
        must_have_source(world, chosen, parent)
        living = {row.agent_id for row in record.rows(Agent)}
        _must_keep_the_past(build_world(recorded), world, living, last)
        digest = record.digest()
        facts = {"parent": parent.run_id, "digest": digest, "step": last, "changes": edited(recorded, chosen)}
        note = Intervention(
            record.last_seq() + 1,
            world.setting.clock.us(last),
            last,
            "fork",
            json.dumps(facts, sort_keys=True),
        )
        coverage = coverage_of(parent)
    told = f"forked from {parent.run_id} (digest {digest[:12]}) after step {last}"
    run = run_row(chosen, world)._replace(coverage=coverage.without((), note=told).json())
    fork_record(source, target, run, [note])


def _must_keep_the_past(before: World, after: World, living: set[str], last: int) -> None:
    """Refuse an edit under which the first `last` steps would have gone another way before anyone decided."""
    old, new = before.setting, after.setting
    fault = None
    if (old.clock.us(0), old.clock.us(1)) != (new.clock.us(0), new.clock.us(1)):
        fault = "the clock's start or tick"
    elif old.opening != new.opening:
        fault = "what the society began with"
    elif {m.agent_id: m.persona for m in old.members if m.agent_id in living} != {
        m.agent_id: m.persona for m in new.members if m.agent_id in living
    }:
        fault = "who lives there already"
    elif any(
        not np.array_equal(getattr(old.schedule, what)(step), getattr(new.schedule, what)(step))
        for what in ("arriving", "awake")
        for step in range(last + 1)
    ):
        fault = "who arrived or woke when"
    if fault is not None:
        raise ScenarioError(
            f"the edit would change {fault} before step {last}, which is on record",
            place="--fork",
            remedy="edit only what can change from now on (minds, models, feeds, limits, moods, steps), "
            "or start a new run",
        )
