"""The examples in the docstrings of the measures run and say the truth."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("activity", 1),
        ("answers", 1),
        ("attention", 1),
        ("bootstrap", 2),
        ("exchange", 1),
        ("inequality", 3),
        ("networks", 1),
        ("nulls", 1),
        ("projections", 1),
        ("published", 1),
        ("results", 1),
        ("shape", 7),
        ("shape_family", 1),
        ("structure", 5),
        ("survival", 1),
        ("tails", 1),
        ("texts", 2),
        ("threads", 1),
    ],
)
def test_examples(name: str, least: int) -> None:
    module = import_module(f"moltarium.analysis.{name}")
    examples = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    assert len(examples) >= least
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0
