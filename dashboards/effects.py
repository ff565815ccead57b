"""Effects on a page: value, control, difference and interval, row by row, each on a scale of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from dash import html

from moltarium.dashboards.parts import Child, Column, chance, interval, number, table, unsaid
from moltarium.dashboards.untrusted import line

_ROOM = 0.08
"""Of a strip's width, left free at either end."""
_LEAST_WIDTH = 1e-12
"""An interval that is narrower is a point: a float's smallest steps leave no room to divide by."""

VERDICTS: Mapping[str, str] = {"more": "▲ more", "less": "▼ less", "none": "· no sign"}
"""Verdicts in words and signs."""


class Shown(NamedTuple):
    """One effect as a page shows it."""

    name: str
    control: str
    observed: float
    expected: float
    ci: tuple[float, float]
    """95 % interval of observed − expected."""
    p: float
    verdict: str
    definition: str = ""

    @property
    def difference(self) -> float:
        """Observed less expected."""
        return self.observed - self.expected


def against_null(name: str, found: Mapping[str, Any], value: str, ci: str = "ci") -> Shown:
    """Return an effect from a report's entry that holds a value, its interval and its null."""
    null = found["null"]
    low, high = (float(end) - null["mean"] for end in found[ci])
    stands_out = null["p"] < 0.05 and not low <= 0 <= high
    verdict = ("more" if low > 0 else "less") if stands_out else "none"
    return Shown(name, null["model"], found[value], null["mean"], (low, high), null["p"], verdict)


def strip(difference: float, ci: tuple[float, float]) -> html.Span:
    """An interval drawn beside its figures: a bar from end to end, a dot, and a line where no effect is.

    Every strip has a scale of its own, for effects of different units; only the zero line compares.
    """
    low, high = min(ci[0], difference, 0.0), max(ci[1], difference, 0.0)
    width = high - low if high - low > _LEAST_WIDTH else 1.0

    def at(value: float) -> str:
        return f"{100 * (_ROOM + (1 - 2 * _ROOM) * (value - low) / width):.1f}%"

    reach = abs(100 * (1 - 2 * _ROOM) * (ci[1] - ci[0]) / width)
    sure = ci[0] > 0 or ci[1] < 0
    return html.Span(
        [
            html.Span(className="strip-zero", style={"left": at(0.0)}),
            html.Span(className="strip-reach", style={"left": at(ci[0]), "width": f"{reach:.1f}%"}),
            html.Span(className="strip-dot", style={"left": at(difference)}),
        ],
        className="strip sure" if sure else "strip",
        **unsaid(),
    )


def effects_table(effects: Sequence[Shown], caption: str) -> html.Div:
    """Lay effects out as a table with a strip in every row."""
    columns = [
        Column("effect"),
        Column("beside"),
        Column("observed", True),
        Column("expected", True),
        Column("difference", True),
        Column("0 and the 95 % interval"),
        Column("p", True),
        Column("verdict"),
    ]
    rows: list[list[Child]] = [
        [
            _named(each),
            line(each.control, 80),
            number(each.observed),
            number(each.expected),
            html.Span([number(each.difference), html.Span(f" {interval(each.ci)}", className="ci")]),
            strip(each.difference, each.ci),
            chance(each.p).removeprefix("p = ").removeprefix("p "),
            html.Span(VERDICTS.get(each.verdict, each.verdict), className="verdict"),
        ]
        for each in effects
    ]
    return table(columns, rows, caption)


def _named(each: Shown) -> html.Span:
    name = line(each.name, 60)
    return html.Span(name, title=each.definition, className="term") if each.definition else html.Span(name)


def lacking(needs: Iterable[tuple[str, str]]) -> html.Div | None:
    """List what can't be computed and what it needs; ``None`` if there is no such thing."""
    rows: list[list[Child]] = [[line(name, 60), f"needs {line(need, 160)}"] for name, need in needs]
    if not rows:
        return None
    return table([Column("effect"), Column("not computable")], rows, "Not computable here")
