"""Null graphs keep what they promise, reach every graph equally often, and p behaves."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moltarium.analysis.graphs.networks import Network, from_pairs
from moltarium.analysis.graphs.nulls import configurations, directed_configurations, standing
from moltarium.analysis.graphs.structure import Simple, undirected


def network(ends: np.ndarray) -> Network:
    return from_pairs(np.arange(400).astype(object), ends[:, 0], ends[:, 1])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=2, max_size=60), st.integers(0, 9)
)
def test_degrees_are_kept_and_graphs_stay_simple(edges: list[tuple[int, int]], seed: int) -> None:
    net = network(np.array(edges))
    flat = undirected(net)
    rng = np.random.default_rng(seed)
    for ends in directed_configurations(net.source, net.target, net.n, 3, rng):
        assert sorted(ends.tolist()) == sorted(net.target.tolist())
        assert not (ends == net.source).any()
        assert len(set(zip(net.source.tolist(), ends.tolist(), strict=True))) == net.m
    for graph in configurations(flat, 3, rng):
        assert graph.degrees().tolist() == flat.degrees().tolist()
        assert (graph.low < graph.high).all()
        assert len(set(zip(graph.low.tolist(), graph.high.tolist(), strict=True))) == flat.m


def test_every_digraph_of_a_degree_sequence_is_equally_likely() -> None:
    # In- and out-degree 1 on five nodes: the 44 derangements of five things.
    source = np.arange(5)
    rng = np.random.default_rng(11)
    drawn = Counter(
        tuple(ends.tolist()) for ends in directed_configurations(source, np.roll(source, 1), 5, 11_000, rng)
    )
    assert len(drawn) == 44
    expected = 11_000 / 44
    chi2 = sum((count - expected) ** 2 / expected for count in drawn.values())
    assert chi2 < 77.4  # 99.9 % point of χ² with 43 degrees of freedom


def test_every_graph_of_a_degree_sequence_is_equally_likely() -> None:
    # Degree 1 on six nodes: the 15 perfect matchings.
    graph = Simple(6, np.array([0, 2, 4]), np.array([1, 3, 5]))
    rng = np.random.default_rng(12)
    drawn = Counter(
        frozenset(zip(g.low.tolist(), g.high.tolist(), strict=True))
        for g in configurations(graph, 6_000, rng)
    )
    assert len(drawn) == 15
    chi2 = sum((count - 400) ** 2 / 400 for count in drawn.values())
    assert chi2 < 36.1  # 99.9 % point of χ² with 14 degrees of freedom


def test_the_same_seed_gives_the_same_graphs_and_leaves_the_input_alone() -> None:
    net = network(np.random.default_rng(0).integers(0, 60, (400, 2)))
    before = net.target.copy()
    first, second = (
        list(directed_configurations(net.source, net.target, net.n, 4, np.random.default_rng(5)))
        for _ in range(2)
    )
    assert [g.tolist() for g in first] == [g.tolist() for g in second]
    assert net.target.tolist() == before.tolist()
    assert len({tuple(g.tolist()) for g in first}) == 4


def test_standing_is_two_sided_and_never_zero() -> None:
    draws = np.linspace(-1, 1, 199)
    far = standing(5.0, draws, "line")
    assert far is not None
    assert far.p == pytest.approx(1 / 200)
    assert far.z == pytest.approx(5 / draws.std(ddof=1))
    middle = standing(0.0, draws, "line")
    assert middle is not None
    assert middle.p == 1.0


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=20, max_size=40, unique=True))
def test_where_nothing_is_planted_p_speaks_no_oftener_than_it_says(values: list[float]) -> None:
    """Of values that are alike each may be the one that is judged: at most a share p of them has such a p."""
    p = np.array(
        [
            found.p
            for k, value in enumerate(values)
            if (found := standing(value, values[:k] + values[k + 1 :], "alike")) is not None
        ]
    )
    assert len(p) == len(values)
    for bound in p:
        assert np.count_nonzero(p <= bound) <= bound * len(values) + 1e-9


def test_a_constant_null_has_no_z_and_too_few_draws_no_standing() -> None:
    flat = standing(0.3, [0.3, 0.3, 0.3], "constant")
    assert flat is not None
    assert (flat.z, flat.p) == (None, 1.0)
    assert standing(0.3, [0.1], "single") is None
    assert standing(0.3, [0.1, np.nan], "single") is None
