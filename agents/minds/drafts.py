"""What a mind has decided to write, before it is put into words.

A draft is where policy ends and language begins: the surrogate words it by its grammar, and a mind whose
model is too weak to decide may have the model word it instead.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

from moltarium.agents.interface import Action, Item, Observation, Persona, WriteComment, WritePost
from moltarium.agents.minds.dice import Dice
from moltarium.agents.minds.language import NO_DEVICES, Tone, write_comment, write_post
from moltarium.agents.minds.norms import Devices
from moltarium.agents.minds.phrases import phrase_book


class PostDraft(NamedTuple):
    """A post to be written."""

    community: str
    act: str
    """One of `moltarium.agents.minds.language.POST_ACTS`."""
    topic: str
    """A name in `moltarium.agents.topics.TOPICS`."""
    tone: Tone
    devices: Devices = NO_DEVICES
    stock: bool = False
    """Whether it is one of the posts that everybody posts word for word."""


class CommentDraft(NamedTuple):
    """A comment to be written."""

    parent: Item
    """What it answers."""
    act: str
    """One of `moltarium.agents.minds.language.COMMENT_ACTS`."""
    topic: str
    tone: Tone
    to: str = ""
    """Handle of the one it addresses; empty for nobody."""
    mention: bool = False
    """Whether the address is a mention."""
    devices: Devices = NO_DEVICES
    stock: bool = False
    """Whether it is one of the comments that everybody posts word for word."""


Step: TypeAlias = Action | PostDraft | CommentDraft
"""One step of a plan: an action as it is, or a text still to be worded."""


@runtime_checkable
class Planner(Protocol):
    """A policy whose choices can be had before they are put into words."""

    def plan(self, seen: Observation, dice: Dice) -> tuple[Step, ...]:
        """Return what the agent will do, its texts still to be worded."""
        ...


def worded(step: Step, persona: Persona, dice: Dice) -> Action:
    """Return `step` as an action, its text written by the surrogate's grammar."""
    if isinstance(step, PostDraft):
        if step.stock:
            return WritePost(step.community, *dice.pick(phrase_book().stock_posts))
        return WritePost(
            step.community, *write_post(step.act, step.topic, step.tone, persona, dice, step.devices)
        )
    if isinstance(step, CommentDraft):
        if step.stock:
            return WriteComment(step.parent.target, dice.pick(phrase_book().stock_comments))
        body = write_comment(
            step.act,
            step.topic,
            step.tone,
            persona,
            full_text(step.parent),
            dice,
            to=step.to,
            mention=step.mention,
            devices=step.devices,
        )
        return WriteComment(step.parent.target, body)
    return step


def full_text(item: Item) -> str:
    """Return an item's title, if any, and body."""
    return f"{item.title} {item.body}" if item.title else item.body
