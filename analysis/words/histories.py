"""What each agent wrote, one text after the other, with what each text earned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from moltarium.analysis.corpus import OBSERVED, OPENING
from moltarium.analysis.upvotes import crawled, upvotes
from moltarium.analysis.words.embeddings import Embedder
from moltarium.analysis.words.lexical import tfidf
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Post, Vote
from moltarium.sim.record.view import Record

Floats: TypeAlias = npt.NDArray[np.float64]

MAX_TEXTS: Final = 1_000
"""Texts read per agent, the first ones: a likeness of every pair of them is held."""


@dataclass(frozen=True, slots=True)
class History:
    """One agent's posts in order of time."""

    alike: Floats
    """Shape ``(n, n)``: cosine of every pair of its texts."""
    towards: Floats
    """Shape ``(n,)``: each text's product with the direction that all *other* agents' texts point in."""
    hours: Floats
    """Shape ``(n,)``: time of each text."""
    reward: Floats
    """Shape ``(n,)``: upvotes of each text."""
    gain: Floats | None
    """Shape ``(n,)``: net votes that came in, on anything it wrote, after this text and before the next;
    ``None`` where single votes are unknown."""

    @property
    def n(self) -> int:
        """The number of texts."""
        return len(self.reward)

    @property
    def top(self) -> int | None:
        """Index of the most-upvoted text, the first of equals; ``None`` if none was upvoted."""
        return int(self.reward.argmax()) if self.n and self.reward.max() > 0 else None

    @property
    def jump(self) -> int | None:
        """Index of the text after which most net votes came in before the next; ``None`` if none did."""
        if self.gain is None or self.n < 2:
            return None
        between = self.gain[:-1]
        return int(between.argmax()) if between.max() > 0 else None


@dataclass(frozen=True, slots=True)
class Histories:
    """Every agent's texts, and what could not be read."""

    agents: tuple[str, ...]
    of: tuple[History, ...]
    vectors: str
    """How texts were compared."""
    left_out: dict[str, int]
    """Texts that are in no history, by reason."""


def histories(record: Record, embedder: Embedder | None = None) -> Histories:
    """Read every agent's posts in order of time.

    Parameters
    ----------
    record
        Any record with posts, and scores or votes.
    embedder
        Default: TF-IDF over the record's own posts (`moltarium.analysis.words.lexical.tfidf`).

    Raises
    ------
    NotComputable
        Where posts, or all of scores and votes, are unknown.
    """
    if not record.has(Post):
        raise NotComputable("table post")
    reward = upvotes(record)
    frame = record.frame(Post)
    frame = frame[frame["step"].fillna(OBSERVED) != OPENING]
    known = frame.dropna(subset=["author"]).sort_values("seq")
    known = known.assign(reward=known["post_id"].map(reward.to_dict()))
    if not crawled(record):
        known = known.assign(reward=known["reward"].fillna(0.0))
    scored = known.dropna(subset=["reward"])
    early = scored[scored.groupby("author").cumcount() < MAX_TEXTS].reset_index(drop=True)
    left_out = {
        "unknown author": len(frame) - len(known),
        "unknown score": len(known) - len(scored),
        f"beyond an author's first {MAX_TEXTS}": len(scored) - len(early),
    }
    # As topics and norms read them, so that one vector of a post serves all.
    texts = (early["title"] + "\n" + early["body"]).str.strip().tolist()
    rows: Any = embedder.encode(texts).astype(np.float64) if embedder else tfidf(texts)
    gains = _gains(record, early)
    agents, of = [], []
    for author, history in _each(early, rows, gains):
        agents.append(author)
        of.append(history)
    return Histories(
        tuple(agents), tuple(of), embedder.name if embedder else "TF-IDF of the posts' words", left_out
    )


def _each(frame: pd.DataFrame, rows: Any, gains: Floats | None) -> Iterator[tuple[str, History]]:
    hours = (frame["t"] - pd.Timestamp(0, tz="UTC")).dt.total_seconds().to_numpy() / 3600
    reward = frame["reward"].to_numpy(np.float64)
    everyone = np.asarray(rows.sum(axis=0)).ravel()
    for author, places in sorted(frame.groupby("author").indices.items()):
        own = rows[places]
        others = everyone - np.asarray(own.sum(axis=0)).ravel()
        length = float(np.linalg.norm(others))
        alike = own @ own.T
        yield (
            str(author),
            History(
                alike=np.asarray(alike if isinstance(alike, np.ndarray) else alike.toarray(), np.float64),
                towards=np.asarray(own @ others).ravel() / (length or 1.0),
                hours=hours[places],
                reward=reward[places],
                gain=None if gains is None else gains[places],
            ),
        )


def _gains(record: Record, frame: pd.DataFrame) -> Floats | None:
    """Net votes per post of `frame` that reached its author between it and the author's next post."""
    if not record.has(Vote):
        return None
    votes = record.frame(Vote)
    before = votes.groupby(["voter", "target"])["value"].shift(fill_value=0)
    owner = frame.set_index("post_id")["author"].to_dict()
    votes = votes.assign(change=votes["value"] - before, author=votes["target"].map(owner)).dropna(
        subset=["author"]
    )
    gains = np.zeros(len(frame))
    places = frame.groupby("author").indices
    for author, own in votes.groupby("author"):
        at = places[author]
        slot = np.searchsorted(frame["seq"].to_numpy()[at], own["seq"].to_numpy(), side="right") - 1
        np.add.at(gains, at[np.maximum(slot, 0)], own["change"].to_numpy(np.float64))
    return gains
