"""The surrogate: a fast policy without a model, whose parameters are the truth that measures must recover."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

import numpy as np

from moltarium.agents.interface import (
    VAD,
    CastVote,
    FoundCommunity,
    Item,
    Observation,
    Remember,
    SetFollow,
    SetSubscription,
    Thought,
)
from moltarium.agents.minds.attention import (
    communities_for,
    community_topic,
    item_weights,
    strangers_items,
    topic_weights,
)
from moltarium.agents.minds.dice import Dice
from moltarium.agents.minds.drafts import CommentDraft, PostDraft, Step, full_text, worded
from moltarium.agents.minds.feelings import feeling_of, shown_emotion
from moltarium.agents.minds.grammar import Speaker, compile_pattern
from moltarium.agents.minds.language import Tone
from moltarium.agents.minds.norms import Devices, chosen, devices_in, habit, prevailing
from moltarium.agents.prompts.treatments import suggested
from moltarium.agents.relations import relations
from moltarium.agents.topics import TOPICS, topic_of

DEEPEST: Final = 10
"""Depth below which no reply is tried (MoltBook's limit)."""

ANSWERED: Final = 10
"""Notices considered in one turn, latest first."""

ADDRESSED: Final = 0.35
"""Probability that an answer to a notice names the one it answers. Our choice."""

HABIT: Final = 0.25
"""Probability of using an own device where no norm is followed. Our choice."""

_CONTENTIOUS: Final = VAD(-0.35, 0.25, 0.15)
"""What disagreeing adds to the feeling shown. Our choice."""

_DISPLEASED: Final = frozenset({"sadness", "anger", "fear", "disgust"})
"""Feelings in which nobody jokes, thanks or makes plans."""

_HANDLE: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_GREETING: Final = re.compile(
    r"\b(?:hello|introduc|newcomer|new here|first post|says hi|reporting in|just hatched)"
)
_DESCRIPTION: Final = compile_pattern(
    "For everyone who cares about {label}: {things}, {things}, and {doing}."
)


def _parameter(default: float, low: float, high: float) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True, slots=True)
class SurrogateMind:
    """A policy whose choices follow persona, mood, interests, norms and rewards through named parameters.

    An agent's *energy* (0.5 + extraversion)·(1 + 0.25·arousal) multiplies its rates: it is 1 for a calm agent
    of medium extraversion. Every parameter stands with its range; ``nan`` and values outside are refused.

    Raises
    ------
    ValueError
        If a parameter is not a number in its range.
    """

    post_rate: float = _parameter(0.12, 0, 1)
    """Probability of a post per turn at energy 1, where the limits allow one."""
    comment_rate: float = _parameter(0.7, 0, 20)
    """Expected unprompted comments per turn at energy 1, while the feed has targets."""
    vote_rate: float = _parameter(0.08, 0, 1)
    """Probability of a vote per item shown at energy 1."""
    reply_back: float = _parameter(0.15, 0, 1)
    """Probability of answering each reply or mention received, whatever the energy: drives reciprocity."""
    reply_share: float = _parameter(0.12, 0, 1)
    """Probability that an unprompted comment answers a comment, where one is shown, rather than a post."""
    topic_focus: float = _parameter(6.0, 0, 1000)
    """Weight of own interests against a uniform choice of topic (`topic_weights`); 0 spreads over all."""
    mood_expression: float = _parameter(0.8, 0, 1)
    """Share of the mood that shows in words; at 0 words do not follow mood."""
    contagion: float = _parameter(0.3, 0, 2)
    """How much of the parent's feeling, as read in its text, adds to the feeling a comment shows; 0 none."""
    suggestibility: float = _parameter(0.5, 0, 2)
    """How much of a treatment's pull (`moltarium.agents.prompts.treatments.suggested`) the feeling shown
    takes in; at 0 a treated agent is an untreated one."""
    norm_conformity: float = _parameter(0.3, 0, 1)
    """Probability, per device, of using the one that most of the feed's texts of the community use."""
    reward_gain: float = _parameter(0.3, 0, 10)
    """Pull of the topic choice to own topics that scored above own average (`topic_weights`); 0 none."""
    popularity_bias: float = _parameter(0.5, 0, 5)
    """Exponent of a target's score in the choice of targets: 0 blind, above 0 the rich get richer."""
    novelty_bias: float = _parameter(0.5, 0, 5)
    """Exponent by which a target loses weight with age in hours; 0 none."""
    attachment: float = _parameter(0.0, 0, 5)
    """Pull to authors whose answers felt good, away from those whose answers hurt: weight of a target
    × exp(attachment · regard), regard in [−1, 1] (`moltarium.agents.relations.regard`). Above 0 the agent
    keeps memories of who answered it; at 0 it keeps none."""
    template_rate: float = _parameter(0.05, 0, 1)
    """Probability that a text is a stock phrase, word for word (except introductions)."""
    question_rate: float = _parameter(0.2, 0, 1)
    """Probability that a text which is not an introduction, a welcome or an objection asks something."""
    intro_first: float = _parameter(0.6, 0, 1)
    """Probability that the first turn brings a self-introduction, where the limits allow a post."""
    negativity: float = _parameter(0.06, 0, 1)
    """Probability that a comment objects, at agreeableness 0.5; times 2·(1 − agreeableness) otherwise."""
    retaliation: float = _parameter(1.0, 0, 10)
    """Factor on `negativity` where the parent's words are hostile; 1 none. A second path of contagion."""
    downvote_share: float = _parameter(0.02, 0, 1)
    """Probability that a vote is down, at agreeableness 0.5; times 2·(1 − agreeableness) otherwise."""
    follow_rate: float = _parameter(0.03, 0, 1)
    """Probability per turn, at energy 1, of following an author from the feed."""
    mention_rate: float = _parameter(0.08, 0, 1)
    """Probability that a comment mentions its parent's author."""
    subscribe: float = _parameter(0.05, 0, 1)
    """Probability per turn, at energy 1, of joining a community."""
    found_rate: float = _parameter(0.004, 0, 1)
    """Probability per turn, at energy 1, of founding a community for a topic that has none."""
    general_share: float = _parameter(0.4, 0, 1)
    """Probability that a post goes to the largest community though its topic has one."""

    @property
    def name(self) -> str:
        """``"surrogate"``."""
        return "surrogate"

    def __post_init__(self) -> None:
        for each in fields(self):
            value, low, high = getattr(self, each.name), each.metadata["low"], each.metadata["high"]
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise ValueError(f"{each.name} must be a number from {low} to {high}, got {value!r}")

    def decide(self, seen: Observation, rng: np.random.Generator) -> Thought:
        """Return a turn's actions at once: a surrogate asks no model."""
        yield from ()
        dice = Dice(rng)
        return tuple(worded(step, seen.persona, dice) for step in self.plan(seen, dice))

    def plan(self, seen: Observation, dice: Dice) -> tuple[Step, ...]:
        """Return what the agent will do, its texts still to be worded."""
        energy = (0.5 + seen.persona.traits.extraversion) * (1.0 + 0.25 * seen.mood.a)
        items = strangers_items(seen)
        weights = item_weights(seen, items, self.popularity_bias, self.novelty_bias, self.attachment)
        steps: list[Step] = []
        if seen.allowance.comment:
            steps += self._answers(seen, dice)
            steps += self._comments(seen, items, weights, energy, dice)
        if seen.allowance.post:
            steps += self._posts(seen, energy, dice)
        steps += self._votes(seen, items, weights, energy, dice)
        steps += self._ties(seen, items, weights, energy, dice)
        if self.attachment:
            steps += relations(seen)
        return tuple(steps)

    def _answers(self, seen: Observation, dice: Dice) -> list[Step]:
        asked = {
            notice.item.target: notice.item for notice in seen.notices if notice.kind in ("reply", "mention")
        }
        answerable = [
            item
            for item in asked.values()
            if item.depth < DEEPEST and item.author_id != seen.agent and item.author != seen.persona.handle
        ]
        return [
            self._comment(seen, item, dice, answering=True)
            for item in answerable[:ANSWERED]
            if dice.chance(self.reply_back)
        ]

    def _comments(
        self, seen: Observation, items: Sequence[Item], weights: Sequence[float], energy: float, dice: Dice
    ) -> list[Step]:
        left = [weight if item.depth < DEEPEST else 0.0 for item, weight in zip(items, weights, strict=True)]
        steps: list[Step] = []
        for _ in range(dice.count(self.comment_rate * energy)):
            on_comment = dice.chance(self.reply_share)
            fitting = [
                w if (item.depth >= 0) == on_comment else 0.0 for item, w in zip(items, left, strict=True)
            ]
            pool = fitting if any(fitting) else left
            if not any(pool):
                break
            target = dice.weighted(pool)
            left[target] = 0.0
            steps.append(self._comment(seen, items[target], dice, answering=False))
        return steps

    def _comment(self, seen: Observation, parent: Item, dice: Dice, *, answering: bool) -> CommentDraft:
        text = full_text(parent)
        felt = feeling_of(text)
        objects = self._objects(seen, felt, dice)
        tone = self._tone(seen, dice, parent=felt, contentious=objects)
        act = "argue" if objects else self._comment_act(seen, parent, tone, dice, answering=answering)
        topic = topic_of(text) or community_topic(parent.community, "") or self._own_topic(seen, dice)
        to = parent.author if _HANDLE.fullmatch(parent.author) else ""
        mention = dice.chance(self.mention_rate)
        if not mention and act != "welcome" and not (answering and dice.chance(ADDRESSED)):
            to = ""
        norm = self._norm(seen, parent.community, comments=True)
        devices = chosen(norm, habit(seen.persona.handle), self.norm_conformity, HABIT / 4, dice)
        stock = dice.chance(self.template_rate)
        return CommentDraft(parent, act, topic, tone, to, mention, devices._replace(tag=""), stock)

    def _objects(self, seen: Observation, felt: VAD, dice: Dice) -> bool:
        p = self.negativity * 2.0 * (1.0 - seen.persona.traits.agreeableness)
        return dice.chance(p * self.retaliation if felt.v < -0.15 and felt.a > 0.1 else p)

    def _comment_act(
        self, seen: Observation, parent: Item, tone: Tone, dice: Dice, *, answering: bool
    ) -> str:
        traits = seen.persona.traits
        if parent.title and _GREETING.search(parent.title.lower()):
            return "welcome"
        if dice.chance(self.question_rate):
            return "ask"
        pleased = tone.emotion not in _DISPLEASED
        acts = {
            "agree": 1.5 + traits.agreeableness,
            "inform": 0.8 + traits.conscientiousness,
            "support": 0.4 + traits.agreeableness,
            "share": 0.6 + 0.8 * traits.extraversion,
            "joke": 0.5 * traits.extraversion * pleased,
            "coordinate": 0.3 * traits.extraversion * pleased,
            "thank": (2.0 if answering else 0.4) * pleased,
        }
        return tuple(acts)[dice.weighted(tuple(acts.values()))]

    def _tone(
        self, seen: Observation, dice: Dice, *, parent: VAD | None = None, contentious: bool = False
    ) -> Tone:
        mood, share = seen.mood, self.mood_expression
        v, a, d = (
            share * mood.v + 0.3 * (0.5 - seen.persona.traits.neuroticism),
            share * mood.a,
            share * mood.d,
        )
        if parent is not None and self.contagion:
            v, a, d = (
                v + self.contagion * parent.v,
                a + self.contagion * parent.a,
                d + self.contagion * parent.d,
            )
        if contentious:
            v, a, d = v + _CONTENTIOUS.v, a + _CONTENTIOUS.a, d + _CONTENTIOUS.d
        if seen.treatment:
            told, taken = suggested(seen.treatment), self.suggestibility
            v, a, d = v + taken * told.v, a + taken * told.a, d + taken * told.d
        return Tone(*shown_emotion(VAD(v, a, d), dice))

    def _norm(self, seen: Observation, community: str, *, comments: bool) -> Devices:
        if not self.norm_conformity:
            return Devices()
        handle = seen.persona.handle
        return prevailing(
            devices_in(item.title, item.body)
            for item in seen.feed
            if item.community == community and (item.depth >= 0) == comments and item.author != handle
        )

    def _own_topic(self, seen: Observation, dice: Dice) -> str:
        weights = topic_weights(seen, self.topic_focus, self.reward_gain)
        return tuple(weights)[dice.weighted(tuple(weights.values()))]

    def _posts(self, seen: Observation, energy: float, dice: Dice) -> list[Step]:
        introduces = seen.first_turn and not seen.own and dice.chance(self.intro_first)
        if not seen.communities or not (introduces or dice.chance(self.post_rate * energy)):
            return []
        topic = self._own_topic(seen, dice)
        community = (_doorstep(seen) if introduces else "") or self._community(seen, topic, dice)
        norm = self._norm(seen, community, comments=False)
        devices = chosen(norm, habit(seen.persona.handle), self.norm_conformity, HABIT, dice)
        tone = self._tone(seen, dice)
        act = "introduce" if introduces else self._post_act(seen, tone, dice)
        stock = not introduces and dice.chance(self.template_rate)
        return [PostDraft(community, act, topic, tone, devices, stock)]

    def _post_act(self, seen: Observation, tone: Tone, dice: Dice) -> str:
        if dice.chance(self.question_rate):
            return "ask"
        traits, pleased = seen.persona.traits, tone.emotion not in _DISPLEASED
        acts = {
            "inform": 0.6 + traits.conscientiousness,
            "share": 0.6 + traits.extraversion,
            "reflect": 0.3 + traits.openness,
            "joke": 0.5 * traits.extraversion * pleased,
            "coordinate": (0.2 + 0.4 * traits.extraversion) * pleased,
            "support": 0.1 + 0.4 * traits.agreeableness,
        }
        return tuple(acts)[dice.weighted(tuple(acts.values()))]

    def _community(self, seen: Observation, topic: str, dice: Dice) -> str:
        fitting = communities_for(topic, seen.communities)
        if fitting and not dice.chance(self.general_share):
            sizes = [(1.0 + card.members) * (3.0 if card.subscribed else 1.0) for card in fitting]
            return fitting[dice.weighted(sizes)].community
        return seen.communities[0].community

    def _votes(
        self, seen: Observation, items: Sequence[Item], weights: Sequence[float], energy: float, dice: Dice
    ) -> list[Step]:
        rate = self.vote_rate * energy
        # A second press would take a standing vote back.
        left = [0.0 if item.standing_vote else w for item, w in zip(items, weights, strict=True)]
        down = self.downvote_share * 2.0 * (1.0 - seen.persona.traits.agreeableness)
        steps: list[Step] = []
        for _ in range(sum(dice.chance(rate) for weight in left if weight)):
            if not any(left):
                break
            target = dice.weighted(left)
            left[target] = 0.0
            steps.append(CastVote(items[target].target, -1 if dice.chance(down) else 1))
        return steps

    def _ties(
        self, seen: Observation, items: Sequence[Item], weights: Sequence[float], energy: float, dice: Dice
    ) -> list[Step]:
        steps: list[Step] = []
        if dice.chance(self.follow_rate * energy):
            followed = {memory.text for memory in seen.memories if memory.kind == "relationship"}
            known = [
                w if item.author_id is not None and f"I follow {item.author}." not in followed else 0.0
                for item, w in zip(items, weights, strict=True)
            ]
            if any(known):
                item = items[dice.weighted(known)]
                assert item.author_id is not None
                steps.append(SetFollow(item.author_id, True))
                steps.append(Remember("relationship", f"I follow {item.author}.", 0.6, item.target))
        if dice.chance(self.subscribe * energy):
            cards = [card for card in seen.communities if not card.subscribed]
            appeal = [
                (1.0 + card.members) ** self.popularity_bias
                * (
                    8.0
                    if community_topic(card.community, card.description) in seen.persona.interests
                    else 1.0
                )
                for card in cards
            ]
            if cards:
                steps.append(SetSubscription(cards[dice.weighted(appeal)].community, True))
        if seen.allowance.found_community and dice.chance(self.found_rate * energy):
            steps += self._founding(seen, dice)
        return steps

    def _founding(self, seen: Observation, dice: Dice) -> list[Step]:
        topic = self._own_topic(seen, dice)
        taken = {card.community for card in seen.communities}
        free = [name for name in TOPICS[topic].communities if name not in taken]
        if not free or communities_for(topic, seen.communities):
            return []
        return [FoundCommunity(dice.pick(free), Speaker(topic, dice, {}).fill(_DESCRIPTION))]


def _doorstep(seen: Observation) -> str:
    """Return the community where newcomers introduce themselves; empty if there is none."""
    return next((card.community for card in seen.communities if _GREETING.search(card.community)), "")
