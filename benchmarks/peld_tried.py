"""What was tried to beat copying on PELD, each choice made inside the rows learnt from: ``peld.py --tried``.

Outer folds judge; inner folds, dealt by family among the rows learnt from, tune what turns probabilities into
classes and choose between candidates. Several dealings of the outer folds show how much of a gain is luck.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from benchmarks.peld_data import Floats, Fold, Ints, Peld, families, grouped_folds
from benchmarks.peld_judging import COPY, bootstrap, scores
from benchmarks.peld_systems import macro_f1
from moltarium.agents.reader import EKMAN, load_reader
from moltarium.agents.transition import EMOTIONS

DEALINGS: Final = (0, 1, 2)
INNER: Final = 4
DRAWS: Final = 10
"""Bootstrap draws of the rows learnt from over which class offsets are averaged."""
REACH: Final = 30
"""Rows between which two triples count as one dialogue: the file keeps the order of the episodes."""

Fit: TypeAlias = Callable[[Floats, Ints, Ints, Ints], Floats]
"""From features of all rows, the true classes, rows to learn from and rows to answer for: probabilities."""


class Tried(NamedTuple):
    """One candidate."""

    features: str
    fit: Fit
    shrunk: bool = False
    """Tune one exponent and one bonus for copying instead of an offset per class."""


class Told(NamedTuple):
    """One candidate's probabilities in one outer fold."""

    inner: Floats
    """For the rows learnt from, each by a model that had not seen its family."""
    outer: Floats


def logistic(strength: float, weights: str | None = None) -> Fit:
    """Return multinomial logistic regression with a ridge penalty of 1 / `strength`."""

    def fit(features: Floats, truth: Ints, learnt: Ints, judged: Ints) -> Floats:
        from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

        model = LogisticRegression(C=strength, class_weight=weights, max_iter=200)
        model.fit(features[learnt], truth[learnt])
        probs = np.zeros((len(judged), len(EMOTIONS)))
        probs[:, model.classes_] = model.predict_proba(features[judged])
        return probs

    return fit


CANDIDATES: Final[dict[str, Tried]] = {
    "pairs: e1, e2, e1×e2": Tried("pairs", logistic(0.01)),
    "pairs, weakly held": Tried("pairs", logistic(0.1)),
    "pairs, classes weighted": Tried("pairs", logistic(0.01, "balanced")),
    "pairs, shrunk to copying": Tried("pairs", logistic(0.01), shrunk=True),
    "pairs + personality": Tried("traits", logistic(0.01)),
    "pairs + speaker": Tried("speaker", logistic(0.01)),
    "pairs + reader's view of the words": Tried("words", logistic(0.003)),
    "… shrunk to copying": Tried("words", logistic(0.003), shrunk=True),
    "pairs + two utterances before": Tried("history", logistic(0.01)),
}
AVERAGE: Final = "average of all"
CHOSEN: Final = "the best on inner folds"


def before(data: Peld) -> Ints:
    """Return the emotions of the two utterances before each triple, the latest first: (n, 2).

    −1 where none is known. A triple's first two utterances are often the last two of an earlier one, whose
    first then came before.
    Only what was said earlier is used, as it would be known in a conversation.
    """
    said, felt = data.utterances, data.emotions
    ends: dict[tuple[str, str], list[int]] = {}
    for row in range(len(data)):
        ends.setdefault((said[1][row], said[2][row]), []).append(row)

    def earlier(first: str, second: str, row: int) -> int | None:
        return next((at for at in ends.get((first, second), []) if at < row <= at + REACH), None)

    found = np.full((len(data), 2), -1)
    for row in range(len(data)):
        last = earlier(said[0][row], said[1][row], row)
        if last is None:
            continue
        found[row, 0] = felt[0, last]
        further = earlier(said[0][last], said[0][row], row)
        if further is not None:
            found[row, 1] = felt[0, further]
    return found


def features_of(data: Peld) -> dict[str, Floats]:
    """Return every feature set by name, (n, features) each."""
    unit = np.eye(len(EMOTIONS))
    first, second = unit[data.emotions[0]], unit[data.emotions[1]]
    pairs = np.concatenate(
        [first, second, (first[:, :, None] * second[:, None, :]).reshape(len(data), -1)], axis=1
    )
    speaker = np.unique(data.traits, axis=0, return_inverse=True)[1].reshape(-1)
    order = [EKMAN.index(name) for name in EMOTIONS]
    readings = [load_reader().read(data.utterances[i]) for i in (0, 1)]
    views = [np.column_stack([np.log(np.maximum(r.probs[:, order], 1e-4)), r.vad]) for r in readings]
    surface = [
        [(len(text.split()) / 10, "?" in text, "!" in text, "..." in text) for text in data.utterances[i]]
        for i in (0, 1)
    ]
    past = before(data)
    known = [np.where((past[:, k] >= 0)[:, None], unit[past[:, k]], 0.0) for k in (0, 1)]
    return {
        "pairs": pairs,
        "traits": np.concatenate([pairs, data.traits], axis=1),
        "speaker": np.concatenate([pairs, np.eye(speaker.max() + 1)[speaker]], axis=1),
        "words": np.concatenate([pairs, *views, *np.array(surface, dtype=np.float64)], axis=1),
        "history": np.concatenate([pairs, *known], axis=1),
    }


def class_offsets(probs: Floats, truth: Ints) -> Floats:
    """Return what to add to log-probabilities for macro-F1.

    By coordinate ascent, averaged over bootstrap draws: tuned once, offsets fit the few texts of disgust.
    """
    rng = np.random.default_rng(0)
    unit = np.eye(probs.shape[1])
    total = np.zeros(probs.shape[1])
    for _ in range(DRAWS):
        draw = rng.integers(len(truth), size=len(truth))
        logs, wanted, best = _logs(probs[draw]), truth[draw], np.zeros(probs.shape[1])
        for stride in (0.4, 0.2, 0.1):
            for k in [*range(len(best))] * 2:
                tries = [best + stride * move * unit[k] for move in (0, -2, -1, 1, 2)]
                gained = [macro_f1(wanted, (logs + t).argmax(axis=1), len(best)) for t in tries]
                best = tries[int(np.argmax(gained))]
        total += best - best.mean()
    return np.asarray(total / DRAWS)


def chosen_by(candidate: Tried, told: Told, data: Peld, fold: Fold) -> tuple[Ints, float]:
    """Return the classes for the rows to be judged, and the macro-F1 that the inner folds promise."""
    learnt, judged = fold
    truth = data.emotions[2, learnt]
    logs = _logs(told.inner), _logs(told.outer)
    if not candidate.shrunk:
        offsets = class_offsets(told.inner, truth)
        promised = macro_f1(truth, (logs[0] + offsets).argmax(axis=1), len(EMOTIONS))
        return np.asarray((logs[1] + offsets).argmax(axis=1)), promised
    rare = -np.log(np.maximum(np.bincount(truth, minlength=len(EMOTIONS)) / len(truth), 1e-9))
    copied = [np.eye(len(EMOTIONS))[data.emotions[0, rows]] for rows in (learnt, judged)]
    settings = [(gamma, bonus) for gamma in np.arange(0, 1.3, 0.1) for bonus in (0, 0.25, 0.5, 1, 2, 3)]
    gained = [
        macro_f1(truth, (logs[0] + gamma * rare + bonus * copied[0]).argmax(axis=1), len(EMOTIONS))
        for gamma, bonus in settings
    ]
    gamma, bonus = settings[int(np.argmax(gained))]
    return np.asarray((logs[1] + gamma * rare + bonus * copied[1]).argmax(axis=1)), max(gained)


def told_by(candidate: Tried, features: Floats, truth: Ints, family: Ints, fold: Fold, seed: int) -> Told:
    """Fit one candidate in one outer fold and its inner ones; features are scaled by the rows learnt from."""
    learnt, judged = fold
    scaled = (features - features[learnt].mean(axis=0)) / (features[learnt].std(axis=0) + 1e-6)
    inner = np.zeros((len(learnt), len(EMOTIONS)))
    within = np.unique(family[learnt], return_inverse=True)[1]
    for some, rest in grouped_folds(within, INNER, seed):
        inner[rest] = candidate.fit(scaled, truth, learnt[some], learnt[rest])
    return Told(inner, candidate.fit(scaled, truth, learnt, judged))


def try_all(data: Peld, dealings: Sequence[int] = DEALINGS) -> dict[str, list[dict[str, Any]]]:
    """Return each candidate's scores and its paired bootstrap against copying, one entry per dealing."""
    family, truth = families(data), data.emotions[2]
    sets = features_of(data)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in (COPY, *CANDIDATES, AVERAGE, CHOSEN)}
    for seed in dealings:
        guesses = _guesses(data, sets, family, seed) | {COPY: data.emotions[0]}
        for name, entries in found.items():
            entries.append(
                scores(truth, guesses[name], len(EMOTIONS))
                | {
                    "against_copy_e1": bootstrap(
                        truth, guesses[name], data.emotions[0], family, len(EMOTIONS)
                    )
                }
            )
    return found


def _guesses(data: Peld, sets: dict[str, Floats], family: Ints, seed: int) -> dict[str, Ints]:
    truth = data.emotions[2]
    guesses = {name: np.zeros(len(data), dtype=np.int64) for name in (*CANDIDATES, AVERAGE, CHOSEN)}
    for fold in grouped_folds(family, seed=seed):
        told = {
            name: told_by(each, sets[each.features], truth, family, fold, seed + 100)
            for name, each in CANDIDATES.items()
        }
        told[AVERAGE] = Told(*(np.mean(part, axis=0) for part in zip(*told.values(), strict=True)))
        promises: dict[str, float] = {}
        for name, each in told.items():
            candidate = CANDIDATES.get(name, Tried("", logistic(1.0)))
            guesses[name][fold[1]], promises[name] = chosen_by(candidate, each, data, fold)
        best = max(promises, key=lambda name: promises[name])
        guesses[CHOSEN][fold[1]] = guesses[best][fold[1]]
    return guesses


def print_tried(found: dict[str, list[dict[str, Any]]]) -> None:
    """Print one line per candidate: accuracy, macro-F1 and the difference to copying, by dealing."""
    for name, entries in found.items():
        cells = []
        for entry in entries:
            gap = entry["against_copy_e1"]
            cells.append(
                f"{entry['accuracy']:.3f} {entry['macro_f1']:.4f} "
                f"{gap['difference']:+.4f} [{gap['low']:+.4f}, {gap['high']:+.4f}]"
            )
        print(f"{name:36s} " + " | ".join(cells))


def _logs(probs: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(probs, 1e-4)))
