"""Runs and rows that the record's tests share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.layout import Column, columns
from moltarium.sim.record.schema import LATENT, SCHEMA_VERSION, TABLE_OF, Row, Run

_INT64 = st.integers(-(2**63), 2**63 - 1)
_ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20) | st.sampled_from(
    [
        "\ud800",
        "a\udfffb",
        "NUL \x00 inside",
        "\u202egnp.exe\u2066",
        "🦞👩‍👩‍👧",
        "=cmd|' /C calc'!A0",
        "\r\n\u2028",
    ]
)
_VALUE: dict[type, st.SearchStrategy[Any]] = {
    str: _ANY_TEXT,
    int: _INT64,
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
}


def _field(column: Column) -> st.SearchStrategy[Any]:
    value = _VALUE[column.kind]
    return st.none() | value if column.optional else value


def _rows(table: type[Row]) -> st.SearchStrategy[list[Any]]:
    fields = columns(table)
    one: st.SearchStrategy[Any] = st.tuples(*map(_field, fields)).map(lambda values: table(*values))
    ids = [f.name for f in fields if f.name in ("seq", "sha", f"{TABLE_OF[table]}_id")]
    unique = tuple((lambda row, name=name: getattr(row, name)) for name in ids)
    return st.lists(one, max_size=4, unique_by=unique or None)


@pytest.fixture(scope="session")
def any_rows() -> Callable[[type[Row]], st.SearchStrategy[list[Any]]]:
    """Return the strategy of lists of rows of one type that a record may hold: any text, any number."""
    return _rows


def _simulated(**changes: Any) -> Run:
    run = Run(
        run_id="planted-7",
        kind="simulated",
        title="A planted world",
        schema_version=SCHEMA_VERSION,
        scenario='{"name":"planted"}',
        scenario_sha256="0" * 64,
        seed=7,
        source_sha256=None,
        coverage=Coverage().json(),
        code_version="0.1.0",
        captured_at=None,
        transport="{}",
    )
    return run._replace(**changes)


@pytest.fixture(scope="session")
def simulated() -> Callable[..., Run]:
    """Return a maker of a simulated run's row; keywords replace its fields."""
    return _simulated


@pytest.fixture(scope="session")
def observed() -> Callable[..., Run]:
    """Return a maker of a snapshot's row in which no latent table is known."""
    unknown = Coverage(missing=frozenset(TABLE_OF[table] for table in LATENT))

    def make(**changes: Any) -> Run:
        bare = {"kind": "observed", "scenario": None, "scenario_sha256": None, "seed": None}
        return _simulated(**{**bare, "coverage": unknown.json(), **changes})

    return make
