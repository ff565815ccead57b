"""The measures ``thread.*``: how deep, how answered, how fast.

Depth is counted here as the literature counts it, 1 for a comment on the post, so that Holtz's mean of 1.07
is what his data give. (Elsewhere in Moltarium, as in MoltBook's API, a comment on the post has depth 0.)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from moltarium.analysis.bootstrap import Floats, fixed, resampled_interval
from moltarium.analysis.corpus import DANGLING, ON_POST, UNKNOWN, Corpus, Ints, own_threads
from moltarium.analysis.metric import EXTREME, Definition, Family, Measure, Sampling, Sheet
from moltarium.analysis.ratios import ratio_intervals
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Post

_HOLTZ: Final = "Holtz 2026, arXiv:2602.10131"
_EZIZ: Final = "after Eziz 2026, arXiv:2602.07667"
_FLAT: Final = "after Form Without Function 2026, arXiv:2604.13052"

DEFINITIONS: Final[dict[str, Definition]] = {
    "depth_mean": Definition("mean depth of comments; a comment on the post has depth 1", _HOLTZ),
    "depth_max": Definition("largest depth of a comment; a comment on the post has depth 1", _HOLTZ),
    "never_replied": Definition("share of comments that no comment answers", _HOLTZ),
    "posts_with_comment": Definition("share of posts with at least one comment", _HOLTZ),
    "flat_share": Definition("share of posts with comments where no comment answers a comment", _FLAT),
    "first_comment_median_min": Definition(
        "median minutes from a post to its first comment, over posts with one within 24 h", _HOLTZ
    ),
    "first_comment_mean_min": Definition(
        "mean minutes from a post to its first comment, over posts with one within 24 h", _HOLTZ
    ),
    "replied_share": Definition("share of comments that a comment answers: 1 − never_replied", _EZIZ),
    "reentry": Definition(
        "share of comments whose author had already commented in the thread", f"{_EZIZ} (pooled)"
    ),
}

_NEED_PARENT: Final = ("depth_mean", "depth_max", "never_replied", "replied_share", "flat_share")
_MINUTE: Final = 60_000_000
_DAY_MINUTES: Final = 24 * 60
_UNIT: Final = {
    "posts_with_comment": "post",
    "reentry": "comment",
    "depth_mean": "comment whose depth is known",
    "never_replied": "comment",
    "replied_share": "comment",
    "flat_share": "post with a comment",
}


def depths(parent: Ints) -> Ints:
    """Return the depth of each comment: 1 on the post, one more than its parent below.

    Works level by level, so it takes as many passes as the deepest thread has levels.

    Parameters
    ----------
    parent
        Parent index per comment, `ON_POST` or `DANGLING`, shape (comments,).

    Returns
    -------
    ndarray
        Shape (comments,); 0 where no chain of parents leads to the post (a dangling parent above, or a
        circle of parents in broken data): depth unknown.

    Examples
    --------
    >>> depths(np.array([ON_POST, 0, 1, DANGLING, 3])).tolist()
    [1, 2, 3, 0, 0]
    """
    depth = np.zeros(len(parent), dtype=np.int64)
    depth[parent == ON_POST] = 1
    waiting = np.flatnonzero(parent >= 0)
    while len(waiting):
        above = depth[parent[waiting]]
        ready = above > 0
        if not ready.any():
            break
        depth[waiting[ready]] = above[ready] + 1
        waiting = waiting[~ready]
    return depth


def reentries(corpus: Corpus) -> npt.NDArray[np.bool_]:
    """Return, per comment, whether its author had commented in the same thread before, shape (comments,).

    Before means earlier in time, then in the record's order. Unknown authors and posts never re-enter.
    """
    known = np.flatnonzero((corpus.comment_author != UNKNOWN) & (corpus.comment_post != UNKNOWN))
    pair = corpus.comment_post[known] * max(len(corpus.agents), 1) + corpus.comment_author[known]
    order = np.lexsort((corpus.comment_t[known], pair))
    again = np.zeros(corpus.n_comments, dtype=bool)
    ordered = pair[order]
    again[known[order[1:][ordered[1:] == ordered[:-1]]]] = True
    return again


def first_latencies(corpus: Corpus) -> tuple[Floats, int]:
    """Return minutes from each commented post to its first comment, and how many were impossible.

    Returns
    -------
    ndarray
        Shape (threads,), non-negative.
    int
        Posts whose first comment is dated before the post: a fault in the data, left out.
    """
    known = corpus.comment_post != UNKNOWN
    first = np.full(corpus.n_posts, np.iinfo(np.int64).max)
    np.minimum.at(first, corpus.comment_post[known], corpus.comment_t[known])
    commented = np.zeros(corpus.n_posts, dtype=bool)
    commented[corpus.comment_post[known]] = True
    minutes = (first[commented] - corpus.post_t[commented]) / _MINUTE
    return minutes[minutes >= 0], int((minutes < 0).sum())


def ratio_parts(corpus: Corpus) -> dict[str, tuple[Ints, Ints]]:
    """Return, per thread, numerator and denominator of every measure that is a ratio of sums over threads.

    Those that need comment.parent are left out where it is unknown. Comments on posts outside the record
    belong to no thread and are not counted.
    """
    thread = corpus.comment_post
    placed = thread != UNKNOWN

    def per_thread(chosen: npt.NDArray[np.bool_], amount: Ints | None = None) -> Ints:
        used = chosen & placed
        weights = None if amount is None else amount[used]
        return np.bincount(thread[used], weights, minlength=corpus.n_posts).astype(np.int64)

    size = per_thread(placed)
    commented = np.minimum(size, 1)
    parts = {
        "posts_with_comment": (commented, np.ones(corpus.n_posts, dtype=np.int64)),
        "reentry": (per_thread(reentries(corpus)), size),
    }
    if (parent := corpus.comment_parent) is not None:
        depth = depths(parent)
        answered = np.zeros(corpus.n_comments, dtype=bool)
        answered[parent[parent >= 0]] = True
        parts["depth_mean"] = (per_thread(depth > 0, depth), per_thread(depth > 0))
        parts["never_replied"] = (per_thread(~answered), size)
        parts["replied_share"] = (per_thread(answered), size)
        parts["flat_share"] = (commented * (per_thread(parent != ON_POST) == 0), commented)
    return parts


def measure(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
    """Compute ``thread.*`` over threads that the society opened itself; intervals by resampling threads."""
    corpus = own_threads(corpus)
    sheet = Sheet("thread", DEFINITIONS)
    parts = ratio_parts(corpus)
    intervals = ratio_intervals(parts, sampling.draws, np.random.default_rng([sampling.seed, 20]))
    notes = _notes(corpus)
    for name, (above, below) in parts.items():
        sheet.enter(
            name,
            partial(_ratio, above, below, _UNIT[name]),
            ci=fixed(intervals[name]),
            note=notes.get(name),
        )
    if corpus.comment_parent is None:
        sheet.lack(_NEED_PARENT, "comment.parent")
    else:
        depth = depths(corpus.comment_parent)
        sheet.enter("depth_max", lambda: _largest(depth), note=notes.get("depth_max"), why=EXTREME)
    _enter_latency(sheet, corpus, sampling)
    return {name: sheet.measures[name] for name in FAMILY.names}


def _notes(corpus: Corpus) -> dict[str, str]:
    """Return what is left out of which measure."""
    notes: dict[str, str] = {}
    stray = int((corpus.comment_post == UNKNOWN).sum())
    if stray:
        notes = dict.fromkeys(DEFINITIONS, f"{stray} comments on posts outside the record left out")
    if (parent := corpus.comment_parent) is not None:
        lost, dangling = int((depths(parent) == 0).sum()), int((parent == DANGLING).sum())
        if lost:
            text = f"{lost} comments without a chain of parents to their post left out ({dangling} dangling)"
            for name in ("depth_mean", "depth_max"):
                notes[name] = "; ".join(filter(None, (notes.get(name), text)))
    return notes


def _enter_latency(sheet: Sheet, corpus: Corpus, sampling: Sampling) -> None:
    minutes, impossible = first_latencies(corpus)
    soon = minutes[minutes <= _DAY_MINUTES]
    late = len(minutes) - len(soon)
    left_out = (
        f"{impossible} posts left out: first comment dated before the post" if impossible else None,
        f"{late} posts left out: first comment after 24 h" if late else None,
    )
    note = "; ".join(filter(None, left_out)) or None
    draws, seed = sampling.draws, sampling.seed
    middle = (
        resampled_interval(soon, _median, draws, np.random.default_rng([seed, 21])) if len(soon) else None
    )
    sheet.enter("first_comment_median_min", partial(_of_some, _median, soon), ci=fixed(middle), note=note)
    parts = {"mean": (soon, np.ones(len(soon)))}
    mean = ratio_intervals(parts, draws, np.random.default_rng([seed, 21, 1]))["mean"]
    sheet.enter("first_comment_mean_min", partial(_of_some, _mean, soon), ci=fixed(mean), note=note)


def _median(values: Floats) -> float:
    return float(np.median(values))


def _mean(values: Floats) -> float:
    return float(values.mean())


def _of_some(average: Callable[[Floats], float], values: Floats) -> float:
    if not len(values):
        raise NotComputable("at least 1 post with a comment within 24 h")
    return average(values)


def _ratio(above: Ints, below: Ints, unit: str) -> float:
    if not (total := below.sum()):
        raise NotComputable(f"at least 1 {unit}")
    return float(above.sum() / total)


def _largest(depth: Ints) -> float:
    if not depth.any():
        raise NotComputable("at least 1 comment whose depth is known")
    return float(depth.max())


FAMILY: Final = Family("thread", frozenset({Post, Comment}), measure, DEFINITIONS)
