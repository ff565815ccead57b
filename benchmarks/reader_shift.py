"""How the emotion reader fares when the same words are written otherwise, and on other kinds of text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from moltarium.agents.reader import EKMAN, Reader
from moltarium.agents.reader.agreement import calibration_error, macro_f1, reliability

Rewriting = Callable[[str], str]

KINDS: Final[dict[str, str]] = {"headlines": "SemEval_", "letters": "11"}
"""How the ids of two kinds of EmoBank's texts start: news headlines, letters that ask for gifts."""


def _typing_errors(text: str) -> str:
    """Swap two letters within every seventh word of four letters or more."""
    words = text.split()
    for at in range(0, len(words), 7):
        word = words[at]
        if len(word) > 3:
            words[at] = word[0] + word[2] + word[1] + word[3:]
    return " ".join(words)


REWRITINGS: Final[dict[str, Rewriting]] = {
    "as it stands": lambda text: text,
    "in capitals": str.upper,
    "quoting hostile words": lambda text: f"> I hate this so much, it is awful\n\n{text}",
    "with a link and code": lambda text: f"{text} https://example.org/hate `kill -9`",
    "after RT @name:": lambda text: f"RT @someone: {text}",
    "typographic apostrophes": lambda text: text.replace("'", "’"),
    "apostrophes in the wrong encoding": lambda text: text.replace("'", "â€™"),
    "HTML entities": lambda text: text.replace("&", "&amp;").replace("'", "&#39;").replace('"', "&quot;"),
    "tokens apart (do n't, it 's)": lambda text: re.sub(
        r"([.,!?])",
        r" \1 ",
        re.sub(r"(\w)'(s|m|re|ve|ll|d)\b", r"\1 '\2", re.sub(r"(\w)n't\b", r"\1 n't", text)),
    ),
    "apostrophes lost (don t)": lambda text: re.sub(r"['’]", " ", text),
    "apostrophes left out (dont)": lambda text: re.sub(r"['’]", "", text),
    "two hashtags behind": lambda text: f"{text} #monday #life",
    "vowels stretched": lambda text: re.sub(r"([aeiou])(\w*)$", r"\1\1\1\1\2", text),
    "a typing error in every seventh word": _typing_errors,
    "no mark at the end": lambda text: text.rstrip(".!?"),
    "lower case, no marks at all": lambda text: re.sub(r"[^\w\s']", " ", text.lower()),
}
"""Ways in which files of texts differ, none of which changes what people would read in them."""


def rewritten(reader: Reader, texts: list[str], truth: NDArray[np.int64]) -> dict[str, Any]:
    """Return macro-F1, accuracy and calibration error of the same texts in every writing."""
    found: dict[str, Any] = {}
    for name, rewriting in REWRITINGS.items():
        reading = reader.read([rewriting(text) for text in texts])
        chosen = np.array([EKMAN.index(label) for label in reading.labels()], dtype=np.int64)
        found[name] = {
            "macro_f1": macro_f1(truth, chosen, len(EKMAN)),
            "accuracy": float((chosen == truth).mean()),
            "calibration_error": calibration_error(reliability(reading.probs, truth)),
        }
    return found


def by_kind(
    ids: list[str], vad: NDArray[np.float64], truth: NDArray[np.float64]
) -> dict[str, dict[str, float | int]]:
    """Return Pearson r of V, A and D with EmoBank's ratings by kind of text, all splits together."""
    kind = np.array([next((k for k, start in KINDS.items() if i.startswith(start)), "other") for i in ids])
    return {
        name: {"n": int((kind == name).sum())}
        | {
            axis: float(np.corrcoef(vad[kind == name, k], truth[kind == name, k])[0, 1])
            for k, axis in enumerate("VAD")
        }
        for name in (*KINDS, "other")
    }
