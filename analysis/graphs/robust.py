"""The measures ``robust.*``: how far a figure of the reply network hangs on hubs, copies or floods.

Each is a relative change ``|f′ − f| / |f|``: f is the figure of ``network.reply.*``, f′ the same figure of
what is left once something is taken out (of communities: how far the partition changes). The note holds f
and f′.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

import numpy as np

from moltarium.analysis.corpus import UNKNOWN, Corpus, Ints, Mask
from moltarium.analysis.graphs.networks import Network, build, edge
from moltarium.analysis.graphs.nulls import standing
from moltarium.analysis.graphs.paths import side_by_side
from moltarium.analysis.graphs.percolation import largest_first, robustness
from moltarium.analysis.graphs.shape_family import adjusted_rand
from moltarium.analysis.graphs.structure import (
    Simple,
    assortativity,
    clustering,
    count_mutual,
    modularity,
    undirected,
)
from moltarium.analysis.graphs.structure_family import needs
from moltarium.analysis.graphs.taken_out import (
    FLOOD,
    HUBS,
    SPAM_AUTHORS,
    SPAM_SIZE,
    SPAM_TEXTS,
    copies,
    flooding,
    hubs,
    spam,
    without,
)
from moltarium.analysis.inequality import gini
from moltarium.analysis.metric import Definition, Family, Measure, Sampling, Sheet
from moltarium.analysis.words import texts
from moltarium.sim.record.errors import NotComputable

ORDERS: Final = 20
"""Random orders of leaving, at most."""


def reciprocity(net: Network) -> float:
    """Return the share of directed edges whose reverse exists.

    Raises
    ------
    NotComputable
        If there is no edge.
    """
    if not net.m:
        raise NotComputable("at least 1 edge")
    return count_mutual(net.source, net.target, net.n) / net.m


FIGURES: Final[Mapping[str, Callable[[Network, Simple], float]]] = {
    "reciprocity": lambda net, _: reciprocity(net),
    "clustering_global": lambda _, flat: clustering(flat).transitivity(),
    "assortativity": lambda _, flat: assortativity(flat),
    "gini_in": lambda net, _: gini(np.bincount(net.target, minlength=net.n)),
}
"""The figures that are tried, by their name under ``network.reply.*``: none needs a draw or a partition."""

PARTITIONED: Final = ("modularity", "communities")
"""What else is tried, but not one hub at a time: one Louvain partition each, with the run's seed."""

GROUPS: Final[Mapping[str, int | float]] = {
    "hubs1": 1,
    "hubs5": 5,
    "hubs10": 10,
    "hubs1pc": 0.01,
    "hubs10pc": 0.1,
}
"""Hubs that are left out together: so many agents, or such a share of them (rounded up)."""

_Figures: TypeAlias = dict[str, float | NotComputable]
"""Each figure of a network, or why it has none."""

_TRIALS: Final = {
    **{
        name: f"without the {most if most >= 1 else f'{most:.0%}'.replace('%', ' % (rounded up)')} agents of "
        "largest in-degree together"
        for name, most in GROUPS.items()
    },
    "duplicates": (
        "without comments that repeat an earlier comment (compared as in text.*; the first of each text and "
        "empty ones stay)"
    ),
    "spam": (
        f"without comments in threads of at least {SPAM_SIZE} comments of which under {SPAM_TEXTS:.0%} of "
        f"texts, or under {SPAM_AUTHORS:.0%} of authors, are different"
    ).replace("%", " %"),
    "rate": f"without agents who wrote more than {FLOOD} posts and comments within some 60 minutes",
}
"""What is taken out together, for every figure and for communities."""

_JACKKNIFE: Final = (
    f"jackknife over hubs: largest |f′ − f| / |f| when the {HUBS} agents of largest in-degree are left out "
    "one at a time"
)
_LOUVAIN: Final = "modularity of one Louvain partition (unweighted)"
_APART: Final = "1 − adjusted Rand index of Louvain's communities among the agents left, before and"
_RAND: Final = "Hubert & Arabie 1985, doi:10.1007/BF01908075"
_SCHNEIDER: Final = "Schneider et al. 2011, doi:10.1073/pnas.1009440108"
_DEMARZO: Final = "De Marzo & Garcia 2026, arXiv:2602.09270"
_FIXED: Final = "no interval: nothing is drawn"


def _definitions() -> dict[str, Definition]:
    found = {
        f"hubs_{figure}": Definition(f"{_JACKKNIFE}, f = network.reply.{figure}", "this project")
        for figure in FIGURES
    }
    for trial, what in _TRIALS.items():
        source = f"filter: {_DEMARZO}" if trial == "spam" else "this project"
        for figure in FIGURES:
            found[f"{trial}_{figure}"] = Definition(
                f"|f′ − f| / |f| {what}, f = network.reply.{figure}", source
            )
        found[f"{trial}_modularity"] = Definition(f"|f′ − f| / |f| {what}, f = {_LOUVAIN}", source)
        found[f"{trial}_communities"] = Definition(f"{_APART} {what}", f"{_RAND}; {source}")
    found["seed_modularity"] = Definition(
        f"|f′ − f| / |f| with another seed and nothing taken out, f = {_LOUVAIN}", "this project"
    )
    found["seed_communities"] = Definition(
        f"{_APART} with another seed, nothing taken out: below this, no trial says anything", _RAND
    )
    named = {
        name: Definition(f"{text}; edge: {edge('reply')}", source) for name, (text, source) in found.items()
    }
    curve = "area under the share of agents in the largest component, undirected, as agents leave"
    return {
        **named,
        "spam_posts": Definition(
            f"share of posts with at least {SPAM_SIZE} comments of which under {SPAM_TEXTS:.0%} of texts, or "
            f"under {SPAM_AUTHORS:.0%} of authors, are different".replace("%", " %"),
            _DEMARZO,
        ),
        "percolation_hubs": Definition(
            f"{curve}, the largest degree first, of equals who appeared later; null: in random order; "
            f"edge: {edge('reply')}",
            _SCHNEIDER,
        ),
        "percolation_random": Definition(
            f"{curve} in random order, mean over orders; edge: {edge('reply')}", _SCHNEIDER
        ),
    }


DEFINITIONS: Final[dict[str, Definition]] = _definitions()
"""What is measured of a figure's robustness."""


def change(before: float, after: float) -> float:
    """Return the relative change ``|after − before| / |before|``, 0 where nothing changes.

    Raises
    ------
    NotComputable
        If the figure was 0.

    Examples
    --------
    >>> change(0.5, 0.25), change(-0.2, 0.2)
    (0.5, 2.0)
    """
    if before == 0:
        raise NotComputable("a figure that is not 0")
    return abs(after - before) / abs(before)


@dataclass(frozen=True, slots=True)
class _Tried:
    """A network's figures and communities."""

    figures: _Figures
    label: dict[str, int]
    """Community per agent id."""


def measure(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
    """Compute ``robust.*``: partitions with one seed, percolation with random orders as null."""
    sheet = Sheet("robust", DEFINITIONS)
    said = texts.read(corpus.record).text[corpus.n_posts :] if corpus.record.has("comment.body") else None
    _enter_spam_posts(sheet, corpus, said)
    if corpus.comment_parent is None:
        sheet.lack([name for name in DEFINITIONS if name != "spam_posts"], "comment.parent")
        return {f"robust.{name}": sheet.measures[f"robust.{name}"] for name in DEFINITIONS}
    net = build(corpus, "reply")
    whole = _tried(net, sampling.seed)
    most = hubs(net)
    # One at a time in memory too: each is nearly as large as the whole.
    alone = [
        _figures(left, undirected(left)) for left in (without(net, most[k : k + 1]) for k in range(len(most)))
    ]
    _enter(sheet, "hubs", FIGURES, whole.figures, alone, f"{len(most)} hubs left out one at a time")
    for trial, number in GROUPS.items():
        gone = hubs(net, number)
        _enter_trial(sheet, trial, whole, without(net, gone), sampling.seed, f"{len(gone)} agents left out")
    _enter_texts(sheet, corpus, said, whole, sampling.seed)
    floods = _floods(corpus)
    slow = without(net, np.flatnonzero(np.isin(net.names, corpus.agents[floods])))
    _enter_trial(sheet, "rate", whole, slow, sampling.seed, f"{len(floods)} agents left out")
    _enter_trial(sheet, "seed", whole, net, sampling.seed + 1, "nothing left out", (*PARTITIONED,))
    _enter_percolation(sheet, undirected(net), sampling)
    return {f"robust.{name}": sheet.measures[f"robust.{name}"] for name in DEFINITIONS}


def _enter_texts(sheet: Sheet, corpus: Corpus, said: Ints | None, whole: _Tried, seed: int) -> None:
    every = (*FIGURES, *PARTITIONED)
    if said is None:
        sheet.lack([f"{trial}_{name}" for trial in ("duplicates", "spam") for name in every], "comment.body")
        return
    repeats = copies(np.where(corpus.comment_own, said, texts.EMPTY))
    once = build(corpus, "reply", ~repeats)
    _enter_trial(sheet, "duplicates", whole, once, seed, f"{int(repeats.sum())} comments left out")
    bad = _spam(corpus, said)
    placed = _placed(corpus)
    inside = np.zeros(corpus.n_comments, dtype=np.bool_)
    inside[placed] = bad[corpus.comment_post[placed]]
    what = f"{int(inside.sum())} comments in {int(bad.sum())} threads left out"
    _enter_trial(sheet, "spam", whole, build(corpus, "reply", ~inside), seed, what)


def _enter_spam_posts(sheet: Sheet, corpus: Corpus, said: Ints | None) -> None:
    if said is None:
        sheet.lack(["spam_posts"], "comment.body")
        return
    bad = int(_spam(corpus, said).sum())
    sheet.enter("spam_posts", lambda: _share(bad, int(corpus.post_own.sum())), why=_FIXED)


def _placed(corpus: Corpus) -> Mask:
    """Return which comments are the society's own, in threads of its own, shape (comments,)."""
    placed: Mask = corpus.comment_own & (corpus.comment_post != UNKNOWN)
    placed[placed] &= corpus.post_own[corpus.comment_post[placed]]
    return placed


def _spam(corpus: Corpus, said: Ints) -> Mask:
    """Return which posts' threads are spam, shape (posts,)."""
    placed = _placed(corpus)
    thread = corpus.comment_post[placed]
    return spam(said[placed], corpus.comment_author[placed], thread, corpus.n_posts)


def _share(some: int, every: int) -> float:
    if not every:
        raise NotComputable("at least 1 post")
    return some / every


def _floods(corpus: Corpus) -> Ints:
    own = np.concatenate((corpus.post_own, corpus.comment_own))
    author = np.concatenate((corpus.post_author, corpus.comment_author))
    return flooding(author[own], np.concatenate((corpus.post_t, corpus.comment_t))[own])


def _figures(net: Network, flat: Simple) -> _Figures:
    found: _Figures = {}
    for name, figure in FIGURES.items():
        try:
            found[name] = figure(net, flat)
        except NotComputable as lack:
            found[name] = lack
    return found


def _alone(net: Network) -> _Figures:
    return _figures(net, undirected(net))


def _tried(net: Network, seed: int) -> _Tried:
    from moltarium.analysis.graphs.leiden import louvain

    flat = undirected(net)
    label = louvain(flat.low, flat.high, flat.n, seed)
    found = _figures(net, flat)
    try:
        found["modularity"] = modularity(flat, label)
    except NotComputable as lack:
        found["modularity"] = lack
    return _Tried(found, dict(zip(net.names.tolist(), label.tolist(), strict=True)))


def _enter_trial(
    sheet: Sheet,
    trial: str,
    whole: _Tried,
    left: Network,
    seed: int,
    what: str,
    names: Iterable[str] = (*FIGURES, *PARTITIONED),
) -> None:
    """Enter one trial of every figure, and how far communities change."""
    after = _tried(left, seed)
    relative = [name for name in names if name != "communities"]
    _enter(sheet, trial, relative, whole.figures, [after.figures], what)
    sheet.enter(f"{trial}_communities", partial(_apart, whole.label, after.label), note=what, why=_FIXED)


def _apart(before: Mapping[str, int], after: Mapping[str, int]) -> float:
    if len(after) < 2:
        raise NotComputable("at least 1 edge in what is left")
    both = np.array([(before[name], label) for name, label in after.items()])
    return 1.0 - adjusted_rand(both[:, 0], both[:, 1])


def _enter_percolation(sheet: Sheet, flat: Simple, sampling: Sampling) -> None:
    if not flat.m:
        sheet.lack(("percolation_hubs", "percolation_random"), "at least 1 edge")
        return
    rng = np.random.default_rng([sampling.seed, 60])
    orders = side_by_side(partial(robustness, flat), [rng.permutation(flat.n) for _ in range(ORDERS)])
    mean = float(np.mean(orders))
    sheet.enter(
        "percolation_hubs",
        lambda: robustness(flat, largest_first(flat)),
        null=lambda value: (
            standing(value, orders, "the same agents in random order") if sampling.draws else None
        ),
        why=_FIXED,
    )
    sheet.enter("percolation_random", lambda: mean, note=f"{ORDERS} orders", why=_FIXED)


def _enter(
    sheet: Sheet, trial: str, names: Iterable[str], whole: _Figures, left: Sequence[_Figures], what: str
) -> None:
    """Enter one trial of every figure: the largest change over what is left."""
    for name in names:
        before, after = whole[name], [found[name] for found in left]
        lacks = [f"{found.needs} in what is left" for found in after if isinstance(found, NotComputable)]
        values = [found for found in after if not isinstance(found, NotComputable)]
        if isinstance(before, NotComputable) or lacks:
            sheet.lack([f"{trial}_{name}"], before.needs if isinstance(before, NotComputable) else lacks[0])
            continue
        span = " to ".join(f"{found:.4g}" for found in (min(values), max(values))[: len(values)])
        note = f"{what}: {name} {before:.4g} → {span}"
        sheet.enter(f"{trial}_{name}", partial(_largest, before, values), note=note, why=_FIXED)


def _largest(before: float, after: Sequence[float]) -> float:
    return max(change(before, found) for found in after)


FAMILY: Final = Family("robust", needs("author"), measure, DEFINITIONS)
