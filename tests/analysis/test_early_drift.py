"""On MoltBook's first days a random split moves likeness as much as the most-upvoted post does."""

from __future__ import annotations

from pathlib import Path

import pytest

from moltarium.analysis.words.drift import drift
from moltarium.sim.record.moltbook import import_snapshot
from moltarium.sim.record.store import RunReader

SNAPSHOT = Path(__file__).parents[2].parent / "shared" / "data" / "moltbook" / "early-days"

pytestmark = [
    pytest.mark.snapshot,
    pytest.mark.skipif(not SNAPSHOT.is_dir(), reason="the early-days snapshot is not beside the checkout"),
]


def test_the_placebo_explains_the_drift(tmp_path: Path) -> None:
    import_snapshot(SNAPSHOT, tmp_path / "run")
    with RunReader(tmp_path / "run") as record:
        found = drift(record, draws=200)
    effects = {(effect.name, effect.control): effect for effect in found.effects}
    placebo = effects["top_post.likeness", "placebo"]
    assert placebo.observed < 0, "agents do move away from what they wrote"
    away = effects["top_post.away", "placebo"]
    assert abs(away.difference) < 0.1, "as many do at any other split"
    assert away.ci[0] < 0 < away.ci[1]
    assert found.verdicts["top_post.likeness"] == found.verdicts["output_shift"] == "none"
    shift = effects["output_shift", "uniform position"]
    assert shift.observed == pytest.approx(0.147, abs=0.001)
    assert shift.expected == pytest.approx(0.150, abs=0.001)
