"""A copy of a record that goes on as another run."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from moltarium.sim.record import checksum
from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.files import make_folder, must_exist, open_for_reading
from moltarium.sim.record.layout import FILE, encoded, insert, trouble
from moltarium.sim.record.lock import WriterLock
from moltarium.sim.record.schema import Intervention, Run
from moltarium.sim.record.seal import break_seal, intact, seal
from moltarium.sim.record.whole import verify


def fork_record(source: Path, target: Path, run: Run, notes: Sequence[Intervention]) -> None:
    """Copy the committed rows of `source` into a new record at `target`, whole or not at all.

    Parameters
    ----------
    source
        Folder of the record; may be one that is being written.
    target
        Folder of the new one.
    run
        The new record's `Run` row.
    notes
        Rows that say what changes; their ``seq`` comes after all others.

    Raises
    ------
    RecordError
        If there is a record at `target`, or the disk fails.
    """
    must_exist(source)
    make_folder(target)
    lock = WriterLock(target)
    draft = target / f".{FILE}.{os.getpid()}"
    try:
        if (target / FILE).exists():
            raise RecordError(
                "holds a record already", place=str(target), remedy="choose another folder for the fork"
            )
        whole = intact(source / FILE)
        with closing(open_for_reading(source / FILE)) as old, closing(sqlite3.connect(draft)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode = DELETE")
            if not whole:
                verify(new, source / FILE)
            with new:
                new.execute("DELETE FROM run")
                # Wall-clock facts belong to the session that lived them.
                new.execute("DELETE FROM telemetry")
                new.execute(insert(Run), encoded(run))
                new.executemany(insert(Intervention), map(encoded, notes))
                checksum.lay(new)
        break_seal(target / FILE)
        draft.rename(target / FILE)
        if whole:
            seal(target / FILE)
    except sqlite3.Error as error:
        raise trouble(error, target / FILE) from error
    finally:
        draft.unlink(missing_ok=True)
        lock.release()
