"""A terminal, small scenarios and records for the command line's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from moltarium.scenarios.load import load
from moltarium.scenarios.run import start_run
from tests.scenarios.terminal import Terminal

SMALL = """\
name = "small"
[clock]
steps = 2
tick = "1h"
[schedule]
heartbeat = "1h"
[population]
size = 4
"""


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    monkeypatch.setenv("COLUMNS", "400")
    return Terminal(monkeypatch, capsys)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of four surrogates; to be read only."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "small.toml").write_text(SMALL)
    start_run(load(str(folder / "small.toml")), folder / "run", watch=lambda _: None)
    return folder / "run"
