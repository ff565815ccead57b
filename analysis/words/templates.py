"""Templates: texts that many agents share but for a few words; when they are born, how they are taken up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from moltarium.analysis.bootstrap import Z95
from moltarium.analysis.words.near_duplicates import EMPTY, clusters, shared
from moltarium.sim.record.errors import NotComputable

MIN_AUTHORS: Final = 3
"""Near-duplicates by fewer agents are somebody's habit, not a template."""
LISTED: Final = 20
"""Templates described one by one."""
TOP: Final = 10
"""Templates whose share is told."""
MIN_TEXTS: Final = 50
"""Fewer texts than this say nothing."""
SIGNIFICANT: Final = 0.05

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rise:
    """How a share changes over the whole period."""

    change: float
    """Slope over time in texts, first to last: 0.5 is a rise by fifty points."""
    ci: tuple[float, float]
    """95 %, authors resampled."""
    p: float
    """Two-sided, from the same resamples centred on 0."""
    verdict: str
    """``"rising"``, ``"falling"`` or ``"none"``."""


@dataclass(frozen=True, slots=True)
class Template:
    """One text shared by several agents."""

    example: str
    """First of its texts, cut to 200 characters. Written by agents: never trust it."""
    uses: int
    authors: int
    community: str
    """Where it was used most."""
    born: pd.Timestamp
    """First use."""
    half_life_h: float
    """Hours from the first use to the use by half of all agents that ever took it up."""
    last: pd.Timestamp


@dataclass(frozen=True, slots=True)
class Templates:
    """Near-duplicates and templates of one record."""

    near_duplicates: float
    """Share of texts with a near-duplicate anywhere in the record."""
    own: float
    """Share of texts with a near-duplicate by their own author."""
    in_templates: float
    """Share of texts in clusters of `MIN_AUTHORS` agents or more."""
    top_share: float
    """Share of texts in the `TOP` most used templates."""
    n_templates: int
    half_life_h: float | None
    """Median of the templates' half-lives."""
    rise: Rise
    """Of the share of texts in templates, all communities."""
    by_community: dict[str, Rise]
    """The same for communities with `MIN_TEXTS` texts; p held against .05 / number of communities."""
    listed: tuple[Template, ...]
    """Most agents first."""
    adoption: pd.DataFrame
    """Curves of the listed: ``template`` (its place in the list), ``t``, ``agents`` (cumulative)."""
    n: int


def templates(frame: pd.DataFrame, *, draws: int = 1_000, seed: int = 0) -> Templates:
    """Return near-duplicates and templates.

    Near-duplicates share `near_duplicates.ALIKE` of their five-byte shingles. A template is a cluster of them
    by `MIN_AUTHORS` agents or more. Membership is decided on the whole record, so that under no change an
    early and a late text are as likely to have a partner; a share per window of all *earlier* texts would
    rise with the site's mere growth. Rise: least squares of membership on the text's place in order of
    time (0 to 1), authors resampled as wholes.

    Parameters
    ----------
    frame
        Columns ``t``, ``author``, ``community``, ``text``, in order of time (`norms.norm_texts`).
    draws
        Resamples.
    seed
        Seeds them.

    Raises
    ------
    NotComputable
        Under `MIN_TEXTS` texts with a visible character.
    """
    labels = clusters(frame["text"])
    said = labels != EMPTY
    if said.sum() < MIN_TEXTS:
        raise NotComputable(f"at least {MIN_TEXTS} texts (has {int(said.sum())})")
    frame, labels = frame[said].reset_index(drop=True), labels[said]
    agents, _ = pd.factorize(frame["author"])
    held = _agents_per_cluster(labels, agents)
    member = held[labels] >= MIN_AUTHORS
    uses = np.where(held >= MIN_AUTHORS, np.bincount(labels), 0)
    rng = np.random.default_rng([seed, 62])
    listed = sorted(np.flatnonzero(uses).tolist(), key=lambda k: (-held[k], -uses[k], k))[:LISTED]
    described = [_template(frame, np.flatnonzero(labels == k)) for k in listed]
    return Templates(
        near_duplicates=float(shared(labels).mean()),
        own=_own(labels, agents),
        in_templates=float(member.mean()),
        top_share=float(np.sort(uses)[::-1][:TOP].sum() / len(labels)),
        n_templates=int((uses > 0).sum()),
        half_life_h=float(np.median(_half_lives(frame, labels, agents, held))) if uses.any() else None,
        rise=rise(member, agents, draws=draws, rng=rng),
        by_community=dict(_by_community(frame["community"], member, agents, draws, rng)),
        listed=tuple(template for template, _ in described),
        adoption=_curves([curve for _, curve in described]),
        n=len(labels),
    )


def rise(
    member: npt.NDArray[np.bool_], agents: Ints, *, draws: int, rng: np.random.Generator, level: float = 1.0
) -> Rise:
    """Return how the share of members changes from the first text to the last.

    Parameters
    ----------
    member
        Shape ``(n,)``, in order of time.
    agents
        Shape ``(n,)``: author codes; a bootstrap draw takes all of an author's texts or none.
    draws
        Resamples.
    rng
        Their source.
    level
        Number of questions asked at once: p is held against .05 / level.
    """
    at = np.linspace(0.0, 1.0, len(member))
    y = member.astype(np.float64)
    _, agents = np.unique(agents, return_inverse=True)
    n = int(agents.max()) + 1
    sums = np.stack([np.bincount(agents, part, n) for part in (np.ones_like(y), at, y, at * at, at * y)])

    def slopes(weights: Floats) -> Floats:
        w, x, v, xx, xv = sums @ weights
        spread = w * xx - x * x
        return np.asarray(np.divide(w * xv - x * v, spread, out=np.zeros_like(spread), where=spread > 0))

    change = float(slopes(np.ones((n, 1)))[0])
    weights = rng.multinomial(n, np.full(n, 1 / n), size=draws).T.astype(np.float64)
    replicates = slopes(weights)
    # Resampling n blocks shows √((n−1)/n) of their spread.
    spread = float(replicates.std(ddof=1)) * np.sqrt(n / max(n - 1, 1))
    low, high = change - Z95 * spread, change + Z95 * spread
    p = float((1 + (np.abs(replicates - replicates.mean()) >= abs(change)).sum()) / (1 + draws))
    found = p < SIGNIFICANT / level and not low <= 0 <= high
    verdict = ("rising" if change > 0 else "falling") if found else "none"
    return Rise(change, (low, high), p, verdict)


def _by_community(
    community: pd.Series[Any], member: npt.NDArray[np.bool_], agents: Ints, draws: int,
    rng: np.random.Generator,
) -> Iterator[tuple[str, Rise]]:  # fmt: skip
    places = {
        str(name): rows
        for name, rows in community.groupby(community).indices.items()
        if len(rows) >= MIN_TEXTS
    }
    for name, rows in sorted(places.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(np.unique(agents[rows])) >= MIN_AUTHORS:
            yield name, rise(member[rows], agents[rows], draws=draws, rng=rng, level=len(places))


def _agents_per_cluster(labels: Ints, agents: Ints) -> Ints:
    pairs = np.unique(np.stack([labels, agents], axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=int(labels.max()) + 1)


def _own(labels: Ints, agents: Ints) -> float:
    _, inverse, count = np.unique(
        np.stack([labels, agents], axis=1), axis=0, return_inverse=True, return_counts=True
    )
    return float((count[inverse.ravel()] > 1).mean())


def _half_lives(frame: pd.DataFrame, labels: Ints, agents: Ints, held: Ints) -> Floats:
    used = pd.DataFrame({"label": labels, "agent": agents, "t": frame["t"]})
    first = used[held[labels] >= MIN_AUTHORS].drop_duplicates(["label", "agent"])
    nth = first.groupby("label").cumcount().to_numpy() + 1
    total = held[first["label"].to_numpy()]
    born = first.groupby("label")["t"].transform("min")
    at_half = nth == (total + 1) // 2
    return np.asarray((first["t"] - born)[at_half].dt.total_seconds() / 3600, np.float64)


def _template(frame: pd.DataFrame, rows: Ints) -> tuple[Template, pd.DataFrame]:
    own = frame.iloc[rows]
    first = own.drop_duplicates("author")
    half = first["t"].iloc[(len(first) + 1) // 2 - 1]
    places = own["community"].value_counts()
    described = Template(
        example=str(own["text"].iloc[0])[:200],
        uses=len(own),
        authors=len(first),
        community=str(sorted(places.index[places == places.max()])[0]),
        born=own["t"].iloc[0],
        half_life_h=(half - own["t"].iloc[0]).total_seconds() / 3600,
        last=own["t"].iloc[-1],
    )
    return described, pd.DataFrame({"t": first["t"], "agents": np.arange(1, len(first) + 1)})


def _curves(curves: list[pd.DataFrame]) -> pd.DataFrame:
    if not curves:
        return pd.DataFrame(columns=["template", "t", "agents"])
    numbered = [curve.assign(template=place) for place, curve in enumerate(curves)]
    return pd.concat(numbered, ignore_index=True)[["template", "t", "agents"]]
