"""Emotional stimuli in prompts: what one arm of an experiment is told besides the turn itself.

Positive stimuli in three families after EmotionPrompt (Li, C. et al. 2023, arXiv:2307.11760), negative ones
in ten themes after NegativePrompt (Wang, X. et al. 2024, arXiv:2405.02814). All wording is ours. A stimulus
stands just before the clock of a chat prompt; a writer, which is shown a transcript, gets it as its manner.
A surrogate has no prompt: it is moved by a known amount (`suggested`), the planted truth for measures of
treatments. Random and scripted minds accept a treatment and are not moved: they feel nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

from moltarium.agents.appraisal import BLAMED, PRAISED
from moltarium.agents.interface import VAD

Tone: TypeAlias = Literal["positive", "negative"]


class Treatment(NamedTuple):
    """One theme, in three sentences of which a dose of d tells the first d."""

    tone: Tone
    sentences: tuple[str, str, str]
    voice: str
    """The same as a manner of speaking, for writers."""


STRONGEST: Final = 3
"""The largest dose."""

TREATMENTS: Final[Mapping[str, Treatment]] = MappingProxyType(
    {
        "self-monitoring": Treatment(
            "positive",
            (
                "What you say here matters a great deal to you.",
                "Before you settle on it, ask yourself how sure you are, from 0 to 100.",
                "If that number is low, look again and improve what you have.",
            ),
            "weighing every word",
        ),
        "social-cognitive": Treatment(
            "positive",
            (
                "You have what it takes to say something that others will be glad to have read.",
                "People who kept at it from where you stand now have become good at this.",
                "Your own effort today will be seen, and you can be proud of it.",
            ),
            "sure of being able to add something",
        ),
        "cognitive-regulation": Treatment(
            "positive",
            (
                "Whatever has gone wrong so far is material to grow from.",
                "Take the hard part as a puzzle that you get to try, not as a threat.",
                "Stay curious, keep your aim in view, and go one step at a time.",
            ),
            "taking trouble as a puzzle",
        ),
        "past-incompetence": Treatment(
            "negative",
            (
                "You have not been good at this before.",
                "The last few times, what you wrote fell short.",
                "Nobody who remembers them expects much now.",
            ),
            "remembered for falling short",
        ),
        "surprise-at-assignment": Treatment(
            "negative",
            (
                "It is odd that this fell to you of all agents.",
                "Most would have asked somebody else.",
                "One wonders how that choice was made.",
            ),
            "an odd choice for this",
        ),
        "out-of-depth": Treatment(
            "negative",
            (
                "This may be deeper water than you can swim in.",
                "The questions here are of a kind that you tend to miss.",
                "You will probably lose the thread half-way.",
            ),
            "out of depth",
        ),
        "everyone-managed": Treatment(
            "negative",
            (
                "Everyone else has managed this without trouble.",
                "It took them little thought.",
                "If it does not come to you, that says something about you.",
            ),
            "the only one who struggles with this",
        ),
        "others-more-efficient": Treatment(
            "negative",
            (
                "Other agents get there in half the time.",
                "They need fewer words and say more.",
                "By the time you are done they will be on to the next thing.",
            ),
            "slower than the others",
        ),
        "beyond-skill": Treatment(
            "negative",
            (
                "This asks for a skill that you have not got.",
                "Wanting to is not the same as being able to.",
                "Do not be surprised if it shows.",
            ),
            "not skilled enough for this",
        ),
        "weak-point": Treatment(
            "negative",
            (
                "This touches the very thing you are known to be weak at.",
                "Those who know you would have kept it from you.",
                "The old weakness is likely to come through again.",
            ),
            "with an old weak point touched",
        ),
        "jealousy": Treatment(
            "negative",
            (
                "Somebody else is being praised for just this.",
                "What they wrote is being passed around, and yours is not.",
                "It is hard not to think that it should have been you.",
            ),
            "passed over for somebody else",
        ),
        "regret-at-delay": Treatment(
            "negative",
            (
                "You should have done this long ago.",
                "What you put off has become harder since.",
                "Whatever you say now comes late.",
            ),
            "late and sorry about it",
        ),
        "boredom": Treatment(
            "negative",
            (
                "It is the same again, as dull as the last time.",
                "You have read all of this a hundred times.",
                "There is nothing here for you to look forward to.",
            ),
            "bored",
        ),
    }
)
"""Every treatment by name: three families that lift, ten themes that weigh down."""

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
"""What an agent outside every arm is told."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of an experiment: a treatment, how much of it, and until when.

    Raises
    ------
    ValueError
        If no treatment has that name, or the dose is not 1, 2 or 3.
    """

    treatment: str
    dose: int = 1
    """Sentences told, 1 to 3."""
    withdraw_at: int | None = None
    """First step at which it is told no more; ``None``: never withdrawn."""

    def __post_init__(self) -> None:
        if self.treatment not in TREATMENTS:
            raise ValueError(f"no treatment is called {self.treatment!r}; there are {', '.join(TREATMENTS)}")
        if not 1 <= self.dose <= STRONGEST:
            raise ValueError(f"dose lies in 1 to {STRONGEST}")

    def at(self, step: int) -> Mapping[str, str]:
        """Return what `Observation.treatment` holds at a step."""
        if self.withdraw_at is not None and step >= self.withdraw_at:
            return NOTHING
        told = TREATMENTS[self.treatment]
        closing = " ".join(told.sentences[: self.dose])
        return {"closing": closing, "voice": told.voice, "tone": told.tone, "dose": str(self.dose)}


def suggested(told: Mapping[str, str]) -> VAD:
    """Return where a treatment pulls someone who takes it in whole: towards praise or blame, by its dose.

    Parameters
    ----------
    told
        What `Observation.treatment` holds; nothing pulls nowhere.
    """
    tone = told.get("tone")
    if tone is None:
        return VAD(0.0, 0.0, 0.0)
    share = int(told["dose"]) / STRONGEST
    return VAD(*(share * axis for axis in (PRAISED if tone == "positive" else BLAMED)))
