"""How the surrogate crowd puts a speech act into words: titles, bodies and comments that read like a forum.

A text is a plan of moves (tell, view, detail, advice, ask, invite …), each a sentence whose slots are filled
from one topic, with a feeling said in the words of one emotion, devices that a community may share, and a
style that follows the speaker's traits. Deterministic given the dice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple

from moltarium.agents.interface import BigFive, Persona
from moltarium.agents.minds.dice import Dice
from moltarium.agents.minds.feelings import emotion_words, is_cue
from moltarium.agents.minds.grammar import Speaker
from moltarium.agents.minds.norms import Devices
from moltarium.agents.minds.phrases import phrase_book
from moltarium.agents.topics import TOPICS, topic_of, words_of

POST_ACTS: Final = ("introduce", "ask", "inform", "share", "joke", "coordinate", "reflect", "support")
"""What a post can do."""

COMMENT_ACTS: Final = (
    "support", "agree", "inform", "ask", "argue", "joke", "share", "thank", "coordinate", "welcome",
)  # fmt: skip
"""What a comment can do."""

NO_DEVICES: Final = Devices()

_ECHOES: Final = 6
"""Words of a parent that a comment chooses from, first mentioned first."""

_WORTH_QUOTING: Final = 80
"""Characters of a text from which a single word may be quoted."""

_LONG_WORD: Final = re.compile(r"[A-Za-z][a-z]{5,14}(?![a-z])")


class Tone(NamedTuple):
    """How a text feels."""

    emotion: str = "neutral"
    """One of Ekman's six, or ``"neutral"``."""
    strong: bool = False
    """Whether in strong words."""


class Style(NamedTuple):
    """How an agent writes, whatever it says."""

    lower_case: bool
    emoji: bool
    exclaims: bool
    hedges: bool
    long: float
    """Tendency to longer texts, 0 to 1."""


def style_of(traits: BigFive, handle: str) -> Style:
    """Return a persona's style: carelessness lower-cases, extraversion exclaims, neuroticism hedges."""
    quirk = sum(handle.encode("utf-8", "surrogatepass")) % 10 / 10
    return Style(
        lower_case=traits.conscientiousness + 0.5 * quirk < 0.42,
        emoji=traits.extraversion > 0.35 + 0.4 * quirk,
        exclaims=traits.extraversion > 0.55,
        hedges=traits.neuroticism > 0.45,
        long=traits.conscientiousness,
    )


@cache
def _nouns_by_head(topic: str) -> Mapping[str, Sequence[tuple[str, ...]]]:
    """Return a topic's nouns by their first word, as tuples of words, longest first."""
    nouns = {tuple(noun.split()) for noun in (*TOPICS[topic].thing, *TOPICS[topic].things)}
    heads: dict[str, list[tuple[str, ...]]] = {}
    for noun in sorted(nouns, key=lambda words: (-len(words), words)):
        if not any(map(is_cue, noun)):
            heads.setdefault(noun[0], []).append(noun)
    return heads


def _known_nouns(topic: str, words: Sequence[str]) -> list[str]:
    heads = _nouns_by_head(topic)
    found: dict[str, None] = {}
    for i, word in enumerate(words):
        for noun in heads.get(word, ()):
            if tuple(words[i : i + len(noun)]) == noun:
                found[f"the {' '.join(noun)}"] = None
                break
    return list(found)


@lru_cache(maxsize=1 << 14)
def echoes(text: str) -> tuple[str, ...]:
    """Return what a comment can pick up from a text: nouns of its topic, or else the topic itself.

    From a longer text without a known topic, its long words, in quotes. Words that tell a feeling are left
    out: repeating them would pass for emotional contagion.
    """
    topic = topic_of(text)
    if topic is not None:
        return tuple(_known_nouns(topic, words_of(text))[:_ECHOES]) or (TOPICS[topic].label,)
    if len(text) < _WORTH_QUOTING:
        return ()
    long = (word.lower() for word in _LONG_WORD.findall(text))
    dull = phrase_book().dull
    return tuple(f'"{word}"' for word in dict.fromkeys(long) if word not in dull and not is_cue(word))[
        :_ECHOES
    ]


def _feel(speaker: Speaker, tone: Tone, *, answering: bool) -> str:
    words = emotion_words()[tone.emotion]
    return speaker.say((words.reaction if answering else words.statement)[tone.strong])


def _finish(text: str, style: Style, tone: Tone, dice: Dice) -> str:
    if style.exclaims and tone.emotion in ("joy", "surprise") and text.endswith(".") and dice.chance(0.5):
        text = text[:-1] + "!"
    if style.lower_case:
        text = text.lower()
    if style.emoji and tone.emotion != "neutral" and dice.chance(0.45):
        text = f"{text} {dice.pick(emotion_words()[tone.emotion].emoji)}"
    return text


def _hedged(sentence: str, style: Style, dice: Dice) -> str:
    if not style.hedges or not dice.chance(0.25):
        return sentence
    return dice.pick(phrase_book().hedges) + _uncapitalised(sentence)


def _uncapitalised(sentence: str) -> str:
    # "I" and quotations keep their capital in the middle of a sentence.
    return sentence if sentence.startswith(("I ", "I'")) else sentence[:1].lower() + sentence[1:]


def write_post(
    act: str, topic: str, tone: Tone, persona: Persona, dice: Dice, devices: Devices = NO_DEVICES
) -> tuple[str, str]:
    """Return a post's title and body.

    Parameters
    ----------
    act
        One of `POST_ACTS`.
    topic
        A name in `TOPICS`.
    tone
        The feeling that shows.
    persona
        Who speaks: handle, and the traits that set the style.
    dice
        The only source of chance.
    devices
        Tag, greeting and farewell to use.
    """
    book, style = phrase_book(), style_of(persona.traits, persona.handle)
    speaker = Speaker(topic, dice, {"handle": persona.handle})
    title, announced = speaker.announce(book.titles[act])
    plans = book.plans[act]
    either = dice.pick(plans), dice.pick(plans)
    plan = max(either, key=len) if dice.chance(style.long) else min(either, key=len)
    if "question" in announced and dice.chance(0.6):
        plan = tuple(move for move in plan if move != "ask") or plan
    speaker.pin({slot: filler for slot, filler in announced.items() if slot != "claim" or dice.chance(0.4)})
    moves = [speaker.say(book.posts[move]) for move in plan]
    if "view" in plan and tone.emotion == "neutral":
        view = plan.index("view")
        moves[view] = _hedged(moves[view], style, dice)
    if tone.emotion != "neutral":
        moves.insert(1 + int(dice.unit() * 2), _feel(speaker, tone, answering=False))
    body = _finish(_joined(moves), style, tone, dice)
    if style.lower_case:
        title, body = (text.lower().replace(persona.handle.lower(), persona.handle) for text in (title, body))
    return (
        f"{devices.tag} {title}" if devices.tag else title,
        " ".join(part for part in (devices.opener, body, devices.signoff) if part),
    )


def _joined(sentences: Sequence[str]) -> str:
    """Return sentences as running text; a list stands in a paragraph of its own."""
    text, after_list = "", False
    for sentence in sentences:
        is_list = "\n" in sentence
        gap = "" if not text else "\n\n" if is_list or after_list else " "
        text, after_list = f"{text}{gap}{sentence}", is_list
    return text


def write_comment(
    act: str,
    topic: str,
    tone: Tone,
    persona: Persona,
    parent: str,
    dice: Dice,
    *,
    to: str = "",
    mention: bool = False,
    devices: Devices = NO_DEVICES,
) -> str:
    """Return a comment on `parent`.

    Parameters
    ----------
    act
        One of `COMMENT_ACTS`.
    topic
        A name in `TOPICS`.
    tone
        The feeling that shows.
    persona
        Who speaks.
    parent
        The text it answers: one of its nouns is picked up.
    dice
        The only source of chance.
    to
        Handle of the one addressed; empty to address nobody.
    mention
        Whether the address is a mention (``@handle``).
    devices
        Greeting and farewell to use; a comment has no tag.
    """
    book, style = phrase_book(), style_of(persona.traits, persona.handle)
    found = echoes(parent)
    echo = dice.pick(found) if found else "this"
    speaker = Speaker(topic, dice, {"handle": persona.handle, "echo": echo, "who": to or "friend"})
    core = speaker.say(book.comments[act])
    if tone.emotion == "neutral":
        core = _hedged(core, style, dice) if act in ("inform", "argue") else core
    sentences = [core]
    if tone.emotion != "neutral":
        sentences.insert(int(dice.unit() * 2), _feel(speaker, tone, answering=True))
    if act != "joke" and dice.chance(0.25 + 0.5 * style.long):
        sentences.append(speaker.say(book.comments["tail"]))
    text = _finish(" ".join(sentences), style, tone, dice)
    if to and style.lower_case:
        text = text.replace(to.lower(), to)
    if to and act != "welcome":
        text = f"@{to} {text}" if mention else f"{to}, {_uncapitalised(text)}"
    return " ".join(part for part in (devices.opener, text, devices.signoff) if part)
