"""The real snapshot of MoltBook's first days, measured beside an independent recomputation with networkx."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any, cast

import networkx as nx
import pytest

from benchmarks.pages import EARLY, figure
from moltarium.analysis.battery import measure
from moltarium.analysis.metric import Measure
from moltarium.sim.record.moltbook import import_snapshot
from moltarium.sim.record.store import RunReader

SNAPSHOT = Path(__file__).parents[3] / "shared" / "data" / "moltbook" / "early-days"

pytestmark = [
    pytest.mark.snapshot,
    pytest.mark.skipif(not SNAPSHOT.is_dir(), reason="the early-days snapshot is not beside the checkout"),
]


def rows(table: str) -> list[dict[str, Any]]:
    with gzip.open(SNAPSHOT / f"{table}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def measures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, float | None]]:
    out = tmp_path_factory.mktemp("early") / "run"
    import_snapshot(SNAPSHOT, out)
    reader = RunReader(out)
    found: dict[str, Measure] = measure(reader, draws=0)
    yield {name: entry.value for name, entry in found.items()}
    reader.close()


@pytest.mark.parametrize("kind", ["reply", "author"])
def test_networks_equal_networkx(measures: dict[str, float | None], kind: str) -> None:
    posts, comments = rows("posts"), rows("comments")
    opener = {post["id"]: post["author_id"] for post in posts}
    writer = {comment["id"]: comment["author_id"] for comment in comments}
    theirs: nx.DiGraph[str] = nx.DiGraph()
    for comment in comments:
        parent = comment["parent_id"] if kind == "reply" else None
        target = writer[parent] if parent else opener[comment["post_id"]]
        if comment["author_id"] != target:
            theirs.add_edge(comment["author_id"], target)
    both = theirs.to_undirected()
    local = cast("dict[str, float]", nx.clustering(both))
    expected = {
        "nodes": theirs.number_of_nodes(),
        "edges": theirs.number_of_edges(),
        "density": nx.density(theirs),
        "reciprocity": nx.overall_reciprocity(theirs),
        "mutual_dyads": theirs.number_of_edges() - both.number_of_edges(),
        "clustering_global": nx.transitivity(both),
        "clustering_local": mean(value for node, value in local.items() if both.degree(node) >= 2),
        "assortativity": nx.degree_assortativity_coefficient(both),
        "largest_scc": max(map(len, nx.strongly_connected_components(theirs))) / theirs.number_of_nodes(),
    }
    for name, value in expected.items():
        assert measures[f"network.{kind}.{name}"] == pytest.approx(value, abs=1e-9), name


def test_the_page_of_the_first_days_says_what_is_measured(measures: dict[str, float | None]) -> None:
    page = dict(re.findall(r"^\| `([\w.]+)` \| ([^|]+?) \|", EARLY.read_text(encoding="utf-8"), re.MULTILINE))
    found = {name: figure(value) for name, value in measures.items() if value is not None}
    assert page == found, "measures have changed: run python -m benchmarks.pages SNAPSHOT"


def test_threads_equal_the_snapshots_own_depths(measures: dict[str, float | None]) -> None:
    comments = rows("comments")
    depth = [comment["depth"] for comment in comments]
    answered = {comment["parent_id"] for comment in comments} - {None}
    assert measures["thread.depth_mean"] == pytest.approx(mean(depth), abs=1e-12)
    assert measures["thread.depth_max"] == max(depth)
    assert measures["thread.never_replied"] == pytest.approx(1 - len(answered) / len(comments), abs=1e-12)
    commented = {comment["post_id"] for comment in comments}
    assert measures["thread.posts_with_comment"] == pytest.approx(
        len(commented) / len(rows("posts")), abs=1e-12
    )


def test_the_first_days_look_like_what_was_published_of_them(measures: dict[str, float | None]) -> None:
    # Holtz measured a larger cut two days later: same orders of magnitude, never the same figures.
    assert 0.1 < (measures["network.reply.reciprocity"] or 0) < 0.4  # .197
    assert 0.3 < (measures["network.reply.clustering_local"] or 0) < 0.6  # .470
    assert -0.4 < (measures["network.reply.assortativity"] or 0) < -0.1  # −.210
    assert 1.5 < (measures["activity.alpha"] or 0) < 2.0  # 1.70
    assert 0.7 < (measures["activity.gini"] or 0) < 0.9  # .839
    assert 1.0 < (measures["thread.depth_mean"] or 0) < 1.2  # 1.07
    assert 0.88 < (measures["thread.never_replied"] or 0) < 0.97  # .935
    reply, author = measures["network.reply.reciprocity"], measures["network.author.reciprocity"]
    assert reply is not None
    assert author is not None
    assert reply > 2 * author  # the definition alone makes the difference
