"""Published figures of MoltBook as data: value, definition, filter, grade and source."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, Literal, TypeAlias, cast

Grade: TypeAlias = Literal["A", "B", "C"]
"""A read in the primary text, its source or its data; B abstract only; C second-hand, unchecked."""

GRADES: Final[tuple[Grade, ...]] = ("A", "B", "C")
"""Best first."""

_UNREAD: Final[dict[Grade, str]] = {
    "B": "the paper's definition: only its abstract was read",
    "C": "the paper's definition: the figure is second-hand",
}


@dataclass(frozen=True, slots=True)
class Published:
    """One figure that somebody has published."""

    name: str
    """Stable name: paper and figure, e.g. ``"holtz.reciprocity"``."""
    value: float
    """Shares as fractions; times in the unit that the name ends with."""
    metric: str | None
    """Our dotted name, only where the definition is the same."""
    needs: str | None
    """What it would take to set the figure beside ours; ``None`` where `metric` does."""
    definition: str
    """What was measured, in one line."""
    filter: str
    """What was left out; empty if nothing is known to be."""
    population: str
    """Whose figure it is: ``"MoltBook"``, ``"Reddit"``, …"""
    sample: str
    """The data it was measured on."""
    grade: Grade
    """How well we know it."""
    source: str
    """Authors, year and arXiv id."""


@lru_cache(maxsize=1)
def published_figures() -> tuple[Published, ...]:
    """Return every published figure in the package, in the order of its file.

    Examples
    --------
    >>> next(f.value for f in published_figures() if f.name == "holtz.reciprocity")
    0.197
    """
    data = files("moltarium.analysis.published").joinpath("figures.toml")
    papers = tomllib.loads(data.read_text(encoding="utf-8"))
    return tuple(
        Published(
            name=f"{paper}.{figure['name']}",
            value=float(figure["value"]),
            metric=figure.get("metric"),
            needs=None if "metric" in figure else figure.get("needs") or _lack(figure, content["grade"]),
            definition=figure["definition"],
            filter=figure.get("filter", ""),
            population=figure.get("population", "MoltBook"),
            sample=content["sample"],
            grade=cast(Grade, figure.get("grade", content["grade"])),
            source=content["source"],
        )
        for paper, content in papers.items()
        for figure in content["figures"]
    )


def _lack(figure: dict[str, Any], grade: Grade) -> str | None:
    """Return why a figure can't be compared, where its population or grade says so."""
    if (population := figure.get("population")) is not None:
        return f"a record of {population}"
    return _UNREAD.get(cast(Grade, figure.get("grade", grade)))


def comparable() -> dict[str, tuple[Published, ...]]:
    """Return, by our metric names, the figures published under the same definition, best grade first."""
    found: dict[str, list[Published]] = {}
    for figure in published_figures():
        if figure.metric is not None:
            found.setdefault(figure.metric, []).append(figure)
    return {
        metric: tuple(sorted(figures, key=lambda figure: GRADES.index(figure.grade)))
        for metric, figures in found.items()
    }
