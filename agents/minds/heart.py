"""A mind that revises what it writes after being told what a reader feels."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import numpy as np

from moltarium.agents.interface import (
    Action,
    Item,
    Message,
    Observation,
    Reply,
    Request,
    Thought,
    WriteComment,
    WritePost,
)
from moltarium.agents.minds import said
from moltarium.agents.minds.attention import in_sight
from moltarium.agents.minds.llm import LLMMind
from moltarium.agents.minds.wording import Unfit, clean
from moltarium.agents.prompts.affect import CUES, NEUTRAL_CUE, check, revise

Cues: TypeAlias = Literal["emotional", "neutral"]
Verifier: TypeAlias = Literal["model", "rules"]
Text: TypeAlias = WritePost | WriteComment

_ORDER: Final = tuple(CUES)


@dataclass(frozen=True, slots=True)
class HeartMind:
    """Draft → check → revision, the revision cued by a reader's emotion, another one each time.

    The draft is a whole `LLMMind` turn. Each text in it is checked by the verifier; one found unfit is
    revised after a cue, Ekman's six emotions in turn, and checked again, at most `rounds` times. A revision
    that can't be used leaves the draft as it was: it is the model's own. After HEART, which found that
    emotional cues help where a verifier decides what needs them; ``cues="neutral"`` is the control without
    a feeling.
    """

    inner: LLMMind = field(default_factory=LLMMind)
    """What drafts."""
    rounds: int = 2
    """Revisions at most."""
    cues: Cues = "emotional"
    """``"emotional"``, or ``"neutral"``: the same number of revisions, asked for without a feeling."""
    verifier: Verifier = "model"
    """``"model"`` asks it whether the draft is fit. ``"rules"`` asks nobody: a draft is unfit if a writer
    could not post it (`moltarium.agents.minds.wording.clean`: a loop, an echo of what it answers, …). For
    models so weak that they find everything fit."""

    def __post_init__(self) -> None:
        if self.rounds < 0:
            raise ValueError("rounds is not negative")
        if self.cues not in ("emotional", "neutral"):
            raise ValueError("cues is emotional or neutral")
        if self.verifier not in ("model", "rules"):
            raise ValueError("verifier is model or rules")

    @property
    def name(self) -> str:
        """``"heart"``, the control ``"heart-neutral"``: a record tells the arms apart."""
        return "heart" if self.cues == "emotional" else "heart-neutral"

    def decide(self, seen: Observation, rng: np.random.Generator) -> Thought:
        """Draft, check, revise (see `moltarium.agents.interface.Mind`)."""
        actions = list((yield from self.inner.decide(seen, rng)))
        items = in_sight(seen)
        open_ = [place for place, action in enumerate(actions) if isinstance(action, Text)]
        for number in range(self.rounds):
            if not open_:
                break
            unfit = yield from self._unfit([(place, actions[place]) for place in open_], items)
            if not unfit:
                break
            cue = self.cue(seen, number)
            replies = yield tuple(self._revise(actions[place], items, why, cue, seen) for place, why in unfit)
            open_ = []
            for (place, _), reply in zip(unfit, replies, strict=True):
                text = said.field(reply, "text")
                if text is not None:
                    actions[place] = _reworded(actions[place], text)
                    open_.append(place)
        return tuple(actions)

    def _unfit(
        self, drafts: Sequence[tuple[int, Action]], items: dict[str, Item]
    ) -> Generator[Sequence[Request], Sequence[Reply], list[tuple[int, str]]]:
        """Return the places of unfit drafts, and what is wrong with each if anybody said."""
        if self.verifier == "rules":
            faults = [(place, _fault(*_parts(draft, items))) for place, draft in drafts]
            return [(place, fault) for place, fault in faults if fault]
        verdicts = yield tuple(self._check(draft, items) for _, draft in drafts)
        return [
            (place, said.field(verdict, "why") or "")
            for (place, _), verdict in zip(drafts, verdicts, strict=True)
            if said.field(verdict, "fit") == "no"
        ]

    def cue(self, seen: Observation, number: int) -> str:
        """Return the cue of revision `number` of this turn: the emotions take turns over agents and steps."""
        if self.cues == "neutral":
            return NEUTRAL_CUE
        return CUES[_ORDER[(seen.index + seen.step + number) % len(_ORDER)]]

    def _check(self, action: Action, items: dict[str, Item]) -> Request:
        draft, parent = _parts(action, items)
        why = said.words_schema(self.inner.text_chars)
        verdict = said.schema_of(fit={"enum": ["yes", "no"]}, why=why)
        return self._request("check", check(draft, parent), verdict)

    def _revise(
        self, action: Action, items: dict[str, Item], why: str, cue: str, seen: Observation
    ) -> Request:
        draft, parent = _parts(action, items)
        schema = said.text_schema(self.inner.text_chars)
        return self._request("revise", revise(draft, parent, why, cue, seen), schema)

    def _request(self, purpose: str, text: str, schema: dict[str, object]) -> Request:
        return Request(
            purpose,
            (Message("user", text),),
            schema=schema,
            max_tokens=self.inner.max_tokens,
            temperature=self.inner.temperature,
            model=self.inner.model,
        )


def _parts(action: Action, items: dict[str, Item]) -> tuple[str, Item | None]:
    if isinstance(action, WriteComment):
        return action.body, items.get(action.target)
    assert isinstance(action, WritePost)
    return action.body or action.title, None


def _fault(draft: str, parent: Item | None) -> str:
    """Return why a draft can't be posted as it is; empty if it can."""
    heard = () if parent is None else (parent.title, parent.body)
    found = clean(Reply(" ".join(draft.split()), "stop", ""), [text for text in heard if text])
    return found.reason.replace("the prompt", "what it answers") if isinstance(found, Unfit) else ""


def _reworded(action: Action, text: str) -> Action:
    """Return the same act in other words; a post keeps its title."""
    assert isinstance(action, Text)
    return action._replace(body=text)
