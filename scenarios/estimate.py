"""What a run will ask of its models and cost, found out without asking any.

The society itself is run, dry: each mind that asks a model writes its prompts, which are measured and
answered with nothing, and a surrogate acts in its place, so that feeds, notices and memories fill as they
would. How often each mind wakes over the whole run is known in closed form (`Schedule.awake`), so only the
means per turn are sampled.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

import numpy as np
import orjson

from moltarium.agents.interface import Mind, Observation, Reply, Request, Thought
from moltarium.agents.reader import load_reader
from moltarium.scenarios.endpoints import EMBEDDED, price_source, price_table, prices_of
from moltarium.scenarios.minds import make_mind
from moltarium.scenarios.spec import Scenario
from moltarium.scenarios.world import World, build_world
from moltarium.sim.llm.endpoint import Endpoint
from moltarium.sim.llm.prices import Prices
from moltarium.sim.record.schema import Blob, Row
from moltarium.sim.society import Society

CHARS_PER_TOKEN: Final = 4.0
"""Rule of thumb for English text; the range below covers tokenizers that differ from it."""
TOKENIZER_SPREAD: Final = 0.25
"""How far a tokenizer may be from `CHARS_PER_TOKEN`, as a share."""
REPAIRS: Final = (0.0, 0.1, 0.75)
"""Repair calls per turn: low, expected, high. A capable model needs hardly any; the embedded one, as weak as
they come, needed 60 in 98 turns of `injection` (docs/scenarios/injection.md)."""
ANSWER_OVERHEAD_CHARS: Final = 60
"""Braces, keys and names around the texts of an answer."""
SAMPLED: Final = 400
"""Turns whose prompts are measured, at most."""
DRIVEN: Final = 20_000
"""Turns that are lived through, at most; beyond, the means of what was lived stand for the rest."""
_SENTENCE: Final = "I keep coming back to this, and each time it looks a little different to me."
_VALID: Final = orjson.dumps({"actions": [], "memory": ""}).decode()


class Range(NamedTuple):
    """A figure that is not certain."""

    low: float
    expected: float
    high: float

    def plus(self, other: Range) -> Range:
        """Return the sum, end by end."""
        return Range(*(a + b for a, b in zip(self, other, strict=True)))


@dataclass(slots=True)
class Sample:
    """What was measured of the turns that ask one endpoint."""

    turns: int = 0
    sampled: int = 0
    calls: list[int] = field(default_factory=list)
    """Per sampled turn."""
    chars_in: list[int] = field(default_factory=list)
    """Likewise."""
    chars_out: int = 0
    limit_out: int = 0
    """Sum of `Request.max_tokens`."""


class PriceUsed(NamedTuple):
    """What one endpoint was taken to cost, and who says so."""

    endpoint: str
    """The endpoint's label."""
    model: str | None
    prices: Prices | None
    """``None`` where nobody knows them."""
    source: str

    def json(self) -> dict[str, Any]:
        """Return it by name, in US dollars per million tokens."""
        known = (None, None, None) if self.prices is None else self.prices
        kinds = dict(zip(("input", "cached", "output"), known, strict=True))
        return {"endpoint": self.endpoint, "model": self.model, **kinds, "source": self.source}


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run may take."""

    calls: Range
    tokens_in: Range
    tokens_out: Range
    cost_usd: Range | None
    """``None`` where a model's price is not known; no discount for cached prompts is counted on."""
    turns: int
    """Turns that ask a model, over the whole run."""
    turns_sampled: int
    steps: int
    steps_lived: int
    """Steps of the dry run; the rest is taken to be like them."""
    unpriced: tuple[str, ...]
    """Models without a price."""
    prices: tuple[PriceUsed, ...] = ()
    """By endpoint that the scenario's minds ask."""

    def json(self) -> dict[str, Any]:
        """Return the figures by name; a range as ``{"low", "expected", "high"}``."""
        return {
            "calls": _rounded(self.calls),
            "tokens_in": _rounded(self.tokens_in),
            "tokens_out": _rounded(self.tokens_out),
            "cost_usd": None
            if self.cost_usd is None
            else {name: round(value, 4) for name, value in self.cost_usd._asdict().items()},
            "turns": self.turns,
            "turns_sampled": self.turns_sampled,
            "steps": self.steps,
            "steps_lived": self.steps_lived,
            "unpriced": list(self.unpriced),
            "prices": [used.json() for used in self.prices],
        }


def _rounded(figure: Range) -> dict[str, int]:
    return {name: round(value) for name, value in figure._asdict().items()}


@dataclass(frozen=True, slots=True)
class _Gauge:
    """Lets a mind write its prompts for the scales, and a surrogate act in its place."""

    mind: Mind
    stand_in: Mind
    sample: Sample
    every: int

    @property
    def name(self) -> str:
        """The measured mind's name."""
        return self.mind.name

    def decide(self, seen: Observation, rng: np.random.Generator) -> Thought:
        """Act as the stand-in would (see `moltarium.agents.interface.Mind`)."""
        sample = self.sample
        sample.turns += 1
        actions = yield from self.stand_in.decide(seen, rng)
        if (sample.turns - 1) % self.every == 0:
            sample.sampled += 1
            self._weigh(seen, rng)
            words = [part for action in actions for part in action if isinstance(part, str)]
            sample.chars_out += sum(map(len, words)) + ANSWER_OVERHEAD_CHARS
        return actions

    def _weigh(self, seen: Observation, rng: np.random.Generator) -> None:
        thought = self.mind.decide(seen, rng)
        chars = calls = 0
        try:
            asks = next(thought)
            while True:
                chars += sum(map(_length, asks))
                calls += len(asks)
                self.sample.limit_out += sum(ask.max_tokens for ask in asks)
                asks = thought.send(
                    [Reply(_VALID if ask.schema else _SENTENCE, "stop", "none") for ask in asks]
                )
        except StopIteration:
            self.sample.chars_in.append(chars)
            self.sample.calls.append(calls)


def _length(ask: Request) -> int:
    text = len(ask.prompt or "") + sum(len(message.content) for message in ask.messages)
    return text + (0 if ask.schema is None else len(orjson.dumps(ask.schema)))


class _Nowhere:
    """A ledger for rows that nobody will read."""

    def append(self, rows: Sequence[Row]) -> None:
        """Let them go."""

    def put_blobs(self, blobs: Sequence[Blob]) -> None:
        """Let them go."""

    def commit(self, *, step: int) -> None:
        """Nothing to keep."""


def estimate(scenario: Scenario) -> Estimate:
    """Return what `scenario` will take, from a dry run of its first turns.

    Raises
    ------
    MoltariumError
        If the scenario or its snapshot can't be used.
    """
    world = build_world(scenario)
    turns, lived = _turns(scenario, world)
    samples: dict[str, Sample] = defaultdict(Sample)
    every = max(1, math.ceil(sum(turns.values()) / SAMPLED))
    if turns:
        _live(world, samples, every, lived)
    none = Range(0.0, 0.0, 0.0)
    calls, tokens_in, tokens_out, cost = none, none, none, none
    used = [_price_used(label, scenario) for label in sorted(turns)]
    unpriced = []
    for label, _, prices, _ in used:
        of_calls, of_in, of_out = _extrapolated(samples[label], turns[label])
        calls, tokens_in, tokens_out = calls.plus(of_calls), tokens_in.plus(of_in), tokens_out.plus(of_out)
        if prices is None:
            unpriced.append(scenario.models[label].model or label)
        else:
            cost = cost.plus(
                Range(*(prices.cost(round(a), 0, round(b)) for a, b in zip(of_in, of_out, strict=True)))
            )
    return Estimate(
        calls,
        tokens_in,
        tokens_out,
        None if unpriced else cost,
        turns=sum(turns.values()),
        turns_sampled=sum(sample.sampled for sample in samples.values()),
        steps=scenario.clock.steps,
        steps_lived=lived if turns else 0,
        unpriced=tuple(unpriced),
        prices=tuple(used),
    )


def _turns(scenario: Scenario, world: World) -> tuple[dict[str, int], int]:
    """Return the turns that ask each endpoint over the whole run, and how many steps are worth living."""
    labels = [member.model for member in world.setting.members]
    turns: dict[str, int] = defaultdict(int)
    woken = lived = 0
    for step in range(1, scenario.clock.steps + 1):
        awake = world.setting.schedule.awake(step).tolist()
        if woken < DRIVEN:
            lived = step
        woken += len(awake)
        for index in awake:
            label = labels[index]
            if label is not None:
                turns[label] += 1
    return dict(turns), lived


def _live(world: World, samples: dict[str, Sample], every: int, steps: int) -> None:
    """Run the society dry."""
    stand_in = make_mind("surrogate", "", {})
    members = tuple(
        member._replace(mind=_Gauge(member.mind, stand_in, samples[member.model], every))
        if member.model is not None
        else member
        for member in world.setting.members
    )
    society = Society(replace(world.setting, members=members), _Nowhere(), load_reader())
    society.open()
    for _ in range(steps):
        society.step()


def _extrapolated(sample: Sample, turns: int) -> tuple[Range, Range, Range]:
    """Return calls, tokens in and tokens out of all `turns`, from the sampled ones."""
    if not sample.sampled:
        return Range(0.0, 0.0, 0.0), Range(0.0, 0.0, 0.0), Range(0.0, 0.0, 0.0)
    per_turn, spread = _mean(sample.calls, turns)
    again = [1 + repairs / per_turn if per_turn else 1.0 for repairs in REPAIRS]
    made = turns * per_turn
    calls = Range(max(0.0, made - spread), made * again[1], (made + spread) * again[2])
    chars, spread = _mean(sample.chars_in, turns)
    tokens_in = Range(
        max(0.0, turns * chars - spread) / CHARS_PER_TOKEN * (1 - TOKENIZER_SPREAD),
        turns * chars / CHARS_PER_TOKEN * again[1],
        (turns * chars + spread) / CHARS_PER_TOKEN * (1 + TOKENIZER_SPREAD) * again[2],
    )
    limit = turns * sample.limit_out / sample.sampled
    likely = min(limit, turns * sample.chars_out / sample.sampled / CHARS_PER_TOKEN)
    least = min(likely, calls.low * len(_VALID) / CHARS_PER_TOKEN)
    return calls, tokens_in, Range(least, likely * again[1], limit * again[2])


def _mean(sampled: Sequence[int], turns: int) -> tuple[float, float]:
    """Return the mean per turn, and how far (95 %) the sum over all turns of another run may be from it."""
    values = np.array(sampled, dtype=np.float64)
    sd = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return float(values.mean()), 1.96 * sd * math.sqrt(turns + turns**2 / len(values))


def _price_used(label: str, scenario: Scenario) -> PriceUsed:
    spec = scenario.models[label]
    embedded = spec.base_url == EMBEDDED
    local = embedded or Endpoint(label, spec.base_url).local
    prices = prices_of(spec.model, local, price_table(scenario.prices), embedded=embedded)
    source = price_source(spec.model, local, scenario.prices, embedded=embedded)
    return PriceUsed(label, spec.model, prices, source)
