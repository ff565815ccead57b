"""A network without each group of its agents, and its figures there: what intervals of structure are made of.

Groups are drawn at random, as many as a budget of edges allows, each agent alone in a small network. What is
left is induced: nobody is doubled, ties among those who stay are untouched, and whoever had ties with the
missing alone is gone too, as in any network here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from moltarium.analysis.bootstrap import MIN_BLOCKS, Floats, Interval
from moltarium.analysis.corpus import Ints
from moltarium.analysis.graphs.networks import Network
from moltarium.analysis.graphs.paths import side_by_side
from moltarium.analysis.graphs.structure import Simple
from moltarium.analysis.jackknife import SHARE, jackknifed, sum_without

EDGES: Final = 20_000_000
"""Edges over all networks with a group left out: `MOST` groups of a network of 500,000 edges."""
FEWEST: Final = 20
"""Groups of a large network."""
MOST: Final = 40
"""Groups of any network."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a network without a group of agents."""

    net: Network
    flat: Simple
    """`net` with directions forgotten."""
    mutual: int
    """Edges of `net` whose reverse exists."""
    nodes: Ints
    """Old number of each node, shape (n,)."""
    gone: int
    """Agents in the group."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A network beside what every part of it is cut from."""

    net: Network
    flat: Simple
    back: npt.NDArray[np.bool_]
    """Whether an edge's reverse exists, shape (m,)."""

    def without(self, gone: npt.NDArray[np.bool_]) -> Left:
        """Return what is left without some agents, shape (n,)."""
        net, flat = self.net, self.flat
        kept = ~(gone[net.source] | gone[net.target])
        source, target = net.source[kept], net.target[kept]
        stays = np.zeros(net.n, dtype=np.bool_)
        stays[source] = stays[target] = True
        nodes = np.flatnonzero(stays)
        place = np.cumsum(stays) - 1
        both = ~(gone[flat.low] | gone[flat.high])
        left = replace(
            net, names=net.names[nodes], source=place[source], target=place[target], weight=net.weight[kept]
        )
        simple = Simple(len(nodes), place[flat.low[both]], place[flat.high[both]])
        return Left(left, simple, int(np.count_nonzero(self.back[kept])), nodes, int(gone.sum()))


def groups(n: int, m: int, rng: np.random.Generator) -> Ints:
    """Return the group of each of n agents of a network of m edges, shape (n,); sizes differ by one at most.

    Examples
    --------
    >>> np.bincount(groups(205, 1000, np.random.default_rng(0))).tolist()[:6]
    [6, 6, 6, 6, 6, 5]
    """
    count = min(n, MOST, max(FEWEST, EDGES // max(m, 1)))
    return rng.permutation(np.arange(n) % max(count, 1))


def figures_without(
    whole: Whole, figures: Callable[[Left], Sequence[float]], rng: np.random.Generator
) -> Floats:
    """Return figures without each group of agents, shape (groups, figures).

    Parameters
    ----------
    whole
        The network.
    figures
        Computes all figures of what is left; NaN for one that it does not have.
    rng
        Draws the groups.

    Returns
    -------
    ndarray
        Without rows under `MIN_BLOCKS` agents: too few to say how much they differ.
    """
    if whole.net.n < MIN_BLOCKS:
        return np.zeros((0, 0))
    group = groups(whole.net.n, whole.net.m, rng)

    def one(k: int) -> Sequence[float]:
        left = whole.without(group == k)
        return figures(left) if left.net.m else ()

    rows = side_by_side(one, range(int(group.max()) + 1))
    width = max(map(len, rows))
    return np.array([row if len(row) else (np.nan,) * width for row in rows], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Dyads:
    """Counts of dyads without each agent, exact, each of shape (n,)."""

    nodes: Floats
    """Agents that still have an edge."""
    edges: Floats
    mutual: Floats
    """Edges whose reverse exists."""


def dyads_without(whole: Whole) -> Dyads:
    """Return the counts of dyads without each agent.

    Examples
    --------
    0 ⇄ 1 → 2: without 0 one edge is left, without 1 nothing, without 2 a mutual pair.

    >>> from moltarium.analysis.graphs.networks import from_pairs
    >>> net = from_pairs(np.array(list("abc"), dtype=object), np.array([0, 1, 1]), np.array([1, 0, 2]))
    >>> flat = Simple(3, np.array([0, 1]), np.array([1, 2]))
    >>> left = dyads_without(Whole(net, flat, np.array([True, True, False])))
    >>> left.nodes.tolist(), left.edges.tolist(), left.mutual.tolist()
    ([2.0, 0.0, 2.0], [1.0, 0.0, 2.0], [0.0, 0.0, 2.0])
    """
    net, flat = whole.net, whole.flat
    count = partial(sum_without, net.source, net.target, n=net.n)
    lone = flat.degrees() == 1
    follow = np.bincount(flat.low, lone[flat.high], net.n) + np.bincount(flat.high, lone[flat.low], net.n)
    nodes = (net.n - 1 - follow).astype(np.float64)
    return Dyads(nodes, count(np.ones(net.m)), count(whole.back))


def share_interval(
    source: Ints, target: Ints, above: npt.ArrayLike, below: npt.ArrayLike
) -> Callable[[float], Interval | None]:
    """Return the function from ``Σ above / Σ below`` over pairs to its interval, exact without each agent.

    A pair goes with either of its agents, so that its own chance counts twice: where ties, not agents, make
    the difference, the interval is up to √2 times as wide as it need be.

    Parameters
    ----------
    source, target
        The two agents of each pair, any numbers, shape (pairs,).
    above, below
        What each pair adds, shape (pairs,); the share is in [0, 1].

    Returns
    -------
    Callable
        Gives ``None`` under `MIN_BLOCKS` agents.
    """
    over, under = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    counted = under > 0
    names, ends = np.unique(np.concatenate((source[counted], target[counted])), return_inverse=True)
    if len(names) < MIN_BLOCKS:
        return lambda _: None
    over, under = over[counted], under[counted]
    heads, tails = np.split(ends, 2)
    left = [sum_without(heads, tails, part, len(names)) for part in (over, under)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return jackknifed(left[0] / left[1], SHARE)
