"""Small forums written out by hand, and large ones drawn at random, as real in-memory records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from moltarium.analysis.graphs.networks import Network, from_pairs
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import SCHEMA_VERSION, Comment, Post, Run

MINUTE = 60_000_000

Forum = Callable[..., MemoryRecord]
Graph = Callable[[Sequence[tuple[int, int]]], Network]


def make_forum(
    posts: Sequence[tuple[str, str | None]],
    comments: Sequence[tuple[Any, ...]],
    *,
    missing: str = "",
    texts: dict[str, str] | None = None,
    at: dict[str, float] | None = None,
) -> MemoryRecord:
    """Build a record from posts (id, author) and comments (id, post, parent, author), one a minute.

    `texts` gives bodies and `at` minutes by id; `missing` is one more entry of the coverage's missing list.
    """
    texts, at = texts or {}, at or {}
    run = Run(
        run_id="forum",
        kind="observed",
        title="A forum written by hand",
        schema_version=SCHEMA_VERSION,
        scenario=None,
        scenario_sha256=None,
        seed=None,
        source_sha256=None,
        coverage='{"missing": ["vote"%s], "notes": [], "synthetic": true}'
        % (f', "{missing}"' if missing else ""),
        code_version="test",
        captured_at=None,
        transport="{}",
    )

    def when(name: str, seq: int) -> int:
        return round(at.get(name, seq) * MINUTE)

    post_rows = [
        Post(
            seq,
            when(name, seq),
            None,
            name,
            author,
            "general",
            name,
            texts.get(name, f"body of {name}"),
            None,
        )
        for seq, (name, author) in enumerate(posts)
    ]
    comment_rows = [
        Comment(seq, when(name, seq), None, name, post, parent, author, texts.get(name, f"body of {name}"))
        for seq, (name, post, parent, author) in enumerate(comments, start=len(posts))
    ]
    return MemoryRecord(run, {Post: post_rows, Comment: comment_rows})


@pytest.fixture(scope="session")
def forum() -> Forum:
    """The builder of hand-written records."""
    return make_forum


@pytest.fixture(scope="session")
def graph() -> Graph:
    """A builder of networks from (source, target) numbers."""

    def build(pairs: Sequence[tuple[int, int]]) -> Network:
        ends: npt.NDArray[np.int64] = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        names = np.array([f"a{k}" for k in range(int(ends.max(initial=0)) + 1)], dtype=object)
        return from_pairs(names, ends[:, 0], ends[:, 1])

    return build
