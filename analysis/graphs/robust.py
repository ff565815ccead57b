"""The measures ``robust.*``: how far a figure of the reply network hangs on hubs, copies or floods.

Each is a relative change ``|f′ − f| / |f|``: f is the figure of ``network.reply.*``, f′ the same figure of
what is left once something is taken out. The note holds f and f′.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.analysis.corpus import UNKNOWN, Corpus, Ints, lacking
from moltarium.analysis.graphs.networks import Network, build, edge, from_pairs
from moltarium.analysis.graphs.structure import assortativity, clustering, count_mutual, undirected
from moltarium.analysis.graphs.structure_family import needs
from moltarium.analysis.inequality import gini
from moltarium.analysis.metric import Definition, Family, Measure, Sampling, Sheet
from moltarium.analysis.words import texts
from moltarium.sim.record.errors import NotComputable

HUBS: Final = 10
"""Agents that are left out one at a time, the largest in-degrees."""
FLOOD: Final = 100
"""Texts within an hour above which an account counts as flooding: more than one every 36 seconds."""
HOUR: Final = 3_600_000_000
"""Microseconds."""


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


FIGURES: Final[Mapping[str, Callable[[Network], float]]] = {
    "reciprocity": reciprocity,
    "clustering_global": lambda net: clustering(undirected(net)).transitivity(),
    "assortativity": lambda net: assortativity(undirected(net)),
    "gini_in": lambda net: gini(np.bincount(net.target, minlength=net.n)),
}
"""The figures that are tried, by their name under ``network.reply.*``: none needs a draw or a partition."""

_Figures: TypeAlias = dict[str, float | NotComputable]
"""Each figure of a network, or why it has none."""

_TRIALS: Final = {
    "hubs": (
        f"jackknife over hubs: largest |f′ − f| / |f| when the {HUBS} agents of largest in-degree are left "
        "out one at a time"
    ),
    "duplicates": (
        "|f′ − f| / |f| without comments that repeat an earlier comment (compared as in text.*; the first "
        "of each text and empty ones stay)"
    ),
    "rate": (
        f"|f′ − f| / |f| without agents who wrote more than {FLOOD} posts and comments within some 60 minutes"
    ),
}

DEFINITIONS: Final[dict[str, Definition]] = {
    f"{trial}_{figure}": Definition(
        f"{text}, f = network.reply.{figure}; edge: {edge('reply')}", "this project"
    )
    for trial, text in _TRIALS.items()
    for figure in FIGURES
}
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


def without(net: Network, gone: Ints) -> Network:
    """Return a network without some nodes, and without whoever had edges with them alone.

    Examples
    --------
    >>> agents = np.array(["a", "b", "c"], dtype=object)
    >>> net = from_pairs(agents, np.array([0, 1, 1, 2]), np.array([1, 0, 0, 1]))
    >>> left = without(net, np.array([2]))
    >>> left.names.tolist(), left.weight.tolist()
    (['a', 'b'], [1, 2])
    """
    out = np.zeros(net.n, dtype=np.bool_)
    out[gone] = True
    kept = ~(out[net.source] | out[net.target])
    times = net.weight[kept]
    source, target = np.repeat(net.source[kept], times), np.repeat(net.target[kept], times)
    return from_pairs(net.names, source, target, net.kind, net.unknown)


def hubs(net: Network) -> Ints:
    """Return the `HUBS` nodes of largest in-degree, the largest first; equals as they first appeared."""
    into = np.bincount(net.target, minlength=net.n)
    order = np.argsort(-into, kind="stable")[:HUBS]
    return order[into[order] > 0]


def copies(text: Ints) -> npt.NDArray[np.bool_]:
    """Return which texts repeat an earlier one, shape (texts,), of their classes as `texts.read` gives them.

    Examples
    --------
    >>> copies(np.array([0, 1, 0, texts.EMPTY, texts.EMPTY, 0])).tolist()
    [False, False, True, False, False, True]
    """
    repeats: npt.NDArray[np.bool_] = ~texts.first_of(text) & (text != texts.EMPTY)
    return repeats


def flooding(author: Ints, t: Ints) -> Ints:
    """Return the authors of more than `FLOOD` texts within some hour, in ascending order.

    Parameters
    ----------
    author
        Agent code per text, or `UNKNOWN`.
    t
        Microseconds per text, in any order. An hour is any span of less than 60 minutes.
    """
    order = np.lexsort((t, author))
    who, when = author[order], t[order]
    # Sorted by author and time, a text and the one FLOOD places on span FLOOD + 1 texts.
    fast = (who[FLOOD:] == who[:-FLOOD]) & (when[FLOOD:] - when[:-FLOOD] < HOUR)
    found = np.unique(who[FLOOD:][fast])
    known: Ints = found[found != UNKNOWN]
    return known


def measure(corpus: Corpus, _: Sampling) -> dict[str, Measure]:
    """Compute ``robust.*``; nothing is drawn."""
    sheet = Sheet("robust", DEFINITIONS)
    net = build(corpus, "reply")
    whole = _figures(net)
    most = hubs(net)
    # One at a time in memory too: each is nearly as large as the whole.
    alone = [_figures(without(net, most[k : k + 1])) for k in range(len(most))]
    _enter(sheet, "hubs", whole, alone, f"{len(most)} hubs left out one at a time")
    if missing := lacking(corpus.record, "comment.body"):
        sheet.lack([f"duplicates_{name}" for name in FIGURES], missing)
    else:
        repeats = _repeats(corpus)
        once = build(corpus, "reply", ~repeats)
        _enter(sheet, "duplicates", whole, [_figures(once)], f"{int(repeats.sum())} comments left out")
    floods = _floods(corpus)
    slow = without(net, np.flatnonzero(np.isin(net.names, corpus.agents[floods])))
    _enter(sheet, "rate", whole, [_figures(slow)], f"{len(floods)} agents left out")
    return sheet.measures


def _repeats(corpus: Corpus) -> npt.NDArray[np.bool_]:
    said = texts.read(corpus.record)[0][corpus.n_posts :]
    return copies(np.where(corpus.comment_own, said, texts.EMPTY))


def _floods(corpus: Corpus) -> Ints:
    own = np.concatenate((corpus.post_own, corpus.comment_own))
    author = np.concatenate((corpus.post_author, corpus.comment_author))
    return flooding(author[own], np.concatenate((corpus.post_t, corpus.comment_t))[own])


def _figures(net: Network) -> _Figures:
    found: _Figures = {}
    for name, figure in FIGURES.items():
        try:
            found[name] = figure(net)
        except NotComputable as lack:
            found[name] = lack
    return found


def _enter(sheet: Sheet, trial: str, whole: _Figures, left: Sequence[_Figures], what: str) -> None:
    """Enter one trial of every figure: the largest change over what is left."""
    for name in FIGURES:
        before, after = whole[name], [found[name] for found in left]
        lacks = [f"{found.needs} in what is left" for found in after if isinstance(found, NotComputable)]
        values = [found for found in after if not isinstance(found, NotComputable)]
        if isinstance(before, NotComputable) or lacks:
            sheet.lack([f"{trial}_{name}"], before.needs if isinstance(before, NotComputable) else lacks[0])
            continue
        span = " to ".join(f"{found:.4g}" for found in (min(values), max(values))[: len(values)])
        note = f"{what}: {name} {before:.4g} → {span}"
        sheet.enter(f"{trial}_{name}", partial(_largest, before, values), note=note)


def _largest(before: float, after: Sequence[float]) -> float:
    return max(change(before, found) for found in after)


FAMILY: Final = Family("robust", needs("reply"), measure, DEFINITIONS)
