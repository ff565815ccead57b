"""Mentions, votes and follows tie agents; windows and communities cut; who met whom is bounded and exact."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moltarium.analysis.corpus import read_corpus
from moltarium.analysis.graphs.networks import Directed, Network, build, to_networkx
from moltarium.analysis.graphs.projections import Projection, co_exposures, project, shared_threads
from moltarium.analysis.graphs.ties import Cut, TieKind, ties
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import Agent, Comment, Follow, Impression, Post, Vote

HANDLES = {"ann": "Ann", "bob": "bob.b", "cat": "CAT", "dog": "twin", "eel": "Twin"}


@pytest.fixture(scope="module")
def society(forum: Any) -> MemoryRecord:
    """A simulated society of five: rows are dated by step, one microsecond a step; step 0 is its opening."""
    run = forum([], []).run._replace(
        kind="simulated", coverage='{"missing": [], "notes": [], "synthetic": true}'
    )
    rows: dict[type[Any], list[Any]] = {
        Agent: [Agent(0, 0, None, name, handle, "", None) for name, handle in HANDLES.items()],
        Post: [
            Post(1, 0, 0, "p0", "ann", "general", "opening", "@cat", None),
            Post(2, 1, 1, "p1", "ann", "general", "hello @cat", "and @bob.b. and ann@cat.com", None),
            Post(3, 2, 2, "p2", "bob", "crabs", "no", "@nobody @twin @ANN", None),
        ],
        Comment: [
            Comment(4, 3, 3, "c1", "p1", None, "bob", "@ann @ann"),
            Comment(5, 4, 4, "c2", "p2", None, None, "@ann"),
            Comment(6, 5, 5, "c3", "p0", None, "cat", "@cat"),
        ],
        Vote: [
            Vote(7, 0, 0, "ann", "p1", 1),
            Vote(8, 3, 3, "bob", "p1", 1),
            Vote(9, 3, 3, "bob", "p0", -1),
            Vote(10, 3, 3, "cat", "c1", 1),
            Vote(11, 4, 4, "cat", "c1", 0),
            Vote(12, 4, 4, "cat", "c2", 1),
            Vote(13, 4, 4, "cat", "p2", 1),
        ],
        Follow: [
            Follow(14, 0, 0, "ann", "bob", True),
            Follow(15, 1, 1, "dog", "eel", True),
            Follow(16, 2, 2, "eel", "dog", True),
            Follow(17, 3, 3, "dog", "eel", False),
        ],
        Impression: [
            Impression(18, 1, 1, agent, target, feed, 0)
            for agent, target, feed in [
                ("ann", "p1", "hot"),
                ("ann", "p1", "new"),
                ("bob", "p1", "hot"),
                ("cat", "p1", "hot"),
                ("cat", "p2", "hot"),
                ("bob", "p2", "hot"),
            ]
        ]
        + [Impression(19, 2, 2, "dog", "p1", "hot", 0)],
    }
    return MemoryRecord(run, rows)


def edges(net: Network | Projection) -> dict[tuple[str, str], float]:
    names = [str(name) for name in net.names]
    ends = (net.source, net.target) if isinstance(net, Network) else (net.low, net.high)
    rows = zip(ends[0].tolist(), ends[1].tolist(), net.weight.tolist(), strict=True)
    if isinstance(net, Projection):
        return {(min(names[i], names[j]), max(names[i], names[j])): weight for i, j, weight in rows}
    return {(names[i], names[j]): weight for i, j, weight in rows}


@pytest.mark.parametrize(
    ("kind", "expected", "loops", "unknown"),
    [
        # "ann@cat.com" is an address, @twin could be two accounts, @nobody is none.
        ("mention", {("ann", "cat"): 1, ("ann", "bob"): 1, ("bob", "ann"): 2}, 1, 1),
        # Taken back: cat on c1. Deleted author: c2. Before the society began: ann on p1.
        ("vote", {("bob", "ann"): 2, ("cat", "bob"): 1}, 0, 1),
        ("follow", {("eel", "dog"): 1}, 0, 0),
    ],
)
def test_each_act_ties_whom_it_should(
    society: MemoryRecord, kind: Directed, expected: dict[Any, int], loops: int, unknown: int
) -> None:
    net = build(read_corpus(society), kind)
    assert edges(net) == expected
    assert (net.self_loops, net.unknown) == (loops, unknown)


@pytest.mark.parametrize(
    ("kind", "cut", "expected"),
    [
        ("mention", Cut(until=2), {("ann", "cat"): 1, ("ann", "bob"): 1}),
        ("mention", Cut(community="crabs"), {("bob", "ann"): 1}),
        ("vote", Cut(until=4), {("bob", "ann"): 2, ("cat", "bob"): 1}),
        ("vote", Cut(community="crabs"), {("cat", "bob"): 1}),
        ("follow", Cut(until=3), {("dog", "eel"): 1, ("eel", "dog"): 1}),
        ("follow", Cut(since=3), {}),
        ("reply", Cut(since=4), {("cat", "ann"): 1}),
        ("reply", Cut(community="crabs"), {}),
        ("reply", Cut(community="general"), {("bob", "ann"): 1, ("cat", "ann"): 1}),
        ("reply", Cut(community="nowhere"), {}),
    ],
)
def test_a_cut_keeps_its_window_and_community(
    society: MemoryRecord, kind: Directed, cut: Cut, expected: dict[Any, int]
) -> None:
    assert edges(build(read_corpus(society), kind, cut=cut)) == expected


def test_self_loops_stay_if_asked_for(society: MemoryRecord) -> None:
    assert to_networkx(society, "mention", loops=True)["cat"]["cat"]["weight"] == 1
    assert not to_networkx(society, "mention").has_edge("cat", "cat")


def test_a_follow_has_no_community(society: MemoryRecord) -> None:
    with pytest.raises(NotComputable, match="community"):
        ties(society, "follow", Cut(community="crabs"))


def test_a_mask_of_comments_does_not_cut_votes(society: MemoryRecord) -> None:
    with pytest.raises(ValueError, match="cut"):
        build(read_corpus(society), "vote", keep=np.ones(3, dtype=bool))


def test_what_is_not_recorded_is_named(forum: Any) -> None:
    kinds: tuple[TieKind, ...] = ("vote", "follow")
    for kind in kinds:
        with pytest.raises(NotComputable, match=f"table {kind}"):
            ties(forum([("p", "x")], [], missing=kind), kind)
    with pytest.raises(NotComputable, match="table impression"):
        co_exposures(forum([("p", "x")], [], missing="impression"))
    with pytest.raises(NotComputable, match=r"comment\.author"):
        shared_threads(read_corpus(forum([("p", "x")], [], missing="comment.author")))


def test_seeing_the_same_at_the_same_time_joins(society: MemoryRecord) -> None:
    met = co_exposures(society)
    # p1 was shown to three (½ each), p2 to two of them; dog came a step later.
    assert edges(met) == {("ann", "bob"): 0.5, ("ann", "cat"): 0.5, ("bob", "cat"): 1.5}
    assert met.shared.tolist() == [1, 1, 2]
    assert edges(co_exposures(society, Cut(community="crabs"))) == {("bob", "cat"): 1.0}


def test_writing_in_one_thread_joins(society: MemoryRecord) -> None:
    # The opening's author did not come to this society's threads: cat is alone with p0.
    assert edges(shared_threads(read_corpus(society))) == {("ann", "bob"): 1.0}
    assert not shared_threads(read_corpus(society), Cut(until=2)).m
    assert not shared_threads(read_corpus(society), Cut(community="crabs")).m


memberships = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 9)), max_size=60)


def test_who_met_is_a_networkx_graph_too(society: MemoryRecord) -> None:
    graph = to_networkx(society, "shared_thread")
    met = shared_threads(read_corpus(society))
    assert not graph.is_directed()
    assert graph.number_of_edges() == met.m
    for low, high, weight, shared in zip(met.low, met.high, met.weight, met.shared, strict=True):
        found = graph[str(met.names[low])][str(met.names[high])]
        assert (found["weight"], found["shared"]) == (weight, shared)
    assert set(to_networkx(society, "co_exposure")) == set(co_exposures(society).names)
    with pytest.raises(ValueError, match="no self-loops"):
        to_networkx(society, "shared_thread", loops=True)  # type: ignore[call-overload]  # what is refused
    with pytest.raises(ValueError, match="shared-thread"):
        to_networkx(society, "shared-thread")  # type: ignore[call-overload]  # what is refused


@settings(max_examples=80, deadline=None)
@given(memberships, st.integers(0, 40))
def test_projections_equal_their_definition(rows: list[tuple[int, int]], pairs: int) -> None:
    ends = np.array(rows, dtype=np.int64).reshape(-1, 2)
    names = np.array([f"a{k}" for k in range(10)], dtype=object)
    found = project(names, ends[:, 0], ends[:, 1], "shared_thread", pairs)
    places = defaultdict(set)
    for place, member in rows:
        places[place].add(member)
    kept = [sorted(members) for members in places.values() if 2 <= len(members) <= found.largest]
    expected: dict[tuple[str, str], float] = defaultdict(float)
    for members in kept:
        for a, b in itertools.combinations(members, 2):
            expected[f"a{a}", f"a{b}"] += 1 / (len(members) - 1)
    assert edges(found) == pytest.approx(expected)
    assert sum(len(members) * (len(members) - 1) // 2 for members in kept) <= pairs
    several = [len(members) for members in places.values() if len(members) > 1]
    assert found.places == len(several)
    assert found.crowded == sum(size > found.largest for size in several)
    assert (found.note() is None) == (found.crowded == 0)


def test_every_member_gains_one_from_each_place() -> None:
    rng = np.random.default_rng(0)
    place, member = rng.integers(0, 300, 3000), rng.integers(0, 200, 3000)
    names = np.arange(200).astype(object)
    found = project(names, place, member, "co_exposure")
    strength = np.bincount(found.low, found.weight, 200) + np.bincount(found.high, found.weight, 200)
    visits = np.bincount(np.unique(place * 200 + member) % 200, minlength=200)
    assert strength == pytest.approx(visits)
    assert found.crowded == 0
