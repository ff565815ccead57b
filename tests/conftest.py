"""What holds for every test: no test is timed, and every run of the suite draws the same cases.

A busy machine would fail a timed test, and a case never drawn before would fail a change that has nothing to
do with it. New cases are drawn where they are looked for: `pytest --hypothesis-profile=search`.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Nor may how long drawing takes fail a test: a busy machine is no fault.
_UNTIMED = [HealthCheck.too_slow]
settings.register_profile("same", deadline=None, derandomize=True, suppress_health_check=_UNTIMED)
settings.register_profile("search", deadline=None, max_examples=2_000, suppress_health_check=_UNTIMED)
settings.load_profile("same")
