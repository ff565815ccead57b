"""What reaches a terminal: tables, progress, one JSON line, and nothing that could command it."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from moltarium.scenarios.run import Progress as RunProgress
from moltarium.scenarios.run import Watch

BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def plain(text: str) -> str:
    """Return `text` without control characters, terminal escapes and direction marks."""
    return "".join(
        char if char == "\n" or (unicodedata.category(char) not in {"Cc", "Cs"} and char not in BIDI) else "�"
        for char in text
    )


def say(text: str) -> None:
    """Write a line for the user to standard error."""
    Console(stderr=True, highlight=False).print(Text(plain(text)))


def put_json(value: Mapping[str, Any]) -> None:
    """Write one JSON line to standard output."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode() + "\n")


def put_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table to standard output."""
    table = Table(title=Text(plain(title)), title_justify="left", header_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*(Text(plain(figure(cell))) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=140)
    console.print(table)


def figure(cell: object) -> str:
    """Return a cell as a person reads it: four significant digits, a dash for nothing."""
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return str(cell)


@contextmanager
def watching(title: str) -> Iterator[Watch]:
    """Show live progress on standard error while the block runs; silent where it is no terminal."""
    console = Console(stderr=True)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("step {task.completed}/{task.total}"),
        TextColumn("{task.fields[facts]}"),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(plain(title), total=None, facts="")

        def watch(now: RunProgress) -> None:
            total = now.total
            elapsed = max(bar.tasks[task].elapsed or 0.0, 1e-3)
            facts = f"{total.actions:,} actions ({total.actions / elapsed:,.0f}/s)"
            if total.llm_calls:
                facts += (
                    f" · {total.llm_calls:,} calls · tokens {total.tokens_in:,} in / {total.tokens_out:,} out"
                    f" · {total.invalid} invalid"
                )
            bar.update(task, completed=now.step, total=now.steps, facts=facts)

        yield watch
