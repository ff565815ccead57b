"""What a text does with its readers, by a small classifier that ships: English, NumPy only, no download.

It reads in two steps. Every sentence is read alone, by weights learnt from sentences that we wrote for the
purpose. What a text does is then told from its sentences together: what they do on average, at the beginning,
at the end and at most, and a few signs, by weights learnt from posts and comments that an annotator
labelled.
``benchmarks/train_acts.py`` makes the file again; docs/metrics/motives.md has the scores.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from moltarium.analysis.words.language import UNKNOWN, detect

ACT_NAMES: Final = ("greet", "promote", "coordinate", "support", "argue", "ask", "inform")
NOT_COVERED: Final = "not covered"
"""A text that a reader is not made for: no words, or another language."""
SHIPPED: Final = Path(__file__).with_name("acts.json")
MOST: Final = 60
"""Sentences read of a text: the first ones and the last."""
FAMILIAR: Final = 0.4
"""A text in no language that `detect` knows is read if this share of its words were met in training."""

Floats: TypeAlias = npt.NDArray[np.float64]

SIGNS: Final = ("sentences", "asked", "ends asking", "begins asking", "asks once", "links", "ticker", "agent",
                "welcome")  # fmt: skip
"""What else is told of a text: ln(1 + its sentences), the share of them that end in ``?``, and whether …"""

_BATCH: Final = 5_000
_LEAST: Final = 1e-3
_LINK: Final = re.compile(r"https?://|\.(?:com|io|org|ai)\b|\bm/\w")
_FENCE: Final = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_QUOTED: Final = re.compile(r"^\s*>.*$", re.MULTILINE)
_MARKS: Final = re.compile(r"[*_#`~]+")
_END: Final = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+|\n+")
_LETTERS: Final = re.compile(r"[^\W\d_]{2}|\bI\b")
_TOKEN: Final = re.compile(r"https?://\S+|(?<!\w)@\w+|\$[A-Za-z]+|[^\W\d_]+(?:['’][a-z]+)?|\d+|[?!:]")
_NAMED: Final = (("http", "<url>"), ("@", "<agent>"), ("$", "<ticker>"), (tuple("0123456789"), "<number>"))


def sentences(text: str) -> list[str]:
    """Return a text's sentences and lines that hold a word, `MOST` at most; code and quotes are left out.

    Examples
    --------
    >>> sentences("# Hi all!\\n> old words\\nI am new. What is *this*?")
    ['Hi all!', 'I am new.', 'What is this?']
    """
    bare = _MARKS.sub("", _QUOTED.sub("", _FENCE.sub("\n", text)))
    found = [part.strip() for part in _END.split(bare) if _LETTERS.search(part)]
    return found if len(found) <= MOST else [*found[: MOST - 1], found[-1]]


def tokens(sentence: str) -> list[str]:
    """Return words in lower case without apostrophes, ``? ! :``, and names for links, handles and the like.

    Examples
    --------
    >>> tokens("What's new at https://x.example, @Ann?")
    ['whats', 'new', 'at', '<url>', '<agent>', '?']
    """
    return [
        next((name for start, name in _NAMED if token.startswith(start)), "")
        or re.sub("['’]", "", token.lower())
        for token in _TOKEN.findall(sentence)
    ]


def pieces(sentence: str) -> set[str]:
    """Return a sentence's tokens and pairs of neighbours, its beginning and end among these.

    Examples
    --------
    >>> sorted(pieces("Join us!"))
    ['!', '! <end>', '<start> join', 'join', 'join us', 'us', 'us !']
    """
    said = tokens(sentence)
    bounded = ["<start>", *said, "<end>"]
    return {*said, *map(" ".join, pairwise(bounded))}


@dataclass(frozen=True, slots=True)
class ActWeights:
    """All that the classifier learnt; every row has one number per act of `ACT_NAMES`."""

    pieces: dict[str, list[float]]
    bias: list[float]
    words: list[str]
    """Words met in training, whether they tell anything or not."""
    told: list[list[float]]
    """By what is told of a text's sentences, in the order of `ActClassifier.told`."""
    told_bias: list[float]

    @classmethod
    def load(cls, path: Path = SHIPPED) -> ActWeights:
        """Read a file of weights."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def save(self, path: Path) -> None:
        """Write a file of weights, one piece a line."""
        rows = ",\n".join(f"  {json.dumps(name)}: {row}" for name, row in sorted(self.pieces.items()))
        rest = {name: part for name, part in asdict(self).items() if name != "pieces"}
        lines = [f" {json.dumps(name)}: {json.dumps(part)}" for name, part in rest.items()]
        path.write_text("{\n" + ",\n".join([*lines, f' "pieces": {{\n{rows}\n }}']) + "\n}\n", "utf-8")


class ActClassifier:
    """Reads speech acts.

    softmax(Σ pieces / √n W + b) per sentence, softmax(told U + c) per text.

    Parameters
    ----------
    weights
        What was learnt.
    """

    def __init__(self, weights: ActWeights) -> None:
        self._weights = weights
        self._row = {piece: row for row, piece in enumerate(weights.pieces)}
        self._table = np.array(list(weights.pieces.values()), np.float64).reshape(-1, len(ACT_NAMES))
        self._words = frozenset(weights.words)

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Return the probability of each act of `ACT_NAMES`, shape ``(n, 7)``; NaN where not covered."""
        distinct = list(dict.fromkeys(texts))
        found = [self._of(distinct[at : at + _BATCH]) for at in range(0, len(distinct), _BATCH)]
        rows = np.concatenate(found) if found else np.zeros((0, len(ACT_NAMES)))
        place = {text: row for row, text in enumerate(distinct)}
        return np.asarray(rows[[place[text] for text in texts]])

    def read(self, texts: Sequence[str]) -> list[str]:
        """Return the likeliest act of each text, or `NOT_COVERED`."""
        found = self.probabilities(texts)
        best = np.where(np.isnan(found).any(axis=1), -1, np.nan_to_num(found).argmax(axis=1))
        return [(*ACT_NAMES, NOT_COVERED)[act] for act in best.tolist()]

    def of_sentences(self, said: Sequence[str]) -> Floats:
        """Return the probability of each act for sentences taken alone, shape ``(n, 7)``."""
        distinct = {sentence: row for row, sentence in enumerate(dict.fromkeys(said))}
        logits = features(list(distinct), self._row) @ self._table + np.array(self._weights.bias)
        return np.asarray(_softmax(logits)[[distinct[sentence] for sentence in said]])

    def told(self, texts: Sequence[str]) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Return what is told of the texts that are covered, a row each, and which these are.

        Columns: by act ln of the mean over sentences, of the first, of the last and of the most; `SIGNS`.
        """
        split = [sentences(text) if self._covers(text) else [] for text in texts]
        has = np.array([bool(said) for said in split], np.bool_)
        if not has.any():
            return np.zeros((0, 4 * len(ACT_NAMES) + len(SIGNS))), has
        act = self.of_sentences([sentence for said in split for sentence in said])
        size = np.array([len(said) for said in split if said])
        end = size.cumsum()
        start = end - size
        mean = np.add.reduceat(act, start) / size[:, None]
        most = np.maximum.reduceat(act, start)
        logs = np.log(np.hstack([mean, act[start], act[end - 1], most]) + _LEAST)
        signs = [_signs(text, said) for text, said in zip(texts, split, strict=True) if said]
        return np.hstack([logs, np.array(signs, np.float64)]), has

    def _of(self, texts: Sequence[str]) -> Floats:
        told, has = self.told(texts)
        out = np.full((len(texts), len(ACT_NAMES)), np.nan)
        out[has] = _softmax(told @ np.array(self._weights.told) + np.array(self._weights.told_bias))
        return out

    def _covers(self, text: str) -> bool:
        language = detect(text)
        if language != UNKNOWN:
            return language == "en"
        said = [token for token in tokens(text) if token[0].isalpha()]
        return bool(said) and sum(word in self._words for word in said) >= FAMILIAR * len(said)


def _softmax(logits: Floats) -> Floats:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _signs(text: str, said: list[str]) -> list[float]:
    asks = [sentence.endswith("?") for sentence in said]
    return [
        np.log1p(len(said)), float(np.mean(asks)), asks[-1], asks[0], sum(asks) == 1,
        _LINK.search(text) is not None, "$" in text, "@" in text,
        text.lstrip().lower().startswith("welcome"),
    ]  # fmt: skip


def features(said: Sequence[str], row: dict[str, int]) -> sparse.csr_array:
    """Return which known pieces sentences hold, each row of length 1, shape ``(n, pieces)``."""

    def known() -> Iterator[list[int]]:
        for sentence in said:
            yield [row[piece] for piece in sorted(pieces(sentence)) if piece in row]

    held = list(known())
    size = np.array([len(each) for each in held], np.int64)
    columns = np.array([column for each in held for column in each], np.int64)
    values = np.repeat(1 / np.sqrt(np.maximum(size, 1)), size)
    ends = np.concatenate([[0], size.cumsum()])
    return sparse.csr_array((values, columns, ends), shape=(len(said), max(len(row), 1)))


@lru_cache(maxsize=1)
def load_acts() -> ActClassifier:
    """Return the classifier that ships, loaded once per process."""
    return ActClassifier(ActWeights.load())
