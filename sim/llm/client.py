"""One endpoint's client and the only retry loop there is.

Attempts are made through `openai.AsyncOpenAI` on its aiohttp transport with its own retries switched off. A
call that fails in transport is tried again at most `Endpoint.retries` times, so that exactly that many plus
one requests can reach the server; finding out an endpoint's dialect may add a few at the very start of a run.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Final, NoReturn

import aiohttp
import httpx2
import openai

from moltarium.agents.interface import Message, Reply, Request
from moltarium.sim.llm.bounded import bound
from moltarium.sim.llm.budget import Budget, Cost
from moltarium.sim.llm.endpoint import Endpoint
from moltarium.sim.llm.failures import RETRYABLE, Failure, Halted, Trouble, backoff, classify
from moltarium.sim.llm.keys import Keyed, Salt, keyed
from moltarium.sim.llm.lane import Lane
from moltarium.sim.llm.usage import Usage
from moltarium.sim.llm.wire import Dialect, body, parse, path, unanswerable
from moltarium.sim.record.errors import ModelRefusedAccess, ModelUnavailable

_JSON: Final = {"Content-Type": "application/json"}
_TOKENS_PER_CHAR: Final = 0.4
"""What a prompt is taken for until the endpoint has reported usage: more than English text needs."""
_MARGIN: Final = 1.1
"""How much denser than the first prompt others are taken to be."""
_FINGERPRINT: Final = re.compile(rb'"system_fingerprint"\s*:\s*"([^"\\]{1,80})"')
"""Can't match inside an answer's text: quotes are escaped there."""
_IDLE_S: Final = 120.0
"""How long a connection is kept for the next tick."""
_NO_KEY: Final = (
    "no key was sent, for none was found: set OPENAI_API_KEY, or the variable that the scenario names in"
    " `api_key_env`, or name a file in `api_key_file`"
)
_FEWER: Final = ", or with lower `requests_per_min`, `tokens_per_min` or `concurrency`, or more `retries`"
"""What helps where an endpoint has had too many calls."""
_CONNECTIONS: Final = 2**14
"""More than may ever be in flight: the lane alone holds calls back, whose ceiling can be raised on the way. A
call that waited for a connection would spend its deadline there."""


class Client:
    """Everything about one endpoint: its connections, its gate, its dialect. Lives in one event loop."""

    def __init__(self, endpoint: Endpoint, usage: Usage, halted: asyncio.Event, budget: Budget) -> None:
        self.endpoint = endpoint
        self.lane = Lane(
            endpoint.concurrency,
            start=endpoint.concurrency_start,
            floor=endpoint.concurrency_floor,
            requests_per_min=endpoint.requests_per_min,
            tokens_per_min=endpoint.tokens_per_min,
        )
        self._usage = usage
        self._budget = budget
        self._tokens_per_char = _TOKENS_PER_CHAR
        self._answered_once = False
        self._halted = halted
        self._dialect = Dialect.of(endpoint.structured)
        self._answered = False
        self._model = endpoint.model
        self._naming = asyncio.Lock()
        self._openai = openai.AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.api_key.reveal() or "none",
            max_retries=0,
            timeout=endpoint.deadline_s,
            http_client=openai.DefaultAioHttpClient(
                trust_env=not endpoint.local,
                timeout=endpoint.deadline_s,
                headers={"Accept-Encoding": "identity"},
                event_hooks={"response": [bound]},
                limits=httpx2.Limits(
                    max_connections=_CONNECTIONS,
                    max_keepalive_connections=_CONNECTIONS,
                    keepalive_expiry=_IDLE_S,
                ),
            ),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._openai.close()

    async def ask(self, sought: Keyed, request: Request, *, begun: bool) -> Reply:
        """Return the model's reply to one request.

        Raises
        ------
        ModelUnavailable, ModelRefusedAccess
            If it can't be had.
        CeilingReached
            If it might exceed a ceiling.
        Halted
            If the run stopped before it was sent.
        """
        failures = 0
        while True:
            worst = self._worst(sought, request)
            await self.lane.enter(begun=begun or failures > 0, tokens=worst.tokens)
            try:
                self._unless_halted()
                dialect = self._dialect
                model = self._model or await self._first_model()
                answer = await self._within_budget(worst, request, model, sought, dialect)
            finally:
                self.lane.leave()
            if isinstance(answer, Reply):
                return answer
            if self._learn(dialect, answer, request):
                continue
            refused_all = answer.trouble is Trouble.UNSUPPORTED and not self._answered
            if not refused_all and (empty := unanswerable(answer, model)) is not None:
                return empty
            wait_s = self._wait(answer, failures, sought.key)
            failures += 1
            self._usage.retries += 1
            await self._rest(wait_s)

    def _unless_halted(self) -> None:
        if self._halted.is_set():
            raise Halted

    def _worst(self, sought: Keyed, request: Request) -> Cost:
        """Return what a call may cost at most, as far as this endpoint's answers so far can tell."""
        asked = int(len(sought.text) * self._tokens_per_char) + 1
        return Cost(self.endpoint.cost(asked, 0, request.max_tokens), asked + request.max_tokens)

    async def _within_budget(
        self, worst: Cost, request: Request, model: str, sought: Keyed, dialect: Dialect
    ) -> Reply | Failure:
        """Attempt once what the ceilings allow, and settle what it cost."""
        while not self._budget.reserve(worst):
            await self._budget.room()
            self._unless_halted()
        actual = Cost()
        try:
            answer = await self._attempt(request, model, sought, dialect)
            if isinstance(answer, Reply):
                usd = self.endpoint.cost(answer.tokens_in, answer.tokens_cached, answer.tokens_out)
                actual = Cost(usd, answer.tokens_in + answer.tokens_out)
                if not answer.estimated:
                    self._calibrate(answer.tokens_in / max(1, len(sought.text)))
        finally:
            self._budget.settle(worst, actual)
            self.lane.correct(worst.tokens - actual.tokens)
        return answer

    def _calibrate(self, tokens_per_char: float) -> None:
        """Learn the endpoint's tokenizer from its usage: the densest prompt so far stands for the worst."""
        if self._answered_once:
            self._tokens_per_char = max(self._tokens_per_char, tokens_per_char)
        else:
            self._answered_once = True
            self._tokens_per_char = tokens_per_char * _MARGIN

    def _learn(self, dialect: Dialect, failure: Failure, request: Request) -> bool:
        """Whether another dialect is left to try; another call may have found it out meanwhile."""
        if failure.trouble is Trouble.UNSUPPORTED and dialect is self._dialect:
            learned = dialect.after(failure, request)
            self._dialect = learned or dialect
            return learned is not None
        return failure.trouble is Trouble.UNSUPPORTED

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._halted.wait(), seconds)
        except TimeoutError:
            return
        raise Halted

    async def _attempt(
        self, request: Request, model: str, sought: Keyed, dialect: Dialect
    ) -> Reply | Failure:
        """Send once, and note how it went."""
        loop = asyncio.get_running_loop()
        sent = loop.time()
        payload = body(request, model, sought.sampling_seed, dialect)
        content = await self._content("post", path(request), payload)
        answer = parse(content, request, model) if isinstance(content, bytes) else content
        if isinstance(answer, Reply):
            self.lane.succeeded()
            self._answered = True
            if dialect is self._dialect:
                self._dialect = dialect.proven(request)
            cost = self.endpoint.cost(answer.tokens_in, answer.tokens_cached, answer.tokens_out)
            self._usage.add(answer, cost, loop.time() - sent)
            if isinstance(content, bytes):
                mark = _FINGERPRINT.search(content)
                said = "" if mark is None else mark[1].decode("utf-8", "replace")
                self._usage.meet(self.endpoint.label, answer.model, said)
            return answer
        self._usage.troubles[answer.trouble] += 1
        if answer.trouble is Trouble.RATE_LIMITED:
            self.lane.crowded()
        elif answer.trouble in RETRYABLE:
            self.lane.failed(backoff(sought.key, self.lane.failed_probes, self.endpoint.backoff_s))
        return answer

    async def _content(self, method: str, where: str, payload: bytes | None = None) -> bytes | Failure:
        """Return the body of a 200, or the classified failure of one HTTP exchange; the key in neither."""
        mask = self.endpoint.api_key.mask_bytes
        try:
            async with asyncio.timeout(self.endpoint.deadline_s):
                if method == "get":
                    content = await self._openai.get(where, cast_to=bytes)
                else:
                    content = await self._openai.post(
                        where, cast_to=bytes, content=payload, options={"headers": _JSON}
                    )
                return mask(content)
        except openai.APIStatusError as error:
            response = error.response
            return classify(response.status_code, response.headers, mask(response.content), time.time())
        except TimeoutError:
            return Failure(Trouble.TIMED_OUT, f"none after {self.endpoint.deadline_s:g} s")
        except openai.APIConnectionError as error:
            cause = error.__cause__ or error
            if isinstance(cause, httpx2.ReadTimeout | httpx2.PoolTimeout):
                return Failure(Trouble.TIMED_OUT, f"none after {self.endpoint.deadline_s:g} s")
            return Failure(Trouble.UNREACHABLE, f"{cause}" or type(cause).__name__)
        except (aiohttp.ClientError, OSError) as error:
            return Failure(Trouble.UNREACHABLE, f"{error}" or type(error).__name__)

    def _wait(self, failure: Failure, failures: int, key: str) -> float:
        """Return how long to wait before another attempt, or raise if there is none."""
        if failure.trouble not in RETRYABLE:
            self._refuse(failure)
        own = backoff(key, failures, self.endpoint.backoff_s)
        asked = failure.wait_s
        if asked is not None and asked > self.endpoint.patience_s:
            self._give_up(f"it asks to wait {asked:.0f} s ({failure.detail})")
        if failures >= self.endpoint.retries or self.lane.failed_probes > self.endpoint.retries:
            hint = _FEWER if failure.trouble is Trouble.RATE_LIMITED else ""
            self._give_up(f"{failure.trouble.value} ({failure.detail}), {failures + 1} attempts", hint)
        if asked is None:
            return own
        if failure.trouble is Trouble.RATE_LIMITED:
            self.lane.hold(asked)
        return asked + own * 0.1

    def _give_up(self, why: str, hint: str = "") -> NoReturn:
        endpoint = self.endpoint
        raise ModelUnavailable(
            f"model endpoint '{endpoint.label}' is unavailable: {endpoint.api_key.mask(why)}",
            place=endpoint.place,
            remedy="nothing of this step was committed and all replies are kept: resume once it answers"
            + hint,
        )

    def _refuse(self, failure: Failure) -> NoReturn:
        endpoint = self.endpoint
        remedy = {
            Trouble.NO_ACCESS: "check the key in the environment variable or file that the scenario names, "
            "the model's name, and that the URL ends in /v1",
            Trouble.OUT_OF_QUOTA: "top the account up, then resume: all replies are kept",
        }.get(failure.trouble, "set `structured` for this endpoint, or use another model")
        if failure.status in {401, 403} and not endpoint.api_key.reveal():
            remedy = _NO_KEY
        raise ModelRefusedAccess(
            f"model endpoint '{endpoint.label}' refused: {failure.trouble.value}"
            f" ({endpoint.api_key.mask(failure.detail)})",
            place=endpoint.place,
            remedy=remedy,
        )

    async def _list(self) -> list[str] | Failure:
        content = await self._content("get", "/models")
        if not isinstance(content, bytes):
            return content
        try:
            return [str(listed["id"]) for listed in json.loads(content)["data"]]
        except (ValueError, LookupError, TypeError):
            return Failure(Trouble.GARBLED, "its list of models can't be read", status=200)

    async def _listed(self) -> list[str] | Failure:
        """Return the endpoint's models, tried as often as any call."""
        failures = 0
        while True:
            listed = await self._list()
            if not isinstance(listed, Failure) or listed.trouble not in RETRYABLE:
                return listed
            asked = listed.wait_s or 0.0
            if failures >= self.endpoint.retries or asked > self.endpoint.patience_s:
                return listed
            await self._rest(max(asked, backoff("models", failures, self.endpoint.backoff_s)))
            failures += 1

    async def _first_model(self) -> str:
        async with self._naming:
            if self._model is None:
                listed = await self._listed()
                if isinstance(listed, Failure) and listed.trouble in RETRYABLE:
                    self._give_up(f"{listed.trouble.value} ({listed.detail})")
                if isinstance(listed, Failure):
                    self._refuse(listed)
                if not listed:
                    self._refuse(Failure(Trouble.NO_ACCESS, "it lists no model"))
                self._model = listed[0]
        return self._model

    async def preflight(self) -> str:
        """Check address, key and model; return the model's name.

        A listed model is believed. One that isn't listed (aliases, routers) is asked for one token.

        Raises
        ------
        ModelError
            If the endpoint can't be used.
        """
        if self._model is None:
            return await self._first_model()
        listed = await self._listed()
        if not isinstance(listed, Failure) and self._model in listed:
            return self._model
        if isinstance(listed, Failure) and listed.trouble in RETRYABLE:
            self._give_up(f"{listed.trouble.value} ({listed.detail})")
        if isinstance(listed, Failure) and listed.status in {401, 403}:
            self._refuse(listed)
        probe = Request("preflight", (Message("user", "Hi"),), max_tokens=1)
        await self.ask(keyed(probe, self._model, Salt(0, "", 0, 0)), probe, begun=True)
        return self._model
