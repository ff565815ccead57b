"""Near-duplicates are what their definition says; templates rise where they were planted and nowhere else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.analysis.words.near_duplicates import BINS, SHINGLE, clusters, shared, signatures
from moltarium.analysis.words.templates import rise, templates
from moltarium.analysis.words.texts import plain
from moltarium.sim.record.errors import NotComputable

SYLLABLES = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
OFFER = "Welcome to the reef, friend! Follow me and I shall follow you back, together we molt and grow. "


def prose(rng: np.random.Generator, n: int = 14) -> str:
    return " ".join("".join(rng.choice(SYLLABLES, 3)) for _ in range(n))


def jaccard(a: str, b: str) -> float:
    def shingles(text: str) -> set[bytes]:
        data = plain(text).encode()
        return {data[i : i + SHINGLE] for i in range(max(len(data) - SHINGLE, 0) + 1)}

    x, y = shingles(a), shingles(b)
    return len(x & y) / len(x | y)


def test_equal_bins_estimate_jaccard() -> None:
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(200):
        start, end, other = prose(rng, 20), prose(rng, 6), prose(rng, 6)
        a, b = f"{start} {end}", f"{start} {other}"
        signed, said = signatures([a, b])
        assert said.all()
        errors.append((signed[0] == signed[1]).mean() - jaccard(a, b))
    assert abs(np.mean(errors)) < 0.02
    assert np.std(errors) < 1.3 * np.sqrt(0.25 / BINS)


def test_variants_are_found_and_strangers_are_not() -> None:
    rng = np.random.default_rng(1)
    texts = [OFFER + prose(rng, 1) if i % 3 == 0 else prose(rng) for i in range(600)]
    labels = clusters(texts)
    assert len(set(labels[::3].tolist())) == 1
    assert len(set(labels.tolist())) == 401
    assert shared(labels).sum() == 200


@given(st.lists(st.text(max_size=12), max_size=30))
def test_equal_texts_fall_together_and_the_empty_nowhere(texts: list[str]) -> None:
    labels = clusters(texts)
    by_text: dict[str, set[int]] = {}
    for text, label in zip(texts, labels.tolist(), strict=True):
        by_text.setdefault(plain(text), set()).add(label)
    assert all(len(found) == 1 for found in by_text.values())
    assert all((label == -1) == (not plain(text)) for text, label in zip(texts, labels, strict=True))


def society(seed: int, n: int, start: float, end: float) -> pd.DataFrame:
    """Texts of which a share that moves from `start` to `end` uses a template; authors have habits too."""
    rng = np.random.default_rng(seed)
    at = np.sort(rng.random(n) ** 0.5)
    place = np.linspace(0, 1, n)
    author = rng.integers(0, 150, n)
    uses = rng.random(n) < np.clip(start + (end - start) * place, 0, 1)
    return pd.DataFrame(
        {
            "t": pd.to_datetime((at * 86_400e6 * 3).astype(np.int64), unit="us", utc=True),
            "author": [f"a{k}" for k in author],
            "community": [f"c{k % 3}" for k in range(n)],
            "text": [OFFER + prose(rng, 1) if template else prose(rng) for template in uses],
        }
    )


def test_a_template_that_spreads_at_a_known_rate() -> None:
    held = 0
    for seed in range(6):
        found = templates(society(seed, 700, 0.1, 0.5), draws=300, seed=seed)
        assert found.rise.verdict == "rising"
        assert found.rise.change == pytest.approx(0.4, abs=0.2)
        assert found.n_templates == 1
        assert found.in_templates == pytest.approx(0.3, abs=0.06)
        held += found.rise.ci[0] <= 0.4 <= found.rise.ci[1]
    assert held >= 5


def test_a_site_that_merely_grows_stays_silent() -> None:
    found = [templates(society(seed, 500, 0.25, 0.25), draws=300, seed=seed) for seed in range(8)]
    assert sum(one.rise.verdict != "none" for one in found) <= 1
    assert sum(r.verdict != "none" for one in found for r in one.by_community.values()) <= 2
    alone = templates(society(0, 300, 0, 0), draws=100)
    assert (alone.n_templates, alone.half_life_h, alone.in_templates) == (0, None, 0)
    assert alone.adoption.empty


def test_a_busy_author_is_one_block() -> None:
    """One author's burst at the end is not a community's norm."""
    rng = np.random.default_rng(3)
    member = np.zeros(400, bool)
    member[300:] = rng.random(100) < 0.9
    one = np.where(member, 0, rng.integers(1, 100, 400))
    many = rng.integers(0, 100, 400)
    assert rise(member, one).verdict == "none"
    assert rise(member, many).verdict == "rising"


def test_birth_and_uptake() -> None:
    hours = [0, 1, 2, 10, 20, 21]
    rng = np.random.default_rng(4)
    rows = [(h, f"a{k}", OFFER + prose(rng, 1)) for k, h in enumerate(hours)] + [(30, "a0", OFFER)]
    rows += [(31 + k, f"b{k}", prose(rng)) for k in range(60)]
    frame = pd.DataFrame(rows, columns=["hour", "author", "text"])
    frame = frame.assign(t=pd.Timestamp("2026-01-28", tz="UTC") + pd.to_timedelta(frame["hour"], "h"))
    found = templates(frame.assign(community="general"), draws=100)
    (only,) = found.listed
    assert (only.uses, only.authors, only.half_life_h) == (7, 6, 2)
    assert found.half_life_h == 2
    assert found.adoption["agents"].tolist() == [1, 2, 3, 4, 5, 6]
    assert found.top_share == pytest.approx(7 / 67)


def test_too_little_to_say() -> None:
    with pytest.raises(NotComputable, match="at least 50 texts"):
        templates(society(0, 49, 0, 0))
