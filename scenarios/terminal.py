"""What reaches a terminal: tables, progress, one JSON line, and nothing that could command it.

Rich is imported where something is drawn: a command that answers in JSON starts without it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import orjson

from moltarium.scenarios.plain import plain

if TYPE_CHECKING:
    from moltarium.scenarios.progress import Progress as RunProgress
    from moltarium.scenarios.progress import Watch

__all__ = ["PRICE_UNKNOWN", "plain", "put_figures", "put_json", "put_table", "say", "watching"]


_LARGE: Final = 10_000
"""From here on four significant digits would be fewer than a number has before its point."""
_WRITTEN_OUT: Final = 10**12
"""Larger numbers than this are written as powers of ten."""

PRICE_UNKNOWN: Final = "price unknown"
"""In place of a sum of money where a model's price is not known: never 0."""


def say(text: str) -> None:
    """Write a line for the user to standard error; never broken, so that a command in it can be copied."""
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, highlight=False).print(Text(plain(text)), soft_wrap=True)


def put_json(value: Mapping[str, Any]) -> None:
    """Write one JSON line to standard output."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode() + "\n")


def put_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table to standard output."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(plain(title)), title_justify="left", header_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*(Text(plain(figure(cell))) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=140)
    console.print(table)


def put_figures(title: str, figures: Mapping[str, Any], as_json: bool) -> None:
    """Write a result: one JSON line, or a table for a person."""
    if as_json:
        put_json(figures)
    else:
        put_table(title, ("figure", "value"), figures.items())


def figure(cell: object) -> str:
    """Return a cell as a person reads it: four significant digits, a dash for nothing, no brackets of code.

    Whole numbers and large ones are written out: a count is no power of ten.

    Examples
    --------
    >>> figure({"invalid": 0.125, "stuck": None}), figure(()), figure(["one", "two"])
    ('invalid 0.125, stuck –', '–', 'one; two')
    >>> figure(13875.0), figure(41.0), figure(12345.6), figure(0.00012345)
    ('13,875', '41', '12,346', '0.0001234')
    """
    if cell is None:
        return "–"
    if isinstance(cell, float):
        whole = abs(cell) < _WRITTEN_OUT and (cell.is_integer() or abs(cell) >= _LARGE)
        return f"{cell:,.0f}" if whole else f"{cell:.4g}"
    if isinstance(cell, Mapping):
        return ", ".join(f"{name} {figure(value)}" for name, value in cell.items()) or "–"
    if isinstance(cell, list | tuple):
        return "; ".join(figure(each) for each in cell) or "–"
    return str(cell)


@contextmanager
def watching(title: str) -> Iterator[Watch]:
    """Show live progress on standard error while the block runs; silent where it is no terminal."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _unwatched
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[where]}"),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    task = bar.add_task(plain(title), total=None, where="getting ready")
    figures = Text()  # on lines of their own: beside the bar no usual terminal is wide enough

    before: list[int] = []

    def watch(now: RunProgress) -> None:
        done = now.step if now.thoughts == 0 else now.step - 1
        if not before:
            before.append(now.total.actions)
            bar.reset(task, completed=done, total=now.steps)  # what a resumed run has behind it was not fast
        bar.update(task, completed=done, where=f"step {done}/{now.steps}")
        elapsed = max(bar.tasks[task].elapsed or 0.0, 1e-3)
        figures.plain = facts(now, (now.total.actions - before[0]) / elapsed)

    with Live(Group(bar, figures), console=console, refresh_per_second=10):
        yield watch


def _unwatched(now: RunProgress) -> None:
    """Nobody is looking."""


def facts(now: RunProgress, actions_per_s: float) -> str:
    """Return a run's figures in one line."""
    line = f"{now.total.actions:,} actions ({actions_per_s:,.0f}/s)"
    usage = now.usage
    if usage is None:
        return line
    if now.thoughts:
        line += f" · thinking {now.thoughts_done}/{now.thoughts}, {now.in_flight} in flight"
    line += (
        f" · tokens {usage.tokens_in:,} in, {usage.tokens_cached:,} cached, {usage.tokens_out:,} out"
        f" · {money(now)} · {usage.rate_limited} × 429, {usage.retries} retries, {now.total.invalid} invalid"
    )
    return line


def money(now: RunProgress) -> str:
    """Return what was spent, what the whole run will cost at this rate, and the ceiling."""
    if not now.priced:
        return PRICE_UNKNOWN
    projected = now.spent.usd * now.steps / max(1, now.step)
    ceiling = "" if now.ceilings.budget_usd is None else f" of {now.ceilings.budget_usd:.2f} at most"
    return f"{now.spent.usd:.4f} USD, {projected:.{4 if projected < 1 else 2}f} projected{ceiling}"
