"""Worlds with a known norm, or a known change of language, and the same worlds where nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta

from benchmarks.reward_worlds import Found, World
from moltarium.analysis.words.centroids import centroids
from moltarium.analysis.words.conduct import enforcement, newcomers
from moltarium.analysis.words.dispersion import convergence
from moltarium.analysis.words.ngrams import Spoken, lives, spoken
from moltarium.analysis.words.style import style
from moltarium.analysis.words.templates import templates
from moltarium.analysis.words.windows import windows
from moltarium.analysis.words.xmeans import xmeans

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
DRAWS = 200
SYLLABLES = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
OFFER = "Welcome to the reef, friend! Follow me and I shall follow you back, together we molt and grow. "


def lexicon(rng: np.random.Generator, n: int) -> list[str]:
    """Return words that mean nothing."""
    return ["".join(word) for word in rng.choice(SYLLABLES, (n, 3)).tolist()]


def _moments(hours: Floats) -> pd.Series[pd.Timestamp]:
    return pd.Series(pd.to_datetime((hours * 3.6e9).astype(np.int64), unit="us", utc=True))


def rising(seed: int, strength: float, n: int = 700) -> Found:
    """A growing site of which the share `.1 … .1 + strength` uses a template; authors write several texts."""
    rng = np.random.default_rng([seed, 90])
    at = np.sort(rng.random(n) ** 0.5) * 72
    uses = rng.random(n) < 0.1 + strength * np.linspace(0, 1, n)
    frame = pd.DataFrame(
        {
            "t": _moments(at),
            "author": [f"a{k}" for k in rng.integers(0, 150, n)],
            "community": "general",
            "text": [(OFFER if use else "") + " ".join(lexicon(rng, 1 if use else 14)) for use in uses],
        }
    )
    found = templates(frame, draws=20, seed=seed).rise
    return Found(found.change, found.ci, found.verdict != "none")


TEMPLATES, ADOPTERS, HALF_LIFE = 14, 15, 6.0


def adopting(seed: int, strength: float) -> Found:
    """Fourteen templates of fifteen agents; half of them adopt within six hours (strength 1), or at any time.

    At strength 0 a template is taken up at moments at which the site writes, and the site grows.
    """
    rng = np.random.default_rng([seed, 91])
    n = 900
    site = np.sort(rng.random(n) ** 0.5) * 400
    hours, authors = [*site], [f"a{k}" for k in rng.integers(0, 300, n)]
    texts = [" ".join(lexicon(rng, 14)) for _ in range(n)]
    for each in range(TEMPLATES):
        born = int(rng.integers(20, 300))
        body = " ".join(lexicon(rng, 20))
        if strength:
            delay = rng.exponential(HALF_LIFE / np.log(2) / strength, ADOPTERS - 1)
        else:
            delay = rng.choice(site[born + 1 :], ADOPTERS - 1) - site[born]
        hours += [site[born], *(site[born] + delay)]
        authors += [f"t{each}-{k}" for k in range(ADOPTERS)]
        texts += [body] * ADOPTERS
    frame = pd.DataFrame({"author": authors, "text": texts, "hour": hours, "community": "general"})
    frame = frame.sort_values("hour", kind="stable").reset_index(drop=True)
    found = templates(frame.assign(t=_moments(frame["hour"].to_numpy())), draws=60, seed=seed)
    low, high = found.half_life_ci or (np.nan, np.nan)
    alarm = (found.half_life_p or 1) < 0.05
    return Found(found.half_life_h or np.nan, (low, high), alarm)


def half_life_truth() -> float:
    """Median over templates: half of fifteen agents is the seventh of fourteen exponential delays."""
    middle = beta.median(ADOPTERS // 2, ADOPTERS - 1 - ADOPTERS // 2 + 1)
    return float(-np.log(1 - middle) * HALF_LIFE / np.log(2))


def converging(
    seed: int, strength: float, n: int = 900, authors: int = 200, draws: int = 60, kind: str = ""
) -> Found:
    """Five communities pulled to a centre of their own: by `strength` more at the end than at the start.

    Without strength the pull is constant; the site grows, or (kind "whole site") moves as a whole.
    """
    rng = np.random.default_rng([seed, 92])
    at = np.sort(rng.random(n) ** 0.5)
    community, author = rng.integers(0, 5, n), rng.integers(0, authors, n)
    pull = 2.5 + 5 * strength * (np.arange(n) * 6 // n / 5)
    points = rng.normal(size=(n, 24)) + pull[:, None] * np.eye(5, 24)[community]
    if kind == "whole site":
        points += 5 * at[:, None] * np.eye(24)[23]
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    found = convergence(
        points.astype(np.float32), community, author, np.arange(n) * 6 // n, draws=draws, seed=seed
    )
    return Found(found.change, found.ci, found.verdict != "none")


def learning(seed: int, strength: float) -> Found:
    """Eighty authors who come `strength` nearer per doubling of tenure; the unlike leave early."""
    rng = np.random.default_rng([seed, 93])
    n_texts = rng.integers(2, 9, 80)
    author = np.repeat(np.arange(80), n_texts)
    tenure = np.concatenate([np.arange(1, n + 1) for n in n_texts])
    distance = 0.6 - strength * np.log2(tenure) + rng.normal(size=len(author)) * 0.1
    distance += 0.3 * (n_texts[author] < 4)
    order = rng.permutation(len(author))
    order = order[np.argsort(tenure[order], kind="stable")]
    found = newcomers(distance[order], np.zeros_like(author), author[order], draws=DRAWS, seed=seed)
    return Found(found.change, found.ci, found.verdict != "none")


def enforcing(seed: int, strength: float, n: int = 600) -> Found:
    """Communities that vote less for what departs from their norm, busy and quiet ones."""
    rng = np.random.default_rng([seed, 94])
    community, author = rng.integers(0, 4, n), rng.integers(0, max(n // 5, 2), n)
    # Authors have a place of their own: their texts are no independent draws.
    distance = rng.random(n) + 0.5 * rng.random(n // 5 + 2)[author] + community
    votes = rng.poisson(np.exp(1 + 0.4 * community - strength * (distance - community))).astype(float)
    found = enforcement("upvotes", votes, distance, community, author, draws=DRAWS, seed=seed)
    return Found(found.rho, found.ci, found.verdict != "none")


CLASSES = (("the", "a"), ("we", "you"), ("never", "not"), ("very", "really"), ("all", "many"), ("and", "but"))


def _talk(seed: int, strength: float, posts: int = 80) -> tuple[list[str], list[str], Ints]:
    """Three replies to each post, which use what it uses with the chance `strength`, else as anybody does."""
    rng = np.random.default_rng([seed, 95])
    target = np.repeat(np.arange(posts), 3)
    uses = rng.random((posts, len(CLASSES))) < 0.5
    own = rng.random((len(target), len(CLASSES))) < 0.5
    replies = np.where(rng.random(own.shape) < strength, uses[target], own)

    def said(used: npt.NDArray[np.bool_]) -> str:
        return " ".join([*(str(rng.choice(c)) for c in np.array(CLASSES)[used]), *lexicon(rng, 6)])

    above = [said(row) for row in uses]
    return [said(row) for row in replies], [above[at] for at in target], target


def coordinating(seed: int, strength: float) -> Found:
    """Replies that take up each of six classes of function words: coordination is half of the chance."""
    replies, parents, target = _talk(seed, strength)
    found = style(replies, parents, target, np.zeros(len(target), np.int64), draws=DRAWS, seed=seed)
    return Found(found.coordinated, found.coordinated_ci, found.coordinated_verdict != "none")


def matching(seed: int, strength: float, posts: int = 80) -> Found:
    """The same replies, by linguistic style matching."""
    replies, parents, target = _talk(seed, strength, posts)
    found = style(replies, parents, target, np.zeros(len(target), np.int64), draws=DRAWS, seed=seed)
    return Found(found.matching, found.matching_ci, found.verdict != "none")


@cache
def _vocabulary() -> list[str]:
    return sorted(set(lexicon(np.random.default_rng(1), 330)))[:300]


def _spoken(seed: int, strength: float, n: int = 400, at: Ints | None = None) -> list[str]:
    """Texts of twenty Zipf-distributed words; late ones draw each from a new vocabulary by `strength`."""
    rng = np.random.default_rng([seed, 96])
    late = np.arange(n) * 2 // n if at is None else at
    p = 1 / np.arange(1, 151)
    rank = rng.choice(150, (n, 20), p=p / p.sum())
    new = (rng.random((n, 20)) < strength) & (late[:, None] > 0)
    words = np.array(_vocabulary())
    return [" ".join(row) for row in words[rank + 150 * new]]


def moving(seed: int, strength: float) -> Found:
    """A growing site that takes new words halfway, by the largest JSD beyond shuffled texts."""
    texts = _spoken(seed, strength)
    at = np.linspace(0, 1, len(texts)) ** 0.5 * 300
    found = windows(pd.DataFrame({"t": _moments(at), "text": texts}), n=2, draws=60, seed=seed)
    return Found(found.excess, found.excess_ci, found.verdict != "none")


def born(seed: int, strength: float, texts: int = 400) -> Found:
    """The same site, by the share of words born in the second half beyond shuffled texts."""
    window = np.arange(texts) * 2 // texts
    seen: Spoken = spoken([text.split() for text in _spoken(seed, strength, texts)], window)
    _, moved = lives(seen, 100, np.random.default_rng([seed, 97]))
    row = moved[(moved["n"] == 1) & (moved["figure"] == "born")].iloc[0]
    low, high, p = float(row["low"]), float(row["high"]), float(row["p"])
    return Found(float(row["difference"]), (low, high), p < 0.05 and not low <= 0 <= high)


def apart(seed: int, strength: float) -> Found:
    """Four communities whose subjects drift together and stand `strength` apart."""
    rng = np.random.default_rng([seed, 98])
    n, size = 320, 30
    block = np.arange(n) * 8 // n
    # Communities come and go: who writes when is no norm.
    community = np.where(rng.random(n) < 0.4, block // 2, rng.integers(0, 4, n))
    days = 5 * np.eye(8, size, 8)
    vectors = 1 + days[block] + 5 * strength * np.eye(4, size)[community] + 2 * rng.normal(size=(n, size))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = np.array([f"c{each}" for each in community], object)
    found = centroids(
        vectors.astype(np.float32), names, rng.integers(0, 200, n), block, draws=DRAWS, seed=seed
    )
    return Found(found.distance, found.ci, found.verdict != "none")


def clusters(seed: int, k: int) -> int:
    """Return how many clusters X-means finds among `k` of unit spread whose centres lie six apart."""
    rng = np.random.default_rng([seed, 99])
    points = rng.standard_normal((k * 60, 10)) + 6 / np.sqrt(2) * np.eye(10)[np.repeat(np.arange(k), 60)]
    return int(xmeans(points, rng).max()) + 1


def mean_of(make: Callable[[int, float], Found], strength: float, seeds: int = 100) -> Callable[[], float]:
    """Return the truth of a figure that depends on how much text there is: its mean over many worlds."""
    return lambda: float(np.mean([make(10**6 + seed, strength).value for seed in range(seeds)]))


WORLDS = {
    "a template that rises": World(rising, 0.4, 0.4, lambda: 0.4),
    "half-life of adoption": World(adopting, 1.0, 5.4167, half_life_truth),
    "communities that converge": World(
        converging, 0.5, -0.2879, lambda: converging(10**6, 0.5, 60_000, 20_000).value
    ),
    "newcomers who learn": World(learning, 0.05, -0.05, lambda: -0.05),
    "enforcement by votes": World(enforcing, 0.6, -0.322, mean_of(enforcing, 0.6, 1_000)),
    "coordination on function words": World(coordinating, 0.5, 0.25, lambda: 0.25),
    "style matching": World(matching, 0.5, 0.8246, lambda: matching(10**6, 0.5, 4_000).value),
    "JSD between windows": World(moving, 0.3, 0.1539, mean_of(moving, 0.3)),
    "words that are born": World(born, 0.3, 0.3233, mean_of(born, 0.3)),
    "communities that stand apart": World(apart, 1.0, 0.3524, mean_of(apart, 1.0)),
}
