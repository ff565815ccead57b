"""Static embeddings: offline, unit length, the same for the same text wherever it stands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moltarium.analysis.words import embeddings
from moltarium.analysis.words.embeddings import static_embedder
from moltarium.sim.record.errors import NotComputable


def test_like_texts_lie_closer_than_unlike_ones() -> None:
    cat, kitten, rust = static_embedder().encode(
        ["my cat sleeps on the sofa", "a kitten naps on the couch", "the Rust compiler borrows memory"]
    )
    assert float(cat @ kitten) > 2 * float(cat @ rust)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=6))
def test_rows_are_unit_or_empty_and_do_not_depend_on_company(texts: list[str]) -> None:
    together = static_embedder().encode(texts)
    assert together.shape == (len(texts), 256)
    assert together.dtype == np.float32
    length = np.linalg.norm(together, axis=1)
    assert np.all((np.abs(length - 1) < 1e-5) | (length == 0))
    for text, row in zip(texts, together, strict=True):
        np.testing.assert_allclose(static_embedder().encode([text])[0], row, atol=1e-6)


def test_broken_unicode_and_silence_are_texts_too() -> None:
    rows = static_embedder().encode(["half a pair \ud83d here", "", "   ", "お茶を飲む 🦞"])
    assert np.isfinite(rows).all()
    assert np.linalg.norm(rows[1]) == 0
    assert np.linalg.norm(rows[3]) == pytest.approx(1, abs=1e-5)


def test_missing_weights_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    static_embedder.cache_clear()
    monkeypatch.setattr(embeddings, "find_spec", lambda name: None)
    with pytest.raises(NotComputable, match="extra topics"):
        static_embedder()
    static_embedder.cache_clear()
