"""Who answered me, and how it felt: relationship memories made from what came back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from moltarium.agents.interface import Notice, Observation, Remember
from moltarium.agents.prompts.untrusted import neutralise
from moltarium.agents.reader import load_reader

MOST: Final = 3
"""Memories made in one turn at most: the most moving ones."""
LEAST: Final = 0.2
"""Importance of an answer that did not move; rises with |valence| to `LEAST` + `FELT`."""
FELT: Final = 0.5

_MANNER: Final = ((-0.45, "it hurt"), (-0.15, "it stung a little"), (0.15, "it left me as I was"))
_WARM: Final = ((0.45, "it was kind"), (2.0, "it warmed me"))


def manner(valence: float) -> str:
    """Return how an answer of this valence felt, in a few words."""
    return next(words for edge, words in (*_MANNER, *_WARM) if valence < edge)


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
    verbs = {"reply": "answered me", "mention": "spoke of me"}
    return tuple(
        Remember(
            "relationship",
            f"@{neutralise(notice.item.author, 48)} {verbs[notice.kind]}; {manner(valence)}",
            LEAST + FELT * abs(valence),
            notice.item.target,
        )
        for valence, notice in ranked
    )
