"""Emotional alignment: do replies feel as their parents do, beyond where and when they were written?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from moltarium.analysis.bootstrap import bands, ends
from moltarium.analysis.corpus import OBSERVED, OPENING
from moltarium.analysis.metric import Null
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Post
from moltarium.sim.record.view import Record

MIN_PAIRS: Final = 30
"""Fewer pairs than this say nothing."""

BLOCKS: Final = 12
"""Time blocks that hold equally many pairs."""

BINS: Final = 8
"""Points of the curve."""

_Ints: TypeAlias = npt.NDArray[np.int64]
_Floats: TypeAlias = npt.NDArray[np.float64]


class Reading(Protocol):
    """What a reader finds in texts."""

    @property
    def vad(self) -> npt.NDArray[Any]:
        """Valence, arousal and dominance, shape ``(n, 3)``, each in [−1, 1]."""
        ...

    def labels(self) -> Sequence[str]:
        """The likeliest emotion label of each text."""
        ...


class EmotionReader(Protocol):
    """Reads emotion off texts, quotes left out."""

    def read(self, texts: Sequence[str]) -> Reading:
        """Read `texts` in order."""
        ...


@dataclass(frozen=True, slots=True)
class EmotionalAlignment:
    """How far replies share their parents' emotion, beside permuted parents."""

    r: float
    """Pearson correlation of the valence of a comment and of what it answers."""
    r_ci: tuple[float, float]
    """95 % interval, bootstrap by thread."""
    r_null: Null
    r_author: float
    """The same after each commenter's own mean valence is taken off: temper left out."""
    r_author_null: Null
    same: float
    """Share of pairs with the same emotion label."""
    same_ci: tuple[float, float]
    same_null: Null
    labels: tuple[str, ...]
    """Emotion labels that occur, in the order of `pairs` and `expected`."""
    pairs: pd.DataFrame
    """Parent's label (rows) × comment's label: counts."""
    expected: pd.DataFrame
    """The same under the null, mean over draws."""
    curve: pd.DataFrame
    """Bins of the parent's valence: ``parent``, ``comment`` (means), ``n``, ``null_mean``, ``null_low``,
    ``null_high``."""
    n: int
    """Pairs."""
    n_threads: int
    left_out: dict[str, int]
    """Comments without a pair, by reason."""
    movable: float
    """Share of pairs whose stratum holds another parent: only these can differ under the null."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Comments and what they answer, as codes."""

    child: _Ints
    """Row of the comment among `texts`."""
    parent: _Ints
    """Row of the parent among `texts`."""
    target: _Ints
    """Code of the parent's id."""
    author: _Ints
    thread: _Ints
    stratum: _Ints
    """Community × time block."""
    texts: list[str]
    left_out: dict[str, int]


def answered(record: Record) -> Pairs:
    """Return every comment with what it answers, own answers left out.

    Raises
    ------
    NotComputable
        Where a table or ``comment.parent`` is unknown, or there are fewer than `MIN_PAIRS` pairs.
    """
    for need in (Post, Comment, "comment.parent"):
        if not record.has(need):
            raise NotComputable(need if isinstance(need, str) else f"table {need.__name__.lower()}")
    posts, comments = record.frame(Post), record.frame(Comment)
    # Replies of a seeded society's opening are somebody else's; what they answered may be answered again.
    said = comments[comments["step"].fillna(OBSERVED) != OPENING]
    above = pd.DataFrame(
        {
            "target": pd.concat([posts["post_id"], comments["comment_id"]], ignore_index=True),
            "to": pd.concat([posts["author"], comments["author"]], ignore_index=True),
            "above": pd.concat([posts["title"] + "\n" + posts["body"], comments["body"]], ignore_index=True),
        }
    ).drop_duplicates("target")
    frame = said.assign(target=said["parent"].fillna(said["post_id"]))
    frame["community"] = frame["post_id"].map(posts.set_index("post_id")["community"].to_dict())
    frame = frame.merge(above, on="target", how="left").sort_values("seq")
    gone = frame["above"].isna() | frame["community"].isna()
    own = ~gone & (frame["author"] == frame["to"])
    left_out = {"parent not in the record": int(gone.sum()), "answers its own author": int(own.sum())}
    frame = frame[~gone & ~own].reset_index(drop=True)
    if len(frame) < MIN_PAIRS:
        raise NotComputable(f"at least {MIN_PAIRS} comments whose parent is known (has {len(frame)})")
    block = np.arange(len(frame)) * BLOCKS // len(frame)
    texts = list(dict.fromkeys([*frame["body"], *frame["above"]]))
    row = {text: i for i, text in enumerate(texts)}
    return Pairs(
        child=np.array([row[text] for text in frame["body"]], np.int64),
        parent=np.array([row[text] for text in frame["above"]], np.int64),
        target=pd.factorize(frame["target"])[0],
        author=pd.factorize(frame["author"].fillna(""))[0],
        thread=pd.factorize(frame["post_id"])[0],
        stratum=np.asarray(frame.groupby([frame["community"], block]).ngroup(), np.int64),
        texts=texts,
        left_out=left_out,
    )


def permuted_parents(target: _Ints, stratum: _Ints, rng: np.random.Generator) -> _Ints:
    """Return, for each pair, the pair whose parent it gets under the null.

    Inside every stratum the distinct parents change places as wholes: comments that answered one parent still
    answer one parent, so what they share among themselves is kept and only the tie to *this* parent is cut.

    Parameters
    ----------
    target
        Shape ``(n,)``: parent of each pair.
    stratum
        Shape ``(n,)``: community × time block of each pair.
    rng
        Source of the permutation.
    """
    wide = int(target.max(initial=0)) + 1
    groups, first, inverse = np.unique(stratum * wide + target, return_index=True, return_inverse=True)
    order = np.lexsort((rng.random(len(groups)), groups // wide))
    return np.asarray(first[order][inverse], np.int64)


def _pearson(x: _Floats, y: _Floats) -> float:
    dx, dy = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((dx**2).sum() * (dy**2).sum()))
    return float((dx * dy).sum()) / scale if scale > 0 else float("nan")


def _null(value: float, draws: _Floats) -> Null:
    mean, sd = float(draws.mean()), float(draws.std(ddof=1))
    far = int((np.abs(draws - mean) >= abs(value - mean) - 1e-12).sum())
    z = (value - mean) / sd if sd > 0 else None
    p = (1 + far) / (1 + len(draws))
    return Null("parents permuted within community and time block", mean, sd, z, p, len(draws))


def _bootstrap(pairs: Pairs, felt: _Felt, draws: int, rng: np.random.Generator) -> tuple[_Floats, _Floats]:
    """Correlation and same-label share on resampled threads, from each thread's sums."""
    x, y = felt.x, felt.y
    sums = (np.ones_like(x), x, y, x * x, y * y, x * y, (felt.lx == felt.ly).astype(float))
    threads = int(pairs.thread.max()) + 1
    by_thread = np.stack([np.bincount(pairs.thread, column, threads) for column in sums], axis=1)
    weight = rng.multinomial(threads, np.full(threads, 1 / threads), size=draws)
    n, sx, sy, sxx, syy, sxy, same = (weight @ by_thread).T
    spread = (sxx - sx * sx / n) * (syy - sy * sy / n)
    root = np.sqrt(np.maximum(spread, 0))
    r = np.divide(sxy - sx * sy / n, root, out=np.full(draws, np.nan), where=root > 0)
    return r, same / n


def _ci(draws: _Floats) -> tuple[float, float]:
    return ends(draws[np.isfinite(draws)])


def _by_bin(edges: _Floats, x: _Floats, y: _Floats) -> tuple[_Floats, _Ints]:
    where = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2)
    n = np.bincount(where, minlength=len(edges) - 1)
    return np.bincount(where, y, len(edges) - 1) / np.maximum(n, 1), n


def emotional_alignment(
    record: Record,
    *,
    draws: int = 500,
    seed: int = 0,
    reader: EmotionReader | None = None,
) -> EmotionalAlignment:
    """Return how far comments feel as what they answer does.

    Pairs are comments and their parents (the post, for a comment on the post), own answers left out. Emotion
    of both is read from text by one reader, which drops quotes: shared words would fake alignment. The null
    lets the parents of one community and time block change places (`permuted_parents`), so subject, mood of
    the day and the commenters stay; what is left is the tie of a comment to its very parent. Alignment is
    no contagion: people also choose what they answer (Shalizi & Thomas 2011, doi:10.1177/0049124111404820).

    Parameters
    ----------
    record
        Any record with posts, comments and their parents.
    draws
        Permutations and bootstrap draws.
    seed
        Seeds both.
    reader
        Default: the project's own, `moltarium.agents.reader.load_reader`.

    Raises
    ------
    NotComputable
        Where a table or ``comment.parent`` is unknown, or there are fewer than `MIN_PAIRS` pairs.
    """
    pairs = answered(record)
    if reader is None:
        from moltarium.agents.reader import load_reader

        reader = load_reader()
    felt = _felt(pairs, reader)
    rng = np.random.default_rng(seed)
    draw = [_permuted(pairs, felt, rng) for _ in range(draws)]
    r = _pearson(felt.x, felt.y)
    tempered = _pearson(felt.x, felt.tempered)
    same = float((felt.lx == felt.ly).mean())
    r_boot, same_boot = _bootstrap(pairs, felt, draws, rng)
    _, parents = np.unique(np.stack([pairs.stratum, pairs.target], axis=1), axis=0, return_index=True)
    return EmotionalAlignment(
        r=r,
        r_ci=_ci(r_boot),
        r_null=_null(r, np.array([d.r for d in draw])),
        r_author=tempered,
        r_author_null=_null(tempered, np.array([d.r_author for d in draw])),
        same=same,
        same_ci=_ci(same_boot),
        same_null=_null(same, np.array([d.same for d in draw])),
        labels=felt.labels,
        pairs=_table(felt.labels, _count(felt.lx, felt.ly, len(felt.labels))),
        expected=_table(felt.labels, np.mean([d.pairs for d in draw], axis=0)),
        curve=_curve(felt, np.array([d.curve for d in draw])),
        n=len(felt.x),
        n_threads=int(pairs.thread.max()) + 1,
        left_out=pairs.left_out,
        movable=float((np.bincount(pairs.stratum[parents])[pairs.stratum] > 1).mean()),
    )


@dataclass(frozen=True, slots=True)
class _Felt:
    """What the reader found in both sides of every pair."""

    x: _Floats
    """Parent's valence."""
    y: _Floats
    """Comment's valence."""
    tempered: _Floats
    """Comment's valence less its author's mean."""
    lx: _Ints
    ly: _Ints
    labels: tuple[str, ...]
    edges: _Floats
    """Of the curve's bins, quantiles of `x`."""


@dataclass(frozen=True, slots=True)
class _Draw:
    """Everything under one permutation."""

    r: float
    r_author: float
    same: float
    pairs: _Floats
    curve: _Floats


def _felt(pairs: Pairs, reader: EmotionReader) -> _Felt:
    reading = reader.read(pairs.texts)
    valence = np.asarray(reading.vad, np.float64)[:, 0]
    names, codes = np.unique(np.asarray(list(reading.labels()), dtype=str), return_inverse=True)
    x, y = valence[pairs.parent], valence[pairs.child]
    if not (x.std() > 0 and y.std() > 0):
        raise NotComputable("texts whose valence differs")
    means = np.bincount(pairs.author, y) / np.maximum(np.bincount(pairs.author), 1)
    return _Felt(
        x=x,
        y=y,
        tempered=y - means[pairs.author],
        lx=codes[pairs.parent].astype(np.int64),
        ly=codes[pairs.child].astype(np.int64),
        labels=tuple(names.tolist()),
        edges=np.unique(np.quantile(x, np.linspace(0, 1, BINS + 1))),
    )


def _permuted(pairs: Pairs, felt: _Felt, rng: np.random.Generator) -> _Draw:
    moved = permuted_parents(pairs.target, pairs.stratum, rng)
    x, lx = felt.x[moved], felt.lx[moved]
    return _Draw(
        r=_pearson(x, felt.y),
        r_author=_pearson(x, felt.tempered),
        same=float((lx == felt.ly).mean()),
        pairs=_count(lx, felt.ly, len(felt.labels)),
        curve=_by_bin(felt.edges, x, felt.y)[0],
    )


def _count(rows: _Ints, columns: _Ints, k: int) -> _Floats:
    return np.bincount(rows * k + columns, minlength=k * k).reshape(k, k).astype(float)


def _table(labels: tuple[str, ...], cells: _Floats) -> pd.DataFrame:
    return pd.DataFrame(
        cells, index=pd.Index(labels, name="parent"), columns=pd.Index(labels, name="comment")
    )


def _curve(felt: _Felt, draws: _Floats) -> pd.DataFrame:
    comment, n = _by_bin(felt.edges, felt.x, felt.y)
    low, high = bands(draws)
    return pd.DataFrame(
        {
            "parent": _by_bin(felt.edges, felt.x, felt.x)[0],
            "comment": comment,
            "n": n,
            "null_mean": draws.mean(axis=0),
            "null_low": low,
            "null_high": high,
        }
    )
