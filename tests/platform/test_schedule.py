"""Waking, arriving and falling silent: rates, rhythms and purity."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moltarium.sim.clock import Clock, to_us
from moltarium.sim.lattice import mix, uniforms
from moltarium.sim.schedule import LAUNCH_EXPONENT, Schedule

START = datetime(2026, 1, 28, tzinfo=UTC)
CLOCK = Clock(START, timedelta(minutes=15))
BEATS = 16
"""Ticks per mean heartbeat."""


def _schedule(n: int = 4000, seed: int = 1, clock: Clock = CLOCK, **changed: Any) -> Schedule:
    options: dict[str, Any] = {
        "heartbeat": timedelta(hours=4),
        "jitter": 0.2,
        "heavy_tailed": True,
        "activity_exponent": 2.5,
        "circadian": 0.0,
        "arrivals": "all",
        "lifetime": None,
        "steps": 960,
    }
    return Schedule.draw(seed, n, clock, **(options | changed))


def _wakings(schedule: Schedule, steps: int) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Who was awake at steps 1 to `steps`: a row per step."""
    awake = np.zeros((steps, len(schedule.rate)), dtype=bool)
    for step in range(steps):
        awake[step, schedule.awake(step + 1)] = True
    return awake


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"heavy_tailed": False},
        {"jitter": 0.0},
        {"jitter": 1.0},
        {"activity_exponent": 1.5},
        {"activity_exponent": 3.5},
        {"circadian": 0.5},
        {"circadian": 1.0, "jitter": 1.0},
        {"heartbeat": timedelta(minutes=16)},
    ],
    ids=str,
)
def test_the_mean_waking_rate_is_one_per_heartbeat(options: dict[str, Any]) -> None:
    schedule = _schedule(2000, **options)
    days = 960
    expected = 2000 * days * CLOCK.tick / options.get("heartbeat", timedelta(hours=4))
    if options.get("heartbeat") == timedelta(minutes=16):
        assert schedule.rate.max() <= 1
    assert _wakings(schedule, days).sum() == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("heavy_tailed", [False, True])
def test_waking_is_flat_over_the_ticks_of_a_heartbeat(heavy_tailed: bool) -> None:
    per_step = _wakings(_schedule(20_000, heavy_tailed=heavy_tailed), 4 * BEATS).sum(axis=1)
    assert per_step.max() < 1.1 * per_step.mean()
    assert per_step.min() > 0.9 * per_step.mean()


def test_each_agent_keeps_its_own_rate() -> None:
    schedule = _schedule(500)
    wakings = _wakings(schedule, 960).sum(axis=0)
    assert np.all(np.abs(wakings - 960 * schedule.rate) <= 2)


def test_without_jitter_agents_wake_at_equal_intervals() -> None:
    awake = _wakings(_schedule(50, heavy_tailed=False, jitter=0.0), 200)
    for agent in range(50):
        assert set(np.diff(np.flatnonzero(awake[:, agent]))) == {BEATS}


def test_jitter_spreads_intervals_without_drift() -> None:
    schedule = _schedule(400, heavy_tailed=False, jitter=0.5)
    awake = _wakings(schedule, 960)
    gaps = np.concatenate([np.diff(np.flatnonzero(awake[:, agent])) for agent in range(400)])
    width = 0.5 * (1 - 1 / BEATS) * BEATS
    assert gaps.min() >= BEATS - width - 1
    assert gaps.max() <= BEATS + width + 1
    assert gaps.std() == pytest.approx(np.sqrt(2 * width**2 / 12 + 1 / 6), rel=0.05)
    first = np.array([np.flatnonzero(awake[:, agent])[0] for agent in range(400)])
    last = np.array([np.flatnonzero(awake[:, agent])[-1] for agent in range(400)])
    assert np.all(np.abs((last - first) % BEATS - BEATS / 2) >= BEATS / 2 - width - 1)


def test_activity_is_pareto() -> None:
    rate = _schedule(100_000, heartbeat=timedelta(days=30), activity_exponent=2.5).rate
    smallest = rate.min()
    assert 1 + 1 / np.log(rate / smallest).mean() == pytest.approx(2.5, rel=0.02)
    assert rate.mean() == pytest.approx(timedelta(minutes=15) / timedelta(days=30), rel=1e-6)


def test_where_ticks_are_longer_than_heartbeats_all_wake_in_every_tick() -> None:
    schedule = _schedule(100, clock=Clock(START, timedelta(hours=5)))
    assert _wakings(schedule, 50).all()


def test_the_daily_rhythm_falls_silent_at_the_quiet_hour_and_doubles_at_its_height() -> None:
    per_step = _wakings(_schedule(20_000, circadian=1.0), 10 * 96).sum(axis=1).reshape(10, 96).mean(axis=0)
    hour = (np.arange(1, 97) + 0.5) / 4
    expected = 20_000 / BEATS * (1 - np.cos(2 * np.pi * (hour - 4) / 24))
    assert np.abs(per_step - expected).max() < 0.1 * 20_000 / BEATS
    assert per_step.argmin() == pytest.approx(4 * 4 - 1, abs=2)


def test_the_rhythm_knows_the_hour_at_which_a_run_starts() -> None:
    at_night = Clock(datetime(2026, 1, 28, 4, tzinfo=UTC), timedelta(minutes=15))
    schedule = _schedule(20_000, clock=at_night, circadian=1.0)
    assert len(schedule.awake(1)) < 0.05 * len(schedule.awake(49))


def test_all_arrive_at_the_opening() -> None:
    schedule = _schedule(100)
    assert sorted(schedule.arriving(0)) == list(range(100))
    assert all(len(schedule.arriving(step)) == 0 for step in range(1, 50))
    assert set(schedule.arrival_us) == {to_us(START)}


@pytest.mark.parametrize("arrivals", ["linear", "launch"])
def test_each_arrives_once_within_the_run_and_wakes_only_then(arrivals: str) -> None:
    schedule = _schedule(3000, arrivals=arrivals, steps=200)
    come = [schedule.arriving(step) for step in range(202)]
    assert sorted(np.concatenate(come)) == list(range(3000))
    assert not len(come[0])
    assert not len(come[201])
    for step, agents in enumerate(come):
        moments = schedule.arrival_us[agents]
        assert np.all(moments >= CLOCK.us(step))
        assert np.all(moments < CLOCK.us(step + 1))
        assert np.all(np.diff(moments) >= 0)
    present: set[int] = set()
    for step in range(1, 201):
        present |= set(come[step].tolist())
        assert set(schedule.awake(step).tolist()) <= present
    assert np.corrcoef(schedule.arrival, np.arange(3000))[0, 1] == pytest.approx(0, abs=0.1)


def test_linear_arrivals_are_even_and_launch_growth_falls_as_one_over_time() -> None:
    even = _schedule(20_000, arrivals="linear", steps=200)
    assert {len(even.arriving(step)) for step in range(1, 201)} <= {99, 100, 101}
    launch = _schedule(20_000, arrivals="launch", steps=200)
    total = np.cumsum([len(launch.arriving(step)) for step in range(1, 201)])
    t = np.arange(1, 201)
    assert np.abs(total - 20_000 * (t / 200) ** LAUNCH_EXPONENT).max() <= 1
    late = t >= 100
    growth = total[late][1:] / total[late][:-1] - 1
    assert growth * t[late][:-1] == pytest.approx(LAUNCH_EXPONENT, rel=0.1)


def test_unknown_arrivals_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown arrivals 'never'"):
        _schedule(10, arrivals="never")


def test_lifetimes_are_exponential() -> None:
    schedule = _schedule(20_000, heavy_tailed=False, lifetime=timedelta(days=1))
    per_step = _wakings(schedule, 384).sum(axis=1)
    halved = 96 * np.log(2)
    assert per_step[:8].mean() == pytest.approx(20_000 / BEATS, rel=0.1)
    around = per_step[int(halved) - 4 : int(halved) + 4]
    assert around.mean() == pytest.approx(20_000 / BEATS / 2, rel=0.05)
    life = schedule.departure - schedule.arrival
    assert (life.mean(), life.std()) == pytest.approx((96, 96), rel=0.05)
    awake = _wakings(schedule, 384)
    last = np.where(awake.any(axis=0), 384 - awake[::-1].argmax(axis=0), 0)
    assert np.all(last < schedule.departure)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**40),
    st.integers(1, 60),
    st.floats(0, 1),
    st.floats(0, 1),
    st.booleans(),
    st.floats(1.1, 4),
    st.sampled_from([20, 60, 240]),
)
def test_a_step_says_the_same_whenever_it_is_asked(
    seed: int, n: int, jitter: float, circadian: float, heavy: bool, exponent: float, minutes: int
) -> None:
    options: dict[str, Any] = {
        "jitter": jitter,
        "circadian": circadian,
        "heavy_tailed": heavy,
        "activity_exponent": exponent,
        "heartbeat": timedelta(minutes=minutes),
    }
    once, again = _schedule(n, seed, **options), _schedule(n, seed, **options)
    forwards = [once.awake(step).tolist() for step in range(40)]
    backwards = [again.awake(step).tolist() for step in reversed(range(40))]
    assert forwards == backwards[::-1]
    assert forwards[0] == []
    assert all(agents == sorted(set(agents)) and set(agents) <= set(range(n)) for agents in forwards)
    wakings = sum(len(agents) for agents in forwards)
    assert abs(wakings - (once.rate * (once.rhythm(40) - once.rhythm(1))).sum()) <= 2 * n


def test_other_seeds_wake_others() -> None:
    assert _schedule(seed=1).awake(5).tolist() != _schedule(seed=2).awake(5).tolist()


def test_golden_wakings() -> None:
    """Draws are part of every recorded run: a change here changes all digests and must be deliberate."""
    schedule = _schedule(400, seed=11, circadian=0.3, arrivals="linear", lifetime=timedelta(days=3), steps=20)
    assert [schedule.awake(step).tolist() for step in (5, 10, 20)] == [
        [82],
        [130, 261, 262, 386, 393],
        [1, 22, 190, 193, 196, 267, 316, 335, 399],
    ]


def test_a_society_of_a_hundred_thousand_is_light() -> None:
    tracemalloc.start()
    schedule = _schedule(100_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50e6
    assert len(schedule.awake(1)) == pytest.approx(100_000 / BEATS, rel=0.1)


def test_hashed_draws_are_uniform_and_unrelated() -> None:
    keys = mix(np.arange(2000, dtype=np.uint64))
    draws = np.stack([uniforms(keys, np.full(2000, beat)) for beat in range(-20, 20)])
    assert draws.min() >= 0
    assert draws.max() < 1
    counts, _ = np.histogram(draws, bins=64, range=(0, 1))
    expected = draws.size / 64
    assert ((counts - expected) ** 2 / expected).sum() < 120
    assert np.abs(np.corrcoef(draws) - np.eye(40)).max() < 0.1
    assert abs(np.corrcoef(draws[:, :-1].ravel(), draws[:, 1:].ravel())[0, 1]) < 0.015


def test_mix_is_splitmix64() -> None:
    first = 0xE220A8397B1DCDAF
    assert int(mix(np.array([0], dtype=np.uint64))[0]) == first
