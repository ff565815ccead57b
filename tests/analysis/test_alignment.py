"""Emotional alignment finds a planted tie of reply to parent and ignores shared subjects and moods."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.analysis.affect.alignment import emotional_alignment, permuted_parents
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import SCHEMA_VERSION, Comment, Post, Run


class Figures:
    """Reads the valence that a text states: ``"7 -0.25"`` feels −.25."""

    def read(self, texts: Sequence[str]) -> Figures:
        self.vad = np.array([[float(text.split()[-1]), 0.0, 0.0] for text in texts])
        return self

    def labels(self) -> list[str]:
        return ["joy" if v > 0.2 else "sadness" if v < -0.2 else "neutral" for v in self.vad[:, 0]]


def record(
    kind: str, seed: int = 0, threads: int = 150, missing: frozenset[str] = frozenset()
) -> MemoryRecord:
    """Threads of six comments; valence comes from the parent, from the community, or from nowhere."""
    rng = np.random.default_rng(seed)
    posts: list[Post] = []
    comments: list[Comment] = []
    seq = 0
    for thread in range(threads):
        community = thread % 2
        base = (0.5 if community else -0.5) if kind == "subject" else 0.0
        feels = [float(np.clip(base + rng.normal(0, 0.3), -1, 1))]
        names = [f"p{thread}"]
        posts.append(
            Post(
                seq,
                seq,
                None,
                names[0],
                f"a{rng.integers(40)}",
                f"c{community}",
                "",
                f"{seq} {feels[0]}",
                None,
            )
        )
        for i in range(6):
            seq += 1
            parent = int(rng.integers(0, len(names)))
            own = base + rng.normal(0, 0.3) + (0.6 * feels[parent] if kind == "tie" else 0.0)
            feels.append(float(np.clip(own, -1, 1)))
            names.append(f"c{thread}.{i}")
            above = names[parent] if parent else None
            comments.append(
                Comment(
                    seq,
                    seq,
                    None,
                    names[-1],
                    f"p{thread}",
                    above,
                    f"a{rng.integers(40)}",
                    f"{seq} {feels[-1]}",
                )
            )
        seq += 1
    run = Run(
        "planted", "observed", "planted", SCHEMA_VERSION, None, None, None, None,
        Coverage(missing).json(), "0", None, "{}",
    )  # fmt: skip
    return MemoryRecord(run, {Post: posts, Comment: comments})


def test_a_planted_tie_is_found() -> None:
    found = emotional_alignment(record("tie"), draws=100, reader=Figures())
    assert found.r > 0.4
    assert found.r_ci[0] < found.r < found.r_ci[1]
    assert found.r_null.p == pytest.approx(1 / 101)
    assert found.r_author_null.p == pytest.approx(1 / 101)
    assert found.same > found.same_null.mean
    assert found.same_null.p < 0.05
    assert found.curve["comment"].iloc[-1] > found.curve["null_high"].iloc[-1]


@pytest.mark.parametrize("seed", range(3))
def test_a_shared_subject_is_not_alignment(seed: int) -> None:
    found = emotional_alignment(record("subject", seed), draws=100, reader=Figures())
    assert found.r > 0.5, "the raw correlation is fooled"
    assert found.r_null.mean > 0.5, "and so is its null"
    assert found.r_null.p > 0.05
    assert found.same_null.p > 0.05


def test_noise_is_silent_and_seeds_repeat() -> None:
    first = emotional_alignment(record("none", 7), draws=100, seed=3, reader=Figures())
    again = emotional_alignment(record("none", 7), draws=100, seed=3, reader=Figures())
    assert first.r_null.p > 0.05
    assert (first.r, first.r_ci, first.r_null) == (again.r, again.r_ci, again.r_null)


def test_every_comment_is_paired_or_accounted_for() -> None:
    found = emotional_alignment(record("none"), draws=20, reader=Figures())
    assert found.n + sum(found.left_out.values()) == 900
    assert found.left_out["answers its own author"] > 0
    assert found.pairs.to_numpy().sum() == found.n
    assert found.expected.to_numpy().sum() == pytest.approx(found.n)
    assert found.curve["n"].sum() == found.n
    assert found.movable == 1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=60), st.integers(0, 99))
def test_parents_move_as_wholes_inside_their_stratum(cells: list[tuple[int, int]], seed: int) -> None:
    stratum = np.array([s for s, _ in cells])
    target = np.array([t for _, t in cells])
    moved = permuted_parents(target, stratum, np.random.default_rng(seed))
    assert np.array_equal(stratum[moved], stratum)
    for s in set(stratum.tolist()):
        inside = stratum == s
        new = {
            int(old): set(target[moved][inside & (target == old)].tolist())
            for old in set(target[inside].tolist())
        }
        assert all(len(got) == 1 for got in new.values()), "siblings stay siblings"
        assert {got.pop() for got in new.values()} == set(target[inside].tolist())


def test_what_is_missing_is_named() -> None:
    with pytest.raises(NotComputable, match=r"comment\.parent"):
        emotional_alignment(record("none", missing=frozenset({"comment.parent"})), reader=Figures())
    with pytest.raises(NotComputable, match="at least 30 comments"):
        emotional_alignment(record("none", threads=3), reader=Figures())
