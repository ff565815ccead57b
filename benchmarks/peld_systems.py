"""What is set against each other on PELD: a system learns from some rows and answers for others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np

from benchmarks.peld_data import Floats, Fold, Ints, Peld
from moltarium.agents.emotion import ANCHORS
from moltarium.agents.reader import load_reader
from moltarium.agents.transition import EMOTIONS, Transition, affinity, context

System: TypeAlias = Callable[[Peld, Fold], tuple[Floats, Floats]]
"""Probabilities (or votes) of the seven emotions for the rows learnt from, and for those to be judged."""


RIDGE: Final = 4.0
"""Penalty on squared weights, in rows."""

GAMMAS: Final = tuple(i / 10 for i in range(11))
"""Exponents that `decide` chooses from."""

_POINTS: Final[Floats] = np.array(list(ANCHORS.values()))
_CLASSES: Final = len(EMOTIONS)


def _votes(codes: Ints) -> Floats:
    return np.asarray(np.eye(_CLASSES)[codes])


def majority(data: Peld, fold: Fold) -> tuple[Floats, Floats]:
    """The most frequent emotion, always."""
    learnt, judged = fold
    most = int(np.bincount(data.emotions[2, learnt], minlength=_CLASSES).argmax())
    always = _votes(np.array([most]))
    return np.tile(always, (len(learnt), 1)), np.tile(always, (len(judged), 1))


def copy_first(data: Peld, fold: Fold) -> tuple[Floats, Floats]:
    """The emotion of the same speaker's first utterance."""
    learnt, judged = fold
    return _votes(data.emotions[0, learnt]), _votes(data.emotions[0, judged])


def memoriser(data: Peld, fold: Fold) -> tuple[Floats, Floats]:
    """Not a model: looks the answer's own words up among the rows learnt from, else copies emotion 1.

    What it gains over copying is what a split gives away.
    """
    learnt, judged = fold
    seen: dict[str, Counter[int]] = {}
    for utterances, emotions in zip(data.utterances, data.emotions, strict=True):
        for row in learnt.tolist():
            seen.setdefault(utterances[row], Counter())[int(emotions[row])] += 1
    copied = data.emotions[0, judged].tolist()
    told = [
        seen[data.utterances[2][row]].most_common(1)[0][0] if data.utterances[2][row] in seen else fallback
        for row, fallback in zip(judged.tolist(), copied, strict=True)
    ]
    return _votes(data.emotions[2, learnt]), _votes(np.array(told))


def logistic(data: Peld, fold: Fold) -> tuple[Floats, Floats]:
    """Logistic regression on emotions 1 and 2 and the Big Five."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    features = np.concatenate([_votes(data.emotions[0]), _votes(data.emotions[1]), data.traits], axis=1)
    learnt, judged = fold
    model = LogisticRegression(max_iter=300).fit(features[learnt], data.emotions[2, learnt])

    def given(rows: Ints) -> Floats:
        probs = np.zeros((len(rows), _CLASSES))
        probs[:, model.classes_] = model.predict_proba(features[rows])
        return probs

    return given(learnt), given(judged)


def transition(*, personality: bool, text: bool) -> System:
    """The learnt transition, with or without personality, with or without the reader's view of the words."""

    def system(data: Peld, fold: Fold) -> tuple[Floats, Floats]:
        learnt, judged = fold
        features = _features(data, text=text)
        mood, rest = _POINTS[data.emotions[0]], data.temperament
        fitted = fit(
            mood[learnt], features[learnt], rest[learnt], data.emotions[2, learnt], personality=personality
        )

        def given(rows: Ints) -> Floats:
            return fitted.emotions(mood[rows], fitted.moved(mood[rows], features[rows], rest[rows]))

        return given(learnt), given(judged)

    return system


def fit(mood: Floats, features: Floats, rest: Floats, target: Ints, *, personality: bool) -> Transition:
    """Fit a `Transition` by maximum likelihood with a ridge penalty (L-BFGS from a fixed start).

    Parameters
    ----------
    mood, features, rest
        As `Transition.moved` takes them.
    target : (n,)
        Codes of the emotions that followed.
    personality
        False fixes M at 0: the ablation.
    """
    from scipy.optimize import minimize

    centre = rest.mean(axis=0)
    # Casts differ little in temperament: scaled to unit spread, so that the penalty weighs each axis alike.
    spread = np.maximum(rest.std(axis=0), 1e-6)
    apart = (rest - centre) / spread
    wide = features.shape[1]
    votes = _votes(target)

    cuts = np.cumsum([3 * wide, 9, 1, _CLASSES])
    first = affinity(mood)

    def unpack(x: Floats) -> tuple[Floats, Floats, float, Floats, Floats]:
        delta, manner, beta, bias, habit = np.split(x, cuts)
        return (
            delta.reshape(wide, 3),
            manner.reshape(3, 3) * personality,
            float(np.exp(beta[0])),
            bias,
            habit.reshape(_CLASSES, _CLASSES),
        )

    def loss(x: Floats) -> tuple[float, Floats]:
        delta, manner, beta, bias, habit = unpack(x)
        push, scale = features @ delta, 1.0 + apart @ manner
        gap = (mood + push * scale)[:, None, :] - _POINTS
        away = (gap**2).sum(axis=2)
        logits = bias - beta * away + first @ habit
        logits -= logits.max(axis=1, keepdims=True)
        odds = np.exp(logits)
        total = odds.sum(axis=1, keepdims=True)
        error = odds / total - votes
        value = -float(((logits * votes).sum(axis=1) - np.log(total[:, 0])).sum())
        moved = (-2.0 * beta) * np.einsum("nk,nkd->nd", error, gap)
        slope = np.concatenate(
            [
                (features.T @ (moved * scale)).ravel(),
                (apart.T @ (moved * push)).ravel() * personality,
                [-beta * float((error * away).sum())],
                error.sum(axis=0),
                (first.T @ error).ravel(),
            ]
        )
        held = x.copy()
        held[cuts[1]] = 0.0
        return value + 0.5 * RIDGE * float(held @ held), slope + RIDGE * held

    found: Any = minimize(
        loss, np.zeros(int(cuts[-1]) + _CLASSES**2), jac=True, method="L-BFGS-B", options={"maxiter": 400}
    )
    delta, manner, beta, bias, habit = unpack(found.x)
    return Transition(delta, manner / spread[:, None], centre, beta, bias, habit)


_READ: dict[int, Floats] = {}


def _features(data: Peld, *, text: bool) -> Floats:
    told = _POINTS[data.emotions[1]]
    plain = context(_POINTS[data.emotions[0]], told)
    if not text:
        return plain
    if id(data) not in _READ:
        readings = [load_reader().read(data.utterances[i]) for i in (0, 1)]
        _READ[id(data)] = np.concatenate([part for r in readings for part in (r.probs, r.vad)], axis=1)
    return np.concatenate([plain, _READ[id(data)]], axis=1)


def decide(given: tuple[Floats, Floats], target: Ints, classes: int) -> Ints:
    """Choose a class for each row to be judged: argmax_k p_k / share_k^γ.

    γ = 0 aims at accuracy; macro-F1 wants rare classes named more readily. γ is the one of 0, .1 … 1 with the
    highest macro-F1 on the rows learnt from: nothing that is judged plays a part.

    Parameters
    ----------
    given
        Probabilities for the rows learnt from, and for those to be judged.
    target
        Classes of the rows learnt from.
    classes
        How many there are.
    """
    learnt, judged = given
    share = np.maximum(np.bincount(target, minlength=classes) / len(target), 1e-9)
    scored = [macro_f1(target, (learnt / share**gamma).argmax(axis=1), classes) for gamma in GAMMAS]
    return np.asarray((judged / share ** GAMMAS[int(np.argmax(scored))]).argmax(axis=1))


def macro_f1(truth: Ints, guess: Ints, classes: int) -> float:
    """Return the unweighted mean of the classes' F1; a class neither met nor named counts as 0."""
    return float(f1_by_class(truth, guess, classes).mean())


def f1_by_class(truth: Ints, guess: Ints, classes: int) -> Floats:
    """Return 2TP / (2TP + FP + FN) of each class."""
    table = np.bincount(truth * classes + guess, minlength=classes * classes).reshape(classes, classes)
    return np.asarray(2 * table.diagonal() / np.maximum(1, table.sum(axis=0) + table.sum(axis=1)))


SYSTEMS: Final[dict[str, System]] = {
    "majority": majority,
    "copy-e1": copy_first,
    "memoriser": memoriser,
    "logistic e1+e2+personality": logistic,
    "transition": transition(personality=True, text=True),
    "transition without personality": transition(personality=False, text=True),
    "transition as shipped": transition(personality=True, text=False),
    "transition as shipped, without personality": transition(personality=False, text=False),
}
"""Every system by name."""
