"""The command line driven in this process: its real `main`, its real output, and folders that refuse."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from moltarium.scenarios.cli import main

NOBODY = 65534
"""User id without any right of its own."""


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """Return the one JSON line on standard output."""
        [line] = self.out.splitlines()
        value = json.loads(line)
        assert isinstance(value, dict)
        return value


@dataclass(frozen=True)
class Terminal:
    """Runs commands as ``moltarium`` would."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str | Path) -> Said:
        """Run one command line and return its exit code and output."""
        self.capsys.readouterr()
        self.monkeypatch.setattr(sys, "argv", ["moltarium", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        out, err = self.capsys.readouterr()
        return Said(code, out, err)


@contextmanager
def without_rights() -> Iterator[None]:
    """Take root's right to read and write everything, where this process has it, until the block ends."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return every file under `folder` with its content, and every folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }
