"""A run in the background: a process of its own session, watched until it can be steered."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from moltarium.scenarios.control import SOCKET
from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.files import make_folder
from moltarium.sim.record.lock import must_hold_no_record

CONSOLE: Final = "console.log"
"""What the process would have said to a terminal."""
_PATIENCE_S: Final = 120.0
_POLL_S: Final = 0.05


def detach(arguments: Sequence[str], out: Path) -> int:
    """Start the command line anew with `arguments`; return its process id once the run is under way.

    Raises
    ------
    RecordError
        If there is a record already, or the process ended before it had begun; with its last words.
    """
    must_hold_no_record(out)
    make_folder(out)
    console = out / CONSOLE
    with console.open("wb") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "moltarium.scenarios", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    until = time.monotonic() + _PATIENCE_S
    while not (out / SOCKET).exists() and time.monotonic() < until:
        code = process.poll()
        if code == 0:
            break
        if code is not None:
            said = console.read_text(encoding="utf-8", errors="replace").strip()
            console.unlink()
            if not any(out.iterdir()):
                out.rmdir()
            raise RecordError(
                f"the run ended before it had begun: {said}",
                place=str(out),
                remedy="start it without --detach",
            )
        time.sleep(_POLL_S)
    return process.pid
