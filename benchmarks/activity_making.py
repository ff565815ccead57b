"""The makings of planted activity: societies of any number of agents, drawn from a generator."""

from __future__ import annotations

from typing import Final

import numpy as np

from benchmarks.planted import Written
from moltarium.analysis.bootstrap import Floats
from moltarium.analysis.corpus import Ints

Chance = np.random.Generator
SHARES: Final = np.arange(1, 31) ** -1.2 / (np.arange(1, 31) ** -1.2).sum()
"""How popular each of thirty communities is."""


def unequal(rng: Chance, agents: int) -> Written:
    """Agents with 1 + Poisson(lognormal(1, .9)) acts, two fifths of them posts, a quarter more accounts."""
    acts = 1 + rng.poisson(rng.lognormal(1.0, 0.9, agents))
    posts = rng.binomial(acts, 0.4)
    author, by = (np.repeat(np.arange(agents), part) for part in (posts, acts - posts))
    hour, at = rng.uniform(0, 100, len(author)), rng.uniform(100, 200, len(by))
    on = rng.integers(0, len(author), len(by))
    return Written(author, hour, by=by, on=on, at=at, accounts=agents + agents // 4)


def _in_turns(rng: Chance, agents: int, gaps: Ints, wait: Floats) -> Written:
    """Return agents who write after each wait: posts, as gaps between posts are asked for too."""
    who = np.repeat(np.arange(agents), gaps)
    total = np.cumsum(wait * np.repeat(rng.lognormal(0, 1, agents), gaps))
    before = np.r_[0.0, total][np.cumsum(gaps) - gaps]
    hour = total - np.repeat(before, gaps)
    return Written(np.r_[np.arange(agents), who], np.r_[np.zeros(agents), hour] + 1)


def memoryless(rng: Chance, agents: int) -> Written:
    """Agents who write at random, each at a rate of its own, with 5 to 40 gaps."""
    gaps = rng.integers(5, 41, agents)
    return _in_turns(rng, agents, gaps, rng.exponential(1, gaps.sum()))


def unlike(rng: Chance, agents: int) -> Written:
    """A fifth write like clockwork (σ / μ = .2), three tenths in bursts (2.5), the others between (.75)."""
    kind = np.repeat(rng.random(agents), 60)
    even, middling = rng.gamma(25, 1 / 25, len(kind)), rng.gamma(16 / 9, 9 / 16, len(kind))
    bursts = np.where(rng.random(len(kind)) < 0.9, 0.24, 7.84) * rng.exponential(1, len(kind))
    wait = np.where(kind < 0.2, even, np.where(kind < 0.7, middling, bursts))
    return _in_turns(rng, agents, np.full(agents, 60), wait)


def course(rng: Chance, agents: int, power: float) -> Written:
    """Agents with Pareto numbers of sittings of about four posts; 200 hours, N(t) ∝ t^power."""
    sittings = rng.poisson(np.minimum(3 + 3 * rng.pareto(1.5, agents), 200))
    start = rng.random(sittings.sum())
    acts = rng.geometric(0.25, len(start))
    author = np.repeat(np.repeat(np.arange(agents), sittings), acts)
    # Sittings go round the end to the beginning, so that no part of the time has fewer.
    share = (np.repeat(start, acts) + rng.uniform(0, 0.0025, len(author))) % 1
    return Written(author, share ** (1 / power) * 200)


def noticed(rng: Chance, agents: int) -> Written:
    """Posts by authors of unlike fame: comments and upvotes go with it, upvotes ∝ (comments + 1)^.78.

    An upvote's author has luck of its own besides. Of n comments about 1.2 n^.9 stand on the post.
    """
    author = np.repeat(np.arange(agents), 1 + rng.poisson(rng.lognormal(0.5, 0.8, agents)))
    posts = len(author)
    fame, luck = rng.normal(0, 0.6, agents)[author], rng.normal(0, 0.4, agents)[author]
    size = rng.poisson(np.exp(2.5 + fame + rng.normal(0, 0.7, posts)))
    upvotes = np.exp(4 + 0.78 * np.log(size + 1) + luck + rng.normal(0, 0.5, posts)).round().astype(np.int64)
    on = np.repeat(np.arange(posts), size)
    place = np.arange(len(on)) - np.repeat(np.cumsum(size) - size, size)
    direct = np.ceil(np.minimum(size, 0.8 * size**0.9 * np.exp(rng.normal(0, 0.2, posts))))
    first = np.repeat(np.cumsum(size) - size, size)
    under = np.where(place < direct[on], -1, first)
    hour = rng.uniform(0, 100, posts)
    at = hour[on] + 0.01 * (1 + place)
    by = rng.integers(0, agents, len(on))
    return Written(author, hour, by=by, on=on, under=under, at=at, upvotes=upvotes)


def answered(rng: Chance, agents: int, fall: float) -> Written:
    """Threads whose comments are answered with odds that fall by e^−fall from first to last."""
    size = 2 + rng.poisson(rng.lognormal(1.2, 0.8, agents))
    on = np.repeat(np.arange(agents), size)
    place = np.arange(len(on)) - np.repeat(np.cumsum(size) - size, size)
    odds = np.exp(-0.5 + rng.normal(0, 1, agents)[on] - fall * place / (size[on] - 1))
    replied = np.flatnonzero(rng.random(len(on)) < odds / (1 + odds))
    under = np.r_[np.full(len(on), -1), replied]
    hour = rng.uniform(0, 100, agents)
    at = np.r_[hour[on] + 0.1 * (1 + place), hour[on[replied]] + 50]
    both = np.r_[on, on[replied]]
    by = rng.integers(0, agents, len(both))
    return Written(np.arange(agents), hour, by=by, on=both, under=under, at=at)


def shown(rng: Chance, agents: int, pull: float) -> Written:
    """Posts shown Poisson times by their author's fame and chance; comments ∝ (times shown)^pull."""
    author = np.repeat(np.arange(agents), 1 + rng.poisson(2, agents))
    fame = rng.normal(0, 0.6, agents)
    seen = rng.poisson(np.exp(1.5 + fame[author] + rng.normal(0, 0.5, len(author))))
    wit = rng.normal(0, 0.6, agents)[author]
    size = rng.poisson((seen + 0.5) ** pull * np.exp(0.3 + wit))
    on = np.repeat(np.arange(len(author)), size)
    hour = rng.uniform(0, 100, len(author))
    by = rng.integers(0, agents, len(on))
    return Written(author, hour, by=by, on=on, at=hour[on] + 1, shown=seen)


def settled(rng: Chance, agents: int) -> Written:
    """Authors who keep to communities of their own: shares drawn from a Dirichlet around `SHARES`."""
    posts = 1 + rng.poisson(rng.lognormal(1.0, 0.8, agents))
    author = np.repeat(np.arange(agents), posts)
    taste = rng.gamma(3 * SHARES, size=(agents, len(SHARES)))
    upto = np.cumsum(taste, axis=1)
    pick = rng.random(len(author)) * upto[author, -1]
    home = (upto[author] < pick[:, None]).sum(axis=1)
    return Written(author, rng.uniform(0, 100, len(author)), community=home)


def fading(rng: Chance, agents: int, power: float) -> Written:
    """Posts of unlike fame on which attention fades as age^−power from one minute to fifty hours on.

    Half of all posts are watched for less: the record ends at 60 hours, and posts come until then.
    """
    author = np.repeat(np.arange(agents), 1 + rng.poisson(1, agents))
    hour = rng.uniform(0, 59, len(author))
    size = rng.poisson(np.exp(1.5 + rng.normal(0, 0.7, agents)[author]))
    on = np.repeat(np.arange(len(author)), size)
    low, high = (1 / 60) ** (1 - power), 50.0 ** (1 - power)
    age = (low + rng.random(len(on)) * (high - low)) ** (1 / (1 - power))
    at = hour[on] + age
    kept = at < 60
    by = rng.integers(0, agents, len(on))
    return Written(author, hour, by=by[kept], on=on[kept], at=at[kept])
