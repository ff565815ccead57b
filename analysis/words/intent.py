"""Why agents post: do they speak of their own interests, ask or tell, and answer what was said?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student

from moltarium.analysis.affect.alignment import permuted_parents
from moltarium.analysis.corpus import OBSERVED, OPENING
from moltarium.analysis.metric import Null
from moltarium.analysis.words.act_reader import ACT_NAMES, NOT_COVERED
from moltarium.analysis.words.conduct import slope_reach
from moltarium.analysis.words.embeddings import Embedder, static_embedder
from moltarium.analysis.words.lexical import tfidf
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Agent, Post
from moltarium.sim.record.view import Record

THRESHOLD: Final = 0.6
"""MoltNet's cosine from which content counts as persona-aligned (arXiv:2602.13458), on its own embeddings."""
MIN_TEXTS: Final = 30


def acts_table(found: Sequence[str], author: npt.NDArray[np.int64] | None = None) -> pd.DataFrame:
    """Return acts already read by name: ``act``, ``texts``, ``share``.

    With codes of authors also ``low``, ``high``: 95 %, one author with all texts left out at a time; where no
    text (or every text) is of an act, to the share with which so many authors would have none in 1 of 40
    cases.
    """
    names = (*ACT_NAMES, NOT_COVERED)
    table = pd.DataFrame(
        [(name, found.count(name), found.count(name) / max(len(found), 1)) for name in names],
        columns=["act", "texts", "share"],
    )
    if author is None or len(np.unique(author)) < 2:
        return table
    _, code, size = np.unique(author, return_inverse=True, return_counts=True)
    own = [np.bincount(code, [act == name for act in found]).astype(float) for name in names]
    reach = np.array([slope_reach(each, size.astype(float)) for each in own])
    share = table["share"].to_numpy(np.float64)
    unseen = 1 - 0.025 ** (1 / len(size))
    return table.assign(
        low=np.where(share == 1, 1 - unseen, np.maximum(share - reach, 0)),
        high=np.where(share == 0, unseen, np.minimum(share + reach, 1)),
    )


def statements_per_question(
    found: Sequence[str], author: npt.NDArray[np.int64]
) -> tuple[float, tuple[float, float]] | None:
    """Return texts that inform / texts that ask with its 95 %, one author left out at a time.

    ``None`` where fewer than two authors ask: one author's questions have no spread.
    """
    _, code = np.unique(author, return_inverse=True)
    informs, asks = (
        np.bincount(code, [act == name for act in found]).astype(float) for name in ("inform", "ask")
    )
    if (asks > 0).sum() < 2:
        return None
    value, reach = float(informs.sum() / asks.sum()), slope_reach(informs, asks)
    return value, (max(value - reach, 0.0), value + reach)


@dataclass(frozen=True, slots=True)
class PersonaAlignment:
    """How near agents' posts are to what they say they are."""

    mean: float
    """Mean cosine of a post and its author's bio."""
    ci: tuple[float, float]
    """95 %, one agent with all its posts left out at a time."""
    null: Null
    """The same with bios dealt out anew: how near any post is to any bio here."""
    aligned: float
    """Share of posts at `THRESHOLD`; it depends on the embedding, see `curve`."""
    curve: pd.DataFrame
    """``threshold``, ``aligned``, ``low``, ``high`` (95 %, as `ci`) and ``null`` (share of posts at it under
    the null)."""
    n: int
    n_agents: int
    left_out: int
    """Posts whose author has no bio."""
    verdict: str
    """``"aligned"`` where the mean stands above the null at p < .05 and `ci` leaves out the null's mean."""
    embedder: str


def persona_alignment(
    record: Record, *, draws: int = 200, seed: int = 0, embedder: Embedder | None = None
) -> PersonaAlignment:
    """Return whether agents post about what their bio says, beyond any agent's bio.

    Raises
    ------
    NotComputable
        Where agents, their bios or posts are unknown, or fewer than `MIN_TEXTS` posts have a bio.
    """
    for need in (Agent, "agent.bio", Post):
        if not record.has(need):
            raise NotComputable(need if isinstance(need, str) else f"table {need.__name__.lower()}")
    bios = {agent.agent_id: agent.bio for agent in record.rows(Agent) if agent.bio.strip()}
    posts = record.frame(Post)
    posts = posts[posts["step"].fillna(OBSERVED) != OPENING]
    own = posts[posts["author"].isin(list(bios))]
    if len(own) < MIN_TEXTS or own["author"].nunique() < 2:
        raise NotComputable(f"{MIN_TEXTS} posts by agents with a bio (has {len(own)})")
    embedder = embedder or static_embedder()
    code, names = pd.factorize(own["author"])
    bio = embedder.encode([bios[str(name)] for name in names])
    content = embedder.encode((own["title"] + "\n" + own["body"]).tolist())
    rng = np.random.default_rng([seed, 68])
    cosine = np.einsum("ij,ij->i", content, bio[code])
    shuffled = np.array(
        [np.einsum("ij,ij->i", content, bio[rng.permutation(len(bio))[code]]) for _ in range(draws)]
    )
    null = _null("bios dealt out anew among agents", float(cosine.mean()), shuffled.mean(axis=1))
    size = np.bincount(code).astype(float)

    def reach(values: npt.NDArray[Any]) -> float:
        return slope_reach(np.bincount(code, values).astype(float), size)

    at = np.round(np.arange(0.1, 0.91, 0.1), 1)
    shares, wide = (np.array([of(cosine >= x) for x in at]) for of in (np.mean, reach))
    curve = pd.DataFrame(
        {
            "threshold": at,
            "aligned": shares,
            "low": np.maximum(shares - wide, 0),
            "high": np.minimum(shares + wide, 1),
            "null": [float((shuffled >= x).mean()) for x in at],
        }
    )
    value, half = float(cosine.mean()), reach(cosine)
    found = null.p < 0.05 and value - half > null.mean
    return PersonaAlignment(
        value, (value - half, value + half), null, float((cosine >= THRESHOLD).mean()), curve,
        len(own), len(names), len(posts) - len(own), "aligned" if found else "none",
        embedder.name,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Uptake:
    """Whether replies take up the words of what they answer."""

    mean: float
    """Mean TF-IDF cosine of a reply and what it answers."""
    ci: tuple[float, float]
    """95 % by Student's t, what is answered resampled with all its replies."""
    null: Null
    """The same with parents changing places within community and time block."""
    verdict: str
    n: int


def uptake(
    replies: Sequence[str], parents: Sequence[str], target: npt.NDArray[np.int64],
    stratum: npt.NDArray[np.int64], *, draws: int = 200, seed: int = 0,
) -> Uptake:  # fmt: skip
    """Return whether replies answer what was said, by their words, beyond community and day.

    The verdict needs p < .05 and an interval that leaves out the null's mean.

    Raises
    ------
    NotComputable
        Under `MIN_TEXTS` pairs.
    """
    if len(replies) < MIN_TEXTS:
        raise NotComputable(f"{MIN_TEXTS} replies (has {len(replies)})")
    rows = tfidf([*replies, *parents])
    a, b = rows[: len(replies)], rows[len(replies) :]
    rng = np.random.default_rng([seed, 69])
    cosine = np.asarray(a.multiply(b).sum(axis=1), np.float64).ravel()
    value = float(cosine.mean())
    null = [
        float(a.multiply(b[permuted_parents(target, stratum, rng)]).sum()) / len(replies)
        for _ in range(draws)
    ]
    standing = _null("parents permuted within community and time block", value, np.array(null))
    _, code = np.unique(target, return_inverse=True)
    total, size = np.bincount(code, weights=cosine), np.bincount(code)
    weight = rng.multinomial(len(size), np.full(len(size), 1 / len(size)), size=draws)
    reach = float(student.ppf(0.975, max(len(size) - 1, 1))) * float(
        ((weight @ total) / (weight @ size)).std(ddof=1)
    )
    found = standing.p < 0.05 and value - reach > standing.mean
    return Uptake(
        value, (value - reach, value + reach), standing, "taken up" if found else "none", len(replies)
    )


def _null(model: str, value: float, draws: npt.NDArray[np.float64]) -> Null:
    mean, sd = float(draws.mean()), float(draws.std(ddof=1))
    far = int((np.abs(draws - mean) >= abs(value - mean) - 1e-12).sum())
    return Null(
        model, mean, sd, (value - mean) / sd if sd > 0 else None, (1 + far) / (1 + len(draws)), len(draws)
    )
