"""The society: Mesa drives the ticks. The only file that imports it.

One tick is wake → observe → feel → decide → commit → write. Within a tick no agent sees another's new
text: ticks must be short against the heartbeat.
"""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol
from weakref import WeakKeyDictionary

import mesa
import numpy as np
from mesa.agent import AgentSet
from numpy.typing import NDArray

from moltarium.agents.appraisal import Contribution, appraise
from moltarium.agents.emotion import label
from moltarium.agents.interface import VAD, Remembered
from moltarium.agents.memory import Notebook
from moltarium.agents.reader import Reader
from moltarium.sim.clock import from_us
from moltarium.sim.commit import Tally, Turn, commit_turn, tally
from moltarium.sim.counting import last_counted
from moltarium.sim.journal import Journal
from moltarium.sim.llm.gateway import Outcome, Pending
from moltarium.sim.moods import Moods, mood_rows
from moltarium.sim.observe import Inner, Observer, Past
from moltarium.sim.platform import Platform
from moltarium.sim.record import schema
from moltarium.sim.record.schema import Blob, Impression, Row
from moltarium.sim.setting import Member, Setting, arm_rows, persona_row
from moltarium.sim.streams import Purpose, stream

Think = Callable[[Sequence[Pending]], Sequence[Outcome]]
"""Drives thoughts that ask a model to their actions; raises `ModelError` and commits nothing on an outage."""


class Ledger(Protocol):
    """Where a tick's rows go: the run's writer."""

    def append(self, rows: Sequence[Row]) -> None:
        """Take rows for the next commit."""
        ...

    def put_blobs(self, blobs: Sequence[Blob]) -> None:
        """Take texts for the next commit."""
        ...

    def commit(self, *, step: int) -> None:
        """Make everything taken so far durable, as one transaction that closes `step`."""
        ...


@contextmanager
def settled() -> Iterator[None]:
    """Keep the garbage collector, while the block runs, from looking through all that was there before.

    A society's past only grows and holds no cycles; to look for some in all of it, again and again while
    models answer, would make each step dearer than the one before.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from looking for cycles while the block runs.

    A tick makes rows by the ten thousand, all freed by their counts once written, and no cycles; looking for
    some among them takes a third of a surrogate crowd's time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Numbers(WeakKeyDictionary[mesa.Model, Iterator[int]]):
    """What Mesa numbers agents by, per model; its own keeps every model as long as the process lives."""

    def __getitem__(self, model: mesa.Model) -> Iterator[int]:
        if model not in self:
            self[model] = itertools.count(1)
        return super().__getitem__(model)


class Resident(mesa.Agent):
    """An account in Mesa's eyes: reads as an agent, holds nothing that the record does not."""

    _ids = _Numbers()

    def __init__(self, model: Society, index: int) -> None:
        super().__init__(model)
        self.society = model
        self.index = index
        self.turn: Turn | None = None

    @property
    def member(self) -> Member:
        """Account, persona and mind."""
        return self.society.setting.members[self.index]

    @property
    def handle(self) -> str:
        """The account's handle."""
        return self.member.persona.handle

    @property
    def mood(self) -> VAD:
        """Mood as it last moved."""
        return self.society.moods.of(self.index)

    @property
    def karma(self) -> int:
        """Sum of the scores of own texts; 0 before arrival."""
        account = self.society.platform.agents.get(self.member.agent_id)
        return 0 if account is None else account.karma

    def observe(self) -> None:
        """Look at the platform once."""
        self.turn = self.society.look(self.index)

    def hand_over(self) -> Turn:
        """Return the turn that `observe` opened, and let go of it: a sleeping agent keeps nothing."""
        turn, self.turn = self.turn, None
        if turn is None:
            raise ValueError("an agent has to observe before its turn")
        return turn


class Society(mesa.Model):
    """Agents on a platform, one tick per `step`.

    Parameters
    ----------
    setting
        Who lives here and by which rules.
    ledger
        Where each tick's rows go.
    think
        Drives the minds that ask a model; ``None`` where none does.
    reader
        Reads the feeling in a text, for appraisal.
    """

    def __init__(self, setting: Setting, ledger: Ledger, reader: Reader, think: Think | None = None) -> None:
        super().__init__(seed=setting.seed)
        self.setting = setting
        self.ledger = ledger
        self.reader = reader
        self.think = think
        self.platform = Platform()
        self.journal = Journal(0)
        self.observer = Observer(self.platform, setting.window, setting.limits)
        self.moods = Moods(
            np.array([member.persona.traits for member in setting.members], dtype=np.float64).reshape(-1, 5),
            setting.emotion,
            setting.convention,
            np.asarray(setting.schedule.arrival_us, dtype=np.int64),
        )
        self.notebooks: dict[int, Notebook] = {}
        self.pasts: dict[int, Past] = {}
        self.feelings: dict[str, VAD] = {}
        self.total = Tally()
        self.residents = [Resident(self, index) for index in range(len(setting.members))]

    def open(self) -> None:
        """Write step 0: what the society starts from, and who is there from the first moment."""
        for event in self.setting.opening:
            numbered = event._replace(seq=self.journal.number(), step=0)
            self.platform.apply(numbered)
            self.journal.rows.append(numbered)
        for row in arm_rows(self.setting.members, self.setting.clock.us(0)):
            self.journal.rows.append(row._replace(seq=self.journal.number()))
        self._arrive(0)
        self._write(0)

    def step(self) -> None:
        """Live through one tick and make it durable."""
        step = self.steps
        with uncollected():
            turns = self._perceive(step)
            asking, pending = self._begin_thoughts(turns)
        if pending:
            with settled():
                self._ask(asking, pending)
        with uncollected():
            self._commit(turns, step)
            self._write(step)

    def _perceive(self, step: int) -> list[Turn]:
        """Return the turns of all who wake in this tick, after they observed and felt."""
        now_us = self.setting.clock.us(step)
        self._arrive(step)
        due = self.setting.schedule.awake(step)
        awake = AgentSet([self.residents[index] for index in due.tolist()], random=self.random)
        self.observer.begin()
        awake.do("observe")
        turns = [resident.hand_over() for resident in awake]
        self._note_impressions(turns, step, now_us)
        self._feel(turns, due, step, now_us)
        return turns

    def look(self, index: int) -> Turn:
        """Return the opened turn of agent `index`: its observation, before it feels."""
        member = self.setting.members[index]
        past = self.pasts.setdefault(index, Past())
        notebook = self.notebooks.get(index)
        now_us = self.setting.clock.us(self.steps)
        inner = Inner(
            self.moods.of(index),
            "",
            self.moods.rest(index),
            () if notebook is None else notebook.as_of(from_us(now_us)),
        )
        rng = stream(self.setting.seed, Purpose.FEED, index + 1, self.steps)
        seen = self.observer.look(member, index, self.steps, now_us, inner, past, rng)
        self.pasts[index] = Past(
            self.journal.next_seq - 1,
            seen.karma,
            past.turns + 1,
            self.steps,
            bytes_per_token=past.bytes_per_token,
        )
        return Turn(index, seen)

    def _arrive(self, step: int) -> None:
        """Bring into being the accounts whose time has come."""
        journal, now_us = self.journal, self.setting.clock.us(step)
        for index in self.setting.schedule.arriving(step).tolist():
            member = self.setting.members[index]
            persona = member.persona
            if member.agent_id not in self.platform.agents:
                account = schema.Agent(
                    journal.number(), now_us, step, member.agent_id, persona.handle, persona.bio, now_us
                )
                self.platform.apply(account)
                journal.rows.append(account)
            journal.rows.append(persona_row(journal.number(), now_us, step, member))

    def _note_impressions(self, turns: Sequence[Turn], step: int, now_us: int) -> None:
        journal = self.journal
        seq = journal.next_seq
        for turn in turns:
            agent = turn.seen.agent
            for item in turn.seen.feed:
                journal.rows.append(Impression(seq, now_us, step, agent, item.target, item.feed, item.rank))
                seq += 1
            for notice in turn.seen.notices:
                item = notice.item
                journal.rows.append(Impression(seq, now_us, step, agent, item.target, item.feed, item.rank))
                seq += 1
        journal.next_seq = seq

    def _feel(self, turns: Sequence[Turn], due: NDArray[np.int64], step: int, now_us: int) -> None:
        """Let what was seen move the moods, and show each agent its own."""
        if not turns:
            return
        if self.setting.moods:
            self._read_new_texts(turns)
            felt: list[tuple[Contribution, ...]] = [appraise(turn.seen, self.feelings) for turn in turns]
            labels, causes = self.moods.feel(due, felt, now_us)
            agents = [turn.seen.agent for turn in turns]
            mood_rows(self.journal, step, now_us, agents, self.moods, due, felt, labels, causes)
        else:
            labels = label(self.moods.mood[due])
        for turn, name in zip(turns, labels, strict=True):
            turn.seen = replace(
                turn.seen, mood=self.moods.of(turn.index), mood_label=name, felt=self.feelings
            )

    def _read_new_texts(self, turns: Sequence[Turn]) -> None:
        """Read the feeling in every text that is seen for the first time, in one batch."""
        fresh: dict[str, str] = {}
        for turn in turns:
            for item in turn.seen.feed:
                if item.target not in self.feelings:
                    fresh[item.target] = f"{item.title}\n{item.body}" if item.title else item.body
            for notice in turn.seen.notices:
                item = notice.item
                if item.target not in self.feelings:
                    fresh[item.target] = f"{item.title}\n{item.body}" if item.title else item.body
        if fresh:
            vad = self.reader.read(list(fresh.values())).vad.tolist()
            self.feelings.update((target, VAD(*point)) for target, point in zip(fresh, vad, strict=True))

    def _begin_thoughts(self, turns: Sequence[Turn]) -> tuple[list[Turn], list[Pending]]:
        """Think every turn through that asks no model; return the others, and what they ask."""
        pending: list[Pending] = []
        asking: list[Turn] = []
        for turn in turns:
            rng = stream(self.setting.seed, Purpose.DECIDE, turn.index + 1, turn.seen.step)
            thought = self.setting.members[turn.index].mind.decide(turn.seen, rng)
            try:
                asks = next(thought)
            except StopIteration as done:
                turn.actions = done.value
            else:
                pending.append(Pending(turn.seen.agent, turn.index, turn.seen.step, thought, asks))
                asking.append(turn)
        return asking, pending

    def _ask(self, asking: Sequence[Turn], pending: Sequence[Pending]) -> None:
        """Think those turns through, together, that ask a model."""
        if self.think is None:
            raise ValueError("a mind asks a model, but this society was given none")
        for turn, outcome in zip(asking, self.think(pending), strict=True):
            turn.actions, turn.calls = outcome.actions, outcome.calls

    def _commit(self, turns: Sequence[Turn], step: int) -> None:
        """Apply all turns in seeded order, each in its own slice of the tick."""
        if not turns:
            return
        start_us = self.setting.clock.us(step)
        width_us = (self.setting.clock.us(step + 1) - start_us) // len(turns)
        order = stream(self.setting.seed, Purpose.COMMIT, step=step).permutation(len(turns))
        for place, chosen in enumerate(order.tolist()):
            turn = turns[chosen]
            commit_turn(
                turn, self.platform, self.setting.limits, self.journal, start_us + place * width_us, width_us
            )
            self._keep(turn)
        self.remember([(turn.index, memory) for turn in turns for memory in turn.kept])
        self.total = self.total.plus(tally(turns))

    def _keep(self, turn: Turn) -> None:
        past = self.pasts[turn.index]
        past.refusals = turn.refusals
        if turn.calls:
            past.bytes_per_token = last_counted(turn.calls, past.bytes_per_token)

    def remember(self, memories: Sequence[tuple[int, schema.Memory]]) -> None:
        """Keep memories in their agents' notebooks, each with how pleasant it reads."""
        if not memories:
            return
        valences = self.reader.read([memory.text for _, memory in memories]).vad[:, 0].tolist()
        for (index, memory), valence in zip(memories, valences, strict=True):
            kept = (memory.kind, memory.text, memory.importance, memory.source, from_us(memory.t), valence)
            self.notebook(index).keep(Remembered(*kept))

    def notebook(self, index: int) -> Notebook:
        """Return the memories of agent `index`."""
        known = self.notebooks.get(index)
        if known is None:
            known = self.notebooks[index] = Notebook(self.setting.memory_capacity)
        return known

    def _write(self, step: int) -> None:
        rows, blobs = self.journal.take()
        self.ledger.append(rows)
        self.ledger.put_blobs(blobs)
        self.ledger.commit(step=step)
