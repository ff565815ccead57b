"""The key of a model call: a hash over all that has meaning for its answer, and over nothing else.

A key holds the model, what is asked, how it is sampled, and a salt (seed, agent, step, call) that keeps equal
prompts independent draws. Addresses, deadlines, retries and the way in which a server enforces a schema stay
outside: moving a run to another machine must not make it pay again.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from moltarium.agents.interface import Request


class Salt(NamedTuple):
    """The address of one call in one run."""

    seed: int
    agent: str
    step: int
    call: int
    """0 for the first request of the agent's turn, 1 for the next, …"""


class Keyed(NamedTuple):
    """A request made canonical."""

    key: str
    """Hex SHA-256 of `text`."""
    text: str
    """Canonical JSON of request and salt: sorted keys, no spaces."""

    @property
    def sampling_seed(self) -> int:
        """The seed handed to the endpoint, in [0, 2³¹)."""
        return int(self.key[:8], 16) & 0x7FFFFFFF


def canonical(value: Any) -> bytes:
    """Return the one JSON text of `value`: sorted keys, no spaces, UTF-8.

    Lone surrogates, which no UTF-8 can hold, are escaped; such a text is then ASCII throughout.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def keyed(request: Request, model: str, salt: Salt) -> Keyed:
    """Return `request`'s key and canonical text.

    Parameters
    ----------
    request
        What is asked. Its `purpose` is bookkeeping and stays outside.
    model
        `Endpoint.meaning` of the endpoint that it goes to.
    salt
        Which draw this is.
    """
    embedded = {"embed": request.embed} if request.embed else {}
    text = canonical(
        {
            **embedded,
            "max_tokens": request.max_tokens,
            "messages": [[message.role, message.content] for message in request.messages],
            "model": model,
            "prompt": request.prompt,
            "salt": [salt.seed, salt.agent, salt.step, salt.call],
            "schema": request.schema,
            "stop": request.stop,
            "temperature": request.temperature,
        }
    )
    return Keyed(sha256(text).hexdigest(), text.decode())


def text_sha(text: str) -> str:
    """Return the hex SHA-256 of a text, lone surrogates included."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
