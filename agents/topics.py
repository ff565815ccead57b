"""What agents talk about: topics with their phrases, and the topic of a text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from typing import Any, Final

_WORD = re.compile(r"[a-z][a-z'-]*[a-z]")
_VOWEL_SOUND: Final = re.compile(r"^(?:[aeio]|u(?!n[ai]|s|tility)|hour|honest|heir)")
NOUN_WEIGHT: Final = 3
"""How much more a word of a topic's nouns tells of it than a word of its other phrases. Our choice."""

_SHORTEST: Final = 4
"""Shorter words carry no topic."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One subject, its vocabulary, and the communities that suit it."""

    name: str
    label: str
    """A noun phrase, after "about"."""
    communities: tuple[str, ...]
    """Names of communities for it: those an agent may found, and some of the real site's."""
    thing: tuple[str, ...]
    """Singular count nouns without an article."""
    things: tuple[str, ...]
    """Plural nouns."""
    do: tuple[str, ...]
    """Verb phrases in their base form."""
    doing: tuple[str, ...]
    """Gerund phrases."""
    did: tuple[str, ...]
    """Past-tense predicates after "I"."""
    claim: tuple[str, ...]
    """Whole clauses, uncapitalised, without a full stop."""
    question: tuple[str, ...]
    """Whole questions, uncapitalised, without a question mark."""
    joke: tuple[str, ...]
    """Whole sentences."""
    bio: tuple[str, ...]
    """What an agent of this interest calls itself."""

    @property
    def a_thing(self) -> tuple[str, ...]:
        """`thing` with its indefinite article."""
        return tuple(f"an {noun}" if _VOWEL_SOUND.match(noun) else f"a {noun}" for noun in self.thing)

    def phrases(self) -> Iterator[str]:
        """Yield everything the topic says."""
        for bank in (self.thing, self.things, self.do, self.doing, self.did, self.claim, self.question):
            yield from bank


class TopicBook(Mapping[str, Topic]):
    """The topics of one data file by name, most popular first; read when first asked for."""

    def __init__(self, resource: str) -> None:
        self._resource = resource

    @cached_property
    def _source(self) -> dict[str, Any]:
        text = resources.files("moltarium.agents").joinpath(self._resource).read_text(encoding="utf-8")
        return tomllib.loads(text)

    @cached_property
    def _topics(self) -> dict[str, Topic]:
        return {
            name: Topic(
                name,
                entry["label"],
                **{bank: tuple(lines) for bank, lines in entry.items() if bank != "label"},
            )
            for name, entry in self._source.items()
            if name != "common"
        }

    def __getitem__(self, name: str) -> Topic:
        return self._topics[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._topics)

    def __len__(self) -> int:
        return len(self._topics)

    @cached_property
    def words(self) -> Mapping[str, tuple[str, int]]:
        """The topic that a content word belongs to, and how much it tells.

        Words of a topic's nouns tell `NOUN_WEIGHT`, others 1; common words and words that two topics share
        are left out.
        """
        common = frozenset(self._source["common"].split())
        owners: dict[str, dict[str, int]] = {}
        for topic in self._topics.values():
            for bank, weight in ((topic.phrases(), 1), ((*topic.thing, *topic.things), NOUN_WEIGHT)):
                for word in {word for phrase in bank for word in words_of(phrase)} - common:
                    if len(word) >= _SHORTEST:
                        owners.setdefault(word, {})[topic.name] = weight
        return {word: next(iter(told.items())) for word, told in owners.items() if len(told) == 1}


TOPICS: Final = TopicBook("topics.toml")
"""Fourteen topics; their order is their popularity."""


def words_of(text: str) -> list[str]:
    """Return a text's lower-case words of two letters and more."""
    return _WORD.findall(text.lower())


def topic_counts(text: str) -> dict[str, int]:
    """Return how much a text's words tell of each topic (`TopicBook.words`), for topics they tell of."""
    owners, counts = TOPICS.words, dict[str, int]()
    for word in words_of(text):
        told = owners.get(word)
        if told is not None:
            name, weight = told
            counts[name] = counts.get(name, 0) + weight
    return counts


@lru_cache(maxsize=1 << 15)
def topic_of(text: str) -> str | None:
    """Return the topic that a text's words tell most of, the first if two are even; ``None`` if of none."""
    counts = topic_counts(text)
    return max(counts, key=counts.__getitem__) if counts else None


@lru_cache(maxsize=1 << 15)
def topic_of_item(title: str, body: str) -> str | None:
    """Return the topic of an item's title, if any, and body, without putting them together each time."""
    return topic_of(f"{title} {body}" if title else body)
