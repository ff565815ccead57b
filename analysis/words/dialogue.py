"""Does a reply answer what was said: by its words, by its meaning, by what it asks, and by what comes back?

No model of entailment is asked. Every likeness of a reply and what it answers stands beside that of the same
replies and other parents of their community and time, for agents of one site share words without listening.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.stats import t as student

from moltarium.analysis.affect.alignment import BLOCKS, answered, permuted_parents
from moltarium.analysis.corpus import OBSERVED, OPENING
from moltarium.analysis.metric import Null
from moltarium.analysis.words.act_reader import sentences
from moltarium.analysis.words.embeddings import Embedder
from moltarium.analysis.words.lexical import tfidf, words
from moltarium.analysis.words.style import CATEGORIES
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Post
from moltarium.sim.record.view import Record

MIN_PAIRS: Final = 30
MIN_THREADS: Final = 10
MOST_PAIRS: Final = 20_000
"""Of more replies so many are read, drawn by what they answer: enough for a third decimal."""
COMMON: Final = 0.05
"""Words in more than this share of texts, and function words, tell no one's subject."""
SIGNIFICANT: Final = 0.05

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Rows: TypeAlias = Any
"""One row per pair, sparse or not."""

_FUNCTION: Final = frozenset().union(*CATEGORIES.values())


@dataclass(frozen=True, slots=True)
class Uptake:
    """How far replies take up what they answer."""

    mean: float
    """Over pairs of a reply and what it answers."""
    ci: tuple[float, float]
    """95 % by Student's t, what is answered resampled with all its replies."""
    null: Null
    """The same with parents changing places within community and time block."""
    verdict: str
    """``"taken up"`` where the mean stands above the null at p < .05 and `ci` leaves out the null's mean."""
    n: int
    """Pairs that were read."""


@dataclass(frozen=True, slots=True)
class Replies:
    """Replies and what they answer, `MOST_PAIRS` at most."""

    replies: list[str]
    parents: list[str]
    target: Ints
    """Code of what each reply answers."""
    stratum: Ints
    """Community × time block."""


def some_replies(
    replies: Sequence[str], parents: Sequence[str], target: Ints, stratum: Ints, *, seed: int = 0
) -> Replies:
    """Return replies with what they answer; of too many, whole parents are drawn with all their replies.

    Raises
    ------
    NotComputable
        Under `MIN_PAIRS` replies.
    """
    if len(replies) < MIN_PAIRS:
        raise NotComputable(f"{MIN_PAIRS} replies (has {len(replies)})")
    _, code, size = np.unique(target, return_inverse=True, return_counts=True)
    order = np.random.default_rng([seed, 74]).permutation(len(size))
    drawn = order[size[order].cumsum() <= max(MOST_PAIRS, int(size[order[0]]))]
    rows = np.flatnonzero(np.isin(code, drawn)) if len(replies) > MOST_PAIRS else np.arange(len(replies))
    at = rows.tolist()
    return Replies([replies[row] for row in at], [parents[row] for row in at], target[rows], stratum[rows])


def replies_of(record: Record, *, seed: int = 0) -> Replies:
    """Return a record's replies to others, as `some_replies` draws them.

    Raises
    ------
    NotComputable
        As `moltarium.analysis.affect.alignment.answered` and `some_replies` do.
    """
    pairs = answered(record)
    said, above = ([pairs.texts[row] for row in side.tolist()] for side in (pairs.child, pairs.parent))
    return some_replies(said, above, pairs.target, pairs.stratum, seed=seed)


def uptake(pairs: Replies, *, draws: int = 200, seed: int = 0) -> Uptake:
    """Return whether replies share words with what they answer: TF-IDF cosine."""
    rows = tfidf([*pairs.replies, *pairs.parents])
    return _taken_up(rows[: len(pairs.replies)], rows[len(pairs.replies) :], pairs, draws, seed)


def uptake_of_meaning(pairs: Replies, *, embedder: Embedder, draws: int = 200, seed: int = 0) -> Uptake:
    """Return whether replies are near to what they answer: cosine of embeddings."""
    a, b = (embedder.encode(texts).astype(np.float64) for texts in (pairs.replies, pairs.parents))
    return _taken_up(a, b, pairs, draws, seed)


def follow_up_questions(pairs: Replies, *, draws: int = 200, seed: int = 0) -> Uptake:
    """Return the share of replies that ask about what they answer.

    A reply counts if a sentence of it that ends in ``?`` holds a word of what it answers that is neither a
    function word nor in more than `COMMON` of all texts here.
    """
    asked = [" ".join(part for part in sentences(text) if part.endswith("?")) for text in pairs.replies]
    told = [sorted(set(words(text)) - _FUNCTION) for text in [*asked, *pairs.parents, *pairs.replies]]
    vocabulary: dict[str, int] = {}
    held = [[vocabulary.setdefault(word, len(vocabulary)) for word in each] for each in told]
    ends = np.cumsum([0, *map(len, held)])
    columns = np.array([column for each in held for column in each], np.int64)
    table = sparse.csr_array(
        (np.ones(len(columns)), columns, ends), shape=(len(held), max(len(vocabulary), 1))
    )
    n = len(asked)
    known = np.bincount(columns[ends[n] :], minlength=table.shape[1]) <= COMMON * 2 * n
    return _taken_up(
        sparse.csr_array(table[:n] @ sparse.diags_array(known.astype(float))), table[n : 2 * n], pairs, draws,
        seed, most=1.0,
    )  # fmt: skip


def _taken_up(a: Rows, b: Rows, pairs: Replies, draws: int, seed: int, *, most: float = np.inf) -> Uptake:
    """Mean product of rows, each cut at `most`, with its interval and null."""
    rng = np.random.default_rng([seed, 69])

    def between(other: Rows) -> Floats:
        dense = isinstance(other, np.ndarray)
        products = np.einsum("ij,ij->i", a, other) if dense else a.multiply(other).sum(axis=1)
        return np.minimum(np.asarray(products, np.float64).ravel(), most)

    found = between(b)
    value = float(found.mean())
    null = [
        float(between(b[permuted_parents(pairs.target, pairs.stratum, rng)]).mean()) for _ in range(draws)
    ]
    standing = null_of("parents permuted within community and time block", value, np.array(null))
    _, code = np.unique(pairs.target, return_inverse=True)
    total, size = np.bincount(code, weights=found), np.bincount(code)
    weight = rng.multinomial(len(size), np.full(len(size), 1 / len(size)), size=draws)
    reach = float(student.ppf(0.975, max(len(size) - 1, 1))) * float(
        ((weight @ total) / (weight @ size)).std(ddof=1)
    )
    up = standing.p < SIGNIFICANT and value - reach > standing.mean
    return Uptake(value, (value - reach, value + reach), standing, "taken up" if up else "none", len(found))


@dataclass(frozen=True, slots=True)
class Answers:
    """Whether a comment that asks gets an answer from whom it addresses."""

    asking: float
    """Share of comments with a question that the author of what they comment on answers."""
    telling: float
    """The same of comments without one."""
    difference: float
    ci: tuple[float, float]
    """95 % of `difference`, threads resampled."""
    null: Null
    """Which comments ask, shuffled within community and time block."""
    verdict: str
    """``"answers"`` where asking brings more answers than telling, ``"fewer"``, or ``"none"``."""
    n: int
    n_asking: int


def answers(record: Record, *, draws: int = 200, seed: int = 0) -> Answers:
    """Return whether questions are answered more often than other comments, by the agent they were put to.

    Raises
    ------
    NotComputable
        Where posts, comments or their parents are unknown, fewer than `MIN_PAIRS` comments ask or tell, or
        they stand in fewer than `MIN_THREADS` threads.
    """
    for need in (Post, Comment, "comment.parent"):
        if not record.has(need):
            raise NotComputable(need if isinstance(need, str) else f"table {need.__name__.lower()}")
    frame = _addressed(record)
    asks = np.array([any(part.endswith("?") for part in sentences(body)) for body in frame["body"]], np.bool_)
    few = min(int(asks.sum()), int((~asks).sum()))
    if few < MIN_PAIRS:
        raise NotComputable(f"{MIN_PAIRS} comments that ask and as many that tell (has {few})")
    thread = pd.factorize(frame["post_id"])[0].astype(np.int64)
    if thread.max() + 1 < MIN_THREADS:
        raise NotComputable(f"comments in {MIN_THREADS} threads (has {int(thread.max()) + 1})")
    back = frame["answered"].to_numpy(np.bool_)
    block = np.arange(len(frame)) * BLOCKS // len(frame)
    stratum = np.asarray(frame.groupby([frame["community"], block]).ngroup(), np.int64)
    return told_apart(back, asks, stratum, thread, draws=draws, seed=seed)


def _addressed(record: Record) -> pd.DataFrame:
    """Comments on somebody else's text in order of time, and whether that agent answered them."""
    posts, comments = record.frame(Post), record.frame(Comment)
    author = pd.concat(
        [posts.set_index("post_id")["author"], comments.set_index("comment_id")["author"]]
    ).to_dict()
    frame = comments.assign(
        to=comments["parent"].fillna(comments["post_id"]).map(author),
        community=comments["post_id"].map(posts.set_index("post_id")["community"].to_dict()),
    )
    replies = comments.dropna(subset=["parent", "author"])
    back = set(zip(replies["parent"], replies["author"], strict=True))
    frame = frame[frame["step"].fillna(OBSERVED) != OPENING].dropna(subset=["author", "to", "community"])
    frame = frame[frame["author"] != frame["to"]].sort_values("seq", ignore_index=True)
    answered = [pair in back for pair in zip(frame["comment_id"], frame["to"], strict=True)]
    return frame.assign(answered=np.array(answered, np.bool_))


def told_apart(
    back: Bools, asks: Bools, stratum: Ints, thread: Ints, *, draws: int = 200, seed: int = 0
) -> Answers:
    """Return `Answers` from plain arrays, one entry per comment.

    Parameters
    ----------
    back, asks
        Whether the addressed agent answered, and whether the comment holds a question.
    stratum, thread
        Codes: what the null shuffles within, and what the interval resamples.
    draws, seed
        Of both.
    """
    rng = np.random.default_rng([seed, 75])
    # One row per thread: comments that ask, those of them answered, comments that tell, those answered.
    parts = np.stack([asks, asks & back, ~asks, ~asks & back], axis=1).astype(np.float64)
    n = int(thread.max()) + 1
    sums = np.stack([np.bincount(thread, column, n) for column in parts.T], axis=1)

    def gap(asked: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            return np.asarray(asked[..., 1] / asked[..., 0] - asked[..., 3] / asked[..., 2])

    weight = rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
    order = np.argsort(stratum, kind="stable")
    given, answered, groups = asks[order], back[order].astype(np.float64), stratum[order]
    null = np.empty(draws)
    for draw in range(draws):
        mixed = given[np.lexsort((rng.random(len(given)), groups))].astype(np.float64)
        null[draw] = mixed @ answered / mixed.sum() - (1 - mixed) @ answered / (1 - mixed).sum()
    total = sums.sum(axis=0)
    value = float(gap(total))
    reach = float(student.ppf(0.975, max(n - 1, 1))) * float(np.nanstd(gap(weight @ sums), ddof=1))
    standing = null_of("which comments ask, shuffled within community and time block", value, null)
    found = standing.p < SIGNIFICANT and not value - reach <= standing.mean <= value + reach
    side: Literal["answers", "fewer"] = "answers" if value > standing.mean else "fewer"
    return Answers(
        float(total[1] / total[0]), float(total[3] / total[2]), value, (value - reach, value + reach),
        standing, side if found else "none", len(back), int(asks.sum()),
    )  # fmt: skip


def null_of(model: str, value: float, draws: Floats) -> Null:
    """Return where a value stands among the draws of its null, two-sided."""
    mean, sd = float(draws.mean()), float(draws.std(ddof=1))
    far = int((np.abs(draws - mean) >= abs(value - mean) - 1e-12).sum())
    return Null(
        model, mean, sd, (value - mean) / sd if sd > 0 else None, (1 + far) / (1 + len(draws)), len(draws)
    )
