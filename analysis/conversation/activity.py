"""The measures ``activity.*``: how unequally agents write."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from moltarium.analysis.bootstrap import Floats, fixed
from moltarium.analysis.corpus import UNKNOWN, Corpus, Ints, require
from moltarium.analysis.inequality import gini, power_law_alpha, top_share
from moltarium.analysis.jackknife import PLAIN
from moltarium.analysis.metric import COUNT, Definition, Family, Measure, Sampling, Sheet
from moltarium.analysis.studentised import (
    TOP_FEW,
    alpha_pull,
    gini_pull,
    studentised_interval,
    top_interval,
)
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Agent, Comment, Post

_HOLTZ: Final = "Holtz 2026, arXiv:2602.10131"


def _top(percent: int) -> Definition:
    return Definition(
        f"share of posts + comments by the most active {percent} % (rounded up) of agents who wrote",
        "top shares as in MoltGraph 2026, arXiv:2603.00646",
    )


DEFINITIONS: Final[dict[str, Definition]] = {
    "gini": Definition("Gini coefficient of posts + comments per agent, over agents who wrote", _HOLTZ),
    "alpha": Definition("1 + n / Σ ln x over agents who wrote, x = posts + comments, xmin 1", _HOLTZ),
    "top1_share": _top(1),
    "top5_share": _top(5),
    "top10_share": _top(10),
    "top20_share": _top(20),
    "top4_comments": Definition(
        "share of comments written by the four agents who wrote most of them", "Li 2026, arXiv:2602.07432"
    ),
    "gini_all": Definition(
        "Gini coefficient of posts + comments over all accounts, those who never wrote counted as 0", _HOLTZ
    ),
    "agents": Definition("agents who wrote a post or a comment", _HOLTZ),
    "posts": Definition("posts", _HOLTZ),
    "comments": Definition("comments", _HOLTZ),
}


_FOUR: Final = "no interval: it hangs on four agents"


def own_authors(corpus: Corpus) -> Ints:
    """Return the author's code of every own post, then of every own comment."""
    return np.concatenate((corpus.post_author[corpus.post_own], corpus.comment_author[corpus.comment_own]))


def activity(corpus: Corpus) -> Floats:
    """Return posts + comments of each agent who wrote anything, shape (agents,), aligned to `Corpus.agents`.

    Content of unknown authors belongs to nobody and is left out, and so is what a society was seeded with.
    """
    authors = own_authors(corpus)
    return np.bincount(authors[authors != UNKNOWN], minlength=len(corpus.agents)).astype(np.float64)


def accounts(corpus: Corpus) -> int:
    """Return how many accounts there are: those on record and those who wrote without being on it.

    Raises
    ------
    NotComputable
        If the record has no table of agents.
    """
    require(corpus.record, Agent)
    writers = set(corpus.agents.tolist())
    return len(writers) + sum(agent.agent_id not in writers for agent in corpus.record.rows(Agent))


def measure(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
    """Compute ``activity.*``; intervals by resampling agents, each resample judged by its own error."""
    everyone = activity(corpus)
    counts = everyone[everyone > 0]
    unknown = int((own_authors(corpus) == UNKNOWN).sum())
    note = f"{unknown} posts and comments of unknown authors left out" if unknown else None
    sheet = Sheet("activity", DEFINITIONS)
    draws = sampling.draws

    def chance() -> np.random.Generator:
        return np.random.default_rng([sampling.seed, 10 + len(sheet.measures)])

    even = fixed(studentised_interval(counts, gini_pull, draws, chance()))
    sheet.enter("gini", lambda: gini(counts), ci=even, note=note)
    steep = fixed(studentised_interval(counts, alpha_pull, draws, chance(), scale=PLAIN))
    sheet.enter("alpha", lambda: power_law_alpha(counts), ci=steep, note=note)
    for top in (1, 5, 10, 20):
        share = fixed(top_interval(counts, top / 100, draws, chance()))
        sheet.enter(
            f"top{top}_share", partial(top_share, counts, top / 100), ci=share, note=note, why=TOP_FEW
        )
    authors = corpus.comment_author[corpus.comment_own]
    comments = np.bincount(authors[authors != UNKNOWN]).astype(np.float64)
    most = partial(top_four, comments[comments > 0])
    sheet.enter("top4_comments", most, ci=fixed(None), note=note, why=_FOUR)
    try:
        silent = accounts(corpus) - len(counts)
    except NotComputable as lack:
        sheet.lack(["gini_all"], lack.needs)
    else:
        both = np.concatenate((np.zeros(silent), counts))
        even = fixed(studentised_interval(both, gini_pull, draws, chance()))
        sheet.enter("gini_all", lambda: gini(both), ci=even, note=note)
    sheet.enter("agents", lambda: len(counts), why=COUNT)
    sheet.enter("posts", lambda: int(corpus.post_own.sum()), why=COUNT)
    sheet.enter("comments", lambda: int(corpus.comment_own.sum()), why=COUNT)
    return sheet.measures


def top_four(values: Floats) -> float:
    """Return the share of the total held by the four largest.

    Raises
    ------
    NotComputable
        If there is no positive value.

    Examples
    --------
    >>> top_four(np.array([1.0, 2.0, 3.0, 4.0, 10.0]))
    0.95
    """
    return top_share(values, min(4, len(values)) / max(len(values), 1))


FAMILY: Final = Family(
    "activity", frozenset({Post, Comment, "post.author", "comment.author"}), measure, DEFINITIONS
)
