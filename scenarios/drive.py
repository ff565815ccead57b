"""The loop around a society: ticks, orders, ceilings, and what is said of each."""

from __future__ import annotations

import json
import shlex
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

from moltarium.scenarios.control import Control, listening
from moltarium.scenarios.progress import Progress, Watch
from moltarium.scenarios.runlog import RunLog
from moltarium.scenarios.tracing import Tracing
from moltarium.sim.llm.budget import Budget
from moltarium.sim.llm.failures import Halted
from moltarium.sim.llm.gateway import Gateway
from moltarium.sim.llm.gateway import Progress as Thinking
from moltarium.sim.llm.replies import ReplyStore
from moltarium.sim.llm.usage import Met
from moltarium.sim.record.errors import (
    CeilingReached,
    Interrupted,
    ModelError,
    Paused,
    RecordError,
    StoppedAtOnce,
)
from moltarium.sim.record.schema import Telemetry
from moltarium.sim.record.warnings import MODEL_CHANGED
from moltarium.sim.record.writer import RunWriter
from moltarium.sim.society import Society

_GLIMPSE_S = 0.1
"""Progress within a tick is told no more often than this."""
_SIGNALS: Final = {
    signal.SIGINT: "Ctrl-C",
    signal.SIGTERM: "SIGTERM",
    signal.SIGHUP: "the end of its terminal",
}
"""What stops a run, by the words for it."""
_UNPAID_S = 1.0
"""A run that asks no model makes checkpoints no more often than this."""


@dataclass(slots=True)
class Session:
    """One sitting of a run, from start or resume to its end or the next stop."""

    society: Society
    steps: int
    """Where the scenario ends."""
    out: Path
    writer: RunWriter
    watch: Watch
    """Is told after each tick."""
    glimpse: Watch | None
    """Is told within ticks."""
    log: RunLog
    budget: Budget
    gateway: Gateway | None
    tracing: Tracing
    known: dict[Met, int]
    """Who has answered in earlier sessions."""
    replies: ReplyStore | None = None
    """Where the gateway records replies."""
    checkpoint_every: int = 1
    """Steps between checkpoints, which make what was committed safe from a power cut."""
    priced: bool = True
    """Whether all models have a known price."""
    _now: Progress = field(init=False)
    _glimpsed: float = 0.0
    _checkpointed: float = float("-inf")
    _retries: int = 0
    _rate_limited: int = 0

    def __post_init__(self) -> None:
        self._now = self._progress()

    def run(self) -> None:
        """Step to the scenario's end.

        Raises
        ------
        Interrupted
            If the user stopped it; `CeilingReached` if a ceiling did. The run is saved.
        StoppedAtOnce
            If the user stopped it twice; committed steps and recorded replies are safe.
        MoltariumError
            If a model or the disk fails; all committed steps and all replies are safe.
        """
        stop = self.gateway.stop if self.gateway is not None else _nothing
        adapt = self.gateway.set_concurrency if self.gateway is not None else _nothing
        control = Control(self._status, stop, adapt)
        self._now = self._progress()  # a resumed society has a past since this session was made
        self.log.note("began", step=self.society.steps, steps=self.steps)
        self.tracing.begin(self._now)
        try:
            with listening(control, self.out), _signals(control):
                while self.society.steps < self.steps:
                    control.between_ticks(self.budget.check)
                    if control.stopped_by is not None:
                        raise self._interrupted(control)
                    self.budget.check()
                    try:
                        self._tick()
                    except Halted:
                        raise self._interrupted(control) from None
        except (ModelError, RecordError, Paused) as error:
            raise self._saved(error) from error
        except KeyboardInterrupt:
            raise self._stopped_at_once() from None
        self.writer.commit()
        self._checkpoint()
        self.log.note("done", **self._now.json())

    def on_thinking(self, thinking: Thinking) -> None:
        """Tell how far the tick under way is."""
        now = time.monotonic()
        if self.glimpse is not None and now - self._glimpsed >= _GLIMPSE_S:
            self._glimpsed = now
            self._now = self._progress(thinking)
            self.glimpse(self._now)

    def _status(self) -> dict[str, Any]:
        """Return the figures of this moment; from the socket's thread."""
        figures = self._now.json()
        if self.gateway is not None:
            figures |= {"in_flight": self.gateway.in_flight, "concurrency": self.gateway.limit}
        return figures

    def _progress(self, thinking: Thinking | None = None) -> Progress:
        return Progress(
            self.society.steps,
            self.steps,
            self.society.total,
            0 if thinking is None else thinking.done,
            0 if thinking is None else thinking.total,
            0 if thinking is None else thinking.in_flight,
            None if self.gateway is None else self.gateway.usage,
            self.budget.spent,
            self.budget.ceilings,
            self.priced,
        )

    def _tick(self) -> None:
        began = time.perf_counter()
        try:
            with self.tracing.tick(self.society.steps + 1):
                self.society.step()
        except (Halted, ModelError, Paused):
            # The tick is dropped, but what it took, retried and met is a fact: time, too, has a ceiling.
            self._note_telemetry(time.perf_counter() - began)
            raise
        if self._checkpoint_is_due():
            self._checkpoint()
        took = time.perf_counter() - began
        self._now = self._progress()
        self._note_telemetry(took)
        self.log.note("tick", seconds=round(took, 4), **self._now.json())
        self.tracing.measure(self._now)
        self.watch(self._now)

    def _checkpoint_is_due(self) -> bool:
        # Where no model is asked, a step costs less than forcing it to the disk, and nothing was paid for.
        soon = self.gateway is None and time.monotonic() - self._checkpointed < _UNPAID_S
        return not soon and self.society.steps % self.checkpoint_every == 0

    def _checkpoint(self) -> None:
        """Make all replies, then all steps that rest on them, safe from a power cut."""
        if self.replies is not None:
            self.replies.checkpoint()
        self.writer.checkpoint()
        self._checkpointed = time.monotonic()

    def _note_telemetry(self, took_s: float) -> None:
        """Leave the tick's wall-clock facts for the next commit."""
        facts = [("tick_s", took_s, "")]
        if self.gateway is not None:
            usage = self.gateway.usage
            facts += [
                (name, float(count), "")
                for name, count in (
                    ("retries", usage.retries - self._retries),
                    ("rate_limited", usage.rate_limited - self._rate_limited),
                )
                if count
            ]
            self._retries, self._rate_limited = usage.retries, usage.rate_limited
            facts += [fact for met in usage.met if met not in self.known for fact in self._meet(met)]
        at = time.time_ns() // 1000
        self.writer.append([Telemetry(at, self.society.steps, *fact) for fact in facts])

    def _meet(self, met: Met) -> Iterator[tuple[str, float, str]]:
        """Note a model that has not answered before, and warn if another did in its place."""
        before = [each for each in self.known if each.label == met.label]
        self.known[met] = self.society.steps
        yield "model", 1.0, json.dumps(met._asdict())
        if before:
            words = (
                f"endpoint '{met.label}' answers as {met.model} {met.fingerprint or '(no fingerprint)'}"
                f" since step {self.society.steps}, before as {before[-1].model}"
                f" {before[-1].fingerprint or '(no fingerprint)'}"
            )
            self.log.warn("model changed", detail=words)
            yield MODEL_CHANGED, 1.0, words

    def _interrupted(self, control: Control) -> Interrupted:
        return Interrupted(f"stopped by {control.stopped_by} at step {self.society.steps} of {self.steps}")

    def _stopped_at_once(self) -> StoppedAtOnce:
        what = f"stopped at once by a second Ctrl-C after step {self.society.steps} of {self.steps}"
        self.log.warn("stopped", why=what, **self._now.json())
        return StoppedAtOnce(what, remedy=f"what was committed is safe: {resume_command(self.out)}")

    def _saved(self, error: ModelError | RecordError | Paused) -> ModelError | RecordError | Paused:
        """Return `error` with the command that goes on, after saving what can be saved."""
        if isinstance(error, Paused | ModelError):
            self.writer.commit()
            self._checkpoint()
        self.log.warn("stopped", why=str(error), **self._now.json())
        hint = f"the run is saved: {resume_command(self.out)}"
        if isinstance(error, CeilingReached):
            hint += f" {error.place} HIGHER"
        remedy = f"{error.remedy}; {hint}" if error.remedy else hint
        return type(error)(error.what, place=error.place, remedy=remedy)


def resume_command(out: Path) -> str:
    """Return the command that goes on with a run."""
    return f"moltarium resume {shlex.quote(str(out))}"


def _nothing(*_: object) -> None:
    """Nobody asks a model: nothing to drain or to adapt."""


@contextmanager
def _signals(control: Control) -> Iterator[None]:
    """Let the first Ctrl-C (or SIGTERM, or the terminal's end) drain and save, the second stop at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(number: int, _frame: FrameType | None) -> None:
        if control.stopped_by is not None:
            raise KeyboardInterrupt
        control.stop(_SIGNALS[signal.Signals(number)])

    before = {number: signal.signal(number, note) for number in _SIGNALS}
    if before[signal.SIGHUP] is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # under nohup it is to outlive its terminal
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
