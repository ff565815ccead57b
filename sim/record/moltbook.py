"""MoltBook snapshots to run records: any known form, every row accounted for, owners left out.

``in = kept + quarantined`` holds exactly: a row is kept, or stands in `Quarantine` with the reason. The
record appears whole at its destination or not at all.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from moltarium.sim.record.emission import Emission
from moltarium.sim.record.errors import ImportFailure
from moltarium.sim.record.fields import BadRow, CommentFields, FieldReader
from moltarium.sim.record.intake import Intake
from moltarium.sim.record.layout import trouble
from moltarium.sim.record.schema import Agent, Comment, Community, Post, Quarantine, Run
from moltarium.sim.record.sources import survey
from moltarium.sim.record.staging import Staged, Staging
from moltarium.sim.record.unfold import Raw, sketch
from moltarium.sim.record.writer import RunWriter

_AT_ONCE: Final = 20_000
"""Rows written in one transaction: bounds memory."""


class ImportReport(NamedTuple):
    """What became of a snapshot's rows."""

    in_: int
    """Rows in all files; each nested comment counts. Always `kept` + `quarantined`."""
    kept: int
    quarantined: int
    posts: int
    comments: int
    agents: int
    """Accounts in the record, those included that only appear as authors."""
    communities: int
    """Communities in the record, those included that only appear in posts."""
    format: str
    """``"raw-api"``, ``"tables-jsonl"``, ``"tables-csv"``, or several joined with ``+``."""


def import_snapshot(
    source: Path, out: Path, *, since: datetime | None = None, until: datetime | None = None
) -> ImportReport:
    """Import a snapshot into a new record.

    Parameters
    ----------
    source
        A folder of post-detail JSON (or JSONL of them), of tables as JSONL, packed or not, or of CSV; or one
        such file.
    out
        The record's folder; must not exist, or be empty.
    since, until
        Keep what was written at or after `since` and before `until`; accounts and communities are kept from
        before. What lies outside is quarantined as "outside the window". Without a zone: UTC.

    Raises
    ------
    ImportFailure
        If the source can't be read as a whole: missing, cut off, corrupt, of no known form, too large.
    RecordError
        If the record can't be written. Either way nothing is left at `out`.
    """
    if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        raise ImportFailure(
            "there is something here already", place=str(out), remedy="choose another folder for the record"
        )
    draft = out.parent / f".{out.name}.importing-{os.getpid()}"
    try:
        draft.mkdir(parents=True)
        report = _import(source, draft, _us(since), _us(until))
        draft.rename(out)
    except OSError as error:
        raise ImportFailure(
            f"the record can't be made ({error.strerror})", place=str(out), remedy="choose another folder"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return report


def _us(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _import(source: Path, folder: Path, since: int | None, until: int | None) -> ImportReport:
    scratch = folder / "staging.sqlite"
    staging = Staging(scratch)
    try:
        intake = Intake(survey(source))
        reader = FieldReader()
        flat = _take_in(intake, reader, staging)
        staging.settle(since, until)
        emission = Emission(staging, intake, reader, flat, source.name, (since, until))
        counts = _record(folder, emission.run(), emission)
    except sqlite3.Error as error:
        raise trouble(error, folder.parent) from error
    finally:
        staging.close()
        scratch.unlink(missing_ok=True)
    return ImportReport(
        in_=staging.n,
        kept=staging.n - counts[Quarantine],
        quarantined=counts[Quarantine],
        posts=counts[Post],
        comments=counts[Comment],
        agents=counts[Agent],
        communities=counts[Community],
        format="+".join(sorted(intake.shapes)) or "empty",
    )


def _take_in(intake: Intake, reader: FieldReader, staging: Staging) -> list[str]:
    """Stage every row; return the files that hold comments and never say who replied to whom."""
    read: dict[str, Callable[[dict[str, Any]], Staged]] = {
        "post": reader.post,
        "comment": reader.comment,
        "agent": reader.agent,
        "community": reader.community,
        "follow": reader.follow,
    }
    threaded: dict[str, bool] = {}
    for row in intake.rows():
        if not isinstance(row, Raw):
            staging.refuse(*row)
            continue
        try:
            known = read[row.kind](row.fields)
        except BadRow as error:
            staging.refuse(row.place, str(error), sketch(row.fields))
            continue
        staging.add(row.place, known)
        if isinstance(known, CommentFields):
            file = row.place.split("#")[0].rsplit(":", 1)[0]
            threaded[file] = threaded.get(file, False) or known.threaded
    return sorted(file for file, known in threaded.items() if not known)


def _record(folder: Path, run: Run, emission: Emission) -> Counter[type]:
    counts = Counter[type]()
    rows = emission.rows()
    with RunWriter.create(folder, run) as writer:
        while batch := list(islice(rows, _AT_ONCE)):
            counts.update(map(type, batch))
            writer.append(batch)
            writer.commit()
    return counts
