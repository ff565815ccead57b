"""Why agents write and how, in one record: persona, speech acts, dialogue, tone, language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import pandas as pd

from moltarium.analysis.affect.alignment import EmotionReader
from moltarium.analysis.words.act_reader import load_acts
from moltarium.analysis.words.dialogue import (
    answers,
    follow_up_questions,
    replies_of,
    uptake,
    uptake_of_meaning,
)
from moltarium.analysis.words.embeddings import Embedder, static_embedder
from moltarium.analysis.words.intent import (
    acts_table,
    persona_alignment,
    sentences_per_question,
    statements_per_question,
)
from moltarium.analysis.words.language import language
from moltarium.analysis.words.norm_report import plain_json
from moltarium.analysis.words.norms import Texts, norm_texts
from moltarium.analysis.words.tone import tone
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.view import Record

DIALOGUE: Final = ("uptake", "uptake_of_meaning", "follow_up_questions")


def motives(
    record: Record,
    *,
    texts: Texts = "post",
    draws: int = 200,
    seed: int = 0,
    embedder: Embedder | None = None,
    reader: EmotionReader | None = None,
) -> dict[str, Any]:
    """Return persona alignment, speech acts, dialogue, tone and language of a record as plain values.

    Keys ``persona``, ``tone``, ``acts``, ``statements_per_question`` (texts that inform / texts that ask) and
    ``sentences_per_question``, ``None`` under two authors who ask, with their ``_ci``, ``language``, and for
    all comments, whatever `texts` says, `DIALOGUE` and ``answers``; what can't be computed says what it
    needs.

    Parameters
    ----------
    record
        Any record with posts.
    texts
        Read posts or comments.
    draws, seed
        Draws of the nulls and their seed.
    embedder
        Of bios, texts and replies; default: static embeddings.
    reader
        Of tone; default: the project's own.

    Raises
    ------
    NotComputable
        Where the texts are unknown.
    """
    frame = norm_texts(record, texts)
    said = frame["text"].tolist()
    author = pd.factorize(frame["author"])[0].astype(np.int64)
    found = load_acts().read(said)
    ratios = {
        "statements_per_question": statements_per_question(found, author),
        "sentences_per_question": sentences_per_question(said, author),
    }
    told: dict[str, Callable[[], Any]] = {
        "persona": lambda: persona_alignment(record, texts=texts, draws=draws, seed=seed, embedder=embedder),
        "tone": lambda: tone(said, author, draws=draws, seed=seed, reader=reader),
        "answers": lambda: answers(record, draws=draws, seed=seed),
    }
    return plain_json(
        {
            "texts": texts,
            "n": len(said),
            **{name: _attempt(compute) for name, compute in told.items()},
            "acts": acts_table(found, author),
            **{name: ratio[0] if ratio else None for name, ratio in ratios.items()},
            **{f"{name}_ci": ratio[1] if ratio else None for name, ratio in ratios.items()},
            **_dialogue(record, embedder, draws, seed),
            "language": asdict(language(said)),
        }
    )


def _dialogue(record: Record, embedder: Embedder | None, draws: int, seed: int) -> dict[str, Any]:
    try:
        pairs = replies_of(record, seed=seed)
    except NotComputable as lack:
        return {name: {"needs": lack.needs} for name in DIALOGUE}
    measures: tuple[Callable[[], Any], ...] = (
        lambda: uptake(pairs, draws=draws, seed=seed),
        lambda: uptake_of_meaning(pairs, embedder=embedder or static_embedder(), draws=draws, seed=seed),
        lambda: follow_up_questions(pairs, draws=draws, seed=seed),
    )
    return {name: _attempt(compute) for name, compute in zip(DIALOGUE, measures, strict=True)}


def _attempt(compute: Callable[[], Any]) -> dict[str, Any]:
    try:
        return asdict(compute())
    except NotComputable as lack:
        return {"needs": lack.needs}
