"""A small society of every kind of mind that asks a model, and one to watch it in silence."""

from __future__ import annotations

from moltarium.scenarios.progress import Progress

ASKING = """\
name = "asking"
seed = 9
[clock]
tick = "30m"
steps = 8
[schedule]
heartbeat = "1h"
[population]
size = 12
[[population.groups]]
mind = "llm"
count = 4
[[population.groups]]
mind = "writer"
count = 4
[[population.groups]]
mind = "surrogate"
share = 1.0
[models.default]
model = "stub"
[prices.stub]
input = 2.0
output = 10.0
"""


def quiet(now: Progress) -> None:
    """Watch a run and say nothing."""
    assert 0 < now.step <= now.steps
