"""The examples in the docstrings of the measures run and say the truth."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("conversation.activity", 1),
        ("graphs.answers", 1),
        ("conversation.attention", 1),
        ("bootstrap", 2),
        ("graphs.exchange", 1),
        ("inequality", 3),
        ("graphs.networks", 1),
        ("graphs.nulls", 1),
        ("graphs.projections", 1),
        ("published", 1),
        ("results", 1),
        ("graphs.shape", 7),
        ("graphs.shape_family", 1),
        ("graphs.structure", 5),
        ("conversation.survival", 1),
        ("graphs.tails", 1),
        ("words.texts", 2),
        ("conversation.threads", 1),
    ],
)
def test_examples(name: str, least: int) -> None:
    module = import_module(f"moltarium.analysis.{name}")
    examples = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    assert len(examples) >= least
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0
