"""How far a figure hangs on hubs, copies and floods: a planted spammer is seen, an even world stays."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.analysis.corpus import UNKNOWN, read_corpus
from moltarium.analysis.graphs.networks import build
from moltarium.analysis.graphs.percolation import curve, largest_first, robustness
from moltarium.analysis.graphs.robust import DEFINITIONS, FIGURES, change
from moltarium.analysis.graphs.robust import measure as robust
from moltarium.analysis.graphs.structure import undirected
from moltarium.analysis.graphs.taken_out import FLOOD, HOUR, HUBS, copies, flooding, hubs, spam, without
from moltarium.analysis.metric import Measure, Sampling
from moltarium.analysis.words.texts import EMPTY
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Post

AGENTS = 150
SLOW = 5.0
"""Minutes between two texts of the even world, so that nobody floods."""


def measured(record: Any) -> dict[str, Measure]:
    return robust(read_corpus(record), Sampling())


def value(record: Any, name: str) -> float:
    found = measured(record)[f"robust.{name}"]
    assert found.value is not None, found.needs
    return found.value


def even(forum: Any, spam: str | None = None, apart: float = 0.1) -> Any:
    """Build a ring in which everybody talks with four neighbours, mutually, and perhaps one who spams all."""
    posts = [(f"p{k}", f"a{k}") for k in range(AGENTS)]
    comments = [
        (f"c{k}_{step}", f"p{(k + step) % AGENTS}", None, f"a{k}")
        for k in range(AGENTS)
        for step in (-2, -1, 1, 2)
    ]
    at = {name: SLOW * k for k, (name, *_) in enumerate([*posts, *comments])}
    texts: dict[str, str] = {}
    if spam is not None:
        sent = [(f"s{k}", f"p{k}", None, "spammer") for k in range(AGENTS)]
        comments += sent
        at |= {name: 1e5 + apart * k for k, (name, *_) in enumerate(sent)}
        texts = {name: spam.format(k) for k, (name, *_) in enumerate(sent)}
    return forum(posts, comments, texts=texts, at=at)


def worked(forum: Any) -> Any:
    """Build the page's example: a ↔ b → c, and s who writes one text to all three."""
    posts = [("pa", "a"), ("pb", "b"), ("pc", "c")]
    comments = [("ab", "pb", None, "a"), ("ba", "pa", None, "b"), ("bc", "pc", None, "b")]
    comments += [(f"s{x}", f"p{x}", None, "s") for x in "abc"]
    return forum(
        posts, comments, texts={f"s{x}": text for x, text in zip("abc", ("Hi", "hi ", "HI"), strict=True)}
    )


UNDRAWN = "no interval: nothing is drawn"


def test_the_worked_example(forum: Any) -> None:
    found = measured(worked(forum))
    assert found["robust.hubs_reciprocity"].value == 1.0  # 2/6 → 0 without a
    assert found["robust.hubs_reciprocity"].note == (
        f"3 hubs left out one at a time: reciprocity 0.3333 → 0 to 0.5; {UNDRAWN}"
    )
    assert found["robust.duplicates_reciprocity"].value == pytest.approx(0.5)  # 2/6 → 2/4
    assert (
        found["robust.duplicates_reciprocity"].note
        == f"2 comments left out: reciprocity 0.3333 → 0.5; {UNDRAWN}"
    )
    assert found["robust.rate_reciprocity"].value == 0.0
    assert (
        found["robust.rate_reciprocity"].note == f"0 agents left out: reciprocity 0.3333 → 0.3333; {UNDRAWN}"
    )


def test_a_spammer_is_seen_by_every_filter(forum: Any) -> None:
    # r = 1 among 600 edges; 150 unanswered ones make it 600 / 750.
    spammed = even(forum, "Buy now")
    assert value(spammed, "rate_reciprocity") == pytest.approx(0.25)
    assert value(spammed, "duplicates_reciprocity") == pytest.approx(600 / 601 / 0.8 - 1)
    # Clustering of the ring alone is 1/2: 3 triangles' corners of 6 wedges each.
    assert measured(spammed)["robust.rate_clustering_global"].note is not None
    before = 0.5 / (1 + value(spammed, "rate_clustering_global"))
    net = build(read_corpus(spammed), "reply")
    assert before == pytest.approx(FIGURES["clustering_global"](net, undirected(net)))
    assert value(spammed, "rate_clustering_global") > 1


def test_filters_tell_copies_from_floods(forum: Any) -> None:
    varied = even(forum, "Offer number {}")
    assert value(varied, "duplicates_reciprocity") == 0.0
    assert value(varied, "rate_reciprocity") == pytest.approx(0.25)
    patient = even(forum, "Buy now", apart=SLOW)
    assert value(patient, "rate_reciprocity") == 0.0
    assert value(patient, "duplicates_reciprocity") > 0.2


def test_an_even_world_stays_still(forum: Any) -> None:
    found = measured(even(forum))
    assert all(found[f"robust.{trial}_reciprocity"].value == 0.0 for trial in ("hubs", "duplicates", "rate"))
    clustering = found["robust.hubs_clustering_global"].value
    assert clustering is not None
    assert clustering < 0.02
    for trial in ("hubs", "duplicates", "rate"):
        # Everybody has the same degree and in-degree.
        assert found[f"robust.{trial}_gini_in"].needs == "a figure that is not 0"
        assert found[f"robust.{trial}_assortativity"].needs == "at least 2 different degrees"


def test_a_hub_that_holds_all_is_named(forum: Any) -> None:
    star = forum([("p", "hub")], [(f"c{k}", "p", None, f"a{k}") for k in range(20)])
    found = measured(star)
    assert found["robust.hubs_gini_in"].needs == "at least 1 positive value in what is left"
    # One who is answered by the centre of 20 who are not: r = 2/21, and none without either.
    answered = forum(
        [("p", "hub"), ("q", "a0")],
        [*((f"c{k}", "p", None, f"a{k}") for k in range(20)), ("d", "q", None, "hub")],
    )
    assert measured(answered)["robust.hubs_reciprocity"].needs == "at least 1 edge in what is left"


def test_without_texts_or_parents_the_reason_is_given(forum: Any) -> None:
    record = forum([("p", "x")], [("c", "p", None, "y"), ("d", "p", "c", "x")], missing="comment.body")
    found = measured(record)
    assert found["robust.duplicates_reciprocity"].needs == "comment.body"
    assert found["robust.rate_reciprocity"].value == 0.0
    assert set(found) == {f"robust.{name}" for name in DEFINITIONS}


def test_a_figure_of_zero_has_no_relative_change() -> None:
    with pytest.raises(NotComputable, match="a figure that is not 0"):
        change(0.0, 0.5)


def test_copies_are_later_ones_of_the_same_text() -> None:
    said = np.array([3, EMPTY, 3, 1, EMPTY, 1, 1])
    assert copies(said).tolist() == [False, False, True, False, False, True, True]
    assert copies(np.zeros(0, dtype=np.int64)).tolist() == []


@pytest.mark.parametrize(
    ("count", "span", "floods"),
    [(FLOOD, HOUR // 2, False), (FLOOD + 1, HOUR - 1, True), (FLOOD + 1, HOUR, False)],
)
def test_a_flood_is_more_than_its_limit_within_an_hour(count: int, span: int, floods: bool) -> None:
    t = np.concatenate(([0], np.full(count - 2, span // 2), [span]))
    shuffled = np.random.default_rng(1).permutation(t)
    assert flooding(np.full(count, 7), shuffled).tolist() == ([7] if floods else [])
    assert flooding(np.full(count, UNKNOWN), t).tolist() == []


def test_no_text_is_no_flood() -> None:
    assert flooding(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)).tolist() == []


EDGES = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), min_size=1, max_size=60)


@given(edges=EDGES, gone=st.integers(0, 14))
def test_leaving_out_equals_never_having_been(graph: Any, edges: list[tuple[int, int]], gone: int) -> None:
    net = graph(edges)
    place = np.flatnonzero(net.names == f"a{gone}")
    left, anew = without(net, place), graph([pair for pair in edges if gone not in pair])
    for part in ("names", "source", "target", "weight"):
        assert getattr(left, part).tolist() == getattr(anew, part).tolist()


@given(edges=EDGES)
def test_hubs_are_the_largest_by_in_degree(graph: Any, edges: list[tuple[int, int]]) -> None:
    net = graph(edges)
    into = np.bincount(net.target, minlength=net.n)
    found = hubs(net)
    assert len(found) == min(HUBS, np.count_nonzero(into))
    assert into[found].tolist() == sorted(into.tolist(), reverse=True)[: len(found)]


def drawn(forum: Any, seed: int) -> Any:
    """Build a forum of 60 agents, some of them much visited, with threads of copies and of one author."""
    rng = np.random.default_rng(seed)
    posts = [(f"p{k}", f"a{int(60 * rng.random() ** 3)}") for k in range(60)]
    comments, texts = [], {}
    for k in range(900):
        thread = int(60 * rng.random() ** 1.5)
        author = f"a{rng.integers(60)}" if thread % 7 else f"a{thread % 5}"
        comments.append((f"c{k}", f"p{thread}", None, None if rng.random() < 0.02 else author))
        texts[f"c{k}"] = "same" if thread % 5 == 0 and rng.random() < 0.7 else f"text {k}"
    return forum(posts, comments, texts=texts)


def recount(record: Any, keep: Any, gone: frozenset[str] = frozenset()) -> dict[str, float]:
    """Return the figures of the comments kept, without some agents, with networkx."""
    opener = {post.post_id: post.author for post in record.rows(Post)}
    theirs: nx.DiGraph[str] = nx.DiGraph()
    for comment in filter(keep, record.rows(Comment)):
        a, b = comment.author, opener[comment.post_id]
        if a is not None and a != b and not {a, b} & gone:
            theirs.add_edge(a, b)
    both = theirs.to_undirected()
    into = sorted(degree for _, degree in theirs.in_degree())
    ranks = sum((2 * k - len(into) + 1) * x for k, x in enumerate(into))
    return {
        "reciprocity": nx.overall_reciprocity(theirs),
        "clustering_global": nx.transitivity(both),
        "assortativity": nx.degree_assortativity_coefficient(both),
        "gini_in": ranks / (len(into) * sum(into)),
    }


@pytest.mark.parametrize(("trial", "count"), [("hubs1", 1), ("hubs5", 5), ("hubs10", 10), ("hubs10pc", 6)])
def test_hubs_left_out_together_equal_a_recount(forum: Any, trial: str, count: int) -> None:
    record = drawn(forum, 3)
    net = build(read_corpus(record), "reply")
    gone = frozenset(str(name) for name in net.names[hubs(net)][:count])
    found = measured(record)
    whole, left = recount(record, bool), recount(record, bool, gone)
    for name, before in whole.items():
        expected = abs(left[name] - before) / abs(before)
        assert found[f"robust.{trial}_{name}"].value == pytest.approx(expected, abs=1e-9), name
    assert (found[f"robust.{trial}_reciprocity"].note or "").startswith(f"{count} agents left out")


def test_threads_of_copies_and_of_few_authors_are_spam(forum: Any) -> None:
    record = drawn(forum, 4)
    threads: dict[str, list[Comment]] = {}
    for comment in record.rows(Comment):
        threads.setdefault(comment.post_id, []).append(comment)
    bad: dict[str, set[str]] = {"copies": set(), "authors": set()}
    for post, below in threads.items():
        authors = [comment.author for comment in below if comment.author is not None]
        if len(below) >= 5 and len({comment.body for comment in below}) < 0.5 * len(below):
            bad["copies"].add(post)
        if len(below) >= 5 and authors and len(set(authors)) < 0.2 * len(authors):
            bad["authors"].add(post)
    assert bad["copies"] - bad["authors"]
    assert bad["authors"] - bad["copies"]
    both = bad["copies"] | bad["authors"]
    found = measured(record)
    assert found["robust.spam_posts"].value == pytest.approx(len(both) / 60)
    whole, left = recount(record, bool), recount(record, lambda comment: comment.post_id not in both)
    for name, before in whole.items():
        expected = abs(left[name] - before) / abs(before)
        assert found[f"robust.spam_{name}"].value == pytest.approx(expected, abs=1e-9), name


def test_four_comments_are_no_spam_and_unknown_authors_no_author() -> None:
    same, unknown = np.zeros(5, dtype=np.int64), np.full(5, UNKNOWN)
    assert spam(same[:4], np.arange(4), same[:4], 1).tolist() == [False]
    assert spam(same, np.arange(5), same, 1).tolist() == [True]
    assert spam(np.arange(5), unknown, same, 1).tolist() == [False]
    assert spam(same[:0], same[:0], same[:0], 2).tolist() == [False, False]


def test_communities_that_hang_on_hubs_are_told_from_those_that_stand(forum: Any) -> None:
    # Four groups of 20, each joined among themselves, or through two hubs alone; and ties across groups.
    def village(through_hubs: bool) -> Any:
        posts = [(f"p{k}", f"a{k}") for k in range(88)]
        pairs = []
        for k in range(80):
            first = k - k % 20
            two = [80 + k // 20, 84 + k // 20]
            mates = two if through_hubs else [first + (k - first + step) % 20 for step in (1, 2, 3, 4)]
            pairs += [(k, mate) for mate in mates]
            if k % 2 == 0 and k % 40 < 20:
                pairs.append((k, (k + 20) % 80))
        comments = [(f"c{i}", f"p{b}", None, f"a{a}") for i, (a, b) in enumerate(pairs)]
        return forum(posts, comments)

    stands, hangs = measured(village(False)), measured(village(True))
    assert stands["robust.seed_communities"].value == pytest.approx(0.0, abs=1e-9)
    assert (stands["robust.hubs10_communities"].value or 0) < 0.1
    assert (stands["robust.hubs10_modularity"].value or 0) < 0.2
    assert (hangs["robust.hubs10_communities"].value or 0) > 0.5


@given(edges=EDGES, seed=st.integers(0, 5))
def test_percolation_equals_taking_out_one_by_one(
    graph: Any, edges: list[tuple[int, int]], seed: int
) -> None:
    flat = undirected(graph(edges))
    if not flat.m:
        return
    for order in (largest_first(flat), np.random.default_rng(seed).permutation(flat.n)):
        theirs: nx.Graph[int] = nx.Graph(zip(flat.low.tolist(), flat.high.tolist(), strict=True))
        sizes = []
        for node in order.tolist():
            theirs.remove_node(node)
            sizes.append(max(map(len, nx.connected_components(theirs)), default=0) / flat.n)
        assert curve(flat, order).tolist() == pytest.approx(sizes)
        assert robustness(flat, order) == pytest.approx(float(np.mean(sizes)))
    degree = flat.degrees()[largest_first(flat)]
    assert (np.diff(degree) <= 0).all()


def test_hubs_hold_a_star_together_and_nobody_equals(forum: Any) -> None:
    star = forum([("p", "hub")], [(f"c{k}", "p", None, f"a{k}") for k in range(40)])
    pairs = nx.random_regular_graph(6, 60, seed=1).edges
    even = forum(
        [(f"p{k}", f"a{k}") for k in range(60)],
        [(f"c{i}", f"p{b}", None, f"a{a}") for i, (a, b) in enumerate(pairs)],
    )
    found = measured(star)
    assert found["robust.percolation_hubs"].value == pytest.approx(40 / 41**2)
    null = found["robust.percolation_hubs"].null
    assert null is not None
    assert null.p < 0.1
    assert null.mean == found["robust.percolation_random"].value
    same = measured(even)["robust.percolation_hubs"].null
    assert same is not None
    assert same.z is not None
    assert abs(same.z) < 3
