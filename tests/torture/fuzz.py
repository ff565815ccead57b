"""Fuzz every parser: with Hypothesis, and guided by coverage where Atheris is installed."""

from __future__ import annotations

import importlib.util
import json
import re
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.torture.targets import TARGETS, Target

SLOWEST_S: Final = 5.0
"""A case that takes longer counts as a hang: in processor time, for a busy machine is none."""
PATIENCE_S: Final = 60
"""The same for the guided fuzzer, whose clock is the one on the wall."""
PUMPED_BYTES: Final = 50_000
"""Length of an input that says one thing again and again."""
TOGETHER: Final = 32
"""Cases made of one example of Hypothesis, whose own work takes a hundred times that of a parser."""
SCRIPT: Final = 50
"""Bytes that say how one case is made."""
BATCH: Final = 2_000
"""Examples that Hypothesis draws in one go: it remembers them all, and a million cases need gigabytes."""
_DONE: Final = re.compile(r"Done (\d+) runs in (\d+) second")
_COVER: Final = re.compile(r"cov: (\d+)")


def inputs(target: Target) -> st.SearchStrategy[list[bytes]]:
    """Return well-formed inputs, with pieces of grammar, noise and cuts worked into them, or noise alone.

    All of an example is one string of bytes: to draw each choice by itself takes most of the time there is.
    """
    size = TOGETHER * SCRIPT
    return st.binary(min_size=size, max_size=size).map(
        lambda script: [_made(target, script[at : at + SCRIPT]) for at in range(0, size, SCRIPT)]
    )


def _made(target: Target, script: bytes) -> bytes:
    """Make one case: the first byte says which way and, in the last, from which seed; the second how long."""
    way, long, rest = script[0], script[1] % (SCRIPT - 5) + 4, script[2:]
    if way < 8:
        return target.words[long % len(target.words)] * (rest[0] * rest[1] % 3000 + 1)
    if way < 24:
        return rest[:long]
    if way < 112:
        return _woven(target.words, rest[:long])
    # Half of them from the first seed: others may be beyond measure.
    seed = target.seeds[0 if way % 2 else way // 2 % len(target.seeds)]
    return _edited(target.words, seed, rest[:long])


def _edited(words: Sequence[bytes], data: bytes, script: bytes) -> bytes:
    """Cut and put so often as there are four bytes: where (two), how much goes, what comes."""
    for high, low, gone, come in zip(*(iter(script),) * 4, strict=False):
        at = (high << 8 | low) * (len(data) + 1) >> 16
        put = words[come % len(words)] if come % 4 else bytes([low])
        data = data[:at] + put + data[at + gone % 13 :]
    return data


def _woven(words: Sequence[bytes], script: bytes) -> bytes:
    """Put a piece of grammar, or now and then any byte, for each byte."""
    return b"".join(words[byte % len(words)] if byte % 4 else bytes([byte]) for byte in script)


def pumped(target: Target) -> Iterator[bytes]:
    """Return inputs that repeat one piece of the grammar beyond measure, within and without another."""
    pieces = dict.fromkeys((*target.words, b"\n", b" ", b"a", b"a."))
    for before, again in product((b"", b"a", b"```\n", *target.words[:6]), pieces):
        middle = before + again * (PUMPED_BYTES // len(again))
        yield from (middle, middle + b"a", middle + b" = 1", middle + target.words[0])


def drawn(target: Target, cases: int, root: int, until_s: float = float("inf")) -> int:
    """Check at least so many drawn inputs, at most until a moment; return how many it were."""
    count = batch = 0
    while count < cases and time.monotonic() < until_s:
        examples = min(BATCH, -(-(cases - count) // TOGETHER))
        count += _batch(target, examples, root + 1000 * batch, until_s)
        batch += 1
    return count


def _batch(target: Target, examples: int, root: int, until_s: float) -> int:
    count = 0
    check = timed(target.check)

    @seed(root)
    @settings(
        max_examples=examples,
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
    def run(cases: list[bytes]) -> None:
        nonlocal count
        for data in cases if time.monotonic() < until_s else ():
            count += 1
            try:
                check(data)
            except BaseException as error:
                error.add_note(f"given {data!r}")
                raise

    run()
    return count


def timed(check: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Return a check that fails for a case that hangs."""

    def hangs(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"it hangs: no end after {SLOWEST_S:g} s")

    def limited(data: bytes) -> None:
        before = signal.signal(signal.SIGPROF, hangs)
        signal.setitimer(signal.ITIMER_PROF, SLOWEST_S, SLOWEST_S)
        try:
            check(data)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    return limited


def guided(name: str, cases: int, root: int, until_s: float) -> dict[str, Any]:
    """Run the coverage-guided fuzzer on one target and return its figures."""
    with TemporaryDirectory() as place:
        folder = Path(place) / "corpus"
        folder.mkdir()
        left_s = max(1, int(until_s - time.monotonic()))
        options = [f"-runs={cases}", f"-max_total_time={left_s}", f"-seed={root}", "-max_len=4096"]
        options += [f"-timeout={PATIENCE_S}", "-rss_limit_mb=2048", f"-artifact_prefix={place}/"]
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
            "cases": int(found[-1][0]) if found else 0,
            "covered": int(cover[-1]) if cover else 0,
            "corpus": len(list(folder.iterdir())),
            "faults": [] if done.returncode == 0 else [done.stderr[-3000:]],
        }


def _drawn(name: str, cases: int, root: int, until_s: float) -> dict[str, Any]:
    try:
        return {"cases": drawn(TARGETS[name], cases, root, until_s), "faults": []}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        return {"cases": 0, "faults": ["".join(traceback.format_exception(error))[-3000:]]}


WAYS: Final = {"drawn": _drawn, "guided": guided}


def play(cases: int, minutes: float, root: int, only: str | None = None) -> dict[str, dict[str, Any]]:
    """Fuzz all targets, or one, in each way with so many cases; a processor each, side by side.

    A way that is not through with its cases after so many minutes counts as a fault: a million must not
    become less in silence. Without Atheris all cases are drawn, and the figures say so by what they lack.
    """
    ways = list(WAYS) if importlib.util.find_spec("atheris") is not None else ["drawn"]
    came: dict[str, dict[str, Any]] = {name: {} for name in ([only] if only else TARGETS)}
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        jobs = {
            pool.submit(_timed_way, way, name, cases, minutes, root): (name, way)
            for name in came
            for way in ways
        }
        for job in as_completed(jobs):
            name, way = jobs[job]
            figures = came[name][way] = job.result()
            if figures["cases"] < cases and not figures["faults"]:
                figures["faults"] = [f"only {figures['cases']} cases in {minutes:g} minutes"]
            sys.stderr.write(json.dumps({name: {way: figures}}) + "\n")
    return came


def _timed_way(way: str, name: str, cases: int, minutes: float, root: int) -> dict[str, Any]:
    began = time.monotonic()
    figures = WAYS[way](name, cases, root, began + 60 * minutes)
    return {**figures, "seconds": round(time.monotonic() - began)}
