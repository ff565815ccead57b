"""Models for measures of words: embedders by the name that a user gives, and a model that names topics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Final

from moltarium.analysis.words.embeddings import Embedder, static_embedder
from moltarium.analysis.words.sentences import SentenceTransformerEmbedder, minilm_embedder
from moltarium.analysis.words.vector_cache import CachedEmbedder, VectorCache, cache_file
from moltarium.scenarios.endpoints import EMBEDDED, ceilings_of, open_endpoints, price_table, priced
from moltarium.scenarios.spec import CeilingsSpec, ModelSpec
from moltarium.scenarios.topic_labels import label_topics
from moltarium.sim.llm.budget import Budget
from moltarium.sim.llm.embedding import EndpointEmbedder
from moltarium.sim.llm.gateway import Gateway
from moltarium.sim.llm.keys import text_sha
from moltarium.sim.llm.replies import MEMORY, ReplyStore
from moltarium.sim.record.errors import RecordError, ScenarioError

LABEL: Final = "words"
"""Of the one endpoint that is asked."""


@dataclass(slots=True)
class Asked:
    """Which embedding was used, and what an endpoint was asked for it."""

    name: str | None = None
    """The embedder's own; ``None`` where none is installed."""
    calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    cached: int = 0
    """Distinct texts whose vectors were on disk already."""
    made: int = 0
    """Distinct texts that were embedded now."""


@contextmanager
def open_embedder(
    name: str,
    *,
    model: str | None = None,
    cache: bool = True,
    ceilings: CeilingsSpec | None = None,
) -> Iterator[tuple[Embedder, Asked]]:
    """Yield an embedder and, filled when the block ends, what was asked.

    Parameters
    ----------
    name
        ``static``, ``minilm``, ``st:NAME`` for a sentence-transformers model, or the URL of an
        OpenAI-compatible endpoint.
    model
        The model's name at the endpoint; default: the first that it lists.
    cache
        Keep vectors in the user's cache folder and look there first; without it they are kept in memory until
        the block ends, so that no text is embedded or paid for twice. Static vectors are made faster than
        they are read, and never kept.
    ceilings
        What the endpoint may cost.

    Raises
    ------
    ScenarioError
        For a name that is none of these.
    NotComputable
        Where what it needs is not installed.
    ModelError
        Where the endpoint can't be used.
    """
    asked = Asked()
    if name == "static":
        shipped = static_embedder()
        asked.name = shipped.name
        yield shipped, asked
        return
    with ExitStack() as stack:
        gateway: Gateway | None = None
        inner: Embedder
        if name.startswith(("http://", "https://")):
            replies = stack.enter_context(ReplyStore(MEMORY))
            gateway, found = stack.enter_context(gateway_to(name, model, replies, ceilings))
            inner = EndpointEmbedder(gateway, LABEL, found)
        elif name == "minilm":
            inner = minilm_embedder()
        elif name.startswith("st:") and len(name) > 3:
            inner = SentenceTransformerEmbedder(name[3:])
        else:
            raise ScenarioError(
                "is no embedder", place=f"--embeddings {name}", remedy="give static, minilm, st:NAME or a URL"
            )
        file = cache_file() if cache else MEMORY
        kept = CachedEmbedder(inner, stack.enter_context(VectorCache(file)))
        asked.name = kept.name
        yield kept, asked
        asked.cached, asked.made = kept.hits, kept.made
        if gateway is not None:
            usage = gateway.usage
            asked.calls, asked.tokens, asked.cost_usd = usage.calls, usage.tokens_in, usage.cost_usd


def named_topics(
    topics: Sequence[Sequence[str]],
    place: str,
    *,
    model: str | None = None,
    cache: bool = True,
    ceilings: CeilingsSpec | None = None,
) -> tuple[list[str | None], str]:
    """Return a language model's names for topics, see `label_topics`, and the model's name.

    Parameters
    ----------
    topics
        Words of each topic.
    place
        ``embedded``, or the URL of an OpenAI-compatible endpoint.
    model, cache, ceilings
        As in `open_embedder`. Answers are kept in one file per set of topics.

    Raises
    ------
    ModelError
        Where the model can't be used.
    CeilingReached
        Before more is spent.
    """
    if place != EMBEDDED and not place.startswith(("http://", "https://")):
        raise ScenarioError("is no model", place=f"--labels {place}", remedy="give embedded or a URL")
    file = MEMORY
    if cache:
        file = cache_file().parent / "labels" / f"{text_sha(repr(topics))[:32]}.sqlite"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RecordError("can't be made", place=str(file.parent), remedy="or say --no-cache") from error
    with ReplyStore(file) as replies, gateway_to(place, model, replies, ceilings) as (gateway, found):
        return label_topics(gateway, LABEL, topics), found


@contextmanager
def gateway_to(
    place: str, model: str | None, replies: ReplyStore, ceilings: CeilingsSpec | None
) -> Iterator[tuple[Gateway, str]]:
    """Yield a gateway to one endpoint, `LABEL`, and its model's name."""
    with open_endpoints({LABEL: ModelSpec(base_url=place, model=model)}) as endpoints:
        with Gateway(endpoints, replies, 0) as asking:
            name = model or asking.preflight()[LABEL]
        embedded = {LABEL} if place == EMBEDDED else set[str]()
        # The name is part of every key: two models at one address are two questions.
        named = {label: replace(each, model=name) for label, each in endpoints.items()}
        able = priced(named, {LABEL: name}, price_table({}), embedded)
        budget = Budget(ceilings_of(ceilings or CeilingsSpec(), able))
        with Gateway(able, replies, 0, budget=budget) as gateway:
            yield gateway, name
