"""The only code that awaits a model: it drives many thoughts at once and keeps their order.

Minds are generators and know nothing of this. A thought's replies depend on its own requests alone, each
reply is recorded before it is used, and outcomes come back in the order of their thoughts: so neither the
concurrency nor the order in which answers arrive, nor a death half-way, changes a run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

from moltarium.agents.interface import Action, Reply, Request, Thought
from moltarium.sim.counting import prompt_bytes
from moltarium.sim.llm.budget import Budget
from moltarium.sim.llm.endpoint import Endpoint
from moltarium.sim.llm.failures import Halted
from moltarium.sim.llm.keys import Keyed, Salt, keyed, text_sha
from moltarium.sim.llm.replies import ReplyStore
from moltarium.sim.llm.usage import Usage
from moltarium.sim.record.errors import CeilingReached, ModelError, ModelUnavailable, ScenarioError

if TYPE_CHECKING:
    from moltarium.sim.llm.client import Client

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pending:
    """A thought that waits for replies."""

    agent: str
    index: int
    """The agent's number in its society."""
    step: int
    thought: Thought
    """Already advanced to its first yield."""
    asks: Sequence[Request]
    """What it yielded."""


class Call(NamedTuple):
    """One model call whose reply was used."""

    purpose: str
    request_sha: str
    """SHA-256 of `request_text`, and the reply's key in the cache."""
    request_text: str
    """Canonical JSON of request and salt."""
    reply_sha: str
    """SHA-256 of `reply_text`."""
    reply_text: str
    model: str
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    cost_usd: float
    """By the endpoint's prices; 0 for a model without any."""
    estimated: bool
    """True where the endpoint did not report its usage."""
    prompt_bytes: int
    """Length of what was said in the request, without its schema."""


class Outcome(NamedTuple):
    """How a thought ended."""

    actions: Sequence[Action]
    calls: tuple[Call, ...]
    """In the order in which they were asked."""


class Progress(NamedTuple):
    """How far one `Gateway.think` is."""

    done: int
    """Thoughts that ended."""
    total: int
    in_flight: int
    """Calls in flight."""
    usage: Usage


class Gateway:
    """Asks models on behalf of minds.

    Parameters
    ----------
    endpoints
        Endpoints by label.
    replies
        Where replies are recorded and looked up first.
    seed
        The run's seed: part of every request's key.
    on_progress
        Called after every thought that ends.
    budget
        The ceilings, and what is left under them; none if left out.
    """

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        replies: ReplyStore,
        seed: int,
        on_progress: Callable[[Progress], None] | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._endpoints = dict(endpoints)
        self._replies = replies
        self._seed = seed
        self.on_progress = on_progress
        self._runner: asyncio.Runner | None = None
        self._clients: dict[str, Client] = {}
        self._halted = asyncio.Event()
        self._stopping = False
        self._done = 0
        self.usage = Usage()
        self.budget = Budget() if budget is None else budget

    def think(self, pending: Sequence[Pending]) -> list[Outcome]:
        """Drive thoughts to their ends and return their outcomes in the order given.

        Each thought goes at its own pace; the requests of one yield go out together. At most
        `Endpoint.concurrency` calls are in flight per endpoint.

        Raises
        ------
        ModelUnavailable, ModelRefusedAccess
            If a reply can't be had. Replies in flight are awaited and recorded first; thinking the same
            thoughts again then asks only for what is missing.
        CeilingReached
            Likewise, if the next call might exceed a ceiling.
        Halted
            Likewise, if `stop` was called.
        ScenarioError
            If a request names an endpoint that isn't there.
        """
        if not pending:
            return []
        self._done = 0
        self._replies.catch_up()
        return self._wait_for(self._think(pending))

    def preflight(self) -> dict[str, str]:
        """Check every endpoint's address, key and model before the first action.

        Returns
        -------
        dict[str, str]
            The model's name by endpoint label.

        Raises
        ------
        ModelUnavailable, ModelRefusedAccess
            With the place, never with a key.
        """
        try:
            return self._wait_for(self._preflight())
        except ModelUnavailable as error:
            remedy = "nothing was asked or written yet: check the address, start the server, and say it again"
            raise ModelUnavailable(error.what, place=error.place, remedy=remedy) from error

    @property
    def in_flight(self) -> int:
        """Calls in flight. From any thread."""
        return sum(client.lane.in_flight for client in list(self._clients.values()))

    @property
    def limit(self) -> int:
        """Calls that may be in flight now, over all endpoints asked so far. From any thread."""
        return sum(client.lane.limit for client in list(self._clients.values()))

    def stop(self) -> None:
        """Send nothing more, for good, and record what is in flight.

        May be called from any thread and from a signal's handler.
        """
        self._stopping = True
        self._soon(self._halt)

    def set_concurrency(self, calls: int) -> None:
        """Change how many calls per endpoint may be in flight at most. From any thread."""
        self._endpoints = {label: replace(each, concurrency=calls) for label, each in self._endpoints.items()}

        def tell() -> None:
            for client in self._clients.values():
                client.lane.set_ceiling(calls)

        self._soon(tell)

    def _soon(self, work: Callable[[], object]) -> None:
        """Have the loop do something, at once or when it next runs."""
        if self._runner is not None:
            with suppress(RuntimeError):  # closed meanwhile: there is nothing left to do it to
                self._runner.get_loop().call_soon_threadsafe(work)

    def close(self) -> None:
        """Close all connections. The reply store stays open: it is its maker's to close."""
        if self._runner is None:
            return
        self._wait_for(self._close_clients())
        self._runner.close()
        self._runner = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end in the one loop kept open over ticks, so that connections stay warm."""
        if self._runner is None:
            self._runner = asyncio.Runner()
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._runner.run(work)
        # A notebook runs a loop in this very thread, and loops don't nest.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(self._runner.run, work).result()

    def _client(self, label: str) -> Client:
        client = self._clients.get(label)
        if client is None:
            from moltarium.sim.llm.client import Client

            client = self._clients[label] = Client(
                self._endpoint(label), self.usage, self._halted, self.budget
            )
        return client

    def _endpoint(self, label: str) -> Endpoint:
        try:
            return self._endpoints[label]
        except KeyError:
            raise ScenarioError(
                f"a mind asks for the model '{label}', which is not declared",
                place="[models]",
                remedy=f"declare it, or use one of: {', '.join(sorted(self._endpoints))}",
            ) from None

    async def _close_clients(self) -> None:
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    async def _preflight(self) -> dict[str, str]:
        self._halted.clear()
        return {label: await self._client(label).preflight() for label in sorted(self._endpoints)}

    async def _think(self, pending: Sequence[Pending]) -> list[Outcome]:
        self._halted.clear()
        if self._stopping:
            self._halt()
        tasks = [asyncio.ensure_future(self._drive(each, len(pending))) for each in pending]
        for task in tasks:
            task.add_done_callback(_noticed)
        left_s = self.budget.wall_left_s
        timer = None if left_s is None else asyncio.get_running_loop().call_later(left_s + 1e-3, self._halt)
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            # The first Ctrl-C: what is in flight was paid for. A second one ends the loop at once.
            self._halt()
            await asyncio.wait(tasks)
            raise
        finally:
            if timer is not None:
                timer.cancel()
        errors = [error for task in tasks if (error := task.exception()) is not None]
        if errors:
            first = min(errors, key=_follows)
            if isinstance(first, Halted) and not self._stopping:
                self.budget.check()
            raise first
        return [task.result() for task in tasks]

    async def _drive(self, pending: Pending, total: int) -> Outcome:
        calls: list[Call] = []
        asks = pending.asks
        try:
            while True:
                replies = await self._answers(pending, asks, calls)
                try:
                    asks = pending.thought.send(replies)
                except StopIteration as end:
                    outcome = Outcome(end.value, tuple(calls))
                    break
        except BaseException:
            self._halt()
            raise
        self._done += 1
        if self.on_progress is not None:
            self.on_progress(Progress(self._done, total, self.in_flight, self.usage))
        return outcome

    async def _answers(self, pending: Pending, asks: Sequence[Request], calls: list[Call]) -> list[Reply]:
        """Return the replies to one yield, and note them as calls."""
        begun = bool(calls)
        sought = [
            keyed(
                ask,
                self._endpoint(ask.model).meaning,
                Salt(self._seed, pending.agent, pending.step, len(calls) + place),
            )
            for place, ask in enumerate(asks)
        ]
        found = [self._replies.get(each.key) for each in sought]
        self.usage.hits += sum(reply is not None for reply in found)
        missing = [place for place, reply in enumerate(found) if reply is None]
        if len(missing) == 1:
            place = missing[0]
            found[place] = await self._fetch(sought[place], asks[place], begun)
        elif missing:
            fetched = await asyncio.gather(
                *(self._fetch(sought[place], asks[place], begun) for place in missing),
                return_exceptions=True,
            )
            errors = [reply for reply in fetched if isinstance(reply, BaseException)]
            if errors:
                raise min(errors, key=_follows)
            for place, reply in zip(missing, fetched, strict=True):
                found[place] = None if isinstance(reply, BaseException) else reply
        replies = [reply for reply in found if reply is not None]
        calls += map(self._call, asks, sought, replies)
        return replies

    async def _fetch(self, sought: Keyed, ask: Request, begun: bool) -> Reply:
        try:
            reply = await self._client(ask.model).ask(sought, ask, begun=begun)
        except BaseException:
            self._halt()
            raise
        self._replies.put(sought.key, sought.text, reply)
        return reply

    def _halt(self) -> None:
        """Send nothing more; let what is in flight arrive."""
        if not self._halted.is_set():
            self._halted.set()
            self.budget.wake()
            for client in self._clients.values():
                client.lane.open_wide()

    def _call(self, ask: Request, sought: Keyed, reply: Reply) -> Call:
        cost = self._endpoint(ask.model).cost(reply.tokens_in, reply.tokens_cached, reply.tokens_out)
        return Call(
            ask.purpose,
            sought.key,
            sought.text,
            text_sha(reply.text),
            reply.text,
            reply.model,
            reply.tokens_in,
            reply.tokens_cached,
            reply.tokens_out,
            cost,
            reply.estimated,
            prompt_bytes(ask),
        )


def _noticed(task: asyncio.Task[Outcome]) -> None:
    """Look at a thought's error, lest the loop tell of it when a second Ctrl-C left nobody to."""
    if not task.cancelled():
        task.exception()


def _follows(error: BaseException) -> int:
    """Order errors by how much they explain: a fault of ours, then the model's, then those that follow."""
    if isinstance(error, Halted):
        return 2
    return 1 if isinstance(error, ModelError | CeilingReached) else 0
