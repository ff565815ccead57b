"""The transformers backend on a real checkpoint: small enough to be made here, and taught a handful of words.

Not part of the suite, for torch and transformers are no dependency of Moltarium. Where it is installed:

    pip install torch transformers
    python -m pytest tests/external
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from typer.testing import CliRunner

from moltarium.agents.reader import EKMAN, FINE
from moltarium.analysis.affect.checkpoints import checkpoint_reader
from moltarium.scenarios.cli import app
from moltarium.sim.record.errors import NotComputable, ScenarioError

TAUGHT: Final = {
    "amusement": ("hilarious", "giggled"),
    "anger": ("furious", "outraged"),
    "grief": ("mourning", "bereaved"),
    "fear": ("terrified", "afraid"),
    "neutral": ("table", "schedule"),
}
"""Words that the checkpoint learns to read, by class; two never stand in the same sentence."""
FRAMES: Final = ("i am {}", "we were {} there", "so {} today", "{}")


def make_checkpoint(folder: Path, classes: tuple[str, ...] = FINE) -> Path:
    """Save a BERT of some thousand weights that has learnt `TAUGHT`, with its tokenizer."""
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")
    torch.manual_seed(0)
    words = sorted({word for frame in FRAMES for word in frame.split() if word != "{}"})
    words += [word for taught in TAUGHT.values() for word in taught]
    folder.mkdir()
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]), encoding="utf-8")
    tokenizer = transformers.BertTokenizer(
        str(vocabulary)
    )  # as many saved ones, it does not say how long a text may be
    model = transformers.BertForSequenceClassification(
        transformers.BertConfig(
            vocab_size=len(words) + 5,
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=32,
            initializer_range=0.3,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            id2label=dict(enumerate(classes)),
            label2id={name: number for number, name in enumerate(classes)},
        )
    )
    if classes == FINE:
        texts = [(frame.format(w), k) for k, taught in TAUGHT.items() for w in taught for frame in FRAMES]
        inputs = tokenizer([text for text, _ in texts], padding=True, return_tensors="pt")
        wanted = torch.tensor([FINE.index(name) for _, name in texts])
        step = torch.optim.Adam(model.parameters(), lr=1e-2)
        for _ in range(60):
            step.zero_grad()
            model(**inputs, labels=wanted).loss.backward()
            step.step()
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("models") / "small")


def test_it_reads_what_the_checkpoint_learnt(checkpoint: Path) -> None:
    reader = checkpoint_reader(str(checkpoint))
    reading = reader.read(
        ["I am furious", "we were GIGGLED there", "mourning", "so afraid today", "the table"]
    )
    assert reading.labels() == ["anger", "joy", "sadness", "fear", "neutral"]
    assert [FINE[k] for k in reading.fine.argmax(axis=1)[:3]] == ["anger", "amusement", "grief"]
    np.testing.assert_allclose(reading.probs.sum(axis=1), 1.0)
    assert reading.vad[1, 0] > 0.3 > -0.3 > reading.vad[0, 0]


def test_what_is_not_the_authors_own_is_not_read(checkpoint: Path) -> None:
    reading = checkpoint_reader(str(checkpoint)).read(
        ["> furious\ngiggled", "", "> furious", "`outraged` table"]
    )
    assert reading.labels() == ["joy", "neutral", "neutral", "neutral"]
    assert np.abs(reading.vad[1:3]).max() == 0.0


def test_any_text_is_read_however_long_and_whatever_stands_beside_it(checkpoint: Path) -> None:
    reader = checkpoint_reader(str(checkpoint))
    texts = ["terrified " * 5_000, "\ud800 furious", "🙂", "你好", "furious"]
    together = reader.read(texts)
    np.testing.assert_allclose(together.fine.sum(axis=1), 1.0)
    for at, text in enumerate(texts):
        np.testing.assert_allclose(reader.read([text]).fine[0], together.fine[at], atol=1e-5)


def test_the_command_reads_with_it(checkpoint: Path) -> None:
    place = f"transformers:{checkpoint}"
    done = CliRunner().invoke(
        app, ["read-emotion", "--json", "--annotator", place], input="so outraged today\n\n"
    )
    assert done.exit_code == 0, done.output
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["label"] for answer in answers] == ["anger", "neutral"]
    assert list(answers[0]["probs"]) == list(EKMAN)


def test_agreement_with_people_is_told(checkpoint: Path, tmp_path: Path) -> None:
    labelled = tmp_path / "labelled.csv"
    rows = [
        (frame.format(word), name) for name, taught in TAUGHT.items() for word in taught for frame in FRAMES
    ]
    labelled.write_text("text,label\n" + "".join(f"{text},{name}\n" for text, name in rows), encoding="utf-8")
    command = ["emotion-agreement", str(labelled), "--json", "--annotator", f"transformers:{checkpoint}"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    found = {(row["first"], row["second"]): row["kappa"] for row in json.loads(done.stdout)["agreement"]}
    assert found["people", "annotator"] > 0.9


def test_a_checkpoint_without_names_for_its_classes_is_refused(tmp_path: Path) -> None:
    nameless = make_checkpoint(tmp_path / "nameless", ("LABEL_0", "LABEL_1"))
    with pytest.raises(ScenarioError, match="LABEL_"):
        checkpoint_reader(str(nameless)).read(["furious"])


def test_a_folder_that_holds_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotComputable, match="classifier called"):
        checkpoint_reader(str(tmp_path))
