"""Score the emotion reader on human labels: ``python benchmarks/reader.py DIR [--json] [--baselines]``.

DIR holds ``GoEmotions/``, ``EmoBank/`` and ``PELD/``; each that is there is scored. GoEmotions' test split is
read here and nowhere else. ``--baselines`` also trains a TF-IDF + logistic regression (needs scikit-learn).
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy loads: speed is stated for one core

import argparse
import csv
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

if __name__ == "__main__":
    # Run as a script, Python looks beside this file; its neighbours are imported as a package.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.reader_shift import by_kind, rewritten
from moltarium.agents.reader import EKMAN, FINE, Reader, Reading, Weights, load_reader
from moltarium.agents.reader.agreement import (
    calibration_error,
    cohen_kappa,
    f1_by_class,
    macro_f1,
    reliability,
)
from moltarium.agents.reader.goemotions import Split, load_split
from moltarium.agents.reader.weights import SHIPPED

Classes = NDArray[np.int64]
Row = dict[str, Any]
AXES: Final = "VAD"


def numbers(labels: Sequence[str]) -> Classes:
    """Ekman labels as column numbers."""
    return np.array([EKMAN.index(label) for label in labels], dtype=np.int64)


def some(reading: Reading, rows: NDArray[np.bool_]) -> Reading:
    """The reading of some of the texts."""
    return Reading(
        reading.probs[rows],
        reading.fine[rows],
        reading.vad[rows],
        reading.signs[rows],
        reading.known[rows],
        reading.offsets,
    )


def ekman_scores(reading: Reading, truth: Classes) -> Row:
    """Chosen labels and bare probabilities against one true class per text."""
    chosen = numbers(reading.labels())
    likeliest = reading.probs.argmax(axis=1)
    table = reliability(reading.probs, truth)
    return {
        "n": len(truth),
        "accuracy": float((chosen == truth).mean()),
        "macro_f1": macro_f1(truth, chosen, len(EKMAN)),
        "kappa": cohen_kappa(truth, chosen, len(EKMAN)),
        "f1": dict(zip(EKMAN, f1_by_class(truth, chosen, len(EKMAN)).round(3).tolist(), strict=True)),
        "n_by_class": dict(zip(EKMAN, np.bincount(truth, minlength=len(EKMAN)).tolist(), strict=True)),
        "likeliest_accuracy": float((likeliest == truth).mean()),
        "likeliest_macro_f1": macro_f1(truth, likeliest, len(EKMAN)),
        "calibration_error": calibration_error(table),
        "reliability": [bin_._asdict() for bin_ in table],
    }


def spread(truth: Classes, chosen: Classes, draws: int = 1000) -> list[float]:
    """95 % bootstrap interval of macro-F1 over texts."""
    rng = np.random.default_rng(0)
    scores = []
    for _ in range(draws):
        draw = rng.integers(len(truth), size=len(truth))
        scores.append(macro_f1(truth[draw], chosen[draw], len(EKMAN)))
    return [float(edge) for edge in np.quantile(scores, [0.025, 0.975])]


def multi_label(reader: Reader, dev: Split, test: Split, fine: bool) -> Row:
    """Macro-F1 where a text may have several classes: all above one threshold, the best one on dev."""

    def given(split: Split) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        reading = reader.read(split.texts)
        return (reading.fine, split.fine) if fine else (reading.probs, split.ekman)

    def scores(probs: NDArray[np.float64], marks: NDArray[np.float64], bar: float) -> NDArray[np.float64]:
        named = probs >= np.minimum(bar, probs.max(axis=1, keepdims=True))
        return np.asarray(2 * (named * marks).sum(axis=0) / np.maximum((named + marks).sum(axis=0), 1))

    probs, marks = given(dev)
    bar = max(np.arange(0.05, 0.6, 0.01), key=lambda b: scores(probs, marks, b).mean())
    by_class = scores(*given(test), bar)
    names = FINE if fine else EKMAN
    return {
        "threshold": round(float(bar), 2),
        "macro_f1": float(by_class.mean()),
        "f1": dict(zip(names, by_class.round(3).tolist(), strict=True)),
    }


def goemotions(reader: Reader, folder: Path, with_baselines: bool) -> Row:
    """Everything on GoEmotions' test split."""
    dev, test = load_split(folder, "dev"), load_split(folder, "test")
    alone, truth = test.single()
    reading = some(reader.read(test.texts), alone)
    texts = [text for text, yes in zip(test.texts, alone, strict=True) if yes]
    ekman = ekman_scores(reading, truth)
    ekman["macro_f1_interval"] = spread(truth, numbers(reading.labels()))
    fine_alone, fine_truth = test.single_fine()
    fine = reader.read(test.texts).fine[fine_alone].argmax(axis=1)
    return {
        "ekman_single": ekman,
        "ekman_multi": multi_label(reader, dev, test, fine=False),
        "fine_single": {
            "n": len(fine_truth),
            "accuracy": float((fine == fine_truth).mean()),
            "macro_f1": macro_f1(fine_truth, fine, len(FINE)),
        },
        "fine_multi": multi_label(reader, dev, test, fine=True),
        "rewritten": rewritten(reader, texts, truth),
        "baselines": baselines(folder, texts, truth, with_baselines),
    }


def baselines(folder: Path, texts: list[str], truth: Classes, all_of_them: bool) -> Row:
    """Macro-F1 of the commonest class, of the lexicon alone, and of TF-IDF + logistic regression."""
    from moltarium.agents.reader import clean, lexicon
    from moltarium.agents.reader.tokens import tokenise

    rated = lexicon.ratings()
    totals = np.array([sum(rated.get(word, 0) for word in tokenise(clean(text))) for text in texts])
    # Three signs can name three classes only: each sign names the commonest class of its kind.
    by_sign = np.where(totals > 0, EKMAN.index("joy"), np.where(totals < 0, EKMAN.index("anger"), 4))
    found: Row = {
        "majority": macro_f1(truth, np.full_like(truth, EKMAN.index("joy")), len(EKMAN)),
        "lexicon sign": macro_f1(truth, by_sign.astype(np.int64), len(EKMAN)),
    }
    if all_of_them:
        from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
        from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

        learn = load_split(folder, "train")
        alone, wanted = learn.single()
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        known = words.fit_transform([t for t, yes in zip(learn.texts, alone, strict=True) if yes])
        model = LogisticRegression(C=4.0, class_weight="balanced", max_iter=300).fit(known, wanted)
        began = time.perf_counter()
        chosen = model.predict(words.transform(texts))
        found["tf-idf + logistic regression"] = macro_f1(truth, chosen, len(EKMAN))
        found["its texts per second"] = len(texts) / (time.perf_counter() - began)
    return found


def emobank(reader: Reader, folder: Path) -> Row:
    """Pearson r of VAD with EmoBank's test split, and of a least-squares mix of the same signs beside it."""
    with (folder / "emobank.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    truth = np.array([[float(row[axis]) for axis in AXES] for row in rows])
    splits = np.array([row["split"] for row in rows])
    texts = [row["text"] for row in rows]
    reading = reader.read(texts)
    test = splits == "test"
    fitted = fit_on_emobank(reading, truth, splits == "train")
    return {
        "n": int(test.sum()),
        "r": dict(zip(AXES, _correlations(reading.vad[test], truth[test]), strict=True)),
        "r_train": dict(
            zip(AXES, _correlations(reading.vad[splits == "train"], truth[splits == "train"]), strict=True)
        ),
        "r_anchors_alone": dict(
            zip(AXES, _correlations((reading.fine @ _anchors())[test], truth[test]), strict=True)
        ),
        "r_if_fitted": dict(zip(AXES, _correlations(fitted[test], truth[test]), strict=True)),
        "r_by_kind": by_kind([row["id"] for row in rows], reading.vad, truth),
        "mean": reading.vad[test].mean(axis=0).round(3).tolist(),
        "sd": reading.vad[test].std(axis=0).round(3).tolist(),
    }


def fit_on_emobank(
    reading: Reading, truth: NDArray[np.float64], learn: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Each axis by least squares on the three anchored axes and the four signs: shown, never shipped."""
    inputs = np.column_stack([reading.fine @ _anchors(), reading.signs, np.ones(len(truth))])
    mix = np.linalg.lstsq(inputs[learn], truth[learn], rcond=None)[0]
    return np.asarray(inputs @ mix)


def _anchors() -> NDArray[np.float64]:
    from moltarium.agents.reader.anchors import anchor_table

    return anchor_table()


def _correlations(left: NDArray[np.float64], right: NDArray[np.float64]) -> list[float]:
    return [float(np.corrcoef(left[:, k], right[:, k])[0, 1]) for k in range(left.shape[1])]


def peld(reader: Reader, folder: Path) -> Row:
    """Zero-shot on the utterances of a television drama, each distinct utterance once."""
    with (folder / "Dyadic_PELD.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    labelled = {row[f"Utterance_{k}"]: row[f"Emotion_{k}"] for row in rows for k in "123"}
    reading = reader.read(list(labelled))
    return ekman_scores(reading, numbers(list(labelled.values())))


def speed(reader: Reader, texts: list[str]) -> Row:
    """Texts per second of one core's time, and seconds of it to load in a fresh process."""
    fresh = Reader(Weights.load(SHIPPED))
    began = time.process_time()
    fresh.read(texts)
    cold = len(texts) / (time.process_time() - began)
    rates = []
    for _ in range(3):
        began = time.process_time()
        reader.read(texts)
        rates.append(len(texts) / (time.process_time() - began))
    script = (
        "import time, numpy; from moltarium.agents.reader import load_reader; "
        "t = time.process_time(); load_reader(); print(time.process_time() - t)"
    )
    loads = [float(subprocess.check_output([sys.executable, "-P", "-c", script])) for _ in range(3)]
    return {"texts_per_s": max(rates), "texts_per_s_first_time": cold, "load_s": min(loads)}


def scores(folder: Path, with_baselines: bool) -> Row:
    """Every score that the data in the folder allows."""
    reader = load_reader()
    found: Row = {}
    if (folder / "GoEmotions").is_dir():
        found["goemotions"] = goemotions(reader, folder / "GoEmotions", with_baselines)
        found["speed"] = speed(reader, load_split(folder / "GoEmotions", "test").texts)
    if (folder / "EmoBank").is_dir():
        found["emobank"] = emobank(reader, folder / "EmoBank")
    if (folder / "PELD").is_dir():
        found["peld"] = peld(reader, folder / "PELD")
    return found


def show(found: Row, indent: str = "") -> None:
    """Print nested scores, one a line."""
    for name, value in found.items():
        if isinstance(value, dict):
            print(f"{indent}{name}")
            show(value, indent + "  ")
        elif name != "reliability":
            print(
                f"{indent}{name:24} {value:.4g}" if isinstance(value, float) else f"{indent}{name:24} {value}"
            )


def main() -> None:
    """Score and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data", type=Path, help="the folder that holds GoEmotions, EmoBank and PELD")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--baselines", action="store_true", help="train the TF-IDF baseline too")
    chosen = parser.parse_args()
    found = scores(chosen.data, chosen.baselines)
    if not found:
        sys.exit(f"{chosen.data}: holds none of GoEmotions, EmoBank, PELD")
    if chosen.json:
        print(json.dumps(found, indent=1))
    else:
        show(found)


if __name__ == "__main__":
    main()
