"""Everything about norms in one record: what `moltarium norms` prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from moltarium.analysis.affect.alignment import BLOCKS
from moltarium.analysis.upvotes import crawled, upvotes
from moltarium.analysis.words.centroids import centroids
from moltarium.analysis.words.conduct import enforcement, lagged_distance, newcomers
from moltarium.analysis.words.dialogue import replies_of
from moltarium.analysis.words.embeddings import Embedder, Kept, static_embedder
from moltarium.analysis.words.norm_effects import norm_effects
from moltarium.analysis.words.norms import Texts, norm_convergence, norm_texts
from moltarium.analysis.words.style import Style, style
from moltarium.analysis.words.templates import templates
from moltarium.analysis.words.windows import windows
from moltarium.sim.record.errors import NotComputable
from moltarium.sim.record.schema import Comment, Removal
from moltarium.sim.record.view import Record

Json: TypeAlias = dict[str, Any]
Floats: TypeAlias = npt.NDArray[np.float64]

RESPONSES: Final = ("upvotes", "comments", "removals")


def norms(
    record: Record,
    *,
    texts: Texts = "post",
    draws: int = 200,
    seed: int = 0,
    embedder: Embedder | None = None,
) -> Json:
    """Return every reading of norms as plain values; what can't be computed says what it needs.

    Keys: ``effects`` (every figure below that answers a question, with its control, difference and interval:
    `norm_effects`), ``convergence`` (dispersion inside communities against shuffled ones), ``centroids``
    (distance between communities and clusters inside them), ``templates``, ``windows`` (entropy, JSD,
    compression, Zipf, n-gram birth and death), ``newcomers``, ``enforcement``, ``style``.

    Parameters
    ----------
    record
        Any record with posts.
    texts
        Read norms off posts or off comments.
    draws
        Draws for every null and interval.
    seed
        Seeds them.
    embedder
        Default: `static_embedder`.

    Raises
    ------
    NotComputable
        Where posts (or comments) are unknown.
    """
    frame = norm_texts(record, texts)
    made: list[Kept] = []

    def vectors() -> Embedder:
        # Two of the questions read the same texts: they are embedded once, and only if there is an embedder.
        if not made:
            made.append(Kept(embedder or static_embedder()))
        return made[0]

    def near() -> Json:
        found = templates(frame, draws=max(draws, 200), seed=seed)
        return plain_json({**asdict(found), "adoption": found.adoption})

    def moving() -> Json:
        found = windows(frame, draws=draws, seed=seed)
        return plain_json({**asdict(found), "verdict": found.verdict})

    def converging() -> Json:
        found = norm_convergence(record, texts=texts, draws=draws, seed=seed, embedder=vectors())
        return plain_json(asdict(found))

    def conduct() -> Json:
        return _conduct(record, texts, vectors(), draws, seed)

    def style_of() -> Json:
        found = _style(record, draws, seed)
        return plain_json({**asdict(found), "coordinated_verdict": found.coordinated_verdict})

    report: Json = {"texts": texts, "n": len(frame)}
    questions = {"convergence": converging, "templates": near, "windows": moving, "style": style_of}
    for name, compute in questions.items():
        report[name] = _attempt(compute)
    stance = _attempt(conduct)
    report |= {name: stance.get(name, stance) for name in ("newcomers", "enforcement", "centroids")}
    return {"effects": norm_effects(report), **report}


def _attempt(compute: Callable[[], Json]) -> Json:
    try:
        return compute()
    except NotComputable as lack:
        return {"needs": lack.needs}


def _conduct(record: Record, texts: Texts, embedder: Embedder, draws: int, seed: int) -> Json:
    frame = norm_texts(record, texts)
    vectors = embedder.encode(frame["text"].tolist())
    said = np.linalg.norm(vectors, axis=1) > 0
    frame, vectors = frame[said].reset_index(drop=True), vectors[said]
    community = pd.factorize(frame["community"])[0].astype(np.int64)
    author = pd.factorize(frame["author"])[0].astype(np.int64)
    if not len(frame):
        raise NotComputable(f"{texts}s with words")
    distance = lagged_distance(vectors, community, author)
    block = np.arange(len(frame)) * BLOCKS // len(frame)
    stratum = community * BLOCKS + block
    responses: dict[str, Json] = {}
    for response in RESPONSES:

        def answer(response: str = response) -> Json:
            amount = _amount(record, response, frame["id"].tolist())
            found = enforcement(
                response, amount, distance, stratum, author, draws=draws, seed=seed, questions=len(RESPONSES)
            )
            return plain_json(asdict(found))

        responses[response] = _attempt(answer)

    def tenure() -> Json:
        return plain_json(asdict(newcomers(distance, community, author, draws=max(draws, 200), seed=seed)))

    def between() -> Json:
        names = frame["community"].to_numpy(object)
        return plain_json(asdict(centroids(vectors, names, author, block, draws=max(draws, 200), seed=seed)))

    return {"newcomers": _attempt(tenure), "enforcement": responses, "centroids": _attempt(between)}


def _amount(record: Record, response: str, ids: list[str]) -> Floats:
    """How often each text got a response; NaN where that is unknown."""
    counted: pd.Series[Any]
    unknown = 0.0
    if response == "upvotes":
        counted, unknown = upvotes(record), np.nan if crawled(record) else 0.0
    elif response == "removals":
        if not record.has(Removal):
            raise NotComputable("table removal")
        counted = record.frame(Removal)["target"].value_counts()
    else:
        if not record.has(Comment):
            raise NotComputable("table comment")
        comments = record.frame(Comment)
        counted = comments["parent"].fillna(comments["post_id"]).value_counts()
    return np.asarray(counted.reindex(ids).fillna(unknown), np.float64)


def _style(record: Record, draws: int, seed: int) -> Style:
    pairs = replies_of(record, seed=seed)
    return style(pairs.replies, pairs.parents, pairs.target, pairs.stratum, draws=draws, seed=seed)


def plain_json(found: Mapping[str, Any]) -> Json:
    """Return frames, arrays, times and NaN as JSON knows them: lists of rows, lists, ISO 8601, null."""
    return {str(key): _plain(part) for key, part in found.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return plain_json(value)
    if isinstance(value, pd.DataFrame):
        return [_plain(row) for row in value.to_dict("records")]
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, pd.Timestamp):
        return None if value is pd.NaT else value.isoformat()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
