"""The measures ``tree.*``: how deep, wide and branched threads are.

Depth is counted as published, 1 for a comment on the post. A thread's n is the number of its comments.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from moltarium.analysis.bootstrap import Floats, Interval, fixed
from moltarium.analysis.conversation.threads import depths
from moltarium.analysis.corpus import ON_POST, UNKNOWN, Corpus, Ints
from moltarium.analysis.metric import Definition, Family, Measure, Sampling, Sheet
from moltarium.analysis.ratios import ratio_intervals
from moltarium.analysis.slope import slope_of
from moltarium.sim.record.schema import Comment, Post

_HOLTZ: Final = "Holtz 2026, arXiv:2602.10131"
_EZIZ: Final = "after Eziz 2026, arXiv:2602.07667"
_DEMARZO: Final = "De Marzo & Garcia 2026, arXiv:2602.09270"
_SHAPE: Final = "share of threads with comments that are"

DEFINITIONS: Final[dict[str, Definition]] = {
    "max_depth_mean": Definition("mean of the largest depth over threads with comments", _EZIZ),
    "depth_5_share": Definition("share of threads with comments whose depth reaches 5", _EZIZ),
    "depth_1_share": Definition("share of threads with comments, all of them on the post", _DEMARZO),
    "width_mean": Definition("mean over threads with comments of the most comments at one depth", _EZIZ),
    "branching_root": Definition("comments on the post per thread with comments", _EZIZ),
    "branching_below": Definition("replies per comment", _EZIZ),
    "wiener": Definition(
        "mean over threads with comments of the mean distance between two targets of a thread",
        "Goel et al. 2016, doi:10.1287/mnsc.2015.2158 (structural virality)",
    ),
    "shape_minimal": Definition(f"{_SHAPE} minimal: n < 5", _HOLTZ),
    "shape_wide_tree": Definition(f"{_SHAPE} wide trees: not minimal, depth ≤ 2, width ≥ n / 2", _HOLTZ),
    "shape_deep_chain": Definition(
        f"{_SHAPE} deep chains: depth ≥ 4, width < .3 n, none of the former", _HOLTZ
    ),
    "shape_branching": Definition(
        f"{_SHAPE} actively branching: at least a fifth of n are replies, none of the former", _HOLTZ
    ),
    "shape_shallow": Definition(f"{_SHAPE} shallow and sparse: none of the others", _HOLTZ),
    "levels_wide_tree": Definition(
        f"{_SHAPE} wide trees, depth counted from 1 on the post itself and breadth as replies per answered "
        "target: not minimal, depth ≤ 2, breadth ≥ n / 2",
        _HOLTZ,
    ),
    "levels_deep_chain": Definition(
        f"{_SHAPE} deep chains, counted in the same way: depth ≥ 4, breadth < .3 n, none of the former",
        _HOLTZ,
    ),
    "levels_branching": Definition(
        f"{_SHAPE} actively branching: at least a fifth of n are replies, none of the former, counted in the "
        "same way",
        _HOLTZ,
    ),
    "levels_shallow": Definition(
        f"{_SHAPE} shallow and sparse: none of the others, counted in the same way", _HOLTZ
    ),
    "depth_width": Definition(
        "slope of ln(depth / √n) on ln(width / √n) by least squares over threads with n ≥ 10", _DEMARZO
    ),
}
"""What is measured of threads as trees."""

SCALING_SIZE: Final = 10
"""Comments from which a thread has a say in `depth_width`."""


@dataclass(frozen=True, slots=True)
class Trees:
    """The threads of a record that have comments, one entry each."""

    size: Ints
    """Comments."""
    depth: Ints
    """Largest depth."""
    width: Ints
    """Most comments at one depth."""
    direct: Ints
    """Comments on the post."""
    answered: Ints
    """Targets with a comment on them, the post among them."""
    distance: Floats
    """Mean distance between two targets of the thread, the post among them."""


def trees(corpus: Corpus) -> Trees:
    """Return every thread's shape.

    Comments without a chain of parents to their post, and threads of the opening, are left out.

    Raises
    ------
    NotComputable
        If the record does not know comment.parent.
    """
    parent = corpus.parents()
    depth = depths(parent)
    whole = corpus.comment_post
    own = (whole != UNKNOWN) & (depth > 0)
    own[own] &= corpus.post_own[whole[own]]
    thread, level = whole[own], depth[own]
    size = np.bincount(thread, minlength=corpus.n_posts)
    deepest = np.zeros(corpus.n_posts, dtype=np.int64)
    np.maximum.at(deepest, thread, level)
    base = int(level.max(initial=0)) + 1
    keys, number = np.unique(thread * base + level, return_counts=True)
    widest = np.zeros(corpus.n_posts, dtype=np.int64)
    np.maximum.at(widest, keys // base, number)
    total = _wiener(parent, depth, own, whole, size)
    on_post = own & (parent == ON_POST)
    direct = np.bincount(whole[on_post], minlength=corpus.n_posts)
    answered = np.bincount(whole[np.unique(parent[own & ~on_post])], minlength=corpus.n_posts)
    used = size > 0
    pairs = (size + 1) * size / 2
    return Trees(
        size=size[used],
        depth=deepest[used],
        width=widest[used],
        direct=direct[used],
        answered=(answered + np.minimum(direct, 1))[used],
        distance=total[used] / pairs[used],
    )


def _wiener(parent: Ints, depth: Ints, own: np.ndarray, post: Ints, size: Ints) -> Floats:
    """Return the sum of distances over each thread's pairs: an edge above s targets is on s (N − s) paths."""
    below = own.astype(np.int64)
    order = np.argsort(depth[own], kind="stable")
    index = np.flatnonzero(own)[order]
    level = depth[index]
    for at in range(int(level.max(initial=0)), 1, -1):
        here = index[np.searchsorted(level, at) : np.searchsorted(level, at, side="right")]
        np.add.at(below, parent[here], below[here])
    nodes = size[post[own]] + 1
    crossing = (below[own] * (nodes - below[own])).astype(np.float64)
    return np.bincount(post[own], weights=crossing, minlength=len(size)).astype(np.float64)


def shapes(found: Trees, *, levels: bool = False) -> dict[str, np.ndarray]:
    """Return, by Holtz's names, which threads are of each shape; each is of exactly one.

    Parameters
    ----------
    found
        The threads.
    levels
        Count depth from 1 on the post itself and take replies per answered target for breadth. Default: depth
        1 is a comment on the post, breadth the most comments at one depth.

    Examples
    --------
    Four comments on a post, and an answer to one of them:

    >>> thread = Trees(*(np.array([x]) for x in (5, 2, 4, 4, 2)), np.array([2.0]))
    >>> [name for name, is_so in shapes(thread).items() if is_so[0]]
    ['wide_tree']
    >>> [name for name, is_so in shapes(thread, levels=True).items() if is_so[0]]
    ['branching']
    """
    n = found.size
    replies = n - found.direct
    depth = found.depth + levels
    breadth = n / found.answered if levels else found.width
    tests = {
        "minimal": n < 5,
        "wide_tree": (depth <= 2) & (breadth >= 0.5 * n),
        "deep_chain": (depth >= 4) & (breadth < 0.3 * n),
        "branching": replies >= 0.2 * n,
    }
    free = np.ones(len(n), dtype=bool)
    named: dict[str, np.ndarray] = {}
    for name, test in tests.items():
        named[name] = free & test
        free &= ~test
    return {**named, "shallow": free}


def measure(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
    """Compute ``tree.*``; intervals by resampling threads."""
    sheet = Sheet("tree", DEFINITIONS)
    found = trees(corpus)
    if not len(found.size):
        sheet.lack(DEFINITIONS, "at least 1 thread with comments")
        return sheet.measures
    one = np.ones(len(found.size))
    parts = {
        "max_depth_mean": (found.depth, one),
        "depth_5_share": (found.depth >= 5, one),
        "depth_1_share": (found.depth == 1, one),
        "width_mean": (found.width, one),
        "branching_root": (found.direct, one),
        "branching_below": (found.size - found.direct, found.size),
        "wiener": (found.distance, one),
        **{f"shape_{name}": (is_so, one) for name, is_so in shapes(found).items()},
        **{
            f"levels_{name}": (is_so, one)
            for name, is_so in shapes(found, levels=True).items()
            if name != "minimal"
        },
    }
    rng = np.random.default_rng([sampling.seed, 50])
    intervals = ratio_intervals(parts, sampling.draws, rng)
    for name, (above, below) in parts.items():
        sheet.enter(name, partial(_ratio, above, below), ci=fixed(intervals[name]))
    slope = partial(_scaling, found)
    sheet.enter("depth_width", lambda: slope()[0], ci=lambda _: slope()[1])
    return sheet.measures


def _ratio(above: np.ndarray, below: np.ndarray) -> float:
    return float(above.sum() / below.sum())


def _scaling(found: Trees) -> tuple[float, Interval | None]:
    large = found.size >= SCALING_SIZE
    root = np.sqrt(found.size[large])
    return slope_of(np.log(found.width[large] / root), np.log(found.depth[large] / root))


FAMILY: Final = Family("tree", frozenset({Post, Comment, "comment.parent"}), measure, DEFINITIONS)
