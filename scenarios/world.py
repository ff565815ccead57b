"""From a scenario, and the snapshot it may begin from, to the setting of a society."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from moltarium.agents.dynamics import emotion_model
from moltarium.agents.emotion import Individual
from moltarium.agents.interface import BigFive, Persona
from moltarium.agents.personas import draw_personas, interests_from_text
from moltarium.agents.prompts.treatments import Arm
from moltarium.scenarios.minds import ASKING, make_mind
from moltarium.scenarios.spec import GroupSpec, PersonalitySpec, Scenario
from moltarium.sim.clock import Clock, from_us, to_us
from moltarium.sim.limits import PROFILES, Limits
from moltarium.sim.record import schema
from moltarium.sim.record.coverage import coverage_of
from moltarium.sim.record.errors import ScenarioError
from moltarium.sim.record.opening import Opening, seed_rows
from moltarium.sim.record.store import RunReader
from moltarium.sim.record.view import Record
from moltarium.sim.schedule import Schedule
from moltarium.sim.setting import Member, Setting, Window
from moltarium.sim.streams import Purpose, stream

DEFAULT_START = datetime.fromisoformat("2026-01-28T00:00:00+00:00")


@dataclasses.dataclass(frozen=True, slots=True)
class World:
    """A setting, and what the record says of where it came from."""

    setting: Setting
    source_sha256: str | None
    """Digest of the snapshot that seeded it."""
    synthetic: bool
    """True if that snapshot was synthetic."""


def build_world(scenario: Scenario) -> World:
    """Return the society that `scenario` describes.

    Raises
    ------
    ScenarioError
        If its groups do not fit its population, or its snapshot can't be read.
    RecordError
        If the snapshot is not a record.
    """
    if scenario.seed_from is None:
        return World(_setting(scenario, None, DEFAULT_START), None, False)
    with RunReader(scenario.seed_from.record) as snapshot:
        until = scenario.seed_from.until
        chosen = scenario.seed_from.agents
        opening = seed_rows(
            snapshot,
            until=until,
            posts=scenario.seed_from.posts,
            agents=scenario.population.size if chosen is None else min(chosen, scenario.population.size),
        )
        end = max((row.t for row in opening.rows), default=to_us(DEFAULT_START))
        return World(
            _setting(scenario, opening, from_us(end) if until is None else until),
            snapshot.digest(),
            is_synthetic(snapshot),
        )


def is_synthetic(record: Record) -> bool:
    """Whether a record's texts were written by a surrogate in place of the real site."""
    return coverage_of(record.run).synthetic


def _setting(scenario: Scenario, opening: Opening | None, default_start: datetime) -> Setting:
    clock = Clock(scenario.clock.start or default_start, scenario.clock.tick)
    schedule = Schedule.draw(
        scenario.seed,
        scenario.population.size,
        clock,
        heartbeat=scenario.schedule.heartbeat,
        jitter=scenario.schedule.jitter,
        heavy_tailed=scenario.schedule.heavy_tailed,
        activity_exponent=scenario.schedule.activity_exponent,
        circadian=scenario.schedule.circadian,
        arrivals=scenario.schedule.arrivals,
        lifetime=scenario.schedule.lifetime,
        steps=scenario.clock.steps,
    )
    hours = scenario.emotion.half_life.total_seconds() / 3600
    return Setting(
        seed=scenario.seed,
        clock=clock,
        schedule=schedule,
        members=_members(scenario, opening),
        limits=_limits(scenario),
        window=Window(
            feed_size=scenario.platform.feed_size,
            threads_opened=scenario.platform.threads_opened,
            comments_shown=scenario.platform.comments_shown,
        ),
        emotion=emotion_model(
            scenario.emotion.dynamics,
            gain=scenario.emotion.gain,
            momentum=scenario.emotion.momentum,
            half_life_h=hours,
            individual=Individual(**scenario.emotion.individual.model_dump()),
        ),
        moods=scenario.emotion.dynamics != "none",
        convention=scenario.emotion.convention,
        memory_capacity=scenario.memory.capacity,
        opening=_opening_rows(scenario, opening, to_us(clock.start)),
    )


def group_sizes(groups: Sequence[GroupSpec], size: int) -> list[int]:
    """Return how many agents each group gets: counts first, then the rest by share, largest remainder.

    Raises
    ------
    ScenarioError
        If counts exceed the population, or something is left that no share covers.
    """
    counted = sum(group.count or 0 for group in groups)
    rest = size - counted
    shares = np.array([group.share or 0.0 for group in groups])
    if rest < 0 or (rest > 0 and shares.sum() == 0):
        raise ScenarioError(
            f"groups count {counted} agents in a population of {size}",
            place="population.groups",
            remedy="set population.size to their sum, or give one group a share",
        )
    exact = rest * shares / shares.sum() if shares.sum() > 0 else np.zeros(len(groups))
    sizes = np.floor(exact).astype(int)
    for index in np.argsort(sizes - exact, kind="stable")[: rest - int(sizes.sum())]:
        sizes[index] += 1
    return [int(by_share) + (group.count or 0) for by_share, group in zip(sizes, groups, strict=True)]


def _members(scenario: Scenario, opening: Opening | None) -> tuple[Member, ...]:
    population = scenario.population
    rng = stream(scenario.seed, Purpose.POPULATION)
    groups = np.repeat(np.arange(len(population.groups)), group_sizes(population.groups, population.size))
    groups = rng.permutation(groups)
    personas = _personas(scenario, opening, rng)
    minds = [make_mind(group.mind, group.model, group.parameters) for group in population.groups]
    feeds = [_normalised(group.feeds) for group in population.groups]
    arms = [
        Arm(group.treatment, group.dose, group.withdraw_at) if group.treatment else None
        for group in population.groups
    ]
    living = () if opening is None else opening.living
    members = []
    for index, (persona, number) in enumerate(zip(personas, groups.tolist(), strict=True)):
        group = population.groups[number]
        if group.personality is not None:
            persona = dataclasses.replace(persona, traits=_redraw(group.personality, rng))
        agent_id = living[index] if index < len(living) else f"a{index + 1}"
        model = group.model if group.mind in ASKING else None
        members.append(
            Member(agent_id, persona, minds[number], minds[number].name, model, feeds[number], arms[number])
        )
    return tuple(members)


def _personas(scenario: Scenario, opening: Opening | None, rng: np.random.Generator) -> list[Persona]:
    population = scenario.population
    traits = population.personality
    drawn = draw_personas(
        rng,
        population.size,
        mean=traits.mean,
        sd=traits.sd,
        interests_per_agent=population.interests_per_agent,
    )
    if opening is None:
        return drawn
    accounts = {row.agent_id: row for row in opening.rows if isinstance(row, schema.Agent)}
    texts: dict[str, list[str]] = {}
    for row in opening.rows:
        if isinstance(row, schema.Post) and row.author is not None:
            texts.setdefault(row.author, []).append(f"{row.title} {row.body}")
    taken = {account.handle.casefold() for account in accounts.values()}
    adopted = []
    for index, persona in enumerate(drawn):
        if index < len(opening.living):
            account = accounts[opening.living[index]]
            own = texts.get(account.agent_id, [])
            interests = interests_from_text(account.bio, own, population.interests_per_agent)
            adopted.append(Persona(account.handle, account.bio, persona.traits, interests))
        else:
            clash = persona.handle.casefold() in taken
            adopted.append(
                dataclasses.replace(persona, handle=f"{persona.handle}_{index}") if clash else persona
            )
    return adopted


def _redraw(spec: PersonalitySpec, rng: np.random.Generator) -> BigFive:
    [persona] = draw_personas(rng, 1, mean=spec.mean, sd=spec.sd, interests_per_agent=1)
    return persona.traits


def _normalised(feeds: dict[str, float]) -> tuple[tuple[str, float], ...]:
    total = sum(feeds.values())
    return tuple((name, weight / total) for name, weight in sorted(feeds.items()))


def _limits(scenario: Scenario) -> Limits:
    limits = PROFILES[scenario.platform.limits].over(scenario.clock.tick)
    return dataclasses.replace(limits, moderation=scenario.platform.moderation)


def _opening_rows(scenario: Scenario, opening: Opening | None, start_us: int) -> tuple[schema.Event, ...]:
    brought = () if opening is None else opening.rows
    known = {row.community_id for row in brought if isinstance(row, schema.Community)}
    founded = [
        schema.Community(0, start_us, 0, name, name, text, None)
        for name, text in scenario.platform.communities.items()
        if name not in known
    ]
    return (*brought, *founded)
