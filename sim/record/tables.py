"""Rows as pandas frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from moltarium.sim.record.layout import Column, columns, restored
from moltarium.sim.record.schema import Row


def frame(table: type[Row], rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Return rows of one table, or what SQLite returns for them, as a frame with a column per field.

    ``t`` is ``datetime64[us, UTC]``; whole numbers are ``int64``, or ``Int64`` where the field may be
    unknown; reals ``float64``; booleans ``bool``; text ``object`` (any Python text, unknown is ``None``).
    """
    fields = columns(table)
    values: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(fields)
    return pd.DataFrame(
        {field.name: _series(field, column) for field, column in zip(fields, values, strict=True)}
    )


def _series(field: Column, values: Sequence[Any]) -> pd.Series[Any]:
    if field.name == "t":
        moments = np.array(values, dtype=np.int64).view("datetime64[us]")
        return pd.Series(pd.DatetimeIndex(moments, tz="UTC"))
    if field.kind is str:
        if bytes in set(map(type, values)):
            values = [restored(value) for value in values]
        texts = np.empty(len(values), dtype=object)
        texts[:] = values
        return pd.Series(texts, dtype=object)
    if field.kind is float:
        return pd.Series(np.array(values, dtype=np.float64))
    if field.kind is bool:
        return pd.Series(np.array(values, dtype=np.bool_))
    if field.optional:
        unknown = np.array([value is None for value in values], dtype=np.bool_)
        known = np.array([0 if value is None else value for value in values], dtype=np.int64)
        return pd.Series(pd.arrays.IntegerArray(known, unknown))
    return pd.Series(np.array(values, dtype=np.int64))
