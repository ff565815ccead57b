"""What lies in a snapshot's folder: its data files, found and opened within limits."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast

import orjson

from moltarium.sim.record.errors import ImportFailure

MAX_PIECE: Final = 16 * 2**20
"""Bytes of one line of JSONL or CSV; the longest real post has 66,519 characters."""

MAX_RATIO: Final = 200
"""How many times its size a gzip file may unpack to (text packs 3 to 20 times; a bomb 1,000)."""

MAX_DEPTH: Final = 8
"""How deep folders are searched."""

SNAPSHOT_FILE: Final = "snapshot.json"
"""Optional: says the snapshot's title and whether it is synthetic."""

_SHAPES: Final = {"json": "json", "jsonl": "jsonl", "ndjson": "jsonl", "csv": "csv"}
_TABLE = re.compile(r"(post|comment|agent|user|submolt|communit|follow)[a-z]*(?:[-_.].*)?$", re.IGNORECASE)
_KIND: Final = {"user": "agent", "submolt": "community", "communit": "community"}


def kind_of(name: str) -> str | None:
    """Return which kind of row a table's name promises: ``posts_all`` → ``"post"``; ``None`` if none."""
    table = _TABLE.match(name)
    return None if table is None else _KIND.get(table.group(1).lower(), table.group(1).lower())


class DataFile(NamedTuple):
    """One file to be read."""

    path: Path
    name: str
    """Relative to the source, with ``/``, printable."""
    shape: str
    """``"json"``, ``"jsonl"`` or ``"csv"``."""
    kind: str | None
    """What its rows are, if its name says so."""
    packed: bool


@dataclass
class Found:
    """What lies in a source."""

    files: list[DataFile] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    """Names of files that are not data, with the reason."""
    about: dict[str, Any] = field(default_factory=dict)
    """The content of `SNAPSHOT_FILE`."""


def survey(source: Path) -> Found:
    """Find the data files in a folder, or take one file.

    Symbolic links inside the folder are never followed, archives never unpacked.

    Raises
    ------
    ImportFailure
        If there is nothing readable.
    """
    found = Found()
    try:
        if source.is_dir():
            for path in _walk(source, MAX_DEPTH, found):
                _sort_in(path, _printable(path.relative_to(source).as_posix()), found)
        elif source.exists():
            _sort_in(source, _printable(source.name), found)
        else:
            raise ImportFailure("there is no such file or folder", place=str(source), remedy="check the path")
    except OSError as error:
        place = str(error.filename or source)
        raise ImportFailure(
            f"can't be read ({error.strerror})", place=place, remedy="check its permissions"
        ) from error
    if not found.files:
        met = f" (met: {', '.join(found.passed_over[:3])})" if found.passed_over else ""
        raise ImportFailure(
            f"no MoltBook data found{met}",
            place=str(source),
            remedy="give a folder with posts/comments/agents/submolts as .jsonl, .jsonl.gz or .csv, or with "
            "post-detail .json files of the site's API; unpack archives and convert parquet first",
        )
    return found


def _walk(folder: Path, depth: int, found: Found) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        if entry.is_symlink():
            found.passed_over.append(f"{_printable(entry.name)}: symbolic link, not followed")
        elif entry.is_dir():
            if depth > 0:
                yield from _walk(Path(entry.path), depth - 1, found)
            else:
                found.passed_over.append(f"{_printable(entry.name)}: too deep")
        elif entry.is_file():
            yield Path(entry.path)


def _sort_in(path: Path, name: str, found: Found) -> None:
    stem, _, suffix = path.name.removesuffix(".gz").rpartition(".")
    shape = _SHAPES.get(suffix.lower()) if stem else None
    kind = kind_of(stem)
    if path.name == SNAPSHOT_FILE:
        found.about = _about(path)
    elif shape is None:
        found.passed_over.append(f"{name}: not JSON, JSONL or CSV")
    elif shape == "csv" and kind is None:
        found.passed_over.append(f"{name}: no known table")
    else:
        found.files.append(DataFile(path, name, shape, kind, path.name.endswith(".gz")))


def _about(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        text = file.read(MAX_PIECE)
    try:
        about = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ImportFailure(
            f"is not JSON ({error})", place=f"{path}:{error.lineno}:{error.colno}", remedy="mend or remove it"
        ) from error
    return about if isinstance(about, dict) else {}


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in name.encode("utf-8", "replace").decode())


class OpenFile(NamedTuple):
    """A data file being read."""

    stream: Limited
    """Its content, unpacked."""
    watched: Watched
    """Its own bytes as they pass."""


@contextmanager
def opened(file: DataFile) -> Iterator[OpenFile]:
    """Open a data file for one pass.

    Raises
    ------
    ImportFailure
        If it can't be read, is cut off or damaged, or unpacks to more than `MAX_RATIO` times its size.
    """
    try:
        with file.path.open("rb", buffering=0) as raw:
            watched = Watched(raw)
            packed = io.BufferedReader(watched, 2**18)
            stream = cast("BinaryIO", gzip.GzipFile(fileobj=packed)) if file.packed else packed
            yield OpenFile(Limited(stream, watched, file), watched)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ImportFailure(
            f"the gzip file is cut off or damaged ({error})", place=file.name, remedy="fetch the file again"
        ) from error
    except OSError as error:
        raise ImportFailure(
            f"can't be read ({error.strerror})", place=file.name, remedy="check the file and its permissions"
        ) from error


class Watched(io.RawIOBase):
    """The file's own bytes, hashed and counted as they pass."""

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw
        self.sha = hashlib.sha256()
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._raw.readinto(buffer)
        self.sha.update(memoryview(buffer)[:count])
        self.count += count
        return count


class Limited:
    """A stream that stops a file which unpacks to absurdly more than its size."""

    def __init__(self, stream: BinaryIO | io.BufferedReader, packed: Watched, file: DataFile) -> None:
        self._stream = stream
        self._packed = packed
        self._file = file
        self._count = 0

    def _checked(self, text: bytes) -> bytes:
        self._count += len(text)
        if self._file.packed and self._count > MAX_PIECE + MAX_RATIO * self._packed.count:
            raise ImportFailure(
                f"unpacks to more than {MAX_RATIO} times its size",
                place=self._file.name,
                remedy="unpack it yourself if you trust it",
            )
        return text

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes, a piece at a time so that a bomb is seen early."""
        pieces = []
        while size > 0 and (piece := self._checked(self._stream.read(min(size, 2**20)))):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def readline(self, size: int) -> bytes:
        """Read one line, or its first `size` bytes."""
        return self._checked(self._stream.readline(size))
