"""Texts as points by an endpoint of the user's: through the gateway, so retried, counted, under ceilings."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import orjson

from moltarium.agents.interface import Action, Reply, Request
from moltarium.sim.llm.gateway import Call, Gateway, Pending
from moltarium.sim.record.errors import ModelUnavailable

if TYPE_CHECKING:
    from moltarium.sim.llm.usage import Usage

BATCH: Final = 64
"""Texts per request."""
LETTERS: Final = 4_000
"""A text is cut after these many characters: about 1,000 tokens of English."""
PURPOSE: Final = "embed"


class EndpointEmbedder:
    """Embeddings from any OpenAI-compatible endpoint (``POST /embeddings``), scaled to length 1.

    Requests go through the gateway: its lane, its one retry loop, its reply cache, its usage counts and its
    budget. Blank texts are never sent: they are rows of zeros, as everywhere. What an agent wrote is sent as
    data, and nothing but numbers is read from the answer.

    Parameters
    ----------
    gateway
        Where it is asked; it stays the caller's to close.
    label
        Label of the gateway's endpoint.
    model
        The model's name, for methods texts and as the key of cached vectors.
    """

    def __init__(self, gateway: Gateway, label: str, model: str) -> None:
        self._gateway = gateway
        self._label = label
        self.name = f"{model}, first {LETTERS} characters"
        self._size = 0

    @property
    def usage(self) -> Usage:
        """What was asked so far."""
        return self._gateway.usage

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return one row per text, in order, of length 1 or, for a blank text, 0.

        Raises
        ------
        ModelUnavailable, ModelRefusedAccess
            If the endpoint can't be had, refuses a batch, or changes the length of its vectors.
        CeilingReached
            If the next request might exceed a ceiling.
        """
        # Halves of surrogate pairs are no Unicode, and servers refuse them.
        clean = (text[:LETTERS].encode("utf-8", "replace").decode() for text in texts)
        cut = [text if text.strip() else "" for text in clean]
        place = {text: at for at, text in enumerate(dict.fromkeys(filter(None, cut)))}
        sent = list(place)
        batches = [tuple(sent[at : at + BATCH]) for at in range(0, len(sent), BATCH)]
        outcomes = self._gateway.think([self._pending(*each) for each in enumerate(batches)])
        rows = [self._rows(outcome.calls[0]) for outcome in outcomes]
        sizes = {each.shape[1] for each in rows} | ({self._size} if self._size else set())
        if len(sizes) > 1:
            raise self._unusable("changes the length of its vectors from answer to answer")
        self._size = sizes.pop() if sizes else self._size
        known = np.concatenate([*rows, np.zeros((1, self._size), np.float32)])
        return known[[place[text] if text else -1 for text in cut]]

    def _pending(self, number: int, batch: tuple[str, ...]) -> Pending:
        request = Request(PURPOSE, embed=batch, max_tokens=0, temperature=0.0, model=self._label)
        thought = _asked(request)
        # One agent and one step for all: equal batches are one request, and paid for once.
        return Pending(PURPOSE, number, 0, thought, next(thought))

    def _rows(self, call: Call) -> npt.NDArray[np.float32]:
        if not call.reply_text:
            raise self._unusable("refuses a batch of texts")
        rows = np.asarray(orjson.loads(call.reply_text), np.float64)
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(length > 0, length, 1), np.float32)

    def _unusable(self, what: str) -> ModelUnavailable:
        return ModelUnavailable(
            f"the model {what}",
            place=self._label,
            remedy="give the address of an embeddings model whose window holds 1,000 tokens",
        )


def _asked(request: Request) -> Generator[Sequence[Request], Sequence[Reply], Sequence[Action]]:
    yield [request]
    return ()
