"""Who answers whom in time, compiled: contacts grouped by pair, each group beside its reverse.

Which pairs there are does not change when times are permuted, so a null draw deals the times out, earliest
first, to the pairs' places: every group then comes sorted.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from moltarium.analysis.compiled import compiled

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]

STRENGTHS: Final = (1, 4)
"""Most contacts of a tie of each strength; a stronger one has more than the last."""


@compiled
def deal(group: Ints, order: Ints, t: Ints, start: Ints) -> Ints:
    """Return times by group, sorted within each, if the k-th time goes to contact ``order[k]``.

    ``group`` is the pair per contact; the places of pair ``p`` are ``start[p]`` to ``start[p + 1]``.
    """
    place = start[:-1].copy()
    times = np.empty(len(t), np.int64)
    for k in range(len(t)):
        p = group[order[k]]
        times[place[p]] = t[k]
        place[p] += 1
    return times


@compiled
def first_answers(times: Ints, start: Ints, reverse: Ints, end: int, window: int) -> tuple[Ints, Ints]:
    """Return, per pair, whether its first contact was returned within the window, and was watched that long.

    ``reverse`` is the number of the pair the other way, −1 if there is none.
    """
    pairs = len(reverse)
    hits, watched = np.zeros(pairs, np.int64), np.zeros(pairs, np.int64)
    for p in range(pairs):
        begun, q = times[start[p]], reverse[p]
        if begun + window > end:
            continue
        if q < 0:
            watched[p] = 1
            continue
        answer = times[start[q]]
        # Only who speaks first makes a contact; what comes second is the answer.
        if answer > begun:
            watched[p] = 1
            if answer <= begun + window:
                hits[p] = 1
    return hits, watched


@compiled
def exposure(
    times: Ints, start: Ints, reverse: Ints, end: int, window: int, unit: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return per pair i → j: answers j → i in a window, units of time in one, and both outside.

    A window follows each i → j; everything lies between the first i → j and the end.
    """
    pairs = len(reverse)
    hits, inside = np.zeros(pairs), np.zeros(pairs)
    others, outside = np.zeros(pairs), np.zeros(pairs)
    for p in range(pairs):
        begin, stop = start[p], start[p + 1]
        for k in range(begin, stop):
            until = times[k + 1] if k + 1 < stop else end
            inside[p] += min(until - times[k], window) / unit
        outside[p] = max((end - times[begin]) / unit - inside[p], 0.0)
        if reverse[p] < 0:
            continue
        last = begin
        for k in range(start[reverse[p]], start[reverse[p] + 1]):
            while last < stop and times[last] <= times[k]:
                last += 1
            if last > begin:
                near = times[k] - times[last - 1] <= window
                hits[p] += near
                others[p] += not near
    return hits, inside, others, outside


@compiled
def tallied(keys: Ints) -> Ints:
    """Return ``Σ min(w_ij, w_ji)`` over ordered pairs; then, of edges of `STRENGTHS` each, all and answered.

    Keys are sorted, one per contact: twice the unordered pair's number, plus its direction.
    """
    found = np.zeros(1 + 2 * (len(STRENGTHS) + 1), np.int64)
    k, m = 0, len(keys)
    while k < m:
        pair, one, other = keys[k] >> 1, 0, 0
        while k < m and keys[k] >> 1 == pair:
            if keys[k] & 1:
                other += 1
            else:
                one += 1
            k += 1
        found[0] += 2 * min(one, other)
        for weight, back in ((one, other), (other, one)):
            if weight:
                strength = 1
                for most in STRENGTHS:
                    strength += 2 * (weight > most)
                found[strength] += 1
                found[strength + 1] += back > 0
    return found
