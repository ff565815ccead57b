"""Every graph measure equals networkx on random graphs, and the textbook on graphs small enough to draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moltarium.analysis.graphs.networks import Network, from_pairs
from moltarium.analysis.graphs.structure import (
    Simple,
    assortativity,
    clustering,
    communities,
    count_mutual,
    density,
    largest_scc,
    modularity,
    mutual_edges,
    triangles,
    undirected,
)
from moltarium.sim.record.errors import NotComputable

pairs = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), min_size=1, max_size=120)


def network(edges: list[tuple[int, int]]) -> Network:
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return from_pairs(np.arange(20).astype(object), ends[:, 0], ends[:, 1])


def digraph(edges: list[tuple[int, int]]) -> nx.DiGraph[int]:
    found: nx.DiGraph[int] = nx.DiGraph()
    found.add_edges_from((i, j) for i, j in edges if i != j)
    return found


@settings(max_examples=150, deadline=None)
@given(pairs)
def test_equals_networkx_on_any_graph(edges: list[tuple[int, int]]) -> None:
    net, theirs = network(edges), digraph(edges)
    assert (net.n, net.m) == (theirs.number_of_nodes(), theirs.number_of_edges())
    if not net.m:
        return
    flat, both = undirected(net), theirs.to_undirected()
    assert flat.m == both.number_of_edges()
    assert density(net.n, net.m) == pytest.approx(nx.density(theirs), abs=1e-9)
    mutual = count_mutual(net.source, net.target, net.n)
    assert mutual / net.m == pytest.approx(nx.overall_reciprocity(theirs), abs=1e-9)
    assert mutual == mutual_edges(net).sum()
    biggest = max(len(part) for part in nx.strongly_connected_components(theirs))
    assert largest_scc(net) == pytest.approx(biggest / net.n, abs=1e-9)
    expected = cast("dict[int, int]", nx.triangles(both))
    assert triangles(flat).tolist() == [expected[int(name)] for name in net.names]


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_clustering_and_assortativity_equal_networkx(edges: list[tuple[int, int]]) -> None:
    net = network(edges)
    flat, both = undirected(net), digraph(edges).to_undirected()
    wide = [
        value
        for node, value in cast("dict[int, float]", nx.clustering(both)).items()
        if both.degree(node) >= 2
    ]
    found = clustering(flat)
    if wide:
        assert found.mean_local() == pytest.approx(np.mean(wide), abs=1e-9)
        assert found.transitivity() == pytest.approx(nx.transitivity(both), abs=1e-9)
    else:
        with pytest.raises(NotComputable, match="2 neighbours"):
            found.mean_local()
    if len({degree for _, degree in both.degree()}) > 1:
        try:
            ours = assortativity(flat)
        except NotComputable:
            # Two components of different regular degree still vary; one end degree over all edges does not.
            assert len({both.degree(node) for edge in both.edges for node in edge}) == 1
        else:
            assert ours == pytest.approx(nx.degree_assortativity_coefficient(both), abs=1e-9)


def test_triangles_among_hubs_equal_networkx() -> None:
    theirs = nx.barabasi_albert_graph(200, 8, seed=3)
    low, high = np.array(sorted((min(e), max(e)) for e in theirs.edges)).T
    expected = cast("dict[int, int]", nx.triangles(theirs))
    assert triangles(Simple(200, low, high)).tolist() == [expected[node] for node in range(200)]


def test_leiden_is_at_least_as_good_as_louvain_and_its_communities_are_connected() -> None:
    theirs = nx.barabasi_albert_graph(1000, 4, seed=1)
    low, high = np.array(sorted((min(e), max(e)) for e in theirs.edges)).T
    graph = Simple(1000, low, high)
    louvain = [
        nx.community.modularity(theirs, nx.community.louvain_communities(theirs, seed=seed))
        for seed in range(3)
    ]
    for seed in range(3):
        label = communities(graph, seed)
        assert modularity(graph, label) > max(louvain)
        assert (np.diff(np.bincount(label)) <= 0).all()  # the largest first
        for number in np.unique(label):
            assert nx.is_connected(theirs.subgraph(np.flatnonzero(label == number).tolist()))


def test_modularity_equals_networkx_and_the_partition_is_seeded() -> None:
    theirs = nx.planted_partition_graph(4, 25, 0.4, 0.02, seed=5)
    low, high = np.array(sorted((min(e), max(e)) for e in theirs.edges)).T
    graph = Simple(100, low, high)
    label = communities(graph, seed=7)
    parts = [set(np.flatnonzero(label == number).tolist()) for number in np.unique(label)]
    assert modularity(graph, label) == pytest.approx(nx.community.modularity(theirs, parts), abs=1e-9)
    assert label.tolist() == communities(graph, seed=7).tolist()
    # The four planted groups are found: every group of 25 carries one label.
    assert {len(set(label[start : start + 25].tolist())) for start in (0, 25, 50, 75)} == {1}


def test_a_complete_graph_has_no_reciprocity_beyond_density() -> None:
    net = network([(i, j) for i in range(4) for j in range(4)])
    assert density(net.n, net.m) == 1.0
    with pytest.raises(NotComputable, match="degrees"):
        assortativity(undirected(net))


def test_an_empty_network_computes_nothing() -> None:
    net = network([(1, 1)])
    assert (net.n, net.m, net.self_loops) == (0, 0, 1)
    flat = undirected(net)
    failing: list[Callable[[], float]] = [
        lambda: density(net.n, net.m),
        lambda: largest_scc(net),
        lambda: assortativity(flat),
    ]
    for compute in failing:
        with pytest.raises(NotComputable):
            compute()
    assert mutual_edges(net).tolist() == []
    assert triangles(undirected(net)).tolist() == []
