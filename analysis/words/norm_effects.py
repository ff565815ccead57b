"""Every figure of `moltarium norms` that answers a question: value, control, difference and interval."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]

SIGNIFICANT: Final = 0.05


def norm_effects(report: Json) -> list[Json]:
    """Return the effects of a report by `norm_report.norms`.

    Keys of each: ``name`` (where in the report it stands), ``control``, ``observed``, ``expected`` (under the
    control), ``difference``, ``ci`` (its 95 %), ``p``, ``questions`` (how many are asked at once: p is held
    against .05 / questions) and ``verdict``: ``"more"`` or ``"less"`` than the control, or ``"none"``.
    What could not be computed has no entry, nor has the rise of templates where there is none.
    """
    return [effect for of in _PARTS for effect in of(report)]


def _effect(
    name: str, control: str, observed: float, expected: float, ci: tuple[float, float], p: float,
    questions: int = 1,
) -> Json:  # fmt: skip
    """An effect from its value and the interval of its *difference*."""
    difference = observed - expected
    found = p < SIGNIFICANT / questions and not ci[0] <= 0 <= ci[1]
    verdict = ("more" if difference > 0 else "less") if found else "none"
    return {
        "name": name, "control": control, "observed": observed, "expected": expected,
        "difference": difference, "ci": [*ci], "p": p, "questions": questions, "verdict": verdict,
    }  # fmt: skip


def _standing(name: str, entry: Json, value: str, ci: str = "ci", null: str = "null", q: int = 1) -> Json:
    """An effect from a value, its own interval and its null."""
    control = entry[null]
    low, high = (bound - control["mean"] for bound in entry[ci])
    return _effect(name, control["model"], entry[value], control["mean"], (low, high), control["p"], q)


def _dispersion(report: Json) -> Iterator[Json]:
    for name, value in (("convergence", "change"), ("centroids", "distance"), ("newcomers", "change")):
        if "needs" not in report[name]:
            yield _standing(f"{name}.{value}", report[name], value)


def _templates(report: Json) -> Iterator[Json]:
    found = report["templates"]
    if "needs" in found or not found["n_templates"]:
        return
    rise = found["rise"]
    yield _effect("templates.rise", "no change", rise["change"], 0.0, rise["ci"], rise["p"])
    for community, own in found["by_community"].items():
        name = f"templates.by_community.{community}"
        yield _effect(name, "no change", own["change"], 0.0, own["ci"], own["p"], len(found["by_community"]))
    if found["half_life_difference_ci"] is not None:
        # The median of differences, not the difference of medians, is what has the interval.
        gap = found["half_life_difference_h"]
        yield _effect(
            "templates.half_life_h", "uses at random moments of the site after the first",
            found["half_life_h"], found["half_life_h"] - gap, found["half_life_difference_ci"],
            found["half_life_p"],
        )  # fmt: skip


def _windows(report: Json) -> Iterator[Json]:
    found = report["windows"]
    if "needs" in found:
        return
    rows = [row for row in found["table"] if row["jsd"] is not None]
    largest = max(rows, key=lambda row: float(row["jsd_excess"]))
    yield _effect(
        "windows.jsd", found["change"]["model"], largest["jsd"], largest["jsd_null"], found["excess_ci"],
        found["change"]["p"],
    )  # fmt: skip
    for row in found["trends"]:
        yield _effect(
            f"windows.{row['figure']}", "texts shuffled among all windows", row["change"], row["null_mean"],
            (row["low"], row["high"]), row["p"], len(found["trends"]),
        )  # fmt: skip
    lengths = len({row["n"] for row in found["ngram_change"]})
    for row in found["ngram_change"]:
        yield _effect(
            f"windows.{row['n']}-grams {row['figure']}", "texts shuffled among all windows", row["observed"],
            row["expected"], (row["low"], row["high"]), row["p"], lengths,
        )  # fmt: skip


def _enforcement(report: Json) -> Iterator[Json]:
    if "needs" in report["enforcement"]:
        return
    for response, entry in report["enforcement"].items():
        if "needs" not in entry:
            yield _standing(f"enforcement.{response}", entry, "rho", q=len(report["enforcement"]))


def _style(report: Json) -> Iterator[Json]:
    found = report["style"]
    if "needs" not in found:
        yield _standing("style.matching", found, "matching", "matching_ci", "matching_null")
        yield _standing("style.coordinated", found, "coordinated", "coordinated_ci", "coordinated_null")


_PARTS: Final = (_dispersion, _templates, _windows, _enforcement, _style)
