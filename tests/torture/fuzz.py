"""Fuzz every parser: with Hypothesis, and guided by coverage where Atheris is installed."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.torture.targets import TARGETS, Target

SLOWEST_S: Final = 10.0
"""A case that takes longer counts as a hang."""
STRUCTURED: Final = 0.01
"""Share of the cases that Hypothesis draws beside the guided ones."""
_DONE: Final = re.compile(r"Done (\d+) runs in (\d+) second")
_COVER: Final = re.compile(r"cov: (\d+)")


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Return well-formed inputs, with pieces of grammar, noise and cuts worked into them, or noise alone."""
    edit = st.tuples(
        st.floats(0, 1), st.integers(0, 12), st.sampled_from(target.words) | st.binary(max_size=6)
    )
    edited = st.builds(_edited, st.sampled_from(target.seeds), st.lists(edit, max_size=6))
    woven = st.lists(st.sampled_from(target.words) | st.binary(max_size=3), max_size=40).map(b"".join)
    deep = st.tuples(st.sampled_from(target.words), st.integers(1, 3000)).map(lambda pair: pair[0] * pair[1])
    return edited | woven | deep | st.binary(max_size=200)


def _edited(data: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    for place, gone, put in edits:
        at = int(place * len(data))
        data = data[:at] + put + data[at + gone :]
    return data


def drawn(target: Target, cases: int, root: int, until_s: float = float("inf")) -> int:
    """Check so many inputs that Hypothesis draws, at most until a moment; return how many it were."""
    count = 0

    @seed(root)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=(
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ),
    )
    @given(inputs(target))
    def run(data: bytes) -> None:
        nonlocal count
        if time.monotonic() > until_s:
            return
        count += 1
        timed(target.check)(data)

    run()
    return count


def timed(check: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Return a check that fails for a case that hangs."""

    def limited(data: bytes) -> None:
        began = time.monotonic()
        check(data)
        assert time.monotonic() - began < SLOWEST_S, "it hangs"

    return limited


def guided(name: str, cases: int, minutes: float, root: int) -> dict[str, Any]:
    """Run the coverage-guided fuzzer on one target and return its figures."""
    with TemporaryDirectory() as place:
        folder = Path(place) / "corpus"
        folder.mkdir()
        options = [f"-runs={cases}", f"-max_total_time={int(60 * minutes)}", f"-seed={root}", "-max_len=4096"]
        options += [f"-timeout={int(SLOWEST_S)}", "-rss_limit_mb=2048", f"-artifact_prefix={place}/"]
        done = subprocess.run(
            [sys.executable, "-m", "tests.torture.guided", name, str(folder), *options],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        found = _DONE.findall(done.stderr)
        cover = _COVER.findall(done.stderr)
        return {
            "guided": int(found[-1][0]) if found else 0,
            "covered": int(cover[-1]) if cover else 0,
            "corpus": len(list(folder.iterdir())),
            "fault": "" if done.returncode == 0 else done.stderr[-3000:],
        }


def play(cases: int, minutes: float, root: int, only: str | None = None) -> dict[str, dict[str, Any]]:
    """Fuzz all targets, or one, each with so many cases or for so many minutes.

    Without Atheris every case is Hypothesis's own, and the figures say so.
    """
    atheris = importlib.util.find_spec("atheris") is not None
    came: dict[str, dict[str, Any]] = {}
    for name in [only] if only else TARGETS:
        faults: list[str] = []
        figures: dict[str, Any] = {}
        share = STRUCTURED if atheris else 1.0
        try:
            until_s = time.monotonic() + 60 * minutes
            figures["drawn"] = drawn(TARGETS[name], max(100, int(cases * share)), root, until_s)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            faults.append(repr(error))
        if atheris:
            figures |= guided(name, cases, minutes, root)
            faults += filter(None, [figures.pop("fault")])
        came[name] = {**figures, "coverage_guided": atheris, "faults": faults}
        sys.stderr.write(json.dumps({name: came[name]}) + "\n")
    return came
