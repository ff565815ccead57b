"""The measures ``tail.*``: how heavy the tails are, and whether a power law is the best word for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from moltarium.analysis.bootstrap import fixed
from moltarium.analysis.conversation.activity import activity
from moltarium.analysis.corpus import UNKNOWN, Corpus
from moltarium.analysis.graphs.networks import build
from moltarium.analysis.graphs.tails import (
    Counted,
    Tail,
    against_exponential,
    against_lognormal,
    counted,
    estimate,
    estimate_interval,
    fit,
)
from moltarium.analysis.metric import Definition, Family, Measure, Null, Sampling, Sheet
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Post

_CLAUSET: Final = "Clauset, Shalizi & Newman 2009, doi:10.1137/070710111"
_DEMARZO: Final = "De Marzo & Garcia 2026, arXiv:2602.09270"

VARIABLES: Final = {
    "activity": "posts + comments per agent",
    "in_degree": "agents who address an agent (reply network)",
    "out_degree": "agents whom an agent addresses (reply network)",
    "comments_per_post": "comments per post",
    "posts_per_community": "posts per community",
}
"""Whose tails are fitted."""

_FITS: Final = {
    "alpha_1": "exponent of a discrete power law by maximum likelihood, xmin 1, of {}",
    "alpha": "exponent of a discrete power law by maximum likelihood, xmin by Kolmogorov–Smirnov, of {}",
    "xmin": "xmin of that fit, of {}",
    "over_lognormal": "log-likelihood ratio per value of that fit over a lognormal (Vuong 1989), of {}",
    "over_exponential": "log-likelihood ratio per value of that fit over an exponential (Vuong 1989), of {}",
}

DEFINITIONS: Final[dict[str, Definition]] = {
    **{
        f"{variable}_{name}": Definition(text.format(what), _CLAUSET)
        for variable, what in VARIABLES.items()
        for name, text in _FITS.items()
    },
    "comments_per_post_alpha_100": Definition(
        "exponent of a discrete power law by maximum likelihood, xmin 100, of comments per post", _DEMARZO
    ),
}


def values(corpus: Corpus, variable: str) -> npt.NDArray[np.int64]:
    """Return a variable of `VARIABLES`, one value per agent, post or community.

    Raises
    ------
    NotComputable
        If the record lacks a column that it needs.
    """
    if variable == "activity":
        return activity(corpus).astype(np.int64)
    if variable in ("in_degree", "out_degree"):
        net = build(corpus, "reply")
        return np.bincount(net.target if variable == "in_degree" else net.source, minlength=net.n)
    if variable == "comments_per_post":
        placed = (corpus.comment_post != UNKNOWN) & corpus.comment_own
        return np.bincount(corpus.comment_post[placed], minlength=corpus.n_posts)[corpus.post_own]
    if not corpus.record.has("post.community"):
        raise NotComputable("post.community")
    return np.bincount(corpus.post_community[corpus.post_own])


def measure(corpus: Corpus, sampling: Sampling) -> dict[str, Measure]:
    """Compute ``tail.*``; intervals from the Fisher information, or by resampling with xmin estimated."""
    sheet = Sheet("tail", DEFINITIONS)
    for variable in VARIABLES:
        try:
            data = counted(values(corpus, variable))
        except NotComputable as lack:
            sheet.lack([f"{variable}_{name}" for name in _FITS], lack.needs)
            continue
        _enter(sheet, f"{variable}_alpha_1", partial(fit, data, 1))
        _enter_estimate(sheet, variable, data, sampling)
        if variable == "comments_per_post":
            _enter(sheet, "comments_per_post_alpha_100", partial(fit, data, 100))
    return {f"tail.{name}": sheet.measures[f"tail.{name}"] for name in DEFINITIONS}


def _enter(sheet: Sheet, name: str, find: Callable[[], Tail]) -> None:
    sheet.enter(name, lambda: find().alpha, ci=lambda _: find().ci)


def _enter_estimate(sheet: Sheet, variable: str, data: Counted, sampling: Sampling) -> None:
    try:
        found = estimate(data)
    except NotComputable as lack:
        sheet.lack([f"{variable}_{name}" for name in _FITS if name != "alpha_1"], lack.needs)
        return
    rng = np.random.default_rng([sampling.seed, 85])
    interval = estimate_interval(data, found, sampling.draws, rng)
    note = f"{found.size} values in the tail, Kolmogorov–Smirnov distance {found.distance:.3g}"
    sheet.enter(f"{variable}_alpha", lambda: found.alpha, ci=fixed(interval), note=note)
    sheet.enter(f"{variable}_xmin", lambda: found.xmin, note="no interval: it is where the fit begins")
    for name, test in (("over_lognormal", against_lognormal), ("over_exponential", against_exponential)):
        ratio, null = test(data, found)
        why = f"{note}; no interval: it belongs to the tail that was chosen, and its null is Vuong's"
        sheet.enter(f"{variable}_{name}", partial(float, ratio), null=partial(_given, null), note=why)


def _given(null: Null, _value: float) -> Null:
    return null


FAMILY: Final = Family(
    "tail",
    frozenset({Post, Comment, "post.author", "comment.author"}),
    measure,
    DEFINITIONS,
)
