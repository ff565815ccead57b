"""Power cuts and clocks: what a checkpoint has made safe stays, and no wall clock reaches a result."""

from __future__ import annotations

import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from moltarium.agents.interface import Reply
from moltarium.scenarios.load import load
from moltarium.scenarios.run import resume_run, start_run
from moltarium.sim.llm.replies import ReplyStore
from moltarium.sim.record.schema import Agent, Run
from moltarium.sim.record.store import RunReader
from moltarium.sim.record.writer import RunWriter
from tests.torture.simulator import _world
from tests.torture.society import quiet

STEPS, SAFE = 12, 5


def torn(folder: Path, copy: Path, draw: random.Random) -> None:
    """Copy what a power cut might leave: the files with the log's tail lost, or overwritten with noise."""
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("writer.lock"))
    for log in copy.glob("*-wal"):
        data = log.read_bytes()
        cut = draw.randint(0, len(data))
        tail = b"" if draw.random() < 0.5 else draw.randbytes(len(data) - cut)
        log.write_bytes(data[:cut] + tail)
    for shared in copy.glob("*-shm"):
        shared.unlink()


def run_row() -> Run:
    """Return some run's row."""
    return _world()[1]


def test_a_torn_log_takes_a_tail_and_never_a_checkpoint(tmp_path: Path) -> None:
    draw = random.Random(8)
    with RunWriter.create(tmp_path / "run", run_row()) as writer:
        for step in range(STEPS):
            writer.append([Agent(step, step, step, f"a{step}", f"h{step}", "x" * 900, None)])
            writer.commit(step=step)
            if step == SAFE:
                writer.checkpoint()
                (tmp_path / "safe").mkdir()
        left = set()
        for trial in range(25):
            copy = tmp_path / f"copy-{trial}"
            torn(tmp_path / "run", copy, draw)
            with RunWriter.resume(copy), RunReader(copy) as record:
                record.verify()
                last = record.last_step()
                assert last is not None
                assert SAFE <= last < STEPS
                assert [row.seq for row in record.rows(Agent)] == list(range(last + 1)), "a prefix, no holes"
                left.add(last)
    assert len(left) > 2, "the cuts did take something"


def test_a_torn_reply_log_keeps_whole_replies_only(tmp_path: Path) -> None:
    draw = random.Random(9)
    (tmp_path / "run").mkdir()
    with ReplyStore(tmp_path / "run" / "replies.sqlite") as replies:
        for number in range(20):
            replies.put(f"{number:064x}", "{}", Reply(f"text {number} " + "y" * 700, "stop", "m"))
        kept = set()
        for trial in range(25):
            copy = tmp_path / f"copy-{trial}"
            torn(tmp_path / "run", copy, draw)
            with ReplyStore(copy / "replies.sqlite") as after:
                count = after.count()
                found = [after.get(f"{number:064x}") for number in range(20)]
            assert [reply is not None for reply in found] == [number < count for number in range(20)]
            assert all(r is None or r.text.startswith(f"text {n} ") for n, r in enumerate(found))
            kept.add(count)
    assert len(kept) > 2


CROWD = """\
name = "crowd"
seed = 4
[clock]
tick = "30m"
steps = 8
start = 2026-03-29T00:30:00+01:00
[population]
size = 20
"""


def test_neither_a_clock_jump_nor_daylight_saving_reaches_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crowd.toml").write_text(CROWD)
    plain = start_run(load(str(tmp_path / "crowd.toml")), tmp_path / "plain", watch=quiet)
    draw = random.Random(1)
    monkeypatch.setattr(time, "time", lambda: draw.uniform(-1e9, 4e9))
    monkeypatch.setattr(time, "time_ns", lambda: draw.randint(0, 4 * 10**18))
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        jumped = start_run(load(str(tmp_path / "crowd.toml")), tmp_path / "jumped", watch=quiet)
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert jumped.digest == plain.digest


CAPPED = """
import resource, sys
from pathlib import Path
from moltarium.scenarios.load import load
from moltarium.scenarios.run import resume_run, start_run

def cap(now):
    if now.step == 2:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() // 2
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

start_run(load(sys.argv[1]), Path(sys.argv[2]), watch=cap)
"""


@pytest.fixture(scope="module")
def ten_thousand(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A scenario of 10,000 agents, and the digest of its undisturbed run."""
    crowd = CROWD.replace("size = 20", "size = 10000").replace("steps = 8", "steps = 6")
    crowd += '[[population.groups]]\nmind = "random"\nshare = 1.0\n[emotion]\ndynamics = "none"\n'
    folder = tmp_path_factory.mktemp("ten-thousand")
    (folder / "crowd.toml").write_text(crowd)
    return folder / "crowd.toml", start_run(
        load(str(folder / "crowd.toml")), folder / "whole", watch=quiet
    ).digest


def test_ten_thousand_agents_out_of_memory_can_be_resumed(
    tmp_path: Path, ten_thousand: tuple[Path, str]
) -> None:
    """A process that reaches its memory's cap in mid-run dies; what it committed goes on elsewhere."""
    crowd, digest = ten_thousand
    command = [sys.executable, "-c", CAPPED, str(crowd), str(tmp_path / "capped")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0, "the cap was reached"
    with RunReader(tmp_path / "capped") as record:
        record.verify()
        assert record.last_step() in range(2, 6)
    assert resume_run(tmp_path / "capped", watch=quiet).digest == digest


def test_a_run_that_its_memory_cgroup_kills_can_be_resumed(
    tmp_path: Path, ten_thousand: tuple[Path, str]
) -> None:
    """A cgroup's cap ends in SIGKILL by the kernel, at whatever instant; here by resident size likewise."""
    crowd, digest = ten_thousand
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "moltarium.scenarios", "run", str(crowd), "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not (out / "run.log").exists():
        assert process.poll() is None
        time.sleep(0.01)
    cap = _resident(process.pid) + 2 * 2**20
    while process.poll() is None:
        if _resident(process.pid) > cap:
            process.kill()
        time.sleep(0.001)
    assert process.returncode == -signal.SIGKILL, "the cap was reached"
    assert resume_run(out, watch=quiet).digest == digest


def _resident(pid: int) -> int:
    """Return a process's resident memory in bytes; 0 once it is gone."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * resource.getpagesize()


HALFWAY = """
import os, signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode = DELETE")
database.execute("PRAGMA cache_size = 1")
database.execute("BEGIN IMMEDIATE")
database.execute("UPDATE agent SET bio = 'torn'")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_death_while_the_record_was_put_to_rest_is_undone_by_the_next_reader(tmp_path: Path) -> None:
    """A closing writer turns its log off; killed in the midst of it, it leaves a journal to roll back."""
    with RunWriter.create(tmp_path / "run", run_row()) as writer:
        writer.append(
            [Agent(step, step, step, f"a{step}", f"h{step}", "x" * 3000, None) for step in range(40)]
        )
        writer.commit(step=1)
    subprocess.run([sys.executable, "-c", HALFWAY, str(tmp_path / "run" / "record.sqlite")], check=False)
    assert (tmp_path / "run" / "record.sqlite-journal").stat().st_size > 0, "a journal was left"
    with RunReader(tmp_path / "run") as record:
        assert record.count(Agent) == 40
        assert not any(row.bio == "torn" for row in record.rows(Agent))
        record.verify()
    with RunWriter.resume(tmp_path / "run") as writer:
        assert writer.run == run_row()
