"""Every parser of untrusted text, on a few thousand drawn inputs each (see `make torture` for a million)."""

from __future__ import annotations

import pytest

from tests.torture.fuzz import drawn, pumped, timed
from tests.torture.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_parser(name: str) -> None:
    target = TARGETS[name]
    for seed in target.seeds:
        target.check(seed)
    assert drawn(target, 3_000, 1) >= 3_000


@pytest.mark.parametrize("name", TARGETS)
def test_no_repetition_holds_a_parser_up(name: str) -> None:
    """A model in a loop writes tens of thousands of blank lines; what takes their square hangs a run."""
    target = TARGETS[name]
    for data in pumped(target):
        timed(target.check)(data)
