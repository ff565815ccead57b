"""The examples in the docstrings of the measures, and those on their pages, run and say the truth."""

from __future__ import annotations

import doctest
import re
from importlib import import_module

import pytest

from benchmarks.pages import FAMILY_PAGES, METRICS

TAILS_BY_HAND = ("tail",)
"""Families that need more values than a page can show: their fit is called by itself."""


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("conversation.activity", 1),
        ("graphs.answers", 1),
        ("conversation.attention", 3),
        ("bootstrap", 2),
        ("by_hand", 1),
        ("graphs.exchange", 1),
        ("inequality", 3),
        ("jackknife", 1),
        ("graphs.left_out", 1),
        ("affect.dynamics", 2),
        ("graphs.leiden", 1),
        ("graphs.networks", 1),
        ("graphs.nulls", 1),
        ("graphs.partitions", 2),
        ("graphs.percolation", 3),
        ("graphs.projections", 1),
        ("graphs.robust", 1),
        ("period", 1),
        ("published", 1),
        ("ratios", 1),
        ("slope", 1),
        ("studentised", 3),
        ("without", 3),
        ("results", 1),
        ("conversation.growth", 2),
        ("conversation.rhythm", 2),
        ("graphs.shape", 7),
        ("graphs.shape_family", 1),
        ("graphs.small_world", 3),
        ("graphs.structure", 8),
        ("conversation.survival", 1),
        ("graphs.tails", 1),
        ("graphs.taken_out", 5),
        ("words.lexical", 1),
        ("words.texts", 3),
        ("words.wording", 3),
        ("conversation.threads", 1),
        ("conversation.trees", 1),
    ],
)
def test_examples(name: str, least: int) -> None:
    module = import_module(f"moltarium.analysis.{name}")
    examples = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    assert len(examples) >= least
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


AFFECT_PAGES = ("alignment.md", "dynamics.md", "recovery.md", "susceptibility.md")
"""Pages of measures that have a command of their own."""
WORKED = "worked.md"
"""Where every measure of the battery is worked; its last example holds that none is left out."""


@pytest.mark.parametrize("page", [*sorted(set(FAMILY_PAGES.values())), *AFFECT_PAGES, WORKED])
def test_examples_on_the_pages(page: str) -> None:
    text = (METRICS / page).read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if ">>> " in block]
    assert blocks, "no example that runs"
    source = "\n".join(blocks)
    found = doctest.DocTestParser().get_doctest(source, {}, page, page, 0)
    shown = [example for example in found.examples if example.want]
    families = [family for family, where in FAMILY_PAGES.items() if where == page]
    # Every group of measures on the page is shown at work.
    assert all(re.search(rf"\b{family}\b", source) or family in TAILS_BY_HAND for family in families)
    assert len(shown) >= 2
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(found).failed == 0
