"""Measures as JSON and as rows: the same figures, digit for digit, wherever they are printed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from moltarium.analysis.metric import Json, Measure, Null
from moltarium.analysis.no_null import why_no_null

DIGITS: Final = 12
"""Significant digits kept: enough for any reader, too few to show the order in which a sum was taken."""


def number(value: float) -> float | int:
    """Return a value as it is printed: 12 significant digits, whole numbers as integers.

    Raises
    ------
    ValueError
        If it is not finite: JSON has no NaN, and a missing figure is ``None`` with a reason.

    Examples
    --------
    >>> number(0.1 + 0.2), number(41.0)
    (0.3, 41)
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is no figure; say what is missing instead")
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded


def as_json(measures: Mapping[str, Measure]) -> Json:
    """Return measures as ``{name: {value, ci, null, needs?, no_null?, note?, source, definition}}``.

    `ci` and `null` are ``None`` where there is none; of an interval the note says why, of a null `no_null`.
    """
    return {name: _entry(name, found) for name, found in measures.items()}


def as_frame(measures: Mapping[str, Measure]) -> pd.DataFrame:
    """Return measures as a frame, a row per name.

    Returns
    -------
    pandas.DataFrame
        Columns metric, value, low, high, null_mean, null_sd, z, p, needs, note, definition, source.
        What is unknown is NaN or ``None`` with `needs` saying why.
    """
    rows: list[dict[str, Any]] = []
    for name, found in measures.items():
        low, high = found.ci or (None, None)
        null = found.null
        rows.append(
            {
                "metric": name,
                "value": found.value,
                "low": low,
                "high": high,
                "null_mean": null.mean if null else None,
                "null_sd": null.sd if null else None,
                "z": null.z if null else None,
                "p": null.p if null else None,
                "needs": found.needs,
                "note": found.note,
                "definition": found.definition,
                "source": found.source,
            }
        )
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else ["metric", "value"])


def _entry(name: str, found: Measure) -> Json:
    entry: Json = {
        "value": None if found.value is None else number(found.value),
        "ci": None if found.ci is None else [number(end) for end in found.ci],
        "null": None if found.null is None else _null(found.null),
    }
    if found.needs is not None:
        entry["needs"] = found.needs
    elif found.null is None:
        entry["no_null"] = why_no_null(name)
    if found.note is not None:
        entry["note"] = found.note
    return {**entry, "source": found.source, "definition": found.definition}


def _null(null: Null) -> Json:
    return {
        "model": null.model,
        "mean": number(null.mean),
        "sd": number(null.sd),
        "z": None if null.z is None else number(null.z),
        "p": number(null.p),
        "draws": null.draws,
    }
