"""What a page is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from dash.development.base_component import Component

from moltarium.dashboards.parts import Query
from moltarium.dashboards.source import Source
from moltarium.dashboards.window import span_of


@dataclass(frozen=True, slots=True)
class Lab:
    """What the dashboard looks at."""

    source: Source
    against: Source | None = None
    """A second record to compare with."""

    @contextmanager
    def still(self) -> Iterator[None]:
        """Let a page that is built in the block show one moment of a record that is being written."""
        with ExitStack() as stack:
            for source in (self.source, self.against):
                if source is not None:
                    stack.enter_context(source.record.still())
            yield

    def during(self, query: Query) -> Lab:
        """Return what the lab is of the span that the address asks for; the second record stays whole."""
        return Lab(self.source.during(span_of(query)), self.against)

    def close(self) -> None:
        """Close the records."""
        for source in (self.source, self.against):
            if source is not None:
                source.close()


View: TypeAlias = Callable[[Lab, Query], Component]
"""Builds a page, or a slow part of one, from the records and the address alone."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the dashboard."""

    path: str
    title: str
    view: View
    slow: Mapping[str, View] = field(default_factory=dict)
    """Parts that are filled in after the page is up, by name."""
    listed: bool = True
    """Whether the navigation shows it."""
    cut: bool = True
    """Whether it is about the span that the address asks for, or always about the whole record."""
