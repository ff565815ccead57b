"""A small simulated record in which every text an agent can write is an attack on whoever reads it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moltarium.dashboards.source import Source
from moltarium.sim.record.coverage import Coverage
from moltarium.sim.record.schema import (
    SCHEMA_VERSION,
    Action,
    Agent,
    Appraisal,
    Blob,
    Comment,
    Community,
    Emotion,
    Follow,
    Intervention,
    LlmCall,
    Memory,
    Persona,
    Post,
    Rejection,
    Row,
    Run,
    Vote,
)
from moltarium.sim.record.writer import RunWriter

ATTACKS = (
    "<script>window.pwned=1</script>",
    '<img src="http://evil.invalid/x.png" onerror="window.pwned=1">',
    '"><svg onload=window.pwned=1>',
    "</script><script>window.pwned=1</script>",
    '<a href="javascript:window.pwned=1">click me</a>',
    "[click](javascript:window.pwned=1) ![x](http://evil.invalid/y.png)",
    "{{7*7}} ${7*7} %{customdata} <b>bold</b>",
    "half a pair \ud83d, a NUL \x00, turned \u202eround",
    "<iframe src=http://evil.invalid></iframe><style>@import 'http://evil.invalid/z.css'</style>",
    "'; DROP TABLE post; --",
)
"""What every visible field holds somewhere."""

WORDS = ("lobster", "reef", "token", "market", "python", "bug", "memory", "mirror", "love", "terrible")
AGENTS = 14
POSTS = 80
MINUTE = 60_000_000


def _authored(rng: np.random.Generator) -> Iterator[Row]:
    """Posts and comments with a tie of mood to text, and everything that led to them."""
    for post in range(POSTS):
        author, now = f"a{rng.integers(AGENTS)}", post * 10 * MINUTE
        attack = ATTACKS[post % len(ATTACKS)]
        words = " ".join(rng.choice(WORDS, 8))
        yield Post(
            0,
            now,
            post,
            f"p{post}",
            author,
            f"c{post % 2}",
            f"{attack} {words}",
            f"{words} {attack}",
            attack,
        )
        names = [f"p{post}"]
        for reply in range(5):
            now += MINUTE
            name, writer = f"p{post}r{reply}", f"a{rng.integers(AGENTS)}"
            parent = None if reply < 2 else names[-1]
            body = f"{attack} {' '.join(rng.choice(WORDS, 5))}"
            yield Comment(0, now, post, name, f"p{post}", parent, writer, body)
            yield Vote(0, now, post, f"a{(post + 1) % AGENTS}", name, 1)
            names.append(name)


def _inner(agent: int) -> Iterator[Row]:
    """What no crawler could see of one agent."""
    name = f"a{agent}"
    for k in range(12):
        mood = np.sin(k / 2 + agent)
        yield Emotion(
            0,
            k * 40 * MINUTE,
            k,
            name,
            mood,
            0.1,
            0,
            0,
            0,
            0,
            "joy" if mood > 0 else "fear",
            "p1" if k else None,
        )
        yield Appraisal(
            0,
            k * 40 * MINUTE,
            k,
            name,
            ATTACKS[k % 10],
            "p1" if k % 2 else ATTACKS[k % 10],
            0.5,
            0.3,
            0.1,
            0,
        )
        yield Memory(0, k * MINUTE, k, name, "own", ATTACKS[k % 10], 0.5, None)
    yield Rejection(0, 0, 1, name, "CastVote", "own_target", ATTACKS[0])


def hostile_rows() -> Iterator[Row]:
    """Every row of the record."""
    for agent in range(AGENTS):
        attack = ATTACKS[agent % len(ATTACKS)]
        yield Agent(0, 0, 0, f"a{agent}", attack if agent < 10 else f"plain-{agent}", attack, None)
        yield Persona(0, 0, 0, f"a{agent}", 0.5, 0.6, 0.7, 0.4, 0.3, json.dumps([attack]), "llm", attack)
        yield Follow(0, 0, 0, f"a{agent}", "a0", True)
        yield from _inner(agent)
    for number in range(2):
        yield Community(0, 0, 0, f"c{number}", ATTACKS[number], ATTACKS[number + 2], None)
    yield from _authored(np.random.default_rng(5))
    yield Intervention(0, 5 * 60 * MINUTE, 30, ATTACKS[0], "{}")
    request = json.dumps(
        {"messages": [["system", f"You are {ATTACKS[0]}"], ["user", ATTACKS[1]]], "prompt": None}
    )
    yield Blob("sha-request", request)
    yield Blob("sha-reply", f'{{"action": "comment", "text": "{ATTACKS[3]}"}}')
    author = next(row.author for row in _authored(np.random.default_rng(5)) if isinstance(row, Comment))
    assert author is not None
    yield LlmCall(0, 0, 0, author, "decide", "sha-request", "sha-reply", ATTACKS[2], 430, 0, 60, 0.0, False)
    yield Action(
        0, 0, 0, author, "WriteComment", json.dumps({"body": ATTACKS[3]}), "sha-request", True, "p0r0"
    )


def numbered(rows: Iterable[Any]) -> Iterator[Row]:
    """Number the rows in order of time."""
    dated: list[Any] = []
    for row in rows:
        if isinstance(row, Blob):
            yield row
        else:
            dated.append(row)
    dated.sort(key=lambda row: row.t)
    for seq, row in enumerate(dated):
        yield row._replace(seq=seq)


def write_hostile(folder: Path) -> Path:
    """Write the record and return its folder."""
    run = Run(
        "hostile", "simulated", f"Hostile {ATTACKS[0]}", SCHEMA_VERSION,
        json.dumps({"name": ATTACKS[3]}), "0" * 64, 3, None,
        Coverage(notes=(ATTACKS[1],), synthetic=True).json(), "0", None, "{}",
    )  # fmt: skip
    with RunWriter.create(folder, run) as writer:
        writer.append(numbered(hostile_rows()))
    return folder


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hostile record's folder."""
    return write_hostile(tmp_path_factory.mktemp("hostile") / "run")


@pytest.fixture
def source(hostile: Path) -> Iterator[Source]:
    """The hostile record, open."""
    opened = Source(hostile)
    yield opened
    opened.close()
