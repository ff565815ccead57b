"""`network`, as a user types it, on a real snapshot in MoltBook's own format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from typer.testing import CliRunner

from moltarium.scenarios.cli import app
from moltarium.sim.record.errors import NotComputable, RecordError, ScenarioError
from moltarium.sim.record.moltbook import import_snapshot

SNAPSHOT = Path(__file__).parents[3] / "shared" / "data" / "moltbook" / "raw-api"

pytestmark = [
    pytest.mark.snapshot,
    pytest.mark.skipif(not SNAPSHOT.is_dir(), reason="the raw snapshot is not beside the checkout"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("network") / "run"
    import_snapshot(SNAPSHOT, out)
    return out


def written(run: Path, out: Path, *options: str) -> dict[str, Any]:
    shown = CliRunner().invoke(app, ["network", str(run), "--out", str(out), "--json", *options])
    assert shown.exit_code == 0, shown.output
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


@pytest.mark.parametrize("kind", ["reply", "author", "comment", "mention", "shared-thread"])
def test_every_kind_of_a_snapshot_is_read_back(run: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "net"
    found = written(run, out, "--kind", kind, "--weighted", "--format", "graphml")
    back = nx.read_graphml(out)
    assert (back.number_of_nodes(), back.number_of_edges()) == (found["nodes"], found["edges"])
    assert back.is_directed() == (kind != "shared-thread")
    assert written(run, out, "--kind", kind, "--format", "gexf") == found
    assert set(nx.read_gexf(out).edges) == set(back.edges)
    assert written(run, out, "--kind", kind, "--format", "npz") == found
    with np.load(out, allow_pickle=False) as arrays:
        assert (len(arrays["names"]), len(arrays["source"])) == (found["nodes"], found["edges"])


def test_a_window_and_a_community_keep_a_part_and_loops_add_to_it(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "net"
    whole = written(run, out)["edges"]
    assert whole > 0
    assert written(run, out, "--since", "2027-01-01")["edges"] == 0
    assert written(run, out, "--until", "2027-01-01")["edges"] == whole
    assert written(run, out, "--self-loops")["edges"] >= whole


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--kind", "vote"), NotComputable),
        (("--kind", "co-exposure"), NotComputable),
        (("--community", "no such place"), RecordError),
        (("--since", "soon"), ScenarioError),
        (("--kind", "shared-thread", "--self-loops"), SystemExit),
        (("--kind", "friends"), SystemExit),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_leaves_no_file(
    run: Path, tmp_path: Path, options: tuple[str, ...], error: type[BaseException]
) -> None:
    shown = CliRunner().invoke(app, ["network", str(run), "--out", str(tmp_path / "net"), *options])
    assert shown.exit_code != 0
    assert isinstance(shown.exception, error)
    assert not list(tmp_path.iterdir())


def test_a_misspelt_community_is_told_its_likely_name_and_a_lack_its_place(run: Path, tmp_path: Path) -> None:
    from moltarium.sim.record.schema import Post
    from moltarium.sim.record.store import RunReader

    with RunReader(run) as record:
        name = min({post.community for post in record.rows(Post)})
    out = tmp_path / "net"
    assert 0 < written(run, out, "--community", name)["nodes"] <= written(run, out)["nodes"]
    runner = CliRunner()
    shown = runner.invoke(app, ["network", str(run), "--out", str(out), "--community", f"{name}x".upper()])
    assert isinstance(shown.exception, RecordError)
    assert name in shown.exception.remedy
    assert shown.exception.place == str(run)
    for asked in (
        ["dynamics"],
        ["recovery"],
        ["susceptibility"],
        ["network", "--kind", "vote", "--out", str(out)],
    ):
        lack = runner.invoke(app, [asked[0], str(run), *asked[1:]]).exception
        assert isinstance(lack, NotComputable), asked
        assert lack.place == str(run)
        assert "moltarium run" in lack.remedy
