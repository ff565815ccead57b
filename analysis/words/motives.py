"""Why agents post and how they speak, in one record: persona, speech acts, uptake, language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from moltarium.analysis.affect.alignment import answered
from moltarium.analysis.corpus import OBSERVED, OPENING
from moltarium.analysis.words.act_reader import load_acts
from moltarium.analysis.words.embeddings import Embedder
from moltarium.analysis.words.intent import (
    acts_table,
    persona_alignment,
    statements_per_question,
    uptake,
)
from moltarium.analysis.words.language import language
from moltarium.analysis.words.norm_report import plain_json
from moltarium.analysis.words.tone import tone
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Post
from moltarium.sim.record.view import Record


def motives(
    record: Record, *, draws: int = 200, seed: int = 0, embedder: Embedder | None = None
) -> dict[str, Any]:
    """Return persona alignment, speech acts, uptake and language of a record as plain values.

    Keys ``persona``, ``tone``, ``acts``, ``statements_per_question`` (posts that inform / posts that ask,
    ``None`` under two authors who ask) with its ``_ci``, ``uptake`` and ``language``; what can't be computed
    says what it needs.

    Parameters
    ----------
    record
        Any record with posts.
    draws, seed
        Draws of the nulls and their seed.
    embedder
        Of bios and posts; default: static embeddings.

    Raises
    ------
    NotComputable
        Where posts are unknown.
    """
    if not record.has(Post):
        raise NotComputable("table post")
    posts = record.frame(Post)
    posts = posts[posts["step"].fillna(OBSERVED) != OPENING]
    texts = (posts["title"] + "\n" + posts["body"]).tolist()
    found = load_acts().read(texts)
    author = pd.factorize(posts["author"])[0].astype(np.int64)
    ratio = statements_per_question(found, author)

    def toned() -> dict[str, Any]:
        ordered = posts.sort_values("seq")
        said = (ordered["title"] + "\n" + ordered["body"]).tolist()
        author = pd.factorize(ordered["author"])[0].astype(np.int64)
        return asdict(tone(said, author, draws=draws, seed=seed))

    def answering() -> dict[str, Any]:
        pairs = answered(record)
        said = [pairs.texts[i] for i in pairs.child]
        above = [pairs.texts[i] for i in pairs.parent]
        return asdict(uptake(said, above, pairs.target, pairs.stratum, draws=draws, seed=seed))

    return plain_json(
        {
            "persona": _attempt(
                lambda: asdict(persona_alignment(record, draws=draws, seed=seed, embedder=embedder))
            ),
            "tone": _attempt(toned),
            "acts": acts_table(found, author),
            "statements_per_question": ratio[0] if ratio else None,
            "statements_per_question_ci": ratio[1] if ratio else None,
            "uptake": _attempt(answering),
            "language": asdict(language(texts)),
        }
    )


def _attempt(compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return compute()
    except NotComputable as lack:
        return {"needs": lack.needs}
