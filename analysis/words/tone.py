"""In what tone agents write, and whether it changes: English texts only, by the project's own reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from moltarium.analysis.affect.alignment import EmotionReader
from moltarium.analysis.bootstrap import ends
from moltarium.analysis.metric import Null
from moltarium.analysis.words.conduct import slope_reach
from moltarium.analysis.words.language import detect
from moltarium.sim.record.errors import NotComputable

COVERED: Final = "en"
"""The one language that the reader learnt; no text in another is guessed at."""
MIN_TEXTS: Final = 30
SIGNIFICANT: Final = 0.05

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tone:
    """The tone of texts."""

    classes: pd.DataFrame
    """``tone`` (the reader's label: six emotions or neutral), ``texts``, ``share``, ``low``, ``high`` (95 %,
    authors resampled); most frequent first."""
    valence: float
    """Mean, −1 to 1; 0 is what people call neutral."""
    valence_ci: tuple[float, float]
    change: float
    """Change of an author's valence over the whole record, by order of posting: below 0, gloomier."""
    ci: tuple[float, float]
    """95 %, one author at a time left out."""
    null: Null
    """Each author's texts in another order."""
    verdict: str
    """``"brighter"``, ``"darker"`` or ``"none"``."""
    n: int
    n_authors: int
    not_covered: int
    """Texts in another or an unknown language: in no figure here."""


def tone(
    texts: Sequence[str],
    author: Ints,
    *,
    draws: int = 500,
    seed: int = 0,
    reader: EmotionReader | None = None,
) -> Tone:
    """Return the tone of English texts, and whether authors change theirs.

    The slope is inside authors (means taken off): newcomers of another tone change no one's.

    Parameters
    ----------
    texts
        In order of time.
    author
        Code of each text's author.
    draws, seed
        Draws of null and intervals, and their seed.
    reader
        Default: the project's own, `moltarium.agents.reader.load_reader`.

    Raises
    ------
    NotComputable
        Under `MIN_TEXTS` English texts by authors of two or more.
    """
    covered = np.flatnonzero([detect(text) == COVERED for text in texts])
    _, code, count = np.unique(author[covered], return_inverse=True, return_counts=True)
    who = code.astype(np.int64)
    if int(count[count > 1].sum()) < MIN_TEXTS:
        raise NotComputable(f"{MIN_TEXTS} English texts by authors of two or more")
    if reader is None:
        from moltarium.agents.reader import load_reader

        reader = load_reader()
    reading = reader.read([texts[row] for row in covered.tolist()])
    valence = np.asarray(reading.vad[:, 0], np.float64)
    rng = np.random.default_rng([seed, 73])
    n = len(count)
    weight = rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(float)
    size = np.asarray(weight @ count, np.float64)
    means = (weight @ np.bincount(who, weights=valence)) / size
    low, high = ends(means)
    change, reach, null = _change(valence, who, covered / max(len(texts) - 1, 1), draws, rng)
    found = null.p < SIGNIFICANT and not change - reach <= 0 <= change + reach
    verdict = ("brighter" if change > 0 else "darker") if found else "none"
    return Tone(
        _classes(reading.labels(), who, weight, size), float(valence.mean()), (float(low), float(high)),
        change, (change - reach, change + reach), null, verdict, len(covered), n, len(texts) - len(covered),
    )  # fmt: skip


def _classes(labels: Sequence[str], who: Ints, weight: Floats, size: Floats) -> pd.DataFrame:
    label = np.array(labels)
    rows = []
    for name in sorted(set(labels)):
        own = (label == name).astype(float)
        low, high = ends((weight @ np.bincount(who, own)) / size)
        rows.append((name, int(own.sum()), float(own.mean()), low, high))
    table = pd.DataFrame(rows, columns=["tone", "texts", "share", "low", "high"])
    return table.sort_values(["texts", "tone"], ascending=[False, True]).reset_index(drop=True)


def _change(
    valence: Floats, who: Ints, when: Floats, draws: int, rng: np.random.Generator
) -> tuple[float, float, Null]:
    """Slope of valence on time inside authors, its reach, and its null."""
    count = np.bincount(who)
    x = when - (np.bincount(who, when) / count)[who]
    y = valence - (np.bincount(who, valence) / count)[who]
    several = count[who] > 1
    _, code = np.unique(who[several], return_inverse=True)
    x, y = x[several], y[several]
    xy, xx = np.bincount(code, x * y), np.bincount(code, x * x)
    change = float(xy.sum() / xx.sum())
    order = np.argsort(code, kind="stable")
    xs, ys, cs = x[order], y[order], code[order]
    null = np.array([xs @ ys[np.lexsort((rng.random(len(ys)), cs))] / xx.sum() for _ in range(draws)])
    mean, sd = float(null.mean()), float(null.std(ddof=1))
    far = int((np.abs(null - mean) >= abs(change - mean)).sum())
    standing = Null(
        "each author's texts in another order", mean, sd, (change - mean) / sd if sd > 0 else None,
        (1 + far) / (1 + draws), draws,
    )  # fmt: skip
    return change, slope_reach(np.asarray(xy, np.float64), np.asarray(xx, np.float64)), standing
