"""`kill -9` at random moments and around commits, at small size (see `make torture` for the full one)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_a_killed_run_resumes_to_the_same_digest_and_pays_for_nothing_twice() -> None:
    """In a process of its own, because it forks: a test runner has threads."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.torture", "kills", "--kills", "10", "--boundaries", "6", "--seed", "3"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["random"]["kills"] >= 10
    assert told["boundary"]["boundaries"] == 6
