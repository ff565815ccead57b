"""One writer per record: an advisory lock that dies with its process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from moltarium.sim.record.errors import RecordBusy, RecordError
from moltarium.sim.record.layout import FILE

LOCK_FILE: Final = "writer.lock"
"""Lies in the record's folder while a writer is open and holds its process id."""


def holder(folder: Path) -> int | None:
    """Return the process that is writing the record in `folder`; ``None`` if none is.

    The lock itself is not touched: a reader that tried it could turn a writer away.
    """
    try:
        process = int((folder / LOCK_FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return None
    except PermissionError:
        return process  # it lives, under another user
    return process


class WriterLock:
    """The right to write one record, held from construction until `release`.

    The kernel drops the lock when the process ends, however it ends, so a killed writer blocks nobody.

    Raises
    ------
    RecordBusy
        If another writer holds it; the message names that writer's process.
    RecordError
        If the lock file can't be made.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK_FILE
        self._file = self._take()

    def _take(self) -> int:
        while True:
            try:
                file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
            except OSError as error:
                raise RecordError(
                    f"the record can't be locked for writing ({error.strerror})",
                    place=str(self.path.parent),
                    remedy="make the folder writable, or choose another one",
                ) from error
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                other = os.pread(file, 32, 0).decode("ascii", "replace").strip() or "unknown"
                os.close(file)
                raise RecordBusy(
                    f"process {other} is writing this record",
                    place=str(self.path.parent),
                    remedy="wait for it or stop it; any number of readers may look on meanwhile",
                ) from error
            if self._still_there(file):
                os.truncate(file, 0)
                os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
                return file
            os.close(file)

    def _still_there(self, file: int) -> bool:
        # The last holder may have removed the file between our open and our lock.
        try:
            return os.stat(self.path).st_ino == os.fstat(file).st_ino
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Give the right back and remove the file."""
        self.path.unlink(missing_ok=True)
        os.close(self._file)


def must_hold_no_record(folder: Path) -> None:
    """Refuse to begin a record where one is.

    Raises
    ------
    RecordBusy
        If somebody is writing it; the message names the process.
    RecordError
        If nobody is.
    """
    if not (folder / FILE).exists():
        return
    WriterLock(folder).release()
    raise RecordError(
        "holds a record already", place=str(folder), remedy="choose another --out, or `moltarium resume` it"
    )
