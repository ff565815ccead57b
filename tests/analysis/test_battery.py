"""The battery gives every name, always, with a value or a reason, the same for the same seed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from moltarium.analysis import battery
from moltarium.analysis.metric import Family, Measure
from moltarium.analysis.results import as_frame, as_json, number

SHAPE = """nodes edges density reciprocity rho mutual_dyads clustering_global clustering_local assortativity
    gini_in gini_out modularity largest_scc"""
THREAD = (
    """depth_mean depth_max never_replied posts_with_comment flat_share first_comment_median_min reentry"""
)
NAMES = {
    *(f"network.{kind}.{name}" for kind in ("reply", "author") for name in SHAPE.split()),
    *(f"activity.{name}" for name in ("gini", "alpha", "top1_share")),
    *(f"thread.{name}" for name in THREAD.split()),
    "text.exact_duplicates",
}


def busy(forum: Any, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    posts = [(f"p{k}", f"a{rng.integers(40)}") for k in range(80)]
    comments: list[tuple[str, str, str | None, str]] = []
    home: list[str] = []
    for k in range(400):
        parent = int(rng.integers(k)) if k and rng.random() < 0.4 else None
        post = home[parent] if parent is not None else f"p{rng.integers(80)}"
        home.append(post)
        comments.append((f"c{k}", post, None if parent is None else f"c{parent}", f"a{rng.integers(40)}"))
    return forum(posts, comments)


@pytest.fixture(scope="module")
def measures(forum: Any) -> dict[str, Measure]:
    return battery.measure(busy(forum), draws=50)


def test_every_name_has_a_value_an_origin_and_a_definition(measures: dict[str, Measure]) -> None:
    assert set(measures) == NAMES == set(battery.definitions())
    for name, found in measures.items():
        assert found.value is not None, name
        assert "arXiv" in found.source or "doi" in found.source
        assert (found.definition, found.source) == battery.definitions()[name]


def test_intervals_hold_their_values(measures: dict[str, Measure]) -> None:
    with_interval = {name: found for name, found in measures.items() if found.ci}
    assert len(with_interval) >= 25
    for name, found in with_interval.items():
        assert found.ci is not None
        assert found.value is not None
        assert found.ci[0] <= found.value <= found.ci[1], name


def test_nulls_stand_where_a_null_model_exists(measures: dict[str, Measure]) -> None:
    for kind in ("reply", "author"):
        for name in (
            "reciprocity",
            "rho",
            "clustering_global",
            "clustering_local",
            "assortativity",
            "modularity",
        ):
            null = measures[f"network.{kind}.{name}"].null
            assert null is not None
            assert 0 < null.p <= 1
            assert "configuration" in null.model


def test_the_same_seed_gives_the_same_figures(forum: Any, measures: dict[str, Measure]) -> None:
    assert battery.measure(busy(forum), draws=50) == measures
    other = battery.measure(busy(forum), seed=1, draws=50)
    assert other["network.reply.reciprocity"].value == measures["network.reply.reciprocity"].value
    assert other["network.reply.reciprocity"].ci != measures["network.reply.reciprocity"].ci


def test_no_draws_means_values_alone(forum: Any, measures: dict[str, Measure]) -> None:
    bare = battery.measure(busy(forum), draws=0)
    assert {name: found.value for name, found in bare.items()} == {n: m.value for n, m in measures.items()}
    assert not any(found.ci or found.null for found in bare.values())
    with pytest.raises(ValueError, match="negative"):
        battery.measure(busy(forum), draws=-1)


@pytest.mark.parametrize(
    ("missing", "absent", "needs"),
    [
        ("comment", NAMES, "table comment"),
        ("post", NAMES, "table post"),
        ("comment.parent", {n for n in NAMES if n.startswith("network.reply")}, "comment.parent"),
        ("comment.author", {n for n in NAMES if n.startswith(("network", "activity"))}, "comment.author"),
    ],
)
def test_what_is_unknown_is_named(forum: Any, missing: str, absent: set[str], needs: str) -> None:
    posts = [] if missing == "post" else [("p", "x")]
    comments = (
        [] if missing == "comment" else [("c", "p", None, None if missing == "comment.author" else "y")]
    )
    found = battery.measure(forum(posts, comments, missing=missing), draws=10)
    assert set(found) == NAMES
    for name in absent:
        assert (found[name].value, found[name].needs) == (None, needs), name


def test_an_empty_forum_has_reasons_and_no_zeros_but_counts(forum: Any) -> None:
    found = battery.measure(forum([], []))
    valued = {name: m.value for name, m in found.items() if m.value is not None}
    assert valued == {
        f"network.{kind}.{name}": 0.0 for kind in ("reply", "author") for name in ("nodes", "edges")
    }
    for name, m in found.items():
        assert (m.needs is None) == (name in valued)


def test_one_edge_is_enough_not_to_fail(forum: Any) -> None:
    found = battery.measure(forum([("p", "x")], [("c", "p", None, "y")]))
    assert found["network.reply.density"].value == 0.5
    assert found["network.reply.clustering_local"].needs == "at least 1 agent with 2 neighbours"
    assert found["activity.alpha"].needs == "at least 1 value above 1"


def test_activity_counts_posts_and_comments_of_those_who_wrote(forum: Any) -> None:
    found = battery.measure(
        forum([("p", "x"), ("q", "x"), ("r", None)], [("c", "p", None, "x"), ("d", "p", None, "y")]), draws=0
    )
    assert found["activity.gini"].value == 0.25  # 3 and 1
    assert found["activity.top1_share"].value == 0.75
    assert found["activity.alpha"].value == pytest.approx(1 + 2 / np.log(3))
    assert found["activity.gini"].note == "1 posts and comments of unknown authors left out"


def test_duplicates_are_compared_as_published(forum: Any) -> None:
    texts = {"p": "Hello  World", "c": "hello world\n", "d": "hello, world", "e": "  ", "f": " "}
    found = battery.measure(
        forum([("p", "x")], [(name, "p", None, "y") for name in "cdef"], texts=texts), draws=0
    )
    assert found["text.exact_duplicates"].value == 2 / 3  # of three texts that are not empty


def test_two_families_cannot_share_a_name() -> None:
    taken = Family("activity", frozenset(), lambda corpus, sampling: {}, {})
    with pytest.raises(ValueError, match="activity"):
        battery.register(taken)


def test_json_is_strict_and_stable(forum: Any, measures: dict[str, Measure]) -> None:
    empty = battery.measure(forum([], []))
    for found in (measures, empty):
        text = json.dumps(as_json(found), allow_nan=False)
        assert json.loads(text).keys() == NAMES
    entry = as_json(measures)["network.reply.reciprocity"]
    assert list(entry) == ["value", "ci", "null", "source", "definition"]
    assert as_json(empty)["activity.gini"]["needs"] == "at least 1 positive value"
    assert as_json(measures)["network.reply.nodes"]["value"] == 40


def test_rows_for_tables(measures: dict[str, Measure]) -> None:
    rows = as_frame(measures)
    assert rows["metric"].tolist() == list(measures)
    assert (
        rows.set_index("metric")
        .loc["network.reply.reciprocity", ["low", "high", "p"]]
        .notna()
        .to_numpy()
        .all()
    )
    assert as_frame({}).empty


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_figure_is_infinite_or_not_a_number(value: float) -> None:
    with pytest.raises(ValueError, match="no figure"):
        number(value)
