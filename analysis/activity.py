"""The measures ``activity.*``: how unequally agents write."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from moltarium.analysis.bootstrap import Floats, fixed, resampled_interval
from moltarium.analysis.corpus import UNKNOWN, Corpus, Ints
from moltarium.analysis.inequality import gini, power_law_alpha, top_share
from moltarium.analysis.metric import Definition, Family, Measure, Sampling, Sheet
from moltarium.sim.record.schema import Comment, Post

_HOLTZ: Final = "Holtz 2026, arXiv:2602.10131"

DEFINITIONS: Final[dict[str, Definition]] = {
    "gini": Definition("Gini coefficient of posts + comments per agent, over agents who wrote", _HOLTZ),
    "alpha": Definition("1 + n / Σ ln x over agents who wrote, x = posts + comments, xmin 1", _HOLTZ),
    "top1_share": Definition(
        "share of posts + comments by the most active 1 % (rounded up) of agents who wrote",
        "top-1 % share as in MoltGraph 2026, arXiv:2603.00646",
    ),
}


_STATISTICS: Final[dict[str, Callable[[Floats], float]]] = {
    "gini": gini,
    "alpha": power_law_alpha,
    "top1_share": partial(top_share, top=0.01),
}


def own_authors(corpus: Corpus) -> Ints:
    """Return the author's code of every own post, then of every own comment."""
    return np.concatenate((corpus.post_author[corpus.post_own], corpus.comment_author[corpus.comment_own]))


def activity(corpus: Corpus) -> Floats:
    """Return posts + comments of each agent who wrote anything, shape (agents,), aligned to `Corpus.agents`.

    Content of unknown authors belongs to nobody and is left out, and so is what a society was seeded with.
    """
    authors = own_authors(corpus)
    return np.bincount(authors[authors != UNKNOWN], minlength=len(corpus.agents)).astype(np.float64)


def measure(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
    """Compute ``activity.*``; intervals by resampling agents."""
    counts = activity(corpus)
    unknown = int((own_authors(corpus) == UNKNOWN).sum())
    note = f"{unknown} posts and comments of unknown authors left out" if unknown else None
    sheet = Sheet("activity", DEFINITIONS)
    for number, (name, statistic) in enumerate(_STATISTICS.items()):
        rng = np.random.default_rng([sampling.seed, 10 + number])
        interval = resampled_interval(counts, statistic, sampling.draws, rng)
        sheet.enter(name, partial(statistic, counts), ci=fixed(interval), note=note)
    return sheet.measures


FAMILY: Final = Family(
    "activity", frozenset({Post, Comment, "post.author", "comment.author"}), measure, DEFINITIONS
)
