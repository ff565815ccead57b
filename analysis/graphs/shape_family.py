"""The measures ``shape.<kind>.*``: centre and periphery, paths, motifs, hubs, stable communities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

import numpy as np

from moltarium.analysis.bootstrap import Floats, Interval, fixed, or_nan
from moltarium.analysis.corpus import Corpus, Ints
from moltarium.analysis.graphs.left_out import Whole
from moltarium.analysis.graphs.networks import Directed, Network, build, edge
from moltarium.analysis.graphs.nulls import configurations, directed_configurations, over_chains, standing
from moltarium.analysis.graphs.paths import (
    EFFORT,
    Paths,
    largest_component,
    mean_distance,
    search,
    side_by_side,
    sources_of,
    step_diameter,
    weighted,
)
from moltarium.analysis.graphs.shape import (
    TRIADS,
    bow_tie,
    connected_without_hubs,
    core_numbers,
    degree_centralisation,
    hubs_to_halve,
    pagerank,
    rich_club,
    triad_census,
)
from moltarium.analysis.graphs.shape_intervals import (
    NO_INTERVAL,
    SAMPLED_ONLY,
    TOPS,
    WITHOUT,
    Intervals,
    intervals,
    why_not,
)
from moltarium.analysis.graphs.structure import Simple, clustering, communities, mutual_edges, undirected
from moltarium.analysis.graphs.structure_family import (
    DIRECTED_NULL,
    UNDIRECTED_NULL,
    joined,
    needs,
    null_draws,
)
from moltarium.analysis.inequality import gini, top_share
from moltarium.analysis.jackknife import UNSURE
from moltarium.analysis.metric import Definition, Family, Measure, Null, Sampling, Sheet
from moltarium.sim.record.errors import NotComputable

_BRODER: Final = "Broder et al. 2000, doi:10.1016/S1389-1286(00)00083-9"
_FREEMAN: Final = "Freeman 1978, doi:10.1016/0378-8733(78)90021-7"
_HOLTZ: Final = "Holtz 2026, arXiv:2602.10131, recomputed"
_TRIADS: Final = "Holland & Leinhardt 1970, doi:10.1086/224954"
_ALBERT: Final = "Albert, Jeong & Barabási 2000, doi:10.1038/35019019"
_PAGERANK: Final = "Brin & Page 1998, doi:10.1016/S0169-7552(98)00110-X"
_CORES: Final = "Batagelj & Zaveršnik 2003, arXiv:cs/0310049"
_MOLTGRAPH: Final = "as MoltGraph 2026, arXiv:2603.00646"
_COMPONENT: Final = "largest component of the undirected simple graph"

DEFINITIONS: Final[dict[str, Definition]] = {
    "pagerank_gini": Definition("Gini of PageRank, damping .85, directed, unweighted", _PAGERANK),
    "pagerank_top1": Definition("share of PageRank of the top 1 % (rounded up) of agents", _PAGERANK),
    **{
        f"top{top}_{way}": Definition(
            f"share of {way}-degree of the top {top} % (rounded up) of agents", _MOLTGRAPH
        )
        for way in ("in", "out")
        for top in TOPS
    },
    "centralisation": Definition("Σ (k_max − k) / ((n − 1)(n − 2)), undirected degrees", _FREEMAN),
    "betweenness_max": Definition(
        f"largest share of shortest paths through one agent, {_COMPONENT}", _FREEMAN
    ),
    "betweenness_centralisation": Definition(f"Σ (B_max − B) / (n − 1), {_COMPONENT}", _FREEMAN),
    "core_max": Definition("largest k such that a k-core exists, undirected", _CORES),
    "periphery": Definition(
        "share of agents outside the k-cores above half the largest k", f"after {_CORES}"
    ),
    "bowtie_core": Definition("share of agents in the largest strongly connected component", _BRODER),
    "bowtie_in": Definition("share of agents that lead to the core and are not led to", _BRODER),
    "bowtie_out": Definition("share of agents led to from the core, with no way back", _BRODER),
    "bowtie_rest": Definition("share of agents in tendrils, tubes and other components", _BRODER),
    "path_mean": Definition(f"mean distance in steps, {_COMPONENT}", _HOLTZ),
    "diameter": Definition(f"largest distance in steps, {_COMPONENT}", _HOLTZ),
    "path_mean_weighted": Definition(
        f"mean distance with comments between a pair (both ways added) as distance, {_COMPONENT}: an "
        "artefact of default edge weights, kept to recognise it",
        _HOLTZ,
    ),
    "diameter_weighted": Definition(f"as path_mean_weighted, the largest distance, {_COMPONENT}", _HOLTZ),
    "small_world": Definition(
        "(C / C_null) / (L / L_null): transitivity and mean distance beside graphs with these degrees",
        "Humphries & Gurney 2008, doi:10.1371/journal.pone.0002051",
    ),
    "communities": Definition(
        "communities in a Leiden partition", "Traag et al. 2019, doi:10.1038/s41598-019-41695-z"
    ),
    "communities_stability": Definition(
        "mean adjusted Rand index between Leiden partitions of different seeds",
        "Hubert & Arabie 1985, doi:10.1007/BF01908075",
    ),
    "rich_club": Definition(
        "density among the top 1 % of agents by degree (ties included)",
        "Zhou & Mondragón 2004, doi:10.1109/LCOMM.2004.823426",
    ),
    **{
        f"without_hubs_{top}": Definition(
            f"share of agents still joined without the top {top} % by degree, of equals who appeared later",
            _ALBERT,
        )
        for top in WITHOUT
    },
    "hubs_to_halve": Definition(
        "smallest share of agents, taken out from the largest degree on (of equals who appeared later), "
        "without which the largest component is at most half of what it was",
        _ALBERT,
    ),
    **{f"triad_{kind}": Definition(f"triples of agents of kind {kind}", _TRIADS) for kind in TRIADS},
}
"""What is measured of a network's shape."""

NULL_EDGES: Final = 20_000_000
"""Edges over all null graphs of a network's shape: 200 graphs of 100,000 edges, at least 20 of any."""
NULL_PATHS: Final = 3
"""Null graphs whose paths are searched for small-world."""
PARTITIONS: Final = 5
"""Seeds of the stability of communities."""
PARTITION_EDGES: Final = 2_000_000
"""Edges over all these partitions: a larger network gets fewer seeds, at least two."""


def family(kind: Directed) -> Family:
    """Return the family ``shape.<kind>.*`` of one kind of network."""
    definitions = {
        name: Definition(f"{found.text}; edge: {edge(kind)}", found.source)
        for name, found in DEFINITIONS.items()
    }
    prefix = f"shape.{kind}"

    def compute(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
        return _measure(Sheet(prefix, definitions), build(corpus, kind), sampling)

    return Family(prefix, needs(kind), compute, definitions)


def adjusted_rand(a: Ints, b: Ints) -> float:
    """Return the adjusted Rand index of two partitions: 1 the same, 0 as by chance.

    Examples
    --------
    >>> adjusted_rand(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 2]))
    1.0
    """

    def pairs(label: Ints) -> float:
        size = np.unique(label, return_counts=True)[1].astype(np.float64)
        return float((size * (size - 1) / 2).sum())

    both, one, other = pairs(a * (int(b.max()) + 1) + b), pairs(a), pairs(b)
    every = len(a) * (len(a) - 1) / 2
    chance = one * other / every if every else 0.0
    ceiling = (one + other) / 2
    return 1.0 if ceiling == chance else (both - chance) / (ceiling - chance)


def _measure(sheet: Sheet, net: Network, sampling: Sampling) -> dict[str, Measure]:
    if not net.m:
        sheet.lack(DEFINITIONS, "at least 1 edge")
        return sheet.measures
    flat = undirected(net)
    note = net.note()
    nulls = _nulls(net, flat, sampling)
    found = intervals(Whole(net, flat, mutual_edges(net)), _central, sampling) if sampling.draws else {}
    for name, compute in _central(net, flat).items():
        remark, null = joined(note, why_not(name, net.n)), _null(nulls.get(name))
        sheet.enter(name, compute, ci=found.get(name), null=null, note=remark, why=UNSURE)
    _enter_paths(sheet, net, flat, sampling, found)
    _enter_communities(sheet, flat, sampling)
    census = triad_census(net, flat)
    for kind, count in census.items():
        name = f"triad_{kind}"
        ci, null = found.get(name), _null(nulls.get(name))
        sheet.enter(name, partial(float, count), ci=ci, null=null, note=note, why=UNSURE)
    return {f"{sheet.prefix}.{name}": sheet.measures[f"{sheet.prefix}.{name}"] for name in DEFINITIONS}


def _central(net: Network, flat: Simple) -> dict[str, Callable[[], float]]:
    into, out = np.bincount(net.target, minlength=net.n), np.bincount(net.source, minlength=net.n)
    return {
        **_directed(net),
        **{f"top{top}_in": partial(top_share, into, top / 100) for top in TOPS},
        **{f"top{top}_out": partial(top_share, out, top / 100) for top in TOPS},
        "centralisation": lambda: degree_centralisation(flat),
        **_undirected(flat),
    }


def _directed(net: Network) -> dict[str, Callable[[], float]]:
    """Return what is measured of a directed network and not decided by its degrees."""
    rank, tie = pagerank(net), bow_tie(net)
    return {
        "pagerank_gini": lambda: gini(rank),
        "pagerank_top1": lambda: top_share(rank, 0.01),
        "bowtie_core": lambda: tie.core,
        "bowtie_in": lambda: tie.into,
        "bowtie_out": lambda: tie.out,
        "bowtie_rest": lambda: tie.rest,
    }


def _undirected(flat: Simple) -> dict[str, Callable[[], float]]:
    """Return what is measured of an undirected network and not decided by its degrees."""
    core = core_numbers(flat)
    return {
        "core_max": lambda: float(core.max()),
        "periphery": lambda: float((core <= core.max() / 2).mean()),
        "rich_club": lambda: rich_club(flat, 0.01),
        **{f"without_hubs_{top}": partial(connected_without_hubs, flat, top / 100) for top in WITHOUT},
        "hubs_to_halve": lambda: hubs_to_halve(flat),
    }


def _enter_paths(
    sheet: Sheet,
    net: Network,
    flat: Simple,
    sampling: Sampling,
    ci: Intervals,
) -> None:
    part, nodes = largest_component(flat)
    note = net.note()
    rng = np.random.default_rng([sampling.seed, 40])
    names = ("path_mean", "betweenness_max", "betweenness_centralisation", "small_world")
    try:
        found = search(part, rng)
    except NotComputable as lack:
        sheet.lack((*names, "diameter", "path_mean_weighted", "diameter_weighted"), lack.needs)
        return
    sampled = f"sampled from {found.sources} of {found.n} agents" if found.sources < found.n else None
    remark = joined(note, sampled)
    top = int(found.betweenness.argmax())
    mean_ci = ci.get("path_mean", fixed(found.mean_ci))
    sheet.enter("path_mean", lambda: found.mean, ci=mean_ci, note=remark, why=UNSURE)
    most = _around(found, top)
    extreme = joined(remark, SAMPLED_ONLY if most else NO_INTERVAL["betweenness_max"])
    sheet.enter("betweenness_max", lambda: found.betweenness[top], ci=fixed(most), note=extreme)
    spread = found.betweenness[top] - found.betweenness
    extreme = joined(remark, NO_INTERVAL["betweenness_centralisation"])
    sheet.enter("betweenness_centralisation", lambda: spread.sum() / (found.n - 1), note=extreme)
    sheet.enter("diameter", lambda: step_diameter(part), note=joined(note, NO_INTERVAL["diameter"]))
    far = weighted(net, part, nodes)
    mean, error = far.mean(rng)
    artefact = joined(note, SAMPLED_ONLY if error else NO_INTERVAL["path_mean_weighted"])
    sheet.enter("path_mean_weighted", lambda: mean, ci=fixed(error), note=artefact)
    artefact = joined(note, NO_INTERVAL["diameter_weighted"])
    sheet.enter("diameter_weighted", far.diameter, note=artefact)
    remark = joined(remark, NO_INTERVAL["small_world"])
    sheet.enter("small_world", lambda: small_world(flat, found.mean, sampling), note=remark)


def _around(found: Paths, node: int) -> Interval | None:
    if found.sources == found.n:
        return None
    reach = 1.959963984540054 * float(found.betweenness_sd[node])
    value = float(found.betweenness[node])
    return max(0.0, value - reach), min(1.0, value + reach)


def small_world(flat: Simple, mean: float, sampling: Sampling) -> float:
    """Return ``σ = (C / C_null) / (L / L_null)``: about 1 in random graphs, large in small worlds.

    Parameters
    ----------
    flat
        Undirected simple graph.
    mean
        Its mean distance L, see `paths.search`.
    sampling
        Seed of the `NULL_PATHS` null graphs, which keep degrees.

    Raises
    ------
    NotComputable
        If the null graphs have no triangle.

    References
    ----------
    Humphries & Gurney (2008), PLoS ONE 3, e0002051. doi:10.1371/journal.pone.0002051
    """
    rng = np.random.default_rng([sampling.seed, 41])
    rows = [
        (or_nan(clustering(graph).transitivity), _length(graph, rng))
        for graph in configurations(flat, NULL_PATHS, rng)
    ]
    chance, length = np.nanmean(np.array(rows), axis=0)
    own = clustering(flat).transitivity()
    if not chance > 0:
        raise NotComputable("null graphs with triangles")
    return float(own / chance / (mean / length))


def _length(graph: Simple, rng: np.random.Generator) -> float:
    part = largest_component(graph)[0]
    return mean_distance(part, sources_of(part, EFFORT, rng))


def _enter_communities(sheet: Sheet, flat: Simple, sampling: Sampling) -> None:
    seeds = max(2, min(PARTITIONS, PARTITION_EDGES // flat.m))
    labels = side_by_side(partial(communities, flat), range(sampling.seed, sampling.seed + seeds))
    sheet.enter("communities", lambda: float(labels[0].max() + 1), note=NO_INTERVAL["communities"])
    alike = [adjusted_rand(a, b) for k, a in enumerate(labels) for b in labels[:k]]
    why = joined(f"{seeds} seeds", NO_INTERVAL["communities_stability"])
    sheet.enter("communities_stability", lambda: float(np.mean(alike)), note=why)


def _nulls(net: Network, flat: Simple, sampling: Sampling) -> dict[str, tuple[str, Floats]]:
    draws = min(null_draws(sampling.draws, net.m), max(20, NULL_EDGES // net.m))

    def joined_ones(share: int, rng: np.random.Generator) -> Iterator[list[float]]:
        for graph in configurations(flat, share, rng):
            yield [or_nan(figure) for figure in _undirected(graph).values()]

    def aimed_ones(share: int, rng: np.random.Generator) -> Iterator[list[float]]:
        for ends in directed_configurations(net.source, net.target, net.n, share, rng):
            order = np.lexsort((ends, net.source))
            drawn = Network(net.kind, net.names, net.source[order], ends[order], net.weight, 0, 0)
            motifs = triad_census(drawn, undirected(drawn)).values()
            yield [*(or_nan(figure) for figure in _directed(drawn).values()), *map(float, motifs)]

    both = over_chains(joined_ones, draws, np.random.default_rng([sampling.seed, 42]))
    aimed = over_chains(aimed_ones, draws, np.random.default_rng([sampling.seed, 43]))
    return {
        **_columns(_undirected(flat), both, UNDIRECTED_NULL),
        **_columns([*_directed(net), *(f"triad_{kind}" for kind in TRIADS)], aimed, DIRECTED_NULL),
    }


def _columns(names: Iterable[str], rows: list[list[float]], model: str) -> dict[str, tuple[str, Floats]]:
    """Return each figure's null draws by its name."""
    named = list(names)
    table = np.array(rows, dtype=np.float64).reshape(-1, len(named))
    return {name: (model, table[:, k]) for k, name in enumerate(named)}


def _null(draws: tuple[str, Floats] | None) -> Callable[[float], Null | None]:
    if draws is None:
        return lambda _: None
    return lambda value: standing(value, draws[1], draws[0])
