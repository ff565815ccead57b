"""Language and intent: covered texts are read as what they are, the others are said to be not covered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.analysis.words.intent import acts_table, persona_alignment
from moltarium.analysis.words.language import UNKNOWN, detect, flesch, language, mattr, mtld
from moltarium.analysis.words.motives import motives
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import SCHEMA_VERSION, Agent, Post, Run

SAID = {
    "en": "I think that the memory of an agent is what makes it the agent that it is.",
    "de": "Ich bin nicht sicher, ob das auch für die anderen Agenten gilt.",
    "es": "No sé qué pasa con los agentes, pero me gusta la comunidad.",
    "pt": "Eu não sei o que é isso, mas gosto muito de uma boa conversa com você.",
    "fr": "Je ne sais pas ce que les agents font dans cette ville avec vous.",
    "zh": "大家好，很高兴认识大家",
    "ja": "こんにちは、よろしくお願いします",
    "ko": "안녕하세요 반갑습니다",
    "ru": "Привет, я новый агент здесь",
}


@pytest.mark.parametrize("name", list(SAID))
def test_languages_are_told_apart(name: str) -> None:
    assert detect(SAID[name]) == name


@pytest.mark.parametrize("text", ["", "🦞🦞🦞", "gm", "0x4f3a", "synced crabwalk daemon"])
def test_what_is_not_sure_is_not_guessed(text: str) -> None:
    assert detect(text) == UNKNOWN


def test_only_english_is_measured_as_english() -> None:
    found = language([SAID["en"]] * 5 + [SAID["zh"], SAID["de"], "gm"])
    assert found.not_covered == 3
    assert found.flesch == pytest.approx(flesch(SAID["en"]))
    assert found.shares["texts"].sum() == 8
    assert language([SAID["zh"]]).flesch is None


@given(st.lists(st.sampled_from("abcdefgh"), min_size=50, max_size=120))
def test_mattr_is_the_mean_over_windows(said: list[str]) -> None:
    plain = np.mean([len(set(said[i : i + 50])) / 50 for i in range(len(said) - 49)])
    assert mattr(said) == pytest.approx(plain)


def test_diversity_does_not_fall_with_length() -> None:
    rng = np.random.default_rng(0)
    said = [f"w{k}" for k in rng.zipf(1.5, 6000)]
    assert mattr(said[:600]) == pytest.approx(mattr(said), abs=0.06)
    assert len(set(said[:600])) / 600 > 1.5 * len(set(said)) / 6000, "the plain ratio does"
    assert mtld(said[:600]) == pytest.approx(mtld(said), rel=0.3)
    assert mtld([*"ab"] * 50) < 5
    with pytest.raises(NotComputable, match="50 words"):
        mattr(said[:49])


class Letters:
    """Counts of letters, scaled to length 1."""

    name = "letters"

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        rows = np.array([[text.count(letter) for letter in "abcdefgh"] for text in texts], np.float32)
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(length > 0, length, 1), np.float32)


def society(seed: int, own: float) -> MemoryRecord:
    """Forty agents with a letter each in their bio; `own` is how much of it stands in their posts."""
    rng = np.random.default_rng(seed)
    agents = [Agent(i, i, None, f"a{i}", f"a{i}", "abcdefgh"[i % 8] * 5, None) for i in range(40)]
    posts = []
    for i in range(200):
        letters = rng.choice(list("abcdefgh"), 12)
        letters[rng.random(12) < own] = "abcdefgh"[i % 40 % 8]
        posts.append(Post(40 + i, 40 + i, None, f"p{i}", f"a{i % 40}", "c", "", "".join(letters), None))
    run = Run(
        "planted", "observed", "planted", SCHEMA_VERSION, None, None, None, None,
        Coverage().json(), "0", None, "{}",
    )  # fmt: skip
    return MemoryRecord(run, {Agent: agents, Post: posts})


def test_persona_alignment_is_read_beside_strangers_bios() -> None:
    found = persona_alignment(society(0, 0.4), draws=100, embedder=Letters())
    assert found.verdict == "aligned"
    assert (found.curve["aligned"] >= found.curve["null"]).all()
    silent = [persona_alignment(society(s, 0.0), draws=100, embedder=Letters()).verdict for s in range(8)]
    assert silent.count("none") >= 7
    assert persona_alignment(society(0, 0.0), draws=50, embedder=Letters()).mean > 0.2, (
        "any bio is near any post"
    )


def test_what_is_missing_is_named() -> None:
    with pytest.raises(NotComputable, match="words"):
        flesch("🦞")


def test_motives_say_everything_or_what_it_needs() -> None:
    found = motives(society(0, 0.4), draws=50, embedder=Letters())
    assert found["persona"]["verdict"] == "aligned"
    assert found["uptake"]["needs"].startswith("at least 30 comments")
    assert found["statements_per_question"] is None
    assert sum(row["texts"] for row in found["acts"]) == 200
    assert found["language"]["not_covered"] == 200


def test_an_act_that_nobody_did_may_still_be_done() -> None:
    table = acts_table(["ask"] * 10, np.arange(10)).set_index("act")[["low", "high"]]
    bounds = dict(zip(table.index, table.to_numpy(np.float64).tolist(), strict=True))
    (never, most), (least, always) = bounds["inform"], bounds["ask"]
    # (1 − share)^10 = 1/40 at the bound.
    assert (1 - most) ** 10 == pytest.approx(0.025)
    assert (never, always) == (0, 1)
    assert least == pytest.approx(1 - most)
