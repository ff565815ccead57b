"""Files that a command is told to write, looked at before the work begins."""

from __future__ import annotations

import os
from pathlib import Path

from moltarium.sim.record.errors import RecordError


def writable(out: Path) -> None:
    """Make the folder that `out` will stand in, and refuse what can't become a file.

    Raises
    ------
    RecordError
        If `out` is a folder, or its folder can't be made or written to.
    """
    if out.is_dir():
        raise RecordError("is a folder", place=str(out), remedy="give the name of a file")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(
            f"its folder can't be made ({error.strerror})", place=str(out), remedy="choose another place"
        ) from error
    if not os.access(out if out.exists() else out.parent, os.W_OK):
        raise RecordError("may not be written", place=str(out), remedy="choose another place")
