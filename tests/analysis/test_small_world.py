"""Small worlds, lattices and Louvain's partitions, beside networkx and planted ones."""

from __future__ import annotations

from collections import Counter
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.analysis.graphs.leiden import louvain
from moltarium.analysis.graphs.networks import as_networkx
from moltarium.analysis.graphs.partitions import between, louvain_partitions, weighted_modularity
from moltarium.analysis.graphs.shape import triad_census
from moltarium.analysis.graphs.small_world import (
    Reference,
    lattice,
    omega,
    reference,
    sampled_distance,
    sigma,
)
from moltarium.analysis.graphs.structure import Simple, clustering, undirected
from moltarium.sim.record.errors import NotComputable

PAIRS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=1, max_size=60)


def simple(theirs: nx.Graph[int]) -> Simple:
    low, high = np.array(sorted((min(e), max(e)) for e in theirs.edges)).T
    return Simple(theirs.number_of_nodes(), low, high)


def undirected_sum(net: Any) -> nx.Graph[str]:
    both: nx.Graph[str] = nx.Graph()
    number_of: Counter[tuple[str, str]] = Counter()
    for a, b, data in as_networkx(net).edges(data=True):
        number_of[min(a, b), max(a, b)] += data["weight"]
    both.add_edges_from((a, b, {"weight": number}) for (a, b), number in number_of.items())
    return both


@given(edges=PAIRS)
def test_a_lattice_keeps_every_degree_and_stays_simple(graph: Any, edges: list[tuple[int, int]]) -> None:
    flat = undirected(graph(edges))
    if not flat.m:
        return
    ring = lattice(flat, np.random.default_rng(0))
    assert ring.degrees().tolist() == flat.degrees().tolist()
    assert (ring.low < ring.high).all()
    assert len(np.unique(ring.low * flat.n + ring.high)) == flat.m


def test_a_randomised_ring_is_found_again() -> None:
    # A ring lattice of eight neighbours has C = 9/14; all its edges rewired it has 8/300.
    lost = simple(nx.connected_watts_strogatz_graph(300, 8, 1.0, seed=1))
    even = simple(nx.random_regular_graph(8, 300, seed=1))
    assert max(clustering(start).mean_local() for start in (lost, even)) < 0.05
    found = clustering(lattice(even, np.random.default_rng(0))).mean_local()
    assert found == pytest.approx(9 / 14, rel=0.05)


def test_omega_tells_lattice_small_world_and_chance_apart() -> None:
    def position(rewired: float) -> tuple[float, float]:
        theirs = nx.connected_watts_strogatz_graph(400, 8, rewired, seed=3)
        rng = np.random.default_rng(0)
        flat = simple(theirs)
        chance = reference(simple(nx.double_edge_swap(theirs.copy(), 8000, 10**6, seed=4)), rng)
        ring = clustering(lattice(flat, rng)).mean_local()
        own = reference(flat, rng)
        assert own.clustering == pytest.approx(nx.average_clustering(theirs), abs=1e-12)
        assert own.path == pytest.approx(nx.average_shortest_path_length(theirs), abs=1e-12)
        return omega(own, chance.path, ring), sigma(own, chance)

    (ordered, _), (small, high), (random, low) = position(0.0), position(0.1), position(1.0)
    assert ordered < -0.7  # ring: long ways, all the clustering
    assert -0.35 < small < 0.35
    assert random > 0.8
    assert high > 5
    assert 0.5 < low < 2


def test_sampled_distances_are_near_the_exact_one() -> None:
    theirs = nx.barabasi_albert_graph(900, 4, seed=2)
    exact = nx.average_shortest_path_length(theirs)
    assert sampled_distance(simple(theirs), np.random.default_rng(1)) == pytest.approx(exact, rel=0.01)


def test_without_triangles_in_a_reference_there_is_no_ratio() -> None:
    with pytest.raises(NotComputable, match="triangles"):
        sigma(Reference(0.1, 2.0), Reference(0.0, 2.0))
    with pytest.raises(NotComputable, match="triangles"):
        omega(Reference(0.1, 2.0), 2.0, float("nan"))


@given(edges=PAIRS)
def test_weighted_modularity_equals_networkx(graph: Any, edges: list[tuple[int, int]]) -> None:
    net = graph(edges)
    flat = undirected(net)
    if not flat.m:
        return
    theirs, weight = undirected_sum(net), between(net, flat)
    names = net.names.tolist()
    ours = {
        frozenset((names[a], names[b])): int(w) for a, b, w in zip(flat.low, flat.high, weight, strict=True)
    }
    assert ours == {frozenset((a, b)): data["weight"] for a, b, data in theirs.edges(data=True)}
    label = louvain(flat.low, flat.high, flat.n, 1, weight)
    parts = [{names[k] for k in np.flatnonzero(label == c)} for c in range(label.max() + 1)]
    assert [len(part) for part in parts] == sorted(map(len, parts), reverse=True)
    expected = nx.community.modularity(theirs, parts, weight="weight")
    assert weighted_modularity(flat, label, weight) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_louvain_finds_planted_communities_and_is_as_good_as_networkx(graph: Any, weighted: bool) -> None:
    rng = np.random.default_rng(5)
    home = np.repeat(np.arange(6), 40)
    pairs: list[tuple[int, int]] = []
    for a in range(240):
        for b in range(240):
            if a != b and rng.random() < (0.25 if home[a] == home[b] else 0.02):
                pairs += [(a, b)] * int(rng.integers(1, 4))
    net = graph(pairs)
    flat = undirected(net)
    weight = between(net, flat) if weighted else None
    found = louvain_partitions(flat, 0, weight)
    theirs = undirected_sum(net)
    name = "weight" if weighted else None
    best = max(
        nx.community.modularity(
            theirs, nx.community.louvain_communities(theirs, weight=name, seed=s), weight=name
        )
        for s in range(3)
    )
    assert found.communities.tolist() == [6] * len(found.communities)
    assert found.modularity.max() >= best - 1e-9
    assert found.modularity.min() > best - 0.01


def test_the_triad_census_equals_networkx_on_a_network_of_middle_size(graph: Any) -> None:
    # Heavy-tailed, with many mutual edges, so that all 16 classes occur.
    rng = np.random.default_rng(6)
    ends = (250 * rng.random((4000, 2)) ** 2).astype(int)
    back = ends[rng.random(4000) < 0.4][:, ::-1]
    net = graph([(int(a), int(b)) for a, b in np.concatenate((ends, back)) if a != b])
    ours = triad_census(net, undirected(net))
    assert ours == nx.triadic_census(as_networkx(net))
    assert min(ours.values()) > 0
