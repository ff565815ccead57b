"""The measure ``text.exact_duplicates``: how much of what is said has been said before, word for word."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

import numpy as np

from moltarium.analysis.bootstrap import fixed, ratio_intervals
from moltarium.analysis.corpus import UNKNOWN, Corpus, Ints
from moltarium.analysis.metric import Definition, Family, Measure, Sampling, Sheet
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Post
from moltarium.sim.record.view import Record

DEFINITIONS: Final[dict[str, Definition]] = {
    "exact_duplicates": Definition(
        "share of post bodies and comments whose text occurs more than once (compared in lower case, "
        "runs of white space as one space); empty texts left out",
        "Holtz 2026, arXiv:2602.10131",
    )
}

EMPTY: Final = -1
"""Class of a text without a visible character."""


def plain(text: str) -> str:
    """Return a text as duplicates are compared: lower case, white space squeezed, ends stripped.

    Examples
    --------
    >>> plain("  Hello,\\n\\nWORLD ")
    'hello, world'
    """
    return " ".join(text.lower().split())


def classes(record: Record) -> Ints:
    """Return a number per post, then per comment, equal for equal plain texts, or `EMPTY`.

    Texts are compared by 128-bit BLAKE2b and not kept, so memory does not grow with their length.
    """
    seen: dict[bytes, int] = {}
    found = array("q")
    for body in _bodies(record):
        squeezed = plain(body)
        if not squeezed:
            found.append(EMPTY)
            continue
        key = blake2b(squeezed.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        found.append(seen.setdefault(key, len(seen)))
    return np.array(found, dtype=np.int64)


def duplicated(text: Ints) -> Ints:
    """Return 1 for each text whose class occurs more than once, else 0.

    Examples
    --------
    >>> duplicated(np.array([0, 1, 0, EMPTY, EMPTY])).tolist()
    [1, 0, 1, 0, 0]
    """
    if not len(text):
        return text
    count = np.bincount(text + 1)
    copies: Ints = ((text != EMPTY) & (count[text + 1] > 1)).astype(np.int64)
    return copies


def measure(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
    """Compute ``text.exact_duplicates``; interval by resampling authors, what is a duplicate held fixed."""
    sheet = Sheet("text", DEFINITIONS)
    own = np.concatenate((corpus.post_own, corpus.comment_own))
    text = classes(corpus.record)[own]
    copies, kept = duplicated(text), (text != EMPTY).astype(np.int64)
    author = np.concatenate((corpus.post_author, corpus.comment_author))[own]
    known = author != UNKNOWN
    agents = len(corpus.agents)
    parts = {
        "exact_duplicates": (
            np.bincount(author[known], copies[known], minlength=agents),
            np.bincount(author[known], kept[known], minlength=agents),
        )
    }

    def share() -> float:
        if not kept.any():
            raise NotComputable("at least 1 text")
        return float(copies.sum() / kept.sum())

    intervals = ratio_intervals(parts, sampling.draws, np.random.default_rng([sampling.seed, 30]))
    sheet.enter("exact_duplicates", share, ci=fixed(intervals["exact_duplicates"]))
    return sheet.measures


def _bodies(record: Record) -> Iterator[str]:
    for post in record.rows(Post):
        yield post.body
    for comment in record.rows(Comment):
        yield comment.body


FAMILY: Final = Family("text", frozenset({Post, Comment, "post.body", "comment.body"}), measure, DEFINITIONS)
