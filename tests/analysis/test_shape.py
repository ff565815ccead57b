"""Shape and paths equal networkx on random graphs, and tails recover what was planted."""

from __future__ import annotations

from typing import cast

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moltarium.analysis.graphs.networks import Network, from_pairs
from moltarium.analysis.graphs.paths import largest_component, search, step_diameter, weighted
from moltarium.analysis.graphs.shape import (
    bow_tie,
    connected_without_hubs,
    core_numbers,
    degree_centralisation,
    pagerank,
    rich_club,
    triad_census,
)
from moltarium.analysis.graphs.shape_family import adjusted_rand, small_world
from moltarium.analysis.graphs.structure import Simple, undirected
from moltarium.analysis.metric import Sampling
from moltarium.sim.record.errors import NotComputable

pairs = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), min_size=1, max_size=120)


def network(edges: np.ndarray | list[tuple[int, int]]) -> Network:
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return from_pairs(np.arange(500).astype(object), ends[:, 0], ends[:, 1])


def digraph(net: Network) -> nx.DiGraph[int]:
    found: nx.DiGraph[int] = nx.DiGraph()
    found.add_nodes_from(range(net.n))
    found.add_edges_from(zip(net.source.tolist(), net.target.tolist(), strict=True))
    return found


@settings(max_examples=80, deadline=None)
@given(pairs)
def test_motifs_cores_and_ranks_equal_networkx(edges: list[tuple[int, int]]) -> None:
    net = network(edges)
    if not net.m:
        return
    flat, theirs = undirected(net), digraph(net)
    assert triad_census(net, flat) == nx.triadic_census(theirs)
    cores = cast("dict[int, int]", nx.core_number(theirs.to_undirected()))
    assert core_numbers(flat).tolist() == [cores[node] for node in range(net.n)]
    ranks = nx.pagerank(theirs, tol=1e-14, max_iter=1000)
    assert pagerank(net) == pytest.approx([ranks[node] for node in range(net.n)], abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_paths_equal_networkx(edges: list[tuple[int, int]]) -> None:
    net = network(edges)
    if not net.m:
        return
    part, nodes = largest_component(undirected(net))
    theirs: nx.Graph[int] = nx.Graph()
    place = {int(old): new for new, old in enumerate(nodes)}
    for a, b, w in zip(net.source.tolist(), net.target.tolist(), net.weight.tolist(), strict=True):
        if a in place and b in place:
            before = theirs.get_edge_data(place[a], place[b], {"weight": 0})["weight"]
            theirs.add_edge(place[a], place[b], weight=before + w)
    rng = np.random.default_rng(0)
    assert step_diameter(part) == nx.diameter(theirs)
    far = weighted(net, part, nodes)
    assert far.diameter() == nx.diameter(theirs, weight="weight")
    assert far.mean(rng)[0] == pytest.approx(nx.average_shortest_path_length(theirs, weight="weight"))
    if part.n < 3:
        with pytest.raises(NotComputable):
            search(part, rng)
        return
    found = search(part, rng)
    assert found.mean == pytest.approx(nx.average_shortest_path_length(theirs))
    between = nx.betweenness_centrality(theirs)
    assert found.betweenness == pytest.approx([between[node] for node in range(part.n)], abs=1e-9)


def test_sampled_paths_hold_the_exact_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = nx.barabasi_albert_graph(400, 3, seed=4)
    low, high = np.array(sorted((min(e), max(e)) for e in theirs.edges)).T
    graph = Simple(400, low, high)
    exact = search(graph, np.random.default_rng(0))
    assert exact.mean_ci is None
    monkeypatch.setattr("moltarium.analysis.graphs.paths.EFFORT", 100 * graph.m)
    top = int(exact.betweenness.argmax())
    held, near = 0, 0
    for seed in range(100):
        found = search(graph, np.random.default_rng(seed))
        assert found.mean_ci is not None
        held += found.mean_ci[0] <= exact.mean <= found.mean_ci[1]
        near += abs(found.betweenness[top] - exact.betweenness[top]) <= 1.96 * found.betweenness_sd[top]
    # 95 nominal; 88 is the 0.5 % point of a binomial.
    assert held >= 88
    assert near >= 88


def test_small_worlds_are_told_from_random_graphs() -> None:
    # Watts & Strogatz: a ring lattice, a tenth of its edges rewired. In a random graph σ is near 1.
    small = nx.connected_watts_strogatz_graph(300, 8, 0.1, seed=2)
    even = nx.gnm_random_graph(300, small.number_of_edges(), seed=2)
    sigma = [_sigma(graph) for graph in (small, even)]
    assert sigma[0] > 5
    assert 0.6 < sigma[1] < 1.6


def _sigma(theirs: nx.Graph[int]) -> float:
    low, high = np.array(sorted((min(e), max(e)) for e in theirs.edges)).T
    graph = Simple(300, low, high)
    mean = search(largest_component(graph)[0], np.random.default_rng(0)).mean
    return small_world(graph, mean, Sampling(0, 0))


def test_a_star_is_all_centre() -> None:
    star = Simple(5, np.zeros(4, dtype=np.int64), np.arange(1, 5))
    assert degree_centralisation(star) == 1.0
    assert connected_without_hubs(star, 0.01) == 0.2
    assert connected_without_hubs(star, 0.0) == 1.0
    with pytest.raises(NotComputable, match="hubs"):
        rich_club(star, 0.01)


def test_a_clique_of_hubs_is_a_rich_club_and_the_bow_tie_adds_up() -> None:
    clique = [(a, b) for a in range(5) for b in range(5) if a != b]
    spokes = [(hub, 5 + 20 * hub + k) for hub in range(5) for k in range(20)]
    net = network(clique + spokes)
    assert rich_club(undirected(net), 0.01) == 1.0
    tie = bow_tie(net)
    assert tie == (5 / 105, 0.0, 100 / 105, 0.0)


def test_partitions_are_compared_beyond_chance() -> None:
    rng = np.random.default_rng(1)
    chance = [adjusted_rand(rng.integers(0, 4, 500), rng.integers(0, 4, 500)) for _ in range(40)]
    assert abs(float(np.mean(chance))) < 0.005
    assert adjusted_rand(np.array([0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1])) == pytest.approx(
        0.545454, abs=1e-5
    )
