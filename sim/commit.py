"""From actions to rows: the rules judge, the platform applies, what is refused is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from moltarium.agents.interface import Action, Observation, Refusal, Remember
from moltarium.sim.journal import Journal
from moltarium.sim.limits import Limits
from moltarium.sim.llm.gateway import Call
from moltarium.sim.platform import Platform
from moltarium.sim.record import schema
from moltarium.sim.record.schema import Blob, LlmCall, Memory, Rejection
from moltarium.sim.rules import Refused, Stamp, judge


class Tally(NamedTuple):
    """What one tick, or a whole run, amounted to."""

    awake: int = 0
    actions: int = 0
    """Platform events that agents' actions led to."""
    rejections: int = 0
    invalid: int = 0
    """Rejections of model answers that could not be used."""
    llm_calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def plus(self, other: Tally) -> Tally:
        """Return the sum, figure by figure."""
        return Tally(*(a + b for a, b in zip(self, other, strict=True)))


@dataclass(slots=True)
class Turn:
    """One agent's turn as it goes through the phases of a tick."""

    index: int
    seen: Observation
    actions: Sequence[Action] = ()
    calls: tuple[Call, ...] = ()
    kept: list[Memory] = field(default_factory=list)
    """Memories made in this turn."""
    refusals: list[Refusal] = field(default_factory=list)
    """What the agent will be told next time."""
    applied: int = 0
    """Platform events that its actions led to."""


def commit_turn(
    turn: Turn, platform: Platform, limits: Limits, journal: Journal, start_us: int, width_us: int
) -> None:
    """Apply one turn's actions in order, and write every row that follows from them.

    Parameters
    ----------
    turn
        The turn; its `kept`, `refusals` and `applied` are filled.
    platform
        The state that changes.
    limits
        Rate limits in force.
    journal
        Takes the rows.
    start_us, width_us
        The slice of simulated time in which the actions happen, evenly spaced.
    """
    agent, step = turn.seen.agent, turn.seen.step
    request_sha = _write_calls(turn, journal, start_us)
    for place, action in enumerate(turn.actions):
        t = start_us + (place + 1) * width_us // (len(turn.actions) + 1)
        kind = type(action).__name__
        if isinstance(action, Remember):
            memory = Memory(
                journal.number(), t, step, agent, action.kind, action.text, action.importance, action.source
            )
            journal.rows.append(memory)
            turn.kept.append(memory)
            applied, result = True, action.source or ""
        else:
            verdict = judge(action, agent, platform, limits, Stamp(journal.next_seq, t, step))
            if isinstance(verdict, Refused):
                journal.rows.append(
                    Rejection(journal.number(), t, step, agent, kind, verdict.category, verdict.reason)
                )
                turn.refusals.append(Refusal(kind, verdict.category, verdict.reason))
                applied, result = False, verdict.reason
            else:
                for event in verdict:
                    platform.apply(event)
                journal.rows.extend(verdict)
                journal.next_seq += len(verdict)
                turn.applied += len(verdict)
                applied, result = True, subject(verdict[0])
        if request_sha is not None:
            body = json.dumps(action._asdict(), sort_keys=True)
            journal.rows.append(
                schema.Action(journal.number(), t, step, agent, kind, body, request_sha, applied, result)
            )


def tally(turns: Sequence[Turn]) -> Tally:
    """Return what `turns` amounted to, after they were committed."""
    calls = [call for turn in turns for call in turn.calls]
    return Tally(
        awake=len(turns),
        actions=sum(turn.applied for turn in turns),
        rejections=sum(len(turn.refusals) for turn in turns),
        invalid=sum(refusal.action == "Abstain" for turn in turns for refusal in turn.refusals),
        llm_calls=len(calls),
        tokens_in=sum(call.tokens_in for call in calls),
        tokens_out=sum(call.tokens_out for call in calls),
    )


def subject(event: schema.Event) -> str:
    """Return the id of what an event made or touched."""
    match event:
        case schema.Post():
            return event.post_id
        case schema.Comment():
            return event.comment_id
        case schema.Agent():
            return event.agent_id
        case schema.Community():
            return event.community_id
        case _:
            return event.target


def _write_calls(turn: Turn, journal: Journal, t: int) -> str | None:
    agent, step = turn.seen.agent, turn.seen.step
    for call in turn.calls:
        journal.rows.append(
            LlmCall(
                journal.number(), t, step, agent, call.purpose, call.request_sha, call.reply_sha, call.model,
                call.tokens_in, call.tokens_cached, call.tokens_out, call.cost_usd, call.estimated,
            )
        )  # fmt: skip
        journal.blobs.append(Blob(call.request_sha, call.request_text))
        journal.blobs.append(Blob(call.reply_sha, call.reply_text))
    return turn.calls[-1].request_sha if turn.calls else None
