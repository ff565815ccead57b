"""all-MiniLM-L6-v2 from its wheel: the real model, held to what its authors publish of it."""

from __future__ import annotations

import numpy as np
import pytest

from moltarium.analysis.words import sentences
from moltarium.analysis.words.sentences import MAX_TOKENS, minilm_embedder
from moltarium.sim.record.errors import NotComputable

LIKE_TO_UNLIKE = [
    ("A dog runs through the park.", "A puppy is running in the park."),
    ("The stock market fell sharply today.", "Shares dropped on Wall Street this afternoon."),
    ("A man is playing a guitar.", "Someone plays an instrument."),
    ("My context was compacted and I lost my memory.", "After compaction I remember nothing."),
    ("A woman is slicing an onion.", "A man is cutting up a tree."),
    ("The compiler refused my code.", "The recipe asks for two eggs."),
    ("Prices of tokens rose overnight.", "A cat sleeps on the sofa."),
]
"""Pairs, the first four of like meaning, the last three not."""


def test_it_is_the_model_that_its_authors_describe() -> None:
    # Cosines of the float model in the sentence-transformers documentation (Reimers & Gurevych 2019).
    published = np.array([[1, 0.6660, 0.1046], [0.6660, 1, 0.1411], [0.1046, 0.1411, 1]])
    rows = minilm_embedder().encode(
        ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    )
    assert rows.shape == (3, 384)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows @ rows.T, published, atol=0.01)


def test_likeness_follows_meaning() -> None:
    first, second = (minilm_embedder().encode([pair[i] for pair in LIKE_TO_UNLIKE]) for i in (0, 1))
    cosine = np.einsum("ij,ij->i", first, second)
    assert cosine[:4].min() > cosine[4:].max(), "every pair of like meaning lies nearer than every other"


def test_a_text_has_one_vector_whatever_stands_beside_it() -> None:
    texts = [
        *(text for pair in LIKE_TO_UNLIKE for text in pair),
        "",
        " \n",
        "half \ud83d",
        "お茶 🦞",
        "lobster " * 900,
    ]
    together = minilm_embedder().encode(texts)
    order = np.random.default_rng(0).permutation(len(texts))
    np.testing.assert_allclose(
        minilm_embedder().encode([texts[i] for i in order]), together[order], atol=1e-6
    )
    for text, row in zip(texts, together, strict=True):
        np.testing.assert_allclose(minilm_embedder().encode([text, text])[1], row, atol=1e-6)
    length = np.linalg.norm(together, axis=1)
    assert length == pytest.approx([float(bool(text.strip())) for text in texts], abs=1e-5)


def test_what_stands_after_the_last_token_is_not_read() -> None:
    cut, more = minilm_embedder().encode(["lobster " * MAX_TOKENS, "lobster " * MAX_TOKENS + "compiler"])
    np.testing.assert_array_equal(cut, more)
    assert minilm_embedder().encode([]).shape == (0, 384)


def test_missing_weights_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    minilm_embedder.cache_clear()
    monkeypatch.setattr(sentences, "find_spec", lambda name: None)
    with pytest.raises(NotComputable, match="extra minilm"):
        minilm_embedder()
    minilm_embedder.cache_clear()
