"""What the reader is taught beside GoEmotions: sentences of our own, drawn from ``taught.toml``.

GoEmotions holds few plain tales of events ("I failed the exam"), few questions that only ask, few emoji and
few of the rarer words of feeling. Each of its fine classes has lists of such words, emoji and tales here, in
our own wording; each word stands in some of the frames below, each tale with some of its slots filled.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

SOURCE: Final = Path(__file__).with_name("taught.toml")

FRAMES: Final[dict[str, tuple[str, ...]]] = {
    "feel": (
        "{}", "I feel {}", "i feel so {}", "I am {}", "I'm so {}", "I was {}", "feeling {} right now",
        "she felt {}", "it made me feel {}", "he is {} about it", "i feel a little {} today",
        "I felt really {} when I heard it", "you look {}", "my {friend} was {}",
        "I am feeling {} these days", "i felt {} and did not know what to do", "they were {}",
        "{} and tired", "I have been feeling rather {}", "so {}",
    ),
    "does": (
        "{}", "she {}", "he {}", "the girl {}", "I {}", "they {}", "the old man {}", "the child {}",
        "and then she {}", "my {kin} {}", "my {friend} {}",
    ),
    "thing": (
        "{}", "how {}", "that is so {}", "it was {}", "this is really {}", "the whole thing was {}",
        "it looks {}", "what happened {time} was {}", "so {}",
    ),
    "noun": (
        "{}", "full of {}", "a feeling of {}", "I could feel the {}", "overcome with {}",
        "I was filled with {}", "she could not hide her {}", "nothing but {}", "{} in his voice",
    ),
}  # fmt: skip
"""Sentences that a word of each kind completes."""

DENIALS: Final = (
    "I am not {}", "not {} at all", "I don't feel {}", "I'm not {} about this", "I was not {}",
    "she is not very {}", "i am never {}", "this does not make me {}",
)  # fmt: skip
"""Frames that deny a feeling."""
DENIED: Final = 25
"""Words of a class that are denied too."""
LIFTING: Final = frozenset(
    ("joy", "excitement", "love", "pride", "optimism", "admiration", "gratitude", "relief")
)
"""Classes whose denial is disappointment; other denials are neutral."""

BEFORE: Final = ("", "", "", "when ", "I remember when ", "because ", "{time}, ")
"""What may stand before a tale that somebody tells."""
TELLERS: Final = frozenset(
    "I my a the he we she they someone somebody our there it nobody everybody".split()  # noqa: SIM905
)

WORD_TIMES: Final = 8
"""Frames that each word stands in."""
TALE_TIMES: Final = 10
"""Tellings of each tale; equal ones count once."""
EMOJI_TIMES: Final = 8
DENIAL_TIMES: Final = 2

_SLOT: Final = re.compile(r"\{(\w+)\}")


class Taught(NamedTuple):
    """One sentence and its fine class."""

    text: str
    fine: str


class Teacher:
    """Draws sentences: the same ones from the same source and seed.

    Parameters
    ----------
    source
        A TOML file with ``[slots]`` and one table for each fine class.
    seed
        Of the draws.
    """

    def __init__(self, source: Path = SOURCE, seed: int = 3) -> None:
        tables = tomllib.loads(source.read_text(encoding="utf-8"))
        self._slots: dict[str, list[str]] = tables.pop("slots")
        self._classes: dict[str, dict[str, list[str]]] = tables
        self._rng = np.random.default_rng(seed)

    def sentences(self) -> list[Taught]:
        """Return every sentence, class by class."""
        drawn: list[Taught] = []
        for fine, kinds in self._classes.items():
            for kind, frames in FRAMES.items():
                for word in kinds.get(kind, ()):
                    drawn += [Taught(text, fine) for text in self._framed(word, frames, WORD_TIMES)]
            if fine != "neutral":
                denial = "disappointment" if fine in LIFTING else "neutral"
                for word in kinds.get("feel", ())[:DENIED]:
                    drawn += [Taught(text, denial) for text in self._framed(word, DENIALS, DENIAL_TIMES)]
            drawn += [Taught(text, fine) for emoji in kinds.get("emoji", ()) for text in self._shown(emoji)]
            drawn += [Taught(text, fine) for tale in kinds["tale"] for text in self._told(tale)]
        return drawn

    def _pick(self, among: Sequence[str]) -> str:
        return among[int(self._rng.integers(len(among)))]

    def _fill(self, text: str) -> str:
        return _SLOT.sub(lambda slot: self._pick(self._slots[slot[1]]), text)

    def _framed(self, word: str, frames: Sequence[str], times: int) -> list[str]:
        places = self._rng.permutation(len(frames))[:times]
        return [self._fill(frames[int(place)].replace("{}", word)) for place in places]

    def _shown(self, emoji: str) -> list[str]:
        """An emoji alone, and behind sentences that say nothing by themselves."""
        shown = [emoji * int(self._rng.integers(1, 3))]
        for _ in range(EMOJI_TIMES - 1):
            plain = self._fill(self._pick(self._classes["neutral"]["tale"])).rstrip("?.")
            shown.append(f"{plain} {emoji * int(self._rng.integers(1, 3))}")
        return shown

    def _told(self, tale: str) -> list[str]:
        tellings: dict[str, None] = {}
        for _ in range(TALE_TIMES):
            told = tale[-1] not in "?!" and tale.split(" ", 1)[0] in TELLERS
            text = self._fill((self._pick(BEFORE) if told else "") + tale)
            if text[-1] not in ".?!" and self._rng.random() < 0.6:
                text += "."
            tellings[text.lower() if self._rng.random() < 0.3 else text] = None
        return list(tellings)
