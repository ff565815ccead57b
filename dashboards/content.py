"""Frames behind the pages: threads, agents, scores and moods of one record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from moltarium.analysis.corpus import OBSERVED, OPENING
from moltarium.dashboards.readings import shared_reader
from moltarium.dashboards.source import Source
from moltarium.sim.record.schema import (
    Agent,
    Comment,
    Emotion,
    Follow,
    Intervention,
    Post,
    Profile,
    Score,
    Vote,
)

DELETED = "[deleted]"
"""Stands for an author who is unknown."""

BINS: Final = 60
"""Spans of time in which posts and comments are counted."""


def handles(source: Source) -> dict[str, str]:
    """Return every agent's handle by id."""

    def compute(own: Source) -> dict[str, str]:
        return {row.agent_id: row.handle for row in own.record.rows(Agent)}

    return source.get("handles", compute)


def handle_of(source: Source, agent: str | None) -> str:
    """Return an agent's handle; its id where it has none, `DELETED` where it is unknown."""
    return DELETED if agent is None else handles(source).get(agent) or agent


def scores(source: Source) -> dict[str, int] | None:
    """Return upvotes − downvotes by target, or ``None`` where no votes are known.

    A crawler's counts where there are any, otherwise the sum of the votes as they stand.
    """

    def compute(own: Source) -> dict[str, int] | None:
        if own.record.has(Score) and own.record.count(Score):
            seen = own.record.frame(Score).drop_duplicates("target", keep="last")
            net = seen["upvotes"] - seen["downvotes"].fillna(0)
            return dict(zip(seen["target"], net.astype(int).tolist(), strict=True))
        if not own.record.has(Vote):
            return None
        votes = own.record.frame(Vote).drop_duplicates(["voter", "target"], keep="last")
        return {str(k): int(v) for k, v in votes.groupby("target")["value"].sum().items()}

    return source.get("scores", compute)


def posts(source: Source) -> pd.DataFrame:
    """Return one row per post: ``post_id, t, author, community, title, body, url, score, comments``.

    ``score`` is missing where no votes are known. Newest first.
    """

    def compute(own: Source) -> pd.DataFrame:
        frame = own.record.frame(Post)
        known = scores(own)
        counts = comments(own)["post_id"].value_counts()
        frame["score"] = np.nan if known is None else frame["post_id"].map(known).fillna(0).to_numpy()
        frame["comments"] = frame["post_id"].map(counts).fillna(0).astype(int)
        return frame.sort_values("seq", ascending=False).reset_index(drop=True)

    return source.get("posts", compute)


def comments(source: Source) -> pd.DataFrame:
    """Return the comment table as a frame, in order of ``seq``."""
    return source.get("comments", lambda own: own.record.frame(Comment))


def own(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that were made in this record, without the opening that seeded its society."""
    return frame[frame["step"].fillna(OBSERVED) != OPENING]


def activity_counts(posts: pd.Series, comments: pd.Series) -> pd.DataFrame:
    """Count posts and comments in equal spans of time.

    Parameters
    ----------
    posts, comments
        UTC moments.

    Returns
    -------
    pandas.DataFrame
        ``start, end, posts, comments``, `BINS` rows; none where nothing was written.
    """
    both = pd.concat([posts, comments])
    if both.empty:
        return pd.DataFrame(columns=["start", "end", "posts", "comments"])
    bins = pd.date_range(both.min(), both.max() + pd.Timedelta(seconds=1), periods=BINS + 1)
    edges = bins.as_unit("us").asi8

    def counted(moments: pd.Series) -> npt.NDArray[np.int64]:
        return np.histogram(pd.DatetimeIndex(moments).as_unit("us").asi8, edges)[0]

    return pd.DataFrame(
        {"start": bins[:-1], "end": bins[1:], "posts": counted(posts), "comments": counted(comments)}
    )


def activity(source: Source) -> pd.DataFrame:
    """Return posts and comments made in this record, counted over time (see `activity_counts`)."""
    return activity_counts(own(posts(source))["t"], own(comments(source))["t"])


def marks(source: Source) -> list[tuple[pd.Timestamp, str]]:
    """Return the moment and name of every intervention."""
    return [(pd.Timestamp(row.t, unit="us", tz="UTC"), row.name) for row in source.record.rows(Intervention)]


def agents(source: Source) -> pd.DataFrame:
    """Return one row per agent: ``agent_id, handle, bio, created, posts, comments, karma, followers``.

    ``karma`` and ``followers`` are missing where unknown. Most active first.
    """

    def compute(own: Source) -> pd.DataFrame:
        frame = own.record.frame(Agent).drop_duplicates("agent_id", keep="last")
        written = posts(own)["author"].value_counts(), comments(own)["author"].value_counts()
        frame["posts"] = frame["agent_id"].map(written[0]).fillna(0).astype(int)
        frame["comments"] = frame["agent_id"].map(written[1]).fillna(0).astype(int)
        karma, followers = _standing(own)
        frame["karma"] = frame["agent_id"].map(karma) if karma is not None else np.nan
        frame["followers"] = frame["agent_id"].map(followers) if followers is not None else np.nan
        order = frame.assign(activity=-(frame["posts"] + frame["comments"]))
        return order.sort_values(["activity", "handle"]).drop(columns="activity").reset_index(drop=True)

    return source.get("agents", compute)


def _standing(source: Source) -> tuple[dict[str, float] | None, dict[str, float] | None]:
    """Karma and followers by agent: as crawled, or derived from votes and follows."""
    record = source.record
    if record.has(Profile) and record.count(Profile):
        seen = record.frame(Profile).drop_duplicates("agent", keep="last").set_index("agent")
        return _by_agent(seen["karma"]), _by_agent(seen["followers"])
    karma: dict[str, float] | None = None
    known = scores(source)
    if known is not None:
        both = pd.concat(
            [
                posts(source)[["post_id", "author"]].set_axis(["target", "author"], axis=1),
                comments(source)[["comment_id", "author"]].set_axis(["target", "author"], axis=1),
            ]
        )
        net = both["target"].map(known).fillna(0).groupby(both["author"]).sum()
        karma = dict.fromkeys(handles(source), 0.0) | _by_agent(net)
    followers: dict[str, float] | None = None
    if record.has(Follow):
        last = record.frame(Follow).drop_duplicates(["source", "target"], keep="last")
        counts = last[last["active"].astype(bool)]["target"].value_counts()
        followers = dict.fromkeys(handles(source), 0.0) | _by_agent(counts)
    return karma, followers


def _by_agent(known: pd.Series) -> dict[str, float]:
    return {str(agent): float(value) for agent, value in known.dropna().items()}


@dataclass(frozen=True, slots=True)
class Mood:
    """The mood in which something was written."""

    v: float
    a: float
    d: float
    label: str
    latent: bool
    """True if recorded by the simulation, False if read from the text."""


def latent_moods(source: Source, written: pd.DataFrame) -> list[Mood | None]:
    """Return each author's recorded mood at the time of writing.

    Parameters
    ----------
    written
        Columns ``author`` and ``seq``.

    Returns
    -------
    list of Mood or None
        In the order of `written`; ``None`` where no mood is recorded.
    """
    found: list[Mood | None] = []
    tracks: dict[str, list[Emotion]] = {}
    for author, seq in zip(written["author"], written["seq"], strict=True):
        if author is None or not source.record.has(Emotion):
            found.append(None)
            continue
        if author not in tracks:
            tracks[author] = list(source.record.rows_where(Emotion, agent=author))
        before = [row for row in tracks[author] if row.seq <= seq]
        last = before[-1] if before else None
        found.append(Mood(last.v, last.a, last.d, last.label, True) if last else None)
    return found


def read_moods(texts: list[str]) -> list[Mood]:
    """Return the emotion that the project's reader finds in each text."""
    reading = shared_reader().read(texts)
    return [
        Mood(float(v), float(a), float(d), str(label), False)
        for (v, a, d), label in zip(reading.vad, reading.labels(), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands."""

    post: str
    author: str | None
    text: str


def places(source: Source) -> dict[str, Place]:
    """Return every post and comment of the whole record by id: what moved a mood may lie before a span."""

    def compute(own: Source) -> dict[str, Place]:
        found = {
            row.post_id: Place(row.post_id, row.author, row.title or row.body)
            for row in own.record.rows(Post)
        }
        for row in own.record.rows(Comment):
            found[row.comment_id] = Place(row.post_id, row.author, row.body)
        return found

    return source.whole.get("places", compute)
