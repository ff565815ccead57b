"""The table of PELD: every system on leak-free folds and the published split, and what personality adds."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from benchmarks.peld_data import (
    SENTIMENT_OF,
    SENTIMENTS,
    Floats,
    Fold,
    Ints,
    Peld,
    families,
    grouped_folds,
    official_fold,
    read_peld,
)
from benchmarks.peld_judging import COPY, bootstrap, mean_gap, scores
from benchmarks.peld_systems import SYSTEMS, System, decide, fit, macro_f1
from benchmarks.peld_tried import print_tried, try_all
from moltarium.agents.emotion import ANCHORS
from moltarium.agents.transition import EMOTIONS, context

ABLATIONS: Final = {
    "transition": "transition without personality",
    "transition as shipped": "transition as shipped, without personality",
}
"""Each model, and the same without personality."""
_FOLD_SENTIMENTS: Final[Floats] = np.eye(3)[SENTIMENT_OF]


class Judged(NamedTuple):
    """One system's answers for the rows that were judged."""

    emotion: Ints
    sentiment: Ints
    likely: Ints
    """The emotion of highest probability, whatever it does to macro-F1."""
    log_loss: Floats | None
    """−log p of the true emotion by row; ``None`` for a system that only votes."""


def judge(system: System, data: Peld, folds: Sequence[Fold]) -> Judged:
    """Run one system over folds; rows that no fold judges keep emotion 0 and must not be read."""
    emotion, sentiment = np.zeros(len(data), dtype=np.int64), np.zeros(len(data), dtype=np.int64)
    likely, loss = np.zeros(len(data), dtype=np.int64), np.zeros(len(data))
    votes = False
    for learnt, judged in folds:
        given = system(data, (learnt, judged))
        target = data.emotions[2, learnt]
        emotion[judged] = decide(given, target, len(EMOTIONS))
        folded = (given[0] @ _FOLD_SENTIMENTS, given[1] @ _FOLD_SENTIMENTS)
        sentiment[judged] = decide(folded, SENTIMENT_OF[target], len(SENTIMENTS))
        likely[judged] = given[1].argmax(axis=1)
        likelihood = given[1][np.arange(len(judged)), data.emotions[2, judged]]
        votes = votes or bool((likelihood <= 0.0).any())
        loss[judged] = -np.log(np.maximum(likelihood, 1e-12))
    return Judged(emotion, sentiment, likely, None if votes else loss)


def evaluate(data: Peld) -> dict[str, Any]:
    """Return everything that the report holds, by system."""
    family = families(data)
    folds, split = grouped_folds(family), official_fold(data)
    truth = data.emotions[2]
    feeling = SENTIMENT_OF[truth]
    judged = {name: judge(system, data, folds) for name, system in SYSTEMS.items()}
    official = {name: judge(system, data, [split]) for name, system in SYSTEMS.items()}
    copied = judged[COPY]
    systems: dict[str, Any] = {}
    for name, found in judged.items():
        by_fold = [macro_f1(truth[rows], found.emotion[rows], len(EMOTIONS)) for _, rows in folds]
        rows, at = split[1], official[name]
        entry: dict[str, Any] = {
            "grouped": scores(truth, found.emotion, 7)
            | {"macro_f1_sd_over_folds": round(float(np.std(by_fold, ddof=1)), 4)},
            "grouped_sentiment": scores(feeling, found.sentiment, 3),
            "official": scores(truth[rows], at.emotion[rows], 7),
            "official_sentiment": scores(feeling[rows], at.sentiment[rows], 3),
        }
        if found.log_loss is not None:
            entry["grouped"]["accuracy_most_likely"] = round(float((found.likely == truth).mean()), 4)
            entry["grouped"]["log_loss"] = round(float(found.log_loss.mean()), 4)
            gain = (found.likely == truth).astype(np.float64) - (copied.emotion == truth)
            entry["most_likely_against_copy_e1"] = mean_gap(gain, family)
        if name != COPY:
            entry["against_copy_e1"] = bootstrap(truth, found.emotion, copied.emotion, family, 7)
            entry["against_copy_e1_sentiment"] = bootstrap(
                feeling, found.sentiment, copied.sentiment, family, 3
            )
        systems[name] = entry
    return {
        "rows": len(data),
        "families": int(family.max()) + 1,
        "leak": {"official": _leak(data, split), "grouped": float(np.mean([_leak(data, f) for f in folds]))},
        "systems": systems,
        "personality": _personality(truth, feeling, judged, family),
    }


def _personality(
    truth: Ints, feeling: Ints, judged: dict[str, Judged], family: Ints
) -> dict[str, dict[str, Any]]:
    """Set each model beside itself without personality; positive differences speak for personality."""
    effects: dict[str, dict[str, Any]] = {}
    for name, without in ABLATIONS.items():
        full, bare = judged[name], judged[without]
        effects[name] = {
            "macro_f1": bootstrap(truth, full.emotion, bare.emotion, family, 7),
            "macro_f1_sentiment": bootstrap(feeling, full.sentiment, bare.sentiment, family, 3),
        }
        if full.log_loss is not None and bare.log_loss is not None:
            effects[name]["log_likelihood"] = mean_gap(bare.log_loss - full.log_loss, family)
    return effects


def _leak(data: Peld, fold: Fold) -> float:
    """Return the share of judged rows whose answer stands, word for word, among the rows learnt from."""
    seen = {texts[row] for texts in data.utterances for row in fold[0].tolist()}
    return round(float(np.mean([data.utterances[2][row] in seen for row in fold[1].tolist()])), 4)


def write_weights(data: Peld, path: Path) -> None:
    """Fit the shipped transition on all rows and write its weights: numbers of ours, none of the data."""
    points = np.array(list(ANCHORS.values()))
    mood, told = points[data.emotions[0]], points[data.emotions[1]]
    fitted = fit(mood, context(mood, told), data.temperament, data.emotions[2], personality=True)
    path.write_text(json.dumps(fitted.json(), indent=1) + "\n", encoding="utf-8")


def _print(report: dict[str, Any]) -> None:
    print(f"{report['rows']} triples, {report['families']} families; answers seen before: {report['leak']}")
    for place in ("grouped", "official"):
        print(f"\n{place:43s} acc  macro  wtd | 3 sentiments: acc  macro  wtd | macro vs copy-e1 [95 %]")
        for name, entry in report["systems"].items():
            seven, three = entry[place], entry[f"{place}_sentiment"]
            figures = [f"{value:.3f}" for part in (seven, three) for value in list(part.values())[:3]]
            gap = entry.get("against_copy_e1") if place == "grouped" else None
            tail = f" | {gap['difference']:+.3f} [{gap['low']:+.3f}, {gap['high']:+.3f}]" if gap else ""
            print(f"{name:42s} {' '.join(figures[:3])} | {' '.join(figures[3:]):>31s}{tail}")
    for name, entry in report["systems"].items():
        if "log_loss" in (seven := entry["grouped"]):
            gap = entry["most_likely_against_copy_e1"]
            likely = f"accuracy of the likeliest {seven['accuracy_most_likely']:.3f}"
            beside = f"{gap['difference']:+.3f} [{gap['low']:+.3f}, {gap['high']:+.3f}] against copying"
            print(f"{name}: {likely}, {beside}, log loss {seven['log_loss']:.4f}")
    print("\nwhat personality adds (grouped; with − without):")
    for name, effects in report["personality"].items():
        for figure, gap in effects.items():
            print(f"  {name}: {figure} {gap['difference']:+.4f} [{gap['low']:+.4f}, {gap['high']:+.4f}]")


def main() -> None:
    """Parse the command line, evaluate, print."""
    parser = argparse.ArgumentParser(description="Emotion transition on PELD, without leaks.")
    parser.add_argument("path", type=Path, help="Dyadic_PELD.tsv, which is not part of this project")
    parser.add_argument("--json", action="store_true", help="print one JSON line")
    parser.add_argument("--weights", type=Path, help="fit on all rows, write the weights here, and stop")
    parser.add_argument("--tried", action="store_true", help="what was tried to beat copying; minutes")
    chosen = parser.parse_args()
    data = read_peld(chosen.path)
    if chosen.tried:
        tried = try_all(data)
        print(json.dumps(tried)) if chosen.json else print_tried(tried)
        return
    if chosen.weights is not None:
        write_weights(data, chosen.weights)
        return
    report = evaluate(data)
    print(json.dumps(report)) if chosen.json else _print(report)
