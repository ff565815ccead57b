"""Linguistic style: do replies take up the function words of what they answer, beyond what anybody would use?

English only: the word lists are. Texts of other languages must be left out before (`language.detect`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student

from moltarium.analysis.affect.alignment import permuted_parents
from moltarium.analysis.metric import Null
from moltarium.analysis.words.lexical import words
from moltarium.sim.record.errors import NotComputable

CATEGORIES: Final[dict[str, frozenset[str]]] = {
    name: frozenset(listed.split())
    for name, listed in {
        "articles": "a an the",
        "personal pronouns": "i me my mine myself you your yours yourself he him his she her hers it its we"
        " us our ours they them their theirs",
        "impersonal pronouns": "this that these those what which who whom anything something nothing"
        " everything everyone anyone someone nobody",
        "prepositions": "in on at by for from of to with without about into onto over under between through"
        " during before after against among across around as than",
        "auxiliary verbs": "am is are was were be been being have has had do does did will would shall should"
        " can could may might must",
        "conjunctions": "and or but so yet because if while although though unless whereas since until",
        "negations": "no not never none neither nor cannot don doesn didn isn aren wasn won can't",
        "quantifiers": "all any both each every few many more most much several some less least enough",
        "adverbs": "very really just also too even still only now then here there again always often already"
        " almost maybe perhaps",
    }.items()
}
"""Classes of function words, our own lists, after those of Niederhoffer & Pennebaker (2002,
doi:10.1177/026192702237953)."""

_CLASSES: Final[dict[str, tuple[int, ...]]] = {
    word: tuple(place for place, listed in enumerate(CATEGORIES.values()) if word in listed)
    for word in frozenset().union(*CATEGORIES.values())
}
"""Places of the classes that each word belongs to."""

MIN_PAIRS: Final = 50
SIGNIFICANT: Final = 0.05
MIN_WORDS: Final = 5
"""Shorter texts have no style."""

_QUOTED: Final = re.compile(r"^\s*>.*$", re.MULTILINE)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Style:
    """How far replies take up the style of what they answer."""

    matching: float
    """Mean linguistic style matching of replies and what they answer, 0 to 1."""
    matching_ci: tuple[float, float]
    """95 % by Student's t, what is answered resampled with all its replies."""
    matching_null: Null
    """The same for parents that changed places within community and time block: the base rate."""
    coordination: pd.DataFrame
    """By category: ``category``, ``base`` P(reply uses it), ``given`` P(uses | parent did), ``coordination``
    (their difference), ``null_mean``, ``low``, ``high`` (95 % of coordination less its null mean), ``p``; NaN
    where no parent uses the category."""
    coordinated: float
    """Mean coordination over the categories that parents use."""
    coordinated_ci: tuple[float, float]
    coordinated_null: Null
    verdict: str
    """``"matching"`` where the matching stands above its null at p < .05 and its interval leaves out the
    null's mean."""
    n: int

    @property
    def coordinated_verdict(self) -> str:
        """``"coordinated"`` where the mean coordination stands above its null in the same way."""
        null = self.coordinated_null
        found = null.p < SIGNIFICANT and self.coordinated_ci[0] > null.mean
        return "coordinated" if found else "none"


def usage(texts: Sequence[str]) -> tuple[Floats, Ints]:
    """Return the share of each text's words in each category, and the number of its words.

    Quoted lines (``> …``) are left out: they would be the parent's own words.

    Returns
    -------
    tuple
        Shapes ``(n, categories)`` and ``(n,)``.
    """
    shares = np.zeros((len(texts), len(CATEGORIES)))
    sizes = np.zeros(len(texts), np.int64)
    for row, text in enumerate(texts):
        said = words(_QUOTED.sub("", text)) + re.findall(r"\b[aAiI]\b", text)
        sizes[row] = len(said)
        of = [place for word in said for place in _CLASSES.get(word.lower(), ())]
        shares[row] = np.bincount(of, minlength=len(CATEGORIES)) / max(len(said), 1)
    return shares, sizes


def matching(a: Floats, b: Floats) -> Floats:
    """Return linguistic style matching, the mean over categories of ``1 − |p₁ − p₂| / (p₁ + p₂ + .0001)``.

    Ireland & Pennebaker (2010, doi:10.1037/a0020386). 0 to 1.

    Examples
    --------
    >>> matching(np.array([[0.1, 0.2]]), np.array([[0.1, 0.2]])).tolist()
    [1.0]
    """
    return np.asarray((1 - np.abs(a - b) / (a + b + 1e-4)).mean(axis=1), np.float64)


def style(
    replies: Sequence[str], parents: Sequence[str], target: Ints, stratum: Ints,
    *, draws: int = 200, seed: int = 0,
) -> Style:  # fmt: skip
    """Return whether replies take up the style of what they answer.

    Coordination on a class m is ``P(reply uses m | parent uses m) − P(reply uses m)``
    (Danescu-Niculescu-Mizil et al. 2012, arXiv:1112.3670). One base model writes in one style: likeness alone
    is no accommodation. The null lets parents of one community and time block change places as wholes
    (`alignment.permuted_parents`).

    Parameters
    ----------
    replies, parents
        Shape ``(n,)`` each.
    target
        Code of each pair's parent.
    stratum
        Community × time block of each pair.
    draws, seed
        Permutations and their seed.

    Raises
    ------
    NotComputable
        Under `MIN_PAIRS` pairs of `MIN_WORDS` words on both sides, or where no parent has a function word.
    """
    (a, size_a), (b, size_b) = usage(replies), usage(parents)
    kept = (size_a >= MIN_WORDS) & (size_b >= MIN_WORDS)
    if kept.sum() < MIN_PAIRS:
        raise NotComputable(f"{MIN_PAIRS} replies and parents of {MIN_WORDS} words (has {int(kept.sum())})")
    a, b, target, stratum = a[kept], b[kept], target[kept], stratum[kept]
    if not b.any():
        raise NotComputable("function words in what is answered")
    rng = np.random.default_rng([seed, 66])
    alike = matching(a, b)
    value, seen = float(alike.mean()), _coordination(a, b)
    permuted, taken = np.empty(draws), np.empty((draws, len(CATEGORIES)))
    for draw in range(draws):
        other = b[permuted_parents(target, stratum, rng)]
        permuted[draw], taken[draw] = matching(a, other).mean(), _coordination(a, other)
    null, expected = _null(value, permuted), taken.mean(axis=0)
    reach, reaches = _reach(alike, a > 0, b > 0, target, draws, rng)
    table = pd.DataFrame(
        {
            "category": list(CATEGORIES),
            "base": (a > 0).mean(axis=0),
            "given": (a > 0).mean(axis=0) + seen,
            "coordination": seen,
            "null_mean": expected,
            "low": seen - expected - reaches[:-1],
            "high": seen - expected + reaches[:-1],
            "p": [_null(float(s), t).p if s == s else np.nan for s, t in zip(seen, taken.T, strict=True)],
        }
    )
    met = np.isfinite(seen)
    mean = float(seen[met].mean())
    standing = _null(mean, taken[:, met].mean(axis=1))
    found = null.p < SIGNIFICANT and value - reach > null.mean
    return Style(
        value, (value - reach, value + reach), null, table, mean,
        (mean - float(reaches[-1]), mean + float(reaches[-1])), standing, "matching" if found else "none",
        len(a),
    )  # fmt: skip


def _coordination(a: Floats, b: Floats) -> Floats:
    """By category; NaN where no parent uses it."""
    uses, met = a > 0, b > 0
    n = met.sum(axis=0)
    given = (uses & met).sum(axis=0) / np.maximum(n, 1)
    return np.asarray(np.where(n > 0, given - uses.mean(axis=0), np.nan), np.float64)


def _reach(
    alike: Floats, uses: npt.NDArray[np.bool_], met: npt.NDArray[np.bool_], target: Ints, draws: int,
    rng: np.random.Generator,
) -> tuple[float, Floats]:  # fmt: skip
    """Half-widths of 95 % for the matching, and for the coordination by category and on the mean."""
    _, code = np.unique(target, return_inverse=True)
    n = int(code.max()) + 1

    def summed(table: npt.NDArray[Any]) -> Floats:
        columns = [np.bincount(code, column, n).astype(float) for column in table.T.astype(float)]
        return np.stack(columns, axis=1)

    size = np.bincount(code, minlength=n).astype(float)
    weight = rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(float)
    drawn = (weight @ size)[:, None]
    share = (weight @ summed(alike[:, None]))[:, 0] / drawn[:, 0]
    both, mets = weight @ summed(uses & met), weight @ summed(met)
    with np.errstate(invalid="ignore"):
        coordination = both / mets - (weight @ summed(uses)) / drawn
    known = np.asarray(met.any(axis=0), np.bool_)
    spread = np.full(len(known) + 1, np.nan)
    spread[:-1][known] = np.nanstd(coordination[:, known], axis=0, ddof=1)
    spread[-1] = np.nanmean(coordination[:, known], axis=1).std(ddof=1)
    student_t = float(student.ppf(0.975, max(n - 1, 1)))
    return student_t * float(share.std(ddof=1)), student_t * spread


def _null(value: float, draws: Floats) -> Null:
    mean, sd = float(draws.mean()), float(draws.std(ddof=1))
    far = int((np.abs(draws - mean) >= abs(value - mean) - 1e-12).sum())
    z = (value - mean) / sd if sd > 0 else None
    return Null(
        "parents permuted within community and time block",
        mean,
        sd,
        z,
        (1 + far) / (1 + len(draws)),
        len(draws),
    )
