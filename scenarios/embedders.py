"""Embedders by the name that a user gives: what ships, what is installed, or an endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from moltarium.analysis.embeddings import Embedder, static_embedder
from moltarium.analysis.sentences import SentenceTransformerEmbedder, minilm_embedder
from moltarium.analysis.vector_cache import CachedEmbedder, VectorCache, cache_file
from moltarium.scenarios.endpoints import ceilings_of, open_endpoints, price_table, priced
from moltarium.scenarios.spec import CeilingsSpec, ModelSpec
from moltarium.sim.llm.budget import Budget
from moltarium.sim.llm.embedding import EndpointEmbedder
from moltarium.sim.llm.gateway import Gateway
from moltarium.sim.llm.replies import MEMORY, ReplyStore
from moltarium.sim.record.errors import ScenarioError

LABEL: Final = "embeddings"


@dataclass(slots=True)
class Asked:
    """What an endpoint was asked while embedding."""

    calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    cached: int = 0
    """Distinct texts whose vectors were on disk."""
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
        Keep vectors in the user's cache folder and look there first. Static vectors are made faster than
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
        yield static_embedder(), asked
        return
    with ExitStack() as stack:
        gateway: Gateway | None = None
        inner: Embedder
        if name.startswith(("http://", "https://")):
            gateway, found = stack.enter_context(_gateway(name, model, ceilings or CeilingsSpec()))
            inner = EndpointEmbedder(gateway, LABEL, found)
        elif name == "minilm":
            inner = minilm_embedder()
        elif name.startswith("st:") and len(name) > 3:
            inner = SentenceTransformerEmbedder(name[3:])
        else:
            raise ScenarioError(
                "is no embedder", place=f"--embeddings {name}", remedy="give static, minilm, st:NAME or a URL"
            )
        kept: CachedEmbedder | None = None
        if cache:
            kept = CachedEmbedder(inner, stack.enter_context(VectorCache(cache_file())))
        yield kept or inner, asked
        if kept is not None:
            asked.cached, asked.made = kept.hits, kept.made
        if gateway is not None:
            usage = gateway.usage
            asked.calls, asked.tokens, asked.cost_usd = usage.calls, usage.tokens_in, usage.cost_usd


@contextmanager
def _gateway(url: str, model: str | None, ceilings: CeilingsSpec) -> Iterator[tuple[Gateway, str]]:
    """Yield a gateway to one endpoint, and its model's name."""
    spec = ModelSpec(base_url=url, model=model)
    with ExitStack() as stack:
        endpoints = stack.enter_context(open_endpoints({LABEL: spec}))
        replies = stack.enter_context(ReplyStore(MEMORY))
        names = {LABEL: model} if model else stack.enter_context(Gateway(endpoints, replies, 0)).preflight()
        endpoints = priced(endpoints, names, price_table({}), set())
        budget = Budget(ceilings_of(ceilings, endpoints))
        yield stack.enter_context(Gateway(endpoints, replies, 0, budget=budget)), names[LABEL]
