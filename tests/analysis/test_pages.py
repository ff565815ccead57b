"""The pages of docs/metrics name every measure, say what the code says, and never an old figure."""

from __future__ import annotations

import re

import pytest

from benchmarks.pages import ALL, EARLY, FAMILY_PAGES, METRICS, all_page
from moltarium.analysis.battery import definitions

AGAIN = "measures were added or changed: run python -m benchmarks.pages"

FAMILIES = sorted({name.rpartition(".")[0] for name in definitions()})


def test_every_measure_is_in_the_list_as_it_is_defined() -> None:
    assert ALL.read_text(encoding="utf-8") == all_page(definitions()), AGAIN


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_a_page_that_names_its_measures(family: str) -> None:
    page = (METRICS / FAMILY_PAGES[family.partition(".")[0]]).read_text(encoding="utf-8")
    assert f"`{family}.*`" in page
    named = set(re.findall(r"`([\w<>.]+)`", page))
    for name in (name.removeprefix(f"{family}.") for name in definitions() if name.startswith(f"{family}.")):
        what, pattern = _tail(name) if family == "tail" and name not in named else (None, name)
        assert pattern in named, f"{family}.{name} is not explained"
        assert what is None or what in named


def _tail(name: str) -> tuple[str, str]:
    """Return what a tail is of, and its measure as the page writes it."""
    found = re.fullmatch(r"(\w+?)_(alpha|alpha_1|xmin|over_\w+)", name)
    assert found is not None, name
    return found[1], f"<what>_{found[2]}"


@pytest.mark.parametrize("page", sorted(set(FAMILY_PAGES.values())))
def test_every_family_has_a_worked_example(page: str) -> None:
    text = (METRICS / page).read_text(encoding="utf-8")
    explained = [family for family, where in FAMILY_PAGES.items() if where == page]
    assert text.count("orked example") >= len(explained)


def test_the_first_days_list_every_measure_or_what_it_lacks() -> None:
    page = EARLY.read_text(encoding="utf-8")
    for name in definitions():
        family = name.rpartition(".")[0]
        assert f"`{name}`" in page or f"`{family}.*`" in page, f"{name}: {AGAIN} SNAPSHOT"
