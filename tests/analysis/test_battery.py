"""The battery gives every name, always, with a value or a reason, the same for the same seed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from moltarium.analysis import battery
from moltarium.analysis.by_hand import forum as forum_by_hand
from moltarium.analysis.metric import Family, Measure
from moltarium.analysis.no_null import DRAWN, why_no_null
from moltarium.analysis.results import as_frame, as_json, number

NETWORK = """nodes edges density reciprocity rho mutual_dyads mutual_share clustering_global clustering_local
    assortativity gini_in gini_out gini_in_positive gini_out_positive modularity largest_scc"""
TRIADS = "003 012 102 021D 021U 021C 111D 111U 030T 030C 201 120D 120U 120C 210 300"
TAILS = "activity in_degree out_degree comments_per_post posts_per_community"
FIGURES = "reciprocity clustering_global assortativity gini_in"
FAMILIES = {
    "network.reply": NETWORK,
    **{f"network.{kind}": NETWORK for kind in ("author", "comment", "mention", "vote", "follow")},
    "shape.reply": """pagerank_gini pagerank_top1 top1_in top5_in top10_in top20_in
        top1_out top5_out top10_out top20_out centralisation betweenness_max
        betweenness_centralisation core_max periphery bowtie_core bowtie_in bowtie_out bowtie_rest path_mean
        diameter path_mean_weighted diameter_weighted small_world communities communities_stability rich_club
        without_hubs_1 without_hubs_5 without_hubs_10 without_hubs_20 hubs_to_halve """
    + " ".join(f"triad_{kind}" for kind in TRIADS.split()),
    "small_world.reply": "clustering_ratio path_ratio sigma lattice_ratio omega",
    "louvain.reply": "modularity communities modularity_weighted communities_weighted",
    "reciprocity": """weighted within_communities tie_1 tie_2_4 tie_5 early late answered_1h answered_24h
        hazard_ratio_1h hazard_ratio_24h""",
    "activity": """gini alpha top1_share top5_share top10_share top20_share top4_comments gini_all
        agents posts comments""",
    "tail": "comments_per_post_alpha_100 "
    + " ".join(
        f"{what}_{name}"
        for what in TAILS.split()
        for name in ("alpha_1", "alpha", "xmin", "over_lognormal", "over_exponential")
    ),
    "thread": """depth_mean depth_max never_replied posts_with_comment flat_share first_comment_median_min
        first_comment_mean_min replied_share reentry""",
    "tree": """max_depth_mean depth_5_share depth_1_share width_mean branching_root branching_below wiener
        shape_minimal shape_wide_tree shape_deep_chain shape_branching shape_shallow median_wide_tree
        median_deep_chain median_branching median_shallow depth_width""",
    "survival": """answered_1h answered_24h weibull_shape reply_median_s comment_half_life_min author_returns
        commenter_returns""",
    "rhythm": """burstiness burstiness_finite cov_regular cov_irregular heartbeat_4h circadian_24h
        growth_exponent trend""",
    "attention": """upvote_gini upvote_scaling comment_gini comment_top1 direct_scaling first_mover
        visibility""",
    "community": "largest_share top10_share gini entropy entropy_corrected authors_across",
    "text": """exact_duplicates exact_duplicate_comments repeats my_human zipf zipf_alpha jaccard
        jaccard_different""",
    "robust": "spam_posts percolation_hubs percolation_random seed_modularity seed_communities "
    + " ".join(f"hubs_{figure}" for figure in FIGURES.split())
    + " "
    + " ".join(
        f"{trial}_{figure}"
        for trial in ["hubs1", "hubs5", "hubs10", "hubs1pc", "hubs10pc", "duplicates", "spam", "rate"]
        for figure in f"{FIGURES} modularity communities".split()
    ),
}
NAMES = {f"{prefix}.{name}" for prefix, names in FAMILIES.items() for name in names.split()}
BY_FORMULA = (
    *("tail.", "survival.answered", "survival.weibull", "reciprocity.hazard", "rhythm.", "attention.direct"),
    "tree.depth_width",
)
"""Measures whose interval or null needs no draws."""
SHAPED = """pagerank_gini pagerank_top1 bowtie_core bowtie_in bowtie_out bowtie_rest core_max periphery
    without_hubs_1 without_hubs_5 without_hubs_10 without_hubs_20 hubs_to_halve triad_201"""
"""Shape that degrees do not decide: beside null graphs."""
SILENT = ("network.mention", "network.vote", "network.follow")
"""Kinds of ties that the forum lacks: nobody is called by handle or followed, votes are not known."""
UNKNOWN_HERE = {
    # A forum of eight hours on one community, without votes or impressions.
    *(name for name in NAMES if name.startswith("tail.")),
    *(name for name in NAMES if name.startswith(SILENT) and not name.endswith((".nodes", ".edges"))),
    *(f"network.vote.{name}" for name in ["nodes", "edges"]),
    *(f"attention.{name}" for name in ["upvote_gini", "upvote_scaling", "visibility"]),
    *(f"rhythm.{name}" for name in ["heartbeat_4h", "circadian_24h", "growth_exponent", "trend"]),
    *("survival.answered_24h", "reciprocity.answered_24h", "reciprocity.hazard_ratio_24h"),
    *(
        *("text.zipf", "text.jaccard", "text.jaccard_different"),
        "community.entropy",
        "community.entropy_corrected",
        "tail.comments_per_post_alpha_100",
        "shape.reply.rich_club",
        "reciprocity.tie_5",
    ),
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


def test_every_name_has_a_value_or_a_reason_an_origin_and_a_definition(measures: dict[str, Measure]) -> None:
    assert set(measures) == NAMES == set(battery.definitions())
    lacking = {name for name, found in measures.items() if found.value is None} - UNKNOWN_HERE
    assert not lacking
    for name, found in measures.items():
        assert (found.value is None) == (found.needs is not None), name
        assert found.value is not None or name in UNKNOWN_HERE, (name, found.needs)
        assert any(mark in found.source for mark in ("arXiv", "doi", "this project"))
        assert found.value is None or found.ci or "no interval" in (found.note or ""), name
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
            assert null.draws == 50  # as many as were asked for
    for name in SHAPED.split():
        shaped = measures[f"shape.reply.{name}"].null
        assert shaped is not None, name
        assert shaped.draws == 50
        assert shaped.p > 0.02  # who answers whom was drawn at random here


def test_a_figure_without_a_null_says_why(measures: dict[str, Measure]) -> None:
    for name, entry in as_json(measures).items():
        assert ("no_null" in entry) == (entry["value"] is not None and entry["null"] is None), name
        assert entry.get("no_null") != DRAWN, name
        assert measures[name].null is None or why_no_null(name) == DRAWN, name
    bare = as_json(battery.measure(forum_by_hand({"p": "ann"}, [("c", "p", "bob")]), draws=0))
    assert bare["network.reply.reciprocity"]["no_null"] == DRAWN


def test_the_same_seed_gives_the_same_figures(forum: Any, measures: dict[str, Measure]) -> None:
    assert battery.measure(busy(forum), draws=50) == measures
    other = battery.measure(busy(forum), seed=1, draws=50)
    assert other["network.reply.reciprocity"].value == measures["network.reply.reciprocity"].value
    assert other["network.reply.reciprocity"].null != measures["network.reply.reciprocity"].null
    assert other["activity.gini"].ci != measures["activity.gini"].ci


def test_no_draws_means_values_alone(forum: Any, measures: dict[str, Measure]) -> None:
    bare = battery.measure(busy(forum), draws=0)
    assert {name: found.value for name, found in bare.items()} == {n: m.value for n, m in measures.items()}
    drawn = {name: found for name, found in bare.items() if not name.startswith(BY_FORMULA)}
    assert not any(found.ci or found.null for found in drawn.values())
    with pytest.raises(ValueError, match="negative"):
        battery.measure(busy(forum), draws=-1)


def test_what_needs_no_parent_is_measured_without_it(forum: Any) -> None:
    told = [(f"c{k}", "p" if k < 6 else "q", None, "x" if k == 1 else f"y{k}") for k in range(8)]
    found = battery.measure(forum([("p", "x"), ("q", "z")], told, missing="comment.parent"), draws=0)
    expected = {
        "tree.shape_minimal": 0.5,
        "robust.spam_posts": 0.0,
        "survival.author_returns": 0.5,
        "survival.commenter_returns": 0.0,
        "thread.posts_with_comment": 1.0,
    }
    assert {name: found[name].value for name in expected} == expected
    assert found["survival.comment_half_life_min"].value is not None
    for name in (
        "tree.wiener",
        "survival.reply_median_s",
        "robust.hubs_reciprocity",
        "robust.percolation_hubs",
    ):
        assert found[name].needs == "comment.parent"


@pytest.mark.parametrize(
    ("missing", "absent", "needs"),
    [
        ("comment", NAMES, "table comment"),
        ("post", NAMES, "table post"),
        ("comment.parent", {n for n in NAMES if n.startswith("network.reply")}, "comment.parent"),
        (
            "comment.author",
            {
                n
                for n in NAMES
                if n.startswith(("network.reply", "network.comment", "network.mention", "activity"))
            },
            "comment.author",
        ),
        ("follow", {n for n in NAMES if n.startswith("network.follow")}, "table follow"),
        (
            "agent",
            {"activity.gini_all", *(n for n in NAMES if n.startswith("network.mention"))},
            "table agent",
        ),
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
        f"network.{kind}.{name}": 0.0
        for kind in ("reply", "author", "comment", "mention", "follow")
        for name in ("nodes", "edges")
    } | {f"activity.{name}": 0.0 for name in ("agents", "posts", "comments")}
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
    assert (found["activity.gini"].note or "").startswith("1 posts and comments of unknown authors left out")


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
    assert as_json(empty)["activity.gini"]["ci"] is None
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
