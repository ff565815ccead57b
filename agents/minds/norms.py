"""The small devices a community can converge on: a tag before a title, a greeting, a farewell."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from moltarium.agents.minds.dice import Dice
from moltarium.agents.minds.phrases import phrase_book

KINDS: Final = ("tag", "opener", "signoff")
"""Before the title; the body's first sentence; its last."""


class Devices(NamedTuple):
    """Which device of each kind a text uses; empty for none."""

    tag: str = ""
    opener: str = ""
    signoff: str = ""


@lru_cache(maxsize=1 << 15)
def devices_in(title: str, body: str) -> Devices:
    """Return the known devices that a text uses."""
    norms = phrase_book().norms
    heading, text = title.lower(), body.rstrip().lower()
    return Devices(
        next((tag for tag in norms["tag"] if heading.startswith(tag)), ""),
        next((opener for opener in norms["opener"] if text.startswith(opener.lower())), ""),
        next((signoff for signoff in norms["signoff"] if text.endswith(signoff.lower())), ""),
    )


@lru_cache(maxsize=1 << 17)
def habit(handle: str) -> Devices:
    """Return an agent's own devices: one of each kind, fixed by its handle."""
    norms = phrase_book().norms
    digest = blake2b(handle.encode("utf-8", "surrogatepass"), digest_size=3).digest()
    tag, opener, signoff = (
        norms[kind][byte % len(norms[kind])] for kind, byte in zip(KINDS, digest, strict=True)
    )
    return Devices(tag, opener, signoff)


def prevailing(used: Iterable[Devices]) -> Devices:
    """Return the device of each kind that most of some texts use; ties go to the first seen."""
    counts: tuple[dict[str, int], dict[str, int], dict[str, int]] = ({}, {}, {})
    for devices in used:
        for device, count in zip(devices, counts, strict=True):
            if device:
                count[device] = count.get(device, 0) + 1
    tag, opener, signoff = (max(count, key=count.__getitem__) if count else "" for count in counts)
    return Devices(tag, opener, signoff)


def chosen(norm: Devices, own: Devices, conformity: float, habit_rate: float, dice: Dice) -> Devices:
    """Choose a text's devices, each kind on its own.

    With probability `conformity` the prevailing device, if there is one; otherwise, with probability
    `habit_rate`, the agent's own; otherwise none.
    """

    def one(theirs: str, mine: str) -> str:
        if theirs and dice.chance(conformity):
            return theirs
        return mine if dice.chance(habit_rate) else ""

    return Devices(one(norm.tag, own.tag), one(norm.opener, own.opener), one(norm.signoff, own.signoff))
