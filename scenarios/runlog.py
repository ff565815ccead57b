"""The run's log: one JSON line per event, for people and tools; no result is ever read from it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from moltarium.scenarios.plain import plain
from moltarium.sim.llm.endpoint import Secret

LOG: Final = "run.log"
"""The log's file in a run's folder."""
_LONGEST: Final = 2000
"""Characters of one value at most: agents write long texts, a log does not."""


class _Lines(logging.Formatter):
    """One JSON object per record: time, level, event and the event's figures, all of it harmless to print."""

    def __init__(self, secrets: Sequence[Secret]) -> None:
        super().__init__()
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "event": self._harmless(record.getMessage()),
        }
        figures: dict[str, Any] = getattr(record, "figures", {})
        line |= {
            name: self._harmless(value) if isinstance(value, str) else value
            for name, value in figures.items()
        }
        return orjson.dumps(line).decode()

    def _harmless(self, text: str) -> str:
        for secret in self._secrets:
            text = secret.mask(text)
        return plain(text[:_LONGEST]).replace("\n", " ")


class _Lasting(logging.FileHandler):
    """A full disk must stop the run with the record's own error, not with the log's."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Let the line go."""


class RunLog:
    """Writes events. Silent until `logging_to` gives it a file."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def note(self, event: str, **figures: Any) -> None:
        """Log something that is as it should be."""
        self._logger.info(event, extra={"figures": figures})

    def warn(self, event: str, **figures: Any) -> None:
        """Log something that a person should look at."""
        self._logger.warning(event, extra={"figures": figures})


@contextmanager
def logging_to(folder: Path, secrets: Sequence[Secret]) -> Iterator[RunLog]:
    """Append to the log of the run at `folder` while the block lasts.

    Parameters
    ----------
    folder
        The run's folder.
    secrets
        Keys to blot out wherever they show up.
    """
    logger = logging.getLogger(f"moltarium.run.{id(secrets)}")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler = _Lasting(folder / LOG, encoding="utf-8", delay=True)
    handler.setFormatter(_Lines(secrets))
    logger.addHandler(handler)
    try:
        yield RunLog(logger)
    finally:
        logger.removeHandler(handler)
        handler.close()
