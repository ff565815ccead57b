"""Draws a run's whole bad luck from one seed: the same seed plays the same faults, to the last draw."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

from moltarium.agents.prompts.untrusted import neutralise
from moltarium.agents.reader import load_reader
from moltarium.scenarios.recorded import run_row
from moltarium.scenarios.world import World, build_world
from moltarium.sim.llm.endpoint import Endpoint
from moltarium.sim.llm.replies import ReplyStore
from moltarium.sim.record.errors import MoltariumError
from moltarium.sim.record.schema import Action, LlmCall, Persona, Rejection, Run
from moltarium.sim.restore import Log as Readable
from moltarium.sim.restore import restore
from moltarium.sim.society import Society
from tests.torture.society import small
from tests.torture.virtual import Disk, Ledger, Log, Model, PowerCut, Store, VirtualGateway

STEPS: Final = 16
RETRIES: Final = 4
CONCURRENCY: Final = 5
LIVES: Final = 500
"""More lives than any seed needs."""


class Broken(AssertionError):
    """An invariant does not hold; the message names the seed that shows it."""


@dataclass(slots=True)
class Luck:
    """What a run went through."""

    lives: int = 0
    kills: int = 0
    pauses: int = 0
    """Lives that ended in an error said in full."""
    stops: int = 0
    """Lives that the user ended between two ticks."""
    answers: int = 0
    asked_again: int = 0
    """Answers that were under way when their process died, or that a full disk or power cut took."""
    troubles: Counter[str] = field(default_factory=Counter)

    def add(self, other: Luck) -> None:
        """Add another run's."""
        self.lives += other.lives
        self.kills += other.kills
        self.pauses += other.pauses
        self.stops += other.stops
        self.answers += other.answers
        self.asked_again += other.asked_again
        self.troubles += other.troubles


@lru_cache(maxsize=1)
def _world() -> tuple[World, Run]:
    with TemporaryDirectory() as folder:
        scenario = small(Path(folder), f"clock.steps={STEPS}")
    world = build_world(scenario)
    return world, run_row(scenario, world)


@lru_cache(maxsize=1)
def faultless() -> Log:
    """Return the record of the run that nothing befell."""
    disk, model = Disk(_world()[1], None), Model(None)
    for _ in _live(disk, model, None):
        pass
    assert len(disk.replies) == sum(model.answered.values()) > 20
    return Log(disk)


def _live(disk: Disk, model: Model, luck: Luck | None) -> Iterator[int]:
    """Live from what is on the disk to the last step, and yield after each one."""
    setting = _world()[0].setting
    endpoints = {
        "default": Endpoint(
            "default", "http://virtual/v1", "stub", retries=RETRIES, concurrency=CONCURRENCY, deadline_s=60
        )
    }
    store = cast(ReplyStore, Store(disk))
    with VirtualGateway(model, endpoints, store, setting.seed) as gateway:
        society = Society(setting, Ledger(disk), load_reader(), gateway.think)
        log = Log(disk)
        try:
            if log.last_step() is None:
                society.open()
            else:
                restore(society, log)
            while society.steps < STEPS:
                society.step()
                yield society.steps
        finally:
            if luck is not None:
                luck.troubles += Counter({kind.name: n for kind, n in gateway.usage.troubles.items()})


def play(seed: int) -> Luck:
    """Play one seed's faults on a run until it is done, however many lives that takes.

    Raises
    ------
    Broken
        If the run did not come to what the faultless one is, or lost, doubled or hid anything.
    """
    draw = random.Random(seed)
    disk, model, luck = Disk(_world()[1], draw), Model(draw), Luck()
    while luck.lives < LIVES:
        luck.lives += 1
        try:
            done = _one_life(seed, draw, disk, model, luck)
        except Broken:
            raise
        except Exception as error:
            raise Broken(f"seed {seed}: {type(error).__name__}, which nobody should see: {error}") from error
        if done:
            break
    else:
        raise Broken(f"seed {seed}: not done after {LIVES} lives")
    luck.answers = sum(model.answered.values())
    luck.asked_again = luck.answers - len(disk.replies)
    luck.troubles += disk.lost
    came, whole = Log(disk), faultless()
    if came.digest() != whole.digest():
        raise Broken(f"seed {seed}: the digest differs from the faultless run's")
    if disk.puts != len(disk.replies) + disk.lost["replies"]:
        raise Broken(f"seed {seed}: {disk.puts} replies written, {len(disk.replies)} there")
    return luck


def _one_life(seed: int, draw: random.Random, disk: Disk, model: Model, luck: Luck) -> bool:
    """Return whether the run is done; note how this life ended if it is not."""
    model.begin()
    model.outage = draw.randint(1, 60) if draw.random() < 0.1 else 0
    answers, puts, full = sum(model.answered.values()), disk.puts, disk.lost["full at reply"]
    try:
        for _ in _live(disk, model, luck):
            if draw.random() < 0.5:
                disk.checkpoint()
            if draw.random() < 0.05:
                luck.stops += 1
                return False
    except PowerCut:
        pass
    except MoltariumError as error:
        if not error.remedy:
            raise Broken(f"seed {seed}: an error without a remedy: {error}") from error
        luck.pauses += not disk.dead
    spare = 0
    if disk.dead:  # it may have died while an error was on its way up
        luck.kills += 1
        disk.cut_power()
        spare = CONCURRENCY
    lost = sum(model.answered.values()) - answers - (disk.puts - puts) - (disk.lost["full at reply"] - full)
    if not 0 <= lost <= spare:
        raise Broken(f"seed {seed}: {lost} answers were paid for and not kept")
    if max(model.tries.values(), default=0) > RETRIES + 1:
        raise Broken(f"seed {seed}: {max(model.tries.values())} requests for one call")
    log = Log(disk)
    return (log.last_step() or 0) >= STEPS


def unreported(log: Readable) -> list[str]:
    """Return every action of a model that neither took place nor was refused on record.

    An answer's actions are counted in the model's own words, not in what the parser made of them.
    """
    acts, refusals = Counter[Any](), Counter[Any]()
    done = Counter[tuple[str, int | None]]()
    given_up = set()
    for row in log.rows(Action):
        done[row.agent, row.step] += row.kind != "Remember"
        if row.kind == "Abstain":
            given_up.add((row.agent, row.step))
        if not row.applied:
            acts[row.agent, row.step, row.kind, row.result] += 1
    asking = {row.agent for row in log.rows(Persona) if row.mind in {"llm", "writer"}}
    for refused in log.rows(Rejection):
        if refused.agent in asking:
            refusals[refused.agent, refused.step, refused.action, refused.reason] += 1
    wrong = [f"{each} has no rejection" for each in acts - refusals]
    last = {(call.agent, call.step): call for call in log.rows(LlmCall)}
    for (agent, step), call in last.items():
        claimed = _claimed(log.blob(call.reply_sha) or "")
        # An answer that can't be used is one `Abstain` for all that it asked for.
        if done[agent, step] < claimed and (agent, step) not in given_up:
            wrong.append(
                f"{agent} claimed {claimed} actions at step {step}, {done[agent, step]} are on record"
            )
    return wrong


def _claimed(reply: str) -> int:
    try:
        found = json.loads(reply)
    except ValueError:
        return 1
    return len(found["actions"]) if isinstance(found, dict) and "actions" in found else 1


def untold(log: Readable) -> list[str]:
    """Return every rejection that its agent's next prompt does not mention."""
    prompts: dict[str, list[tuple[int, str]]] = {}
    for call in log.rows(LlmCall):
        if call.purpose in {"decide", "trim"}:
            asked = json.loads(log.blob(call.request_sha) or "")
            prompts.setdefault(call.agent, []).append((call.step or 0, asked["messages"][1][1]))
    wrong = []
    for refused in log.rows(Rejection):
        later = [text for step, text in prompts.get(refused.agent, ()) if step > (refused.step or 0)]
        if later and neutralise(refused.reason, 60)[:50].rstrip("…") not in later[0]:
            wrong.append(f"{refused.agent} at {refused.step}: {refused.reason}")
    return wrong


def stuck(log: Readable) -> list[str]:
    """Return the agents whose last three turns or more all came to nothing usable."""
    turns: dict[str, dict[int, bool]] = {}
    for row in log.rows(Action):
        good = turns.setdefault(row.agent, {})
        good[row.step or 0] = good.get(row.step or 0, False) or row.kind != "Abstain"
    return [
        agent
        for agent, good in turns.items()
        if len(good) >= 3 and not any(good[step] for step in sorted(good)[-3:])
    ]


def play_seeds(first: int, count: int) -> Luck:
    """Play many seeds and return what they went through together."""
    total = Luck()
    for seed in range(first, first + count):
        total.add(play(seed))
    return total
