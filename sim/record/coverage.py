"""What a record knows and what it does not: the JSON in `Run.coverage`, read and written in one place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import orjson

from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.schema import TABLE_OF, TABLES, Row, Run


class Coverage(NamedTuple):
    """What is unknown in a record, and what its reader should be told."""

    missing: frozenset[str] = frozenset()
    """Unknown tables (``"vote"``) and columns (``"comment.parent"``)."""
    notes: tuple[str, ...] = ()
    """Sentences for a person: which rules the import applied, what the source left out."""
    synthetic: bool = False
    """True if the content was made by Moltarium's own minds and only serves in place of a real snapshot."""

    def json(self) -> str:
        """Return the canonical text kept in `Run.coverage`."""
        fields = {"missing": sorted(self.missing), "notes": list(self.notes), "synthetic": self.synthetic}
        return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS).decode()

    def knows(self, need: type[Row] | str) -> bool:
        """Whether a table or a ``table.column`` is known.

        Raises
        ------
        ValueError
            If there is no such table or column in the schema: a misspelt need must not look like a gap.
        """
        name = need if isinstance(need, str) else TABLE_OF[need]
        table, _, column = name.partition(".")
        if table not in TABLES or (column and column not in TABLES[table]._fields):
            raise ValueError(f"the schema has no {name!r}")
        return table not in self.missing and name not in self.missing

    def without(self, names: Iterable[str], *, note: str = "") -> Coverage:
        """Return this coverage with more names missing and, if given, one more note."""
        notes = self.notes if not note or note in self.notes else (*self.notes, note)
        return self._replace(missing=self.missing | frozenset(names), notes=notes)


def coverage_of(run: Run) -> Coverage:
    """Return what `run` says of its own coverage.

    Raises
    ------
    RecordError
        If the text is not the JSON described in `Run.coverage`.
    """
    try:
        fields = orjson.loads(run.coverage)
        return Coverage(
            missing=frozenset(str(name) for name in fields["missing"]),
            notes=tuple(str(note) for note in fields["notes"]),
            synthetic=bool(fields["synthetic"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise RecordError(
            f"the record's coverage is not readable ({error})",
            place=run.run_id,
            remedy="import or run it again: the record was not written by Moltarium",
        ) from error
