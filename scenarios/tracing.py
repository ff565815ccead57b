"""OpenTelemetry traces and metrics of a run, for whoever collects them (extra ``otel``).

Spans: ``moltarium.run`` with a ``moltarium.tick`` per step. Counters: calls, tokens, cost, retries, 429s,
actions, invalid answers. They go wherever the process's OpenTelemetry SDK sends them (for instance under
``opentelemetry-instrument``); where none is set up, to ``otel.jsonl`` in the run's folder. No text of an
agent and no key is ever part of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from moltarium.scenarios.progress import Progress
from moltarium.sim.record.errors import MoltariumError

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

FILE: Final = "otel.jsonl"
_COUNTED: Final = {
    "actions": "{action}",
    "invalid": "{answer}",
    "calls": "{call}",
    "tokens_in": "{token}",
    "tokens_cached": "{token}",
    "tokens_out": "{token}",
    "retries": "{attempt}",
    "rate_limited": "{answer}",
    "cost_usd": "{USD}",
}
"""Figures of `Progress.json` that only grow, with their units."""


class Tracing(Protocol):
    """Where a run's spans and figures go."""

    def begin(self, now: Progress) -> None:
        """Take what earlier sessions brought as counted."""
        ...

    def tick(self, step: int) -> AbstractContextManager[object]:
        """Return the span around one tick."""
        ...

    def measure(self, now: Progress) -> None:
        """Add what the last tick brought to the counters."""
        ...


class Untraced:
    """Nobody is watching."""

    def begin(self, now: Progress) -> None:
        """Let the figures go."""

    def tick(self, step: int) -> AbstractContextManager[object]:  # noqa: ARG002 - there is no span
        """Return an empty block."""
        return nullcontext()

    def measure(self, now: Progress) -> None:
        """Let the figures go."""


class _Traced:
    def __init__(self, tracers: TracerProvider, meters: MeterProvider) -> None:
        self.tracer = tracers.get_tracer("moltarium")
        meter = meters.get_meter("moltarium")
        self._counters = {
            name: meter.create_counter(f"moltarium.{name}", unit=unit) for name, unit in _COUNTED.items()
        }
        self._before: dict[str, float] = {}

    def begin(self, now: Progress) -> None:
        self._before = {name: now.json()[name] or 0.0 for name in self._counters}

    def tick(self, step: int) -> AbstractContextManager[object]:
        return self.tracer.start_as_current_span("moltarium.tick", attributes={"moltarium.step": step})

    def measure(self, now: Progress) -> None:
        figures = now.json()
        for name, counter in self._counters.items():
            if figures[name] is None:
                continue  # a price that nobody knows is no 0
            counter.add(max(0.0, figures[name] - self._before.get(name, 0.0)))
            self._before[name] = figures[name]


@contextmanager
def traced(folder: Path, run_id: str) -> Iterator[Tracing]:
    """Trace the run at `folder` while the block lasts.

    Raises
    ------
    MoltariumError
        If the extra is not installed.
    """
    try:
        from opentelemetry import metrics, trace
        from opentelemetry.sdk.metrics import MeterProvider as OwnMeters
        from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider as OwnTracers
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
    except ImportError as error:
        raise MoltariumError(
            "OpenTelemetry is not installed", place="--otel", remedy="pip install 'moltarium[otel]'"
        ) from error
    if isinstance(trace.get_tracer_provider(), OwnTracers):
        yield from _within(_Traced(trace.get_tracer_provider(), metrics.get_meter_provider()), run_id)
        return
    resource = Resource.create({"service.name": "moltarium"})
    with (folder / FILE).open("a", encoding="utf-8") as out:
        spans = ConsoleSpanExporter(out=out, formatter=lambda span: span.to_json(indent=None) + "\n")
        figures = ConsoleMetricExporter(out=out, formatter=lambda data: data.to_json(indent=None) + "\n")
        tracers = OwnTracers(resource=resource, shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(spans))
        reader = PeriodicExportingMetricReader(figures)
        meters = OwnMeters([reader], resource=resource, shutdown_on_exit=False)
        try:
            yield from _within(_Traced(tracers, meters), run_id)
        finally:
            meters.shutdown()
            tracers.shutdown()


def _within(tracing: _Traced, run_id: str) -> Iterator[Tracing]:
    with tracing.tracer.start_as_current_span("moltarium.run", attributes={"moltarium.run": run_id}):
        yield tracing
