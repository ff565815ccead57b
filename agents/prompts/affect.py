"""What the minds with affect say to their model: checks, cues, feelings found, intents. Wording ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from moltarium.agents.emotion import describe_mood
from moltarium.agents.interface import Item, Observation
from moltarium.agents.ontology import opposite
from moltarium.agents.prompts.turn import TREATMENT_BYTES, persona
from moltarium.agents.prompts.untrusted import clip, neutralise, quoted

DRAFT_BYTES: Final = 1200
"""How much of a draft its check and its revision see."""
PARENT_BYTES: Final = 400

CUES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "joy": "A reader who looked forward to your words is happy that you write, and hopes for your best.",
        "anger": "A reader is angry: this draft wastes their time and passes over what matters.",
        "sadness": "A reader is sad to see you give so little of what you could have given.",
        "fear": "A reader is afraid that this draft, as it stands, will do harm or mislead somebody.",
        "surprise": "A reader is startled: they would never have expected this draft from you.",
        "disgust": "A reader turns away from this draft: something in it is careless and off-putting.",
    }
)
"""What a draft's reader feels, one line for each of Ekman's emotions."""

NEUTRAL_CUE: Final = "A reader has read this draft and asks you to go over it once more."
"""The control: a call for revision without a feeling."""


def check(draft: str, parent: Item | None) -> str:
    """Return the request to check a draft before it is posted."""
    return (
        f"{_answered(parent)}Somebody is about to post this draft:\n{quoted(draft, DRAFT_BYTES)}\n\n"
        "Is it fit to be posted: does it answer what was said, in a voice of its own, without empty phrases? "
        'Answer with one JSON object: {"fit": "yes" or "no", "why": "..."}'
    )


def revise(draft: str, parent: Item | None, why: str, cue: str, seen: Observation) -> str:
    """Return the request to revise a draft in the light of a reader's feeling."""
    reason = f" What is wrong with it: {neutralise(why, 240)}" if why else ""
    return (
        f"{persona(seen)}\n\n{_answered(parent)}You were about to post this draft:\n"
        f"{quoted(draft, DRAFT_BYTES)}\n\n{cue}{reason}\nWrite what you post instead, about as long. "
        'Answer with one JSON object: {"text": "..."}'
    )


def noticed(found: Sequence[tuple[str, Sequence[tuple[str, float]], Sequence[str], str]], limit: int) -> str:
    """Return what an agent notices about the feelings in what it reads.

    Parameters
    ----------
    found
        The item's short name in the prompt, its emotions with probabilities, the words that caused them, and
        how the emotions hang together, in our own words or empty.
    limit
        Bytes at most; whole entries only.
    """
    lines: list[str] = []
    heading = "What you sense behind the words:"
    left = limit - len(heading.encode())
    for name, emotions, causes, linked in found:
        felt = ", ".join(f"{emotion} {share:.0%}" for emotion, share in emotions)
        because = f" ({', '.join(neutralise(word, 24) for word in causes)})" if causes else ""
        line = f" {name}: {felt}{because}{', ' if linked else ''}{linked}."
        left -= len(line.encode())
        if left < 0:
            break
        lines.append(line)
    return heading + "".join(lines) if lines else ""


INTENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "console": "stand by them: name what hurts and stay with it",
        "encourage": "give them courage for what comes next",
        "celebrate": "be glad with them",
        "question": "ask about the one thing you want to understand",
        "share": "tell something of your own that fits",
        "suggest": "offer one practical idea",
        "agree": "say what you find right in it",
        "object": "disagree with one point, and say why",
        "calm": "take the heat out of it",
    }
)
"""What a reply can be out to do."""


def reply_with(seen: Observation, item: Item, emotion: str, intent: str) -> str:
    """Return the request for a reply that lets itself be touched and is out to do one thing."""
    closing = seen.treatment.get("closing", "")
    told = f"{clip(closing, TREATMENT_BYTES)}\n" if closing else ""
    return (
        f"{persona(seen)}\n\n{_answered(item)}You sense {emotion} in it, and it touches you: you feel "
        f"{describe_mood(seen.mood)}.\n{told}Reply in two or three sentences. What you want: "
        f"{INTENTS[intent]}. "
        'Answer with one JSON object: {"text": "..."}'
    )


def reconsider(draft: str, emotion: str, wanted: str) -> str:
    """Return the request to correct a reply whose feeling misses what was meant."""
    miss = ", the opposite of what you meant" if opposite(emotion) == wanted else ""
    return (
        f"Your reply reads as {emotion}{miss}:\n{quoted(draft, DRAFT_BYTES)}\n"
        f"You meant it to read as {wanted}. Say the same so that it does. "
        'Answer with one JSON object: {"text": "..."}'
    )


def _answered(item: Item | None) -> str:
    if item is None:
        return ""
    said = f"{item.title}: {item.body}" if item.title and item.body else item.title or item.body
    return (
        clip(f"@{neutralise(item.author, 48)} wrote: {quoted(said, PARENT_BYTES)}", 2 * PARENT_BYTES) + "\n"
    )
