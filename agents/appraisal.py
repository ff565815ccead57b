"""What moves a mood: an observation taken apart into weighted pulls, and the pulls put together again.

Pure and on the hot path of every waking: plain floats, no arrays.

All weights are ours; they are named so that a scenario or an ablation can be argued about.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from moltarium.agents.interface import VAD, Item, Observation
from moltarium.agents.topics import topic_of_item

RANK_EXPONENT: Final = 0.5
"""η of the attention (1 + rank)^−η that an item gets at its rank of a feed.

A power law of position bias, as in Joachims, T., Swaminathan, A. & Schnabel, T. (2017). Unbiased
learning-to-rank with biased feedback. WSDM, arXiv:1608.04468; the exponent is ours.
"""

READ: Final = 0.25
"""Attention to an item read at the top of a feed that concerns nobody."""
OWN_THREAD: Final = 2.0
"""Factor for a comment in a thread under one's own content."""
SUBSCRIBED: Final = 1.4
"""Factor for an item in a community that the agent has joined."""
INTEREST: Final = 1.4
"""Factor for an item about one of the agent's interests, by its words or its community's name."""
LIKED: Final = 1.3
"""Factor for an item that the agent has voted on: it was read closely."""
FOLLOWED: Final = 1.4
"""Factor for an item by somebody whom the agent follows."""
ANSWERER: Final = 1.3
"""Factor for an item by somebody who has answered the agent before."""
CALM: Final = 0.25
"""Share of its attention that a text without any feeling still gets: feeling draws attention."""

REPLY: Final = 0.8
"""Weight of a reply to own content."""
MENTION: Final = 0.6
"""Weight of being mentioned."""
REMOVAL: Final = 0.9
"""Weight of having own content taken down."""
VOTES: Final = 0.5
"""Largest weight of net votes received; reached as their number grows."""
VOTES_HALF: Final = 3.0
"""Net votes at which tanh(votes / VOTES_HALF) is about three quarters."""
REJECTION: Final = 0.2
"""Weight of one refused action."""

PRAISED: Final = VAD(0.6, 0.3, 0.4)
"""Where approval pulls: pleased, awake, in control."""
BLAMED: Final = VAD(-0.6, 0.3, -0.4)
"""Where disapproval pulls."""
THWARTED: Final = VAD(-0.4, 0.3, -0.3)
"""Where a refused action pulls."""
CENSORED: Final = VAD(-0.6, 0.5, -0.5)
"""Where a removal pulls."""

UNFELT: Final = frozenset({"malformed", "empty", "refused_by_model"})
"""Refusals that are no event in the agent's world: the model's answer could not be used."""

_ATTENTION: Final = tuple(math.pow(1.0 + rank, -RANK_EXPONENT) for rank in range(128))


class Contribution(NamedTuple):
    """One thing that pulls at a mood."""

    kind: str
    """``"read"``, ``"reply"``, ``"mention"``, ``"vote"``, ``"rejection"`` or ``"removal"``."""
    source: str
    """Id of the target that caused it; of a rejection its category; empty if neither is known."""
    weight: float
    """Attention paid to it, in [0, 1]."""
    v: float
    a: float
    d: float


def attention(rank: int) -> float:
    """Return (1 + rank)^−η in (0, 1]: how much of the top item's attention a rank gets."""
    return _ATTENTION[rank] if 0 <= rank < 128 else math.pow(1.0 + max(rank, 0), -RANK_EXPONENT)


def appraise(seen: Observation, feelings: Mapping[str, VAD]) -> tuple[Contribution, ...]:
    """Return all that pulls at an agent's mood in this waking.

    Parameters
    ----------
    seen
        What the agent sees.
    feelings
        VAD read from the text of each target, by id. A target without one pulls nothing, except a removal.

    Returns
    -------
    tuple of Contribution
        Notices first, then votes, rejections and items read in order of attention. An agent's own texts in
        a feed, and texts that already came as a notice, pull nothing there.
    """
    pulls: list[Contribution] = []
    noticed: set[str] = set()
    for kind, item, _ in seen.notices:
        noticed.add(item.target)
        if kind == "removal":
            pulls.append(Contribution("removal", item.target, REMOVAL, *CENSORED))
        elif (felt := feelings.get(item.target)) is not None:
            weight = (REPLY if kind == "reply" else MENTION) * _salience(felt)
            pulls.append(Contribution(kind, item.target, weight, *felt))
    if seen.votes_received:
        weight = VOTES * math.tanh(abs(seen.votes_received) / VOTES_HALF)
        pulls.append(
            Contribution("vote", seen.votes_on, weight, *(PRAISED if seen.votes_received > 0 else BLAMED))
        )
    pulls.extend(
        Contribution("rejection", refusal.category, REJECTION, *THWARTED)
        for refusal in seen.refusals
        if refusal.category not in UNFELT
    )
    pulls.extend(_read(seen, feelings, noticed))
    return tuple(pulls)


def _salience(felt: VAD) -> float:
    return CALM + (1.0 - CALM) * min(1.0, max(abs(felt[0]), abs(felt[1]), abs(felt[2])))


def _read(seen: Observation, feelings: Mapping[str, VAD], noticed: set[str]) -> list[Contribution]:
    """Return the pulls of items read: rank × feeling × relation to the author × relevance, each at most 1."""
    joined = {card.community for card in seen.communities if card.subscribed}
    interests = seen.persona.interests
    own_threads = {item.post for item in seen.own}
    pulls: list[Contribution] = []
    agent = seen.agent
    related = bool(seen.followed or seen.answerers)
    for item in seen.feed:
        target = item.target
        felt = feelings.get(target)
        if felt is None or item.author_id == agent or target in noticed:
            continue
        weight = _noticeable(item.rank, felt) * _relevance(item, joined, interests, own_threads)
        if related:
            weight *= _relation(item.author_id, seen)
        v, a, d = felt
        pulls.append(Contribution("read", target, weight if weight < 1.0 else 1.0, v, a, d))
    return pulls


@lru_cache(maxsize=1 << 14)
def _noticeable(rank: int, felt: VAD) -> float:
    """Return what a text draws of anybody's attention at a rank; many agents see the same one there."""
    return READ * attention(rank) * _salience(felt)


def _relation(author: str | None, seen: Observation) -> float:
    factor = FOLLOWED if author in seen.followed else 1.0
    return factor * ANSWERER if author in seen.answerers else factor


def _relevance(item: Item, joined: set[str], interests: tuple[str, ...], own_threads: set[str]) -> float:
    factor = 1.0
    if item.community in joined:
        factor *= SUBSCRIBED
    if item.community in interests or topic_of_item(item.title, item.body) in interests:
        factor *= INTEREST
    if item.standing_vote:
        factor *= LIKED
    if item.post in own_threads:
        factor *= OWN_THREAD
    return factor


def pool(contributions: Sequence[Contribution]) -> tuple[VAD, float, str | None]:
    """Put pulls together into one stimulus.

    Returns
    -------
    stimulus : VAD
        Mean of the pulls, weighted by attention; the origin if there is none.
    strength : float
        1 − Π(1 − weight): in [0, 1], more with every pull, never beyond full.
    source : str or None
        Source of the strongest pull, by weight times length; ``None`` if there is none or it has no id.
    """
    total = v = a = d = strongest = 0.0
    left = 1.0
    source = ""
    for _, origin, weight, pv, pa, pd in contributions:
        total += weight
        v += weight * pv
        a += weight * pa
        d += weight * pd
        left *= 1.0 - weight
        force = weight * weight * (pv * pv + pa * pa + pd * pd)
        if force > strongest:
            strongest, source = force, origin
    if total <= 0.0:
        return VAD(0.0, 0.0, 0.0), 0.0, None
    return VAD(v / total, a / total, d / total), 1.0 - left, source or None
