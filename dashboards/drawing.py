"""Where the nodes of a network stand on the page: the same record, the same picture."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import connected_components

from moltarium.analysis.corpus import read_corpus
from moltarium.analysis.graphs.networks import ACTS, Directed, build
from moltarium.analysis.graphs.structure import communities, undirected
from moltarium.dashboards.figures_agent import Drawing
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.view import Record

MAX_NODES: Final = 1_200
"""Best connected agents drawn at most: more would be a cloud."""

MAX_EDGES: Final = 6_000
"""Ties drawn at most, between the best connected first."""

_ROUNDS: Final = 150
_PUSH: Final = 0.05
_PULL: Final = 4.0
_ACROSS: Final = 0.25
_MIDDLE: Final = 0.06

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]


def springs(edges: _Ints, n: int, module: _Ints, seed: int = 0) -> _Floats:
    """Place nodes by springs: ties pull, all nodes push, a weak pull holds all near the middle, steps cool.

    Linear–logarithmic forces (Noack 2007, doi:10.7155/jgaa.00154): they set dense groups apart instead of
    drawing everything into one ball. Ties between modules pull a quarter as strongly, so that modules can be
    told apart; distance between modules therefore means little. Nodes start in the sector of their module.

    Parameters
    ----------
    edges
        Shape ``(m, 2)``.
    n
        Number of nodes.
    module
        Shape ``(n,)``.
    seed
        Seeds where nodes start.

    Returns
    -------
    numpy.ndarray
        Shape ``(n, 2)``.
    """
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * module / max(int(module.max(initial=0)) + 1, 1)
    start = 10 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + rng.normal(0, 3, size=(n, 2))
    places = start.astype(np.float32)
    heft = np.sqrt(1 + np.bincount(edges.ravel(), minlength=n)).astype(np.float32)
    low, high = edges[:, 0], edges[:, 1]
    ties = np.zeros((n, n), np.float32)
    weight = np.where(module[low] == module[high], 1, _ACROSS) / np.sqrt(heft[low] * heft[high])
    ties[low, high] = ties[high, low] = _PULL * weight
    for heat in np.geomspace(3, 0.02, _ROUNDS):
        apart = places[:, None, :] - places[None, :, :]
        squared = np.einsum("ijk,ijk->ij", apart, apart) + np.float32(0.05)
        distance = np.sqrt(squared)
        force = (
            np.float32(_PUSH) * heft[:, None] * heft[None, :] / squared - ties * np.log1p(distance) / distance
        )
        move = np.einsum("ijk,ij->ik", apart, force) / heft[:, None] - places * np.float32(_MIDDLE)
        far = np.linalg.norm(move, axis=1, keepdims=True)
        places += move / np.maximum(far, np.float32(1e-9)) * np.minimum(far, np.float32(heat))
    return places.astype(np.float64)


def draw_network(record: Record, kind: Directed = "reply") -> Drawing:
    """Return the best connected agents of a network's largest part, laid out and with their modules.

    Parameters
    ----------
    record
        A run or a snapshot.
    kind
        What ties two agents.

    Raises
    ------
    NotComputable
        If the record lacks what ties agents, or nobody is tied to anybody.
    """
    net = build(read_corpus(record), kind)
    if not net.m:
        raise NotComputable(f"{ACTS[kind]} between two agents")
    simple = undirected(net)
    degree = np.asarray(simple.degrees(), np.int64)
    label = np.asarray(communities(simple), np.int64)
    _, part = connected_components(net.matrix(), directed=False)
    main = part == np.bincount(part).argmax()
    order = np.lexsort((net.names.astype(str), -degree, ~main))[: min(MAX_NODES, int(main.sum()))]
    position = np.full(net.n, -1)
    position[order] = np.arange(len(order))
    ends = np.stack([position[simple.low], position[simple.high]], axis=1)
    ends = ends[(ends >= 0).all(axis=1)]
    ends = ends[np.argsort(ends.max(axis=1), kind="stable")]
    sizes = np.bincount(label)
    rank = np.empty(len(sizes), np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return Drawing(
        names=[str(name) for name in net.names[order]],
        places=springs(ends, len(order), rank[label[order]]),
        edges=ends[:MAX_EDGES],
        module=rank[label[order]],
        degree=degree[order],
        n_all=net.n,
    )
