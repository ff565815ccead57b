"""Every parser of untrusted text, on a few hundred drawn inputs each (see `make torture` for a million)."""

from __future__ import annotations

import pytest

from tests.torture.fuzz import drawn
from tests.torture.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_parser(name: str) -> None:
    target = TARGETS[name]
    for seed in target.seeds:
        target.check(seed)
    assert drawn(target, 200, 1) >= 100
