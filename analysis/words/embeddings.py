"""Texts as points: static sentence embeddings that need neither a download nor a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from moltarium.sim.record.errors import NotComputable

Vectors = npt.NDArray[np.float32]
"""One row per text, each of length 1, or all zeros for a text without a known token."""

EXTRA: Final = "extra topics"
"""What `NotComputable` asks for where the weights are not installed."""

_WEIGHTS: Final = "weights/l2_supercat_256.safetensors"
_TOKENIZER: Final = "tokenizers/l2_supercat_tokenizer_config.json"
_MAX_TOKENS: Final = 512


class Embedder(Protocol):
    """Maps texts to directions whose cosine says how alike they are."""

    @property
    def name(self) -> str:
        """What methods texts call it."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text, in order, of length 1 (or 0 for a text that says nothing)."""
        ...


class StaticEmbedder:
    """Mean of static token vectors, scaled to length 1: x = Σ e(token) / ‖Σ e(token)‖.

    The 256 dimensions and their tokenizer stand in WordLlama's wheel (MIT); model2vec (MIT) averages them.
    Tokens fall back to bytes, so no script or emoji is unknown. Texts are cut after 512 tokens. Equal texts
    are encoded once.

    Parameters
    ----------
    model
        A loaded ``model2vec.StaticModel``.
    """

    name = "WordLlama l2_supercat, 256 static dimensions"

    def __init__(self, model: Any) -> None:
        self._model = model

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text, shape ``(len(texts), 256)``."""
        distinct = {text: position for position, text in enumerate(dict.fromkeys(texts))}
        if not distinct:
            return np.zeros((0, 256), np.float32)
        # The tokenizer takes Unicode only, and agents also write halves of surrogate pairs.
        clean = [text.encode("utf-8", "replace").decode() for text in distinct]
        rows = self._model.encode(clean, max_length=_MAX_TOKENS, use_multiprocessing=False)
        return np.asarray(rows, np.float32)[[distinct[text] for text in texts]]


class Kept:
    """An embedder that remembers the vectors of the texts it was asked for last.

    Parameters
    ----------
    inner
        Makes them.
    """

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._last: tuple[list[str], Vectors] | None = None

    @property
    def name(self) -> str:
        """The inner embedder's."""
        return self._inner.name

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text, as the inner embedder would."""
        if self._last is None or self._last[0] != list(texts):
            self._last = list(texts), self._inner.encode(texts)
        return self._last[1]


@lru_cache(maxsize=1)
def static_embedder() -> StaticEmbedder:
    """Return the default embedder, loaded once per process (.3 s, 35 MB).

    Raises
    ------
    NotComputable
        ``extra topics``, where the wheels that carry the weights are not installed.
    """
    found = find_spec("wordllama")
    if found is None or not found.submodule_search_locations or find_spec("model2vec") is None:
        raise NotComputable(EXTRA)
    # WordLlama's own loader asks the network for its tokenizer; the files lie beside it.
    folder = Path(found.submodule_search_locations[0])
    if not ((folder / _WEIGHTS).is_file() and (folder / _TOKENIZER).is_file()):
        raise NotComputable(EXTRA)
    from model2vec import StaticModel
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    vectors = load_file(folder / _WEIGHTS)["embedding.weight"].astype(np.float32)
    return StaticEmbedder(StaticModel(vectors, Tokenizer.from_file(str(folder / _TOKENIZER)), normalize=True))
