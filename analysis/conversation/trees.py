"""The measures ``tree.*``: how deep, wide and branched threads are.

Depth is counted as published, 1 for a comment on the post. A thread's n is the number of its comments.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from moltarium.analysis.bootstrap import MIN_BLOCKS, TAIL, Floats, Interval, fixed, percentile_interval
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
_MEDIANS: Final = "by medians (deep or wide: more depth, more comments on the post, than the median thread)"
_REPLICATION: Final = f"{_HOLTZ}, as its replication code classifies"

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
    "shape_wide_tree": Definition(
        f"{_SHAPE} wide trees: not minimal, depth ≤ 2, at least n / 2 comments on the post", _HOLTZ
    ),
    "shape_deep_chain": Definition(
        f"{_SHAPE} deep chains: not minimal, depth ≥ 4, fewer than .3 n comments on the post", _HOLTZ
    ),
    "shape_branching": Definition(
        f"{_SHAPE} actively branching: at least a fifth of n are answered, none of the former", _HOLTZ
    ),
    "shape_shallow": Definition(f"{_SHAPE} shallow and sparse: none of the others", _HOLTZ),
    "median_wide_tree": Definition(
        f"{_SHAPE} wide trees {_MEDIANS}: not minimal, not deep, but wide", _REPLICATION
    ),
    "median_deep_chain": Definition(
        f"{_SHAPE} deep chains {_MEDIANS}: not minimal, deep, but not wide", _REPLICATION
    ),
    "median_branching": Definition(
        f"{_SHAPE} actively branching {_MEDIANS}: not minimal, both", _REPLICATION
    ),
    "median_shallow": Definition(
        f"{_SHAPE} shallow and sparse {_MEDIANS}: not minimal, neither", _REPLICATION
    ),
    "depth_width": Definition(
        "slope of ln(depth / √n) on ln(width / √n) by least squares over threads with n ≥ 10", _DEMARZO
    ),
}
"""What is measured of threads as trees."""

MINIMAL: Final = 5
"""Comments under which a thread is minimal (Holtz, arXiv:2602.10131)."""
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
    """Comments that a comment answers."""
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
        answered=answered[used],
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


def shapes(found: Trees) -> dict[str, np.ndarray]:
    """Return, by Holtz's names, which threads are of each shape by his text; each is of exactly one.

    Examples
    --------
    Four comments on a post, and an answer to one of them:

    >>> thread = Trees(*(np.array([x]) for x in (5, 2, 4, 4, 1)), np.array([2.0]))
    >>> [name for name, is_so in shapes(thread).items() if is_so[0]]
    ['wide_tree']
    """
    n, depth, direct = found.size, found.depth, found.direct
    return _in_turn(
        {
            "minimal": n < MINIMAL,
            "wide_tree": (depth <= 2) & (direct >= 0.5 * n),
            "deep_chain": (depth >= 4) & (direct < 0.3 * n),
            "branching": found.answered >= 0.2 * n,
        }
    )


def median_shapes(found: Trees, times: Ints | None = None) -> dict[str, np.ndarray]:
    """Return which threads are of each shape by Holtz's replication code, whose shares are those he prints.

    Parameters
    ----------
    found
        The threads.
    times
        How often each occurs, shape (threads,); default once.

    Examples
    --------
    A comment, five comments, and three of which one is answered twice:

    >>> size, depth, direct = np.array([1, 5, 5]), np.array([1, 1, 2]), np.array([1, 5, 3])
    >>> threads = Trees(size, depth, direct, direct, np.array([0, 0, 1]), np.ones(3))
    >>> {name: is_so.tolist() for name, is_so in median_shapes(threads).items() if is_so.any()}
    {'minimal': [True, False, False], 'wide_tree': [False, True, False], 'deep_chain': [False, False, True]}
    """
    number = np.ones(len(found.size), dtype=np.int64) if times is None else times
    deep = found.depth > _median(found.depth, number)
    wide = found.direct > _median(found.direct, number)
    return _in_turn(
        {
            "minimal": found.size < MINIMAL,
            "wide_tree": ~deep & wide,
            "deep_chain": deep & ~wide,
            "branching": deep & wide,
        }
    )


def _median(values: Ints, times: Ints) -> float:
    """Return the median of values that occur so many times each."""
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(times[order])
    middle = (upto[-1] - 1) // 2, upto[-1] // 2
    return float(values[order][np.searchsorted(upto, middle, side="right")].mean())


def median_intervals(found: Trees, draws: int, rng: np.random.Generator) -> dict[str, Interval | None]:
    """Return intervals of the shares of `median_shapes`: percentiles over resampled threads.

    The medians are those of each resample: where one lies between two numbers of comments, which of them it
    is makes most of the difference, and the figure itself may be the rarest of all; the interval holds it.
    """
    names = [name for name in median_shapes(found) if name != "minimal"]
    if len(found.size) < MIN_BLOCKS or not draws:
        return dict.fromkeys(names)
    # A shape hangs on these three numbers alone, and there are few kinds of them.
    alike = np.stack((np.minimum(found.size, 5), found.depth, found.direct))
    (size, depth, direct), number = np.unique(alike, axis=1, return_counts=True)
    kinds = Trees(size, depth, direct, direct, direct, direct.astype(np.float64))
    rows = []
    for _ in range(draws):
        times = rng.multinomial(number.sum(), number / number.sum())
        is_so = median_shapes(kinds, times)
        rows.append([float(is_so[name] @ times) / number.sum() for name in names])
    own = median_shapes(kinds, number)
    intervals: dict[str, Interval | None] = {}
    for name, drawn in zip(names, np.array(rows).T, strict=True):
        value, reach = float(own[name] @ number) / number.sum(), percentile_interval(drawn, TAIL)
        intervals[name] = (min(reach[0], value), max(reach[1], value)) if reach else None
    return intervals


def _in_turn(tests: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return, per test, who passes it and none before it; ``shallow`` are those who pass none."""
    free = np.ones(len(tests["minimal"]), dtype=bool)
    named: dict[str, np.ndarray] = {}
    for name, test in tests.items():
        named[name] = free & test
        free &= ~test
    return {**named, "shallow": free}


def measure(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
    """Compute ``tree.*``; intervals by resampling threads."""
    sheet = Sheet("tree", DEFINITIONS)
    if corpus.comment_parent is None:
        _enter_minimal(sheet, corpus, sampling)
        return sheet.measures
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
    }
    rng = np.random.default_rng([sampling.seed, 50])
    intervals = ratio_intervals(parts, sampling.draws, rng)
    for name, (above, below) in parts.items():
        sheet.enter(name, partial(_ratio, above, below), ci=fixed(intervals[name]))
    by_medians = median_intervals(found, sampling.draws, np.random.default_rng([sampling.seed, 51]))
    halved = median_shapes(found)
    for name, interval in by_medians.items():
        sheet.enter(f"median_{name}", partial(_ratio, halved[name], one), ci=fixed(interval))
    slope = partial(_scaling, found)
    sheet.enter("depth_width", lambda: slope()[0], ci=lambda _: slope()[1])
    return sheet.measures


def _enter_minimal(sheet: Sheet, corpus: Corpus, sampling: Sampling) -> None:
    """Enter the one figure that the number of comments alone decides, the others as lacking."""
    sheet.lack(DEFINITIONS, "comment.parent")
    own = corpus.comment_own & (corpus.comment_post != UNKNOWN)
    own[own] &= corpus.post_own[corpus.comment_post[own]]
    size = np.bincount(corpus.comment_post[own], minlength=corpus.n_posts)
    size = size[size > 0]
    if not len(size):
        sheet.lack(["shape_minimal"], "at least 1 thread with comments")
        return
    minimal, one = size < MINIMAL, np.ones(len(size))
    rng = np.random.default_rng([sampling.seed, 50])
    interval = ratio_intervals({"shape_minimal": (minimal, one)}, sampling.draws, rng)["shape_minimal"]
    sheet.enter("shape_minimal", partial(_ratio, minimal, one), ci=fixed(interval))


def _ratio(above: np.ndarray, below: np.ndarray) -> float:
    return float(above.sum() / below.sum())


def _scaling(found: Trees) -> tuple[float, Interval | None]:
    large = found.size >= SCALING_SIZE
    root = np.sqrt(found.size[large])
    return slope_of(np.log(found.width[large] / root), np.log(found.depth[large] / root))


FAMILY: Final = Family("tree", frozenset({Post, Comment}), measure, DEFINITIONS)
