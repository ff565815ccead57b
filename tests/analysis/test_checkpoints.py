"""A user's own classifier behind the small reader's interface."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from moltarium.agents.reader import EKMAN, FINE
from moltarium.analysis.affect.checkpoints import CheckpointReader, checkpoint_reader
from moltarium.sim.record.errors import NotComputable, ScenarioError


def naming(*classes: str) -> Any:
    """Return a classifier that is surest of the class that a text names, and takes the rest as equal."""

    def classify(texts: list[str]) -> list[list[dict[str, Any]]]:
        return [
            [{"label": name, "score": 0.9 if name.lower() in text else 0.01} for name in classes]
            for text in texts
        ]

    return classify


def test_fine_classes_fold_into_ekmans_and_stand_at_their_anchors() -> None:
    reading = CheckpointReader(naming(*FINE), "mine").read(["what gratitude", "", "all this anger"])
    assert reading.labels() == ["joy", "neutral", "anger"]
    assert np.allclose(reading.probs.sum(axis=1), 1)
    assert np.allclose(reading.fine.sum(axis=1), 1)
    assert reading.vad[0, 0] > 0 > reading.vad[2, 0]
    assert np.allclose(reading.vad[1], 0)
    assert np.isnan(reading.known).all()


def test_a_checkpoint_with_ekmans_classes_or_other_names_for_them_will_do() -> None:
    classes = ("Anger", "disgust", "fear", "happiness", "others", "sadness", "surprise")
    reading = CheckpointReader(naming(*classes), "mine").read(["such happiness", "pure fear"])
    assert reading.labels() == ["joy", "fear"]
    assert reading.probs.shape == (2, len(EKMAN))


def test_an_unknown_class_is_refused_by_name() -> None:
    with pytest.raises(ScenarioError, match="LABEL_3"):
        CheckpointReader(naming("LABEL_3"), "mine").read(["text"])


def test_quotes_links_and_code_are_not_read() -> None:
    asked: list[str] = []

    def listening(texts: list[str]) -> list[list[dict[str, Any]]]:
        asked.extend(texts)
        return [[{"label": "neutral", "score": 1.0}] for _ in texts]

    CheckpointReader(listening, "mine").read(["> I hate you\nfine by me https://example.org/rage"])
    assert "hate" not in asked[0]
    assert "rage" not in asked[0]


@pytest.mark.skipif(find_spec("transformers") is not None, reason="transformers is installed here")
def test_what_is_missing_is_named_with_the_line_that_installs_it() -> None:
    with pytest.raises(NotComputable, match="pip install transformers torch"):
        checkpoint_reader("any/model")
