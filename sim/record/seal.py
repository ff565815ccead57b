"""Seals: a hash beside a database at rest, so that a flipped bit anywhere in it is found when it is opened.

SQLite checks the structure of a page, not its content: a bit that flips inside a text or a number would be
read as if it had been written. A file that nobody writes has one content, so one hash over it tells.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Final

from moltarium.sim.record.errors import RecordError

SUFFIX: Final = ".seal"
"""``record.sqlite.seal`` holds the SHA-256 of ``record.sqlite``, in hex."""


def seal(file: Path) -> bool:
    """Seal a database that is closed; return whether it was at rest.

    A database whose write-ahead log still holds commits has its content in two files and stays unsealed;
    so does one on a disk that has no room for a seal.
    """
    log = file.with_name(file.name + "-wal")
    draft = file.with_name(f".{file.name}{SUFFIX}.{os.getpid()}")
    try:
        if log.exists() and log.stat().st_size:
            return False
        _to_disk(file)
        draft.write_text(_hash_now(file) + "\n", encoding="ascii")
        _to_disk(draft)
        draft.rename(_beside(file))
    except OSError:
        draft.unlink(missing_ok=True)
        return False
    return True


def break_seal(file: Path) -> None:
    """Take the seal off before the database is written, so that no crash can leave a seal that lies.

    Raises
    ------
    RecordError
        If it can't be removed.
    """
    try:
        _beside(file).unlink()
        _to_disk(file.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RecordError(
            f"the seal can't be broken ({error.strerror})",
            place=str(_beside(file)),
            remedy="make the folder writable, or choose another one",
        ) from error


def intact(file: Path) -> bool:
    """Return whether a database is sealed and as it was; ``False`` if it has no seal.

    Within one process, a file is read again only if its size, times or place on the disk have changed.

    Raises
    ------
    RecordError
        If its content is not what was sealed.
    """
    said = _said(file) if file.exists() else None
    while said is not None:
        found = _hash_now(file)
        if found == said:
            return True
        before, said = said, _said(file)
        if before == said:
            raise RecordError(
                "the file is damaged: its content has changed since it was closed and sealed",
                place=str(file),
                remedy="restore it from a copy, or run or import it again; if you changed it yourself, "
                f"remove {_beside(file).name}",
            )
        # A writer came, or came and went, while the file was being read: look again.
    return False


def _beside(file: Path) -> Path:
    return file.with_name(file.name + SUFFIX)


def _said(file: Path) -> str | None:
    try:
        return _beside(file).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None


def _hash_now(file: Path) -> str:
    now = file.stat()
    return _hash(file, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)


@lru_cache(maxsize=64)
def _hash(file: Path, *_state: int) -> str:
    """Return the file's SHA-256; `_state` tells a file that was changed from the one that was read."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
