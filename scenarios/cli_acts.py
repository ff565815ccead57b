"""The command that says what agents do with what they write: by a classifier, and beside a language model."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from moltarium.scenarios.terminal import figure, put_json, put_table

if TYPE_CHECKING:
    from moltarium.scenarios.annotators import LlmActReader


def speech_acts(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run or an imported snapshot.")],
    texts: Annotated[Literal["post", "comment"], typer.Option(help="Read posts or comments.")] = "post",
    sample: Annotated[int | None, typer.Option(min=1, help="Read so many of them, drawn at random.")] = None,
    annotator: Annotated[
        str | None,
        typer.Option(
            metavar="embedded|URL",
            help="Let a language model read too: the embedded one, or an OpenAI-compatible endpoint (key in "
            "OPENAI_API_KEY).",
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="M", help="Model there; default: the first it lists.")
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Neither read nor keep its answers on disk.")
    ] = False,
    budget_usd: Annotated[
        float | None, typer.Option("--budget-usd", min=0, help="Stop before it costs more.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=1, help="Stop before it reads more.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the sample.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON line.")] = False,
) -> None:
    """Say what agents do with their texts: ask, inform, greet, promote, coordinate, support, argue."""
    from moltarium.analysis.words.speech_acts import speech_acts as acts_in
    from moltarium.scenarios.annotators import open_act_reader
    from moltarium.scenarios.spec import CeilingsSpec
    from moltarium.sim.record.store import RunReader

    ceilings = CeilingsSpec(budget_usd=budget_usd or None, max_tokens=max_tokens)
    opened: AbstractContextManager[LlmActReader | None] = nullcontext()
    if annotator is not None:
        opened = open_act_reader(annotator, model=model, cache=not no_cache, ceilings=ceilings)
    with RunReader(folder) as record, opened as by:
        found = acts_in(record, texts=texts, annotator=by, sample=sample, seed=seed)
        title = record.run.title
    found["annotator"] = None
    if by is not None:
        paid = {name: getattr(by.usage, name) for name in ("calls", "tokens_in", "tokens_out", "cost_usd")}
        found["annotator"] = {"model": by.name, **paid}
    if as_json:
        put_json(found)
        return
    _shown(title, found)


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(name="speech-acts")(speech_acts)


def _shown(title: str, found: dict[str, Any]) -> None:
    by_reader = {each["reader"]: {row["act"]: row for row in each["acts"]} for each in found["readings"]}
    put_table(
        f"{title}: {found['n']} of {found['n_record']} {found['texts']}s by what they do",
        ("act", *(f"{part} {name}" for name in by_reader for part in ("share by", "95 %"))),
        (
            (act, *(cell for read in by_reader.values() for cell in _cells(read[act])))
            for act in by_reader["classifier"]
        ),
    )
    put_table(
        "Statements per question",
        ("reader", "value", "95 %", "unanswered"),
        (
            (each["reader"], each["statements_per_question"], _interval(each["ci"]), each["unanswered"])
            for each in found["readings"]
        ),
    )
    both = found["agreement"]
    if both is not None:
        named = ("n", "left_out", "accuracy", "kappa")
        put_table(
            f"How {found['annotator']['model']} agrees with the classifier",
            ("figure", "value"),
            [*((name, both[name]) for name in named), ("kappa, 95 %", _interval(both["kappa_ci"]))],
        )


def _cells(row: dict[str, Any]) -> tuple[object, object]:
    return row["share"], _interval([row["low"], row["high"]] if "low" in row else None)


def _interval(ends: list[float] | None) -> str | None:
    return None if ends is None else f"{figure(ends[0])} to {figure(ends[1])}"
