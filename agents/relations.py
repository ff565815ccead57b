"""Who answered me, what I read, and how it felt: memories made of others' words, and what they add up to."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from moltarium.agents.appraisal import attention
from moltarium.agents.interface import Notice, Observation, Remember, Remembered
from moltarium.agents.memory import RECENCY_HALF_LIFE_H
from moltarium.agents.prompts.untrusted import neutralise
from moltarium.agents.reader import load_reader

MOST: Final = 3
"""Memories made in one turn at most: the most moving ones."""
LEAST: Final = 0.2
"""Importance of an answer that did not move; rises with |valence| to `LEAST` + `FELT`."""
FELT: Final = 0.5

MOVING: Final = 0.3
"""|valence| from which something read in passing is remembered."""
READ: Final = 0.1
"""Importance of what was read in passing and did not move; rises like that of an answer."""
TITLE_BYTES: Final = 60
"""How much of a title a memory holds; bodies enter none, for they could give orders there."""

HANDLE_BYTES: Final = 48
"""How much of a handle a memory holds."""

_MANNERS: Final = (
    (-0.45, "it hurt", -0.725),
    (-0.15, "it stung a little", -0.3),
    (0.15, "it left me as I was", 0.0),
    (0.45, "it was kind", 0.3),
    (2.0, "it warmed me", 0.725),
)
"""Below which valence an answer is remembered in which words, and the middle of what these words cover."""

_FELT: Final = {words: middle for _, words, middle in _MANNERS}
_VERBS: Final = {"reply": "answered me", "mention": "spoke of me"}
_TOLD: Final = re.compile(rf"@(.*) (?:{'|'.join(_VERBS.values())}); ({'|'.join(_FELT)})")


def manner(valence: float) -> str:
    """Return how an answer of this valence felt, in a few words."""
    return next(words for edge, words, _ in _MANNERS if valence < edge)


def known_as(handle: str) -> str:
    """Return a handle as memories hold it."""
    return neutralise(handle, HANDLE_BYTES)


def regard(memories: Sequence[Remembered], now: datetime) -> dict[str, float]:
    """Return what an agent's memories of being answered add up to, by `known_as`: warm above 0, sore below.

    Σ 2^(−age/half-life) · v over the memories of one author, held within [−1, 1], with v the middle of the
    valences that "it hurt", …, "it warmed me" stand for, and the half-life of `recall`. The form is ours.

    Parameters
    ----------
    memories
        Any; only those that `relations` made count.
    now
        Nothing is older than 0 s.
    """
    fading = -math.log(2.0) / (3600.0 * RECENCY_HALF_LIFE_H)
    sums: dict[str, float] = {}
    for memory in memories:
        told = _TOLD.fullmatch(memory.text) if memory.kind == "relationship" else None
        if told is not None:
            kept = math.exp(fading * max(0.0, (now - memory.when).total_seconds()))
            sums[told[1]] = sums.get(told[1], 0.0) + kept * _FELT[told[2]]
    return {handle: min(1.0, max(-1.0, total)) for handle, total in sums.items()}


def _valences(seen: Observation, heard: Sequence[Notice]) -> list[float]:
    unread = [notice.item for notice in heard if notice.item.target not in seen.felt]
    read = load_reader().read([item.body for item in unread]).vad[:, 0].tolist() if unread else []
    known = dict(zip((item.target for item in unread), read, strict=True))
    targets = (notice.item.target for notice in heard)
    return [known[target] if target in known else seen.felt[target].v for target in targets]


def relations(seen: Observation) -> tuple[Remember, ...]:
    """Return memories of those who answered or mentioned the agent since its last turn.

    Valence comes from the small reader; importance is .2 + .5·|valence|, so that what moved outlasts what did
    not when the notebook is full.

    Parameters
    ----------
    seen
        Its notices are what came back.
    """
    heard = [notice for notice in seen.notices if notice.kind != "removal" and notice.item.author_id]
    if not heard:
        return ()
    valences = _valences(seen, heard)
    ranked = sorted(zip(valences, heard, strict=True), key=lambda pair: -abs(pair[0]))[:MOST]
    return tuple(
        Remember(
            "relationship",
            f"@{known_as(notice.item.author)} {_VERBS[notice.kind]}; {manner(valence)}",
            LEAST + FELT * abs(valence),
            notice.item.target,
        )
        for valence, notice in ranked
    )


def observations(seen: Observation) -> tuple[Remember, ...]:
    """Return a memory of what moved the agent most among what it read in passing; none if nothing did.

    That is the item of highest (1 + rank)^−½ · |valence|, of at least `MOVING`; its importance is
    .1 + .5·|valence|, so that answers outlast it. Own texts, what came as a notice and what is remembered
    already are left out. In a society without moods nothing is felt, and nothing kept.

    Parameters
    ----------
    seen
        Its feed is what was read, `Observation.felt` how it felt.
    """
    known = {memory.source for memory in seen.memories} | {notice.item.target for notice in seen.notices}
    moving = [
        (attention(item.rank) * abs(felt.v), item)
        for item in seen.feed
        if (felt := seen.felt.get(item.target)) is not None
        and abs(felt.v) >= MOVING
        and item.author_id != seen.agent
        and item.target not in known
    ]
    if not moving:
        return ()
    _, item = max(moving, key=lambda pair: pair[0])
    valence = seen.felt[item.target].v
    what = f'"{neutralise(item.title, TITLE_BYTES)}"' if item.title else "a comment"
    text = f"I read {what} by @{known_as(item.author)}; {manner(valence)}"
    return (Remember("observation", text, READ + FELT * abs(valence), item.target),)
