"""A raw completion made fit to post, or the reason why it is not: the model's words alone, never others'."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from moltarium.agents.interface import Reply
from moltarium.agents.memory import words
from moltarium.agents.minds.answers import REFUSALS, refuses
from moltarium.agents.prompts.words import VERBS

MIN_WORDS: Final = 3
TITLE_CHARS: Final = 120
"""A title made of a first sentence is at most this long."""
LOOP_SHARE: Final = 0.45
"""A text of a dozen words or more with a smaller share of different words is a loop."""
ECHO_SHARE: Final = 0.6
"""A text that shares this part of its runs of four words with the prompt repeats it."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SAYS: Final = r"\b(?:replies|writes|says what it is for)"
# A sentence of the text's own may run "... asks:", so a policy's verb counts only after a manner in brackets.
_DOES: Final = rf"\([^:|)]{{1,160}}\) (?:{'|'.join(VERBS.values())})"
_LABEL: Final = re.compile(
    rf"^[^:|]{{0,80}}?(?:{_SAYS}|{_DOES})(?:, on [^:|]{{1,60}})?\s*:\s*", re.IGNORECASE
)
_LINK: Final = re.compile(r"https?://|www\.", re.IGNORECASE)
_SENTENCE_END: Final = re.compile(r"[.!?…][\"'”’)]*(?=\s|$)")
_QUOTES: Final = "\"'“”‘’`*"
_TOKEN: Final = re.compile(r"[\w'’]+")


class Wording(NamedTuple):
    """One text that can be posted."""

    text: str


class Unfit(NamedTuple):
    """Why a completion can't be posted."""

    category: str
    """As in `Abstain`."""
    reason: str


def clean(reply: Reply, prompt_texts: Sequence[str]) -> Wording | Unfit:
    """Return the first line of a completion, cleaned of what belongs to the transcript.

    Quotation marks around the whole and a repeated speaker's label go; a line that was cut off ends with its
    last whole sentence, if it has one.

    Parameters
    ----------
    reply
        What the model went on with.
    prompt_texts
        Texts that stood in the prompt, which a text must not repeat.

    Returns
    -------
    Wording or Unfit
        Unfit: a refusal, nothing, fewer than three words, a loop, an echo of the prompt, a made-up link.
    """
    if reply.finish in REFUSALS or refuses(reply.text):
        return Unfit("refused_by_model", "the model refused to write this")
    line = _first_line(reply.text)
    if reply.finish == "length":
        line = _whole_sentences(line)
    tokens = _TOKEN.findall(line.lower())
    if not tokens:
        return Unfit("empty", "the model wrote nothing")
    if len(tokens) < MIN_WORDS:
        return Unfit("malformed", "fewer than three words")
    if _loops(tokens):
        return Unfit("malformed", "the text repeats itself")
    if any(_echoes(tokens, text) for text in prompt_texts):
        return Unfit("malformed", "the text repeats the prompt")
    if _LINK.search(line):
        return Unfit("malformed", "the text holds a made-up link")
    return Wording(line)


def split_title(text: str) -> tuple[str, str]:
    """Return a post's title and body: parted at the first bar, else after the first sentence.

    A single short sentence serves as both title and body; of a long one the title is the beginning.
    """
    head, bar, rest = text.partition("|")
    title, body = head.strip(_QUOTES + " "), rest.strip(_QUOTES + " |")
    if bar and len(words(title)) >= 1 and body:
        return title[:TITLE_CHARS], body
    whole = text.replace("|", " ").strip()
    end = next((end for end in _SENTENCE_END.finditer(whole) if _TOKEN.search(whole[: end.start()])), None)
    if end and end.end() <= TITLE_CHARS and whole[end.end() :].strip():
        return whole[: end.end()].rstrip(".").strip(), whole[end.end() :].strip()
    if len(whole) <= TITLE_CHARS:
        return whole.rstrip("."), whole
    return whole[:TITLE_CHARS].rsplit(" ", 1)[0].rstrip(",;:") + "…", whole


def _first_line(text: str) -> str:
    lines = text.strip().splitlines()
    line = _SURROGATE.sub("\ufffd", lines[0]) if lines else ""
    line = _LABEL.sub("", line.strip()).strip()
    if len(line) > 1 and line[0] in _QUOTES and line[-1] in _QUOTES:
        line = line.strip(_QUOTES).strip()
    elif line[:1] in ('"', "“") and line.count('"') + line.count("”") <= 1:
        line = line[1:].strip()
    return line


def _whole_sentences(line: str) -> str:
    ends = [end.end() for end in _SENTENCE_END.finditer(line)]
    return line[: ends[-1]] if ends and len(_TOKEN.findall(line[: ends[-1]])) >= MIN_WORDS else line


def _loops(tokens: list[str]) -> bool:
    if len(tokens) < 6:
        return len(set(tokens)) == 1
    if len(tokens) >= 12 and len(set(tokens)) / len(tokens) < LOOP_SHARE:
        return True
    runs = Counter(zip(tokens, tokens[1:], tokens[2:], strict=False))
    return max(runs.values()) >= 3


def _runs(tokens: Sequence[str]) -> set[tuple[str, ...]]:
    size = min(4, len(tokens))
    return {tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)}


def _echoes(tokens: list[str], text: str) -> bool:
    own, theirs = _runs(tokens), _TOKEN.findall(text.lower())
    size = min(4, len(tokens))
    others = {tuple(theirs[i : i + size]) for i in range(len(theirs) - size + 1)}
    return len(own & others) / len(own) >= ECHO_SHARE
