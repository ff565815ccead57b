"""A thread as a tree: every comment exactly once, however broken its parents are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from moltarium.sim.record.schema import Comment

Order: TypeAlias = Literal["top", "new", "old"]

MAX_DEPTH: Final = 24
"""Deeper replies are shown at this depth: a page has an edge, and so has a browser's stack."""


@dataclass(frozen=True, slots=True)
class Node:
    """A comment at its place."""

    comment: Comment
    depth: int
    """0 on the post."""
    orphan: bool
    """Whether its parent is not in the thread, or the parents run in a circle."""


def arrange(comments: Sequence[Comment], score: Callable[[str], int], order: Order = "top") -> list[Node]:
    """Return a thread's comments in reading order: each one before its replies, siblings in `order`.

    Comments whose parent is missing come as roots after the others, and of a circle of parents the earliest
    one does: nothing is dropped and nothing is shown twice.

    Parameters
    ----------
    comments
        All comments of one post.
    score
        Score by comment id, for ``"top"``.
    order
        ``"top"``: highest score, then oldest, as on the site; ``"new"``; ``"old"``.
    """
    known = {comment.comment_id for comment in comments}
    below: defaultdict[str | None, list[Comment]] = defaultdict(list)
    roots: list[tuple[Comment, bool]] = []
    for comment in comments:
        if comment.parent is None:
            roots.append((comment, False))
        elif comment.parent in known and comment.parent != comment.comment_id:
            below[comment.parent].append(comment)
        else:
            roots.append((comment, True))

    def key(comment: Comment) -> tuple[int, int]:
        if order == "top":
            return -score(comment.comment_id), comment.seq
        return 0, -comment.seq if order == "new" else comment.seq

    roots.sort(key=lambda root: (root[1], *key(root[0])))
    placed: list[Node] = []
    seen: set[str] = set()
    _walk(roots, below, key, placed, seen)
    for comment in sorted(comments, key=lambda c: c.seq):
        if comment.comment_id not in seen:
            _walk([(comment, True)], below, key, placed, seen)
    return placed


def _walk(
    roots: list[tuple[Comment, bool]],
    below: dict[str | None, list[Comment]],
    key: Callable[[Comment], tuple[int, int]],
    placed: list[Node],
    seen: set[str],
) -> None:
    waiting = [(comment, 0, orphan) for comment, orphan in reversed(roots)]
    while waiting:
        comment, depth, orphan = waiting.pop()
        if comment.comment_id in seen:
            continue
        seen.add(comment.comment_id)
        placed.append(Node(comment, min(depth, MAX_DEPTH), orphan))
        replies = sorted(below.get(comment.comment_id, ()), key=key, reverse=True)
        waiting.extend((reply, depth + 1, False) for reply in replies)
