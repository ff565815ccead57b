"""A planted value beside its interval, and a record written out from arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from moltarium.analysis.bootstrap import Floats, Interval
from moltarium.analysis.corpus import Ints
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import SCHEMA_VERSION, Agent, Comment, Impression, Post, Run, Score

HOUR: Final = 3_600_000_000
"""Microseconds."""
NONE: Final = np.zeros(0, dtype=np.int64)


class Found(NamedTuple):
    """A planted value and the interval that should hold it."""

    truth: float
    interval: Interval | None

    @property
    def holds(self) -> bool:
        """Whether the interval holds the truth."""
        return self.interval is not None and self.interval[0] <= self.truth <= self.interval[1]


@dataclass(frozen=True)
class Written:
    """What a planted society wrote, in numbers: agents, posts and comments are 0, 1, …"""

    author: Ints
    """Agent per post."""
    hour: Floats
    """When each post was written."""
    community: Ints = field(default_factory=lambda: NONE)
    """Per post; default: one for all."""
    by: Ints = field(default_factory=lambda: NONE)
    """Agent per comment."""
    on: Ints = field(default_factory=lambda: NONE)
    """Post per comment."""
    under: Ints = field(default_factory=lambda: NONE)
    """Comment that each comment answers, −1 for the post itself; default: the post."""
    at: Floats = field(default_factory=lambda: NONE.astype(np.float64))
    """Hour of each comment."""
    upvotes: Ints = field(default_factory=lambda: NONE)
    """Per post."""
    shown: Ints = field(default_factory=lambda: NONE)
    """Times each post was shown."""
    accounts: int = 0
    """Accounts on record, silent ones among them; default: those who wrote."""

    def record(self) -> MemoryRecord:
        """Return it as a record; a comment is dated no earlier than what it answers by whoever made it."""
        posts, comments = len(self.author), len(self.by)
        home = self.community if len(self.community) else np.zeros(posts, dtype=np.int64)
        under = self.under if len(self.under) else np.full(comments, -1)
        opened = [
            Post(k, round(hour * HOUR), None, f"p{k}", f"a{who}", f"m{place}", "", "", None)
            for k, (hour, who, place) in enumerate(
                zip(self.hour.tolist(), self.author.tolist(), home.tolist(), strict=True)
            )
        ]
        rows = zip(*(part.tolist() for part in (self.by, self.on, under, self.at)), strict=True)
        written = [
            Comment(posts + k, round(hour * HOUR), None, f"c{k}", f"p{post}", None if up < 0 else f"c{up}",
                    f"a{who}", "")
            for k, (who, post, up, hour) in enumerate(rows)
        ]  # fmt: skip
        seen = [
            Score(posts + comments + k, 0, None, f"p{k}", votes, None, None, 0)
            for k, votes in enumerate(self.upvotes.tolist())
        ]
        shown = [
            Impression(k, 0, None, "a0", f"p{post}", "hot", 0)
            for k, post in enumerate(np.repeat(np.arange(len(self.shown)), self.shown).tolist())
        ]
        agents = [Agent(k, 0, None, f"a{k}", f"a{k}", "", None) for k in range(self.accounts)]
        return MemoryRecord(
            RUN, {Agent: agents, Post: opened, Comment: written, Score: seen, Impression: shown}
        )


RUN: Final = Run(
    run_id="planted",
    kind="observed",
    title="A planted world",
    schema_version=SCHEMA_VERSION,
    scenario=None,
    scenario_sha256=None,
    seed=None,
    source_sha256=None,
    coverage=Coverage(frozenset({"vote"}), ("Planted.",), synthetic=True).json(),
    code_version="benchmark",
    captured_at=None,
    transport="{}",
)
