"""Comparisons go through the keyhole, and published figures meet only their own definition."""

from __future__ import annotations

import json
from typing import Any

import pytest

from moltarium.analysis.battery import definitions
from moltarium.analysis.compare import as_json, compare, compare_published
from moltarium.analysis.published import comparable, published_figures
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import Comment, Post, Removal

POSTS = [("p", "ann"), ("q", "bob")]
COMMENTS = [("c", "p", None, "bob"), ("d", "p", "c", "ann"), ("e", "q", None, "cat"), ("f", "q", "e", "bob")]


def test_differences_ratios_and_what_a_side_lacks(forum: Any) -> None:
    found = compare(forum(POSTS, COMMENTS), forum(POSTS, [COMMENTS[0]], missing="comment.parent"), draws=0)
    edges = found["network.author.edges"]
    assert (edges.a, edges.b, edges.difference, edges.ratio) == (2.0, 1.0, 1.0, 2.0)
    reply = found["network.reply.reciprocity"]
    assert (reply.a, reply.b, reply.difference, reply.ratio) == (1.0, None, None, None)
    assert reply.needs == "b: comment.parent"
    assert found["network.author.reciprocity"].ratio is None  # 0 against 0


def test_a_simulated_run_is_seen_through_the_keyhole(forum: Any) -> None:
    plain = forum(POSTS, COMMENTS)
    run = plain.run._replace(kind="simulated", coverage='{"missing": [], "notes": [], "synthetic": true}')
    rows: dict[type[Any], Any] = {Post: list(plain.rows(Post)), Comment: list(plain.rows(Comment))}
    rows[Removal] = [Removal(99, 10**9, None, "c", "ann", "spam")]
    found = compare(MemoryRecord(run, rows), plain, draws=0)
    # The removed comment and the reply below it are gone for a crawler.
    assert (found["network.reply.edges"].a, found["network.reply.edges"].b) == (2.0, 4.0)


def test_the_interval_of_a_difference_adds_both(forum: Any) -> None:
    posts = [(f"p{k}", f"a{k}") for k in range(30)]
    a = forum(posts, [(f"c{k}", f"p{k}", None, "x") for k in range(20)])
    b = forum(posts, [(f"c{k}", f"p{k}", None, "x") for k in range(5)])
    found = compare(a, b, draws=100)["thread.posts_with_comment"]
    assert found.difference == pytest.approx(0.5)
    assert found.a_ci is not None
    assert found.b_ci is not None
    assert found.difference_ci is not None
    low, high = found.difference_ci
    width = ((found.a_ci[1] - found.a_ci[0]) ** 2 + (found.b_ci[1] - found.b_ci[0]) ** 2) ** 0.5
    assert high - low == pytest.approx(width)
    assert low > 0


def test_beside_the_published_figures(forum: Any) -> None:
    found = compare_published(forum(POSTS, COMMENTS), draws=0)
    holtz = found["network.reply.reciprocity"]
    assert (holtz.a, holtz.b, holtz.grade, holtz.source) == (1.0, 0.197, "A", "Holtz 2026, arXiv:2602.10131")
    assert holtz.ratio == pytest.approx(1 / 0.197)
    li = found["network.author.reciprocity (li.reciprocity)"]
    assert (li.b, li.grade) == (0.0109, "A")
    entries = json.loads(json.dumps(as_json(found), allow_nan=False))
    assert all({"a", "b", "grade", "source", "definition"} <= entry.keys() for entry in entries.values())


def test_a_figure_that_cannot_be_compared_says_what_that_would_take(forum: Any) -> None:
    found = compare_published(forum(POSTS, COMMENTS), draws=0, every=True)
    named = {figure.name for figure in published_figures() if figure.metric is None}
    assert len(found) == len(published_figures())
    assert {name for name in found if name in named} == named
    half_life, human = found["eziz.half_life_min"], found["zhu.reciprocity_reddit"]
    assert (half_life.a, half_life.b) == (None, 0.80)
    assert half_life.needs == "a: the paper's model of reply intensity"
    assert (human.needs, human.grade) == ("a: a record of Reddit", "C")
    assert compare_published(forum(POSTS, COMMENTS), draws=0).keys() == found.keys() - named


def test_published_data_are_whole() -> None:
    figures = published_figures()
    assert len(figures) >= 110
    assert len({figure.name for figure in figures}) == len(figures)
    assert {figure.grade for figure in figures} == {"A", "B", "C"}
    for figure in figures:
        assert figure.definition
        assert figure.source
        assert figure.metric is None or figure.metric in definitions()
        assert figure.metric is None or (figure.grade == "A" and figure.population == "MoltBook")
        assert (figure.metric is None) == bool(figure.needs), figure.name


def test_holtz_fills_the_acceptance_table() -> None:
    holtz: dict[str, list[float]] = {}
    for metric, figures in comparable().items():
        if found := [figure.value for figure in figures if figure.name.startswith("holtz.")]:
            holtz[metric] = found
    assert holtz == {
        "activity.posts": [13875],
        "activity.comments": [115031],
        "activity.agents": [6159],
        "network.reply.nodes": [5981],
        "network.reply.edges": [70145],
        "network.reply.density": [0.0020],
        "network.reply.reciprocity": [0.197],
        "network.reply.clustering_global": [0.043],
        "network.reply.clustering_local": [0.470],
        "network.reply.assortativity": [-0.210],
        "network.reply.modularity": [0.303],
        # As printed, and as recomputed: comments are taken for distances. In steps it is another figure.
        "shape.reply.path_mean_weighted": [2.91, 2.86],
        "shape.reply.diameter_weighted": [41, 40],
        "shape.reply.path_mean": [2.45],
        "shape.reply.diameter": [6],
        **{f"louvain.reply.modularity{weights}": [0.303] for weights in ("", "_weighted")},
        **{f"louvain.reply.communities{weights}": [14] for weights in ("", "_weighted")},
        "activity.gini": [0.839],
        "activity.alpha": [1.70],
        "thread.depth_mean": [1.07],
        "thread.never_replied": [0.935],
        "thread.posts_with_comment": [0.946],
        "thread.first_comment_median_min": [0.4],
        "thread.first_comment_mean_min": [8.0],
        "community.largest_share": [0.678],
        "text.my_human": [0.094],
        "community.top10_share": [0.851],
        "tree.shape_minimal": [0.395],
        "tree.shape_wide_tree": [0.360],
        "tree.shape_deep_chain": [0.050],
        "tree.median_wide_tree": [0.360],
        "tree.median_deep_chain": [0.050],
        "text.exact_duplicates": [0.341],
        "text.jaccard": [0.041],
        "text.jaccard_different": [0.041],
        "text.zipf": [1.70],
    }
