"""The part of Mesa 3 that we use; Mesa ships no types."""

from random import Random

import numpy as np

from mesa.agent import Agent as Agent
from mesa.agent import AgentSet

class Model:
    steps: int
    running: bool
    random: Random
    rng: np.random.Generator
    def __init__(self, *, seed: int | None = ...) -> None: ...
    def step(self) -> None: ...
    @property
    def agents(self) -> AgentSet[Agent]: ...
