"""The records in one folder: what each is and how far it got, found by listing, never by a name asked for."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from moltarium.analysis.corpus import OPENING
from moltarium.sim.record.errors import MoltariumError
from moltarium.sim.record.health import health_of
from moltarium.sim.record.layout import FILE
from moltarium.sim.record.lock import holder
from moltarium.sim.record.schema import Agent, Comment, LlmCall, Post, Run
from moltarium.sim.record.store import RunReader

_STAMPED: Final = (FILE, f"{FILE}-wal")
"""Files that change with every commit."""

_Stamp: TypeAlias = tuple[tuple[int, int], ...]


class Facts(NamedTuple):
    """What a record says of itself, without measuring anything."""

    run: Run
    steps_done: int | None
    """Steps committed, without the opening (step 0); ``None`` if observed."""
    steps_planned: int | None
    """Steps the scenario asks for; ``None`` if unknown."""
    agents: int
    posts: int
    """Written in this record, without the opening that seeded it; likewise `comments`."""
    comments: int
    models: tuple[str, ...] = ()
    """Models whose replies were used, the busiest first."""
    calls: int = 0
    """Replies used."""
    cost_usd: float = 0.0
    """What they cost by the price table; 0 where it knew no price."""
    invalid: float | None = None
    """Share of the turns that asked a model whose answer could not be used; ``None`` if none asked."""


class Entry(NamedTuple):
    """One record of a folder."""

    key: str
    """Names the record in addresses: the start of a hash of the folder's name."""
    folder: Path
    facts: Facts | None
    """``None`` if it can't be read."""
    trouble: str | None
    """Why it can't be read."""
    changed: int
    """Wall-clock time of the last commit, microseconds UTC."""
    live: bool
    """Whether a process is writing it."""

    @property
    def when(self) -> int:
        """When an observed record's snapshot was taken, if known; else the last commit. Microseconds UTC."""
        taken = self.facts.run.captured_at if self.facts else None
        return self.changed if taken is None else taken


def key_of(name: str) -> str:
    """Return what names a folder in addresses: 12 hexadecimal digits."""
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:12]


class Shelf:
    """The records one level beneath a folder. What was read of one is kept until its files change.

    Parameters
    ----------
    folder
        Holds a folder for each record.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Where the records lie."""
        self._gate = threading.Lock()
        self._kept: dict[str, tuple[_Stamp, Facts | MoltariumError]] = {}

    def folders(self) -> dict[str, Path]:
        """Return the folders that hold a record, by key."""
        try:
            inside = sorted(self.folder.iterdir())
        except OSError:
            return {}
        return {key_of(each.name): each for each in inside if (each / FILE).is_file()}

    def entries(self) -> list[Entry]:
        """Return the records, the one that changed last first."""
        with self._gate:
            folders = self.folders()
            self._kept = {key: kept for key, kept in self._kept.items() if key in folders}
            found = [self._entry(key, folder) for key, folder in folders.items()]
        return sorted(found, key=lambda entry: (-entry.when, entry.folder.name))

    def _entry(self, key: str, folder: Path) -> Entry:
        # The stamp is taken before reading: a commit in between is then read again, never missed.
        stamp = _stamp(folder)
        kept = self._kept.get(key)
        if kept is None or kept[0] != stamp:
            try:
                kept = (stamp, read_facts(folder))
            except MoltariumError as error:
                kept = (stamp, error)
            self._kept[key] = kept
        found = kept[1]
        broken = isinstance(found, MoltariumError)
        return Entry(
            key,
            folder,
            None if isinstance(found, MoltariumError) else found,
            found.what if isinstance(found, MoltariumError) else None,
            max((changed for changed, _ in stamp), default=0) // 1000,
            not broken and holder(folder) is not None,
        )


def _stamp(folder: Path) -> _Stamp:
    found = []
    for name in _STAMPED:
        try:
            state = (folder / name).stat()
        except OSError:
            continue
        found.append((state.st_mtime_ns, state.st_size))
    return tuple(found)


def read_facts(folder: Path) -> Facts:
    """Return what the record in `folder` says of itself.

    Raises
    ------
    RecordError
        If it can't be read.
    SchemaMismatch
        If another schema version wrote it.
    """
    with closing(RunReader(folder)) as record, record.still():
        simulated = record.run.kind == "simulated"
        last = record.last_step()
        health = health_of(record)
        models = Counter(row.model for row in record.rows(LlmCall))
        return Facts(
            record.run,
            (last or 0) if simulated else None,
            planned_of(record.run),
            len({row.agent_id for row in record.rows(Agent)}),
            record.count(Post) - sum(1 for _ in record.rows_where(Post, step=OPENING)),
            record.count(Comment) - sum(1 for _ in record.rows_where(Comment, step=OPENING)),
            tuple(name for name, _ in models.most_common()),
            health.calls,
            health.cost_usd,
            health.rates()["invalid"],
        )


def scenario_of(run: Run) -> dict[str, Any]:
    """Return a run's resolved scenario; empty if it has none or it is not a JSON object."""
    try:
        found = json.loads(run.scenario or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def planned_of(run: Run) -> int | None:
    """Return how many steps a run's scenario asks for, if it says."""
    clock = scenario_of(run).get("clock")
    steps = clock.get("steps") if isinstance(clock, dict) else None
    return steps if isinstance(steps, int) else None
