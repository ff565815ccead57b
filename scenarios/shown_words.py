"""Tables of what the commands on words found: one line per question, everything else is in the JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moltarium.scenarios.terminal import figure, put_table


def show_motives(title: str, found: dict[str, Any]) -> None:
    """Print what `moltarium motives` found."""
    kind = found["texts"]
    put_table(
        f"{title}: why do agents write? ({found['n']} {kind}s)",
        ("question", "value", "95 %", "null", "p", "verdict"),
        (_standing(question, found[key], value) for question, key, value in _MOTIVES),
    )
    put_table(
        "What they do",
        ("act", "share", "95 %"),
        [
            *((row["act"], row["share"], _between([row["low"], row["high"]]) if "low" in row else None)
              for row in found["acts"]),
            *(
                (words, found[key], _between(found[f"{key}_ci"]) if found[key] is not None else None)
                for words, key in (
                    (f"{kind}s that inform per one that asks", "statements_per_question"),
                    ("sentences that tell per one that asks", "sentences_per_question"),
                )
            ),
        ],
    )  # fmt: skip
    if "needs" not in found["persona"]:
        put_table(
            "Near their author's bio, by threshold",
            ("threshold", "share", "95 %", "another's bio"),
            (
                (row["threshold"], row["aligned"], _between([row["low"], row["high"]]), row["null"])
                for row in found["persona"]["curve"]
            ),
        )
    language = found["language"]
    put_table(
        "Language",
        ("figure", "value"),
        [
            *((f"share in {row['language']}", row["share"]) for row in language["shares"][:5]),
            *((name, language[name]) for name in ("flesch", "mattr", "mtld")),
            (f"{kind}s not in English: in none of these three", language["not_covered"]),
        ],
    )


_MOTIVES = (
    ("nearness to the own bio", "persona", "mean"),
    ("uptake: words of what is answered", "uptake", "mean"),
    ("uptake: meaning of what is answered", "uptake_of_meaning", "mean"),
    ("share of replies that ask about it", "follow_up_questions", "mean"),
    ("answers to questions less to others", "answers", "difference"),
    ("tone: change inside authors", "tone", "change"),
)


def norm_rows(found: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    """The figures that answer a question; everything else is in the JSON."""
    yield _standing("dispersion inside communities: change", found["convergence"], "change")
    yield _standing("distance between communities' centroids", found["centroids"], "distance")
    templates = found["templates"]
    if "needs" not in templates:
        yield "share with a near-duplicate", templates["near_duplicates"], None, None, None, None
        yield "share in templates", templates["in_templates"], None, None, None, None
        yield _standing("share in templates: change", templates["rise"], "change")
    moving = found["windows"]
    if "needs" not in moving:
        low, high = moving["excess_ci"]
        yield (
            "words: largest JSD less shuffled", moving["excess"],
            f"{figure(low)} to {figure(high)}", 0.0, moving["change"]["p"], moving["verdict"],
        )  # fmt: skip
    yield _standing("newcomers: distance per doubling of tenure", found["newcomers"], "change")
    responses = found["enforcement"]
    for response, entry in responses.items() if "needs" not in responses else ():
        yield _standing(f"{response} by distance from the norm", entry, "rho")
    style = found["style"]
    for question, value in (("style matching of replies", "matching"), ("style coordination", "coordinated")):
        if "needs" in style:
            yield question, _needs(style), None, None, None, None
            continue
        null, (low, high) = style[f"{value}_null"], style[f"{value}_ci"]
        verdict = style["verdict" if value == "matching" else f"{value}_verdict"]
        yield (
            question, style[value], f"{figure(low)} to {figure(high)}", null["mean"], null["p"], verdict
        )  # fmt: skip


def _standing(question: str, entry: dict[str, Any], value: str) -> tuple[object, ...]:
    if "needs" in entry:
        return question, _needs(entry), None, None, None, None
    null = entry.get("null", {})
    return (
        question,
        entry[value],
        f"{figure(entry['ci'][0])} to {figure(entry['ci'][1])}",
        null.get("mean"),
        null.get("p", entry.get("p")),
        entry["verdict"],
    )


def _needs(entry: dict[str, Any]) -> str:
    return f"not computable: needs {entry['needs']}"


def _between(ends: list[float]) -> str:
    return f"{figure(ends[0])} to {figure(ends[1])}"
