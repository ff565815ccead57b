"""The table of faults names fifty faults and only tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
TOLD = TESTS.parent / "docs" / "reliability.md"


def test_every_fault_is_told_and_every_named_test_exists() -> None:
    table = TOLD.read_text(encoding="utf-8").partition("## The fifty faults")[2]
    rows = re.findall(r"^\| (\d+) \|(.*)\|$", table, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 51))
    file = ""
    for number, row in rows:
        for place, name in re.findall(r"`([\w/]*(?:\.py)?)::([\w:]+)`", row):
            file = place or file
            assert f"def {name.split('::')[-1]}(" in (TESTS / file).read_text(encoding="utf-8"), (
                number,
                name,
            )
