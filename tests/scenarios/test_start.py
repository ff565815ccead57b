"""A command starts fast: what it does not use, it does not load."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("numpy", "scipy", "pandas", "pydantic", "networkx", "mesa", "numba", "openai", "rich")


def test_the_command_line_loads_nothing_heavy_before_a_command_asks_for_it() -> None:
    program = f"import sys, moltarium.scenarios.cli; print([n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
