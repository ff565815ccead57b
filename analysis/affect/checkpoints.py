"""A user's own classifier as a reader of emotion, behind the small reader's interface.

Nothing here is installed with Moltarium: `transformers` brings torch, which no default installation should
carry. Where the user has both, any text classifier whose classes are GoEmotions' or Ekman's can be used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, Protocol

import numpy as np

from moltarium.agents.reader import EKMAN, FINE, Reading
from moltarium.agents.reader.anchors import anchor_table
from moltarium.agents.reader.cleaning import clean
from moltarium.agents.reader.reading import FOLD, UNREAD
from moltarium.sim.record.errors import NotComputable, ScenarioError

PREFIX: Final = "transformers:"
"""Before a checkpoint's name or folder, where a place of an annotator is asked for."""

ALIASES: Final[Mapping[str, str]] = {
    "anticipation": "curiosity",
    "happiness": "joy",
    "happy": "joy",
    "angry": "anger",
    "sad": "sadness",
    "others": "neutral",
    "no emotion": "neutral",
    "surprised": "surprise",
}
"""Common names of classes outside `FINE`, and the class that each is read as."""


class Classifier(Protocol):
    """What a text-classification pipeline does that returns all classes."""

    def __call__(self, texts: list[str]) -> list[list[dict[str, Any]]]:
        """Return, for each text, one ``{"label": …, "score": …}`` for each class."""
        ...


class CheckpointReader:
    """Reads emotion by a classifier of the user's own.

    p_k = s_k / Σ s over the scores of its classes (a multi-label checkpoint's scores do not sum to 1);
    classes with Ekman's names stand for the fine class of that name. VAD is Σ p_k · anchor_k, see
    `moltarium.agents.reader.anchors`. Signs and the share of known words are NaN: it has none.

    Parameters
    ----------
    classifier
        Such as ``transformers.pipeline("text-classification", top_k=None)``.
    name
        For tables.
    aliases
        Further names of classes, lower case, and the `FINE` class that each is read as.
    """

    def __init__(self, classifier: Classifier, name: str, aliases: Mapping[str, str] = ALIASES) -> None:
        self._classify = classifier
        self._aliases = dict(aliases)
        self.name = name

    def read(self, texts: Sequence[str]) -> Reading:
        """Read texts as they stand on the platform, cleaned as the small reader's are.

        Raises
        ------
        ScenarioError
            If the classifier has a class that no emotion is known for.
        """
        fine = np.zeros((len(texts), len(FINE)))
        cleaned = [clean(text).encode("utf-8", "replace").decode() for text in texts]
        spoken = [place for place, text in enumerate(cleaned) if text.strip()]
        fine[:] = UNREAD
        for place, scores in zip(spoken, self._classify([cleaned[i] for i in spoken]), strict=True):
            fine[place] = 0.0
            for scored in scores:
                fine[place, self._column(str(scored["label"]))] += float(scored["score"])
        fine /= fine.sum(axis=1, keepdims=True)
        vad = fine @ anchor_table()
        vad[[not text.strip() for text in cleaned]] = 0.0
        unknown = np.full(len(texts), np.nan)
        signs = np.full((len(texts), 4), np.nan)
        return Reading(fine @ FOLD, fine, vad, signs, unknown, np.zeros(len(EKMAN)))

    def _column(self, label: str) -> int:
        plain = label.strip().lower()
        known = self._aliases.get(plain, plain)
        if known not in FINE:
            raise ScenarioError(
                f"its class {label!r} is no emotion of GoEmotions or Ekman",
                place=self.name,
                remedy="use a checkpoint that names its classes so, or give `aliases` from Python",
            )
        return FINE.index(known)


def checkpoint_reader(name: str) -> CheckpointReader:
    """Return a reader on a Hugging Face checkpoint, by name or folder; code that comes with it is not run.

    Raises
    ------
    NotComputable
        Where transformers or torch is not installed, or there is no such checkpoint.
    """
    if find_spec("transformers") is None or find_spec("torch") is None:
        raise NotComputable("the packages transformers and torch: pip install transformers torch")
    make: Any = import_module("transformers").pipeline
    try:
        classifier = make(
            "text-classification", model=name, top_k=None, truncation=True, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise NotComputable(f"a text classifier called {name!r}") from error
    _bound(classifier)
    return CheckpointReader(classifier, f"{PREFIX}{name}")


def _bound(classifier: Any) -> None:
    """Let the tokenizer cut a text at what the model can take, where it was saved without saying."""
    positions = getattr(classifier.model.config, "max_position_embeddings", None)
    tokenizer = classifier.tokenizer
    if positions is not None and tokenizer.model_max_length > positions:
        # RoBERTa and its kin count positions from 2 on.
        tokenizer.model_max_length = positions - 2
