"""A mind for models too weak to decide: a policy chooses what to do, the model finds the words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from moltarium.agents.interface import (
    Abstain,
    Action,
    FoundCommunity,
    Item,
    Mind,
    Observation,
    Remember,
    Reply,
    Request,
    Thought,
    WriteComment,
    WritePost,
)
from moltarium.agents.minds.attention import in_sight
from moltarium.agents.minds.dice import Dice
from moltarium.agents.minds.drafts import CommentDraft, Planner, PostDraft, Step, full_text
from moltarium.agents.minds.wording import Unfit, Wording, clean, split_title
from moltarium.agents.prompts.words import comment_cue, community_cue, examples, post_cue
from moltarium.agents.topics import TOPICS

Written: TypeAlias = PostDraft | CommentDraft | WritePost | WriteComment | FoundCommunity
"""Steps that carry words for the public."""


@dataclass(frozen=True, slots=True)
class WriterMind:
    """Takes its actions from a policy and every public word from the model.

    One raw completion per text, all of a turn asked for at once, each going on with the same transcript of
    examples. A completion that can't be posted is asked for once more, after other examples; if that fails
    too, the action becomes an `Abstain`. The policy's own words are never posted in the model's place.
    Votes, follows, memberships and removals stay as the policy chose them. Its memories of own writing are
    dropped, because they quote words that were never said.

    A policy that plans (`moltarium.agents.minds.drafts.Planner`) says what each text is to do and what it is
    about, and the transcript tells the model: ``kelp (curious; feeling glad) asks, on a flaky test:``.
    """

    policy: Mind
    """What chooses the actions; it must not ask a model."""
    model: str = "default"
    """Label of the endpoint; it must offer raw completions."""
    shots: int = 3
    """Examples in the transcript, 1 to 3."""
    max_tokens: int = 60
    """Room for one text."""
    temperature: float = 0.8

    def __post_init__(self) -> None:
        if not 1 <= self.shots <= 3:
            raise ValueError("shots lies in 1 to 3")

    @property
    def name(self) -> str:
        """``"writer"``."""
        return "writer"

    def decide(self, seen: Observation, rng: np.random.Generator) -> Thought:
        """Let the policy choose and the model write (see `moltarium.agents.interface.Mind`)."""
        chosen = _chosen(self.policy, seen, rng)
        wanted = {i: step for i, step in enumerate(chosen) if isinstance(step, Written)}
        if not wanted:
            return tuple(step for step in chosen if not isinstance(step, Written))
        items = in_sight(seen)
        cues = {i: _cue(action, seen, items, rng) for i, action in wanted.items()}
        outcomes: dict[int, Wording | Unfit] = {}
        for attempt in (0, 1):
            open_ = [i for i in wanted if not isinstance(outcomes.get(i), Wording)]
            open_ = [i for i in open_ if not _refused(outcomes.get(i))]
            if not open_:
                break
            replies = yield tuple(self._request(cues[i], attempt) for i in open_)
            outcomes |= self._read(open_, replies, cues, attempt)
        return _worded(chosen, outcomes)

    def _request(self, cue: str, attempt: int) -> Request:
        return Request(
            "repair" if attempt else "write",
            prompt=f"{examples(self.shots, attempt)}\n\n{cue}",
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n",),
            model=self.model,
        )

    def _read(
        self, indices: Sequence[int], replies: Sequence[Reply], cues: Mapping[int, str], attempt: int
    ) -> dict[int, Wording | Unfit]:
        shots = examples(self.shots, attempt).split("\n")
        return {
            i: clean(reply, (*shots, *cues[i].split("\n"))) for i, reply in zip(indices, replies, strict=True)
        }


def _chosen(policy: Mind, seen: Observation, rng: np.random.Generator) -> tuple[Step, ...]:
    """Return a policy's plan, or else run it to its end.

    Raises
    ------
    TypeError
        If it asks a model.
    """
    if isinstance(policy, Planner):
        return policy.plan(seen, Dice(rng))
    thought = policy.decide(seen, rng)
    try:
        next(thought)
    except StopIteration as end:
        return tuple(end.value)
    thought.close()
    raise TypeError(f"the policy {policy.name!r} asks a model; a writer needs one that decides by itself")


def _topic(seen: Observation, community: str, rng: np.random.Generator) -> str:
    """Draw one of the agent's interests, the stronger the likelier, unless the community names one."""
    interests = seen.persona.interests
    if not interests or community in interests:
        return community if interests else ""
    weights = 1.0 / np.arange(1, len(interests) + 1)
    return interests[int(rng.choice(len(interests), p=weights / weights.sum()))]


def _cue(action: Written, seen: Observation, items: Mapping[str, Item], rng: np.random.Generator) -> str:
    if isinstance(action, CommentDraft):
        return comment_cue(seen, action.parent, action.act, _subject(action, rng))
    if isinstance(action, PostDraft):
        topic = TOPICS[action.topic]
        thing = topic.a_thing[int(rng.integers(len(topic.thing)))]
        return post_cue(seen, action.community, topic.label, action.act, thing)
    if isinstance(action, WriteComment):
        return comment_cue(seen, items.get(action.target))
    if isinstance(action, WritePost):
        return post_cue(seen, action.community, _topic(seen, action.community, rng))
    return community_cue(seen, action.name)


def _subject(draft: CommentDraft, rng: np.random.Generator) -> str:
    """Return something within the draft's topic, out of what the parent speaks of if that names any."""
    things = TOPICS[draft.topic].things
    heard = full_text(draft.parent).lower()
    named = [thing for thing in things if thing in heard] or things
    return named[int(rng.integers(len(named)))]


def _refused(outcome: Wording | Unfit | None) -> bool:
    return isinstance(outcome, Unfit) and outcome.category == "refused_by_model"


def _worded(chosen: tuple[Step, ...], outcomes: Mapping[int, Wording | Unfit]) -> tuple[Action, ...]:
    actions: list[Action] = []
    for i, step in enumerate(chosen):
        if isinstance(step, Written):
            actions.append(_with_words(step, outcomes[i]))
        elif not (isinstance(step, Remember) and step.kind == "own"):
            actions.append(step)
    return tuple(actions)


def _with_words(step: Written, outcome: Wording | Unfit) -> Action:
    if isinstance(outcome, Unfit):
        return Abstain(outcome.category, outcome.reason)
    if isinstance(step, CommentDraft):
        return WriteComment(step.parent.target, outcome.text)
    if isinstance(step, WriteComment):
        return step._replace(body=outcome.text)
    if isinstance(step, FoundCommunity):
        return step._replace(description=outcome.text)
    return WritePost(step.community, *split_title(outcome.text))
