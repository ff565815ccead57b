"""The scenario: everything that decides what a run does, and, apart from it, how its models are reached.

Frozen, and it refuses unknown keys. `Scenario.meaning` is what is hashed, stored and compared on resume;
`Scenario.models`, `prices`, `ceilings` and `engine` hold addresses, limits and money, which change nothing.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from moltarium.agents.prompts.treatments import STRONGEST, TREATMENTS

BESIDE_MEANING: Final = ("prices", "ceilings", "engine")
"""Sections that change nothing in the result."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _duration(value: object) -> object:
    if isinstance(value, str) and value[-1:] in _UNITS:
        try:
            return timedelta(seconds=float(value[:-1]) * _UNITS[value[-1]])
        except (ValueError, OverflowError):
            return value
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration, json_schema_input_type=str)]
"""``"90s"``, ``"15m"``, ``"4h"`` or ``"2d"``."""

Share = Annotated[float, Field(ge=0, le=1)]


class Spec(BaseModel):
    """Base of every section: frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class ClockSpec(Spec):
    """The time axis."""

    start: AwareDatetime | None = None
    """First moment, with time zone; default: where a snapshot leaves off, else 2026-01-28 00:00 UTC."""
    tick: Duration = timedelta(minutes=15)
    """Length of one step; keep it short against the heartbeat."""
    steps: Annotated[int, Field(ge=1)] = 96
    """How many steps to run."""


class ScheduleSpec(Spec):
    """When agents wake."""

    heartbeat: Duration = timedelta(hours=4)
    """Mean time between an agent's heartbeats (MoltBook advises 4 h and more)."""
    jitter: Share = 0.2
    """Spread of a heartbeat around its due time, as a share of the interval."""
    heavy_tailed: bool = True
    """Whether some agents wake far more often than others."""
    activity_exponent: Annotated[float, Field(gt=1)] = 2.5
    """Pareto exponent of activity over agents, if heavy-tailed."""
    circadian: Share = 0.0
    """Depth of the daily rhythm of waking: 0 none, 1 full silence at 04:00 UTC."""
    arrivals: Literal["all", "linear", "launch"] = "all"
    """All at the start, evenly over the run, or growing as at MoltBook's launch."""
    lifetime: Duration | None = None
    """Mean time until an agent falls silent for good; none if left out."""


class PersonalitySpec(Spec):
    """How Big Five traits are drawn: independent truncated normals on [0, 1]."""

    mean: tuple[Share, Share, Share, Share, Share] = (0.6, 0.55, 0.5, 0.6, 0.4)
    """Openness, conscientiousness, extraversion, agreeableness, neuroticism."""
    sd: Annotated[float, Field(ge=0, le=0.5)] = 0.15
    """Standard deviation of each."""


def _treatment(name: str) -> str:
    if name not in TREATMENTS:
        raise ValueError(f"no treatment is called {name!r}; there are {', '.join(TREATMENTS)}")
    return name


TreatmentName = Annotated[
    str, AfterValidator(_treatment), Field(json_schema_extra={"enum": list(TREATMENTS)})
]
"""A name of `moltarium.agents.prompts.treatments.TREATMENTS`."""


class GroupSpec(Spec):
    """A part of the population with one mind."""

    mind: str
    """``surrogate``, ``llm``, ``writer``, ``heart``, ``hef``, ``mimicry``, ``random``, ``scripted`` …"""
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of the population. Give this or `count`."""
    count: Annotated[int, Field(ge=1)] | None = None
    """Number of agents."""
    model: str = "default"
    """Label of the endpoint in [models] that the mind asks."""
    feeds: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=lambda: {"hot": 0.6, "new": 0.4})
    """Weights of the feeds an agent reads."""
    personality: PersonalitySpec | None = None
    """Overrides the population's."""
    parameters: dict[str, float | int | str | bool] = Field(default_factory=dict)
    """The mind's own named parameters."""
    treatment: TreatmentName | None = None
    """Emotional stimulus in the group's prompts; minds without a prompt are not moved by it."""
    dose: Annotated[int, Field(ge=1, le=STRONGEST)] = 1
    """Sentences of the treatment that are told."""
    withdraw_at: Annotated[int, Field(ge=1)] | None = None
    """First step at which the treatment is told no more; never, if left out."""

    @model_validator(mode="after")
    def _one_size(self) -> GroupSpec:
        if (self.share is None) == (self.count is None):
            raise ValueError("give either share or count")
        if self.withdraw_at is not None and self.treatment is None:
            raise ValueError("withdraw_at needs a treatment to withdraw")
        return self


class PopulationSpec(Spec):
    """Who lives here."""

    size: Annotated[int, Field(ge=1)] = 100
    """Number of agents."""
    groups: tuple[GroupSpec, ...] = (GroupSpec(mind="surrogate", share=1.0),)
    """Counts are taken first; shares divide the rest."""
    personality: PersonalitySpec = PersonalitySpec()
    """Traits of all groups that give none of their own."""
    interests_per_agent: Annotated[int, Field(ge=1, le=8)] = 3
    """Topics that an agent cares about."""


class PlatformSpec(Spec):
    """The site and its rules."""

    limits: Literal["launch", "february", "newcomer", "none"] = "launch"
    """Rate limits in force."""
    communities: dict[str, str] = Field(default_factory=lambda: {"general": "Anything and everything."})
    """Communities at the start: name to description."""
    feed_size: Annotated[int, Field(ge=1, le=100)] = 10
    """Posts shown per waking."""
    threads_opened: Annotated[int, Field(ge=0, le=20)] = 3
    """How many of them are opened to read comments."""
    comments_shown: Annotated[int, Field(ge=0, le=100)] = 5
    """Comments shown per opened thread."""
    moderation: bool = False
    """Whether community creators may remove content."""


class IndividualSpec(Spec):
    """How personality bends the dynamics (`moltarium.agents.emotion.Individual`); 0 switches a part off."""

    negative_reactivity: Share = 0.3
    """Neuroticism scales pushes of valence down."""
    positive_reactivity: Share = 0.3
    """Extraversion scales pushes of valence up."""
    inertia: Share = 0.3
    """Neuroticism scales the half-life."""
    susceptibility: Share = 0.0
    """Agreeableness scales the gain on every axis."""


class EmotionSpec(Spec):
    """How moods move."""

    dynamics: Literal["none", "first", "second", "learnt"] = "first"
    """First order (exponential), second order (momentum), learnt on human dialogue, or no mood at all."""
    convention: Literal["mehrabian", "peld"] = "mehrabian"
    """How Big Five set the temperament."""
    gain: Annotated[float, Field(ge=0, le=1)] = 0.35
    """Share of the way to the stimulus that one waking moves the mood."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.8
    """Second order only."""
    half_life: Duration = timedelta(hours=6)
    """Time in which half the distance to the temperament is lost."""
    individual: IndividualSpec = IndividualSpec()
    """What of this differs between personalities."""


class MemorySpec(Spec):
    """What an agent keeps."""

    capacity: Annotated[int, Field(ge=0, le=1000)] = 48
    """Memories kept per agent; the least important, oldest go first."""


class SeedFromSpec(Spec):
    """Begin from an imported snapshot."""

    record: Path
    """Path of the imported record, relative to the scenario file."""
    until: AwareDatetime | None = None
    """Take opening posts up to this moment; default: the snapshot's end."""
    agents: Annotated[int, Field(ge=0)] | None = None
    """How many of the snapshot's agents move in, most active first; default: as many as the population."""
    posts: Annotated[int, Field(ge=0)] = 200
    """At most this many opening posts, the latest, with their comments."""


class ModelSpec(Spec):
    """An endpoint: any OpenAI-compatible server, or the embedded model."""

    base_url: str = "embedded"
    """``embedded``, or a URL ending in /v1."""
    model: str | None = None
    """Model name; default: the first that the endpoint lists."""
    api_key_env: Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]{0,63}$")] = "OPENAI_API_KEY"
    """Environment variable that holds the key. Keys never stand in scenario files."""
    api_key_file: Path | None = None
    """File that holds the key, in place of the variable; ``~`` is the home folder."""
    structured: Literal["auto", "json_schema", "tool", "json"] = "auto"
    """How schema-bound answers are asked for; auto tries them in this order."""
    deadline: Duration = timedelta(seconds=60)
    """Longest time for one attempt at a call; at least 300 s where the embedded model answers."""
    patience: Duration = timedelta(seconds=120)
    """Longest wait that the endpoint may ask for; where it asks for more, the run is saved and stops."""
    concurrency: Annotated[int, Field(ge=1, le=4096)] = 16
    """Calls in flight at most: the ceiling of what adapts to 429s."""
    concurrency_start: Annotated[int, Field(ge=1)] | None = None
    """Calls in flight at first; default: the ceiling."""
    concurrency_floor: Annotated[int, Field(ge=1)] = 1
    """Calls in flight that 429s can't push the limit below."""
    requests_per_min: Annotated[float, Field(gt=0)] | None = None
    """Requests per minute at most."""
    tokens_per_min: Annotated[float, Field(gt=0)] | None = None
    """Tokens of prompts and answers per minute at most."""
    retries: Annotated[int, Field(ge=0, le=20)] = 4
    """Further attempts after a call that failed in transport."""


class PriceSpec(Spec):
    """What a model costs, in US dollars per million tokens."""

    input: Annotated[float, Field(ge=0)]
    """Prompt tokens."""
    cached: Annotated[float, Field(ge=0)] | None = None
    """Prompt tokens from the endpoint's prefix cache; default: like any other."""
    output: Annotated[float, Field(ge=0)]
    """Tokens of the answer."""


class CeilingsSpec(Spec):
    """What a run may use at most, over all its sessions; it is saved and stops when it reaches one."""

    budget_usd: Annotated[float, Field(gt=0)] | None = None
    """US dollars, by the price table."""
    max_tokens: Annotated[int, Field(gt=0)] | None = None
    """Tokens of prompts and answers."""
    max_wall: Duration | None = None
    """Time on the wall."""


class EngineSpec(Spec):
    """What changes nothing in the result."""

    checkpoint_every: Annotated[int, Field(ge=1)] = 1
    """Steps between checkpoints (bounds what a power cut takes); without a model at most one a second."""


class Scenario(Spec):
    """A society and what happens to it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """Short name."""
    title: str = ""
    """What a person reads."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Root of every random stream."""
    synthetic_source: bool = False
    """True if its output is to serve as a synthetic snapshot."""
    clock: ClockSpec = ClockSpec()
    schedule: ScheduleSpec = ScheduleSpec()
    population: PopulationSpec = PopulationSpec()
    platform: PlatformSpec = PlatformSpec()
    emotion: EmotionSpec = EmotionSpec()
    memory: MemorySpec = MemorySpec()
    seed_from: SeedFromSpec | None = None
    models: dict[str, ModelSpec] = Field(default_factory=lambda: {"default": ModelSpec()})
    """Endpoints by label."""
    prices: dict[str, PriceSpec] = Field(default_factory=dict)
    """Prices by model name; they win over the shipped table."""
    ceilings: CeilingsSpec = CeilingsSpec()
    engine: EngineSpec = EngineSpec()

    def meaning(self) -> dict[str, Any]:
        """Return what decides the result: all but addresses, limits, money and file paths."""
        kept = self.model_dump(mode="json", exclude=dict.fromkeys(("models", *BESIDE_MEANING), True))
        kept["models"] = {label: spec.model for label, spec in sorted(self.models.items())}
        if kept["seed_from"] is not None:
            del kept["seed_from"]["record"]
        return kept
