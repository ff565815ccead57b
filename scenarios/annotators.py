"""A language model as a reader of emotion or of speech acts, behind the shipped readers' interfaces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from moltarium.agents.interface import Thought
from moltarium.agents.prompts import annotate, speech_act
from moltarium.agents.prompts.annotate import NOTHING_SAID, PURPOSE, Annotation, reading_of, shown
from moltarium.agents.reader import Reading
from moltarium.analysis.affect.checkpoints import PREFIX
from moltarium.analysis.words.act_reader import NOT_COVERED
from moltarium.analysis.words.vector_cache import cache_file
from moltarium.scenarios.embedders import LABEL, gateway_to
from moltarium.scenarios.endpoints import EMBEDDED
from moltarium.scenarios.spec import CeilingsSpec
from moltarium.sim.llm.gateway import Gateway, Pending
from moltarium.sim.llm.replies import MEMORY, ReplyStore
from moltarium.sim.record.errors import RecordError, ScenarioError

if TYPE_CHECKING:
    from moltarium.sim.llm.usage import Usage

Answer = TypeVar("Answer")
"""What a model says of one text."""


class EmotionReader(Protocol):
    """Whatever reads emotion from texts; `agents.reader.Reader` is one."""

    def read(self, texts: Sequence[str]) -> Reading:
        """Return a row per text, in order; NaN where there is no answer."""
        ...


class _Annotator(ABC, Generic[Answer]):
    """A language model that is asked of each distinct text, alone, through the gateway.

    Its requests are retried, kept in the reply cache, counted and held under ceilings. What it says of a text
    depends on the text alone.

    Parameters
    ----------
    gateway
        Where it is asked; it stays the caller's to close.
    name
        The model's name, for tables.
    """

    def __init__(self, gateway: Gateway, name: str) -> None:
        self._gateway = gateway
        self.name = name

    @property
    def usage(self) -> Usage:
        """What was asked so far."""
        return self._gateway.usage

    @abstractmethod
    def _thought(self, text: str) -> Thought:
        """Return the question about one text, and the question after an answer that can't be used."""

    @abstractmethod
    def _parsed(self, answer: str) -> Answer | None:
        """Return what an answer says, or ``None`` if it can't be used."""

    def _answers(self, texts: Sequence[str], wordless: Answer) -> list[Answer | None]:
        """Return an answer per text, `wordless` for one without words, ``None`` without a usable answer."""
        put = [shown(text) for text in texts]
        distinct = list(dict.fromkeys(filter(None, put)))
        thoughts = [self._thought(text) for text in distinct]
        # One agent and one step for all: the same text is the same question whatever stands beside it.
        pending = [Pending(PURPOSE, at, 0, each, next(each)) for at, each in enumerate(thoughts)]
        outcomes = self._gateway.think(pending)
        answers = {
            text: self._parsed(outcome.calls[-1].reply_text)
            for text, outcome in zip(distinct, outcomes, strict=True)
        }
        return [answers[text] if text else wordless for text in put]


class LlmAnnotator(_Annotator[Annotation]):
    """A language model as a reader of emotion.

    A text whose answer can't be used twice has no reading, see `Reading.answered`.
    """

    def read(self, texts: Sequence[str]) -> Reading:
        """Read texts as they stand on the platform.

        Raises
        ------
        ModelUnavailable, ModelRefusedAccess, CeilingReached
            As the gateway does; answers that arrived are kept.
        """
        return reading_of(self._answers(texts, NOTHING_SAID))

    def _thought(self, text: str) -> Thought:
        return annotate.thought(text, LABEL)

    def _parsed(self, answer: str) -> Annotation | None:
        return annotate.parsed(answer)


class LlmActReader(_Annotator[str]):
    """A language model as a reader of speech acts, in any language it knows."""

    def read(self, texts: Sequence[str]) -> list[str | None]:
        """Return an act per text; ``"not covered"`` for one without words, ``None`` without a usable answer.

        Raises
        ------
        ModelUnavailable, ModelRefusedAccess, CeilingReached
            As the gateway does; answers that arrived are kept.
        """
        return self._answers(texts, NOT_COVERED)

    def _thought(self, text: str) -> Thought:
        return speech_act.thought(text, LABEL)

    def _parsed(self, answer: str) -> str | None:
        return speech_act.parsed(answer)


@contextmanager
def open_annotator(
    place: str, *, model: str | None = None, cache: bool = True, ceilings: CeilingsSpec | None = None
) -> Iterator[LlmAnnotator]:
    """Yield a language model as a reader of emotion.

    Parameters
    ----------
    place
        ``embedded``, or the URL of an OpenAI-compatible endpoint.
    model
        The model's name there; default: the first that it lists.
    cache
        Keep answers in the user's cache folder and look there first.
    ceilings
        What the model may cost.

    Raises
    ------
    ScenarioError
        For a place that is neither.
    ModelError
        Where the model can't be used.
    """
    with _asked(place, model, cache, ceilings, f"give embedded or a URL, or {PREFIX}NAME") as (gateway, name):
        yield LlmAnnotator(gateway, name)


@contextmanager
def open_act_reader(
    place: str, *, model: str | None = None, cache: bool = True, ceilings: CeilingsSpec | None = None
) -> Iterator[LlmActReader]:
    """Yield a language model as a reader of speech acts; parameters and errors as of `open_annotator`."""
    with _asked(place, model, cache, ceilings, "give embedded or a URL") as (gateway, name):
        yield LlmActReader(gateway, name)


@contextmanager
def _asked(
    place: str, model: str | None, cache: bool, ceilings: CeilingsSpec | None, remedy: str
) -> Iterator[tuple[Gateway, str]]:
    """Yield a gateway to a model, its answers kept with those of every annotator, and the model's name."""
    if place != EMBEDDED and not place.startswith(("http://", "https://")):
        raise ScenarioError("is no model", place=f"--annotator {place}", remedy=remedy)
    file = MEMORY
    if cache:
        file = cache_file().with_name("annotations.sqlite")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RecordError("can't be made", place=str(file.parent), remedy="or say --no-cache") from error
    with ReplyStore(file) as replies, gateway_to(place, model, replies, ceilings) as opened:
        yield opened
