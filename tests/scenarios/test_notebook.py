"""docs/notebook.md does what it says: its cells run in order on the record that it names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from typer.testing import CliRunner

from moltarium.scenarios.cli import app
from moltarium.sim.record.schema import Comment, Post
from moltarium.sim.record.store import RunReader

PAGE = Path(__file__).parents[2] / "docs" / "notebook.md"


def test_every_cell_of_the_notebook_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = PAGE.read_text(encoding="utf-8")
    cells = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(cells) >= 10
    monkeypatch.chdir(tmp_path)
    (command,) = re.findall(r"^    moltarium (run .+)$", text, re.MULTILINE)
    made = CliRunner().invoke(app, shlex.split(command))
    assert made.exit_code == 0, made.output
    names: dict[str, Any] = {}
    for cell in cells:
        exec(compile(cell, str(PAGE), "exec"), names)
    with RunReader(tmp_path / "runs" / "one") as run:
        assert len(names["posts"]) == run.count(Post)
        assert names["hourly"].sum() == len(names["answers"]) == run.count(Comment)
    graph = names["graph"]
    assert names["measures"]["network.reply.reciprocity"].value == pytest.approx(nx.reciprocity(graph))
    assert 0 < names["late"].number_of_edges() < graph.number_of_edges()
    assert names["panel"].notna().any().all(), "every agent that felt has a mood at the end"
    assert len(names["ginis"]) == 3
    assert len(set(names["ginis"].values())) > 1, "seeds differ"
    assert names["missing"].str.len().gt(0).all()
