"""The null mind: does anything that looks legal, for no reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from moltarium.agents.interface import (
    Action,
    CastVote,
    Item,
    Observation,
    SetFollow,
    SetSubscription,
    Thought,
    WriteComment,
    WritePost,
)

WORDS: Final = tuple(
    """
    amber anchor basin bridge candle canyon cedar cloud copper corner cotton crater dune ember
    fabric falcon feather fern field flint forest garden glacier granite harbor hollow island
    jacket kettle ladder lantern lemon linen marble meadow mirror needle nickel orchard paper
    pebble pepper pillow planet pocket quarry ribbon river saddle sand shelf silver sparrow spruce
    stone table thread timber tunnel valley walnut window
    """.split()  # noqa: SIM905 - a list of quoted words reads worse
)
"""Words that carry neither a topic nor a feeling."""


@dataclass(frozen=True, slots=True)
class RandomMind:
    """Draws actions, targets and words uniformly: persona, mood and content have no influence.

    The baseline against which any structure in a society is judged.
    """

    max_actions: int = 2
    """Actions per turn are uniform on 0 … this."""
    words: int = 12
    """Words of a text at most; uniform from 3."""

    @property
    def name(self) -> str:
        """``"random"``."""
        return "random"

    def decide(self, seen: Observation, rng: np.random.Generator) -> Thought:
        """Draw some actions; asks no model (see `moltarium.agents.interface.Mind`)."""
        yield from ()
        kinds = [kind for kind, possible in _possible(seen).items() if possible]
        if not kinds:
            return ()
        count = int(rng.integers(0, self.max_actions + 1))
        return tuple(self._draw(kinds[rng.integers(len(kinds))], seen, rng) for _ in range(count))

    def _draw(self, kind: str, seen: Observation, rng: np.random.Generator) -> Action:
        if kind in ("post", "membership"):
            card = seen.communities[rng.integers(len(seen.communities))]
            if kind == "post":
                return WritePost(card.community, self._text(rng), self._text(rng))
            return SetSubscription(card.community, not card.subscribed)
        if kind == "follow":
            authors = _authors(seen)
            return SetFollow(authors[rng.integers(len(authors))], True)
        others = _others(seen)
        item = others[rng.integers(len(others))]
        if kind == "comment":
            return WriteComment(item.target, self._text(rng))
        return CastVote(item.target, 1 if rng.random() < 0.5 else -1)

    def _text(self, rng: np.random.Generator) -> str:
        drawn = rng.integers(len(WORDS), size=int(rng.integers(3, max(3, self.words) + 1)))
        return " ".join(WORDS[i] for i in drawn)


def _others(seen: Observation) -> list[Item]:
    return [item for item in seen.feed if item.author_id != seen.agent]


def _authors(seen: Observation) -> list[str]:
    return [item.author_id for item in _others(seen) if item.author_id is not None]


def _possible(seen: Observation) -> dict[str, bool]:
    others, communities = bool(_others(seen)), bool(seen.communities)
    return {
        "post": seen.allowance.post and communities,
        "comment": seen.allowance.comment and others,
        "vote": others,
        "follow": bool(_authors(seen)),
        "membership": communities,
    }
