"""What models cost, as data: the shipped table, and the price of a model by its name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final, NamedTuple, TypeAlias


class Prices(NamedTuple):
    """US dollars per million tokens."""

    tokens_in: float
    tokens_cached: float
    tokens_out: float

    def cost(self, tokens_in: int, tokens_cached: int, tokens_out: int) -> float:
        """Return the cost of one call in US dollars; `tokens_in` includes `tokens_cached`."""
        fresh = tokens_in - tokens_cached
        spent = fresh * self.tokens_in + tokens_cached * self.tokens_cached + tokens_out * self.tokens_out
        return spent / 1e6


FREE: Final = Prices(0.0, 0.0, 0.0)
"""A model that runs on own hardware."""

PriceTable: TypeAlias = Mapping[str, Prices]
"""Prices by model name."""

_DATED: Final = re.compile(r"[-@](?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$")


def shipped_prices() -> dict[str, Prices]:
    """Return the price table that comes with Moltarium (``sim/llm/prices.toml``): the user's to check."""
    return {
        name: Prices(entry["input"], entry["cached"], entry["output"])
        for name, entry in _shipped().items()
        if isinstance(entry, dict)
    }


def shipped_as_of() -> str:
    """Return the month that the shipped price table speaks of, like ``2026-11``."""
    return str(_shipped()["as_of"])


def _shipped() -> dict[str, Any]:
    text = resources.files("moltarium.sim.llm").joinpath("prices.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def price_of(model: str, table: PriceTable) -> Prices | None:
    """Return a model's prices, or ``None`` if the table does not know it.

    A name covers its dated versions and its name at a router: ``openai/gpt-4o-mini-2024-07-18`` costs what
    ``gpt-4o-mini`` costs unless it stands in the table itself.
    """
    name = name_in(model, table)
    return None if name is None else table[name]


def name_in(model: str, table: PriceTable) -> str | None:
    """Return the name under which a table knows a model, or ``None``."""
    bare = model.rpartition("/")[2]
    return next((name for name in (model, bare, _DATED.sub("", bare)) if name in table), None)
