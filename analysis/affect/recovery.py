"""Whether words tell the mood: correlation of the latent mood with the mood read from the author's text.

r(s, ŝ) by axis, where s is the `Emotion` row of the author at the step of the text and ŝ the reader's VAD of
the text. *Within* correlations have each author's means removed: they say whether an agent's words follow its
mood over time, which differences of character between agents can't fake. Intervals by bootstrap over whole
authors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.analysis.bootstrap import ends
from moltarium.analysis.corpus import require
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Emotion, Persona, Post
from moltarium.sim.record.view import Record

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

AXES: Final = ("valence", "arousal", "dominance")
LEAST: Final = 30
"""Texts below which no correlation is given."""


class Recovered(NamedTuple):
    """How well the mood is recovered from words on one axis, for one mind and model."""

    mind: str
    model: str | None
    axis: str
    texts: int
    authors: int
    r: float
    low: float
    """2.5 % quantile of the bootstrap; `high` 97.5 %."""
    high: float
    within: float | None
    """The same with authors' means removed; ``None`` if no author wrote twice or nothing varies within."""


class Spoken(NamedTuple):
    """Texts with the mood that their authors were in."""

    groups: list[tuple[str, str | None]]
    """(mind, model) of each text's author."""
    author: Ints
    mood: Floats
    texts: list[str]


def spoken(record: Record) -> Spoken:
    """Return every text of the run whose author's mood is recorded at its step.

    Raises
    ------
    NotComputable
        If the record lacks moods, personas or texts.
    """
    require(record, Emotion, Persona, Post, Comment)
    minds = {row.agent: (row.mind, row.model) for row in record.rows(Persona)}
    moods = {(row.agent, row.step): (row.v, row.a, row.d) for row in record.rows(Emotion)}
    codes: dict[str, int] = {}
    groups: list[tuple[str, str | None]] = []
    author: list[int] = []
    mood: list[tuple[float, float, float]] = []
    texts: list[str] = []
    written = [(row.author, row.step, f"{row.title}\n{row.body}") for row in record.rows(Post)]
    written += [(row.author, row.step, row.body) for row in record.rows(Comment)]
    for who, step, text in written:
        felt = moods.get((who, step)) if who is not None else None
        if who is None or felt is None or who not in minds:
            continue
        groups.append(minds[who])
        author.append(codes.setdefault(who, len(codes)))
        mood.append(felt)
        texts.append(text)
    return Spoken(groups, np.array(author, dtype=np.int64), np.array(mood).reshape(-1, 3), texts)


def recovery(
    said: Spoken, read: Callable[[Sequence[str]], Floats], *, seed: int = 0, draws: int = 1000
) -> list[Recovered]:
    """Correlate latent moods with moods read from text, per mind and model.

    Parameters
    ----------
    said
        What `spoken` returns.
    read
        Gives the VAD of texts, (n, 3): ``lambda texts: load_reader().read(texts).vad``.
    seed, draws
        Of the bootstrap over authors.

    Returns
    -------
    list of Recovered
        Three axes for each (mind, model) with `LEAST` texts or more, of two authors or more, and moods that
        vary.

    Raises
    ------
    NotComputable
        If that leaves nothing.
    """
    found: list[Recovered] = []
    seen = read(said.texts) if said.texts else np.zeros((0, 3))
    for group in sorted(set(said.groups), key=lambda pair: (pair[0], pair[1] or "")):
        rows = np.array([i for i, other in enumerate(said.groups) if other == group])
        author = np.unique(said.author[rows], return_inverse=True)[1]
        if len(rows) < LEAST or author.max() == 0:
            continue
        for axis, name in enumerate(AXES):
            latent, visible = said.mood[rows, axis], seen[rows, axis]
            r = correlation(latent, visible)
            if r is None:
                continue
            low, high = _interval(latent, visible, author, np.random.default_rng((seed, axis)), draws)
            within = correlation(_centred(latent, author), _centred(visible, author))
            found.append(Recovered(*group, name, len(rows), int(author.max()) + 1, r, low, high, within))
    if not found:
        raise NotComputable(f"{LEAST} texts of one mind, by two authors or more, with moods that vary")
    return found


def correlation(first: Floats, second: Floats) -> float | None:
    """Return Pearson's r, or ``None`` if one of the two does not vary."""
    a, b = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 1e-12 else None


def _centred(values: Floats, author: Ints) -> Floats:
    means = np.bincount(author, values) / np.bincount(author)
    return np.asarray(values - means[author])


def _interval(
    first: Floats, second: Floats, author: Ints, rng: np.random.Generator, draws: int
) -> tuple[float, float]:
    """Bootstrap r over authors from per-author sums, so that a draw costs nothing of the number of texts."""
    terms = (np.ones_like(first), first, second, first * first, second * second, first * second)
    sums = np.stack([np.bincount(author, term) for term in terms], axis=1)
    drawn = sums[rng.integers(len(sums), size=(draws, len(sums)))].sum(axis=1)
    n, x, y, xx, yy, xy = drawn.T
    spread = (n * xx - x * x) * (n * yy - y * y)
    kept = spread > 1e-18
    r = (n * xy - x * y)[kept] / np.sqrt(spread[kept])
    return ends(r) if len(r) else (-1.0, 1.0)
