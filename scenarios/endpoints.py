"""From a scenario's ``[models]`` to live endpoints: keys looked up, the embedded model started."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from moltarium.scenarios.spec import CeilingsSpec, ModelSpec, PriceSpec
from moltarium.sim.llm.budget import Ceilings
from moltarium.sim.llm.embedded import SLOTS, embedded_server
from moltarium.sim.llm.endpoint import Endpoint, Secret
from moltarium.sim.llm.prices import (
    FREE,
    Prices,
    PriceTable,
    name_in,
    price_of,
    shipped_as_of,
    shipped_prices,
)
from moltarium.sim.record.errors import ScenarioError

EMBEDDED = "embedded"
EMBEDDED_DEADLINE_S = 300.0
"""Least deadline of a call to the embedded model: eight long prompts at once take two slow cores minutes, and
whoever gives up on them begins again. A dead process is noticed at once, whatever the deadline."""

_UNNAMED: Final[Mapping[str, str]] = {}

Endpoints = Mapping[str, Endpoint]
"""Live endpoints by label."""


@contextmanager
def open_endpoints(models: Mapping[str, ModelSpec]) -> Iterator[Endpoints]:
    """Yield an endpoint per label; the embedded model, where one is asked for, lives as long as the block.

    Raises
    ------
    ModelError
        If the embedded model can't be started.
    ScenarioError
        If a key file can't be read, or holds no key.
    """
    if any(spec.base_url == EMBEDDED for spec in models.values()):
        with embedded_server() as base_url:
            yield {label: _endpoint(label, spec, base_url) for label, spec in models.items()}
    else:
        yield {label: _endpoint(label, spec, spec.base_url) for label, spec in models.items()}


def _endpoint(label: str, spec: ModelSpec, embedded_url: str) -> Endpoint:
    embedded = spec.base_url == EMBEDDED
    deadline_s = spec.deadline.total_seconds()
    return Endpoint(
        label=label,
        base_url=embedded_url if embedded else spec.base_url,
        model=spec.model,
        api_key=Secret("") if embedded else _key(label, spec),
        structured=spec.structured,
        deadline_s=max(deadline_s, EMBEDDED_DEADLINE_S) if embedded else deadline_s,
        patience_s=spec.patience.total_seconds(),
        concurrency=min(spec.concurrency, SLOTS) if embedded else spec.concurrency,
        concurrency_start=spec.concurrency_start,
        concurrency_floor=spec.concurrency_floor,
        requests_per_min=spec.requests_per_min,
        tokens_per_min=spec.tokens_per_min,
        retries=spec.retries,
    )


def _key(label: str, spec: ModelSpec) -> Secret:
    """Look a key up where a scenario says that it is; no key at all suits a server that wants none."""
    if spec.api_key_file is None:
        place = f"the environment variable {spec.api_key_env}"
        held = os.environ.get(spec.api_key_env, "")
        if not held.strip():
            return Secret("")
    else:
        place = f"models.{label}.api_key_file: {spec.api_key_file}"
        held = _held(spec.api_key_file, place, spec.api_key_env)
    words = held.split()
    if len(words) != 1:
        raise ScenarioError(
            f"a key is one word, this holds {len(words)}",
            place=place,
            remedy="let it hold the key and nothing else",
        )
    if not (words[0].isascii() and words[0].isprintable()):
        raise ScenarioError(
            "a key is made of letters, digits and marks of ASCII, this holds others",
            place=place,
            remedy="copy the key anew",
        )
    return Secret(words[0])


def _held(file: Path, place: str, variable: str) -> str:
    try:
        return file.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "no text"
        raise ScenarioError(
            f"the file that should hold the key can't be read: {why}",
            place=place,
            remedy=f"name a readable file, or leave it out and set {variable}",
        ) from None


def price_table(own: Mapping[str, PriceSpec]) -> PriceTable:
    """Return the shipped price table with a scenario's own prices over it."""
    return shipped_prices() | {
        name: Prices(spec.input, spec.input if spec.cached is None else spec.cached, spec.output)
        for name, spec in own.items()
    }


def priced(
    endpoints: Endpoints,
    names: Mapping[str, str],
    table: PriceTable,
    embedded: set[str],
    *,
    own_is_free: bool = True,
) -> Endpoints:
    """Return the endpoints with their models' prices.

    Parameters
    ----------
    endpoints
        Endpoints by label.
    names
        The model's name by label, as the preflight found it.
    table
        Prices by model name.
    embedded
        Labels of endpoints that run in this process's care and cost nothing.
    own_is_free
        Whether a model on this machine without a price is taken to be free. Not where a ceiling in dollars
        must hold: what listens there may be a proxy to a model that costs.
    """
    return {
        label: replace(
            each,
            prices=prices_of(
                names.get(label) or each.model,
                each.local and own_is_free,
                table,
                embedded=label in embedded,
            ),
        )
        for label, each in endpoints.items()
    }


def prices_of(model: str | None, local: bool, table: PriceTable, *, embedded: bool) -> Prices | None:
    """Return what a model costs; ``None`` if nobody knows.

    A model on this machine that has no price in the table is taken to run on own hardware: it is free.
    """
    if embedded:
        return FREE
    known = None if model is None else price_of(model, table)
    return FREE if known is None and local else known


def price_source(model: str | None, local: bool, own: Mapping[str, PriceSpec], *, embedded: bool) -> str:
    """Return where `prices_of` has a model's price from, in words for a person."""
    if embedded:
        return "free: the embedded model"
    name = None if model is None else name_in(model, price_table(own))
    if name is not None:
        if name in own:
            return f'the scenario\'s [prices."{name}"]'
        return f"shipped table, as of {shipped_as_of()}, second hand: check it"
    if local:
        return "free: an address on this machine, without a price in any table"
    return "price unknown"


def ceilings_of(spec: CeilingsSpec, endpoints: Endpoints, names: Mapping[str, str] = _UNNAMED) -> Ceilings:
    """Return a scenario's ceilings.

    Parameters
    ----------
    spec
        What the scenario or an option says.
    endpoints
        With their prices (`priced`).
    names
        The model's name by label, as the preflight found it.

    Raises
    ------
    ScenarioError
        If there is one in dollars, but a model whose price nobody knows.
    """
    unknown = sorted(
        names.get(label) or each.model or label for label, each in endpoints.items() if each.prices is None
    )
    if spec.budget_usd is not None and unknown:
        raise ScenarioError(
            f"a ceiling in dollars can't be kept: the price of {unknown[0]!r} is not known",
            place="ceilings.budget_usd",
            remedy=f'add [prices."{unknown[0]}"] with input and output in dollars per million tokens'
            " (0 for both where it runs on own hardware)",
        )
    wall_s = None if spec.max_wall is None else spec.max_wall.total_seconds()
    return Ceilings(spec.budget_usd, spec.max_tokens, wall_s)
