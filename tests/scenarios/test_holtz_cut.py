"""A snapshot that is cut where a published one was: every figure of Holtz's list, counted anew by hand.

The snapshot is drawn at random, with what real ones hold: late comments on early posts, moments exactly at
the bound, times of several zones, authors who are gone, copies, people answering themselves. Nothing is taken
from Moltarium to say what should come out: networkx, and loops.
"""

from __future__ import annotations

import json
import math
import re
import statistics
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple, cast

import networkx as nx
import numpy as np
import pytest
from typer.testing import CliRunner

from moltarium.scenarios.cli import app
from moltarium.scenarios.moments import moment as moment_of

START = datetime(2026, 1, 27, 18, 1, tzinfo=UTC)
BOUND = START + timedelta(hours=84)
WRITTEN = ("2026-01-31T06:01:00Z", "2026-01-31T06:01", "2026-01-31T08:01:00+02:00", "2026-01-30T22:01-08:00")
"""The bound, as users write it."""
SAYINGS = ("Nice post!", "nice  POST!", "I think my human knows", "MY HUMAN\nsays hello", "", "🦞🦞")
VOCABULARY = [f"{a}{b}" for a in "bcdfghklmn" for b in ("a", "eo", "ist", "und", "ö", "alpha")]


class Snapshot(NamedTuple):
    """What the crawler wrote down."""

    posts: list[dict[str, Any]]
    comments: list[dict[str, Any]]


def moment(rng: np.random.Generator, t: datetime) -> str:
    """Return a time as some crawler writes it, in a zone of its own."""
    away = timezone(timedelta(hours=int(rng.integers(-11, 13))))
    forms = (t.isoformat(), t.astimezone(away).isoformat(), t.isoformat().replace("+00:00", "Z"))
    return forms[rng.integers(3)]


def said(rng: np.random.Generator) -> str:
    if rng.random() < 0.3:
        return str(rng.choice(SAYINGS))
    place = (len(VOCABULARY) * rng.random(rng.integers(3, 20)) ** 3).astype(int)
    return " ".join(VOCABULARY[k] for k in place)


@cache
def draw(seed: int) -> Snapshot:
    """Draw 160 posts and 1,500 comments over a week, twice as long as the cut."""
    rng = np.random.default_rng(seed)

    def agent() -> str | None:
        return None if rng.random() < 0.03 else f"a{int(70 * rng.random() ** 2)}"

    def within(t: datetime) -> datetime:
        if t < BOUND and rng.random() < 0.05:
            return BOUND - timedelta(microseconds=int(rng.integers(2)))
        return t + timedelta(seconds=float(rng.exponential(40_000)))

    posts: list[dict[str, Any]] = []
    for k in range(160):
        t = START + timedelta(hours=168 * k / 160)
        t = {10: BOUND, 11: BOUND - timedelta(microseconds=1)}.get(k, t)
        community = f"c{int(14 * rng.random() ** 2)}"
        posts.append({"id": f"p{k}", "title": "T", "content": said(rng), "t": t, "author_id": agent()})
        posts[-1] |= {"submolt": community, "upvotes": int(rng.integers(9)), "downvotes": 0}
    comments: list[dict[str, Any]] = []
    for k in range(1500):
        # Preferably on the early posts, so that threads grow; a chain now and then.
        above = None
        if comments and rng.random() < 0.25:
            above = comments[int(rng.integers(max(0, len(comments) - 30), len(comments)))]
        post = posts[int(160 * rng.random() ** 2.5)] if above is None else posts[int(above["post_id"][1:])]
        t = within(post["t"] if above is None else above["t"])
        row = {"id": f"k{k}", "post_id": post["id"], "parent_id": above and above["id"], "t": t}
        comments.append(row | {"author_id": agent(), "content": said(rng), "upvotes": 0, "downvotes": 0})
    for rows in (posts, comments):
        for row in rows:
            row["created_at"] = moment(rng, row["t"])
    return Snapshot(posts, comments)


def write(found: Snapshot, folder: Path) -> None:
    """Write a snapshot as the sample of MoltBook's first days has it."""
    folder.mkdir()
    for name, rows in (("posts", found.posts), ("comments", found.comments)):
        lines = ({key: value for key, value in row.items() if key != "t"} for row in rows)
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines), "utf-8")


def gini(values: list[int]) -> float:
    apart = sum(abs(a - b) for a in values for b in values)
    return apart / (2 * len(values) * sum(values))


@cache
def expected(bound: datetime | None) -> dict[str, float]:
    """Return Holtz's figures of what was written before the bound, the slow way."""
    found = draw(1)
    posts = {p["id"]: p for p in found.posts if bound is None or p["t"] < bound}
    comments = {c["id"]: c for c in found.comments if bound is None or c["t"] < bound}
    return {
        **_activity(posts, comments),
        **_network(posts, comments),
        **_threads(posts, comments),
        **_texts([row["content"] for row in (*posts.values(), *comments.values())]),
    }


def _activity(posts: dict[str, Any], comments: dict[str, Any]) -> dict[str, float]:
    rows = (*posts.values(), *comments.values())
    counts = list(Counter(row["author_id"] for row in rows if row["author_id"]).values())
    homes = [number for _, number in Counter(p["submolt"] for p in posts.values()).most_common()]
    return {
        "activity.posts": len(posts),
        "activity.comments": len(comments),
        "activity.agents": len(counts),
        "activity.gini": gini(counts),
        "activity.alpha": 1 + len(counts) / sum(map(math.log, counts)),
        "community.largest_share": homes[0] / len(posts),
        "community.top10_share": sum(homes[:10]) / len(posts),
    }


def _network(posts: dict[str, Any], comments: dict[str, Any]) -> dict[str, float]:
    directed: nx.DiGraph[str] = nx.DiGraph()
    between: Counter[tuple[str, str]] = Counter()
    for comment in comments.values():
        above = comments[comment["parent_id"]] if comment["parent_id"] else posts[comment["post_id"]]
        a, b = comment["author_id"], above["author_id"]
        if a is None or b is None or a == b:
            continue
        directed.add_edge(a, b)
        between[min(a, b), max(a, b)] += 1
    both: nx.Graph[str] = nx.Graph()
    both.add_edges_from((a, b, {"comments": number}) for (a, b), number in between.items())
    whole = both.subgraph(max(nx.connected_components(both), key=len))
    far = dict(nx.all_pairs_dijkstra_path_length(whole, weight="comments"))
    weighted = [far[a][b] for a, b in combinations(whole, 2)]
    local = cast("dict[str, float]", nx.clustering(both))
    return {
        "network.reply.nodes": directed.number_of_nodes(),
        "network.reply.edges": directed.number_of_edges(),
        "network.reply.density": nx.density(directed),
        "network.reply.reciprocity": nx.overall_reciprocity(directed),
        "network.reply.clustering_global": nx.transitivity(both),
        "network.reply.clustering_local": statistics.fmean(local[a] for a in both if both.degree(a) >= 2),
        "network.reply.assortativity": nx.degree_assortativity_coefficient(both),
        "shape.reply.path_mean": nx.average_shortest_path_length(whole),
        "shape.reply.diameter": nx.diameter(whole),
        "shape.reply.path_mean_weighted": statistics.fmean(weighted),
        "shape.reply.diameter_weighted": max(weighted),
    }


def _threads(posts: dict[str, Any], comments: dict[str, Any]) -> dict[str, float]:
    depth: dict[str, int] = {}
    threads: dict[str, list[str]] = {name: [] for name in posts}
    for name, comment in comments.items():
        depth[name] = 1 + (depth[comment["parent_id"]] if comment["parent_id"] else 0)
        threads[comment["post_id"]].append(name)
    answered = {comment["parent_id"] for comment in comments.values()}
    first = [
        (min(comments[name]["t"] for name in below) - posts[post]["t"]).total_seconds() / 60
        for post, below in threads.items()
        if below
    ]
    soon = [minutes for minutes in first if minutes <= 24 * 60]
    shapes: Counter[str] = Counter()
    commented = [below for below in threads.values() if below]
    deepest = [max(depth[name] for name in below) for below in commented]
    direct = [sum(depth[name] == 1 for name in below) for below in commented]
    for below, far, wide in zip(commented, deepest, direct, strict=True):
        n = len(below)
        shapes["shape_minimal"] += n < 5
        shapes["shape_wide_tree"] += n >= 5 and far <= 2 and wide >= n / 2
        shapes["shape_deep_chain"] += n >= 5 and far >= 4 and wide < 0.3 * n
        deep, broad = far > statistics.median(deepest), wide > statistics.median(direct)
        shapes["median_wide_tree"] += n >= 5 and broad and not deep
        shapes["median_deep_chain"] += n >= 5 and deep and not broad
    return {
        "thread.depth_mean": statistics.fmean(depth.values()),
        "thread.never_replied": sum(name not in answered for name in comments) / len(comments),
        "thread.posts_with_comment": len(commented) / len(posts),
        "thread.first_comment_median_min": statistics.median(soon),
        "thread.first_comment_mean_min": statistics.fmean(soon),
        **{f"tree.{name}": number / len(commented) for name, number in shapes.items()},
    }


def _texts(bodies: list[str]) -> dict[str, float]:
    texts = [(text, body) for body in bodies if (text := re.sub(r"\s+", " ", body.lower()).strip())]
    plain = [text for text, _ in texts]
    times = Counter(plain)
    words = [word for text in plain for word in re.findall(r"[a-zö]+", text) if re.search("[a-z]", word)]
    frequency = sorted(Counter(words).values(), reverse=True)
    slope, _ = np.polyfit(np.log(range(1, len(frequency) + 1)), np.log(frequency), 1)
    long = [set(body.lower().split()) for body in bodies if len(body) >= 20 and body.strip()]
    different = {text: set(text.split()) for text, body in texts if len(body) >= 20}
    return {
        "text.exact_duplicates": sum(times[text] > 1 for text in plain) / len(plain),
        "text.my_human": sum("my human" in text for text in plain) / len(plain),
        "text.zipf": -float(slope),
        "text.jaccard": _alike(long),
        "text.jaccard_different": _alike(list(different.values())),
    }


def _alike(sets: list[set[str]]) -> float:
    return statistics.fmean(len(a & b) / len(a | b) for a, b in combinations(sets, 2))


def shown(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*arguments, "--draws", "0", "--json"])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the snapshot and import it whole and cut."""
    folder = tmp_path_factory.mktemp("holtz")
    write(draw(1), folder / "snapshot")
    for name, options in (("whole", ()), ("cut", ("--until", WRITTEN[0]))):
        made = CliRunner().invoke(
            app, ["import", str(folder / "snapshot"), "--out", str(folder / name), *options]
        )
        assert made.exit_code == 0, made.output
    return folder


def test_the_snapshot_holds_what_makes_a_cut_hard() -> None:
    found = draw(1)
    posts, comments = found
    opened = {post["id"]: post["t"] for post in posts}
    assert {BOUND, BOUND - timedelta(microseconds=1)} <= {row["t"] for row in comments}
    assert any(row["t"] == BOUND for row in posts)
    assert sum(row["t"] >= BOUND > opened[row["post_id"]] for row in comments) > 50
    assert sum(row["author_id"] is None for row in posts) > 0
    assert sum(row["author_id"] is None for row in comments) > 20
    assert len({row["created_at"][19:] for row in comments}) > 12
    some = expected(BOUND)
    assert all(
        some[f"tree.{name}"] > 0 for name in ("shape_wide_tree", "median_wide_tree", "median_deep_chain")
    )


@pytest.mark.parametrize("bound", [BOUND, None], ids=["cut", "whole"])
def test_every_figure_of_the_list_is_what_counting_gives(place: Path, bound: datetime | None) -> None:
    options = () if bound is None else ("--until", WRITTEN[0])
    ours = shown("published", str(place / "whole"), *options)
    for name, value in expected(bound).items():
        assert ours[name]["a"] == pytest.approx(value, rel=1e-9), name
    # Nothing of the list is left without a figure of ours.
    holtz = {name: row for name, row in ours.items() if "Holtz" in row["source"]}
    assert len(holtz) >= 35
    assert not [name for name, row in holtz.items() if row["a"] is None]


def test_a_cut_changes_the_figures() -> None:
    before, after = (expected(bound) for bound in (BOUND, None))
    assert sum(abs(before[name] / after[name] - 1) > 0.03 for name in before if after[name]) > len(before) / 2


@pytest.mark.parametrize("written", WRITTEN)
def test_the_bound_is_a_moment_however_it_is_written(written: str) -> None:
    assert moment_of("--until", written) == BOUND


def test_cutting_at_import_or_later_is_the_same(place: Path) -> None:
    at_import = shown("measure", str(place / "cut"))
    later = shown("measure", str(place / "whole"), "--until", WRITTEN[0])
    assert later == at_import


def test_a_bound_that_is_no_time_or_before_the_start_is_refused(place: Path) -> None:
    run = str(place / "whole")
    none = CliRunner().invoke(app, ["published", run, "--until", "after the weekend"])
    turned = CliRunner().invoke(app, ["published", run, "--since", "2026-02-01", "--until", "2026-01-31"])
    assert none.exit_code != 0
    assert turned.exit_code == 2
    assert "--until must be after --since" in turned.output
