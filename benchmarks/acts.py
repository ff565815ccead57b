"""Score speech acts and themes beside one annotator's labels: ``python -m benchmarks.acts RUN``.

RUN is the import of MoltBook's first days (``early-days``). ``act_labels.tsv`` holds what one annotator (an
AI author of this project) made of 654 posts and comments drawn from it at random, as ids and hashes, without
their words: the part ``tune`` was learnt from, ``seen`` was scored while variants were tried, ``held`` was
labelled after all else was settled. Posts of the last two also have one of the six themes, whose lists of
words were revised once on ``seen``.
"""

from __future__ import annotations

import argparse
import csv
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from moltarium.agents.reader.agreement import cohen_kappa, f1_by_class
from moltarium.analysis.bootstrap import bands
from moltarium.analysis.words.act_reader import ACT_NAMES, load_acts
from moltarium.analysis.words.norms import norm_texts
from moltarium.analysis.words.themes import THEMES, theme_of
from moltarium.sim.record.store import RunReader

LABELS = Path(__file__).with_name("act_labels.tsv")
DRAWS = 2_000

Ints = npt.NDArray[np.int64]


class Labelled(NamedTuple):
    """A text, what the annotator says that it does, and its theme where one was asked for."""

    kind: str
    text: str
    act: int
    theme: str


def labelled(run: Path, part: str) -> list[Labelled]:
    """Return the labelled texts of a part that stand in a record as they stood when they were labelled.

    Raises
    ------
    SystemExit
        If the record holds none of them.
    """
    with RunReader(run) as record:
        texts = {
            (kind, key): text
            for kind in ("post", "comment")
            for key, text in norm_texts(record, kind)[["id", "text"]].itertuples(index=False)
        }
    found = []
    with LABELS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            text = texts.get((row["kind"], row["id"]))
            if row["part"] == part and text is not None and digest(text) == row["sha256"]:
                found.append(Labelled(row["kind"], text, ACT_NAMES.index(row["act"]), row["theme"]))
    if not found:
        raise SystemExit(f"{run} holds none of the labelled texts: import early-days first")
    return found


def digest(text: str) -> str:
    """Return the first sixteen hexadecimal digits of a text's SHA-256."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def score(truth: Ints, chosen: Ints) -> tuple[float, float, float]:
    """Return accuracy, Cohen's κ, and the mean F1 of the acts that occur."""
    met = np.unique(truth)
    f1 = f1_by_class(truth, chosen, len(ACT_NAMES))[met].mean()
    return float((truth == chosen).mean()), cohen_kappa(truth, chosen, len(ACT_NAMES)), float(f1)


def line(name: str, truth: Ints, chosen: Ints) -> str:
    """Return a row of the table: accuracy, κ and macro-F1 with 95 % by resampling texts."""
    rng = np.random.default_rng(0)
    drawn = [rng.integers(len(truth), size=len(truth)) for _ in range(DRAWS)]
    reach = bands(np.array([score(truth[rows], chosen[rows]) for rows in drawn]))
    figures = zip(score(truth, chosen), *reach, strict=True)
    return f"{name:28s}{len(truth):5d}  " + "  ".join(f"{v:.3f} ({a:.3f} to {b:.3f})" for v, a, b in figures)


def main() -> None:
    """Print the scores of the classifier and of the commonest act, and F1 by act."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("run", type=Path, help="the imported snapshot")
    parser.add_argument("--part", choices=("held", "seen", "tune"), default="held")
    options = parser.parse_args()
    found = labelled(options.run, options.part)
    truth = np.array([each.act for each in found])
    names = load_acts().read([each.text for each in found])
    chosen = np.array([ACT_NAMES.index(name) if name in ACT_NAMES else -1 for name in names])
    covered = chosen >= 0
    print(f"{len(found)} texts, {int((~covered).sum())} not covered; accuracy, kappa, macro-F1 (95 %)")
    kind = np.array([each.kind for each in found])
    for name, rows in (("posts", kind == "post"), ("comments", kind == "comment"), ("both", kind != "")):
        print(line(name, truth[rows & covered], chosen[rows & covered]))
    commonest = np.full(len(truth), np.bincount(truth).argmax())
    print(line("both, always the commonest", truth, commonest))
    f1 = f1_by_class(truth[covered], chosen[covered], len(ACT_NAMES))
    for act, value in zip(ACT_NAMES, f1, strict=True):
        at = ACT_NAMES.index(act)
        counts = (int((side == at).sum()) for side in (truth, chosen))
        print(f"{act:12s} F1 {value:.2f}, person {next(counts)}, ours {next(counts)}")
    about = [each for each in found if each.theme]
    if about:
        names = [*THEMES, "none"]
        sides = ([each.theme for each in about], [theme_of(each.text) or "none" for each in about])
        print(line("themes of posts", *(np.array([names.index(name) for name in side]) for side in sides)))


if __name__ == "__main__":
    main()
