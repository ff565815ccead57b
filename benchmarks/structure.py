"""Graph measures beside networkx on the same graph in the same run, and the battery on a synthetic snapshot.

Run as ``python -m benchmarks.structure [--nodes N --edges M] [--battery | --snapshot | --record RUN]`` from
the checkout. Kernels are compiled before anything is timed. ``--battery`` takes every measure with 200 draws
on a record whose networks are that graph, ``--snapshot`` on one of 1,000,000 posts and 3,000,000 comments,
``--record`` on a run or snapshot that lies on disk.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias, TypeVar, cast

import networkx as nx
import numpy as np
import pandas as pd

from benchmarks.targets import Check, table
from moltarium.analysis.battery import measure
from moltarium.analysis.corpus import Corpus, lacking, read_corpus
from moltarium.analysis.graphs import kernels
from moltarium.analysis.graphs.networks import Network, from_pairs
from moltarium.analysis.graphs.shape import arcs, core_numbers, pagerank, rich_club, triad_census
from moltarium.analysis.graphs.structure import (
    Simple,
    assortativity,
    clustering,
    communities,
    count_mutual,
    largest_scc,
    modularity,
    undirected,
)
from moltarium.analysis.metric import REGISTRY, Sampling
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import SCHEMA_VERSION, Comment, Post, R, Row, Run
from moltarium.sim.record.store import RunReader
from moltarium.sim.record.view import Record

T = TypeVar("T")


def timed(compute: Callable[[], T]) -> tuple[T, float]:
    """Return a result and the seconds of processor time it took."""
    start = time.process_time()
    found = compute()
    return found, time.process_time() - start


def hubs(nodes: int, edges: int, seed: int = 0) -> Network:
    """Return a random digraph of this size whose degrees have a heavy tail and some reciprocity."""
    rng = np.random.default_rng(seed)
    weight = np.arange(1, nodes + 1) ** -0.6
    weight /= weight.sum()
    place = rng.permutation(nodes)
    keys = np.zeros(0, dtype=np.int64)
    while len(keys) < edges:
        a, b = rng.choice(nodes, edges, p=weight), place[rng.choice(nodes, edges, p=weight)]
        back = rng.random(edges) < 0.1
        a, b = np.concatenate((a, b[back])), np.concatenate((b, a[back]))
        keys = np.unique(np.concatenate((keys, (a * nodes + b)[a != b])))
    keys = rng.choice(keys, edges, replace=False)
    return from_pairs(np.arange(nodes).astype(object), keys // nodes, keys % nodes)


class Synthetic:
    """A record of any size that makes its rows as they are read: nothing is held."""

    def __init__(self, posts: int, comments: int, agents: int) -> None:
        self.sizes = {Post: posts, Comment: comments}
        self.agents = agents
        coverage = '{"missing": ["vote", "score", "impression"], "notes": [], "synthetic": true}'
        self.run = Run(
            "synthetic", "observed", "A synthetic snapshot for timing", SCHEMA_VERSION, None, None, None,
            None, coverage, "benchmark", None, "{}",
        )  # fmt: skip

    def has(self, need: type[Row] | str) -> bool:
        """Know posts and comments with all their columns."""
        return need in (Post, Comment) or (isinstance(need, str) and need.startswith(("post", "comment")))

    def count(self, table: type[Row]) -> int:
        """Return the number of rows."""
        return self.sizes.get(table, 0)

    def frame(self, table: type[Row]) -> pd.DataFrame:
        """Return nothing: no measure here reads frames."""
        raise NotComputable(f"table {table.__name__.lower()}: this corpus holds posts and comments alone")

    def rows(self, table: type[R]) -> Iterator[R]:
        """Yield posts, or comments of which a fifth answer an earlier comment."""
        made: Iterator[Row] = (
            self._posts() if table is Post else self._comments() if table is Comment else iter(())
        )
        for row in made:
            yield cast(R, row)

    def _posts(self) -> Iterator[Post]:
        rng = np.random.default_rng(1)
        size, month = self.sizes[Post], 28 * 86_400_000_000
        author, t = self._authors(rng, size), np.sort(rng.integers(0, month, size)).tolist()
        place = np.minimum(rng.zipf(1.7, size), 18_000).tolist()
        for k in range(size):
            yield Post(
                k, t[k], None, f"p{k}", f"a{author[k]}", f"m{place[k]}", "", f"post {k % 700_000}", None
            )

    def _comments(self) -> Iterator[Comment]:
        rng = np.random.default_rng(2)
        posts, size, month = self.sizes[Post], self.sizes[Comment], 28 * 86_400_000_000
        author = self._authors(rng, size)
        post = (posts * rng.random(size) ** 1.5).astype(np.int64)
        t = (post / posts * month + rng.weibull(0.4, size) * 6e8).astype(np.int64)
        parent = np.arange(size) - 1 - rng.integers(0, 50, size)
        parent = np.where((rng.random(size) < 0.2) & (parent >= 0), parent, -1)
        for k in np.flatnonzero(parent >= 0).tolist():
            post[k] = post[parent[k]]
            t[k] = max(t[k], t[parent[k]] + 1_000_000)
        for k, (a, p, up, at) in enumerate(
            zip(author, post.tolist(), parent.tolist(), t.tolist(), strict=True)
        ):
            above = f"c{up}" if up >= 0 else None
            yield Comment(posts + k, at, None, f"c{k}", f"p{p}", above, f"a{a}", f"comment {k % 2_000_000}")

    def _authors(self, rng: np.random.Generator, size: int) -> list[int]:
        weight = np.arange(1, self.agents + 1) ** -0.8
        found: list[int] = rng.choice(self.agents, size, p=weight / weight.sum()).tolist()
        return found


class Wired(Synthetic):
    """A record whose networks are a given graph: one post per agent, one comment per edge, on the post."""

    def __init__(self, net: Network) -> None:
        super().__init__(net.n, net.m, net.n)
        self.net = net

    def _posts(self) -> Iterator[Post]:
        for k in range(self.net.n):
            yield Post(k, k * 1_000_000, None, f"p{k}", f"a{k}", f"m{k % 400}", "", f"post {k}", None)

    def _comments(self) -> Iterator[Comment]:
        day, n = 86_400_000_000, self.net.n
        t = day + np.sort(np.random.default_rng(3).integers(0, 28 * day, self.net.m))
        order = np.random.default_rng(4).permutation(self.net.m)
        ends = zip(self.net.source[order].tolist(), self.net.target[order].tolist(), t.tolist(), strict=True)
        for k, (a, b, at) in enumerate(ends):
            yield Comment(n + k, at, None, f"c{k}", f"p{b}", None, f"a{a}", f"comment {k}")


Compared: TypeAlias = tuple[Callable[[Network], float], Callable[[], float]]
"""A measure of ours and networkx's."""


def directed_pairs(theirs: nx.DiGraph[int]) -> dict[str, Compared]:
    """Return the measures of the directed graph."""
    return {
        "reciprocity": (
            lambda g: count_mutual(g.source, g.target, g.n) / g.m,
            lambda: nx.overall_reciprocity(theirs),
        ),
        "PageRank": (
            lambda g: float(pagerank(g).max()),
            lambda: max(nx.pagerank(theirs, tol=1e-14).values()),
        ),
        "largest SCC": (
            largest_scc,
            lambda: max(map(len, nx.strongly_connected_components(theirs))) / len(theirs),
        ),
    }


def undirected_pairs(both: nx.Graph[int], flat: dict[int, Simple]) -> dict[str, Compared]:
    """Return the measures of the undirected graph; `flat` is ours by number of nodes."""
    sources = np.random.default_rng(1).choice(len(both), 5, replace=False).tolist()
    cut = int(np.sort(flat[len(both)].degrees())[::-1][-(-len(both) // 100) - 1])

    def far(g: Network) -> float:
        length, _ = kernels.distance_sums(*arcs(flat[g.n]), g.n, np.arange(20))
        return float(length.sum())

    def between(g: Network) -> float:
        total = kernels.brandes(*arcs(flat[g.n]), g.n, np.array(sources) % g.n)[0]
        return float(total.max() / total.sum())

    def between_theirs() -> float:
        share = nx.betweenness_centrality_subset(both, sources, list(both)).values()
        return max(share) / sum(share)

    return {
        "transitivity": (lambda g: clustering(flat[g.n]).transitivity(), lambda: nx.transitivity(both)),
        "local clustering": (
            lambda g: float(clustering(flat[g.n]).coefficients().sum() / g.n),
            lambda: nx.average_clustering(both),
        ),
        "assortativity": (
            lambda g: assortativity(flat[g.n]),
            lambda: nx.degree_assortativity_coefficient(both),
        ),
        "k-core": (
            lambda g: float(core_numbers(flat[g.n]).sum()),
            lambda: float(sum(nx.core_number(both).values())),
        ),
        "rich club": (
            lambda g: rich_club(flat[g.n], 0.01),
            lambda: nx.rich_club_coefficient(both, normalized=False)[cut - 1],
        ),
        "path lengths, 20 sources": (
            far,
            lambda: float(
                sum(sum(nx.single_source_shortest_path_length(both, s).values()) for s in range(20))
            ),
        ),
        "betweenness, 5 sources": (between, between_theirs),
        "communities": (
            lambda g: modularity(flat[g.n], communities(flat[g.n])),
            lambda: nx.community.modularity(
                both, nx.community.louvain_communities(both, weight=None, seed=0), weight=None
            ),
        ),
    }


def beside_networkx(nodes: int, edges: int) -> list[Check]:
    """Return how much faster each measure is than networkx on one graph, and the largest difference."""
    warm, net = hubs(200, 2000), hubs(nodes, edges)
    theirs: nx.DiGraph[int] = nx.DiGraph()
    theirs.add_nodes_from(range(net.n))
    theirs.add_edges_from(zip(net.source.tolist(), net.target.tolist(), strict=True))
    both = theirs.to_undirected()
    # Both sides have their undirected graph made beforehand.
    flat = {one.n: undirected(one) for one in (warm, net)}
    pairs = directed_pairs(theirs) | undirected_pairs(both, flat)
    if edges <= 20_000:
        # networkx looks at the neighbours of both ends of every edge: hours on large hubs.
        pairs["triad census"] = (
            lambda g: float(triad_census(g, flat[g.n])["030T"]),
            lambda: float(nx.triadic_census(theirs)["030T"]),
        )
    checks: list[Check] = []
    for name, (ours, other) in pairs.items():
        ours(warm)
        mine, fast = min((timed(partial(ours, net)) for _ in range(3)), key=lambda found: found[1])
        reference, slow = timed(other)
        note = f"{fast:.3f} s beside {slow:.2f} s"
        if name == "communities":
            note += f"; modularity {mine:.4f} beside {reference:.4f}"
        checks.append(Check(name, slow / max(fast, 1e-6), "≥", 20, "×", note))
        if name != "communities":
            gap = abs(mine - reference) / max(1.0, abs(reference))
            checks.append(Check(f"{name}: difference", gap, "≤", 1e-9, ""))
        print(table(checks[-2:]), flush=True)
    return checks


def battery_on(record: Record, draws: int, minutes: float) -> list[Check]:
    """Return how long each family takes on a record, the whole, and the memory at its highest."""
    measure(Synthetic(100, 500, 60), draws=2)
    start, worked = time.perf_counter(), time.process_time()
    corpus: Corpus = read_corpus(record)
    print(f"{time.perf_counter() - start:8.1f} s  reading", flush=True)
    for family in REGISTRY.values():
        if any(lacking(record, need) for need in family.needs):
            continue
        begin, spent = time.perf_counter(), time.process_time()
        family.compute(corpus, Sampling(0, draws))
        took = time.perf_counter() - begin, time.process_time() - spent
        print(f"{took[0]:8.1f} s, {took[1]:8.1f} CPU s  {family.prefix}", flush=True)
    whole, work = (time.perf_counter() - start) / 60, (time.process_time() - worked) / 60
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return [
        Check(f"battery, {draws} draws", whole, "≤", minutes, "min", f"wall clock; {work:.2f} CPU min"),
        Check("memory at its highest", memory, "≤", 8, "GB"),
    ]


def main() -> None:
    """Print the figures beside their targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=40_000)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--battery", action="store_true", help="every measure on that graph, not networkx")
    parser.add_argument("--snapshot", action="store_true")
    parser.add_argument("--record", type=Path, metavar="RUN", help="every measure on a run or snapshot")
    chosen = parser.parse_args()
    if chosen.battery:
        print(table(battery_on(Wired(hubs(chosen.nodes, chosen.edges)), 200, 3)))
    elif chosen.snapshot:
        print(table(battery_on(Synthetic(1_000_000, 3_000_000, 150_000), 200, 10)))
    elif chosen.record:
        with RunReader(chosen.record) as record:
            print(table(battery_on(record, 200, 10)))
    else:
        print(table(beside_networkx(chosen.nodes, chosen.edges)))


if __name__ == "__main__":
    main()
