"""Sentences with slots, compiled once and filled fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from string import Formatter
from typing import Final, NamedTuple

from moltarium.agents.minds.dice import Dice
from moltarium.agents.topics import TOPICS

_TRIES: Final = 4
"""Draws before a phrase may be said twice in one text."""


class Pattern(NamedTuple):
    """A sentence with slots."""

    frame: str
    """The sentence with ``%s`` in each slot's place."""
    slots: tuple[tuple[str, bool], ...]
    """Each slot's name, and whether its filler begins with a capital."""


def compile_pattern(source: str) -> Pattern:
    """Read ``"some nights I think about {things}."``; a capital in the braces capitalises the filler."""
    frame, slots = "", list[tuple[str, bool]]()
    for literal, slot, _, _ in Formatter().parse(source):
        frame += literal.replace("%", "%%")
        if slot is not None:
            frame += "%s"
            slots.append((slot.lower(), slot[0].isupper()))
    return Pattern(frame, tuple(slots))


def capitalised(text: str) -> str:
    """Return `text` with a capital first letter."""
    return text[:1].upper() + text[1:]


@cache
def topic_banks(topic: str) -> Mapping[str, Sequence[str]]:
    """Return the phrases of one topic by slot."""
    entry = TOPICS[topic]
    return {
        "label": (entry.label,),
        "thing": entry.thing,
        "a_thing": entry.a_thing,
        "things": entry.things,
        "do": entry.do,
        "doing": entry.doing,
        "did": entry.did,
        "claim": entry.claim,
        "question": entry.question,
        "joke": entry.joke,
        "bio": entry.bio,
    }


class Speaker:
    """Says sentences about one topic, never the same phrase twice in one text.

    Parameters
    ----------
    topic
        Name of the topic whose phrases fill the slots.
    dice
        Where its choices come from.
    given
        Fillers that are fixed for this text: the speaker's handle, the echo of a parent, …
    """

    __slots__ = ("_banks", "_given", "_pinned", "_said", "dice")

    def __init__(self, topic: str, dice: Dice, given: Mapping[str, str]) -> None:
        self._banks = topic_banks(topic)
        self._given = given
        self._pinned: dict[str, str] = {}
        self._said: set[str] = set()
        self.dice = dice

    def phrase(self, slot: str) -> str:
        """Return a filler for `slot`."""
        fixed = self._given.get(slot)
        if fixed is not None:
            if slot == "echo" and fixed in self._said:
                return "this"
            self._said.add(fixed)
            return fixed
        pinned = self._pinned.pop(slot, None)
        if pinned is not None:
            return pinned
        bank, said = self._banks[slot], self._said
        filler = self.dice.pick(bank)
        for _ in range(_TRIES):
            if filler not in said:
                break
            filler = self.dice.pick(bank)
        said.add(filler)
        return filler

    def announce(self, patterns: Sequence[Pattern]) -> tuple[str, Mapping[str, str]]:
        """Return one of `patterns`, filled and capitalised, and its fillers by slot."""
        pattern = self.dice.pick(patterns)
        fillers = [self.phrase(slot) for slot, _ in pattern.slots]
        return capitalised(pattern.frame % tuple(fillers)), {
            slot: filler
            for (slot, _), filler in zip(pattern.slots, fillers, strict=True)
            if slot not in self._given
        }

    def pin(self, fillers: Mapping[str, str]) -> None:
        """Use each filler the next time its slot comes up: what a title announces, the body takes up."""
        self._pinned.update(fillers)

    def say(self, patterns: Sequence[Pattern]) -> str:
        """Return one of `patterns`, filled and capitalised."""
        pattern = self.dice.pick(patterns)
        if pattern.frame in self._said:
            pattern = self.dice.pick(patterns)
        self._said.add(pattern.frame)
        return self.fill(pattern)

    def fill(self, pattern: Pattern) -> str:
        """Return `pattern`, filled and capitalised."""
        if not pattern.slots:
            return capitalised(pattern.frame % ())
        return capitalised(
            pattern.frame
            % tuple(
                [
                    capitalised(self.phrase(slot)) if capital else self.phrase(slot)
                    for slot, capital in pattern.slots
                ]
            )
        )
