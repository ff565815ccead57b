"""Texts that people labelled with emotions, from a file of the user's."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Final

import numpy as np

from moltarium.agents.reader.labels import EKMAN, EKMAN_OF
from moltarium.analysis.affect.emotion_agreement import Said
from moltarium.sim.record.errors import ScenarioError

AXES: Final = ("v", "a", "d")
LONGEST: Final = 10_000_000
"""Characters of one cell at most."""


def load_labelled(file: Path) -> tuple[list[str], Said | None]:
    """Return texts and what people said of them; ``None`` if the file has no column of labels or of VAD.

    Parameters
    ----------
    file
        CSV, or tab-separated where its name ends in ``.tsv``. Columns in any order and case: ``text``, and
        ``label``; ``v``, ``a``, ``d``. Empty cells are texts of which people said nothing; further columns
        are not read.

    Raises
    ------
    ScenarioError
        If the file can't be read, lacks ``text``, or holds a label or a number that is none.
    """
    csv.field_size_limit(LONGEST)
    delimiter = "\t" if file.suffix.lower() == ".tsv" else ","
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.reader(lines, delimiter=delimiter, strict=True)
            head = [name.strip().lower() for name in next(table, [])]
            rows = [(table.line_num, dict(zip(head, row, strict=False))) for row in table if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ScenarioError(
            f"can't be read: {reason}", place=str(file), remedy="give a UTF-8 CSV file"
        ) from error
    if "text" not in head:
        raise ScenarioError("has no column `text`", place=str(file), remedy="name it in the first line")
    texts = [row.get("text", "") for _, row in rows]
    if "label" not in head and not set(AXES) <= set(head):
        return texts, None
    labels = [_label(row.get("label", ""), f"{file}:{line}") for line, row in rows]
    vad = [[_number(row.get(axis, ""), f"{file}:{line}") for axis in AXES] for line, row in rows]
    return texts, Said(labels, np.array(vad, dtype=np.float64).reshape(len(rows), 3))


def _label(cell: str, place: str) -> str | None:
    name = cell.strip().lower()
    if name and name not in EKMAN_OF:
        raise ScenarioError(
            f"{name[:40]!r} is no label",
            place=place,
            remedy=f"use {', '.join(EKMAN)}, or a GoEmotions class; leave it empty where people disagreed",
        )
    return name or None


def _number(cell: str, place: str) -> float:
    if not cell.strip():
        return math.nan
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ScenarioError(f"{cell[:40]!r} is no number", place=place, remedy="give numbers for v, a, d")
    return number
