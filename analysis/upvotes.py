"""What texts earned: upvotes as they were crawled, or counted from the votes that a run keeps."""

from __future__ import annotations

from collections.abc import Container

import pandas as pd

from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Score, Vote
from moltarium.sim.record.view import Record


def crawled(record: Record) -> bool:
    """Whether scores were read off the site; a run keeps single votes instead, and no row of scores."""
    return record.has(Score) and record.count(Score) > 0


def upvotes(record: Record, targets: Container[str] | None = None) -> pd.Series[float]:
    """Return the upvotes of targets: as last crawled, or counted from votes as they stand at the end.

    Where scores were crawled, a target without one is unknown; where votes are counted, it has none.

    Parameters
    ----------
    record
        The record.
    targets
        Ids to tell of; default: of every one.

    Raises
    ------
    NotComputable
        Where neither scores nor votes are known.
    """
    if crawled(record):
        # Streamed: a frame of the scores of three million comments would be gigabytes.
        last = {
            row.target: row.upvotes for row in record.rows(Score) if targets is None or row.target in targets
        }
        return pd.Series(last, dtype=float)
    if record.has(Vote):
        standing = record.frame(Vote).drop_duplicates(["voter", "target"], keep="last")
        return standing[standing["value"] > 0].groupby("target").size().astype(float)
    raise NotComputable("table score or table vote")
