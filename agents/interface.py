"""What a mind sees, what it may ask a model, and what it may do.

A mind is a generator: it yields model requests, is sent the replies, and returns actions. No ``await``, no
client and no clock live here, so a mind is tested with plain ``next`` and ``send``. A mind holds no state:
everything it knows of itself stands in its `Observation`, which is recomputed from the run record, so one
mind object serves any number of agents and a resumed run needs no snapshot of minds.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np


class BigFive(NamedTuple):
    """Personality traits, each in [0, 1]."""

    openness: float
    conscientiousness: float
    extraversion: float
    agreeableness: float
    neuroticism: float


class VAD(NamedTuple):
    """A point of valence, arousal and dominance, each in [−1, 1]."""

    v: float
    a: float
    d: float


@dataclass(frozen=True, slots=True)
class Persona:
    """An agent's fixed traits."""

    handle: str
    bio: str
    traits: BigFive
    interests: tuple[str, ...]
    """Topic names, strongest first."""


class Item(NamedTuple):
    """A post or comment as an agent sees it."""

    target: str
    """Id of the post or comment."""
    post: str
    """Id of the thread's post (equal to `target` for a post)."""
    author: str
    """Author's handle; ``"[deleted]"`` if unknown."""
    author_id: str | None
    community: str
    title: str
    """Empty for a comment."""
    body: str
    score: int
    n_comments: int
    depth: int
    """−1 for a post, 0 for a comment on the post, and so on."""
    age_s: float
    """Seconds since it was written."""
    feed: str
    """Where it was shown: a feed's name, ``"thread"`` or ``"notice"``."""
    rank: int
    """0 is the top."""
    standing_vote: int
    """This agent's own vote on it: −1, 0 or 1."""


class Notice(NamedTuple):
    """Something that happened to the agent since it last woke."""

    kind: Literal["reply", "mention", "removal"]
    item: Item
    """The reply, the mentioning text, or the agent's own removed text."""
    detail: str
    """A removal's reason; else empty."""


class Refusal(NamedTuple):
    """An own action that was refused in the agent's last turn."""

    action: str
    category: str
    reason: str


class Remembered(NamedTuple):
    """One memory."""

    kind: str
    text: str
    importance: float
    source: str | None
    when: datetime
    """Simulated moment at which it was kept."""
    valence: float = 0.0
    """How pleasant its text reads to the small reader, in [−1, 1]."""


class CommunityCard(NamedTuple):
    """A community as listed to an agent."""

    community: str
    """Its id, which is also its name in addresses."""
    description: str
    members: int
    subscribed: bool


class Allowance(NamedTuple):
    """What the platform's limits leave right now."""

    post: bool
    comment: bool
    found_community: bool
    wait_s: float
    """Seconds until a post is allowed again; 0 if it is."""


@dataclass(frozen=True, slots=True)
class Observation:
    """All that an agent knows in one turn."""

    agent: str
    index: int
    """The agent's number in its society."""
    step: int
    now: datetime
    persona: Persona
    mood: VAD
    mood_label: str
    temperament: VAD
    karma: int
    first_turn: bool
    feed: tuple[Item, ...]
    """Posts from feeds and comments of opened threads, in order of attention."""
    notices: tuple[Notice, ...]
    refusals: tuple[Refusal, ...]
    own: tuple[Item, ...]
    """The agent's latest own posts and comments with their scores, newest first."""
    votes_received: int
    """Net votes on own content since the last turn."""
    communities: tuple[CommunityCard, ...]
    """Largest first."""
    memories: tuple[Remembered, ...]
    """Bounded, newest first."""
    allowance: Allowance
    treatment: Mapping[str, str] = field(default_factory=dict)
    """What this agent's arm of an experiment gets; empty outside experiments."""
    felt: Mapping[str, VAD] = field(default_factory=dict)
    """How the small reader reads what was seen, by target; empty in a society without moods."""
    followed: AbstractSet[str] = frozenset()
    """Ids of those authors in the feed whom the agent follows."""
    answerers: AbstractSet[str] = frozenset()
    """Ids of those authors in the feed who have answered a text of the agent's before."""
    votes_on: str = ""
    """The own text whose score `votes_received` moved most, in their direction; empty if unknown."""
    bytes_per_token: float | None = None
    """Bytes of prompt per token, as the endpoint counted in this agent's last call; ``None`` before any."""


class WritePost(NamedTuple):
    """Open a thread."""

    community: str
    title: str
    body: str


class WriteComment(NamedTuple):
    """Comment on a post, or reply to a comment."""

    target: str
    body: str


class CastVote(NamedTuple):
    """Press the up (+1) or down (−1) arrow: a second press takes the vote back."""

    target: str
    value: int


class SetFollow(NamedTuple):
    """Follow an agent, or stop."""

    agent: str
    active: bool


class SetSubscription(NamedTuple):
    """Join a community, or leave it."""

    community: str
    active: bool


class FoundCommunity(NamedTuple):
    """Found a community."""

    name: str
    description: str


class RemoveTarget(NamedTuple):
    """Take a post or comment down (a community's creator and the site's moderators may)."""

    target: str
    reason: str


class Remember(NamedTuple):
    """Keep a memory. Not a platform action: never refused."""

    kind: str
    text: str
    importance: float
    source: str | None


class Abstain(NamedTuple):
    """Do nothing because the model's answer could not be used; recorded as a rejection."""

    category: str
    """``"refused_by_model"``, ``"rejected"``, ``"prompt_too_long"``, or what was wrong with the answer
    (`moltarium.agents.minds.answers.FAULTS`, `moltarium.agents.minds.wording`)."""
    reason: str


Action: TypeAlias = (
    WritePost
    | WriteComment
    | CastVote
    | SetFollow
    | SetSubscription
    | FoundCommunity
    | RemoveTarget
    | Remember
    | Abstain
)


class Message(NamedTuple):
    """One message of a chat request."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """One model call: a chat (`messages`), a raw completion (`prompt`), or embeddings (`embed`)."""

    purpose: str
    """``"decide"``, ``"trim"`` (a decision on a prompt cut to the model's window), ``"write"``, ``"repair"``,
    ``"reflect"``."""
    messages: tuple[Message, ...] = ()
    prompt: str | None = None
    schema: Mapping[str, Any] | None = None
    """JSON Schema that the answer must satisfy; the gateway picks the server's way to enforce it."""
    max_tokens: int = 256
    temperature: float = 0.8
    stop: tuple[str, ...] = ()
    model: str = "default"
    """Label of an endpoint in the scenario's ``[models]``."""
    embed: tuple[str, ...] = ()
    """Texts whose embeddings are asked for. No mind asks for them: measures of words do."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered."""

    text: str
    finish: str
    """``"stop"``, ``"length"``, ``"refusal"``, …"""
    model: str
    """The model's own name as its endpoint gave it."""
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    estimated: bool = False
    """True where the endpoint did not report its usage."""


Thought: TypeAlias = Generator[Sequence[Request], Sequence[Reply], Sequence[Action]]
"""One turn of one mind: yields requests, is sent their replies in the same order, returns actions."""


class Mind(Protocol):
    """A policy: what decides for an agent."""

    @property
    def name(self) -> str:
        """What a record calls it: its name in scenario files, and behind a hyphen its arm where a parameter
        makes it the control of an experiment."""
        ...

    def decide(self, seen: Observation, rng: np.random.Generator) -> Thought:
        """Think one turn through.

        Parameters
        ----------
        seen
            All that the agent knows.
        rng
            The agent's stream for this step; the only source of chance.
        """
        ...
