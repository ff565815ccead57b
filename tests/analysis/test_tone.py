"""Tone is read where the reader covers the language; a change is found at its strength or not at all."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.motive_worlds import span, toned
from moltarium.analysis.words.motives import motives
from moltarium.analysis.words.tone import Tone, tone
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import SCHEMA_VERSION, Post, Run


def found(seed: int, step: float) -> Tone:
    return tone(*toned(seed, step), draws=200, seed=seed)


def test_a_change_is_found_at_its_strength() -> None:
    read = [found(seed, 0.4) for seed in range(10)]
    assert all(one.verdict == "brighter" for one in read)
    assert sum(one.ci[0] <= 0.4 * span() <= one.ci[1] for one in read) >= 8


def test_gladder_newcomers_change_nobodys_tone() -> None:
    read = [found(seed, 0.0) for seed in range(12)]
    assert sum(one.verdict != "none" for one in read) <= 2


def test_a_language_that_is_not_covered_is_not_guessed() -> None:
    said, author = toned(0, 0.0)
    more = tone([*said, "大家好，很高兴认识大家", "Ich bin nicht sicher, ob das auch für die anderen gilt."],
                np.append(author, [0, 1]), draws=100)  # fmt: skip
    assert (more.n, more.not_covered) == (600, 2)
    assert more.classes["texts"].sum() == 600
    assert more.classes["share"].sum() == pytest.approx(1)
    with pytest.raises(NotComputable, match="English"):
        tone(["大家好，很高兴认识大家"] * 50, np.zeros(50, np.int64))


def test_motives_carry_it() -> None:
    said, author = toned(1, 0.0)
    posts = [
        Post(i, i * 10**9, None, f"p{i}", f"a{author[i]}", "c", "", text, None) for i, text in enumerate(said)
    ]
    run = Run(
        "toned", "observed", "toned", SCHEMA_VERSION, None, None, None, None,
        Coverage(frozenset({"comment", "agent"})).json(), "0", None, "{}",
    )  # fmt: skip
    told = motives(MemoryRecord(run, {Post: posts}), draws=100)["tone"]
    assert told["n"] == 600
    assert told["classes"][0]["texts"] >= told["classes"][-1]["texts"]
