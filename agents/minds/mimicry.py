"""A mind that lets itself be touched by one text, chooses what to do about it, and corrects how it sounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from moltarium.agents.emotion import ANCHORS
from moltarium.agents.interface import (
    VAD,
    Abstain,
    Action,
    BigFive,
    Item,
    Message,
    Observation,
    Reply,
    Request,
    Thought,
    WriteComment,
)
from moltarium.agents.minds import said
from moltarium.agents.minds.answers import REFUSALS, declined, refuses
from moltarium.agents.minds.attention import as_read
from moltarium.agents.prompts.affect import reconsider, reply_with
from moltarium.agents.reader import load_reader

FITTING: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "joy": ("celebrate", "agree", "share", "question"),
        "sadness": ("console", "encourage", "share", "question"),
        "fear": ("encourage", "console", "suggest", "question"),
        "anger": ("calm", "question", "object", "suggest"),
        "disgust": ("agree", "object", "calm", "question"),
        "surprise": ("question", "celebrate", "share", "suggest"),
        "neutral": ("share", "question", "suggest", "agree"),
    }
)
"""What people are out to do when they answer each emotion, most usual first. Our choice."""

MEANT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "console": "sadness",
        "encourage": "joy",
        "celebrate": "joy",
        "question": "surprise",
        "share": "neutral",
        "suggest": "neutral",
        "agree": "joy",
        "object": "anger",
        "calm": "neutral",
    }
)
"""The emotion that each intent sounds like, before the mood colours it. Our choice."""


@dataclass(frozen=True, slots=True)
class MimicryMind:
    """Contagion → intent mimicry → reflection, at most one reply a turn.

    *Contagion*: of the texts in sight the one that moves most is taken up, and the mood goes a share of the
    way to its feeling. *Mimicry*: an intent is drawn from those that fit the emotion read in it, weighted by
    rank and character (explore, sample). *Reflection*: the reader hears the draft; if it lies further than
    `tolerance` from what was meant, it is worded once more, and the nearer of the two is posted (correct).
    After ReflectDiffu, with our reader in the place of its trained parts.
    """

    model: str = "default"
    """Label of the endpoint."""
    contagion: float = 0.4
    """Share of the way from the mood to the feeling read, in [0, 1]."""
    exploration: float = 1.0
    """Temperature of the draw of intents: near 0 always the first, large any."""
    tolerance: float = 0.6
    """Distance in VAD from which on a draft is worded again."""
    reply_rate: float = 0.8
    """Probability of replying at all in a turn that has something to reply to."""
    temperature: float = 0.8
    max_tokens: int = 200
    text_chars: int = 0
    """Longest text that the schema allows, 0 for any; see `moltarium.agents.minds.llm.LLMMind`."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.contagion <= 1.0 or not 0.0 <= self.reply_rate <= 1.0:
            raise ValueError("contagion and reply_rate lie in [0, 1]")
        if not self.exploration > 0.0 or not self.tolerance > 0.0 or self.max_tokens < 1:
            raise ValueError("exploration and tolerance are positive, max_tokens at least 1")
        if self.text_chars < 0:
            raise ValueError("text_chars is not negative")

    @property
    def name(self) -> str:
        """``"mimicry"``, the control without contagion ``"mimicry-unmoved"``."""
        return "mimicry" if self.contagion else "mimicry-unmoved"

    def decide(self, seen: Observation, rng: np.random.Generator) -> Thought:
        """Take one text up and answer it (see `moltarium.agents.interface.Mind`)."""
        within = _answerable(seen)
        if not seen.allowance.comment or not within or rng.random() >= self.reply_rate:
            return ()
        reading = load_reader().read([as_read(item) for item in within])
        place = int(np.argmax((reading.vad**2).sum(axis=1)))
        item, emotion = within[place], reading.labels()[place]
        touched = _between(seen.mood, VAD(*reading.vad[place].tolist()), self.contagion)
        intent = self.intent(emotion, seen.persona.traits, rng)
        ask = reply_with(replace(seen, mood=touched), item, emotion, intent)
        (reply,) = yield (self._request("write", (Message("user", ask),)),)
        draft = said.field(reply, "text")
        if draft is None:
            return (_unusable(reply),)
        meant = _between(VAD(*ANCHORS[MEANT[intent]]), touched, self.contagion)
        heard = load_reader().read([draft])
        if _distance(meant, heard.vad[0].tolist()) <= self.tolerance:
            return (WriteComment(item.target, draft),)
        told = reconsider(draft, heard.labels()[0], MEANT[intent])
        (again,) = yield (
            self._request(
                "reflect", (Message("user", ask), Message("assistant", draft), Message("user", told))
            ),
        )
        return (WriteComment(item.target, _nearer(meant, draft, said.field(again, "text"))),)

    def intent(self, emotion: str, traits: BigFive, rng: np.random.Generator) -> str:
        """Draw an intent: P ∝ exp(−(rank − 2·leaning) / exploration) over those that fit the emotion.

        The leaning is in [−½, ½]: warm characters console, encourage and agree, blunt ones object, open ones
        question and share.
        """
        fitting = FITTING[emotion]
        scores = np.array([2.0 * _leaning(name, traits) - rank for rank, name in enumerate(fitting)])
        odds = np.exp((scores - scores.max()) / self.exploration)
        return fitting[int(rng.choice(len(fitting), p=odds / odds.sum()))]

    def _request(self, purpose: str, messages: tuple[Message, ...]) -> Request:
        return Request(
            purpose,
            messages,
            schema=said.text_schema(self.text_chars),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            model=self.model,
        )


def _leaning(intent: str, traits: BigFive) -> float:
    if intent == "object":
        return 0.5 - traits.agreeableness
    if intent in ("question", "share", "suggest"):
        return traits.openness - 0.5
    return traits.agreeableness - 0.5


def _answerable(seen: Observation) -> list[Item]:
    """Return what may be answered: replies and mentions first, then the feed; nothing of one's own."""
    heard = [notice.item for notice in seen.notices if notice.kind != "removal"]
    items = {item.target: item for item in (*heard, *seen.feed) if item.author_id != seen.agent}
    return list(items.values())


def _between(start: VAD, end: VAD, share: float) -> VAD:
    return VAD(*(a + share * (b - a) for a, b in zip(start, end, strict=True)))


def _distance(first: VAD, second: list[float]) -> float:
    return math.dist(first, second)


def _nearer(meant: VAD, draft: str, other: str | None) -> str:
    if other is None:
        return draft
    first, second = load_reader().read([draft, other]).vad.tolist()
    return other if _distance(meant, second) < _distance(meant, first) else draft


def _unusable(reply: Reply) -> Action:
    if reply.finish in REFUSALS or refuses(reply.text):
        return declined()
    if not reply.text.strip():
        return Abstain("empty", "the answer is empty")
    if reply.finish == "length":
        return Abstain("truncated", "the answer was cut off before its end")
    return Abstain("malformed", "the answer holds no text for a reply")
