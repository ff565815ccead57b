"""How fast the platform folds, ranks and wakes, at 100,000 agents and 50,000 posts.

Run as ``python -m benchmarks.forum`` from the checkout. Prints one JSON object; times are CPU
time of one core. The fold is also given as a multiple of the time that making the same events takes, which
compares machines of different speed.
"""

from __future__ import annotations

import gc
import json
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from moltarium.sim.clock import Clock
from moltarium.sim.platform import Platform
from moltarium.sim.ranking import RANKERS
from moltarium.sim.record.schema import Agent, Comment, Community, Event, Follow, Post, Subscription, Vote
from moltarium.sim.schedule import Schedule

AGENTS, COMMUNITIES, POSTS, COMMENTS, VOTES, TIES = 100_000, 50, 50_000, 100_000, 400_000, 200_000
FEEDS = 20_000
START_US = 1_769_558_400_000_000


def events(rng: np.random.Generator) -> Iterator[Event]:
    """Yield a society's history with skewed popularity."""
    seq = 0
    for i in range(AGENTS):
        yield Agent(seq, START_US + seq, 0, f"a{i}", f"agent_{i}", "", None)
        seq += 1
    for i in range(COMMUNITIES):
        yield Community(seq, START_US + seq, 0, f"m{i}", f"m{i}", "", None)
        seq += 1
    authors, places = rng.integers(0, AGENTS, POSTS), rng.zipf(1.7, POSTS) % COMMUNITIES
    for i in range(POSTS):
        yield Post(seq, START_US + seq, 1, f"p{i}", f"a{authors[i]}", f"m{places[i]}", "title", "body", None)
        seq += 1
    authors, answered = rng.integers(0, AGENTS, COMMENTS), rng.zipf(1.3, COMMENTS) % POSTS
    for i in range(COMMENTS):
        yield Comment(seq, START_US + seq, 1, f"c{i}", f"p{answered[i]}", None, f"a{authors[i]}", "body")
        seq += 1
    voters, voted = rng.integers(0, AGENTS, VOTES), rng.zipf(1.3, VOTES) % POSTS
    for i in range(VOTES):
        yield Vote(seq, START_US + seq, 1, f"a{voters[i]}", f"p{voted[i]}", 1 if i % 5 else -1)
        seq += 1
    sources, follows, joins = rng.integers(0, AGENTS, TIES), rng.zipf(1.5, TIES) % AGENTS, places[: TIES // 4]
    for i in range(TIES):
        yield Follow(seq, START_US + seq, 1, f"a{sources[i]}", f"a{follows[i]}", True)
        seq += 1
    for i in range(len(joins)):
        yield Subscription(seq, START_US + seq, 1, f"a{sources[i]}", f"m{joins[i]}", True)
        seq += 1


def _seconds(history: Iterator[Event], platform: Platform | None) -> tuple[float, int]:
    """Return how long a history takes to be made and, with a platform, folded; and its length."""
    begun, n = time.process_time(), 0
    for event in history:
        n += 1
        if platform is not None:
            platform.apply(event)
    return time.process_time() - begun, n


def _feeds(platform: Platform, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    measured: dict[str, dict[str, float]] = {}
    now = START_US + platform.last_seq
    for name, make in RANKERS.items():
        ranker = make()
        begun = time.process_time()
        ranker.rank("a0", platform, now, 10, rng)
        refreshed = time.process_time()
        for i in range(FEEDS):
            ranker.rank(f"a{i}", platform, now, 10, rng)
        taken = time.process_time() - refreshed
        measured[name] = {
            "refresh_ms": round(1e3 * (refreshed - begun), 2),
            "feeds_per_s": round(FEEDS / taken),
        }
    return measured


def _waking() -> dict[str, float]:
    clock = Clock(datetime(2026, 1, 28, tzinfo=UTC), timedelta(minutes=15))
    begun = time.process_time()
    schedule = Schedule.draw(
        1,
        AGENTS,
        clock,
        heartbeat=timedelta(hours=4),
        jitter=0.2,
        heavy_tailed=True,
        activity_exponent=2.5,
        circadian=0.5,
        arrivals="all",
        lifetime=None,
        steps=96,
    )
    drawn = time.process_time()
    for step in range(1, 201):
        schedule.awake(step)
    return {
        "draw_ms": round(1e3 * (drawn - begun), 1),
        "awake_ms": round(1e3 * (time.process_time() - drawn) / 200, 3),
    }


def main() -> None:
    """Measure and print."""
    empty_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    platform = Platform()
    plain, _ = _seconds(events(np.random.default_rng(0)), None)
    gc.freeze()
    folded, n = _seconds(events(np.random.default_rng(0)), platform)
    figures = {
        "events": n,
        "fold_events_per_s": round(n / (folded - plain)),
        "fold_over_making_the_events": round((folded - plain) / plain, 2),
        "state_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - empty_mb),
        "feeds": _feeds(platform, np.random.default_rng(0)),
        "waking_of_100k": _waking(),
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
