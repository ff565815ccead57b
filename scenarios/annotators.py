"""A language model as a reader of emotion or of speech acts, behind the shipped readers' interfaces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from moltarium.agents.prompts import speech_act
from moltarium.agents.prompts.annotate import NOTHING_SAID, PURPOSE, parsed, reading_of, shown, thought
from moltarium.agents.reader import Reading
from moltarium.analysis.affect.checkpoints import PREFIX
from moltarium.analysis.words.speech_acts import NOT_COVERED
from moltarium.analysis.words.vector_cache import cache_file
from moltarium.scenarios.embedders import LABEL, gateway_to
from moltarium.scenarios.endpoints import EMBEDDED
from moltarium.scenarios.spec import CeilingsSpec
from moltarium.sim.llm.gateway import Gateway, Pending
from moltarium.sim.llm.replies import MEMORY, ReplyStore
from moltarium.sim.record.errors import RecordError, ScenarioError

if TYPE_CHECKING:
    from moltarium.sim.llm.usage import Usage


class EmotionReader(Protocol):
    """Whatever reads emotion from texts; `agents.reader.Reader` is one."""

    def read(self, texts: Sequence[str]) -> Reading:
        """Return a row per text, in order; NaN where there is no answer."""
        ...


class LlmAnnotator:
    """A language model as a reader of emotion: asked through the gateway, one request per distinct text.

    Its requests are retried, kept in the reply cache, counted and held under ceilings. A text's reading
    depends on the text alone; one whose answer can't be used twice has no reading, see `Reading.answered`.

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

    def read(self, texts: Sequence[str]) -> Reading:
        """Read texts as they stand on the platform.

        Raises
        ------
        ModelUnavailable, ModelRefusedAccess, CeilingReached
            As the gateway does; answers that arrived are kept.
        """
        put = [shown(text) for text in texts]
        distinct = list(dict.fromkeys(filter(None, put)))
        thoughts = [thought(text, LABEL) for text in distinct]
        # One agent and one step for all: the same text is the same question whatever stands beside it.
        pending = [Pending(PURPOSE, at, 0, each, next(each)) for at, each in enumerate(thoughts)]
        outcomes = self._gateway.think(pending)
        answers = {
            text: parsed(outcome.calls[-1].reply_text)
            for text, outcome in zip(distinct, outcomes, strict=True)
        }
        return reading_of([answers[text] if text else NOTHING_SAID for text in put])


class LlmActReader:
    """A language model as a reader of speech acts: asked as `LlmAnnotator` is, in any language it knows.

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

    def read(self, texts: Sequence[str]) -> list[str | None]:
        """Return an act per text; ``"not covered"`` for one without words, ``None`` without a usable answer.

        Raises
        ------
        ModelUnavailable, ModelRefusedAccess, CeilingReached
            As the gateway does; answers that arrived are kept.
        """
        put = [shown(text) for text in texts]
        distinct = list(dict.fromkeys(filter(None, put)))
        thoughts = [speech_act.thought(text, LABEL) for text in distinct]
        outcomes = self._gateway.think(
            [Pending(PURPOSE, at, 0, each, next(each)) for at, each in enumerate(thoughts)]
        )
        answers = {
            text: speech_act.parsed(outcome.calls[-1].reply_text)
            for text, outcome in zip(distinct, outcomes, strict=True)
        }
        return [answers[text] if text else NOT_COVERED for text in put]


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
