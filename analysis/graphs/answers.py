"""The measures ``reciprocity.*``: weighted, timed, by strength of tie, and against stricter nulls.

All on the reply network (commenter → parent comment's author, or the post's author).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from moltarium.analysis.bootstrap import Floats, Interval
from moltarium.analysis.corpus import UNKNOWN, Corpus, Ints
from moltarium.analysis.graphs.left_out import share_interval
from moltarium.analysis.graphs.networks import Network, addressees, from_pairs
from moltarium.analysis.graphs.nulls import over_chains, standing
from moltarium.analysis.graphs.structure import count_mutual, mutual_edges
from moltarium.analysis.graphs.structure_family import DIRECTED_NULL, reciprocity_draws
from moltarium.analysis.jackknife import POSITIVE, UNSURE, jackknifed, sum_without
from moltarium.analysis.metric import Definition, Family, Measure, Null, Sampling, Sheet
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Post

_SQUARTINI: Final = "Squartini et al. 2013, doi:10.1038/srep02729"
_HOLTZ: Final = "r as Holtz 2026, arXiv:2602.10131"
_OURS: Final = "this project"
_WINDOWS: Final = {"1h": 1, "24h": 24}
_TIES: Final = {"tie_1": "1 comment", "tie_2_4": "2 to 4 comments", "tie_5": "5 comments or more"}
_PERMUTED: Final = "addressees permuted over comments: in- and out-strengths kept"
HOUR: Final = 3_600_000_000
"""Microseconds."""

DEFINITIONS: Final[dict[str, Definition]] = {
    "weighted": Definition(
        "Σ min(w_ij, w_ji) over ordered pairs / Σ w, w = comments; null: addressees permuted over comments",
        _SQUARTINI,
    ),
    "within_communities": Definition(
        "r of the reply network; null: every agent also keeps how many it addresses in each home community "
        "(where it is most addressed)",
        _HOLTZ,
    ),
    **{
        name: Definition(
            f"share answered of edges made by {what}; null: addressees permuted over comments", _OURS
        )
        for name, what in _TIES.items()
    },
    **{
        name: Definition(
            f"r of the network of the {which} half of all comments; null: its degrees kept", _OURS
        )
        for name, which in (("early", "first"), ("late", "second"))
    },
    **{
        f"answered_{name}": Definition(
            f"share of first contacts i → j that j returns within {hours} h; contacts later than {hours} h "
            "before the end left out; null: times permuted over comments",
            _OURS,
        )
        for name, hours in _WINDOWS.items()
    },
    **{
        f"hazard_ratio_{name}": Definition(
            f"rate of j → i within {hours} h after an i → j / rate of j → i at other times, both after the "
            "first i → j; null: times permuted over comments",
            _OURS,
        )
        for name, hours in _WINDOWS.items()
    },
}
"""What is measured of answers."""

TIMED_COMMENTS: Final = 100_000_000
"""Comments over all permuted records of the timed and weighted nulls: at least 10 draws of any."""


@dataclass(frozen=True, slots=True)
class Contacts:
    """Dated contacts between different agents in order of time."""

    source: Ints
    target: Ints
    t: Ints
    base: int

    @property
    def pair(self) -> Ints:
        """A number per ordered pair."""
        return self.source * self.base + self.target

    @property
    def back(self) -> Ints:
        """The number of the pair the other way."""
        return self.target * self.base + self.source


def contacts(corpus: Corpus) -> Contacts:
    """Return every comment that one known agent addresses to another."""
    source, target = corpus.comment_author, addressees(corpus, "reply")
    kept = (source != UNKNOWN) & (target != UNKNOWN) & (source != target) & corpus.comment_own
    order = np.flatnonzero(kept)[np.argsort(corpus.comment_t[kept], kind="stable")]
    return Contacts(source[order], target[order], corpus.comment_t[order], max(len(corpus.agents), 1))


def weighted_reciprocity(net: Network) -> float:
    """Return ``Σ_{i≠j} min(w_ij, w_ji) / Σ w``: the share of comments that are matched by one back.

    Examples
    --------
    Three comments one way and one back:

    >>> agents = np.array(["a", "b"], dtype=object)
    >>> weighted_reciprocity(from_pairs(agents, np.array([0, 0, 0, 1]), np.array([1, 1, 1, 0])))
    0.5
    """
    return float(matched_comments(net).sum() / net.weight.sum())


def matched_comments(net: Network) -> Ints:
    """Return ``min(w_ij, w_ji)`` per edge, shape (m,)."""
    keys = net.source * net.n + net.target
    both = mutual_edges(net)
    place = np.searchsorted(keys, (net.target * net.n + net.source)[both])
    found = np.zeros(net.m, dtype=np.int64)
    found[both] = np.minimum(net.weight[both], net.weight[place])
    return found


@dataclass(frozen=True, slots=True)
class Pairs:
    """Contacts by ordered pair, whenever they were made (see `timing`)."""

    source: Ints
    """Who turns to whom, per pair, shape (pairs,)."""
    target: Ints
    """To whom, shape (pairs,)."""
    group: Ints
    """Pair number per contact, shape (m,)."""
    start: Ints
    """First place of each pair among contacts sorted by pair, shape (pairs + 1,)."""
    reverse: Ints
    """Number of the pair the other way, −1 if there is none, shape (pairs,)."""
    t: Ints
    """Times of all contacts in order, shape (m,)."""

    def times(self, order: Ints) -> Ints:
        """Return times by pair, sorted within each, if the k-th time goes to contact ``order[k]``."""
        from moltarium.analysis.graphs import timing

        return timing.deal(self.group, order, self.t, self.start)

    def returned(self, times: Ints, window: int) -> tuple[Ints, Ints]:
        """Return, per pair, whether its first contact was returned in time, and was watched that long."""
        from moltarium.analysis.graphs import timing

        return timing.first_answers(times, self.start, self.reverse, int(self.t[-1]), window)

    def hazard(self, times: Ints, window: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Return `answers.hazard` of contacts made at these times."""
        from moltarium.analysis.graphs import timing

        return timing.exposure(times, self.start, self.reverse, int(self.t[-1]), window, HOUR)


def pairs_of(found: Contacts) -> Pairs:
    """Return who contacted whom, apart from when."""
    keys, first, group, size = np.unique(
        found.pair, return_index=True, return_inverse=True, return_counts=True
    )
    back = found.back[first]
    place = np.minimum(np.searchsorted(keys, back), len(keys) - 1)
    source, target = found.source[first], found.target[first]
    return Pairs(
        source,
        target,
        group,
        np.append(0, np.cumsum(size)),
        np.where(keys[place] == back, place, -1),
        found.t,
    )


def hazard(found: Contacts, window: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return, per pair (j, i) at risk, answers and hours within the window, answers and hours outside it.

    A pair is at risk from the first i → j to the record's end; the window follows each i → j.
    """
    pairs = pairs_of(found)
    return pairs.hazard(pairs.times(np.arange(len(found.t))), window)


def measure(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
    """Compute ``reciprocity.*``."""
    sheet = Sheet("reciprocity", DEFINITIONS)
    found = contacts(corpus)
    if not len(found.t):
        sheet.lack(DEFINITIONS, "at least 1 edge")
        return sheet.measures
    net = from_pairs(corpus.agents, found.source, found.target)
    matched, *tied = _tallied_draws(found, sampling)
    _enter_weighted(sheet, net, matched, sampling)
    block = _homes(corpus, net)
    r = count_mutual(net.source, net.target, net.n) / net.m
    strict = partial(
        _standing, reciprocity_draws(net, sampling, block), "directed configuration within home communities"
    )
    both = mutual_edges(net)
    ci = _without_agents(net, both, np.ones(net.m), sampling)
    sheet.enter("within_communities", lambda: r, ci=ci, null=strict, why=UNSURE)
    ties = {"tie_1": (1, 1), "tie_2_4": (2, 4), "tie_5": (5, np.inf)}
    chosen = {name: (net.weight >= low) & (net.weight <= high) for name, (low, high) in ties.items()}
    for (name, these), draws in zip(chosen.items(), tied, strict=True):
        ci = _without_agents(net, both & these, these, sampling)
        null = partial(_standing, draws, _PERMUTED)
        sheet.enter(name, partial(_share, both & these, these), ci=ci, null=null, why=UNSURE)
    _enter_halves(sheet, corpus, found, sampling)
    _enter_timed(sheet, found, sampling)
    return {f"reciprocity.{name}": sheet.measures[f"reciprocity.{name}"] for name in DEFINITIONS}


def _tallied_draws(found: Contacts, sampling: Sampling) -> list[Floats]:
    """Return, of contacts with permuted addressees, weighted reciprocity and the share of each of `_TIES`."""

    def chain(share: int, rng: np.random.Generator) -> Iterator[list[float]]:
        return (_tallied(found.source, rng.permutation(found.target), found.base) for _ in range(share))

    rng = np.random.default_rng([sampling.seed, 81])
    rows = over_chains(chain, _timed_draws(sampling, found), rng)
    return list(np.array(rows, dtype=np.float64).reshape(-1, 1 + len(_TIES)).T)


def _enter_weighted(sheet: Sheet, net: Network, draws: Floats, sampling: Sampling) -> None:
    ci = _without_agents(net, matched_comments(net), net.weight, sampling)
    null = partial(_standing, draws, _PERMUTED)
    sheet.enter("weighted", lambda: weighted_reciprocity(net), ci=ci, null=null, why=UNSURE)


def _enter_halves(sheet: Sheet, corpus: Corpus, found: Contacts, sampling: Sampling) -> None:
    half, some = len(found.t) // 2, replace(sampling, draws=_timed_draws(sampling, found))
    for name, part in (("early", slice(None, half)), ("late", slice(half, None))):
        then = from_pairs(corpus.agents, found.source[part], found.target[part])
        both = mutual_edges(then)
        every = np.ones(then.m, dtype=np.bool_)
        needs = "at least 1 edge in each half"
        ci = _without_agents(then, both, every, sampling)
        draws = reciprocity_draws(then, some) if then.m else np.zeros(0)
        null = partial(_standing, draws, DIRECTED_NULL)
        sheet.enter(name, partial(_share, both, every, needs), ci=ci, null=null, why=UNSURE)


def _enter_timed(sheet: Sheet, found: Contacts, sampling: Sampling) -> None:
    pairs = pairs_of(found)

    def shares(times: Ints) -> list[float]:
        rows = []
        for hours in _WINDOWS.values():
            hit, watched = (part.sum() for part in pairs.returned(times, hours * HOUR))
            inside, near, outside, far = (part.sum() for part in pairs.hazard(times, hours * HOUR))
            ratio = inside / near / (outside / far) if near and outside and far else np.nan
            rows += [hit / watched if watched else np.nan, ratio]
        return rows

    def chain(share: int, rng: np.random.Generator) -> Iterator[list[float]]:
        return (shares(pairs.times(rng.permutation(len(found.t)))) for _ in range(share))

    rng = np.random.default_rng([sampling.seed, 82])
    table = np.array(over_chains(chain, _timed_draws(sampling, found), rng)).reshape(-1, 2 * len(_WINDOWS))
    dated = pairs.times(np.arange(len(found.t)))
    own = shares(dated)
    for k, (name, hours) in enumerate(_WINDOWS.items()):
        null = partial(_standing, table[:, 2 * k], "times permuted over comments")
        ci = _without_agents(pairs, *pairs.returned(dated, hours * HOUR), sampling)
        needs = f"a record longer than {hours} h"
        sheet.enter(f"answered_{name}", partial(_known, own[2 * k], needs), ci=ci, null=null, why=UNSURE)
        null = partial(_standing, table[:, 2 * k + 1], "times permuted over comments")
        ci = partial(hazard_interval, pairs.source, pairs.target, pairs.hazard(dated, hours * HOUR))
        needs = f"answers within {hours} h and after"
        sheet.enter(
            f"hazard_ratio_{name}", partial(_known, own[2 * k + 1], needs), ci=ci, null=null, why=UNSURE
        )


def hazard_interval(
    source: Ints, target: Ints, parts: tuple[Floats, Floats, Floats, Floats], ratio: float
) -> Interval | None:
    """Return the interval of a ratio of rates, from the ratio without each agent.

    Parameters
    ----------
    source, target
        The two agents of each pair, shape (pairs,).
    parts
        As `hazard` gives them, per pair.
    ratio
        Their ratio of rates.
    """
    names, ends = np.unique(np.concatenate((source, target)), return_inverse=True)
    heads, tails = np.split(ends, 2)
    hits, near, others, far = (sum_without(heads, tails, part, len(names)) for part in parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        return jackknifed(hits / near / (others / far), POSITIVE)(ratio)


def _homes(corpus: Corpus, net: Network) -> Ints:
    """Return, per node, the community where it is most addressed (or writes most), as a block number."""
    author, community = corpus.post_author, corpus.post_community
    target, placed = addressees(corpus, "reply"), corpus.comment_post != UNKNOWN
    known = placed & (target != UNKNOWN)
    base = int(community.max(initial=0)) + 1
    who = np.concatenate((target[known], author[author != UNKNOWN]))
    where = np.concatenate((community[corpus.comment_post[known]], community[author != UNKNOWN]))
    keys, count = np.unique(who * base + where, return_counts=True)
    home = np.zeros(len(corpus.agents), dtype=np.int64)
    order = np.argsort(count, kind="stable")
    home[keys[order] // base] = keys[order] % base
    code = {name: k for k, name in enumerate(corpus.agents.tolist())}
    return home[[code[name] for name in net.names.tolist()]]


def _tallied(source: Ints, target: Ints, base: int) -> list[float]:
    """Return `weighted_reciprocity` of contacts, and the share answered of each of `_TIES`, NaN without any.

    Their network is not built.
    """
    from moltarium.analysis.graphs import timing

    apart = source != target
    a, b = source[apart], target[apart]
    if not len(a):
        return [0.0] + [np.nan] * len(_TIES)
    keys = (np.minimum(a, b) * base + np.maximum(a, b)) * 2 + (a > b)
    keys.sort()
    matched, *ties = timing.tallied(keys).tolist()
    answered = zip(ties[1::2], ties[::2], strict=True)
    return [matched / len(a), *(back / every if every else np.nan for back, every in answered)]


def _without_agents(
    pairs: Pairs | Network, above: npt.ArrayLike, below: npt.ArrayLike, sampling: Sampling
) -> Callable[[float], Interval | None] | None:
    """Return the interval of a share of pairs; ``None`` without draws."""
    return share_interval(pairs.source, pairs.target, above, below) if sampling.draws else None


def _share(
    above: npt.NDArray[np.bool_],
    below: npt.NDArray[np.bool_],
    needs: str = "at least 1 edge of this strength",
) -> float:
    if not below.any():
        raise NotComputable(needs)
    return float(above.sum() / below.sum())


def _known(value: float, needs: str) -> float:
    if not np.isfinite(value):
        raise NotComputable(needs)
    return value


def _standing(draws: Floats, model: str, value: float) -> Null | None:
    return standing(value, draws, model)


def _timed_draws(sampling: Sampling, found: Contacts) -> int:
    return min(sampling.draws, max(10, TIMED_COMMENTS // len(found.t)))


FAMILY: Final = Family(
    "reciprocity",
    frozenset({Post, Comment, "post.author", "comment.author", "comment.parent"}),
    measure,
    DEFINITIONS,
)
