"""The gate in front of an endpoint: bounded, fair to thoughts begun, modest after a 429, shut when ill."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moltarium.sim.llm.lane import STRIKES, Lane


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=40))
def test_never_more_in_flight_than_allowed_and_nobody_is_forgotten(
    ceiling: int, calls: list[tuple[bool, int]]
) -> None:
    async def play() -> tuple[int, int]:
        lane = Lane(ceiling)
        most = done = 0

        async def call(begun: bool, turns: int) -> None:
            nonlocal most, done
            await lane.enter(begun=begun)
            most = max(most, lane.in_flight)
            for _ in range(turns):
                await asyncio.sleep(0)
            lane.leave()
            done += 1

        await asyncio.gather(*(call(*each) for each in calls))
        assert lane.in_flight == 0
        return most, done

    most, done = asyncio.run(play())
    assert most <= ceiling
    assert done == len(calls)


def test_a_thought_begun_goes_first() -> None:
    async def play() -> list[str]:
        lane = Lane(1)
        order: list[str] = []

        async def call(name: str, begun: bool) -> None:
            await lane.enter(begun=begun)
            order.append(name)
            await asyncio.sleep(0)
            lane.leave()

        calls = [("first", False), ("new", False), ("newer", False), ("repair", True)]
        await asyncio.gather(*(call(*each) for each in calls))
        return order

    assert asyncio.run(play()) == ["first", "repair", "new", "newer"]


def test_a_cancelled_wait_gives_its_place_on() -> None:
    async def play() -> int:
        lane = Lane(1)
        await lane.enter(begun=False)
        waiting = asyncio.ensure_future(lane.enter(begun=False))
        await asyncio.sleep(0)
        lane.leave()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        async with asyncio.timeout(1):
            await lane.enter(begun=False)
        return lane.in_flight

    assert asyncio.run(play()) == 1


def test_a_burst_of_429_halves_the_limit_once_and_answers_win_it_back() -> None:
    async def play() -> tuple[int, int]:
        lane = Lane(64)
        for _ in range(20):
            lane.crowded()
        halved = lane.limit
        for _ in range(64 * 64):
            lane.succeeded()
        return halved, lane.limit

    assert asyncio.run(play()) == (32, 64)


def test_the_limit_starts_where_it_is_told_and_stays_between_floor_and_ceiling() -> None:
    async def play() -> list[int]:
        lane = Lane(16, start=4, floor=3)
        limits = [lane.limit]
        for _ in range(16 * 16):
            lane.succeeded()
        limits.append(lane.limit)
        for _ in range(4):
            lane.crowded()
            await asyncio.sleep(0.26)  # what comes sooner belongs to the same burst
            limits.append(lane.limit)
        return [*limits, Lane(2, start=9, floor=5).limit]

    assert asyncio.run(play()) == [4, 16, 8, 4, 3, 3, 2]


def test_server_errors_do_not_shrink_the_limit() -> None:
    async def play() -> int:
        lane = Lane(64)
        for _ in range(STRIKES - 1):
            lane.failed(1.0)
        return lane.limit

    assert asyncio.run(play()) == 64


def test_the_circuit_opens_probes_and_closes() -> None:
    async def play() -> None:
        lane = Lane(8)
        for _ in range(8):
            await lane.enter(begun=False)
        for _ in range(STRIKES):
            lane.failed(0.05)
        assert (lane.limit, lane.failed_probes) == (1, 0)
        for _ in range(8):
            lane.failed(0.05)
            lane.leave()
        assert lane.failed_probes == 0, "what was in flight before is no probe"
        loop = asyncio.get_running_loop()
        began = loop.time()
        await lane.enter(begun=False)
        assert loop.time() - began >= 0.04
        lane.failed(0.0)
        assert lane.failed_probes == 1
        lane.leave()
        await lane.enter(begun=False)
        lane.succeeded()
        assert (lane.limit, lane.failed_probes) == (8, 0)

    asyncio.run(play())
