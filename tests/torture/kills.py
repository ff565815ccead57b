"""Kill a run with SIGKILL, at random moments and at every commit boundary, and resume it.

The forking parent has everything imported, holds no thread, no loop and no open database, so a life costs
little more than its work. Each life is a real process that writes a real record and asks a real server.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from moltarium.agents.reader import load_reader
from moltarium.scenarios.run import resume_run, start_run
from moltarium.scenarios.spec import Scenario
from moltarium.sim.llm import client as _client
from moltarium.sim.llm.replies import ReplyStore
from moltarium.sim.record.errors import MoltariumError
from moltarium.sim.record.schema import LlmCall
from moltarium.sim.record.store import RunReader
from moltarium.sim.record.writer import RunWriter
from tests.torture.server import Served, lively_process
from tests.torture.society import quiet, small

CONCURRENCY: Final = 4
"""Calls in flight at most while kills are random: so much may be asked again per kill."""
_PATIENCE_S: Final = 60.0


class Ending(NamedTuple):
    """What a finished run amounts to."""

    digest: str
    calls: int
    """Replies that were used."""
    replies: int
    """Replies on file."""


@dataclass(slots=True)
class Verdict:
    """What a series of kills came to."""

    kills: int = 0
    runs: int = 0
    boundaries: int = 0
    """Points at which a run was killed on purpose."""
    asked_again: int = 0
    """Answers that were under way when their process died."""
    faults: list[str] | None = None
    """What did not hold; empty if all is well."""

    def note(self, fault: str) -> None:
        """Note what did not hold."""
        self.faults = [*(self.faults or []), fault]


def live(scenario: Scenario, out: Path) -> None:
    """Start the run, or go on with it, as a user would."""
    if (out / "record.sqlite").exists():
        resume_run(out, watch=quiet, models=scenario.models)
    else:
        start_run(scenario, out, watch=quiet)


def life(work: Callable[[], None]) -> int:
    """Fork a process that does `work`, and return its id."""
    child = os.fork()
    if child:
        return child
    code = 4
    try:
        work()
        code = 0
    except MoltariumError:
        traceback.print_exc()
        code = 3
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(code)


def finished(child: int, within_s: float) -> int | None:
    """Wait for a process at most so long; return its wait status, ``None`` if it still lives."""
    until = time.monotonic() + within_s
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        rest = until - time.monotonic()
        if rest <= 0:
            return None
        time.sleep(min(0.002, rest))


def ending(out: Path) -> Ending:
    """Read what a finished run amounts to."""
    with RunReader(out) as record:
        digest, calls = record.digest(), record.count(LlmCall)
    with ReplyStore(out / "replies.sqlite") as replies:
        return Ending(digest, calls, replies.count())


def to_the_end(scenario: Scenario, out: Path) -> None:
    """Live one life to its end."""
    status = finished(life(lambda: live(scenario, out)), _PATIENCE_S)
    if status != 0:
        raise AssertionError(f"a life that nobody ended came to status {status}")


def random_kills(kills: int, seed: int, folder: Path) -> Verdict:
    """Kill runs at random moments until `kills` of them fell; each run is resumed until it is done."""
    verdict, draw = Verdict(), random.Random(seed)
    with lively_process() as server:
        scenario = _at(server, folder, CONCURRENCY)
        whole, span_s = _undisturbed(scenario, folder, server)
        while verdict.kills < kills:
            out = folder / "killed"
            before = verdict.kills
            while True:
                child = life(lambda out=out: live(scenario, out))  # type: ignore[misc]
                status = finished(child, draw.uniform(0.0, span_s))
                if status is None:
                    os.kill(child, signal.SIGKILL)
                    status = os.waitpid(child, 0)[1]
                if os.WIFSIGNALED(status):
                    verdict.kills += 1
                    continue
                break
            verdict.runs += 1
            if status != 0:
                verdict.note(f"run {verdict.runs}: a resumed life came to status {status}")
                break
            _compare(verdict, f"run {verdict.runs}", ending(out), whole)
            asked = server.asked(reset=True)
            again = asked.answers - whole.replies
            verdict.asked_again += again
            if not 0 <= again <= CONCURRENCY * (verdict.kills - before):
                verdict.note(f"run {verdict.runs}: {again} answers beyond those on file")
            shutil.rmtree(out)
    return verdict


def boundary_kills(limit: int | None, seed: int, folder: Path) -> Verdict:
    """Kill one run before, within and after every commit and every recorded reply.

    Parameters
    ----------
    limit
        Play only so many of the points, drawn by `seed`; ``None`` for all.
    seed
        Draws the points.
    folder
        Where the runs are written.
    """
    verdict = Verdict()
    with lively_process() as server:
        scenario = _at(server, folder, 1)
        whole, _ = _undisturbed(scenario, folder, server)
        points = _points(scenario, folder)
        server.asked(reset=True)
        chosen = list(range(len(points)))
        if limit is not None and limit < len(chosen):
            chosen = sorted(random.Random(seed).sample(chosen, limit))
        for number in chosen:
            out = folder / "killed"
            name = f"point {number} ({points[number]})"
            child = life(lambda out=out, number=number: _doomed(scenario, out, number))  # type: ignore[misc]
            status = finished(child, _PATIENCE_S)
            if status is None or not os.WIFSIGNALED(status):
                verdict.note(f"{name}: was never reached")
            to_the_end(scenario, out)
            verdict.kills += 1
            verdict.runs += 1
            verdict.boundaries += 1
            _compare(verdict, name, ending(out), whole)
            again = server.asked(reset=True).answers - whole.replies
            verdict.asked_again += again
            if again != (points[number] == "before put"):
                verdict.note(f"{name}: {again} answers were paid for twice")
            shutil.rmtree(out)
    return verdict


def _at(server: Served, folder: Path, concurrency: int) -> Scenario:
    load_reader()
    assert _client, "imported before any fork"
    return small(
        folder, f"models.default.base_url={server.base_url}", f"models.default.concurrency={concurrency}"
    )


def _undisturbed(scenario: Scenario, folder: Path, server: Served) -> tuple[Ending, float]:
    """Return what the run comes to if nobody kills it, and the seconds that it takes."""
    began = time.monotonic()
    to_the_end(scenario, folder / "whole")
    span_s = time.monotonic() - began
    whole = ending(folder / "whole")
    asked = server.asked(reset=True)
    assert asked.answers == asked.requests == asked.distinct == whole.replies > 10
    return whole, span_s


def _compare(verdict: Verdict, name: str, came: Ending, whole: Ending) -> None:
    if came != whole:
        verdict.note(f"{name}: {came} instead of {whole}")


class _Tripwire:
    """Counts the points that a life passes, and ends it at one of them."""

    def __init__(self, at: int | None) -> None:
        self.at = at
        self.passed: list[str] = []

    def touch(self, point: str) -> None:
        """Pass a point, if this life is to survive it."""
        if len(self.passed) == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed.append(point)

    def stretch(self) -> None:
        """Stretch the wire around every commit and every recorded reply of this process."""
        commit, put = RunWriter.commit, ReplyStore.put

        def wired_commit(writer: RunWriter, *, step: int | None = None) -> None:
            self.touch("before commit")
            database: sqlite3.Connection = writer._database
            database.set_trace_callback(lambda sql: self.touch("within commit") if sql == "COMMIT" else None)
            commit(writer, step=step)
            database.set_trace_callback(None)
            self.touch("after commit")

        def wired_put(store: ReplyStore, *given: Any, **named: Any) -> None:
            self.touch("before put")
            put(store, *given, **named)
            self.touch("after put")

        for kind, name, wired in ((RunWriter, "commit", wired_commit), (ReplyStore, "put", wired_put)):
            setattr(kind, name, wired)


def _doomed(scenario: Scenario, out: Path, number: int) -> None:
    _Tripwire(number).stretch()
    live(scenario, out)


def _points(scenario: Scenario, folder: Path) -> list[str]:
    """Return the points that an undisturbed life passes, in order."""
    said = folder / "points"

    def count() -> None:
        wire = _Tripwire(None)
        wire.stretch()
        live(scenario, folder / "counted")
        said.write_text("\n".join(wire.passed))

    assert finished(life(count), _PATIENCE_S) == 0
    return said.read_text().splitlines()


def play(kills: int, boundaries: int | None, seed: int) -> dict[str, Verdict]:
    """Play both kinds of kills in a folder of their own."""
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        return {
            "random": random_kills(kills, seed, Path(one)),
            "boundary": boundary_kills(boundaries, seed, Path(other)),
        }
