"""Whether a writer's words keep to the subject that its policy chose: ``python -m benchmarks.writer_topics``.

The same turns of the same surrogates are thought twice, with the same chance: once by a writer whose
transcript names each text's act and subject, once by one that is told neither (its policy hides its plan). A
text agrees if `moltarium.agents.topics.topic_of` finds the chosen topic in it; a text of no topic does not.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import numpy as np

from moltarium.agents.interface import Action, Mind, Observation, Thought, WriteComment, WritePost
from moltarium.agents.minds.dice import Dice
from moltarium.agents.minds.drafts import CommentDraft, PostDraft, Step
from moltarium.agents.minds.surrogate import SurrogateMind
from moltarium.agents.minds.writer import WriterMind
from moltarium.agents.reader import load_reader
from moltarium.agents.topics import topic_of
from moltarium.scenarios.load import load
from moltarium.scenarios.world import build_world
from moltarium.sim.llm.embedded import MODEL, embedded_server
from moltarium.sim.llm.endpoint import Endpoint
from moltarium.sim.llm.gateway import Gateway, Pending
from moltarium.sim.llm.replies import ReplyStore
from moltarium.sim.record.schema import Blob, Row
from moltarium.sim.society import Society

POLICY: Final = SurrogateMind()
DRAWS: Final = 2000
"""Resamples of the bootstrap."""


@dataclass(frozen=True, slots=True)
class Untold:
    """A surrogate that keeps its plan to itself."""

    name: str = "untold"

    def decide(self, seen: Observation, rng: np.random.Generator) -> Thought:
        """Return the surrogate's actions."""
        return (yield from POLICY.decide(seen, rng))


@dataclass(frozen=True, slots=True)
class Witness:
    """A surrogate that keeps what it saw."""

    turns: list[Observation] = field(default_factory=list)
    name: str = "witness"

    def decide(self, seen: Observation, rng: np.random.Generator) -> Thought:
        """Return the surrogate's actions."""
        self.turns.append(seen)
        return (yield from POLICY.decide(seen, rng))


class Nowhere:
    """A ledger that keeps nothing."""

    def append(self, rows: Sequence[Row]) -> None:
        """Take rows."""

    def put_blobs(self, blobs: Sequence[Blob]) -> None:
        """Take texts."""

    def commit(self, *, step: int) -> None:
        """Close a step."""


def chance(seen: Observation, seed: int) -> np.random.Generator:
    """Return the stream with which a turn is thought in both ways."""
    return np.random.default_rng((seed, seen.index, seen.step))


def drafts_of(seen: Observation, seed: int) -> tuple[Step, ...]:
    """Return what the policy plans in a turn."""
    return POLICY.plan(seen, Dice(chance(seen, seed)))


def turns_of(count: int, seed: int) -> list[Observation]:
    """Return `count` turns with something to write, drawn from a day of the quickstart's crowd."""
    witness = Witness()
    made = build_world(load("quickstart", [f"seed={seed}"])).setting
    members = tuple(member._replace(mind=witness) for member in made.members)
    society = Society(replace(made, members=members), Nowhere(), load_reader())
    society.open()
    for _ in range(24):
        society.step()
    order = np.random.default_rng(seed).permutation(len(witness.turns)).tolist()
    writing = (
        witness.turns[place]
        for place in order
        if any(isinstance(step, PostDraft | CommentDraft) for step in drafts_of(witness.turns[place], seed))
    )
    return list(islice(writing, count))


def written(turns: Sequence[Observation], policy: Mind, seed: int) -> list[Sequence[Action]]:
    """Return what writers with `policy` do in these turns, the words by the embedded model."""
    mind = WriterMind(policy)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        url = stack.enter_context(embedded_server())
        store = stack.enter_context(ReplyStore(folder / "replies.sqlite"))
        endpoint = Endpoint("default", url, MODEL, deadline_s=600.0, concurrency=8)
        gateway = stack.enter_context(Gateway({"default": endpoint}, store, seed))
        pending = []
        for number, seen in enumerate(turns):
            thought = mind.decide(seen, chance(seen, seed))
            pending.append(Pending(seen.agent, number, seen.step, thought, next(thought)))
        return [outcome.actions for outcome in gateway.think(pending)]


def agreements(
    turns: Sequence[Observation], done: Sequence[Sequence[Action]], seed: int, kind: type[Any]
) -> list[list[bool]]:
    """Return, per turn, whether each text that was posted has its draft's topic; `kind` of draft only."""
    found: list[list[bool]] = []
    for seen, actions in zip(turns, done, strict=True):
        found.append(
            [
                topic_of(f"{action.title} {action.body}" if isinstance(action, WritePost) else action.body)
                == step.topic
                for step, action in zip(drafts_of(seen, seed), actions, strict=True)
                if isinstance(step, PostDraft | CommentDraft)
                and isinstance(step, kind)
                and isinstance(action, WritePost | WriteComment)
            ]
        )
    return found


def _share(texts: Sequence[Sequence[bool]]) -> float:
    flat = [hit for turn in texts for hit in turn]
    return sum(flat) / len(flat) if flat else float("nan")


def compared(told: Sequence[Sequence[bool]], untold: Sequence[Sequence[bool]], seed: int) -> dict[str, Any]:
    """Return both shares, and their difference with a 95 % interval by resampling turns."""
    rng = np.random.default_rng(seed)
    gaps: list[float] = []
    for _ in range(DRAWS):
        drawn = rng.integers(len(told), size=len(told)).tolist()
        gaps.append(_share([told[i] for i in drawn]) - _share([untold[i] for i in drawn]))
    low, high = np.nanpercentile(gaps, [2.5, 97.5]).tolist()
    return {
        "texts": [sum(map(len, told)), sum(map(len, untold))],
        "told": round(_share(told), 3),
        "untold": round(_share(untold), 3),
        "difference": [round(_share(told) - _share(untold), 3), round(low, 3), round(high, 3)],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Do a writer's words keep to the chosen subject?")
    parser.add_argument("--turns", type=int, default=80, help="turns thought in each of both ways")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON line")
    chosen = parser.parse_args()
    turns = turns_of(chosen.turns, chosen.seed)
    told = written(turns, cast("Mind", POLICY), chosen.seed)
    untold = written(turns, Untold(), chosen.seed)
    result = {
        name: compared(
            agreements(turns, told, chosen.seed, kind),
            agreements(turns, untold, chosen.seed, kind),
            chosen.seed,
        )
        for name, kind in (("posts", PostDraft), ("comments", CommentDraft))
    }
    if chosen.json:
        print(json.dumps(result))
        return
    print(f"{'':10s}{'told':>8s}{'untold':>8s}   difference [95 %]        texts")
    for name, row in result.items():
        gap, low, high = row["difference"]
        print(
            f"{name:10s}{row['told']:8.3f}{row['untold']:8.3f}   {gap:+.3f} [{low:+.3f}, {high:+.3f}]"
            f"   {row['texts']}"
        )


if __name__ == "__main__":
    main()
