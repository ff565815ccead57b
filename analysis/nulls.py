"""Null graphs that keep every agent's degrees, and where an observed value stands among them.

The graphs come from edge switching: two edges a→b, c→d become a→d, c→b. One *sweep* pairs up all edges at
random and switches all pairs at once that can be switched. A pair is left alone if a switch would make a
self-loop, or if any of its four edges (old or new) falls into the same hash bucket as any other old or
proposed edge. That rule depends only on the set of old and new edges together, which a switch does not
change, so the way back is exactly as likely as the way there: the chain is symmetric and its stationary
distribution is uniform over simple graphs with the given degrees. Hash collisions only cost pairs; the
multiplier is drawn anew each sweep, so no pair is blocked for good.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from moltarium.analysis.corpus import Ints
from moltarium.analysis.metric import Null
from moltarium.analysis.structure import Simple

BURN_IN: Final = 40
"""Sweeps before the first graph is taken."""
THINNING: Final = 8
"""Sweeps between graphs: on MoltBook's reply network reciprocity is then uncorrelated from draw to draw."""


def directed_configurations(
    source: Ints, target: Ints, n: int, draws: int, rng: np.random.Generator
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

    Yields
    ------
    ndarray
        Shape (m,): the targets that go with `source`, a new array each time.
    """
    ends = target.copy()
    for k in range(draws):
        for _ in range(THINNING if k else BURN_IN):
            _sweep(source, ends, n, rng, directed=True)
        yield ends.copy()


def configurations(graph: Simple, draws: int, rng: np.random.Generator) -> Iterator[Simple]:
    """Yield random undirected simple graphs with the degrees of the given one."""
    a, b = graph.low.copy(), graph.high.copy()
    for k in range(draws):
        for _ in range(THINNING if k else BURN_IN):
            flip = rng.random(graph.m) < 0.5
            a, b = np.where(flip, b, a), np.where(flip, a, b)
            _sweep(a, b, graph.n, rng, directed=False)
        yield Simple(graph.n, np.minimum(a, b), np.maximum(a, b))


def standing(value: float, draws: npt.ArrayLike, model: str) -> Null | None:
    """Return where a value stands against its null draws, ``None`` without at least two finite draws.

    ``p = (1 + #{|draw − mean| ≥ |value − mean|}) / (1 + draws)``, two-sided, never 0 (Phipson & Smyth 2010,
    doi:10.2202/1544-6115.1585).

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
    extreme = int(np.count_nonzero(np.abs(null - mean) >= abs(value - mean) - slack))
    z = (value - mean) / sd if sd > 1e-12 * max(1.0, abs(mean)) else None
    return Null(model=model, mean=mean, sd=sd, z=z, p=(1 + extreme) / (1 + len(null)), draws=len(null))


def _sweep(source: Ints, target: Ints, n: int, rng: np.random.Generator, *, directed: bool) -> None:
    """Switch in `target` as many random pairs of edges as the rule allows."""
    m = len(source)
    half = m // 2
    if not half:
        return
    order = rng.permutation(m)
    a, b = order[:half], order[half : 2 * half]
    s, t = source[order], target[order]
    crossed = np.concatenate((t[half : 2 * half], t[:half]))
    old, new = _keys(s, t, n, directed), _keys(s[: 2 * half], crossed, n, directed)
    # 16 to 32 buckets per edge let most pairs switch; a very large graph trades some for a smaller table.
    bits = max(4, (m - 1).bit_length() + (4 if m < 1 << 20 else 2))
    multiplier = np.uint64(int(rng.integers(0, 2**63)) | 1)
    bucket = ((np.concatenate((old, new)).astype(np.uint64) * multiplier) >> np.uint64(64 - bits)).astype(
        np.int64
    )
    alone = np.bincount(bucket, minlength=1 << bits)[bucket] == 1
    free = alone[: 2 * half] & alone[m:] & (s[: 2 * half] != crossed)
    ok = free[:half] & free[half:]
    target[a[ok]], target[b[ok]] = crossed[:half][ok], crossed[half:][ok]


def _keys(source: Ints, target: Ints, n: int, directed: bool) -> Ints:
    if directed:
        return source * n + target
    return np.minimum(source, target) * n + np.maximum(source, target)
