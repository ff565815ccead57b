"""Where a model is asked: an address, a key that never shows itself, and the limits of politeness."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final, Literal, TypeAlias
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from moltarium.sim.llm.prices import FREE, Prices
from moltarium.sim.record.errors import ScenarioError

_SECRET: Final = re.compile(r"key|token|secret|password|auth|sig", re.IGNORECASE)
"""Names of fields in an address that would hold a credential."""

Structured: TypeAlias = Literal["auto", "json_schema", "tool", "json"]
"""How a schema-bound answer is asked for."""


_SHORTEST: Final = 8
"""Characters that an API key has at least: a shorter one may stand in a text by chance."""


class Secret:
    """An API key that shows itself only when asked for by name.

    Its ``repr``, ``str`` and every format of it are masked, so it can't slip into a log or a message.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the key itself, to be handed to the HTTP client and to nothing else."""
        return self._value

    def mask(self, text: str) -> str:
        """Return `text` with every occurrence of the key blotted out."""
        return text.replace(self._value, "***") if self._value else text

    def mask_bytes(self, data: bytes) -> bytes:
        """Return an answer with every occurrence of the key blotted out, unless it is too short to be one."""
        key = self._value.encode()
        return data.replace(key, b"***") if len(key) >= _SHORTEST else data

    def __repr__(self) -> str:
        return "Secret('***')" if self._value else "Secret('')"

    __str__ = __repr__

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is never pickled")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One OpenAI-compatible model endpoint. Only `label` and `model` have a meaning for the result.

    Raises
    ------
    ScenarioError
        If the URL holds credentials (a scenario file is shared, a key is not), or is no web address.
    """

    label: str
    """What `Request.model` says."""
    base_url: str
    """URL ending in ``/v1``."""
    model: str | None = None
    """The model's name there; ``None`` takes the first that the endpoint lists."""
    api_key: Secret = field(default_factory=lambda: Secret(""))
    structured: Structured = "auto"
    """How schema-bound answers are asked for; auto goes down from json_schema to tool to json."""
    deadline_s: float = 60.0
    """Longest time for one attempt, from sending to the last byte."""
    concurrency: int = 16
    """Calls in flight at most."""
    concurrency_start: int | None = None
    """Calls in flight at first; ``None`` begins at the ceiling."""
    concurrency_floor: int = 1
    """Calls in flight that a burst of 429s can't push the limit below."""
    requests_per_min: float | None = None
    """Attempts per minute at most."""
    tokens_per_min: float | None = None
    """Tokens of prompts and answers per minute at most."""
    retries: int = 4
    """Further attempts after one that failed in transport."""
    patience_s: float = 120.0
    """Longest wait that a server may ask for; beyond it the run pauses and says so."""
    backoff_s: float = 0.5
    """Mean wait before the first further attempt; doubles from attempt to attempt."""
    prices: Prices | None = FREE
    """``None`` where nobody knows them: then no cost is counted, and no ceiling in dollars can be kept."""

    def __post_init__(self) -> None:
        if not self._is_web_address():
            raise ScenarioError(
                f"the address of model endpoint '{self.label}' is no web address",
                place=f"models.{self.label}.base_url",  # the address may be garbled around a password
                remedy="give a URL that ends in /v1, for example http://127.0.0.1:8000/v1, or `embedded`",
            )
        parts = urlsplit(self.base_url)
        if "@" in parts.netloc or any(_SECRET.search(name) for name, _ in parse_qsl(parts.query, True)):
            raise ScenarioError(
                f"the address of model endpoint '{self.label}' holds credentials",
                place=self.place,
                remedy="take them out and name the environment variable that holds the key",
            )

    def _is_web_address(self) -> bool:
        try:
            parts = urlsplit(self.base_url)
            return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            return False

    @property
    def place(self) -> str:
        """The URL without credentials, query and fragment: what messages may show."""
        parts = urlsplit(self.base_url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))

    @property
    def local(self) -> bool:
        """Whether it runs on this machine, so that no proxy lies between."""
        host = urlsplit(self.base_url).hostname or ""
        try:
            return host == "localhost" or ip_address(host).is_loopback
        except ValueError:
            return False  # a name: it may begin with 127 and lead anywhere

    def cost(self, tokens_in: int, tokens_cached: int, tokens_out: int) -> float:
        """Return what a call costs in US dollars; 0 where no price is known."""
        return 0.0 if self.prices is None else self.prices.cost(tokens_in, tokens_cached, tokens_out)

    @property
    def meaning(self) -> str:
        """The model as it enters a request's key: its name, or the label where none was given."""
        return self.model or self.label
