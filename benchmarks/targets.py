"""A figure beside what it must hold, and a table of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple


class Check(NamedTuple):
    """One measured figure and its target."""

    name: str
    actual: float
    bound: Literal["≤", "≥"]
    target: float
    unit: str
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether the figure meets its target."""
        return self.actual <= self.target if self.bound == "≤" else self.actual >= self.target

    def json(self) -> dict[str, object]:
        """Return the figure by name, with whether it holds."""
        return {**self._asdict(), "ok": self.ok}


def table(checks: Iterable[Check]) -> str:
    """Return the figures as lines: name, target, actual, ok, note."""
    rows = [
        (check.name, f"{check.bound} {check.target:,.4g} {check.unit}", f"{check.actual:,.4g}",
         "ok" if check.ok else "MISSED", check.note)
        for check in checks
    ]  # fmt: skip
    rows.insert(0, ("figure", "target", "actual", "", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)).rstrip()
        for row in rows
    )
