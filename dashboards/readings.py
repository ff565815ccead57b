"""Emotions read from texts, each text once: alignment, emotions, motives and threads ask for the same."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import numpy as np

from moltarium.agents.reader import Reader, Reading, load_reader
from moltarium.agents.reader.weights import Floats

MOST: Final = 60_000
"""Texts whose readings are kept: 20 MB. Where more come, what was kept is forgotten."""

_ENDS: Final = (7, 35, 38, 42)
"""Where columns of a kept row end: Ekman classes, fine classes, VAD, signs; the last is `Reading.known`."""


class Readings:
    """A reader that keeps what another found.

    A text's reading is the same, to the last bit, whatever is read beside it (see `Reader`): so it makes no
    difference to any figure whether a reading is kept or new.

    Parameters
    ----------
    inner
        Reads what was not read before.
    most
        Texts kept.
    """

    def __init__(self, inner: Reader, most: int = MOST) -> None:
        self._inner = inner
        self._most = most
        self._turn = threading.Lock()
        self._place: dict[bytes, int] = {}
        self._rows = np.empty((0, _ENDS[-1] + 1))
        self._offsets = inner.read([]).offsets

    def read(self, texts: Sequence[str]) -> Reading:
        """Read texts, as `Reader.read` does; more than are kept at once pass through."""
        if len(texts) > self._most:
            return self._inner.read(texts)
        keys = [blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts]
        with self._turn:
            new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._place}
            if len(self._place) + len(new) > self._most:
                new = dict(zip(keys, texts, strict=True))
                self._place, self._rows = {}, self._rows[:0]
            if new:
                first = len(self._place)
                self._rows = np.concatenate((self._rows, _joined(self._inner.read(list(new.values())))))
                self._place |= {key: first + k for k, key in enumerate(new)}
            rows = self._rows[[self._place[key] for key in keys]]
        probs, fine, vad, signs, known = map(np.ascontiguousarray, np.split(rows, _ENDS, axis=1))
        return Reading(probs, fine, vad, signs, known[:, 0], self._offsets)


def _joined(found: Reading) -> Floats:
    return np.hstack((found.probs, found.fine, found.vad, found.signs, found.known[:, None]))


@lru_cache(maxsize=1)
def shared_reader() -> Readings:
    """Return the process's reader with the shipped weights."""
    return Readings(load_reader())
