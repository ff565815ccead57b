"""Thirty seeds of mixed faults (see `make torture` for more), and what holds of any run on a poor model."""

from __future__ import annotations

from collections import Counter

import pytest

from moltarium.agents.minds.answers import FAULTS
from moltarium.sim.record.schema import Action, Blob, LlmCall, Persona, Rejection
from tests.torture import simulator
from tests.torture.simulator import Broken, faultless, play, play_seeds, stuck, unreported, untold
from tests.torture.virtual import Disk, Ledger, Log


def test_thirty_seeds_of_mixed_faults_change_nothing() -> None:
    luck = play_seeds(1000, 30)
    assert min(luck.kills, luck.pauses, luck.stops, luck.asked_again) > 10
    assert {"RATE_LIMITED", "OVERLOADED", "GARBLED", "UNREACHABLE", "TIMED_OUT"} <= set(luck.troubles)
    assert {"commits", "replies", "full at commit", "full at reply"} <= set(luck.troubles)


def test_a_seed_plays_the_same_faults_again() -> None:
    assert play(7) == play(7) != play(8)


def test_a_loss_is_noticed_and_the_seed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator can fail: a ledger that forgets one row in a resumed life breaks the digest."""
    commit = Ledger.commit

    def forgetful(self: Ledger, *, step: int) -> None:
        self._pending = [row for row in self._pending if not (isinstance(row, Action) and step % 5 == 0)]
        commit(self, step=step)

    faultless()
    monkeypatch.setattr(Ledger, "commit", forgetful)
    with pytest.raises(Broken, match="seed 12: the digest differs"):
        play(12)


def test_a_poor_model_loses_no_action_unreported() -> None:
    whole = faultless()
    assert unreported(whole) == []
    assert untold(whole) == []
    assert stuck(whole) == []
    categories = Counter(row.category for row in whole.rows(Rejection))
    assert len(categories) >= 3, "refusals of several kinds, or the checks above show nothing"
    assert set(categories) & FAULTS


def test_what_is_not_reported_is_found() -> None:
    """Planted: take the rejections out, or put in one that no prompt tells, and the checks say so."""
    whole = faultless()
    personas, actions = list(whole.rows(Persona)), list(whole.rows(Action))
    calls, blobs = list(whole.rows(LlmCall)), list(whole.rows(Blob))
    disk = Disk(simulator._world()[1], None)
    disk.commits = [(1, (*personas, *actions, *calls, *blobs))]
    assert unreported(Log(disk))
    silent = [refused._replace(reason="A reason that nobody was told.") for refused in whole.rows(Rejection)]
    disk.commits = [(1, (*personas, *actions, *calls, *blobs, *silent))]
    assert untold(Log(disk))
