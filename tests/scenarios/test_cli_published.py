"""`measure --list` and `published`, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from moltarium.analysis.battery import definitions
from moltarium.analysis.published import comparable
from moltarium.scenarios.cli import app
from moltarium.sim.record.moltbook import import_snapshot

SNAPSHOT = Path(__file__).parents[3] / "shared" / "data" / "moltbook" / "raw-api"


def test_every_measure_is_listed_without_a_run() -> None:
    shown = CliRunner().invoke(app, ["measure", "--list", "--json"])
    assert shown.exit_code == 0
    assert list(json.loads(shown.stdout)) == list(definitions())
    assert CliRunner().invoke(app, ["measure"]).exit_code == 2


@pytest.mark.snapshot
@pytest.mark.skipif(not SNAPSHOT.is_dir(), reason="the raw snapshot is not beside the checkout")
def test_published_figures_stand_beside_ours_with_their_grade(tmp_path: Path) -> None:
    import_snapshot(SNAPSHOT, tmp_path / "run")
    shown = CliRunner().invoke(app, ["published", str(tmp_path / "run"), "--draws", "0", "--json"])
    assert shown.exit_code == 0
    rows = json.loads(shown.stdout)
    assert set(comparable()) <= set(rows)
    for row in rows.values():
        assert row["grade"] in ("A", "B", "C")
        assert (row["a"] is None) == ("needs" in row)
        assert row["theirs"]
    table = CliRunner().invoke(app, ["published", str(tmp_path / "run"), "--draws", "0"]).stdout
    beside, apart, what = (table.index(head) for head in ("ratio", "Not set beside ours", "What theirs is"))
    assert beside < table.index("activity.posts") < apart < table.index("eziz.mutual_dyads") < what
    assert "13,875" in table
    assert "directed simple graph; self-loops" in table


def test_every_published_figure_names_a_measure_that_exists() -> None:
    assert set(comparable()) <= set(definitions())
