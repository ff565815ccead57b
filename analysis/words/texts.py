"""The measures ``text.*``: what has been said before, word for word, and who speaks of an owner."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from functools import partial
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

from moltarium.analysis.bootstrap import MIN_BLOCKS, fixed
from moltarium.analysis.corpus import UNKNOWN, Corpus, Ints
from moltarium.analysis.metric import Definition, Family, Measure, Sampling, Sheet
from moltarium.analysis.ratios import ratio_intervals
from moltarium.analysis.words.wording import COUNTED, PAIRED, Wording, jaccard, zipf, zipf_alpha
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Post
from moltarium.sim.record.view import Record

_HOLTZ: Final = "Holtz 2026, arXiv:2602.10131"

DEFINITIONS: Final[dict[str, Definition]] = {
    "exact_duplicates": Definition(
        "share of post bodies and comments whose text occurs more than once (compared in lower case, "
        "runs of white space as one space); empty texts left out",
        _HOLTZ,
    ),
    "exact_duplicate_comments": Definition(
        "share of comments whose text occurs in more than one comment, compared in the same way; empty texts "
        "left out",
        f"after {_HOLTZ}",
    ),
    "repeats": Definition(
        "share of post bodies and comments whose text an earlier one has, compared in the same way: 1 − "
        "different texts / texts; empty texts left out",
        f"after {_HOLTZ}",
    ),
    "my_human": Definition(
        "share of post bodies and comments that say “my human” (case and white space as above); empty texts "
        "left out",
        _HOLTZ,
    ),
    "zipf": Definition(
        "s of frequency ∝ rank^−s over all words (2 to 24 letters of any script, lower case) of post bodies "
        "and comments, least squares in logarithms; grows with the amount of text; of more than "
        f"{COUNTED:,} texts so many are drawn at random",
        f"Zipf 1949; after {_HOLTZ}",
    ),
    "zipf_alpha": Definition(
        "1 + n / Σ ln f over the same words, f a word's frequency; falls with the amount of text",
        "Clauset, Shalizi & Newman 2009, doi:10.1137/070710111",
    ),
    "jaccard": Definition(
        "mean over pairs of texts of the words in both / the words in either, post bodies and comments with "
        f"words; all pairs of at most {PAIRED:,} texts, drawn at random where there are more",
        f"after {_HOLTZ}",
    ),
}

OWNER: Final = re.compile(r"\bmy human\b")
"""How agents speak of whom they belong to."""

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


def read(record: Record) -> tuple[Ints, Ints]:
    """Return what each post, then each comment, says.

    Texts are compared by 128-bit BLAKE2b and not kept, so memory does not grow with their length.

    Returns
    -------
    ndarray
        A number per text, equal for equal plain texts, or `EMPTY`.
    ndarray
        1 per text that says “my human”, else 0.
    """
    seen: dict[bytes, int] = {}
    found, owned = array("q"), array("q")
    for body in _bodies(record):
        squeezed = plain(body)
        owned.append(OWNER.search(squeezed) is not None)
        if not squeezed:
            found.append(EMPTY)
            continue
        key = blake2b(squeezed.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        found.append(seen.setdefault(key, len(seen)))
    return np.array(found, dtype=np.int64), np.array(owned, dtype=np.int64)


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
    """Compute ``text.*``; intervals by resampling authors, what is a duplicate held fixed."""
    sheet = Sheet("text", DEFINITIONS)
    own = np.concatenate((corpus.post_own, corpus.comment_own))
    text, owned = (found[own] for found in read(corpus.record))
    kept = (text != EMPTY).astype(np.int64)
    said_below = np.repeat([False, True], [int(corpus.post_own.sum()), int(corpus.comment_own.sum())])
    among_comments = duplicated(np.where(said_below, text, EMPTY))
    counted = {
        "exact_duplicates": (duplicated(text), kept),
        "exact_duplicate_comments": (among_comments, kept * said_below),
        "repeats": (((text != EMPTY) & ~first_of(text)).astype(np.int64), kept),
        "my_human": (owned, kept),
    }
    author = np.concatenate((corpus.post_author, corpus.comment_author))[own]
    known = author != UNKNOWN
    agents = len(corpus.agents)
    parts = {
        name: (
            np.bincount(author[known], some[known], minlength=agents),
            np.bincount(author[known], every[known], minlength=agents),
        )
        for name, (some, every) in counted.items()
    }
    intervals = ratio_intervals(parts, sampling.draws, np.random.default_rng([sampling.seed, 30]))
    for name, (some, every) in counted.items():
        sheet.enter(name, partial(_share, some, every), ci=fixed(intervals[name]))
    _enter_words(sheet, corpus.record, np.flatnonzero(own)[text != EMPTY], author[text != EMPTY], sampling)
    return sheet.measures


def first_of(text: Ints) -> npt.NDArray[np.bool_]:
    """Return which texts are the first of their class, shape (texts,).

    Examples
    --------
    >>> first_of(np.array([0, 1, 0, EMPTY, EMPTY])).tolist()
    [True, True, False, True, False]
    """
    first = np.zeros(len(text), dtype=np.bool_)
    first[np.unique(text, return_index=True)[1]] = True
    return first


def _enter_words(sheet: Sheet, record: Record, used: Ints, author: Ints, sampling: Sampling) -> None:
    """Enter what words tell of the texts `used` (indices, ascending) by these authors."""
    rng = np.random.default_rng([sampling.seed, 31])
    counted = _some(used, COUNTED, rng)
    wording = Wording(_some(counted, PAIRED, rng))
    members = np.zeros(int(used.max(initial=-1)) + 1, dtype=np.bool_)
    members[counted] = True
    wording.read(_bodies(record), lambda index: index < len(members) and bool(members[index]))
    frequency = list(wording.frequency.values())
    of = f"{len(counted):,} of {len(used):,} texts" if len(counted) < len(used) else f"{len(used):,} texts"
    note = f"{sum(frequency):,} words, {len(frequency):,} different, in {of}"
    sheet.enter("zipf", lambda: zipf(frequency), note=note)
    sheet.enter("zipf_alpha", lambda: zipf_alpha(frequency), note=note)
    place = {int(index): k for k, index in enumerate(used)}
    # Texts of unknown authors are nobody's copies: each stands for itself.
    who = [int(author[place[k]]) if author[place[k]] != UNKNOWN else -2 - k for k in wording.texts]
    group = np.unique(np.array(who, dtype=np.int64), return_inverse=True)[1]
    try:
        alike, interval = jaccard(list(wording.texts.values()), group)
    except NotComputable as lack:
        sheet.lack(["jaccard"], lack.needs)
        return
    pairs = f"all pairs of {len(wording.texts):,} of {len(used):,} texts"
    enough = interval if sampling.draws and len(np.unique(group)) >= MIN_BLOCKS else None
    sheet.enter("jaccard", lambda: alike, ci=fixed(enough), note=pairs)


def _some(of: Ints, most: int, rng: np.random.Generator) -> Ints:
    """Return all of `of`, or `most` drawn at random where there are more, in order."""
    return of if len(of) <= most else np.sort(rng.choice(of, most, replace=False))


def _share(some: Ints, every: Ints) -> float:
    if not every.any():
        raise NotComputable("at least 1 text")
    return float(some.sum() / every.sum())


def _bodies(record: Record) -> Iterator[str]:
    for post in record.rows(Post):
        yield post.body
    for comment in record.rows(Comment):
        yield comment.body


FAMILY: Final = Family("text", frozenset({Post, Comment, "post.body", "comment.body"}), measure, DEFINITIONS)
