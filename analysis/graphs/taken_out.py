"""What is taken out of a network to see what hangs on it: hubs, copies, spam, accounts that flood."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from moltarium.analysis.corpus import UNKNOWN, Ints
from moltarium.analysis.graphs.networks import Network
from moltarium.analysis.words import texts

HUBS: Final = 10
"""Agents that are left out one at a time, the largest in-degrees."""
FLOOD: Final = 100
"""Texts within an hour above which an account counts as flooding: more than one every 36 seconds."""
SPAM_SIZE: Final = 5
"""Comments from which a thread can be spam; with the two shares below De Marzo & Garcia's filter."""
SPAM_TEXTS: Final = 0.5
"""Share of different texts under which a thread is spam."""
SPAM_AUTHORS: Final = 0.2
"""Share of different authors under which a thread is spam."""
HOUR: Final = 3_600_000_000
"""Microseconds."""


def without(net: Network, gone: Ints) -> Network:
    """Return a network without some nodes, and without whoever had edges with them alone.

    Examples
    --------
    >>> from moltarium.analysis.graphs.networks import from_pairs
    >>> agents = np.array(["a", "b", "c"], dtype=object)
    >>> net = from_pairs(agents, np.array([0, 1, 1, 2]), np.array([1, 0, 0, 1]))
    >>> left = without(net, np.array([2]))
    >>> left.names.tolist(), left.weight.tolist()
    (['a', 'b'], [1, 2])
    """
    out = np.zeros(net.n, dtype=np.bool_)
    out[gone] = True
    kept = ~(out[net.source] | out[net.target])
    source, target = net.source[kept], net.target[kept]
    stays = np.zeros(net.n, dtype=np.bool_)
    stays[source] = stays[target] = True
    place = np.cumsum(stays) - 1
    # Numbers keep their order, so edges stay sorted.
    return replace(
        net, names=net.names[stays], source=place[source], target=place[target], weight=net.weight[kept]
    )


def hubs(net: Network, most: int | float = HUBS) -> Ints:
    """Return so many nodes of largest in-degree, or such a share (rounded up); of equals the first ones.

    Examples
    --------
    >>> from moltarium.analysis.graphs.networks import from_pairs
    >>> agents = np.array(["a", "b", "c"], dtype=object)
    >>> net = from_pairs(agents, np.array([0, 2, 1]), np.array([1, 1, 0]))
    >>> hubs(net).tolist(), hubs(net, 0.1).tolist()
    ([1, 0], [1])
    """
    into = np.bincount(net.target, minlength=net.n)
    number = int(most) if most >= 1 else math.ceil(most * net.n - 1e-9)
    order = np.argsort(-into, kind="stable")[:number]
    return order[into[order] > 0]


def copies(text: Ints) -> npt.NDArray[np.bool_]:
    """Return which texts repeat an earlier one, shape (texts,), of their classes as `texts.read` gives them.

    Examples
    --------
    >>> copies(np.array([0, 1, 0, texts.EMPTY, texts.EMPTY, 0])).tolist()
    [False, False, True, False, False, True]
    """
    repeats: npt.NDArray[np.bool_] = ~texts.first_of(text) & (text != texts.EMPTY)
    return repeats


def flooding(author: Ints, t: Ints) -> Ints:
    """Return the authors of more than `FLOOD` texts within some hour, in ascending order.

    Parameters
    ----------
    author
        Agent code per text, or `UNKNOWN`.
    t
        Microseconds per text, in any order. An hour is any span of less than 60 minutes.

    Examples
    --------
    One writes every half minute for an hour, one as much in ten hours:

    >>> flooding(np.repeat([0, 1], 120), np.concatenate((np.arange(120), 10 * np.arange(120))) * 30_000_000)
    array([0])
    """
    order = np.lexsort((t, author))
    who, when = author[order], t[order]
    # Sorted by author and time, a text and the one FLOOD places on span FLOOD + 1 texts.
    fast = (who[FLOOD:] == who[:-FLOOD]) & (when[FLOOD:] - when[:-FLOOD] < HOUR)
    found = np.unique(who[FLOOD:][fast])
    known: Ints = found[found != UNKNOWN]
    return known


def spam(text: Ints, author: Ints, thread: Ints, threads: int) -> npt.NDArray[np.bool_]:
    """Return which threads are spam, shape (threads,): see `SPAM_SIZE`, `SPAM_TEXTS`, `SPAM_AUTHORS`.

    Parameters
    ----------
    text
        Class per comment; empty ones are one text.
    author
        Agent code per comment, or `UNKNOWN`: then it is not counted among authors.
    thread
        Post index per comment.
    threads
        How many there are.

    Examples
    --------
    Five comments with one text by five authors, then five texts of one author among seven by seven:

    >>> text = np.array([0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7])
    >>> author = np.array([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6])
    >>> spam(text, author, np.array([0] * 5 + [1] * 7), 2).tolist()
    [True, False]
    """

    def different(what: Ints, used: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        base = int(what.max(initial=0)) + 2
        keys = np.sort(thread[used] * base + what[used] + 1)
        keys = keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys
        every = np.bincount(thread[used], minlength=threads)
        return np.bincount(keys // base, minlength=threads) / np.maximum(every, 1)

    known = author != UNKNOWN
    alone = (different(author, known) < SPAM_AUTHORS) & (np.bincount(thread[known], minlength=threads) > 0)
    repeated = different(text, np.ones(len(text), dtype=np.bool_)) < SPAM_TEXTS
    found: npt.NDArray[np.bool_] = (np.bincount(thread, minlength=threads) >= SPAM_SIZE) & (alone | repeated)
    return found
