"""What agents do with what they write, as told by a classifier or another reader, and how two agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from moltarium.agents.reader.agreement import cohen_kappa
from moltarium.analysis.bootstrap import Interval
from moltarium.analysis.jackknife import CORRELATION, jackknifed
from moltarium.analysis.words.act_reader import ACT_NAMES, load_acts
from moltarium.analysis.words.intent import acts_table, statements_per_question
from moltarium.analysis.words.norm_report import plain_json
from moltarium.analysis.words.norms import Texts, norm_texts
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.view import Record

Ints = npt.NDArray[np.int64]


class ActReader(Protocol):
    """Whatever tells the speech act of texts; `act_reader.ActClassifier` is what ships."""

    def read(self, texts: Sequence[str]) -> Sequence[str | None]:
        """Return one of `ACT_NAMES` or `NOT_COVERED` per text, in order; ``None`` for no answer."""
        ...


class ReadBy(NamedTuple):
    """What one reader told of all texts."""

    reader: str
    """``"classifier"`` or ``"annotator"``."""
    acts: pd.DataFrame
    """``act``, ``texts``, ``share``, ``low``, ``high`` (95 %, authors left out one at a time)."""
    statements_per_question: float | None
    """Texts that inform / texts that ask; ``None`` under two authors who ask."""
    ci: Interval | None
    unanswered: int
    """Texts without an answer that can be used; they stand in no act."""


@dataclass(frozen=True, slots=True)
class ActAgreement:
    """How two readers agree on texts to which both gave an act."""

    first: str
    second: str
    n: int
    left_out: int
    """Texts that either does not cover or did not answer."""
    accuracy: float | None
    """Share of equal acts."""
    kappa: float | None
    """Cohen's κ in [−1, 1]: 0 is what the two readers' shares give by chance."""
    kappa_ci: Interval | None
    """95 %, authors with all their texts left out one at a time, on Fisher's scale."""
    confusion: pd.DataFrame
    """``first``, ``second``, ``texts``: pairs of acts that occur, the most frequent first."""


def speech_acts(
    record: Record,
    *,
    texts: Texts = "post",
    annotator: ActReader | None = None,
    sample: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the acts of a record's texts by the classifier, beside another reader's and their agreement.

    Keys ``texts``, ``n``, ``n_record`` (texts before a sample was drawn), ``readings`` (one `ReadBy` each)
    and ``agreement`` (`ActAgreement`, ``None`` without an annotator), as plain values.

    Parameters
    ----------
    record
        Any record with posts.
    texts
        Read posts or comments.
    annotator
        A second reader.
    sample
        Read so many texts, drawn at random; default all.
    seed
        Seeds that draw.

    Raises
    ------
    NotComputable
        Where the texts are unknown, or there are none.
    """
    frame = norm_texts(record, texts)
    if not len(frame):
        raise NotComputable(f"{texts}s with words")
    drawn = np.sort(np.random.default_rng([seed, 71]).permutation(len(frame))[: sample or len(frame)])
    said = frame["text"].iloc[drawn].tolist()
    author = pd.factorize(frame["author"].iloc[drawn])[0].astype(np.int64)
    readers: dict[str, ActReader] = {"classifier": load_acts()}
    if annotator:
        readers["annotator"] = annotator
    read = {name: reader.read(said) for name, reader in readers.items()}
    both = act_agreement(read, author) if annotator else None
    return plain_json(
        {
            "texts": texts,
            "n": len(said),
            "n_record": len(frame),
            "readings": [_read_by(name, found, author)._asdict() for name, found in read.items()],
            "agreement": asdict(both) if both else None,
        }
    )


def _read_by(name: str, found: Sequence[str | None], author: Ints) -> ReadBy:
    answered = np.array([act is not None for act in found])
    told = [act for act in found if act is not None]
    by = author[answered]
    ratio = statements_per_question(told, by)
    value, ci = ratio if ratio else (None, None)
    return ReadBy(name, acts_table(told, by), value, ci, len(found) - len(told))


def act_agreement(read: Mapping[str, Sequence[str | None]], author: Ints) -> ActAgreement:
    """Return how two readers of the same texts agree (Cohen 1960, doi:10.1177/001316446002000104).

    Parameters
    ----------
    read
        Acts by the names of two readers, one per text.
    author
        Code of each text's author, shape (texts,).

    Examples
    --------
    >>> told = {"a": ["ask", "ask", "inform", None], "b": ["ask", "inform", "inform", "ask"]}
    >>> found = act_agreement(told, np.arange(4))
    >>> found.n, found.left_out, round(found.kappa, 3)
    (3, 1, 0.4)
    """
    (first, left), (second, right) = read.items()
    code = {act: at for at, act in enumerate(ACT_NAMES)}
    pairs = [(code.get(a or "", -1), code.get(b or "", -1)) for a, b in zip(left, right, strict=True)]
    table = np.array(pairs, np.int64).reshape(-1, 2)
    kept = (table >= 0).all(axis=1)
    one, other = table[kept].T
    n = int(kept.sum())
    kappa = cohen_kappa(one, other, len(ACT_NAMES)) if n else float("nan")
    _, by = np.unique(author[kept], return_inverse=True)
    without = [
        cohen_kappa(one[by != gone], other[by != gone], len(ACT_NAMES)) if (by != gone).any() else np.nan
        for gone in range(int(by.max()) + 1 if n else 0)
    ]
    confusion = pd.DataFrame({"first": one, "second": other}).value_counts().rename("texts").reset_index()
    names = np.array(ACT_NAMES, object)
    return ActAgreement(
        first, second, n, len(table) - n,
        float((one == other).mean()) if n else None,
        None if np.isnan(kappa) else kappa,
        jackknifed(without, CORRELATION)(kappa) if n and not np.isnan(kappa) else None,
        confusion.assign(first=names[confusion["first"]], second=names[confusion["second"]]),
    )  # fmt: skip
