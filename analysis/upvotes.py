"""What texts earned: upvotes as they were crawled, or counted from the votes that a run keeps."""

from __future__ import annotations

import pandas as pd

from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Score, Vote
from moltarium.sim.record.view import Record


def crawled(record: Record) -> bool:
    """Whether scores were read off the site; a run keeps single votes instead, and no row of scores."""
    return record.has(Score) and record.count(Score) > 0


def upvotes(record: Record) -> pd.Series[float]:
    """Return the upvotes of every target: as last crawled, or counted from votes as they stand at the end.

    Where scores were crawled, a target without one is unknown; where votes are counted, it has none.

    Raises
    ------
    NotComputable
        Where neither scores nor votes are known.
    """
    if crawled(record):
        last = record.frame(Score).drop_duplicates("target", keep="last")
        return last.set_index("target")["upvotes"].astype(float)
    if record.has(Vote):
        standing = record.frame(Vote).drop_duplicates(["voter", "target"], keep="last")
        return standing[standing["value"] > 0].groupby("target").size().astype(float)
    raise NotComputable("table score or table vote")
