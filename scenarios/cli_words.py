"""Commands that read what was said: drift, motives, norms, topics."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from moltarium.scenarios.shown_words import norm_rows, show_motives
from moltarium.scenarios.terminal import figure, put_json, put_table, say

if TYPE_CHECKING:
    from moltarium.analysis.words.embeddings import Embedder
    from moltarium.analysis.words.placebo import Effect
    from moltarium.scenarios.embedders import Asked
    from moltarium.scenarios.spec import CeilingsSpec

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as one JSON line.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run or an imported snapshot.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of every draw.")]
Embeddings = Annotated[
    str,
    typer.Option(
        metavar="static|minilm|st:NAME|URL",
        help="Where vectors come from: what ships, all-MiniLM-L6-v2 (extra `minilm`), a "
        "sentence-transformers model, or an OpenAI-compatible endpoint (key in OPENAI_API_KEY).",
    ),
]
DriftVectors = Annotated[
    str,
    typer.Option(
        "--embeddings",
        "--vectors",
        metavar="tfidf|static|minilm|st:NAME|URL",
        help="Compare texts by their words, or by vectors from one of these (as for `topics`).",
    ),
]
EmbeddingsModel = Annotated[
    str | None, typer.Option(metavar="M", help="Model at that endpoint; default: the first it lists.")
]
Labels = Annotated[
    str | None, typer.Option(metavar="embedded|URL", help="Let a language model name topics by their words.")
]
LabelsModel = Annotated[str | None, typer.Option(metavar="M", help="Model that names topics.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither read nor keep vectors and names on disk.")]
BudgetUsd = Annotated[
    float | None, typer.Option("--budget-usd", min=0, help="Stop before an endpoint costs more.")
]
MaxTokens = Annotated[
    int | None, typer.Option("--max-tokens", min=1, help="Stop before an endpoint reads more.")
]


def drift(
    folder: RunFolder,
    embeddings: DriftVectors = "tfidf",
    embeddings_model: EmbeddingsModel = None,
    no_cache: NoCache = False,
    budget_usd: BudgetUsd = None,
    max_tokens: MaxTokens = None,
    seed: Seed = 0,
    draws: Annotated[int, typer.Option(min=100, help="Random splits, shuffles and resamples.")] = 1000,
    as_json: JsonFlag = False,
) -> None:
    """Ask whether reward changes what agents write: every effect beside its placebo."""
    from moltarium.analysis.words.drift import drift as drift_in
    from moltarium.scenarios.spec import CeilingsSpec
    from moltarium.sim.record.store import RunReader

    ceilings = CeilingsSpec(budget_usd=budget_usd or None, max_tokens=max_tokens)
    opened = _opened(embeddings, "tfidf", model=embeddings_model, cache=not no_cache, ceilings=ceilings)
    with RunReader(folder) as record, opened as (embedder, asked):
        found = drift_in(record, embedder=embedder, draws=draws, seed=seed)
        title = record.run.title
    if as_json:
        put_json({**found.json(), "embedding": {**asdict(asked), "name": found.vectors}})
        return
    put_table(
        f"{title}: does reward change what agents write? ({found.vectors})",
        (
            "effect",
            "control",
            "agents",
            "observed",
            "expected",
            "difference",
            "95 % interval",
            "p",
            "verdict",
        ),
        map(_effect_row, found.effects),
    )
    if len(found.levels):
        put_table(
            "Likeness of posts to each other up to a split, and of later posts to these",
            ("split", "agents", "before", "after", "drift away", "before, with self-pairs", "drift away"),
            found.levels.itertuples(index=False),
        )
    told = [f"{name} {verdict}" for name, verdict in found.verdicts.items() if verdict != "none"]
    if found.verdicts:
        said = ", ".join(told) or "none"
        say(f"effects on which all controls agree: {said} (of {len(found.verdicts)} asked of all)")
    for name, needs in found.not_computable.items():
        say(f"{name}: not computable, needs {needs}")


def motives(
    folder: RunFolder,
    texts: Annotated[Literal["post", "comment"], typer.Option(help="Read posts or comments.")] = "post",
    embeddings: Embeddings = "static",
    embeddings_model: EmbeddingsModel = None,
    no_cache: NoCache = False,
    budget_usd: BudgetUsd = None,
    max_tokens: MaxTokens = None,
    seed: Seed = 0,
    draws: Annotated[int, typer.Option(min=100, help="Draws of every null and interval.")] = 200,
    as_json: JsonFlag = False,
) -> None:
    """Ask why agents write: their own interests, what they do with words, whether replies answer, tone."""
    from moltarium.analysis.words.motives import motives as motives_in
    from moltarium.scenarios.spec import CeilingsSpec
    from moltarium.sim.record.store import RunReader

    ceilings = CeilingsSpec(budget_usd=budget_usd or None, max_tokens=max_tokens)
    opened = _opened(embeddings, "static", model=embeddings_model, cache=not no_cache, ceilings=ceilings)
    with RunReader(folder) as record, opened as (embedder, asked):
        found = motives_in(record, texts=texts, draws=draws, seed=seed, embedder=embedder)
        title = record.run.title
    found["embedding"] = asdict(asked)
    if as_json:
        put_json(found)
        return
    show_motives(title, found)


def norms(
    folder: RunFolder,
    texts: Annotated[
        Literal["post", "comment"], typer.Option(help="Read norms off posts or comments.")
    ] = "post",
    embeddings: Embeddings = "static",
    embeddings_model: EmbeddingsModel = None,
    no_cache: NoCache = False,
    budget_usd: BudgetUsd = None,
    max_tokens: MaxTokens = None,
    seed: Seed = 0,
    draws: Annotated[int, typer.Option(min=100, help="Draws of every null and interval.")] = 200,
    as_json: JsonFlag = False,
) -> None:
    """Ask whether communities come to share norms: convergence, templates, newcomers, enforcement, style."""
    from moltarium.analysis.words.norm_report import norms as norms_in
    from moltarium.scenarios.spec import CeilingsSpec
    from moltarium.sim.record.store import RunReader

    ceilings = CeilingsSpec(budget_usd=budget_usd or None, max_tokens=max_tokens)
    opened = _opened(embeddings, "static", model=embeddings_model, cache=not no_cache, ceilings=ceilings)
    with RunReader(folder) as record, opened as (embedder, asked):
        found = norms_in(record, texts=texts, draws=draws, seed=seed, embedder=embedder)
        title = record.run.title
    found["embedding"] = asdict(asked)
    if as_json:
        put_json(found)
        return
    put_table(
        f"{title}: do communities come to share norms? ({asked.name or 'no embedding'})",
        ("question", "value", "95 %", "null", "p", "verdict"),
        norm_rows(found),
    )


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    for command in (topics, norms, drift, motives):
        app.command()(command)


def topics(
    folder: RunFolder,
    n_topics: Annotated[int | None, typer.Option(min=2, help="Topics; default grows with the posts.")] = None,
    reduction: Annotated[
        Literal["pca", "umap"],
        typer.Option(help="Seek clusters in principal components, or, steadier and slower, in UMAP's space."),
    ] = "pca",
    embeddings: Embeddings = "static",
    embeddings_model: EmbeddingsModel = None,
    labels: Labels = None,
    labels_model: LabelsModel = None,
    no_cache: NoCache = False,
    budget_usd: BudgetUsd = None,
    max_tokens: MaxTokens = None,
    seed: Seed = 0,
    as_json: JsonFlag = False,
) -> None:
    """Find what agents post about: topics with words, sizes, stability, coherence; the six themes beside."""
    from moltarium.analysis.words.topic_report import topic_report
    from moltarium.scenarios.embedders import named_topics, open_embedder
    from moltarium.scenarios.spec import CeilingsSpec
    from moltarium.sim.record.store import RunReader

    ceilings = CeilingsSpec(budget_usd=budget_usd or None, max_tokens=max_tokens)
    opened = open_embedder(embeddings, model=embeddings_model, cache=not no_cache, ceilings=ceilings)
    with RunReader(folder) as record, opened as (embedder, asked):
        found = topic_report(record, n_topics=n_topics, seed=seed, embedder=embedder, reduction=reduction)
        title = record.run.title
    found["embedding"] = asdict(asked)
    if labels is not None:
        words = [topic["words"] for topic in found["topics"]]
        names, by = named_topics(words, labels, model=labels_model, cache=not no_cache, ceilings=ceilings)
        for topic, name in zip(found["topics"], names, strict=True):
            topic["label"] = name
        found["labels"] = {"model": by, "named": len(names) - names.count(None), "topics": len(names)}
    if as_json:
        put_json(found)
        return
    put_table(
        f"{title}: {found['n_posts']} posts, {found['method']}",
        ("topic", "posts", "share", "NPMI", "outliers", "words"),
        (
            (t["number"], t["size"], t["share"], t["coherence"], t["outliers"], _described(t))
            for t in found["topics"]
        ),
    )
    put_table(
        "Topics that come together (the last mergers; all are in the JSON)",
        ("merger", "of", "distance", "posts", "words"),
        (
            (m["number"], f"{m['left']} + {m['right']}", m["distance"], m["size"], ", ".join(m["words"]))
            for m in found["tree"][-8:]
        ),
    )
    figures = ("stability", "order_stability", "coherence", "diversity", "outlier_share")
    put_table("The model", ("figure", "value"), ((name, found[name]) for name in figures))
    put_table(
        "Themes of arXiv:2602.12634 by seed words",
        ("theme", "posts", "share", "of those with a theme", "published [C]"),
        ((t["theme"], t["texts"], t["share"], t["share_of_themed"], t["published"]) for t in found["themes"]),
    )


@contextmanager
def _opened(
    name: str, default: str, *, model: str | None, cache: bool, ceilings: CeilingsSpec
) -> Iterator[tuple[Embedder | None, Asked]]:
    """Yield the embedder asked for; ``None`` for a default that measures bring or can partly do without."""
    from moltarium.analysis.words.embeddings import static_embedder
    from moltarium.scenarios.embedders import Asked, open_embedder
    from moltarium.sim.record.errors import NotComputable

    if name == default:
        shipped = None
        if name == "static":
            with suppress(NotComputable):
                shipped = static_embedder()
        yield shipped, Asked(None if shipped is None else shipped.name)
        return
    with open_embedder(name, model=model, cache=cache, ceilings=ceilings) as opened:
        yield opened


def _described(topic: dict[str, Any]) -> str:
    words = ", ".join(topic["words"])
    return f"{topic['label']}: {words}" if topic.get("label") else words


def _effect_row(effect: Effect) -> tuple[object, ...]:
    return (
        effect.name,
        effect.control,
        effect.n,
        effect.observed,
        effect.expected,
        effect.difference,
        f"{figure(effect.ci[0])} to {figure(effect.ci[1])}",
        effect.p,
        effect.verdict,
    )
