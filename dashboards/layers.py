"""Which ties between agents a page looks at, and by what it tells agents apart; both live in the address."""

from __future__ import annotations

from collections import Counter
from typing import Final, cast

import pandas as pd

from moltarium.analysis.graphs.networks import Directed
from moltarium.dashboards import content
from moltarium.dashboards.parts import Query
from moltarium.dashboards.source import Source
from moltarium.sim.record.schema import Emotion

LAYERS: Final[dict[str, str]] = {
    "reply": "Replies",
    "author": "Comments on posts",
    "comment": "Comment to comment",
    "mention": "Mentions",
    "vote": "Votes",
    "follow": "Follows",
}
"""What may tie two agents, by the word in the address."""


def layer_of(query: Query) -> Directed:
    """Return the layer that the address asks for."""
    asked = query.get("edge", "reply")
    return cast("Directed", asked if asked in LAYERS else "reply")


COLOURS: Final[dict[str, str]] = {"module": "Module", "community": "Community", "emotion": "Mood"}
"""By what agents may be told apart, by the word in the address."""


def colours_of(source: Source) -> dict[str, str]:
    """Return those of `COLOURS` that the record has: moods are known in simulated runs only."""
    known = source.record.has(Emotion) and source.record.count(Emotion)
    return {key: name for key, name in COLOURS.items() if key != "emotion" or known}


def groups(source: Source, colour: str) -> dict[str, str]:
    """Return the group of each agent by id: its most frequent community, or the label of its last mood."""
    if colour == "emotion":
        return {row.agent: row.label for row in source.record.rows(Emotion)}
    posts, comments = content.posts(source), content.comments(source)
    place = dict(zip(posts["post_id"], posts["community"], strict=True))
    written = pd.concat([posts["author"], comments["author"]]).tolist()
    where = [*posts["community"], *comments["post_id"].map(place)]
    counts: dict[str, Counter[str]] = {}
    for author, community in zip(written, where, strict=True):
        if isinstance(author, str) and isinstance(community, str):
            counts.setdefault(author, Counter())[community] += 1
    return {author: f"m/{found.most_common(1)[0][0]}" for author, found in counts.items()}
