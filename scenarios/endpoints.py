"""From a scenario's ``[models]`` to live endpoints: keys from the environment, the embedded model started."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from moltarium.scenarios.spec import ModelSpec
from moltarium.sim.llm.embedded import SLOTS, embedded_server
from moltarium.sim.llm.endpoint import Endpoint, Secret

EMBEDDED = "embedded"

Endpoints = Mapping[str, Endpoint]
"""Live endpoints by label."""


@contextmanager
def open_endpoints(models: Mapping[str, ModelSpec]) -> Iterator[Endpoints]:
    """Yield an endpoint per label; the embedded model, where one is asked for, lives as long as the block.

    Raises
    ------
    ModelError
        If the embedded model can't be started.
    """
    if any(spec.base_url == EMBEDDED for spec in models.values()):
        with embedded_server() as base_url:
            yield {label: _endpoint(label, spec, base_url) for label, spec in models.items()}
    else:
        yield {label: _endpoint(label, spec, spec.base_url) for label, spec in models.items()}


def _endpoint(label: str, spec: ModelSpec, embedded_url: str) -> Endpoint:
    embedded = spec.base_url == EMBEDDED
    return Endpoint(
        label=label,
        base_url=embedded_url if embedded else spec.base_url,
        model=spec.model,
        api_key=Secret("" if embedded else os.environ.get(spec.api_key_env, "")),
        structured=spec.structured,
        deadline_s=spec.deadline.total_seconds(),
        concurrency=min(spec.concurrency, SLOTS) if embedded else spec.concurrency,
        retries=spec.retries,
    )
