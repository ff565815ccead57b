"""Null graphs that keep every agent's degrees, and where an observed value stands among them.

The graphs come from edge switching: two random edges a→b, c→d become a→d, c→b, unless that makes a self-loop
or an edge that exists. An attempt that fails leaves the graph as it is and counts; the way back is then
exactly as likely as the way there, and the chain is uniform over the simple graphs with these degrees (Rao,
Jana & Bandyopadhyay 1996; Fosdick et al. 2018, doi:10.1137/16M1087175).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from moltarium.analysis.corpus import Ints
from moltarium.analysis.graphs.structure import Simple
from moltarium.analysis.metric import Null

T = TypeVar("T")

BURN_IN: Final = 10
"""Attempts per edge before the first graph is taken: each edge takes part in about twenty."""
THINNING: Final = 2.0
"""Attempts per edge between graphs: an edge then stays where it was with probability e⁻⁴ at most."""
LARGE: Final = 200_000
"""From this many edges on, graphs are taken `THINNING_LARGE` attempts per edge apart."""
THINNING_LARGE: Final = 0.5
"""As `THINNING`: a mutual dyad survives to the next graph with probability e⁻², a triangle with e⁻³."""
CHAINS: Final = 2
"""Chains that `over_chains` runs side by side, on any machine, so that figures don't depend on its cores."""
MIN_ATTEMPTS: Final = 100
"""Attempts between graphs of very few edges."""
LOW: Final = 0xFFFFFFFF
"""The bits of a packed edge's target (see `switching`)."""


def directed_configurations(
    source: Ints,
    target: Ints,
    n: int,
    draws: int,
    rng: np.random.Generator,
    block: Ints | None = None,
) -> Iterator[Ints]:
    """Yield targets of random simple digraphs with the in- and out-degrees of the given one.

    Parameters
    ----------
    source, target
        Nodes per edge, shape (m,), unique pairs without self-loops.
    n
        Number of nodes.
    draws
        Graphs to yield.
    rng
        Source of the switches.
    block
        Number of each node's block, shape (n,): then every node also keeps how many of its edges go to
        which block. Default: one block.

    Yields
    ------
    ndarray
        Shape (m,): the targets that go with `source`, a new array each time.
    """
    blocks = np.zeros(n, dtype=np.int64) if block is None else block
    for edges in _switched((source << 32) | target, draws, rng, blocks, directed=True):
        yield edges & LOW


def configurations(graph: Simple, draws: int, rng: np.random.Generator) -> Iterator[Simple]:
    """Yield random undirected simple graphs with the degrees of the given one."""
    blocks = np.zeros(graph.n, dtype=np.int64)
    for edges in _switched((graph.low << 32) | graph.high, draws, rng, blocks, directed=False):
        a, b = edges >> 32, edges & LOW
        yield Simple(graph.n, np.minimum(a, b), np.maximum(a, b))


def over_chains(
    chain: Callable[[int, np.random.Generator], Iterable[T]], draws: int, rng: np.random.Generator
) -> list[T]:
    """Return what `CHAINS` independent chains yield, run side by side in threads.

    Parameters
    ----------
    chain
        Called with a number of draws and a generator of its own.
    draws
        Draws over all chains.
    rng
        Parent of the chains' generators.

    Returns
    -------
    list
        In order of the chains, whichever ends first.
    """
    shares = [len(part) for part in np.array_split(np.arange(draws), CHAINS)]
    with ThreadPoolExecutor(CHAINS) as pool:
        parts = pool.map(lambda one: list(chain(*one)), zip(shares, rng.spawn(CHAINS), strict=True))
        return [found for part in parts for found in part]


def standing(value: float, draws: npt.ArrayLike, model: str) -> Null | None:
    """Return where a value stands against its null draws, ``None`` without at least two finite draws.

    ``p = (1 + #{|draw − c| ≥ |value − c|}) / (1 + draws)`` with c the mean of value and draws together,
    two-sided, never 0 (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585). Around the draws' own mean the
    value alone would be far: under the null all are alike, and must be judged alike.

    Examples
    --------
    >>> standing(5.0, [1.0, 2.0, 3.0], "example")
    Null(model='example', mean=2.0, sd=1.0, z=3.0, p=0.25, draws=3)
    """
    null = np.asarray(draws, dtype=np.float64)
    null = null[np.isfinite(null)]
    if len(null) < 2:
        return None
    mean, sd = float(null.mean()), float(null.std(ddof=1))
    # Draws equal to the value but for rounding must count as extreme.
    slack = 1e-12 * max(1.0, abs(value))
    centre = (float(null.sum()) + value) / (len(null) + 1)
    extreme = int(np.count_nonzero(np.abs(null - centre) >= abs(value - centre) - slack))
    z = (value - mean) / sd if sd > 1e-12 * max(1.0, abs(mean)) else None
    return Null(model=model, mean=mean, sd=sd, z=z, p=(1 + extreme) / (1 + len(null)), draws=len(null))


def _switched(
    edges: Ints, draws: int, rng: np.random.Generator, block: Ints, *, directed: bool
) -> Iterator[Ints]:
    """Yield the packed edges of a graph that goes on changing: to be read before the next is asked for."""
    from moltarium.analysis.graphs import switching

    m = len(edges)
    state = np.append(rng.integers(0, 2**64, 1, dtype=np.uint64), np.uint64(0))
    table = switching.table_of(edges, directed)
    thinning = THINNING if m < LARGE else THINNING_LARGE
    for k in range(draws):
        attempts = max(MIN_ATTEMPTS, int(m * (thinning if k else BURN_IN))) if m > 1 else 0
        switching.switch(edges, table, attempts, directed, block, state)
        yield edges
