"""A server that fails one request in five over real HTTP."""

from __future__ import annotations

from pathlib import Path

from tests.torture.storms import RETRIES, weather


def test_a_storm_on_the_wire_changes_no_result_and_hides_no_action(tmp_path: Path) -> None:
    came = weather(tmp_path, 0.05, 4, "clock.steps=12")
    assert came.same_digest
    assert came.requests > came.calls > 30, "the storm did blow"
    assert came.most <= RETRIES + 1
    assert (came.unreported, came.untold, came.stuck) == ([], [], [])
    assert came.rejections > 0
