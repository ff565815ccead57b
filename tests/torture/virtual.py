"""A world without a real second, byte or model in it: the clock jumps, disk and model fail on demand."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson

from moltarium.agents.interface import Reply
from moltarium.sim.llm.failures import Failure, Trouble, classify
from moltarium.sim.llm.gateway import Gateway
from moltarium.sim.record.digest import digest
from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import Blob, R, Row, Run
from tests.torture.society import lively_answer


class _JumpingSelector(selectors.SelectSelector):
    """Never waits: time passes by the wait that was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Jump ahead and return what is ready (nothing ever is, but the loop's own pipe)."""
        ready = super().select(0)
        if not ready and timeout is not None:
            self.now += timeout
        elif not ready:
            raise AssertionError("nothing is ready and nothing will ever be: a call was forgotten")
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which a day of waiting takes no time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the loop's own seconds."""
        return self._jumping.now


class PowerCut(BaseException):
    """The process is gone, at this very point. Nothing of ours may catch it."""


RATES: Final = {"429": 0.05, "500": 0.05, "cut": 0.05, "garbled": 0.05, "html": 0.02, "hang": 0.02}
"""How often a call fails in each way."""


class Model:
    """A fake endpoint behind the client's one HTTP exchange.

    Parameters
    ----------
    draw
        Draws its transport faults; ``None`` for a faultless one.
    """

    def __init__(self, draw: random.Random | None) -> None:
        self.draw = draw
        self.answered: Counter[bytes] = Counter()
        """Full answers by request: what was paid for."""
        self.tries: Counter[bytes] = Counter()
        """Requests by body since `begin`."""
        self.outage = 0
        """Calls that still fail, all of them."""

    def begin(self) -> None:
        """Begin another life's count of tries."""
        self.tries.clear()

    async def content(self, method: str, where: str, payload: bytes | None = None) -> bytes | Failure:
        """Stand in for `Client._content`."""
        assert payload is not None
        self.tries[payload] += 1
        draw = self.draw
        await asyncio.sleep(0.05 if draw is None else draw.expovariate(1.0))
        if draw is not None:
            if self.outage:
                self.outage -= 1
                return classify(503, {}, b"down for a while")
            place = draw.random()
            for kind, rate in RATES.items():
                place -= rate
                if place < 0:
                    return await self._fault(kind, draw)
        body = orjson.loads(payload)
        self.answered[payload] += 1
        return _completion(body, chat=where.endswith("chat/completions"))

    async def _fault(self, kind: str, draw: random.Random) -> bytes | Failure:
        if kind == "429":
            after = draw.choice(
                [{}, {"retry-after": "3"}, {"retry-after-ms": "80"}, {"retry-after": "99999"}]
            )
            return classify(429, after, b"slow down")
        if kind == "500":
            return classify(500, {}, b"oops")
        if kind == "cut":
            return Failure(Trouble.UNREACHABLE, "cut")
        if kind == "html":
            return b"<html>502</html>"
        if kind == "garbled":
            return b'{"choices": [{"mess'
        await asyncio.sleep(60)
        return Failure(Trouble.TIMED_OUT, "none after 60 s")


def _completion(body: dict[str, Any], *, chat: bool) -> bytes:
    text = lively_answer(body)
    prompt = len(orjson.dumps(body.get("messages") or body.get("prompt"))) // 4
    choice: dict[str, Any] = {"finish_reason": "stop"}
    choice |= {"message": {"content": text}} if chat else {"text": text}
    usage = {"prompt_tokens": prompt, "completion_tokens": len(text) // 4}
    return orjson.dumps({"model": "stub", "choices": [choice], "usage": usage})


class VirtualGateway(Gateway):
    """The real gateway, lanes and retry loop, on virtual time and a fake wire."""

    def __init__(self, model: Model, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._model = model
        self._runner = asyncio.Runner(loop_factory=VirtualLoop)

    def _client(self, label: str) -> Any:
        client = super()._client(label)
        client._content = self._model.content  # type: ignore[method-assign]
        return client


class Disk:
    """A disk that holds one run: what is on its platter, and what only its cache holds.

    Parameters
    ----------
    run
        The run's row.
    draw
        Draws its faults; ``None`` for a faultless one.
    """

    def __init__(self, run: Run, draw: random.Random | None) -> None:
        self.run = run
        self.draw = draw
        self.commits: list[tuple[int, tuple[Row, ...]]] = []
        self.replies: dict[str, Reply] = {}
        self.safe_commits = 0
        """Commits that a power cut can't take."""
        self.safe_replies: set[str] = set()
        self.lost: Counter[str] = Counter()
        """What power cuts took, what a full disk refused, and where the process ended."""
        self.puts = 0
        """Replies ever written."""
        self.dead = False
        """Whether this life is over: nothing that its remains still try has any effect."""

    def strike(self, where: str) -> None:
        """Fail here, if the disk's draw says so: full, or the end of the process."""
        if self.dead:
            raise PowerCut
        if self.draw is None:
            return
        place = self.draw.random()
        if place < 0.01:
            self.lost[f"full at {where}"] += 1
            raise RecordError("the disk is full", remedy="free some space")
        if place < 0.025:
            self.lost[f"killed at {where}"] += 1
            self.dead = True
            raise PowerCut

    def cut_power(self) -> None:
        """Take what no checkpoint has made safe, as a power cut may: a tail, never a middle."""
        self.dead = False
        if self.draw is not None and self.draw.random() < 0.3:
            keep = self.draw.randint(self.safe_commits, len(self.commits))
            self.lost["commits"] += len(self.commits) - keep
            del self.commits[keep:]
            unsafe = [key for key in self.replies if key not in self.safe_replies]
            gone = unsafe[self.draw.randint(0, len(unsafe)) :]
            self.lost["replies"] += len(gone)
            for key in gone:
                del self.replies[key]

    def checkpoint(self) -> None:
        """Make safe what is there."""
        self.safe_commits = len(self.commits)
        self.safe_replies = set(self.replies)


class Ledger:
    """A tick's rows on their way to the disk; a failed commit leaves the disk as it was."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._pending: list[Row] = []

    def append(self, rows: Sequence[Row]) -> None:
        """Take rows for the next commit."""
        self._pending.extend(rows)

    def put_blobs(self, blobs: Sequence[Blob]) -> None:
        """Take texts for the next commit."""
        self._pending.extend(blobs)

    def commit(self, *, step: int) -> None:
        """Write it all, or nothing; the process may end on either side."""
        self._disk.strike("commit")
        self._disk.commits.append((step, tuple(self._pending)))
        self._pending = []
        self._disk.strike("commit, after")


class Store:
    """The reply cache on the fake disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def catch_up(self) -> None:
        """Do nothing: this disk has one process at a time, and it looks at the disk itself."""

    def get(self, key: str) -> Reply | None:
        """Return a reply that is on the disk."""
        return self._disk.replies.get(key)

    def put(self, key: str, request_text: str, reply: Reply, *given: Any, **named: Any) -> None:
        """Record a reply, or fail to; the process may end on either side."""
        self._disk.strike("reply")
        self._disk.puts += key not in self._disk.replies
        self._disk.replies.setdefault(key, reply)
        self._disk.strike("reply, after")


class Log:
    """What is on the disk, as a reader of the record sees it."""

    def __init__(self, disk: Disk) -> None:
        self._steps = [step for step, _ in disk.commits]
        tables: dict[type[Any], list[Row]] = {}
        for _, rows in disk.commits:
            for row in rows:
                tables.setdefault(type(row), []).append(row)
        self.record = MemoryRecord(disk.run, tables)
        self._blobs = {blob.sha: blob.text for blob in self.record.rows(Blob)}
        self._last_seq = max(
            (int(row[0]) for table, rows in tables.items() if table._fields[0] == "seq" for row in rows),
            default=-1,
        )

    def rows(self, table: type[R]) -> Iterator[R]:
        """All rows of one table."""
        return self.record.rows(table)

    def last_step(self) -> int | None:
        """The last committed step."""
        return max(self._steps, default=None)

    def last_seq(self) -> int:
        """The highest number of a row."""
        return self._last_seq

    def blob(self, sha: str) -> str | None:
        """The text with this hash."""
        return self._blobs.get(sha)

    def digest(self) -> str:
        """The record's digest."""
        return digest(self.record)
