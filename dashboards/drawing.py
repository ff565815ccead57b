"""Where the nodes of a network stand on the page: the same record, the same picture."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from moltarium.analysis.corpus import read_corpus
from moltarium.analysis.networks import build
from moltarium.analysis.structure import communities, undirected
from moltarium.dashboards.figures_agent import Drawing
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.view import Record

MAX_NODES: Final = 1_200
"""Best connected agents drawn at most: more would be a cloud."""

MAX_EDGES: Final = 6_000
"""Ties drawn at most, between the best connected first."""

_ROUNDS: Final = 120

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]


def springs(edges: _Ints, n: int, seed: int = 0) -> _Floats:
    """Place nodes by springs: ties pull, all nodes push, the step cools (Fruchterman & Reingold 1991).

    doi:10.1002/spe.4380211102. Every node also feels a weak pull to the middle, so that parts without a tie
    between them stay on the page.

    Parameters
    ----------
    edges
        Shape ``(m, 2)``.
    n
        Number of nodes.
    seed
        Seeds where nodes start.

    Returns
    -------
    numpy.ndarray
        Shape ``(n, 2)``.
    """
    places = np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)
    length = np.float32(1.0 / np.sqrt(max(n, 1)))
    for heat in np.linspace(0.12, 0.004, _ROUNDS):
        apart = places[:, None, :] - places[None, :, :]
        squared = np.einsum("ijk,ijk->ij", apart, apart) + np.float32(1e-5)
        move = np.einsum("ijk,ij->ik", apart, length**2 / squared)
        if len(edges):
            tie = places[edges[:, 0]] - places[edges[:, 1]]
            pull = tie * (np.linalg.norm(tie, axis=1, keepdims=True) / length) * np.float32(0.05)
            np.add.at(move, edges[:, 0], -pull)
            np.add.at(move, edges[:, 1], pull)
        move -= places * np.float32(0.4) * length
        far = np.linalg.norm(move, axis=1, keepdims=True)
        places += move / np.maximum(far, 1e-9) * np.minimum(far, np.float32(heat))
    return places.astype(np.float64)


def draw_network(record: Record) -> Drawing:
    """Return the reply network's best connected agents, laid out and coloured by module.

    Raises
    ------
    NotComputable
        If the record lacks what the reply network needs, or holds no reply between two agents.
    """
    net = build(read_corpus(record), "reply")
    if not net.m:
        raise NotComputable("at least one reply between two agents")
    simple = undirected(net)
    degree = np.asarray(simple.degrees(), np.int64)
    label = np.asarray(communities(simple), np.int64)
    order = np.lexsort((net.names.astype(str), -degree))[:MAX_NODES]
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
        places=springs(ends, len(order)),
        edges=ends[:MAX_EDGES],
        module=rank[label[order]],
        degree=degree[order],
        n_all=net.n,
    )
