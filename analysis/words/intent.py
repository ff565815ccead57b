"""Why agents write: do they speak of their own interests, and do they ask or tell?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from moltarium.analysis.metric import Null
from moltarium.analysis.words.act_reader import ACT_NAMES, NOT_COVERED, sentences
from moltarium.analysis.words.conduct import slope_reach
from moltarium.analysis.words.dialogue import null_of
from moltarium.analysis.words.embeddings import Embedder, static_embedder
from moltarium.analysis.words.norms import Texts, norm_texts
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Agent
from moltarium.sim.record.view import Record

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]

THRESHOLD: Final = 0.6
"""MoltNet's cosine from which content counts as persona-aligned (arXiv:2602.13458), on its own embeddings."""
MIN_TEXTS: Final = 30
MOST_TEXTS: Final = 20_000
"""Texts that the null is read off, drawn at random."""


def acts_table(found: Sequence[str], author: Ints | None = None) -> pd.DataFrame:
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


Ratio: TypeAlias = tuple[float, tuple[float, float]]
"""A value and its 95 %."""


def statements_per_question(found: Sequence[str], author: Ints) -> Ratio | None:
    """Return texts that inform / texts that ask with its 95 %, one author left out at a time.

    ``None`` where fewer than two authors ask: one author's questions have no spread.
    """
    informs, asks = (np.array([act == name for act in found], np.float64) for name in ("inform", "ask"))
    return _per(informs, asks, author)


def sentences_per_question(texts: Sequence[str], author: Ints) -> Ratio | None:
    """Return sentences that do not end in ``?`` / sentences that do, in any language; else as texts.

    Examples
    --------
    >>> sentences_per_question(["I am. Am I?", "Why? So it is. It is so. Yes, it is."], np.array([0, 1]))[0]
    2.0
    """
    split = [sentences(text) for text in texts]
    asked = np.array([sum(part.endswith("?") for part in said) for said in split], np.float64)
    return _per(np.array(list(map(len, split)), np.float64) - asked, asked, author)


def _per(told: Floats, asked: Floats, author: Ints) -> Ratio | None:
    _, code = np.unique(author, return_inverse=True)
    tells, asks = (np.asarray(np.bincount(code, each), np.float64) for each in (told, asked))
    if (asks > 0).sum() < 2:
        return None
    value, reach = float(tells.sum() / asks.sum()), slope_reach(tells, asks)
    return value, (max(value - reach, 0.0), value + reach)


@dataclass(frozen=True, slots=True)
class PersonaAlignment:
    """How near agents' texts are to what they say they are."""

    mean: float
    """Mean cosine of a text and its author's bio."""
    ci: tuple[float, float]
    """95 %, one agent with all its texts left out at a time."""
    null: Null
    """The same with bios dealt out anew: how near any text is to any bio here."""
    aligned: float
    """Share of texts at `THRESHOLD`; it depends on the embedding, see `curve`."""
    curve: pd.DataFrame
    """``threshold``, ``aligned``, ``low``, ``high`` (95 %, as `ci`) and ``null`` (share of texts at it under
    the null)."""
    n: int
    n_agents: int
    left_out: int
    """Texts whose author has no bio."""
    verdict: str
    """``"aligned"`` where the mean stands above the null at p < .05 and `ci` leaves out the null's mean."""
    embedder: str


def persona_alignment(
    record: Record,
    *,
    texts: Texts = "post",
    draws: int = 200,
    seed: int = 0,
    embedder: Embedder | None = None,
) -> PersonaAlignment:
    """Return whether agents write about what their bio says, beyond any agent's bio.

    Raises
    ------
    NotComputable
        Where agents, their bios or the texts are unknown, or fewer than `MIN_TEXTS` texts have a bio.
    """
    for need in (Agent, "agent.bio"):
        if not record.has(need):
            raise NotComputable(need if isinstance(need, str) else f"table {need.__name__.lower()}")
    bios = {agent.agent_id: agent.bio for agent in record.rows(Agent) if agent.bio.strip()}
    written = norm_texts(record, texts)
    own = written[written["author"].isin(list(bios))]
    if len(own) < MIN_TEXTS or own["author"].nunique() < 2:
        raise NotComputable(f"{MIN_TEXTS} {texts}s by agents with a bio (has {len(own)})")
    embedder = embedder or static_embedder()
    code, names = pd.factorize(own["author"])
    bio = embedder.encode([bios[str(name)] for name in names])
    content = embedder.encode(own["text"].tolist())
    rng = np.random.default_rng([seed, 68])
    cosine = np.einsum("ij,ij->i", content, bio[code])
    # The null is as well known from some texts as from all, and each draw reads every one of them.
    some = rng.permutation(len(code))[:MOST_TEXTS]
    shuffled = np.array(
        [
            np.einsum("ij,ij->i", content[some], bio[rng.permutation(len(bio))[code[some]]])
            for _ in range(draws)
        ]
    )
    null = null_of("bios dealt out anew among agents", float(cosine.mean()), shuffled.mean(axis=1))
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
        len(own), len(names), len(written) - len(own), "aligned" if found else "none",
        embedder.name,
    )  # fmt: skip
