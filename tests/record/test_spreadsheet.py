"""CSV files for spreadsheets: no cell begins a formula, every such cell is flagged, every text comes back."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from moltarium.scenarios.cli import app
from moltarium.sim.record.errors import RecordError
from moltarium.sim.record.keyhole import keyhole
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import Agent, Comment, Emotion, Memory, Post, Run
from moltarium.sim.record.spreadsheet import GUARDED, export_csv, unguarded
from moltarium.sim.record.writer import RunWriter

MakeRun = Callable[..., Run]
FORMULAE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", '=HYPERLINK("http://evil")')
DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")
ANY = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=12),
    st.builds(
        str.__add__, st.sampled_from(["=", "+", "-", "@", "\t", "\r", "'", '"', "＝"]), st.text(max_size=6)
    ),
)


def read(path: Path) -> list[dict[str, str]]:
    """Read a CSV file as anyone would."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@settings(deadline=None, max_examples=150)
@given(texts=st.lists(ANY, min_size=1, max_size=6))
def test_no_cell_begins_a_formula_and_every_text_comes_back(texts: list[str], simulated: MakeRun) -> None:
    agents = [Agent(i, 0, 0, f"a{i}", text, text[::-1], None) for i, text in enumerate(texts)]
    with TemporaryDirectory() as folder:
        flagged = export_csv(MemoryRecord(simulated(), {Agent: agents}), Path(folder) / "out")
        rows = read(Path(folder) / "out" / "agent.csv")
    assert len(rows) == len(agents)
    for row, agent in zip(rows, agents, strict=True):
        assert not any(cell.startswith(DANGEROUS) for cell in row.values())
        back = unguarded(row)
        assert (back["handle"], back["bio"]) == (agent.handle, agent.bio)
        safe = {
            name: cell for name, cell in row.items() if name not in row[GUARDED].replace(":json", "").split()
        }
        assert all(
            str(value) == safe.get(name, str(value)) for name, value in agent._asdict().items() if value
        )
    assert flagged["agent"] == sum(len(row[GUARDED].split()) for row in rows)


def test_every_formula_is_guarded_by_the_rule_that_the_docs_state(tmp_path: Path, simulated: MakeRun) -> None:
    posts = [Post(i, 0, 0, f"p{i}", None, "general", text, "plain", None) for i, text in enumerate(FORMULAE)]
    flagged = export_csv(MemoryRecord(simulated(), {Post: posts}), tmp_path / "out")
    assert flagged["post"] == len(FORMULAE)
    frame = pd.read_csv(tmp_path / "out" / "post.csv", keep_default_na=False)
    assert frame["title"].tolist() == ["'" + text for text in FORMULAE]
    assert frame["title"].str.removeprefix("'").tolist() == list(FORMULAE)
    assert set(frame[GUARDED]) == {"title"}


def test_the_command_writes_a_run_and_says_what_it_guarded(tmp_path: Path, simulated: MakeRun) -> None:
    with RunWriter.create(tmp_path / "run", simulated()) as writer:
        writer.append([Agent(0, 0, 0, "a", "=cmd|' /C calc'!A0", "", None)])
    said = CliRunner().invoke(
        app, ["export", str(tmp_path / "run"), "--out", str(tmp_path / "o"), "--format", "csv"]
    )
    assert said.exit_code == 0, said.output
    assert "1 cells look like formulas" in said.stderr
    [row] = read(tmp_path / "o" / "agent.csv")
    assert row["handle"] == "'=cmd|' /C calc'!A0"
    assert unguarded(row)["handle"] == "=cmd|' /C calc'!A0"


def test_unknown_empty_and_numbers_stay_what_they_are(tmp_path: Path, simulated: MakeRun) -> None:
    rows: list[Any] = [
        Post(0, 5, 0, "p", None, "general", "", 'two\r\nlines, "quoted"', None),
        Comment(1, 6, 0, "c", "p", None, "a", "="),
        Emotion(2, 7, 0, "a", -0.1, 1e-300, 0.0, 0.0, 0.0, 0.0, "calm", None),
        Memory(3, 7, 0, "a", "own", "x", 0.5, None),
    ]
    record = MemoryRecord(simulated(), {type(row): [row] for row in rows})
    export_csv(record, tmp_path / "all")
    raw = (tmp_path / "all" / "post.csv").read_bytes().decode()
    assert raw.endswith('0,5,0,"p",,"general","","two\r\nlines, ""quoted""",,\r\n')
    [mood] = read(tmp_path / "all" / "emotion.csv")
    assert (float(mood["v"]), float(mood["a"])) == (-0.1, 1e-300)
    export_csv(keyhole(record), tmp_path / "public")
    assert not (tmp_path / "public" / "emotion.csv").exists(), "an unknown table is no empty file"
    with pytest.raises(RecordError, match="already"):
        export_csv(record, tmp_path / "all")
