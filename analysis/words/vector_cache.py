"""Vectors that were made once, kept on disk by the content of their text: one file for all records."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np

from moltarium.analysis.words.embeddings import Embedder, Vectors
from moltarium.sim.record.errors import RecordError

VERSION: Final = 1
"""Stored as SQLite's ``user_version``; a file of another version is refused."""
LIMIT: Final = 1 << 30
"""Bytes of vectors kept at most: a gibibyte is 700,000 texts of 384 dimensions."""
CHUNK: Final = 2_048
"""Texts that are embedded and stored at once: what a death half-way can cost."""

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS vector (
    key BLOB PRIMARY KEY, used INTEGER NOT NULL, row BLOB NOT NULL
) WITHOUT ROWID
"""
_USED: Final = "CREATE INDEX IF NOT EXISTS used ON vector (used)"
_KEPT: Final = 0.8
"""Share of the limit that a clearing leaves, so that it is rare."""


def cache_file() -> Path:
    """Return the user's own cache file: under ``XDG_CACHE_HOME``, else ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME") or ""
    folder = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    return folder / "moltarium" / "vectors.sqlite"


class VectorCache:
    """Rows by SHA-256 of model and text, in one SQLite file in WAL mode, the longest unused thrown out first.

    Any number of processes may read and write it at once: every chunk is one transaction, a row's content
    depends on its key alone, and the first to write one stands.

    Parameters
    ----------
    file
        Made if it is not there.
    limit
        Bytes of vectors at most.

    Raises
    ------
    RecordError
        If the file can't be used, or is another version's.
    """

    def __init__(self, file: Path, limit: int = LIMIT) -> None:
        self._place = file.name
        self._limit = limit
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(file, isolation_level=None, timeout=30)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(str(error)) from error
        try:
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")
            self._prepare()
        except (sqlite3.Error, RecordError) as error:
            self._file.close()
            raise self._unusable(str(error)) from error

    def _prepare(self) -> None:
        self._file.execute("BEGIN IMMEDIATE")
        version = self._file.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise RecordError(f"it has version {version}, this code reads {VERSION}")
        self._file.execute(_TABLE)
        self._file.execute(_USED)
        self._file.execute(f"PRAGMA user_version = {VERSION}")
        self._file.execute("COMMIT")

    def _unusable(self, why: str) -> RecordError:
        return RecordError(
            f"the cache of vectors can't be used ({why})",
            place=self._place,
            remedy="remove the file, or go without it: --no-cache",
        )

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        """Return the rows that are there, and note that they were wanted."""
        found: dict[bytes, Vectors] = {}
        try:
            for key in keys:
                row = self._file.execute("SELECT row FROM vector WHERE key = ?", (key,)).fetchone()
                if row is not None:
                    found[key] = np.frombuffer(row[0], "<f4").astype(np.float32)
            if found:
                now = self._next()
                self._all("UPDATE vector SET used = ? WHERE key = ?", [(now, key) for key in found])
        except sqlite3.Error as error:
            raise self._unusable(str(error)) from error
        return found

    def put(self, rows: dict[bytes, Vectors]) -> None:
        """Store rows in one transaction, and throw the longest unused out where the limit is passed."""
        try:
            now = self._next()
            self._all(
                "INSERT OR IGNORE INTO vector VALUES (?, ?, ?)",
                [(key, now, row.astype("<f4").tobytes()) for key, row in rows.items()],
            )
            self._bound()
        except sqlite3.Error as error:
            raise self._unusable(str(error)) from error

    def size(self) -> tuple[int, int]:
        """Return how many rows there are, and the bytes of their vectors."""
        found = self._file.execute("SELECT count(*), coalesce(sum(length(row)), 0) FROM vector").fetchone()
        return int(found[0]), int(found[1])

    def _next(self) -> int:
        """Return a number above all that were given out: an order of use that needs no clock."""
        return int(self._file.execute("SELECT coalesce(max(used), 0) + 1 FROM vector").fetchone()[0])

    def _all(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        self._file.execute("BEGIN IMMEDIATE")
        try:
            self._file.executemany(statement, rows)
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")

    def _bound(self) -> None:
        pages = self._file.execute("PRAGMA page_count").fetchone()[0]
        if pages * self._file.execute("PRAGMA page_size").fetchone()[0] <= self._limit:
            return
        rows, held = self.size()
        if held > self._limit:
            gone = int(rows * (1 - _KEPT * self._limit / held)) + 1
            self._file.execute(
                "DELETE FROM vector WHERE key IN (SELECT key FROM vector ORDER BY used, key LIMIT ?)", (gone,)
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class CachedEmbedder:
    """An embedder that asks another only for what the cache does not hold.

    Parameters
    ----------
    inner
        Makes the vectors. Its name is part of every key: another model is another row.
    cache
        Where they are kept.
    """

    def __init__(self, inner: Embedder, cache: VectorCache) -> None:
        self._inner = inner
        self._cache = cache
        self.name = inner.name
        self._counted: set[bytes] = set()
        self.hits = 0
        """Distinct texts that were there before this embedder was first asked for them."""
        self.made = 0
        """Distinct texts that had to be embedded."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text, as the inner embedder would."""
        distinct = list(dict.fromkeys(texts))
        if not distinct:
            return self._inner.encode([])
        rows: dict[str, Vectors] = {}
        for at in range(0, len(distinct), CHUNK):
            rows |= self._chunk(distinct[at : at + CHUNK])
        blank = np.zeros(max(map(len, rows.values())), np.float32)
        return np.stack([rows[text] if rows[text].any() else blank for text in texts])

    def _chunk(self, texts: list[str]) -> dict[str, Vectors]:
        keys = {text: self._key(text) for text in texts}
        rows = self._cache.get(list(keys.values()))
        missing = [text for text, key in keys.items() if key not in rows]
        first = set(keys.values()) - self._counted
        self._counted |= first
        made = sum(keys[text] in first for text in missing)
        self.made += made
        self.hits += len(first) - made
        if missing:
            new = self._inner.encode(missing)
            # Blank rows are not kept: an embedder may not know its size before its first words.
            fresh = {keys[text]: row for text, row in zip(missing, new, strict=True)}
            self._cache.put({key: row for key, row in fresh.items() if row.any()})
            rows |= fresh
        return {text: rows[key] for text, key in keys.items()}

    def _key(self, text: str) -> bytes:
        return sha256(f"{self.name}\0{text}".encode("utf-8", "surrogatepass")).digest()
