"""Who has most: planted shares, and hubs that hold a graph together."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moltarium.analysis import battery
from moltarium.analysis.bootstrap import resampled_interval
from moltarium.analysis.graphs.networks import from_pairs
from moltarium.analysis.graphs.shape import hubs_to_halve
from moltarium.analysis.graphs.structure import undirected
from moltarium.analysis.inequality import top_share
from moltarium.analysis.metric import Measure
from moltarium.analysis.words.wording import BLOCK, FREQUENT, jaccard
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import Agent, Comment, Post


def measured(forum: Any, posts: list[Any], comments: list[Any], accounts: int = 0) -> dict[str, Measure]:
    record = forum(posts, comments)
    agents = [Agent(0, 0, None, f"a{k}", f"h{k}", "", None) for k in range(accounts)]
    rows: dict[type[Any], list[Any]] = {
        Post: list(record.rows(Post)),
        Comment: list(record.rows(Comment)),
        Agent: agents,
    }
    return battery.measure(MemoryRecord(record.run, rows), draws=0)


def test_shares_are_those_planted(forum: Any) -> None:
    # 100 agents: one writes 101 comments on its own post's thread, all others one each, on that post.
    comments = [(f"c{k}", "p", None, f"a{k}") for k in range(1, 100)]
    comments += [(f"d{k}", "p", None, "a1") for k in range(100)]
    found = measured(forum, [("p", "a0")], comments, accounts=200)
    total = 1 + 99 + 100
    assert found["activity.top1_share"].value == pytest.approx(101 / total)
    assert found["activity.top5_share"].value == pytest.approx(105 / total)
    assert found["activity.top10_share"].value == pytest.approx(110 / total)
    assert found["activity.top20_share"].value == pytest.approx(120 / total)
    assert found["activity.top4_comments"].value == pytest.approx(104 / 199)
    # Gini with k of n equal to nothing: 1 − (1 − G) · (n − k) / n, here half of all accounts.
    positive = found["activity.gini"].value
    assert positive is not None
    assert found["activity.gini_all"].value == pytest.approx(1 - (1 - positive) / 2)
    # Everybody turns to a0 alone: all of the in-degree, none of the out-degree.
    assert [found[f"shape.reply.top{top}_in"].value for top in (1, 5, 10, 20)] == [1.0] * 4
    assert found["shape.reply.top10_out"].value == pytest.approx(10 / 99)
    assert found["network.reply.gini_in_positive"].value == 0.0
    assert found["network.reply.gini_in"].value == pytest.approx(0.99)
    assert found["network.reply.mutual_share"].value == 0.0


def test_mutual_pairs_among_joined_ones(forum: Any) -> None:
    # a0 ⇄ a1, a2 → a0: one of two joined pairs; r = 2/3 of edges.
    comments = [("c", "p", None, "a1"), ("d", "p", "c", "a0"), ("e", "p", None, "a2")]
    found = measured(forum, [("p", "a0")], comments)
    assert found["network.reply.mutual_share"].value == pytest.approx(0.5)
    assert found["network.reply.reciprocity"].value == pytest.approx(2 / 3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=40))
def test_hubs_go_until_half_is_left(edges: list[tuple[int, int]]) -> None:
    ends = np.array(edges, dtype=np.int64)
    net = from_pairs(np.arange(13).astype(object), ends[:, 0], ends[:, 1])
    if not net.m:
        return
    flat = undirected(net)
    theirs: nx.Graph[int] = nx.Graph(list(zip(flat.low.tolist(), flat.high.tolist(), strict=True)))
    before = max(map(len, nx.connected_components(theirs)))
    order = np.argsort(flat.degrees(), kind="stable")[::-1].tolist()
    gone = 0
    for gone in range(1, flat.n + 1):
        theirs.remove_node(order[gone - 1])
        if max(map(len, nx.connected_components(theirs)), default=0) <= before / 2:
            break
    assert hubs_to_halve(flat) == gone / flat.n


def test_planted_hubs_are_those_that_must_go() -> None:
    # Five hubs in a ring, 40 followers each: three hubs gone leave 2 · 41 of 205.
    hubs = [(h, (h + 1) % 5) for h in range(5)]
    spokes = [(5 + 40 * h + k, h) for h in range(5) for k in range(40)]
    ends = np.array(hubs + spokes)
    net = from_pairs(np.arange(205).astype(object), ends[:, 0], ends[:, 1])
    assert hubs_to_halve(undirected(net)) == 3 / 205


def test_the_top_share_of_a_power_law_lies_in_its_interval() -> None:
    # Pareto with exponent a: the top p hold p^(1 − 1/a) (Lorenz); a = 3, where resampling is sound.
    held = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        values = 1 + rng.pareto(3.0, 3000)
        interval = resampled_interval(values, lambda x: top_share(x, 0.20), 100, rng)
        assert interval is not None
        held += interval[0] <= 0.20 ** (2 / 3) <= interval[1]
    assert held >= 16


def test_who_speaks_of_an_owner_and_who_repeats(forum: Any) -> None:
    texts = {
        "p": "My  Human said",
        "c": "my humanity",
        "d": "ask my human.",
        "e": "same",
        "f": "Same",
        "g": " ",
    }
    comments = [(name, "p", None, "y") for name in "cdefg"]
    found = battery.measure(forum([("p", "x")], comments, texts=texts), draws=0)
    # As Holtz counts, "my humanity" holds the words too.
    assert found["text.my_human"].value == 3 / 5
    assert found["text.exact_duplicate_comments"].value == 2 / 4
    assert found["text.exact_duplicates"].value == 2 / 5


@pytest.mark.parametrize("words", [60, FREQUENT, FREQUENT + 200])
def test_pairs_of_texts_are_compared_block_by_block(words: int) -> None:
    rng = np.random.default_rng(words)
    n = BLOCK + 40
    held = rng.random((n, words)) < rng.beta(1, 4, (n, 1))
    held[:, 0] = True
    shared = held.astype(float) @ held.T
    size = held.sum(axis=1)
    alike = shared / (size[:, None] + size[None, :] - shared)
    found, _ = jaccard([{f"w{k}" for k in np.flatnonzero(row)} for row in held], np.arange(n))
    # The same divisions, summed in the same order: no bit differs.
    assert found == ((alike.sum(axis=1) - 1) / (n - 1)).mean()
