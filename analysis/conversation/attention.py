"""The measures ``attention.*`` and ``community.*``: what is looked at, and where it happens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from moltarium.analysis.bootstrap import MIN_BLOCKS, Floats, fixed
from moltarium.analysis.corpus import UNKNOWN, Corpus, Ints, Mask, require
from moltarium.analysis.inequality import gini, top_share
from moltarium.analysis.jackknife import ANGLE, CORRELATION, PLAIN, SHARE, Scale, jackknifed
from moltarium.analysis.metric import Definition, Family, Measure, Sampling, Sheet
from moltarium.analysis.slope import slope_of
from moltarium.analysis.studentised import TOP_FEW, gini_pull, studentised_interval, top_interval
from moltarium.analysis.upvotes import crawled
from moltarium.analysis.upvotes import upvotes as earned
from moltarium.analysis.without import clusters, groups_of, interval_without, mean_interval, without
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Impression, Post

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
    "entropy_corrected": Definition(
        "Shannon entropy of posts over communities in nats, g H − (g − 1) mean of H without each of g ≤ 40 "
        "groups of authors: what a sample of authors lacks is added (the jackknife)",
        "Zahl 1977, Ecology 58, 907; Shannon 1948, doi:10.1002/j.1538-7305.1948.tb01338.x",
    ),
    "authors_across": Definition(
        "share of agents with at least two posts who post in at least two communities",
        "after Social Simulacra 2026, arXiv:2603.16128",
    ),
}
"""What is measured of communities."""


_FEW_AUTHORS: Final = "no interval: fewer than ten authors, or one or none makes the difference"


def upvotes(corpus: Corpus) -> Floats:
    """Return the last known upvotes per own post, NaN where none were seen, shape (own posts,).

    Raises
    ------
    NotComputable
        If the record knows neither scores nor votes.
    """
    posts = [post.post_id for post in corpus.record.rows(Post)]
    found = earned(corpus.record, frozenset(posts)).reindex(posts)
    if not crawled(corpus.record):
        found = found.fillna(0.0)
    return np.asarray(found, np.float64)[corpus.post_own]


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
    """Compute ``attention.*``; what one author posted, or one thread holds, is drawn or left out together."""
    sheet = Sheet("attention", ATTENTION)
    author = clusters(corpus.post_author[corpus.post_own])
    placed = (corpus.comment_post != UNKNOWN) & corpus.comment_own
    size = np.bincount(corpus.comment_post[placed], minlength=corpus.n_posts)[corpus.post_own].astype(float)
    draws, rngs = sampling.draws, [np.random.default_rng([sampling.seed, k]) for k in range(70, 73)]
    even = fixed(studentised_interval(size, gini_pull, draws, rngs[0], author))
    sheet.enter("comment_gini", lambda: gini(size), ci=even)
    share = fixed(top_interval(size, 0.01, draws, rngs[1], author))
    sheet.enter("comment_top1", lambda: top_share(size, 0.01), ci=share, why=TOP_FEW)
    try:
        votes = upvotes(corpus)
    except NotComputable as lack:
        sheet.lack(("upvote_gini", "upvote_scaling"), lack.needs)
    else:
        seen, liked = ~np.isnan(votes), votes > 0
        even = fixed(studentised_interval(votes[seen], gini_pull, draws, rngs[2], author[seen]))
        sheet.enter("upvote_gini", lambda: gini(votes[seen]), ci=even)
        _enter_slope(sheet, "upvote_scaling", np.log(size[liked] + 1), np.log(votes[liked]), author[liked])
    _enter_direct(sheet, corpus, size, sampling)
    _enter_visibility(sheet, corpus, size, sampling)
    return {f"attention.{name}": sheet.measures[f"attention.{name}"] for name in ATTENTION}


def _enter_visibility(sheet: Sheet, corpus: Corpus, size: Floats, sampling: Sampling) -> None:
    try:
        seen = impressions(corpus)
    except NotComputable as lack:
        sheet.lack(("visibility",), lack.needs)
        return

    def together(stays: Mask | slice = slice(None)) -> float:
        return spearman(seen[stays], size[stays])

    group = groups_of(corpus.post_author[corpus.post_own], np.random.default_rng([sampling.seed, 74]))
    ci = interval_without(group, together, CORRELATION) if sampling.draws else None
    sheet.enter("visibility", together, ci=ci, why=_FEW_AUTHORS)


def measure_communities(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
    """Compute ``community.*``; intervals by leaving out groups of authors."""
    sheet = Sheet("community", COMMUNITY)
    community, author = corpus.post_community[corpus.post_own], corpus.post_author[corpus.post_own]
    if not len(community):
        sheet.lack(COMMUNITY, "at least 1 post")
        return sheet.measures
    # The same groups whatever the seed: a value rests on them.
    group = groups_of(author, np.random.default_rng(75))
    figures: dict[str, tuple[Callable[[Floats], float], Scale]] = {
        "largest_share": (_largest, ANGLE),
        "top10_share": (_top10, ANGLE),
        "gini": (gini, SHARE),
        "entropy": (entropy, ANGLE),
    }
    for name, (figure, scale) in figures.items():
        left = partial(_of_sizes, figure, community)
        ci = interval_without(group, left, scale) if sampling.draws else None
        sheet.enter(name, left, ci=ci, why=_FEW_AUTHORS)
    _enter_corrected(sheet, community, group, sampling)
    known = author != UNKNOWN
    base = int(community.max()) + 1
    across = np.unique(author[known] * base + community[known]) // base
    places, written = np.bincount(across), np.bincount(author[known])
    wide = (places[written >= 2] >= 2).astype(float)
    sheet.enter(
        "authors_across", partial(_mean, wide), ci=fixed(mean_interval(wide, ANGLE)), why=_FEW_AUTHORS
    )
    return {f"community.{name}": sheet.measures[f"community.{name}"] for name in COMMUNITY}


def _enter_corrected(sheet: Sheet, community: Ints, group: Ints, sampling: Sampling) -> None:
    """Enter the entropy whose bias is taken out; its error is that of the jackknife itself."""

    def nats(stays: Mask | slice = slice(None)) -> float:
        return shannon(_sizes(community[stays]))

    left = without(group, nats)
    if len(left) < MIN_BLOCKS or len(_sizes(community)) < 2:
        sheet.lack(("entropy_corrected",), f"at least {MIN_BLOCKS} authors and 2 communities with a post")
        return
    g = len(left)
    ci = jackknifed(left, PLAIN) if sampling.draws else None
    sheet.enter("entropy_corrected", lambda: g * nats() - (g - 1) * float(left.mean()), ci=ci)


def _of_sizes(figure: Callable[[Floats], float], community: Ints, stays: Mask | slice = slice(None)) -> float:
    return figure(_sizes(community[stays]))


def _sizes(community: Ints) -> Floats:
    """Return the posts of each community with one, most first."""
    posts = np.bincount(community).astype(np.float64)
    return np.sort(posts[posts > 0])[::-1]


def _largest(posts: Floats) -> float:
    return float(posts[0] / posts.sum())


def _top10(posts: Floats) -> float:
    return float(posts[:10].sum() / posts.sum())


def _enter_direct(sheet: Sheet, corpus: Corpus, size: Floats, sampling: Sampling) -> None:
    if corpus.comment_parent is None:
        sheet.lack(("direct_scaling", "first_mover"), "comment.parent")
        return
    parent = corpus.comment_parent
    top = (parent == -1) & (corpus.comment_post != UNKNOWN) & corpus.comment_own
    direct = np.bincount(corpus.comment_post[top], minlength=corpus.n_posts)[corpus.post_own].astype(float)
    both = (direct > 0) & (size > 0)
    author = clusters(corpus.post_author[corpus.post_own])
    _enter_slope(sheet, "direct_scaling", np.log(size[both]), np.log(direct[both]), author[both])
    share, replied, thread = _places(corpus, np.flatnonzero(top))

    def order(stays: Mask | slice = slice(None)) -> float:
        return spearman(share[stays], replied[stays])

    group = groups_of(thread, np.random.default_rng([sampling.seed, 73]))
    ci = interval_without(group, order, CORRELATION) if sampling.draws else None
    sheet.enter("first_mover", order, ci=ci, why="no interval: fewer than ten threads")


def _places(corpus: Corpus, top: Ints) -> tuple[Floats, Floats, Ints]:
    """Return place in the thread from 0 to 1, whether it has a reply, and the thread of comments on posts."""
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
    return share, answered[ranked[several]], thread[several]


def _enter_slope(sheet: Sheet, name: str, x: Floats, y: Floats, group: Ints) -> None:
    sheet.enter(
        name, lambda: slope_of(x, y, group)[0], ci=lambda _: slope_of(x, y, group)[1], why=_FEW_AUTHORS
    )


def shannon(posts: Floats) -> float:
    """Return the entropy of positive counts, −Σ p ln p, in nats.

    Examples
    --------
    >>> round(shannon(np.array([3.0, 1.0])), 4)
    0.5623
    """
    share = posts / posts.sum()
    return float(-(share @ np.log(share)))


def entropy(posts: Floats) -> float:
    """Return the entropy of positive counts over the largest possible, in [0, 1].

    Raises
    ------
    NotComputable
        Under two counts.

    Examples
    --------
    >>> round(entropy(np.array([3.0, 1.0])), 4)
    0.8113
    """
    if len(posts) < 2:
        raise NotComputable("at least 2 communities with a post")
    return shannon(posts) / float(np.log(len(posts)))


def _mean(values: Floats) -> float:
    if not len(values):
        raise NotComputable("at least 1 agent with 2 posts")
    return float(values.mean())


ATTENTION_FAMILY: Final = Family("attention", frozenset({Post, Comment}), measure_attention, ATTENTION)
COMMUNITY_FAMILY: Final = Family(
    "community", frozenset({Post, Comment, "post.author", "post.community"}), measure_communities, COMMUNITY
)
