"""Part of a record's time, as a record: what is withheld, what still holds, and what is counted when."""

from __future__ import annotations

from typing import Any

import pytest

from moltarium.analysis.period import during
from moltarium.sim.record.keyhole import keyhole
from moltarium.sim.record.memory import MemoryRecord
from moltarium.sim.record.schema import (
    SCHEMA_VERSION,
    Agent,
    Comment,
    Follow,
    Post,
    Profile,
    Quarantine,
    Run,
    Score,
    Vote,
)


def record(*, observed: bool) -> MemoryRecord:
    """Build a record with something at 10, 20 and 30, and two accounts of which one is new at 25."""
    run = Run(
        run_id="r",
        kind="observed" if observed else "simulated",
        title="t",
        schema_version=SCHEMA_VERSION,
        scenario=None,
        scenario_sha256=None,
        seed=None,
        source_sha256=None,
        coverage='{"missing": %s, "notes": [], "synthetic": false}' % ('["vote"]' if observed else "[]"),
        code_version="test",
        captured_at=None,
        transport="{}",
    )
    tables: dict[type[Any], list[Any]] = {
        Agent: [Agent(0, 5, None, "a", "a", "", None), Agent(6, 25, None, "b", "b", "", None)],
        Follow: [Follow(1, 6, None, "a", "b", True)],
        Post: [Post(k, 10 * k, None, f"p{k}", "a", "general", "T", "x", None) for k in (1, 2, 3)],
        Comment: [Comment(10 + k, 10 * k + 1, None, f"c{k}", "p1", None, "b", "y") for k in (1, 2, 3)],
    }
    if observed:
        names = [f"{kind}{k}" for kind in "pc" for k in (1, 2, 3)]
        tables[Score] = [Score(20 + k, 99, None, name, k, 0, None, 99) for k, name in enumerate(names)]
        tables[Profile] = [Profile(40 + k, 99, None, name, 1, 0, 0, 99) for k, name in enumerate("ab")]
        tables[Quarantine] = [Quarantine(50, 99, None, "file#1", "no id", "{}")]
    else:
        tables[Vote] = [Vote(30 + k, t, None, "b", "p1", 1) for k, t in enumerate((12, 28))]
        tables[Vote][1] = tables[Vote][1]._replace(voter="a2")
    return MemoryRecord(run, tables)


def ids(found: Any, table: type[Any]) -> list[str]:
    return [row[3] for row in found.rows(table)]


def test_what_is_written_before_the_bound_stays_and_what_is_at_it_goes() -> None:
    cut = during(record(observed=True), until=30)
    assert ids(cut, Post) == ["p1", "p2"]
    assert ids(cut, Comment) == ["c1", "c2"]
    assert ids(during(record(observed=True), until=31), Post) == ["p1", "p2", "p3"]
    assert ids(during(record(observed=True), since=20, until=30), Post) == ["p2"]
    assert cut.count(Comment) == len(cut.frame(Comment)) == 2


def test_accounts_and_follows_from_before_still_hold_but_not_from_after() -> None:
    late = during(record(observed=True), since=20)
    assert ids(late, Agent) == ["a", "b"]
    assert ids(late, Follow) == ["a"]
    assert ids(during(record(observed=True), until=25), Agent) == ["a"]


def test_what_a_crawler_saw_later_of_what_is_kept_is_kept() -> None:
    cut = during(record(observed=True), until=15)
    assert ids(cut, Score) == ["p1", "c1"]
    assert ids(cut, Profile) == ["a"]
    assert cut.count(Quarantine) == 1
    assert cut.run == record(observed=True).run
    assert not cut.has("vote")
    assert list(cut.rows(Vote)) == []


def test_later_votes_are_not_counted_in_an_earlier_keyhole() -> None:
    def upvotes(until: int) -> dict[str, int]:
        seen = keyhole(during(record(observed=False), until=until))
        return {score.target: score.upvotes for score in seen.rows(Score)}

    assert upvotes(28)["p1"] == 1
    assert upvotes(29)["p1"] == 2
    assert "p3" not in upvotes(29)


def test_no_bounds_are_no_cut_and_a_period_must_not_be_empty() -> None:
    whole = record(observed=True)
    assert during(whole) is whole
    with pytest.raises(ValueError, match="must end after it begins"):
        during(whole, since=20, until=20)
