"""The measures ``text.*``: what has been said before, word for word, and who speaks of an owner."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import partial
from hashlib import blake2b
from typing import Final, NamedTuple

import numpy as np

from moltarium.analysis.bootstrap import MIN_BLOCKS, fixed
from moltarium.analysis.corpus import UNKNOWN, Corpus, Ints, Mask
from moltarium.analysis.metric import Definition, Family, Measure, Sampling, Sheet
from moltarium.analysis.ratios import ratio_intervals
from moltarium.analysis.words.wording import COUNTED, LONG, PAIRED, Wording, jaccard, zipf, zipf_alpha
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
        "share of post bodies and comments that hold “my human” (case and white space as above; “my humans” "
        "holds it too); empty texts left out",
        _HOLTZ,
    ),
    "zipf": Definition(
        "s of frequency ∝ rank^−s over all words with a Latin letter (Unicode's word boundaries, lower case) "
        "of post bodies and comments, least squares in logarithms; grows with the amount of text; of more "
        f"than {COUNTED:,} texts so many are drawn at random",
        f"Zipf 1949; as {_HOLTZ}",
    ),
    "zipf_alpha": Definition(
        "1 + n / Σ ln f over the same words, f a word's frequency; falls with the amount of text",
        "Clauset, Shalizi & Newman 2009, doi:10.1137/070710111",
    ),
    "jaccard": Definition(
        "mean over pairs of texts of the words in both / the words in either; words are what stands between "
        f"white space, in lower case, texts are post bodies and comments of {LONG} characters or more; all "
        f"pairs of at most {PAIRED:,} texts, drawn at random where there are more",
        _HOLTZ,
    ),
    "jaccard_different": Definition(
        "the same among different texts, each taken once (compared as duplicates are)", _HOLTZ
    ),
}

_GROWS: Final = "no interval: it moves more with the amount of text than by chance"

OWNER: Final = "my human"
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


class Said(NamedTuple):
    """What each post, then each comment, of a record says, shape (texts,) each."""

    text: Ints
    """A number per text, equal for equal plain texts, or `EMPTY`."""
    owned: Ints
    """1 per text that says “my human”, else 0."""
    long: Mask
    """Which texts have at least `LONG` characters."""


def read(record: Record) -> Said:
    """Return what each post, then each comment, says.

    Texts are compared by 128-bit BLAKE2b and not kept, so memory does not grow with their length.
    """
    seen: dict[bytes, int] = {}
    found, owned, long = array("q"), array("q"), array("b")
    for body in _bodies(record):
        squeezed = plain(body)
        owned.append(OWNER in squeezed)
        long.append(len(body) >= LONG)
        if not squeezed:
            found.append(EMPTY)
            continue
        key = blake2b(squeezed.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        found.append(seen.setdefault(key, len(seen)))
    return Said(np.array(found, np.int64), np.array(owned, np.int64), np.array(long, np.bool_))


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
    said = read(corpus.record)
    text, owned = said.text[own], said.owned[own]
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
    _enter_words(sheet, corpus, said, own, sampling)
    return sheet.measures


def first_of(text: Ints) -> Mask:
    """Return which texts are the first of their class, shape (texts,).

    Examples
    --------
    >>> first_of(np.array([0, 1, 0, EMPTY, EMPTY])).tolist()
    [True, True, False, True, False]
    """
    first = np.zeros(len(text), dtype=np.bool_)
    first[np.unique(text, return_index=True)[1]] = True
    return first


def _enter_words(sheet: Sheet, corpus: Corpus, said: Said, own: Mask, sampling: Sampling) -> None:
    """Enter what the words of own texts tell."""
    rng = np.random.default_rng([sampling.seed, 31])
    used = own & (said.text != EMPTY)
    counted = _some(used, COUNTED, rng)
    long = used & said.long
    among = {"jaccard": long, "jaccard_different": long & first_of(np.where(long, said.text, EMPTY))}
    drawn = {name: _some(mask, PAIRED, rng) for name, mask in among.items()}
    wording = Wording(counted, np.any(list(drawn.values()), axis=0))
    wording.read(_bodies(corpus.record))
    frequency = wording.frequency()
    note = f"{sum(frequency):,} words, {len(frequency):,} different, in {_part(counted, used)}"
    sheet.enter("zipf", lambda: zipf(frequency), note=note, why=_GROWS)
    sheet.enter("zipf_alpha", lambda: zipf_alpha(frequency), note=note, why=_GROWS)
    author = np.concatenate((corpus.post_author, corpus.comment_author))
    for name, mask in drawn.items():
        index = np.flatnonzero(mask)
        if len(index) < 2:
            sheet.lack([name], f"at least 2 texts of {LONG} characters")
            continue
        # Texts of unknown authors are nobody's copies: each stands for itself.
        who = np.where(author[index] == UNKNOWN, -2 - index, author[index])
        group = np.unique(who, return_inverse=True)[1]
        alike, interval = jaccard([wording.texts[k] for k in index.tolist()], group)
        enough = interval if sampling.draws and len(np.unique(group)) >= MIN_BLOCKS else None
        pairs = f"all pairs of {_part(mask, among[name])}"
        sheet.enter(name, partial(float, alike), ci=fixed(enough), note=pairs)


def _part(some: Mask, of: Mask) -> str:
    return f"{some.sum():,} of {of.sum():,} texts" if (some != of).any() else f"{of.sum():,} texts"


def _some(of: Mask, most: int, rng: np.random.Generator) -> Mask:
    """Return all of `of`, or `most` drawn at random where there are more."""
    if of.sum() <= most:
        return of
    found = np.zeros(len(of), dtype=np.bool_)
    found[rng.choice(np.flatnonzero(of), most, replace=False)] = True
    return found


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
