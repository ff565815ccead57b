"""Records to CSV files that a spreadsheet can open: no text in them is ever taken for a formula.

Every text stands between double quotes, every number bare, and what is unknown is an empty cell; so an
unknown text differs from an empty one. A text that a spreadsheet could take for a formula, because it begins
with ``= + - @``, a tab, a carriage return or a line feed (also in their full-width forms), is guarded by an
apostrophe before it. So is one that begins with an apostrophe, which makes the rule reversible: *remove one
leading apostrophe, if there is one*. Text that no CSV reader could hold, with a NUL or half a surrogate pair,
is written as a JSON string literal. The last column, ``guarded``, flags every such cell: the names of the
row's guarded columns, ``:json`` behind those written as literals. `unguarded` undoes it all.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.layout import columns
from moltarium.sim.record.schema import TABLES, Row
from moltarium.sim.record.view import Record

GUARDED: Final = "guarded"
"""The column that flags guarded cells."""
_GUARD: Final = "'"
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠" + _GUARD)
"""First characters that are guarded: those of OWASP's list on CSV injection, and the guard itself."""
_LITERAL: Final = ":json"


def export_csv(record: Record, out: Path) -> dict[str, int]:
    """Write every known table of a record as ``TABLE.csv``; return the number of guarded cells by table.

    Parameters
    ----------
    record
        A run, with all that it knows, or a snapshot. Wrap it in `keyhole` for the public part alone.
    out
        The folder to be made; must not exist, or be empty.

    Raises
    ------
    RecordError
        If the folder can't be written. Nothing is left behind.
    """
    if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        raise RecordError("there is something here already", place=str(out), remedy="choose another folder")
    draft = out.parent / f".{out.name}.exporting-{os.getpid()}"
    try:
        draft.mkdir(parents=True)
        flagged = {
            name: _write(draft / f"{name}.csv", table, record.rows(table))
            for name, table in TABLES.items()
            if record.has(table)
        }
        draft.rename(out)
    except OSError as error:
        raise RecordError(
            f"the files can't be written ({error.strerror})", place=str(out), remedy="choose another folder"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return flagged


def _write(path: Path, table: type[Row], rows: Iterable[Row]) -> int:
    """Write one table; return how many of its cells are guarded."""
    names = [column.name for column in columns(table)]
    flagged = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join([*names, GUARDED]) + "\r\n")
        for row in rows:
            written, marks = csv_row(names, row)
            flagged += marks
            file.write(written)
    return flagged


def csv_row(names: Sequence[str], row: Iterable[object]) -> tuple[str, int]:
    """Return one row as it stands in a file, with `GUARDED` and line end, and how many cells are guarded.

    Parameters
    ----------
    names
        The columns, without spaces, as they stand in `GUARDED`.
    row
        Their values.
    """
    cells, marks = [], []
    for name, value in zip(names, row, strict=True):
        cell, mark = guarded(value)
        cells.append(cell)
        if mark is not None:
            marks.append(name + mark)
    return ",".join([*cells, " ".join(marks)]) + "\r\n", len(marks)


def guarded(value: object) -> tuple[str, str | None]:
    """Return a value as it stands in a file, and how its guard is marked, if it has one."""
    if value is None:
        return "", None
    if not isinstance(value, str):
        return str(int(value)) if isinstance(value, bool) else repr(value), None
    mark = None
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        value, mark = json.dumps(value), _LITERAL
    elif value.startswith(_FORMULA):
        value, mark = _GUARD + value, ""
    return '"' + value.replace('"', '""') + '"', mark


def unguarded(row: Mapping[str, str]) -> dict[str, str]:
    """Return a row, as any CSV reader gives it, with the texts as agents wrote them.

    Parameters
    ----------
    row
        Cells by column, `GUARDED` included.
    """
    return dict(_restored(row))


def _restored(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    marks = set(row[GUARDED].split())
    for name, cell in row.items():
        if name + _LITERAL in marks:
            yield name, json.loads(cell)
        elif name != GUARDED:
            yield name, cell[len(_GUARD) :] if name in marks else cell
