"""Norm convergence: do a community's members come to write more alike than its labels alone explain?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from moltarium.analysis.bootstrap import bands
from moltarium.analysis.corpus import OBSERVED, OPENING
from moltarium.analysis.metric import Null
from moltarium.analysis.words.dispersion import MIN_AUTHORS, Trend, Verdict, convergence, slope
from moltarium.analysis.words.embeddings import Embedder, static_embedder
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Post
from moltarium.sim.record.view import Record

Texts: TypeAlias = Literal["post", "comment"]
"""Which texts are compared."""

_Ints: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class NormConvergence:
    """Within-community dispersion over time beside what shuffled communities give."""

    texts: Texts
    windows: pd.DataFrame
    """One row per window: ``start``, ``end`` (UTC), ``texts``, ``dispersion``, ``low``, ``high`` (95 %
    bootstrap), ``null_mean``, ``null_low``, ``null_high``, ``site`` (dispersion without
    communities or centring)."""
    communities: pd.DataFrame
    """One row per community that was read: ``community``, ``authors`` per window, ``first``, ``last``
    dispersion and ``change``."""
    change: float
    """Change of dispersion over the whole period: slope of the least-squares line over windows."""
    ci: tuple[float, float]
    """95 % interval of `change`, moving-block bootstrap inside every community and window."""
    null: Null
    """`change` against communities shuffled inside each window."""
    site_change: float
    """The same slope for the whole site: what all communities share."""
    left_out: int
    """Communities too small to be read in every window."""
    verdict: Verdict
    embedder: str


def norm_texts(record: Record, texts: Texts) -> pd.DataFrame:
    """Return the texts to compare: ``id``, ``t``, ``author``, ``community``, ``text``, in order of time.

    Raises
    ------
    NotComputable
        Where posts, or comments and their posts, are unknown.
    """
    need = Comment if texts == "comment" else Post
    for table in (Post, need):
        if not record.has(table):
            raise NotComputable(f"table {table.__name__.lower()}")
    posts = record.frame(Post)
    if texts == "post":
        frame = posts.assign(id=posts["post_id"], text=(posts["title"] + "\n" + posts["body"]).str.strip())
    else:
        frame = record.frame(Comment).rename(columns={"body": "text", "comment_id": "id"})
        frame["community"] = frame["post_id"].map(posts.set_index("post_id")["community"].to_dict())
    frame = frame.dropna(subset=["author", "community"])
    frame = frame[frame["step"].fillna(OBSERVED) != OPENING]
    return frame.sort_values("seq")[["id", "t", "author", "community", "text"]].reset_index(drop=True)


def norm_convergence(
    record: Record,
    *,
    texts: Texts = "post",
    windows: int = 5,
    draws: int = 200,
    seed: int = 0,
    embedder: Embedder | None = None,
) -> NormConvergence:
    """Return whether communities become more alike inside, beyond the whole site's own trend.

    Windows hold equally many texts, so that a growing site is not measured on ever more text. Dispersion is
    ``D = 1 − mean cosine`` between texts of different authors of one community (see `dispersion`), after the
    window's mean is taken off (see `centred`), at equal numbers of authors in all windows. The null shuffles
    community labels among the texts of each window: it keeps every text, every window and every community's
    size, so a drift that the whole site shares, or that growth alone makes, is in the null too. Reading
    norms off the likeness of texts within communities follows MoltNet (arXiv:2602.13458); this definition
    and this null are ours.

    Parameters
    ----------
    record
        Any record with posts.
    texts
        Compare posts or comments.
    windows
        Number of windows, at least 3.
    draws
        Draws for the value, the bootstrap and the null each.
    seed
        Seeds all draws.
    embedder
        Default: `static_embedder`.

    Raises
    ------
    NotComputable
        Where a table, the extra or enough authors are missing.
    """
    frame = norm_texts(record, texts)
    if len(frame) < windows * MIN_AUTHORS:
        raise NotComputable(f"at least {windows * MIN_AUTHORS} {texts}s by known authors")
    embedder = embedder or static_embedder()
    vectors = embedder.encode(frame["text"].tolist())
    said = np.linalg.norm(vectors, axis=1) > 0
    frame, vectors = frame[said].reset_index(drop=True), vectors[said]
    window = np.arange(len(frame)) * windows // max(len(frame), 1)
    codes, names = pd.factorize(frame["community"], sort=True)
    authors, _ = pd.factorize(frame["author"], sort=True)
    trend = convergence(vectors, codes, authors, window, draws=draws, seed=seed)
    return NormConvergence(
        texts=texts,
        windows=_window_frame(frame, window, trend),
        communities=_community_frame([str(names[c]) for c in trend.kept], trend),
        change=trend.change,
        ci=trend.ci,
        null=trend.null,
        site_change=trend.site_change,
        left_out=trend.left_out,
        verdict=trend.verdict,
        embedder=embedder.name,
    )


def _window_frame(frame: pd.DataFrame, window: _Ints, trend: Trend) -> pd.DataFrame:
    groups = frame.groupby(window)["t"]
    spread = bands(trend.boot - trend.boot.mean(axis=0))
    band = bands(trend.shuffled)
    return pd.DataFrame(
        {
            "start": groups.min(),
            "end": groups.max(),
            "texts": groups.size(),
            "dispersion": trend.observed,
            "low": trend.observed + spread[0],
            "high": trend.observed + spread[1],
            "null_mean": trend.shuffled.mean(axis=0),
            "null_low": band[0],
            "null_high": band[1],
            "site": trend.site,
        }
    ).reset_index(drop=True)


def _community_frame(names: Sequence[str], trend: Trend) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "community": list(names),
            "authors": trend.sizes,
            "first": trend.by_community[:, 0],
            "last": trend.by_community[:, -1],
            "change": [slope(row) for row in trend.by_community],
        }
    )
    return table.sort_values(["authors", "community"], ascending=[False, True]).reset_index(drop=True)
