"""Windows, newcomers, enforcement and style against planted truth."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.analysis.jackknife import CORRELATION, jackknifed
from moltarium.analysis.words.conduct import enforcement, lagged_distance, newcomers
from moltarium.analysis.words.norm_report import norms
from moltarium.analysis.words.style import matching, style, usage
from moltarium.analysis.words.windows import entropy, jsd, windows, zipf
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import SCHEMA_VERSION, Comment, Post, Run, Score

Floats = npt.NDArray[np.float64]
SYLLABLES = [a + b for a in "bdfgklmnprst" for b in "aeiou"]


def lexicon(rng: np.random.Generator, n: int) -> list[str]:
    return ["".join(rng.choice(SYLLABLES, 3)) for _ in range(n)]


def spoken(seed: int, n: int = 400, *, moving: bool, growing: bool = False) -> pd.DataFrame:
    """Texts of Zipf-distributed words; a moving site takes new words halfway."""
    rng = np.random.default_rng(seed)
    old, new = lexicon(rng, 150), lexicon(rng, 150)
    p = 1 / np.arange(1, 151)
    at = np.linspace(0, 1, n) ** (0.5 if growing else 1)
    texts = [" ".join(rng.choice(new if moving and i > n / 2 else old, 20, p=p / p.sum())) for i in range(n)]
    return pd.DataFrame(
        {"t": pd.to_datetime((at * 1e12).astype(np.int64), unit="us", utc=True), "text": texts}
    )


def test_a_site_that_takes_new_words_is_seen_where_it_does() -> None:
    found = windows(spoken(0, moving=True), n=4, draws=60)
    assert found.change.p < 0.05
    assert int(np.nanargmax(found.table["jsd"].to_numpy())) == 2
    born = found.ngrams[(found.ngrams["n"] == 1)]["born"].to_numpy()
    assert born[2] > 0.9 > 0.2 > born[1]


def test_one_language_stays_silent_however_the_site_grows() -> None:
    found = [windows(spoken(seed, moving=False, growing=True), n=4, draws=60, seed=seed) for seed in range(8)]
    assert sum(one.change.p < 0.05 for one in found) <= 1
    table = found[0].table
    assert table["entropy"].max() - table["entropy"].min() < 0.2


@given(
    st.lists(st.integers(1, 50), min_size=2, max_size=20),
    st.lists(st.integers(1, 50), min_size=2, max_size=20),
)
def test_jsd_is_symmetric_and_between_0_and_1(a: list[int], b: list[int]) -> None:
    size = max(len(a), len(b))
    x, y = (np.pad(np.array(c, float), (0, size - len(c))) for c in (a, b))
    assert jsd(x, y) == pytest.approx(jsd(y, x))
    assert -1e-12 <= jsd(x, y) <= 1
    assert jsd(x, x) == pytest.approx(0)


@pytest.mark.parametrize("s", [0.8, 1.0, 1.5])
def test_zipf_recovers_the_exponent(s: float) -> None:
    p = np.arange(1, 401) ** -s
    counts = np.random.default_rng(0).multinomial(200_000, p / p.sum())
    assert zipf(counts) == pytest.approx(s, abs=0.03)


def test_entropy_is_corrected_for_few_draws() -> None:
    rng = np.random.default_rng(1)
    found = [entropy(np.bincount(rng.integers(0, 8, 60))) for _ in range(300)]
    assert np.mean(found) == pytest.approx(3, abs=0.01)


def arrivals(seed: int, learning: float, *, leavers: bool = False) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Distances of 80 authors' texts; those who leave early may stand apart from the start."""
    rng = np.random.default_rng(seed)
    n_texts = rng.integers(2, 9, 80)
    author = np.repeat(np.arange(80), n_texts)
    tenure = np.concatenate([np.arange(1, n + 1) for n in n_texts])
    distance = 0.6 - learning * np.log2(tenure) + rng.normal(size=len(author)) * 0.1
    if leavers:
        distance += 0.3 * (n_texts[author] < 4)
    order = rng.permutation(len(author))
    order = order[np.argsort(tenure[order], kind="stable")]
    return distance[order], author[order]


def test_newcomers_who_learn_are_found_at_their_rate() -> None:
    held = 0
    for seed in range(10):
        distance, author = arrivals(seed, 0.05, leavers=True)
        found = newcomers(distance, np.zeros_like(author), author, draws=200, seed=seed)
        assert found.verdict == "learning"
        held += found.ci[0] <= -0.05 <= found.ci[1]
    assert held >= 8


def test_leaving_is_not_learning() -> None:
    verdicts = []
    for seed in range(10):
        distance, author = arrivals(seed, 0.0, leavers=True)
        verdicts.append(newcomers(distance, np.zeros_like(author), author, draws=200, seed=seed).verdict)
    assert sum(verdict != "none" for verdict in verdicts) <= 2
    assert verdicts.count("none") >= 8


def test_own_texts_are_no_norm() -> None:
    vectors = np.eye(2, dtype=np.float32)[[0] * 12 + [1, 1]]
    author = np.array([*range(12), 99, 99])
    distance = lagged_distance(vectors, np.zeros(14, np.int64), author)
    assert np.isnan(distance[:10]).all()
    assert distance[10:12] == pytest.approx([0, 0], abs=1e-6)
    assert distance[12:] == pytest.approx([1, 1], abs=1e-6)


def test_deviation_that_costs_votes_is_found_and_busy_communities_are_not_it() -> None:
    said: dict[float, list[str]] = {0.0: [], 0.8: []}
    for effect, verdicts in said.items():
        for seed in range(8):
            rng = np.random.default_rng(seed)
            community = rng.integers(0, 4, 400)
            distance = rng.random(400) + community
            votes = rng.poisson(np.exp(1 + community * 0.4 - effect * (distance - community))).astype(float)
            author = rng.integers(0, 90, 400)
            verdicts.append(
                enforcement("upvotes", votes, distance, community, author, draws=150, seed=seed).verdict
            )
    assert said[0.8].count("less") == 8
    assert said[0.0].count("none") >= 7


def test_enforcement_leaves_out_whole_authors_and_ranks_the_others_anew() -> None:
    rng = np.random.default_rng(3)
    stratum, author = rng.integers(0, 5, 120), rng.integers(0, 12, 120)
    distance = rng.random(120)
    votes = rng.poisson(3 - 2 * distance).astype(float)
    found = enforcement("upvotes", votes, distance, stratum, author, draws=2)
    without = [
        enforcement("", votes[stay], distance[stay], stratum[stay], author[stay], draws=2).rho
        for stay in (author != gone for gone in range(12))
    ]
    assert found.ci == pytest.approx(jackknifed(without, CORRELATION)(found.rho))


def talk(seed: int, taken: float) -> tuple[list[str], list[str], npt.NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    classes = [
        ["the", "a"],
        ["we", "you"],
        ["never", "not"],
        ["very", "really"],
        ["all", "many"],
        ["and", "but"],
    ]

    def said(used: npt.NDArray[np.bool_]) -> str:
        own = [str(rng.choice(c)) for c, use in zip(classes, used, strict=True) if use]
        return " ".join([*own, *lexicon(rng, 6)])

    uses = rng.random((200, 6)) < 0.5
    taking = rng.random((200, 6)) < taken
    replies = np.where(taking, uses, rng.random((200, 6)) < 0.5)
    return [said(u) for u in replies], [said(u) for u in uses], np.arange(200)


def test_style_is_taken_up_or_it_is_the_base_rate() -> None:
    one = np.zeros(200, np.int64)
    replies, parents, target = talk(0, 0.5)
    found = style(replies, parents, target, one, draws=100)
    assert found.verdict == "matching"
    assert found.coordinated > 0.05
    silent = [style(*talk(seed, 0.0), one, draws=100, seed=seed) for seed in range(8)]
    assert sum(s.verdict != "none" for s in silent) <= 1
    assert silent[0].matching > 0.3, "a shared base rate alone looks like matching"


def test_quotes_are_not_the_speakers_style() -> None:
    shares, sizes = usage(["> the the the\nlobster reef tide", "lobster reef tide"])
    assert sizes.tolist() == [3, 3]
    assert matching(shares[:1], shares[1:])[0] == pytest.approx(1)


def test_a_report_says_everything_or_what_it_needs() -> None:
    rng = np.random.default_rng(0)
    vocabulary = lexicon(rng, 100)
    posts, comments, scores = [], [], []
    for i in range(300):
        text = "but " + " ".join(rng.choice(vocabulary, 25))
        posts.append(Post(3 * i, i * 10**9, None, f"p{i}", f"a{i % 40}", f"c{i % 2}", "", text, None))
        comments.append(
            Comment(
                3 * i + 1, i * 10**9, None, f"k{i}", f"p{i}", None, f"a{(i + 7) % 40}", f"the {text} and we"
            )
        )
        scores.append(Score(3 * i + 2, i * 10**9, None, f"p{i}", int(rng.integers(0, 5)), None, 1, i))
    run = Run(
        "planted", "observed", "planted", SCHEMA_VERSION, None, None, None, None,
        Coverage(frozenset({"removal"})).json(), "0", None, "{}",
    )  # fmt: skip
    found = norms(MemoryRecord(run, {Post: posts, Comment: comments, Score: scores}), draws=50)
    assert found["n"] == 300
    assert found["enforcement"]["removals"] == {"needs": "table removal"}
    assert found["enforcement"]["comments"]["needs"] == "comments that differ"
    assert found["enforcement"]["upvotes"]["verdict"] == "none"
    assert found["convergence"]["verdict"] == "none"
    assert found["newcomers"]["verdict"] == "none"
    assert found["templates"]["rise"]["verdict"] == "none"
    starts = [row["start"] for row in found["windows"]["table"]]
    assert all(a < b for a, b in pairwise(starts))
    assert found["style"]["n"] == 300
    names = {effect["name"] for effect in found["effects"]}
    assert {"convergence.change", "windows.jsd", "newcomers.change", "style.matching",
            "enforcement.upvotes", "windows.entropy", "windows.1-grams born"} <= names  # fmt: skip
    for effect in found["effects"]:
        assert effect["difference"] == pytest.approx(effect["observed"] - effect["expected"]), effect
        assert effect["ci"][0] <= effect["difference"] <= effect["ci"][1], effect
        assert 0 < effect["p"] <= 1, effect
    assert sum(effect["verdict"] != "none" for effect in found["effects"]) <= 2


def test_too_little_is_named() -> None:
    with pytest.raises(NotComputable, match="500 words in each"):
        windows(spoken(0, 20, moving=False))
    with pytest.raises(NotComputable, match="50 replies"):
        style(["a b c d e"], ["a b c d e"], np.array([0]), np.array([0]))
    author = np.arange(40)
    with pytest.raises(NotComputable, match="two in a community"):
        newcomers(np.ones(40), np.zeros(40, np.int64), author)
