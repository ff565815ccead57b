"""Posts and comments of one record as integer arrays: read once, shared by every family of measures.

Nothing here depends on a corpus's size: rows are streamed, texts are not kept, and three million comments
come to a few hundred megabytes, most of it the ids that link replies to their parents.

A society that was seeded from a snapshot begins with an *opening*: rows of step 0 that somebody else wrote.
The opening is context, never a finding: it can be answered, so it stands in the arrays, but it is not counted
as what the society did (`Corpus.post_own`, `Corpus.comment_own`, `own_threads`).
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import TABLE_OF, Comment, Post, Row
from moltarium.sim.record.view import Record

Ints: TypeAlias = npt.NDArray[np.int64]
"""Codes, indices, counts and microseconds."""

Mask: TypeAlias = npt.NDArray[np.bool_]

OPENING: Final = 0
"""Step of what a society was seeded with."""

OBSERVED: Final = -1
"""Stands for the step of an observed row, which has none."""

UNKNOWN: Final = -1
"""Code of an author who is deleted or was never known, and index of a post that the record lacks."""
ON_POST: Final = -1
"""Parent index of a comment that stands on the post itself."""
DANGLING: Final = -2
"""Parent index of a reply whose parent comment is not in the record."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """The authored content of one record.

    Agents, posts and comments are numbered in order of first appearance (posts before comments); all arrays
    of one kind are aligned.
    """

    record: Record
    agents: npt.NDArray[np.object_]
    """Agent ids by code; only agents who wrote something."""
    post_author: Ints
    """Agent code per post, or `UNKNOWN`."""
    post_t: Ints
    """Microseconds since 1970 UTC per post."""
    post_community: Ints
    """Community number per post, in order of first appearance."""
    communities: npt.NDArray[np.object_]
    """Community names by number."""
    comment_author: Ints
    """Agent code per comment, or `UNKNOWN`."""
    comment_post: Ints
    """Post index per comment, or `UNKNOWN`."""
    comment_parent: Ints | None
    """Comment index of the parent, `ON_POST` or `DANGLING`; ``None`` if the record has no comment.parent."""
    comment_t: Ints
    """Microseconds since 1970 UTC per comment."""
    post_own: Mask
    """False per post of the opening."""
    comment_own: Mask
    """False per comment of the opening."""

    @property
    def n_posts(self) -> int:
        """The number of posts."""
        return len(self.post_author)

    @property
    def n_comments(self) -> int:
        """The number of comments."""
        return len(self.comment_author)

    def parents(self) -> Ints:
        """Return `comment_parent`.

        Raises
        ------
        NotComputable
            If the record does not know which comment a comment answers.
        """
        if self.comment_parent is None:
            raise NotComputable("comment.parent")
        return self.comment_parent


def lacking(record: Record, need: type[Row] | str) -> str | None:
    """Return how a missing table or column is named to a reader, or ``None`` if the record has it."""
    if record.has(need):
        return None
    if isinstance(need, str):
        return need if "." in need else f"table {need}"
    return f"table {TABLE_OF[need]}"


def require(record: Record, *needs: type[Row] | str) -> None:
    """Raise `NotComputable` for the first table or column that the record does not know."""
    for need in needs:
        if (missing := lacking(record, need)) is not None:
            raise NotComputable(missing)


def read_corpus(record: Record) -> Corpus:
    """Read the posts and comments of a record into arrays.

    Raises
    ------
    NotComputable
        If the record knows neither table post nor table comment.
    """
    require(record, Post, Comment)
    agents: dict[str, int] = {}
    posts: dict[str, int] = {}
    communities: dict[str, int] = {}
    post_author, post_t, post_own = array("q"), array("q"), array("b")
    post_community = array("q")
    for post in record.rows(Post):
        posts[post.post_id] = len(post_t)
        post_author.append(UNKNOWN if post.author is None else agents.setdefault(post.author, len(agents)))
        post_t.append(post.t)
        post_own.append(post.step != OPENING)
        post_community.append(communities.setdefault(post.community, len(communities)))

    comments: dict[str, int] = {}
    parents: dict[int, str] = {}
    comment_author, comment_post, comment_t = array("q"), array("q"), array("q")
    comment_own = array("b")
    for comment in record.rows(Comment):
        index = len(comment_t)
        comments[comment.comment_id] = index
        if comment.parent is not None:
            parents[index] = comment.parent
        author = comment.author
        comment_author.append(UNKNOWN if author is None else agents.setdefault(author, len(agents)))
        comment_post.append(posts.get(comment.post_id, UNKNOWN))
        comment_t.append(comment.t)
        comment_own.append(comment.step != OPENING)

    parent: Ints | None = None
    if record.has("comment.parent"):
        parent = np.full(len(comment_t), ON_POST, dtype=np.int64)
        for index, name in parents.items():
            parent[index] = comments.get(name, DANGLING)
    return Corpus(
        record=record,
        agents=np.array(list(agents), dtype=object),
        post_author=_ints(post_author),
        post_t=_ints(post_t),
        post_community=_ints(post_community),
        communities=np.array(list(communities), dtype=object),
        comment_author=_ints(comment_author),
        comment_post=_ints(comment_post),
        comment_parent=parent,
        comment_t=_ints(comment_t),
        post_own=np.array(post_own, dtype=np.bool_),
        comment_own=np.array(comment_own, dtype=np.bool_),
    )


def own_threads(corpus: Corpus) -> Corpus:
    """Return the part of a corpus that lies in threads the society itself opened.

    An observed record, or a run that started empty, is returned as it is.
    """
    if corpus.post_own.all() and corpus.comment_own.all():
        return corpus
    placed = corpus.comment_post != UNKNOWN
    kept = np.where(placed, corpus.post_own[corpus.comment_post], corpus.comment_own)
    parent = corpus.comment_parent
    return replace(
        corpus,
        post_author=corpus.post_author[corpus.post_own],
        post_t=corpus.post_t[corpus.post_own],
        post_own=corpus.post_own[corpus.post_own],
        comment_author=corpus.comment_author[kept],
        comment_post=_renumbered(corpus.comment_post[kept], corpus.post_own, UNKNOWN),
        comment_parent=None if parent is None else _renumbered(parent[kept], kept, DANGLING),
        comment_t=corpus.comment_t[kept],
        comment_own=corpus.comment_own[kept],
    )


def _renumbered(index: Ints, kept: Mask, gone: int) -> Ints:
    """Return `index` into what `kept` leaves; negative codes stay, what is not kept becomes `gone`."""
    new = np.where(kept, np.cumsum(kept) - 1, gone)
    return np.where(index < 0, index, new[index]).astype(np.int64)


def _ints(values: array[int]) -> Ints:
    return np.array(values, dtype=np.int64)
