"""Cached vectors are the same vectors, made once, bounded in bytes, whoever else writes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from moltarium.analysis.words.embeddings import Vectors
from moltarium.analysis.words.vector_cache import CachedEmbedder, VectorCache, cache_file
from moltarium.sim.record.errors import RecordError


class Hashing:
    """Eight numbers from a text's hash; counts what it is asked."""

    def __init__(self, name: str = "hashing") -> None:
        self.name = name
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        said = [f"{self.name} {text}".encode("utf-8", "surrogatepass") if text else b"" for text in texts]
        rows = [np.frombuffer(sha256(text).digest()[:8], np.uint8) if text else np.zeros(8) for text in said]
        return np.array(rows, np.float32).reshape(-1, 8)


def test_what_was_made_is_not_made_again(tmp_path: Path) -> None:
    texts = ["a", "b", "", "a", "half \ud83d"]
    first, second, other = Hashing(), Hashing(), Hashing("another model")
    with VectorCache(tmp_path / "deep" / "v.sqlite") as cache:
        wanted = CachedEmbedder(first, cache).encode(texts)
    with VectorCache(tmp_path / "deep" / "v.sqlite") as cache:
        found = CachedEmbedder(second, cache)
        np.testing.assert_array_equal(found.encode(texts), wanted)
        assert (found.hits, found.made) == (3, 1)
        assert not np.array_equal(CachedEmbedder(other, cache).encode(texts), wanted)
    np.testing.assert_array_equal(wanted, Hashing().encode(texts))
    assert second.asked == [""]
    assert sorted(first.asked) == sorted(set(texts))


def test_the_longest_unused_goes_first(tmp_path: Path) -> None:
    with VectorCache(tmp_path / "v.sqlite", limit=40_000) as cache:
        for number in range(12):
            rows = {sha256(f"{number} {i}".encode()).digest(): np.ones(256, np.float32) for i in range(4)}
            cache.put(rows)
            assert cache.get([sha256(b"0 0").digest()]), "read every time: never the longest unused"
            assert cache.size()[1] <= 40_000
        assert not cache.get([sha256(b"0 1").digest()])
        assert len(cache.get([sha256(f"11 {i}".encode()).digest() for i in range(4)])) == 4


def write(file: Path, who: int) -> None:
    with VectorCache(file) as cache:
        for turn in range(20):
            CachedEmbedder(Hashing(), cache).encode([f"{turn} {(who + i) % 7}" for i in range(5)])


def test_several_processes_may_write_at_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("fork")
    writers = [spawn.Process(target=write, args=(tmp_path / "v.sqlite", who)) for who in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join(60)
    assert [each.exitcode for each in writers] == [0] * 4
    with VectorCache(tmp_path / "v.sqlite") as cache:
        assert cache.size()[0] == 140
        reading = CachedEmbedder(Hashing(), cache)
        reading.encode([f"{turn} {i}" for turn in range(20) for i in range(7)])
        assert reading.made == 0


def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v.sqlite").write_bytes(b"these are not vectors" * 100)
    with pytest.raises(RecordError, match="no-cache"):
        VectorCache(tmp_path / "v.sqlite")
    with pytest.raises(RecordError):
        VectorCache(tmp_path / "v.sqlite" / "inside a file")


def test_it_lies_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_file() == tmp_path / "moltarium" / "vectors.sqlite"
    monkeypatch.setenv("XDG_CACHE_HOME", "not absolute")
    assert cache_file().is_relative_to(Path.home() / ".cache")
