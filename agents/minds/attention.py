"""What an agent turns to: the weight of each item, each topic and each community in one turn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from moltarium.agents.interface import CommunityCard, Item, Observation
from moltarium.agents.relations import known_as, regard
from moltarium.agents.topics import TOPICS, topic_of, topic_of_item

AFFINITY = 2.0
"""How much more an item within an agent's interests is attended to. Our choice."""

RETURNING = 0.15
"""How much less an item of a thread in which the agent has written already is attended to. Our choice."""

HOUR_S = 3600.0


def strangers_items(seen: Observation) -> list[Item]:
    """Return what the feed shows of other agents, each target once."""
    own, handle = seen.agent, seen.persona.handle
    first = {item.target: item for item in reversed(seen.feed)}
    return [item for item in first.values() if item.author_id != own and item.author != handle]


def in_sight(seen: Observation) -> dict[str, Item]:
    """Return all texts that a turn shows, by target; what the feed says of one counts last."""
    shown = (*seen.own, *(notice.item for notice in seen.notices), *seen.feed)
    return {item.target: item for item in shown}


def as_read(item: Item) -> str:
    """Return an item's title, if any, and body, as the reader is given them."""
    return f"{item.title}\n{item.body}" if item.title else item.body


def item_weights(
    seen: Observation,
    items: Sequence[Item],
    popularity_bias: float,
    novelty_bias: float,
    attachment: float = 0.0,
) -> list[float]:
    """Return each item's weight as a target.

    (1 + max(score, 0))^popularity_bias · (1 + age in hours)^(−novelty_bias) · exp(attachment · regard for its
    author, in [−1, 1]), times `AFFINITY` if its topic is among the agent's interests and `RETURNING` if the
    agent has written in its thread. The regard is what `moltarium.agents.relations.regard` finds in memory.
    """
    regards = regard(seen.memories, seen.now) if attachment else {}
    interests = seen.persona.interests
    entered = {item.post for item in seen.own}
    weights = list[float]()
    for item in items:
        weight = (1.0 + max(item.score, 0)) ** popularity_bias
        weight *= (1.0 + max(item.age_s, 0.0) / HOUR_S) ** -novelty_bias
        if topic_of_item(item.title, item.body) in interests:
            weight *= AFFINITY
        if item.post in entered:
            weight *= RETURNING
        if regards:
            weight *= math.exp(attachment * regards.get(known_as(item.author), 0.0))
        weights.append(weight)
    return weights


def topic_weights(seen: Observation, topic_focus: float, reward_gain: float) -> dict[str, float]:
    """Return the weight of each topic for an agent's next post.

    (1/K + f·wₖ)/(1 + f) · exp(g·rₖ) over K topics: a uniform prior, and f = focus · (1.5 − openness) units of
    own interests with w ∝ 1/rank, summing to 1; g is `reward_gain`; rₖ is the mean of ln(1 + score) over the
    agent's own texts on topic k minus that over all of them, 0 where it has none.
    """
    traits, interests = seen.persona.traits, seen.persona.interests
    focus = topic_focus * (1.5 - traits.openness)
    floor = 1.0 / len(TOPICS) / (1.0 + focus)
    weights = dict.fromkeys(TOPICS, floor)
    known = [name for name in interests if name in weights]
    total = sum(1.0 / rank for rank in range(1, len(known) + 1))
    for rank, name in enumerate(known, start=1):
        weights[name] += focus / (1.0 + focus) / rank / total
    if reward_gain:
        for name, reward in rewards(seen.own).items():
            weights[name] *= math.exp(reward_gain * reward)
    return weights


def rewards(own: Sequence[Item]) -> dict[str, float]:
    """Return, per topic of an agent's own texts, their mean ln(1 + score) minus that of all of them."""
    gained: dict[str, list[float]] = {}
    for item in own:
        name = topic_of_item(item.title, item.body)
        if name is not None:
            gained.setdefault(name, []).append(math.log1p(max(item.score, 0)))
    flat = [gain for gains in gained.values() for gain in gains]
    if not flat:
        return {}
    mean = sum(flat) / len(flat)
    return {name: sum(gains) / len(gains) - mean for name, gains in gained.items()}


@lru_cache(maxsize=1)
def _suggested() -> dict[str, str]:
    return {name: topic.name for topic in TOPICS.values() for name in (topic.name, *topic.communities)}


@lru_cache(maxsize=1 << 15)
def community_topic(community: str, description: str) -> str | None:
    """Return what a community is about by its name or else description; ``None`` if anything."""
    return _suggested().get(community) or topic_of(f"{community} {description}")


def communities_for(topic: str, cards: Sequence[CommunityCard]) -> list[CommunityCard]:
    """Return the communities that are about `topic`."""
    return [card for card in cards if community_topic(card.community, card.description) == topic]
