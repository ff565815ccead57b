"""Does reward change what agents write? Every before/after figure with the control that could refute it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd

from moltarium.analysis.words.embeddings import Embedder
from moltarium.analysis.words.histories import Floats, Histories, History, histories
from moltarium.analysis.words.placebo import (
    MIN_AGENTS,
    WINDOW,
    Effect,
    Outcome,
    Verdict,
    away_change,
    likeness_change,
    likeness_levels,
    matched_effect,
    mean_interval,
    pace_change,
    placebo_effect,
    pull_change,
)
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.view import Record

LAGS: Final = 5
"""Texts on either side of the event in the event study."""
EXTREME: Final = 0.3
"""Share of a window's texts that count as its best and its worst (arXiv:2602.14299)."""

OUTCOMES: Final[dict[str, tuple[Outcome, str]]] = {
    "likeness": (
        likeness_change,
        f"mean cosine of the next {WINDOW} posts to the last {WINDOW}, less that of the last {WINDOW} among "
        "themselves; below 0: away from own earlier content (arXiv:2602.13458)",
    ),
    "pull": (
        pull_change,
        "cosine of the posts after to everyone else's centroid, less that of as many posts before; above 0: "
        "towards the site (arXiv:2602.14299)",
    ),
    "away": (away_change, "share of agents whose likeness falls (arXiv:2602.13458)"),
    "pace": (pace_change, "ln(mean gap between posts before / after); above 0: posts faster"),
}
EVENTS: Final[dict[str, Callable[[History], int | None]]] = {
    "top_post": lambda history: history.top,
    "karma_jump": lambda history: history.jump,
}

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Drift:
    """What reward changed, effect by effect."""

    effects: tuple[Effect, ...]
    not_computable: dict[str, str]
    """Effects without a value, and what they need."""
    verdicts: dict[str, Verdict]
    """By effect: ``"none"`` unless all its controls agree on a direction; no entry where a control could
    not be computed, for one alone may be fooled."""
    levels: pd.DataFrame
    """Before and after as papers report them, which no difference to a control is: see `before_after`."""
    event_study: pd.DataFrame
    """Around the top post: ``lag`` (0: the top post), ``n``, ``likeness`` (mean cosine to own earlier posts),
    ``placebo`` (the same around every other post), ``low``, ``high`` (95 % of the difference)."""
    agents: int
    posts: int
    vectors: str
    left_out: dict[str, int]

    def json(self) -> Json:
        """Return everything as plain values."""
        return {
            "agents": self.agents,
            "posts": self.posts,
            "vectors": self.vectors,
            "left_out": self.left_out,
            "effects": [{**asdict(effect), "verdict": effect.verdict} for effect in self.effects],
            "not_computable": self.not_computable,
            "verdicts": self.verdicts,
            "levels": self.levels.to_dict("records"),
            "event_study": self.event_study.to_dict("records"),
        }


def drift(record: Record, *, embedder: Embedder | None = None, draws: int = 1_000, seed: int = 0) -> Drift:
    """Return whether agents write otherwise after a reward, beside what no reward would show.

    Two events: the agent's most-upvoted post, and the gap between two posts in which most net votes came in.
    Four outcomes (`OUTCOMES`), each against every other split of the same history and against agents not
    rewarded yet (see `moltarium.analysis.words.placebo`); besides, how much is written after the top post
    against a uniform place of it, and whether agents repeat their best rather than their worst texts against
    shuffled rewards.

    Parameters
    ----------
    record
        Any record with posts, and scores or votes.
    embedder
        How posts are compared; default TF-IDF.
    draws
        Random splits, shuffles and resamples.
    seed
        Seeds all of them.

    Raises
    ------
    NotComputable
        Where posts, or all of scores and votes, are unknown.
    """
    return drift_of(histories(record, embedder), draws=draws, seed=seed)


def drift_of(read: Histories, *, draws: int = 1_000, seed: int = 0) -> Drift:
    """Return `drift` of histories already read."""
    effects: list[Effect] = []
    lacking: dict[str, str] = {}
    rng = np.random.default_rng([seed, 61])

    def attempt(name: str, compute: Callable[[], Effect]) -> None:
        try:
            effects.append(compute())
        except NotComputable as lack:
            lacking[name] = lack.needs

    pool = read.of
    attempt("output_shift", lambda: output_shift(pool, draws=draws, rng=rng))
    for event, find in EVENTS.items():
        if event == "karma_jump" and any(history.gain is None for history in pool):
            lacking |= {f"{event}.{name}": "table vote" for name in OUTCOMES}
            continue
        at = [find(history) for history in pool]
        for name, (outcome, text) in OUTCOMES.items():
            for control, effect in (("placebo", placebo_effect), ("matched", matched_effect)):
                attempt(
                    f"{event}.{name} ({control})",
                    lambda e=effect, o=outcome, n=f"{event}.{name}", d=text, a=at: e(  # type: ignore[misc]
                        n, d, o, pool, a, draws=draws, rng=rng
                    ),
                )
    attempt("feedback", lambda: feedback(pool, draws=draws, rng=rng))
    return Drift(
        tuple(effects), lacking, _verdicts(effects, lacking), before_after(pool),
        event_study(pool, draws=draws, rng=rng), len(pool), sum(history.n for history in pool),
        read.vectors, read.left_out,
    )  # fmt: skip


def _verdicts(effects: Sequence[Effect], lacking: Iterable[str]) -> dict[str, Verdict]:
    said: dict[str, set[Verdict]] = {}
    half = {name.split(" (")[0] for name in lacking}
    for effect in effects:
        if effect.name not in half:
            said.setdefault(effect.name, set()).add(effect.verdict)
    return {name: next(iter(found)) if len(found) == 1 else "none" for name, found in said.items()}


def output_shift(pool: Sequence[History], *, draws: int, rng: np.random.Generator) -> Effect:
    """Return the share of an agent's posts that follow its most-upvoted one, beside a uniform place of it.

    ``mean (n − 1 − k) / n`` against ``mean (n − 1) / 2n``, agents with an upvoted post. An agent with one
    post adds 0 to both: the mean alone says how many wrote once.

    Raises
    ------
    NotComputable
        Under `MIN_AGENTS` such agents.
    """
    rewarded = [(history.n, history.top) for history in pool if history.top is not None]
    if len(rewarded) < MIN_AGENTS:
        raise NotComputable(f"at least {MIN_AGENTS} agents with an upvoted post (has {len(rewarded)})")
    n, k = (np.array(column, np.int64) for column in zip(*rewarded, strict=True))
    observed, expected = (n - 1 - k) / n, (n - 1) / (2 * n)
    difference = observed - expected
    null = np.array([(rng.integers(0, n) / n - expected).sum() for _ in range(draws)])
    far = int((np.abs(null) >= abs(difference.sum()) - 1e-12).sum())
    return Effect(
        "output_shift", "uniform position",
        "posts after the most-upvoted one / all posts of the agent (arXiv:2602.13458)",
        float(observed.mean()), float(expected.mean()), float(difference.mean()),
        mean_interval(difference, draws, rng), (1 + far) / (1 + draws), len(rewarded), 0,
    )  # fmt: skip


def _progress(history: History, order: list[np.ndarray[Any, np.dtype[np.int64]]]) -> float:
    """Mean over windows of how much nearer the next comes to this one's best than to its worst texts."""
    found = []
    few = max(1, round(EXTREME * WINDOW))
    for start, ranked in enumerate(order):
        now = np.arange(start * WINDOW, (start + 1) * WINDOW)
        then = now + WINDOW
        worst, best = now[ranked[:few]], now[ranked[-few:]]
        found.append(history.alike[np.ix_(then, best)].mean() - history.alike[np.ix_(then, worst)].mean())
    return float(np.mean(found))


def feedback(pool: Sequence[History], *, draws: int, rng: np.random.Generator) -> Effect:
    """Return how much nearer the next texts come to the best than to the worst of the last, by upvotes.

    In consecutive windows of `WINDOW` posts: mean cosine of the next window to the best `EXTREME` of this
    one, less that to the worst `EXTREME`; a reading of "feedback NP = Δbottom − Δtop" (arXiv:2602.14299, of
    which we have the figures but not the code). Above 0: what was rewarded is repeated. The control shuffles
    rewards inside each window.

    Raises
    ------
    NotComputable
        Under `MIN_AGENTS` agents with two full windows.
    """
    able = [history for history in pool if history.n >= 2 * WINDOW]
    if len(able) < MIN_AGENTS:
        raise NotComputable(f"at least {MIN_AGENTS} agents with {2 * WINDOW} scored posts (has {len(able)})")

    def orders(history: History, shuffle: bool) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
        found = []
        for start in range(history.n // WINDOW - 1):
            reward = history.reward[start * WINDOW : (start + 1) * WINDOW]
            # Ties, the common case among few votes, are broken at random: in order of time they would
            # compare early with late texts.
            rank = np.lexsort((rng.random(WINDOW), rng.permutation(reward) if shuffle else reward))
            found.append(rank)
        return found

    repeats = 20
    means = [float(np.mean([_progress(h, orders(h, False)) for _ in range(repeats)])) for h in able]
    observed = np.array(means, np.float64)
    fewer = min(draws, 200)
    null = np.array([np.mean([_progress(h, orders(h, True)) for h in able]) for _ in range(fewer)])
    value, expected = float(observed.mean()), float(null.mean())
    low, high = mean_interval(observed, draws, rng)
    far = int((np.abs(null - expected) >= abs(value - expected)).sum())
    return Effect(
        "feedback", "shuffled rewards",
        f"cosine of the next {WINDOW} posts to the best {EXTREME:.0%} of these, less to the worst",
        value, expected, value - expected, (low - expected, high - expected), (1 + far) / (1 + fewer),
        len(able), 0,
    )  # fmt: skip


def before_after(pool: Sequence[History]) -> pd.DataFrame:
    """Return likeness before and after the top post, and at every split of the same agents' histories.

    Over whole histories of agents with two posts up to the top post and one after it. The published reading
    of a drift (arXiv:2602.13458) is a fall from ``before`` to ``after`` in most agents: so it is anywhere.

    Returns
    -------
    pandas.DataFrame
        ``split`` (``"top post"``, ``"any"``: each agent's mean over its splits), ``agents``, ``before``,
        ``after``, ``away`` (share of agents whose likeness falls), and ``before_with_self``,
        ``away_with_self``: the same with each text counted as like itself. Empty without such agents.
    """
    rows: list[list[tuple[float, ...]]] = [[], []]
    for history in pool:
        if history.top is None or not 1 <= history.top < history.n - 1:
            continue
        splits = np.arange(1, history.n - 1)
        before, after, selfish = likeness_levels(history, splits)
        told = np.stack([before, after, after < before, selfish, after < selfish]).astype(np.float64)
        rows[0].append(tuple(told[:, history.top - 1].tolist()))
        rows[1].append(tuple(told.mean(axis=1).tolist()))
    columns = ["before", "after", "away", "before_with_self", "away_with_self"]
    if not rows[0]:
        return pd.DataFrame(columns=["split", "agents", *columns])
    means = pd.DataFrame(np.array(rows).mean(axis=1), columns=columns)
    means.insert(0, "split", ["top post", "any"])
    means.insert(1, "agents", len(rows[0]))
    return means


def event_study(pool: Sequence[History], *, draws: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return likeness to own earlier posts around the top post, and around every other post of its author."""
    rows: dict[int, list[tuple[float, float]]] = {lag: [] for lag in range(-LAGS, LAGS + 1)}
    for history in pool:
        if history.top is None or history.n < 3:
            continue
        earlier = _earlier(history)
        for lag, found in rows.items():
            at = history.top + lag
            if 1 <= at < history.n:
                # Every place that another event could have put at this lag.
                low, high = max(1, lag), min(history.n, history.n + lag)
                found.append((float(earlier[at]), float(earlier[low:high].mean())))
    table = []
    for lag, found in rows.items():
        if len(found) < MIN_AGENTS:
            continue
        pairs = np.array(found)
        low_, high_ = mean_interval(pairs[:, 0] - pairs[:, 1], draws, rng)
        seen, placebo = pairs.mean(axis=0)
        table.append((lag, len(found), float(seen), float(placebo), low_, high_))
    return pd.DataFrame(table, columns=["lag", "n", "likeness", "placebo", "low", "high"])


def _earlier(history: History) -> Floats:
    """Mean cosine of each text to all before it; NaN for the first."""
    below = np.tril(history.alike, -1).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(below / np.arange(history.n), np.float64)
