"""When agents come into being, wake, and fall silent: pure functions of (seed, step).

Agent i wakes ``w_i`` times as often as the mean, so its interval is ``heartbeat / w_i``, and its beat j is
due at ``(phase_i + j + e_ij) · interval``: phases are staggered over agents, and the jitter ``e_ij`` spreads
each beat around its due time without letting the rhythm drift. Nothing is simulated forward: whether an agent
is due in a step is computed from the step, so a resumed run needs no state and a sleeping agent costs nothing
but its share of a few vector operations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Final

import numpy as np

from moltarium.sim.clock import MICROSECOND, Clock
from moltarium.sim.columns import Ints
from moltarium.sim.lattice import Floats, Words, mix, uniforms
from moltarium.sim.streams import Purpose, stream

LAUNCH_EXPONENT: Final = 5.0
"""Exponent a of N(t) ∝ t^a in the launch arrivals.

Growth per half hour falls as γ(t) ∝ 1/t (De Marzo and Garcia, arXiv:2602.09270), which is the growth of a
power of time: N(t+Δ)/N(t) − 1 ≈ a·Δ/t. The exponent is ours: first appearances in a sample of 1,008 authors
from the first 66 hours give 5.2 from hour 24 on.
"""

QUIET_HOUR: Final = 4
"""Hour (UTC) at which the daily rhythm has its trough."""

GOLDEN: Final = (math.sqrt(5) - 1) / 2
"""Step of the Weyl sequence that staggers phases: any run of it fills [0, 1) evenly."""

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """The waking of a whole society; build it by `Schedule.draw`.

    Arrays have one entry per agent; times are in steps since step 0.
    """

    rate: Floats
    """Mean wakings per step, at most `1 / (1 + circadian)`."""
    phase: Floats
    """Share of an interval, in [0, 1)."""
    spread: Floats
    """Width of the jitter as a share of the interval."""
    keys: Words
    """Address of each agent's jitter."""
    arrival: Floats
    """When the agent comes into being; 0 is the opening."""
    departure: Floats
    """When it falls silent for good; infinite if never."""
    arrival_us: Ints
    """`arrival` in microseconds since 1970 UTC."""
    circadian: float
    steps_per_day: float
    day_offset: float
    """Steps from the last trough of the daily rhythm to step 0."""

    @classmethod
    def draw(
        cls,
        seed: int,
        n: int,
        clock: Clock,
        *,
        heartbeat: timedelta,
        jitter: float,
        heavy_tailed: bool,
        activity_exponent: float,
        circadian: float,
        arrivals: str,
        lifetime: timedelta | None,
        steps: int,
    ) -> Schedule:
        """Draw the schedule of `n` agents.

        Parameters
        ----------
        seed
            The run's seed.
        n
            Number of agents.
        clock
            The time axis. Where the tick is longer than the heartbeat, everybody wakes in every tick.
        heartbeat
            Mean time between wakings over all agents.
        jitter
            Spread of a waking around its due time, 0 to 1, as a share of the interval. It shrinks for agents
            that wake in almost every tick, so that two wakings never fall into one tick.
        heavy_tailed
            Whether activity over agents is Pareto-distributed, else all are alike.
        activity_exponent
            Exponent α > 1 of its density, p(w) ∝ w^−α.
        circadian
            Depth of the daily rhythm: 0 none, 1 silence at `QUIET_HOUR` and twice the mean 12 hours later.
        arrivals
            ``"all"`` at step 0, ``"linear"`` over steps 1 to `steps`, or ``"launch"``: N(t) ∝ t^a.
        lifetime
            Mean of an exponential time from arrival to silence; ``None``: they stay.
        steps
            Steps of the run, over which agents arrive.
        """
        rng = stream(seed, Purpose.SCHEDULE)
        rate = _rates(rng, n, clock.tick / heartbeat, 1 / (1 + circadian), heavy_tailed, activity_exponent)
        arrival = _arrivals(rng, n, arrivals, steps)
        departure = np.full(n, np.inf)
        if lifetime is not None:
            departure = arrival + rng.exponential(lifetime / clock.tick, n)
        trough = clock.start.astimezone(UTC).replace(hour=QUIET_HOUR, minute=0, second=0, microsecond=0)
        tick_us = clock.tick // MICROSECOND
        return cls(
            rate=rate,
            phase=_phases(rng, rate),
            spread=jitter * (1 - rate * (1 + circadian)),
            keys=mix(stream(seed, Purpose.WAKE).integers(2**64, size=n, dtype=np.uint64)),
            arrival=arrival,
            departure=departure,
            arrival_us=clock.us(0) + np.floor(arrival * tick_us).astype(np.int64),
            circadian=circadian,
            steps_per_day=DAY / clock.tick,
            day_offset=(clock.start - trough) / clock.tick,
        )

    def arriving(self, step: int) -> Ints:
        """Return the indices of the agents that come into being at `step`, in order of arrival."""
        come = np.flatnonzero((self.arrival >= step) & (self.arrival < step + 1))
        return come[np.argsort(self.arrival[come], kind="stable")]

    def awake(self, step: int) -> Ints:
        """Return the sorted indices of the agents that wake at `step`; none at step 0, the opening.

        With x the beats that agent i's rhythm has made by the end of the step, the only beat that can fall
        into the step is the last whole number below ``x + spread/2``, because a beat can fall into a stretch
        of ``rate·ΔΛ + spread`` beats, and that is never more than one.
        """
        if step < 1:
            return np.empty(0, dtype=np.int64)
        begin, end = self.rhythm(step), self.rhythm(step + 1)
        width = end - begin
        high = self.rate * end
        high -= self.phase
        high += self.spread / 2
        beat = np.ceil(high)
        beat -= 1
        high -= beat
        some = np.flatnonzero((high < self.rate * width + self.spread) & (self.arrival < step + 1))
        drawn = uniforms(self.keys[some], beat[some].astype(np.int64))
        before_end = high[some] - self.spread[some] * drawn
        due = (before_end > 0) & (before_end <= self.rate[some] * width) & (self.departure[some] > step)
        return some[due]

    def rhythm(self, step: float) -> float:
        """Return Λ(step) = ∫ λ, the time of the agents' inner clock, in steps.

        λ(t) = 1 − circadian · cos(2π (t − trough) / day) has mean 1, so that the daily rhythm moves wakings
        within a day without changing how many there are.
        """
        turn = 2 * math.pi / self.steps_per_day
        offset = self.day_offset * turn
        swing = math.sin(step * turn + offset) - math.sin(offset)
        return step - self.circadian * swing / turn


def _rates(
    rng: np.random.Generator, n: int, mean: float, cap: float, heavy_tailed: bool, exponent: float
) -> Floats:
    """Return wakings per step with the given mean, none above `cap` (all at `cap` if the mean is not below).

    Capped agents would lower the mean, so the others are scaled up until it is met exactly.
    """
    if mean >= cap:
        return np.full(n, cap)
    if not heavy_tailed:
        return np.full(n, mean)
    weight = (1 - rng.random(n)) ** (-1 / (exponent - 1))
    low, high = 0.0, cap / float(weight.min())
    for _ in range(200):
        scale = (low + high) / 2
        if np.minimum(scale * weight, cap).mean() < mean:
            low = scale
        else:
            high = scale
    return np.minimum(high * weight, cap)


def _phases(rng: np.random.Generator, rate: Floats) -> Floats:
    """Return phases that are evenly spread among agents of like rate."""
    order = rng.permutation(len(rate))
    order = order[np.argsort(rate[order], kind="stable")]
    phase = np.empty(len(rate))
    phase[order] = (rng.random() + GOLDEN * np.arange(len(rate))) % 1
    return phase


def _arrivals(rng: np.random.Generator, n: int, arrivals: str, steps: int) -> Floats:
    """Return when agents come into being, in steps, in an order that has nothing to do with their index."""
    if arrivals == "all":
        return np.zeros(n)
    exponents = {"linear": 1.0, "launch": LAUNCH_EXPONENT}
    if arrivals not in exponents:
        raise ValueError(f"unknown arrivals {arrivals!r}: all, linear or launch")
    share = (rng.permutation(n) + 0.5) / n
    return 1 + steps * share ** (1 / exponents[arrivals])
