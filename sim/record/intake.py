"""Files of a snapshot to raw rows, streamed: where each row stood, and what it held.

Nothing here knows what a field means.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from moltarium.sim.record.errors import ImportFailure
from moltarium.sim.record.sources import MAX_PIECE, DataFile, Found, Limited, opened
from moltarium.sim.record.unfold import Raw, Unfolder, Unread, excerpt, parse

MAX_DOCUMENT: Final = 256 * 2**20
"""Bytes of one JSON file, which is read as a whole."""


class Intake:
    """Streams the rows of a source's files and keeps count of what it saw.

    Parameters
    ----------
    found
        What `survey` found.
    """

    def __init__(self, found: Found) -> None:
        self.found = found
        self._unfolder = Unfolder()
        self._sha = hashlib.sha256()

    @property
    def shapes(self) -> frozenset[str]:
        """Which forms were met so far: ``"raw-api"``, ``"tables-jsonl"``, ``"tables-csv"``."""
        return frozenset(self._unfolder.shapes)

    @property
    def kinds(self) -> frozenset[str]:
        """Which kinds of row the source has a place for, even if it is empty."""
        return frozenset(self._unfolder.kinds | {file.kind for file in self.found.files if file.kind})

    @property
    def sha256(self) -> str:
        """Hash of the names and contents of all files read so far."""
        return self._sha.hexdigest()

    def rows(self) -> Iterator[Raw | Unread]:
        """Yield every row of every file, in order of file names.

        Raises
        ------
        ImportFailure
            If a file is cut off, corrupt as a whole, or beyond the limits.
        """
        cut = {"json": self._json, "jsonl": self._jsonl, "csv": self._csv}
        for file in self.found.files:
            with opened(file) as (stream, watched):
                yield from cut[file.shape](file, stream)
                self._sha.update(f"{file.name}\0{watched.sha.hexdigest()}\n".encode())

    def _json(self, file: DataFile, stream: Limited) -> Iterator[Raw | Unread]:
        text = stream.read(MAX_DOCUMENT + 1)
        if len(text) > MAX_DOCUMENT:
            raise ImportFailure(
                f"one JSON document of more than {MAX_DOCUMENT // 2**20} MiB",
                place=file.name,
                remedy="split it, or convert it to one object per line (.jsonl)",
            )
        try:
            document = parse(text)
        except ValueError as error:
            line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
            raise ImportFailure(
                f"is not JSON ({error})",
                place=f"{file.name}:{line}:{column}",
                remedy="fetch the file again, or remove it from the folder",
            ) from error
        yield from self._unfolder.rows(document, file.name, file.kind)

    def _jsonl(self, file: DataFile, stream: Limited) -> Iterator[Raw | Unread]:
        number, good = 0, False
        first: Unread | None = None
        while line := stream.readline(MAX_PIECE + 1):
            number += 1
            place = f"{file.name}:{number}"
            if len(line) > MAX_PIECE and not line.endswith(b"\n"):
                yield Unread(place, f"a line of more than {MAX_PIECE // 2**20} MiB", excerpt(line))
                while (rest := stream.readline(MAX_PIECE)) and not rest.endswith(b"\n"):
                    pass
                continue
            if not line.strip():
                continue
            try:
                document = parse(line)
            except ValueError as error:
                bad = Unread(place, f"not JSON ({error})", excerpt(line))
                first = first or bad
                yield bad
                continue
            good = True
            yield from self._unfolder.rows(document, place, file.kind)
        if first and not good:
            raise ImportFailure(
                f"no line of it is JSON: {first.reason}", place=first.place, remedy="fetch the file again"
            )

    def _csv(self, file: DataFile, stream: Limited) -> Iterator[Raw | Unread]:
        self._unfolder.shapes.add("tables-csv")
        with _wide_fields():
            reader = csv.reader(_lines(file, stream))
            try:
                header = [name.strip().lower() for name in next(reader, [])]
            except csv.Error as error:
                raise ImportFailure(
                    f"the first line is not CSV ({error})",
                    place=f"{file.name}:1",
                    remedy="the file needs a header and lines that end in a newline",
                ) from error
            if len(set(header)) != len(header) or not {"id", "name", "follower_id", "source"} & set(header):
                raise ImportFailure(
                    "the first line does not name the columns of a known table",
                    place=f"{file.name}:1",
                    remedy="the file needs a header with at least `id` or `name`",
                )
            while True:
                place = f"{file.name}:{reader.line_num + 1}"
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Unread(place, f"not CSV ({error})", "")
                    continue
                if not cells:
                    continue
                text = ",".join(cells)
                if len(cells) != len(header):
                    yield Unread(place, f"{len(cells)} fields instead of {len(header)}", excerpt(text))
                elif not text.isascii() and any("\udc80" <= c <= "\udcff" for c in text):
                    yield Unread(place, "not UTF-8", excerpt(text))
                else:
                    yield Raw(place, file.kind or "", dict(zip(header, cells, strict=True)))


def _lines(file: DataFile, stream: Limited) -> Iterator[str]:
    number = 0
    while line := stream.readline(MAX_PIECE):
        number += 1
        if len(line) == MAX_PIECE:
            raise ImportFailure(
                f"a line of more than {MAX_PIECE // 2**20} MiB",
                place=f"{file.name}:{number}",
                remedy="a quote is probably missing before it: mend the file",
            )
        text = line.decode("utf-8", "surrogateescape")
        yield text.removeprefix("\ufeff") if number == 1 else text


@contextmanager
def _wide_fields() -> Iterator[None]:
    before = csv.field_size_limit(MAX_PIECE)
    try:
        yield
    finally:
        csv.field_size_limit(before)
