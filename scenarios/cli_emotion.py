"""Commands that read emotion from text, by the small reader or a language model, and say how they agree."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import orjson
import typer

from moltarium.scenarios.terminal import put_json, put_table, say

if TYPE_CHECKING:
    from io import BufferedReader

    from moltarium.agents.reader import Reading
    from moltarium.analysis.affect.checkpoints import CheckpointReader
    from moltarium.analysis.affect.emotion_agreement import Agreement
    from moltarium.scenarios.annotators import EmotionReader, LlmAnnotator

CHUNK = 65_536
"""Bytes read at a time."""
AGREEMENT_HEAD = (
    "",
    "n",
    "accuracy",
    "κ [95 %]",
    "macro-F1",
    "n VAD",
    "r V [95 %]",
    "r A [95 %]",
    "r D [95 %]",
)

AnnotatorPlace = Annotated[
    str | None,
    typer.Option(
        metavar="embedded|URL|transformers:NAME",
        help="Let a language model read: the embedded one, an OpenAI-compatible endpoint (key in "
        "OPENAI_API_KEY), or a classifier of yours (needs transformers and torch).",
    ),
]
Model = Annotated[str | None, typer.Option(metavar="M", help="Model there; default: the first it lists.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither read nor keep its answers on disk.")]
BudgetUsd = Annotated[float | None, typer.Option("--budget-usd", min=0, help="Stop before it costs more.")]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", min=1, help="Stop before it reads more.")]


def read_emotion(
    annotator: AnnotatorPlace = None,
    model: Model = None,
    no_cache: NoCache = False,
    budget_usd: BudgetUsd = None,
    max_tokens: MaxTokens = None,
    among: Annotated[
        str | None,
        typer.Option(metavar="LABEL,LABEL", help="Name no other label: for texts known to be of these only."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line per text.")] = False,
) -> None:
    """Read the emotion in each line of standard input: label, probabilities, fine classes, VAD."""
    from moltarium.agents.reader import load_reader

    opened: AbstractContextManager[EmotionReader] = (
        nullcontext(load_reader())
        if annotator is None
        else _annotator(annotator, model, no_cache, budget_usd, max_tokens)
    )
    unread = 0
    named = _chosen_among(among)
    with opened as reader:
        for lines in _batches():
            reading = reader.read(lines)
            for answer in _answers(reading, named):
                unread += answer["label"] is None
                sys.stdout.write(orjson.dumps(answer).decode() if as_json else _short(answer))
                sys.stdout.write("\n")
            sys.stdout.flush()
    if unread:
        say(f"{unread} texts got no answer that can be used: their label is null")


def emotion_agreement(
    texts: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV or TSV with a column `text` and, where people labelled it, `label` (an Ekman or "
            "GoEmotions class) and `v`, `a`, `d`.",
        ),
    ],
    annotator: AnnotatorPlace = None,
    model: Model = None,
    no_cache: NoCache = False,
    budget_usd: BudgetUsd = None,
    max_tokens: MaxTokens = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON line.")] = False,
) -> None:
    """Say how the small reader, a language model and people agree: Cohen's kappa, Pearson's r."""
    from moltarium.agents.reader import load_reader
    from moltarium.analysis.affect.emotion_agreement import agreements, said_by
    from moltarium.scenarios.labelled import load_labelled

    lines, people = load_labelled(texts)
    every = ({"people": people} if people is not None else {}) | {
        "reader": said_by(load_reader().read(lines))
    }
    asked: dict[str, Any] = {}
    if annotator is not None:
        with _annotator(annotator, model, no_cache, budget_usd, max_tokens) as by:
            reading = by.read(lines)
        every["annotator"] = said_by(reading)
        asked = {"model": by.name, "unanswered": int((~reading.answered).sum()), **_paid(by)}
    found = agreements(every)
    if as_json:
        put_json({"texts": len(lines), "annotator": asked or None, "agreement": [a._asdict() for a in found]})
        return
    put_table(f"{len(lines)} texts", AGREEMENT_HEAD, map(_agreement_row, found))
    for pair in found:
        if pair.n and not pair.beyond_chance:
            say(f"{pair.first} and {pair.second}: labels not shown to agree beyond chance")
    if asked:
        put_table("The annotator", ("figure", "value"), asked.items())


def _agreement_row(pair: Agreement) -> tuple[str, ...]:
    def cell(value: float | None, low: float | None = None, high: float | None = None) -> str:
        if value is None:
            return "–"
        return f"{value:.2f}" if low is None or high is None else f"{value:.2f} [{low:.2f}, {high:.2f}]"

    return (
        f"{pair.first}, {pair.second}",
        str(pair.n),
        cell(pair.accuracy),
        cell(pair.kappa, pair.kappa_low, pair.kappa_high),
        cell(pair.macro_f1),
        str(pair.n_vad),
        cell(pair.r_v, pair.r_v_low, pair.r_v_high),
        cell(pair.r_a, pair.r_a_low, pair.r_a_high),
        cell(pair.r_d, pair.r_d_low, pair.r_d_high),
    )


def _paid(by: LlmAnnotator | CheckpointReader) -> dict[str, Any]:
    """What was asked of a language model; a classifier of one's own costs none of it."""
    from moltarium.scenarios.annotators import LlmAnnotator

    if not isinstance(by, LlmAnnotator):
        return {}
    usage = by.usage
    counted = ("calls", "tokens_in", "tokens_out", "cost_usd")
    return {name: getattr(usage, name) for name in counted}


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(name="read-emotion")(read_emotion)
    app.command(name="emotion-agreement")(emotion_agreement)


def _annotator(
    place: str, model: str | None, no_cache: bool, budget_usd: float | None, max_tokens: int | None
) -> AbstractContextManager[LlmAnnotator | CheckpointReader]:
    from moltarium.analysis.affect.checkpoints import PREFIX, checkpoint_reader
    from moltarium.scenarios.annotators import open_annotator
    from moltarium.scenarios.spec import CeilingsSpec

    if place.startswith(PREFIX):
        return nullcontext(checkpoint_reader(place.removeprefix(PREFIX)))
    ceilings = CeilingsSpec(budget_usd=budget_usd or None, max_tokens=max_tokens)
    return open_annotator(place, model=model, cache=not no_cache, ceilings=ceilings)


def _chosen_among(labels: str | None) -> tuple[str, ...]:
    from moltarium.agents.reader import EKMAN

    if labels is None:
        return EKMAN
    named = tuple(label.strip() for label in labels.split(","))
    if unknown := [label for label in named if label not in EKMAN]:
        raise typer.BadParameter(f"no label is called {unknown[0]!r}: there are {', '.join(EKMAN)}")
    return named


def _answers(reading: Reading, among: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """One answer per text; null where there is none."""
    from moltarium.agents.reader import EKMAN, FINE

    answered = reading.answered
    labels = iter(reading.take(answered).labels(among))
    rounded = (reading.probs.round(5).tolist(), reading.fine.round(5).tolist(), reading.vad.round(4).tolist())
    for there, probs, fine, vad in zip(answered.tolist(), *rounded, strict=True):
        if not there:
            yield {"label": None, "probs": None, "fine": None, "vad": None}
            continue
        yield {
            "label": next(labels),
            "probs": dict(zip(EKMAN, probs, strict=True)),
            "fine": dict(zip(FINE, fine, strict=True)),
            "vad": vad,
        }


def _short(answer: dict[str, Any]) -> str:
    if answer["label"] is None:
        return "–"
    v, a, d = answer["vad"]
    return f"{answer['label']}\t{v:+.2f} {a:+.2f} {d:+.2f}"


def _batches() -> Iterator[list[str]]:
    """Lines of standard input, whatever bytes they hold: only a line feed ends one, so n in is n out.

    A batch is what has come by now, so that whoever writes slowly is answered line by line.
    """
    stream = cast("BufferedReader", sys.stdin.buffer)
    started: list[bytes] = []
    while chunk := stream.read1(CHUNK):
        first, *others = chunk.split(b"\n")
        started.append(first)
        if others:
            lines = [b"".join(started), *others[:-1]]
            started = [others[-1]]
            yield [_text(line) for line in lines]
    if last := b"".join(started):
        yield [_text(last)]


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r")
