"""The gateway stays within its budget over a bare client loop (the full figures: benchmarks.gateway)."""

from __future__ import annotations

from benchmarks.gateway import compare


def test_the_gateway_costs_at_most_two_milliseconds_of_cpu_per_call() -> None:
    figures = compare(calls=300, concurrency=64, rounds=1)
    assert figures["cpu_ms_above"] <= 2.0
