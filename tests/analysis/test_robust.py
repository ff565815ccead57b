"""How far a figure hangs on hubs, copies and floods: a planted spammer is seen, an even world stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moltarium.analysis.corpus import UNKNOWN, read_corpus
from moltarium.analysis.graphs.networks import build
from moltarium.analysis.graphs.robust import (
    DEFINITIONS,
    FIGURES,
    FLOOD,
    HOUR,
    HUBS,
    change,
    copies,
    flooding,
    hubs,
    without,
)
from moltarium.analysis.graphs.robust import measure as robust
from moltarium.analysis.metric import Measure, Sampling
from moltarium.analysis.words.texts import EMPTY
from moltarium.sim.record.errors import NotComputable

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


def test_the_worked_example(forum: Any) -> None:
    found = measured(worked(forum))
    assert found["robust.hubs_reciprocity"].value == 1.0  # 2/6 → 0 without a
    assert found["robust.hubs_reciprocity"].note == (
        "3 hubs left out one at a time: reciprocity 0.3333 → 0 to 0.5"
    )
    assert found["robust.duplicates_reciprocity"].value == pytest.approx(0.5)  # 2/6 → 2/4
    assert found["robust.duplicates_reciprocity"].note == "2 comments left out: reciprocity 0.3333 → 0.5"
    assert found["robust.rate_reciprocity"].value == 0.0
    assert found["robust.rate_reciprocity"].note == "0 agents left out: reciprocity 0.3333 → 0.3333"


def test_a_spammer_is_seen_by_every_filter(forum: Any) -> None:
    # r = 1 among 600 edges; 150 unanswered ones make it 600 / 750.
    spammed = even(forum, "Buy now")
    assert value(spammed, "rate_reciprocity") == pytest.approx(0.25)
    assert value(spammed, "duplicates_reciprocity") == pytest.approx(600 / 601 / 0.8 - 1)
    # Clustering of the ring alone is 1/2: 3 triangles' corners of 6 wedges each.
    assert measured(spammed)["robust.rate_clustering_global"].note is not None
    before = 0.5 / (1 + value(spammed, "rate_clustering_global"))
    assert before == pytest.approx(FIGURES["clustering_global"](build(read_corpus(spammed), "reply")))
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
