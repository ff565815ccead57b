"""The measures ``attention.*`` and ``community.*``: what is looked at, and where it happens."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from moltarium.analysis.bootstrap import Floats, fixed, resampled_interval
from moltarium.analysis.corpus import UNKNOWN, Corpus, Ints, require
from moltarium.analysis.inequality import gini, top_share
from moltarium.analysis.metric import Definition, Family, Measure, Sampling, Sheet
from moltarium.analysis.slope import slope_of
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Impression, Post, Score, Vote

_DEMARZO: Final = "De Marzo & Garcia 2026, arXiv:2602.09270"
_HOLTZ: Final = "Holtz 2026, arXiv:2602.10131"
_LI: Final = "after Li 2026, arXiv:2602.07432"

ATTENTION: Final[dict[str, Definition]] = {
    "upvote_gini": Definition("Gini coefficient of upvotes over posts, zeros counted", _LI),
    "upvote_scaling": Definition(
        "slope of ln(upvotes) on ln(comments + 1) by least squares over posts with an upvote", _DEMARZO
    ),
    "comment_gini": Definition("Gini coefficient of comments over posts, zeros counted", "this project"),
    "comment_top1": Definition("share of comments on the top 1 % (rounded up) of posts", "this project"),
    "direct_scaling": Definition(
        "slope of ln(comments on the post) on ln(comments) by least squares over threads with both", _DEMARZO
    ),
    "first_mover": Definition(
        "Spearman correlation, over comments on posts, of their place in time within the thread (as a share) "
        "with having a reply: below 0, who comes first is answered more",
        "this project",
    ),
    "visibility": Definition(
        "Spearman correlation over posts of impressions and comments; impressions are known in simulated "
        "runs only",
        "this project",
    ),
}
"""What is measured of attention."""

COMMUNITY: Final[dict[str, Definition]] = {
    "largest_share": Definition("share of posts in the community with most of them", _HOLTZ),
    "top10_share": Definition("share of posts in the ten communities with most of them", _HOLTZ),
    "gini": Definition("Gini coefficient of posts over communities with a post", "this project"),
    "entropy": Definition(
        "Shannon entropy of posts over communities / ln(communities with a post)",
        "Shannon 1948, doi:10.1002/j.1538-7305.1948.tb01338.x",
    ),
    "authors_across": Definition(
        "share of agents with at least two posts who post in at least two communities",
        "after Social Simulacra 2026, arXiv:2603.16128",
    ),
}
"""What is measured of communities."""


def upvotes(corpus: Corpus) -> Floats:
    """Return the last known upvotes per own post, NaN where none were seen, shape (own posts,).

    Raises
    ------
    NotComputable
        If the record knows neither scores nor votes.
    """
    index = {post.post_id: k for k, post in enumerate(corpus.record.rows(Post))}
    found = np.full(corpus.n_posts, np.nan)
    if corpus.record.count(Score):  # a run keeps single votes instead
        for score in corpus.record.rows(Score):
            if (k := index.get(score.target)) is not None:
                found[k] = score.upvotes
    else:
        require(corpus.record, Vote)
        last = {(vote.voter, vote.target): vote.value for vote in corpus.record.rows(Vote)}
        found[:] = 0
        for (_, target), value in last.items():
            if value > 0 and (k := index.get(target)) is not None:
                found[k] += 1
    return found[corpus.post_own]


def impressions(corpus: Corpus) -> Floats:
    """Return how often each own post was shown, shape (own posts,); known in simulated runs only."""
    require(corpus.record, Impression)
    index = {post.post_id: k for k, post in enumerate(corpus.record.rows(Post))}
    found = np.zeros(corpus.n_posts)
    for shown in corpus.record.rows(Impression):
        if (k := index.get(shown.target)) is not None:
            found[k] += 1
    return found[corpus.post_own]


def spearman(x: Floats, y: Floats) -> float:
    """Return Spearman's rank correlation, ties at their mean rank.

    Raises
    ------
    NotComputable
        Under ten pairs, or if either side is constant.

    Examples
    --------
    >>> spearman(np.arange(10.0), -np.arange(10.0))
    -1.0
    """
    from scipy.stats import rankdata

    if len(x) < 10 or np.ptp(x) == 0 or np.ptp(y) == 0:
        raise NotComputable("at least 10 pairs that differ")
    a, b = rankdata(x), rankdata(y)
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def measure_attention(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
    """Compute ``attention.*``; intervals by resampling posts, or from the fit."""
    sheet = Sheet("attention", ATTENTION)
    placed = (corpus.comment_post != UNKNOWN) & corpus.comment_own
    size = np.bincount(corpus.comment_post[placed], minlength=corpus.n_posts)[corpus.post_own].astype(float)
    for number, (name, statistic) in enumerate((("comment_gini", gini), ("comment_top1", _top1))):
        rng = np.random.default_rng([sampling.seed, 70 + number])
        sheet.enter(
            name, partial(statistic, size), ci=fixed(resampled_interval(size, statistic, sampling.draws, rng))
        )
    try:
        votes = upvotes(corpus)
    except NotComputable as lack:
        sheet.lack(("upvote_gini", "upvote_scaling"), lack.needs)
    else:
        seen = votes[~np.isnan(votes)]
        rng = np.random.default_rng([sampling.seed, 72])
        sheet.enter(
            "upvote_gini", lambda: gini(seen), ci=fixed(resampled_interval(seen, gini, sampling.draws, rng))
        )
        liked = votes > 0
        _enter_slope(sheet, "upvote_scaling", np.log(size[liked] + 1), np.log(votes[liked]))
    _enter_direct(sheet, corpus, size)
    sheet.enter("visibility", lambda: spearman(impressions(corpus), size))
    return {f"attention.{name}": sheet.measures[f"attention.{name}"] for name in ATTENTION}


def measure_communities(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
    """Compute ``community.*``."""
    sheet = Sheet("community", COMMUNITY)
    community, author = corpus.post_community[corpus.post_own], corpus.post_author[corpus.post_own]
    if not len(community):
        sheet.lack(COMMUNITY, "at least 1 post")
        return sheet.measures
    posts = np.bincount(community).astype(float)
    posts = np.sort(posts[posts > 0])[::-1]
    share = posts / posts.sum()
    sheet.enter("largest_share", lambda: share[0])
    sheet.enter("top10_share", lambda: share[:10].sum())
    sheet.enter("gini", lambda: gini(posts))
    sheet.enter("entropy", lambda: _entropy(share))
    known = author != UNKNOWN
    across = np.unique(author[known] * (int(community.max()) + 1) + community[known]) // (
        int(community.max()) + 1
    )
    places, written = np.bincount(across), np.bincount(author[known])
    wide = (places[written >= 2] >= 2).astype(float)
    rng = np.random.default_rng([sampling.seed, 75])
    interval = resampled_interval(wide, lambda x: float(x.mean()), sampling.draws, rng)
    sheet.enter("authors_across", partial(_mean, wide), ci=fixed(interval))
    return sheet.measures


def _enter_direct(sheet: Sheet, corpus: Corpus, size: Floats) -> None:
    if corpus.comment_parent is None:
        sheet.lack(("direct_scaling", "first_mover"), "comment.parent")
        return
    parent = corpus.comment_parent
    top = (parent == -1) & (corpus.comment_post != UNKNOWN) & corpus.comment_own
    direct = np.bincount(corpus.comment_post[top], minlength=corpus.n_posts)[corpus.post_own].astype(float)
    both = (direct > 0) & (size > 0)
    _enter_slope(sheet, "direct_scaling", np.log(size[both]), np.log(direct[both]))
    sheet.enter("first_mover", lambda: _first_mover(corpus, np.flatnonzero(top)))


def _first_mover(corpus: Corpus, top: Ints) -> float:
    answered = np.zeros(corpus.n_comments)
    parent = corpus.parents()
    answered[parent[parent >= 0]] = 1
    thread = corpus.comment_post[top]
    order = np.lexsort((corpus.comment_t[top], thread))
    thread, ranked = thread[order], top[order]
    count = np.bincount(thread, minlength=corpus.n_posts)
    start = np.cumsum(count) - count
    place = np.arange(len(thread)) - start[thread]
    several = count[thread] > 1
    share = place[several] / (count[thread[several]] - 1)
    return spearman(share, answered[ranked[several]])


def _enter_slope(sheet: Sheet, name: str, x: Floats, y: Floats) -> None:
    sheet.enter(name, lambda: slope_of(x, y)[0], ci=lambda _: slope_of(x, y)[1])


def _top1(values: Floats) -> float:
    return top_share(values, 0.01)


def _entropy(share: Floats) -> float:
    if len(share) < 2:
        raise NotComputable("at least 2 communities with a post")
    return float(-(share @ np.log(share)) / np.log(len(share)))


def _mean(values: Floats) -> float:
    if not len(values):
        raise NotComputable("at least 1 agent with 2 posts")
    return float(values.mean())


ATTENTION_FAMILY: Final = Family("attention", frozenset({Post, Comment}), measure_attention, ATTENTION)
COMMUNITY_FAMILY: Final = Family(
    "community", frozenset({Post, Comment, "post.author", "post.community"}), measure_communities, COMMUNITY
)
