"""Leaving out: textbook results, brute force on small networks, and intervals that stay in their range."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moltarium.analysis.graphs.left_out import (
    Whole,
    dyads_without,
    figures_without,
    groups,
    share_interval,
)
from moltarium.analysis.graphs.networks import Network, from_pairs
from moltarium.analysis.graphs.shape import joined_without
from moltarium.analysis.graphs.structure import clustering, count_mutual, mutual_edges, undirected
from moltarium.analysis.graphs.taken_out import without
from moltarium.analysis.jackknife import (
    ANGLE,
    CORRELATION,
    PLAIN,
    POSITIVE,
    SHARE,
    Scale,
    freedom,
    interval,
    jackknifed,
    standard_error,
    sum_without,
)

numbers = st.lists(st.floats(-100, 100), min_size=3, max_size=30)
pairs = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), min_size=1, max_size=90)


def network(edges: list[tuple[int, int]]) -> Network:
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return from_pairs(np.arange(15).astype(object), ends[:, 0], ends[:, 1])


def whole(net: Network) -> Whole:
    return Whole(net, undirected(net), mutual_edges(net))


@given(numbers)
def test_of_a_mean_it_is_the_usual_standard_error(values: list[float]) -> None:
    x = np.array(values)
    left = (x.sum() - x) / (len(x) - 1)
    assert standard_error(left) == pytest.approx(x.std(ddof=1) / math.sqrt(len(x)), abs=1e-9)


def test_of_means_of_equal_groups_it_is_the_standard_error_of_their_mean() -> None:
    x = np.random.default_rng(0).normal(size=(20, 7))
    left = (x.sum() - x.sum(axis=1)) / (x.size - 7)
    assert standard_error(left) == pytest.approx(x.mean(axis=1).std(ddof=1) / math.sqrt(20))


@given(numbers, st.floats(-5, 5), st.floats(-50, 50))
def test_the_error_follows_units_and_not_the_origin(values: list[float], unit: float, origin: float) -> None:
    x = np.array(values)
    assert standard_error(unit * x + origin) == pytest.approx(abs(unit) * standard_error(x), abs=1e-6)


def test_a_figure_that_often_has_no_value_has_no_error() -> None:
    assert math.isnan(standard_error([1.0, math.nan, 2.0, 3.0]))
    assert math.isnan(standard_error([1.0]))
    assert standard_error([1.0] * 20 + [2.0, math.nan]) > 0
    assert jackknifed([0.1, math.nan, 0.2])(0.1) is None


@given(
    st.floats(0.01, 0.99),
    st.floats(0.001, 0.5),
    st.sampled_from([SHARE, ANGLE, CORRELATION, POSITIVE, PLAIN]),
)
def test_an_interval_holds_its_value_and_stays_in_range(value: float, error: float, scale: Scale) -> None:
    found = interval(value, error, scale)
    assert found is not None
    assert scale.low <= found[0] < value < found[1] <= scale.high


@given(st.floats(0.01, 0.99), st.floats(0.001, 0.3), st.sampled_from([SHARE, ANGLE]))
def test_a_share_and_its_rest_have_mirrored_intervals(value: float, error: float, scale: Scale) -> None:
    one, rest = interval(value, error, scale), interval(1 - value, error, scale)
    assert one is not None
    assert rest is not None
    assert (1 - rest[1], 1 - rest[0]) == pytest.approx(one, abs=1e-9)


@given(st.floats(0.1, 50), st.floats(0.01, 5), st.floats(0.1, 9))
def test_an_interval_of_ratios_follows_their_unit(value: float, error: float, unit: float) -> None:
    found, other = interval(value, error, POSITIVE), interval(unit * value, unit * error, POSITIVE)
    assert found is not None
    assert other == pytest.approx([unit * end for end in found], rel=1e-6)


def test_the_end_of_a_range_and_a_lone_agent_give_no_interval() -> None:
    assert interval(0.0, 0.1, SHARE) is None
    assert interval(1.0, 0.1, ANGLE) is None
    assert interval(0.5, 0.0, SHARE) is None
    assert interval(0.5, 0.1, SHARE, freedom=2.0) is None
    # One agent of fifty is all that makes a difference.
    assert jackknifed(np.r_[np.full(49, 0.5), 0.1], SHARE)(0.5) is None


def test_few_degrees_of_freedom_widen() -> None:
    rng = np.random.default_rng(1)
    many = np.mean([freedom(rng.normal(size=400)) for _ in range(50)])
    heavy = np.mean([freedom(rng.standard_t(2, size=400)) for _ in range(50)])
    assert many > 350
    assert heavy < 60
    narrow, wide = interval(0.5, 0.1, PLAIN, 400), interval(0.5, 0.1, PLAIN, 4)
    assert narrow is not None
    assert wide is not None
    assert wide[1] - wide[0] > 1.35 * (narrow[1] - narrow[0])


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_leaving_each_agent_out_equals_building_anew(edges: list[tuple[int, int]]) -> None:
    net = network(edges)
    if not net.m:
        return
    found, every = whole(net), dyads_without(whole(net))
    weights = sum_without(net.source, net.target, net.weight, net.n)
    for k in range(net.n):
        left, anew = found.without(np.arange(net.n) == k), without(net, np.array([k]))
        assert left.net.names.tolist() == anew.names.tolist() == net.names[left.nodes].tolist()
        assert (left.net.source.tolist(), left.net.target.tolist()) == (
            anew.source.tolist(),
            anew.target.tolist(),
        )
        flat = undirected(anew)
        assert (left.flat.low.tolist(), left.flat.high.tolist()) == (flat.low.tolist(), flat.high.tolist())
        assert left.mutual == count_mutual(anew.source, anew.target, anew.n) == every.mutual[k]
        assert (every.nodes[k], every.edges[k], weights[k]) == (anew.n, anew.m, anew.weight.sum())


def test_of_independent_pairs_the_error_is_at_most_root_two_too_large() -> None:
    # Ties of equal agents: the share of mutual ones has the error of a share of independent pairs.
    rng = np.random.default_rng(5)
    a, b = np.triu_indices(80, 1)
    mutual = (rng.random(len(a)) < 0.3).astype(np.float64)
    left = sum_without(a, b, mutual, 80) / sum_without(a, b, np.ones(len(a)), 80)
    share = mutual.mean()
    binomial = math.sqrt(share * (1 - share) / len(a))
    assert 1.25 * binomial < standard_error(left) < 1.55 * binomial
    assert share_interval(a[:8], b[:8], mutual[:8], np.ones(8))(0.5) is None
    assert share_interval(a, b, mutual, np.ones(len(a)))(share) == jackknifed(left, SHARE)(share)


def test_groups_are_even_and_leave_everybody_out_once() -> None:
    rng = np.random.default_rng(2)
    for n, m in ((12, 30), (500, 4000), (5000, 10**6), (40_000, 10**9)):
        size = np.bincount(groups(n, m, rng))
        assert size.sum() == n
        assert size.max() - size.min() <= 1
        assert len(size) == min(n, 40 if m <= 500_000 else 20)


def test_figures_without_groups_are_those_of_what_is_left() -> None:
    theirs = nx.gnp_random_graph(60, 0.1, seed=3, directed=True)
    ends = np.array(theirs.edges)
    net = from_pairs(np.arange(60).astype(object), ends[:, 0], ends[:, 1])
    rows = figures_without(
        whole(net),
        lambda left: [clustering(left.flat).transitivity(), left.gone],
        np.random.default_rng(4),
    )
    group = groups(net.n, net.m, np.random.default_rng(4))
    assert len(rows) == 40
    for k, (found, gone) in enumerate(rows):
        kept = theirs.subgraph(np.flatnonzero(group != k).tolist()).to_undirected()
        assert found == pytest.approx(nx.transitivity(kept))
        assert gone == (group == k).sum()
    few = network([(0, 1), (1, 2)])
    assert not len(figures_without(whole(few), lambda left: [1.0], np.random.default_rng(0)))


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_percolation_equals_networkx(edges: list[tuple[int, int]]) -> None:
    net = network(edges)
    if not net.m:
        return
    flat = undirected(net)
    left: nx.Graph[int] = nx.Graph(zip(flat.low.tolist(), flat.high.tolist(), strict=True))
    order = np.argsort(flat.degrees(), kind="stable")[::-1]
    for found, hub in zip(joined_without(flat), order.tolist(), strict=False):
        assert found == max(map(len, nx.connected_components(left)))
        left.remove_node(hub)
    assert joined_without(flat)[-1] == 0
