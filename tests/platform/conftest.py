"""A small site with five residents and one community."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moltarium.sim.limits import PROFILES
from tests.platform.site import Site


@pytest.fixture
def site() -> Site:
    """Ada founded `general`; moderation is on; nothing is limited."""
    made = Site(replace(PROFILES["none"], moderation=True))
    made.settle("Ada", "Bob", "Cyd", "Dan", "Eve")
    made.found("general", "ada")
    return made
