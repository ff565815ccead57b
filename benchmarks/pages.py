"""Writes the pages of docs/metrics that are made of figures: every measure, and MoltBook's first days.

Run as ``python -m benchmarks.pages [SNAPSHOT]`` from the checkout after a measure was added or changed. Tests
hold that the pages say what the measures say.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from moltarium.analysis.metric import Definition, Measure

METRICS: Final = Path(__file__).parents[1] / "docs" / "metrics"
"""Where the pages are."""
ALL: Final = METRICS / "measures.md"
EARLY: Final = METRICS / "early-days.md"

FAMILY_PAGES: Final[dict[str, str]] = {
    "network": "networks.md",
    "shape": "networks.md",
    "small_world": "networks.md",
    "louvain": "networks.md",
    "reciprocity": "reciprocity.md",
    "activity": "activity.md",
    "tail": "activity.md",
    "rhythm": "activity.md",
    "attention": "activity.md",
    "community": "activity.md",
    "thread": "threads.md",
    "tree": "threads.md",
    "survival": "threads.md",
    "text": "texts.md",
    "robust": "robust.md",
}
"""Where a family of measures is explained, with a worked example."""

_ALL_HEAD: Final = """# Every measure

What `moltarium measure --list` prints, written by `python -m benchmarks.pages`. A family's page explains it,
with a worked example; every one is worked in [examples that run](worked.md).
"""

_EARLY_HEAD: Final = """# MoltBook's first days

The snapshot `early-days` (launch to 2026-01-30 12:00 UTC: 2,035 posts, 11,029 comments, 1,008 agents),
imported and measured with seed 0 and 200 draws; written by `python -m benchmarks.pages SNAPSHOT`. Nothing is
published on this cut; Holtz measured a six to ten times larger one (first 3.5 days), so orders of magnitude
should agree and figures should not. An independent recomputation with networkx agrees to 1e-9
(`tests/analysis/test_early_days.py`, which also holds this page's values).
"""

_EARLY_FOOT: Final = """
What a null keeps is said on its [family's page](measures.md). Clustering and reciprocity fall with size,
duplicates rise with it: most of the distance to Holtz's column is the distance between the cuts. His path
length and diameter are comments taken for distances, so they stand beside `path_mean_weighted` and
`diameter_weighted`; his partition is Louvain's with comments as weights, `louvain.reply.modularity_weighted`.
"""


def all_page(definitions: Mapping[str, Definition]) -> str:
    """Return the page of every measure: name, definition, source."""
    parts = [_ALL_HEAD]
    for prefix, names in groupby(definitions, key=_prefix):
        page = FAMILY_PAGES.get(prefix.partition(".")[0])
        title = f"## `{prefix}.*`" + (f" ([page]({page}))" if page else "")
        rows = [(f"`{name}`", definitions[name].text, definitions[name].source) for name in names]
        parts.append(f"{title}\n{_table(('Measure', 'Definition', 'Source'), rows)}")
    return "\n".join(parts)


def early_page(measures: Mapping[str, Measure]) -> str:
    """Return the page of MoltBook's first days, with Holtz's figures beside ours."""
    from moltarium.analysis.published import published_figures

    holtz: dict[str | None, float] = {}
    for published in published_figures():
        if published.name.startswith("holtz."):
            holtz.setdefault(published.metric, published.value)
    rows = [
        (
            f"`{name}`",
            figure(found.value),
            "" if found.ci is None else f"{figure(found.ci[0])} to {figure(found.ci[1])}",
            "" if found.null is None else figure(found.null.mean),
            "" if found.null is None or found.null.z is None else figure(found.null.z, 3),
            figure(holtz[name]) if name in holtz else "",
        )
        for name, found in measures.items()
        if found.value is not None
    ]
    lacking: dict[str, list[str]] = {}
    for name, found in measures.items():
        if found.needs is not None:
            lacking.setdefault(found.needs, []).append(name)
    absent = [(needs, ", ".join(_folded(names))) for needs, names in lacking.items()]
    return (
        "\n".join(
            (
                _EARLY_HEAD,
                _table(("Measure", "Value", "95 %", "Null mean", "z", "Holtz"), rows),
                "## Not computable here",
                _table(("Needs", "Measures"), absent),
            )
        )
        + _EARLY_FOOT
    )


def figure(value: float | None, digits: int = 4) -> str:
    """Return a number as the pages print it.

    Examples
    --------
    >>> figure(-0.32299), figure(70145.0), figure(0.00020123)
    ('−0.323', '70,145', '0.0002012')
    """
    if value is None:
        return ""
    whole = value == int(value) and abs(value) < 10**12
    return (f"{int(value):,}" if whole else f"{value:.{digits}g}").replace("-", "−")


def _folded(names: Iterable[str]) -> list[str]:
    """Return names, those of a whole family as one pattern."""
    from moltarium.analysis.battery import definitions

    found = []
    for prefix, part in groupby(names, key=_prefix):
        listed = list(part)
        every = [name for name in definitions() if _prefix(name) == prefix]
        found += [f"`{prefix}.*`"] if len(listed) >= len(every) > 1 else [f"`{name}`" for name in listed]
    return found


def _prefix(name: str) -> str:
    return name.rpartition(".")[0]


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def main() -> None:
    """Write both pages, or the first alone where no snapshot is given."""
    from moltarium.analysis.battery import definitions, measure
    from moltarium.sim.record.moltbook import import_snapshot
    from moltarium.sim.record.store import RunReader

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("snapshot", nargs="?", type=Path, help="the early-days snapshot")
    snapshot = parser.parse_args().snapshot
    ALL.write_text(all_page(definitions()), encoding="utf-8")
    if snapshot is None:
        return
    with TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        import_snapshot(snapshot, run)
        with RunReader(run) as record:
            EARLY.write_text(early_page(measure(record)), encoding="utf-8")


if __name__ == "__main__":
    main()
