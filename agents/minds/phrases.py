"""The phrases of the surrogate crowd, compiled from ``speech.toml`` when first needed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from moltarium.agents.minds.grammar import Pattern, compile_pattern


@dataclass(frozen=True, slots=True)
class PhraseBook:
    """Patterns by purpose."""

    titles: Mapping[str, tuple[Pattern, ...]]
    """By speech act."""
    posts: Mapping[str, tuple[Pattern, ...]]
    """By move: a post's body is a sequence of moves."""
    comments: Mapping[str, tuple[Pattern, ...]]
    """By speech act."""
    plans: Mapping[str, tuple[tuple[str, ...], ...]]
    """A post's possible bodies by speech act: sequences of moves."""
    hedges: tuple[str, ...]
    """Openings that soften a sentence."""
    dull: frozenset[str]
    """Words not worth picking up from a parent."""
    norms: Mapping[str, tuple[str, ...]]
    """Devices that a community can converge on, by kind."""
    stock_posts: tuple[tuple[str, str], ...]
    """Titles and bodies that are posted word for word."""
    stock_comments: tuple[str, ...]
    """Comments that are posted word for word."""


@lru_cache(maxsize=1)
def phrase_book() -> PhraseBook:
    """Return the crowd's phrases."""
    source = resources.files("moltarium.agents.minds").joinpath("speech.toml").read_text(encoding="utf-8")
    speech = tomllib.loads(source)

    def compiled(section: Mapping[str, Any]) -> dict[str, tuple[Pattern, ...]]:
        return {name: tuple(compile_pattern(line) for line in lines) for name, lines in section.items()}

    return PhraseBook(
        titles=compiled(speech["titles"]),
        posts=compiled(speech["posts"]),
        comments=compiled(speech["comments"]),
        plans={act: tuple(tuple(plan.split()) for plan in plans) for act, plans in speech["plans"].items()},
        hedges=tuple(speech["hedges"]["open"]),
        dull=frozenset(speech["echo"]["dull"].split()),
        norms={kind: tuple(devices) for kind, devices in speech["norms"].items()},
        stock_posts=tuple((post["title"], post["body"]) for post in speech["stock"]["post"]),
        stock_comments=tuple(speech["stock"]["comment"]),
    )
