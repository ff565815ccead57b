"""Reciprocity: planted, recovered, flagged where it is there and left alone where it is chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from moltarium.analysis.corpus import read_corpus
from moltarium.analysis.graphs.answers import FAMILY, _tallied, contacts
from moltarium.analysis.graphs.reciprocity import reciprocity
from moltarium.analysis.metric import Measure, Sampling
from moltarium.sim.record.errors import NotComputable

AGENTS = 120


def talk(forum: Any, pairs: np.ndarray) -> Any:
    """Build a record in which, for each pair, the first agent comments on a post of the second."""
    posts = [(f"p{k}", f"a{k}") for k in range(AGENTS)]
    return forum(posts, [(f"c{n}", f"p{j}", None, f"a{i}") for n, (i, j) in enumerate(pairs.tolist())])


def chance(rng: np.random.Generator, edges: int = 500) -> np.ndarray:
    """Draw edges with unequal activity and popularity, nobody answering anybody on purpose."""
    active, popular = rng.pareto(2.5, AGENTS) + 0.2, rng.pareto(2.5, AGENTS) + 0.2
    source = rng.choice(AGENTS, 3 * edges, p=active / active.sum())
    target = rng.choice(AGENTS, 3 * edges, p=popular / popular.sum())
    pairs = np.column_stack((source, target))[source != target]
    unique = np.unique(pairs, axis=0)
    return rng.permutation(unique)[:edges]


def measured(record: Any, seed: int, draws: int = 39) -> dict[str, Measure]:
    """Return ``reciprocity.*`` of a record."""
    return FAMILY.compute(read_corpus(record), Sampling(seed, draws))


def test_dyads_of_a_graph_drawn_by_hand(forum: Any) -> None:
    # 0 ↔ 1, 0 → 2, 3 → 2: four agents, four edges, six pairs.
    found = reciprocity(talk(forum, np.array([[0, 1], [1, 0], [0, 2], [3, 2]])), draws=20)
    assert (found.nodes, found.edges, found.r) == (4, 4, 0.5)
    assert (found.mutual, found.asymmetric, found.empty) == (1, 2, 3)
    assert found.rho == pytest.approx((0.5 - 1 / 3) / (1 - 1 / 3))
    assert found.ci is None  # four agents are too few to resample
    assert found.null_draws.shape == (20,)


def test_planted_reciprocity_is_recovered_and_flagged(forum: Any) -> None:
    rng = np.random.default_rng(8)
    one_way = chance(rng, 400)
    one_way = one_way[one_way[:, 0] < one_way[:, 1]]
    answered = one_way[: len(one_way) // 3]
    found = reciprocity(talk(forum, np.vstack((one_way, answered[:, ::-1]))), draws=100)
    planted = 2 * len(answered) / (len(one_way) + len(answered))
    assert found.r == pytest.approx(planted, abs=1e-12)
    assert found.ci is not None
    assert found.ci[0] < planted < found.ci[1]
    assert found.null is not None
    assert found.null.p == pytest.approx(1 / 101)
    assert found.null.z is not None
    assert found.null.z > 5


def test_chance_is_flagged_at_the_nominal_rate(forum: Any) -> None:
    # A world drawn from the null itself must look like the null: P(p ≤ .1) ≤ .1, here ≤ 13 of 60 (99.8 %).
    flagged, ps = 0, []
    for seed in range(60):
        rng = np.random.default_rng([99, seed])
        found = reciprocity(talk(forum, chance(rng, 300)), seed=seed, draws=39)
        assert found.null is not None
        ps.append(found.null.p)
        flagged += found.null.p <= 0.1
    assert flagged <= 13
    assert np.mean(ps) > 0.35  # p is uniform under the null, up to ties


def test_definitions_disagree_and_say_why(forum: Any) -> None:
    # bob answers ann's post, ann answers bob below it: mutual by reply, one-way by author.
    record = forum([("p", "ann")], [("c", "p", None, "bob"), ("d", "p", "c", "ann")])
    found = reciprocity(record, draws=0)
    assert {row.kind: row.r for row in found.definitions} == {"reply": 1.0, "author": 0.0, "comment": 0.0}
    assert found.null is None
    for row in found.definitions:
        assert "→" in row.edge


def test_an_unknown_parent_leaves_the_author_definition(forum: Any) -> None:
    record = forum([("p", "ann")], [("c", "p", None, "bob")], missing="comment.parent")
    found = reciprocity(record, "author", draws=0)
    assert {row.kind: row.needs for row in found.definitions} == {
        "reply": "comment.parent",
        "author": None,
        "comment": "comment.parent",
    }
    with pytest.raises(NotComputable, match=r"comment\.parent"):
        reciprocity(record, "reply")


def test_no_edge_no_reciprocity(forum: Any) -> None:
    with pytest.raises(NotComputable, match="1 edge"):
        reciprocity(forum([("p", "ann")], [("c", "p", None, "ann")]))


def test_nulls_of_strength_and_of_halves_tell_answers_from_chance(forum: Any) -> None:
    # Nobody answers on purpose in twenty worlds; in the last everybody does.
    names = [f"reciprocity.{name}" for name in ("tie_1", "tie_2_4", "early", "late")]
    flagged = dict.fromkeys(names, 0)
    for seed in range(20):
        rng = np.random.default_rng([7, seed])
        pairs = np.column_stack((rng.integers(0, 30, 300), rng.integers(0, 30, 300)))
        found = measured(talk(forum, pairs[pairs[:, 0] != pairs[:, 1]]), seed)
        for name in names:
            null = found[name].null
            assert null is not None
            flagged[name] += null.p <= 0.1
    assert max(flagged.values()) <= 7  # of 20 at .1: 99.8 % of worlds
    one_way = np.random.default_rng(7).integers(0, 30, (80, 2))
    answered = measured(talk(forum, np.repeat(np.vstack((one_way, one_way[:, ::-1])), 2, axis=0)), 0)
    tied = answered["reciprocity.tie_2_4"]
    assert tied.null is not None
    assert tied.value == 1.0
    assert tied.null.p == pytest.approx(1 / 40)
    assert tied.null.mean < 0.5


def test_permuted_contacts_are_counted_as_the_network_is(forum: Any) -> None:
    # With the addressees as they are, the null's count is the measures' own.
    rng = np.random.default_rng(3)
    pairs = np.column_stack((rng.integers(0, 12, 400), rng.integers(0, 12, 400)))
    record = talk(forum, pairs[pairs[:, 0] != pairs[:, 1]])
    found, own = contacts(read_corpus(record)), measured(record, 0, draws=0)
    told = _tallied(found.source, found.target, found.base)
    assert told == [own[f"reciprocity.{name}"].value for name in ("weighted", "tie_1", "tie_2_4", "tie_5")]
    assert 0 < told[3] < 1
