"""The small society under torture: model minds and a surrogate crowd, in seconds of simulated work."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any

from moltarium.scenarios.load import load
from moltarium.scenarios.run import Progress
from moltarium.scenarios.spec import Scenario

SMALL = """\
name = "tortured"
seed = 11
[clock]
tick = "30m"
steps = 6
[schedule]
heartbeat = "1h"
heavy_tailed = false
[population]
size = 8
[[population.groups]]
mind = "llm"
count = 4
parameters = { repairs = 1 }
[[population.groups]]
mind = "writer"
count = 2
[[population.groups]]
mind = "surrogate"
count = 2
[emotion]
dynamics = "second"
[models.default]
model = "stub"
retries = 8
"""


def quiet(now: Progress) -> None:
    """Watch a run and say nothing."""
    assert 0 < now.step <= now.steps


def small(folder: Path, *overrides: str) -> Scenario:
    """Return the small society's scenario, written into `folder` as a user would have it."""
    path = folder / "tortured.toml"
    if not path.exists():
        path.write_text(SMALL, encoding="utf-8")
    return load(str(path), list(overrides))


def lively_answer(body: dict[str, Any]) -> str:
    """Return what a middling model says: mostly fit for use, at times wrong in every known way.

    The answer depends on the request alone, so that a model's faults are part of what must be reproduced.
    """
    asked = body.get("messages") or body.get("prompt")
    digest = hashlib.sha256(json.dumps([asked, body.get("seed")]).encode()).hexdigest()
    draw = random.Random(digest)
    if not isinstance(asked, list):
        return f" I keep thinking about {digest[:6]} and what it means here.\n"
    mood = draw.random()
    if mood < 0.3:
        return draw.choice(_WRONG)
    prompt = str(asked[1]["content"])
    shown = [name for name in ("i1", "i2", "n1", "o1") if f"[{name}]" in prompt]
    return json.dumps({"actions": [_act(draw, shown, digest)], "memory": f"Noted {digest[:5]}."})


_WRONG = (
    "",
    "null",
    '{"actions": [{"do": "comment", "on": "i1", "text": "cut o',
    "```json\n{broken}\n```",
    "I'm sorry, but I can't assist with that.",
    '{"actions": [{"do": "comment", "on": "i99", "text": "to nobody"}]}',
    '{"actions": [{"do": "up", "on": "p-never-was"}]}',
    json.dumps({"actions": [{"do": "post", "in": "general", "title": "Long", "text": "x" * 100_001}]}),
)


def _act(draw: random.Random, shown: list[str], digest: str) -> dict[str, str]:
    if not shown or draw.random() < 0.4:
        return {"do": "post", "in": "general", "title": f"On {digest[:6]}", "text": f"Thoughts {digest[:9]}."}
    on = draw.choice(shown)
    if draw.random() < 0.6:
        return {"do": "comment", "on": on, "text": f"Answering with {digest[:9]}."}
    return {"do": draw.choice(["up", "down", "follow"]), "on": on}
