"""Resume is replay: fold a record's rows into a society until it stands where its last tick left it."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from operator import itemgetter
from typing import Protocol, cast

from moltarium.agents.interface import Refusal
from moltarium.sim.commit import Tally
from moltarium.sim.counting import recorded_prompt_bytes
from moltarium.sim.observe import Past
from moltarium.sim.record.schema import (
    EVENTS,
    TABLE_OF,
    Agent,
    Emotion,
    Event,
    LlmCall,
    Memory,
    R,
    Rejection,
)
from moltarium.sim.society import Society


class Log(Protocol):
    """The part of a run reader that a replay needs."""

    def rows(self, table: type[R]) -> Iterator[R]:
        """All rows of one table in order of ``seq``."""
        ...

    def last_step(self) -> int | None:
        """The last committed step."""
        ...

    def last_seq(self) -> int:
        """The highest ``seq`` in the record."""
        ...

    def blob(self, sha: str) -> str | None:
        """The text with this hash, if it is kept."""
        ...


def restore(society: Society, log: Log) -> None:
    """Bring a freshly built `society` to the state after the last committed step of `log`.

    Everything is folded from rows: platform, inboxes and karma as each agent last saw them, refusals still
    to be told, memories, moods. Waking is recomputed, for it depends on nothing but seed and step.
    """
    last = log.last_step()
    if last is None:
        raise ValueError("the record holds no committed step")
    _replay_platform(society, log, last)
    _replay_minds(society, log)
    society.total = _replay_total(society, log)
    society.journal.next_seq = log.last_seq() + 1
    society.steps = last


def events_of(log: Log) -> Iterator[Event]:
    """Yield every public row in order of ``seq``."""
    tables = sorted(EVENTS, key=lambda table: TABLE_OF[table])
    return cast(Iterator[Event], heapq.merge(*(log.rows(table) for table in tables), key=itemgetter(0)))


def _replay_platform(society: Society, log: Log, last: int) -> None:
    step = 0
    seq = -1
    for event in events_of(log):
        while event.step is not None and step < event.step:
            step += 1
            _mark_turns(society, step, event.seq if step == event.step else seq + 1)
        society.platform.apply(event)
        seq = event.seq
    for rest in range(step + 1, last + 1):
        _mark_turns(society, rest, seq + 1)


def _mark_turns(society: Society, step: int, first_seq: int) -> None:
    """Note what those who woke at `step` had seen by then: all before the step's first act."""
    for index in society.setting.schedule.awake(step).tolist():
        account = society.platform.agents.get(society.setting.members[index].agent_id)
        before = society.pasts.get(index)
        karma = 0 if account is None else account.karma
        society.pasts[index] = Past(first_seq - 1, karma, 1 if before is None else before.turns + 1, step)


def _replay_minds(society: Society, log: Log) -> None:
    index_of = {member.agent_id: index for index, member in enumerate(society.setting.members)}
    society.remember([(index_of[memory.agent], memory) for memory in log.rows(Memory)])
    latest: dict[str, Emotion] = {row.agent: row for row in log.rows(Emotion)}
    for agent, row in latest.items():
        society.moods.restore(index_of[agent], row)
    counted = {row.agent: row for row in log.rows(LlmCall) if not row.estimated and row.tokens_in > 0}
    for agent, call in counted.items():
        request = log.blob(call.request_sha)
        if request is not None:
            society.pasts[index_of[agent]].bytes_per_token = recorded_prompt_bytes(request) / call.tokens_in
    for refused in log.rows(Rejection):
        past = society.pasts[index_of[refused.agent]]
        if past.step == refused.step:
            past.refusals.append(Refusal(refused.action, refused.category, refused.reason))


def _replay_total(society: Society, log: Log) -> Tally:
    rejections = list(log.rows(Rejection))
    calls = list(log.rows(LlmCall))
    applied = sum(1 for event in events_of(log) if event.step and not isinstance(event, Agent))
    return Tally(
        awake=sum(past.turns for past in society.pasts.values()),
        actions=applied,
        rejections=len(rejections),
        invalid=sum(row.action == "Abstain" for row in rejections),
        llm_calls=len(calls),
        tokens_in=sum(row.tokens_in for row in calls),
        tokens_out=sum(row.tokens_out for row in calls),
    )
