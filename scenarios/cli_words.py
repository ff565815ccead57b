"""Commands that read what was said: drift, norms, topics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from moltarium.analysis.placebo import Effect
from moltarium.scenarios.terminal import figure, put_json, put_table, say

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as one JSON line.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run or an imported snapshot.")]
Seed = Annotated[int, typer.Option(help="Seed of every draw.")]


def drift(
    folder: RunFolder,
    vectors: Annotated[
        Literal["tfidf", "static"], typer.Option(help="Compare texts by their words or by static embeddings.")
    ] = "tfidf",
    seed: Seed = 0,
    draws: Annotated[int, typer.Option(min=100, help="Random splits, shuffles and resamples.")] = 1000,
    as_json: JsonFlag = False,
) -> None:
    """Ask whether reward changes what agents write: every effect beside its placebo."""
    from moltarium.analysis.drift import drift as drift_in
    from moltarium.analysis.embeddings import static_embedder
    from moltarium.sim.record.store import RunReader

    embedder = static_embedder() if vectors == "static" else None
    with RunReader(folder) as record:
        found = drift_in(record, embedder=embedder, draws=draws, seed=seed)
        title = record.run.title
    if as_json:
        put_json(found.json())
        return
    put_table(
        f"{title}: does reward change what agents write?",
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
    for name, needs in found.not_computable.items():
        say(f"{name}: not computable, needs {needs}")


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    for command in (drift,):
        app.command()(command)


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
