"""What a reader of a record must be told before any figure: left in its telemetry by the run itself."""

from __future__ import annotations

from typing import Final

from moltarium.sim.record.schema import Telemetry
from moltarium.sim.record.view import Record

MODEL_CHANGED: Final = "model_changed"
"""Telemetry: the model behind an endpoint answered under another name or fingerprint than before."""
LOST: Final = "lost_steps"
"""Telemetry: a power cut took committed steps, which were lived again."""


def warnings_of(record: Record) -> tuple[str, ...]:
    """Return the sentences, in the order in which they came up. They quote endpoints: show them as text."""
    return tuple(fact.detail for fact in record.rows(Telemetry) if fact.name in {MODEL_CHANGED, LOST})
