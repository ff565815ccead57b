"""What is fuzzed: every parser of untrusted text, each with what must hold of whatever it is given.

A target is a function of bytes that returns, or raises because something is wrong: neither errors of the
documented tree nor quarantined rows are.
"""

from __future__ import annotations

import gzip
import json
import math
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from moltarium.agents.interface import (
    Abstain,
    CastVote,
    Item,
    Remember,
    RemoveTarget,
    Reply,
    SetFollow,
    SetSubscription,
    WriteComment,
    WritePost,
)
from moltarium.agents.minds import said
from moltarium.agents.minds.answers import FAULTS, MEMORY_BYTES, Malformed, parse
from moltarium.agents.minds.wording import Unfit, clean, split_title
from moltarium.agents.prompts.turn import Shown
from moltarium.scenarios.load import load
from moltarium.sim.record.errors import ImportFailure, ScenarioError
from moltarium.sim.record.fields import BadRow, FieldReader
from moltarium.sim.record.intake import Intake
from moltarium.sim.record.moltbook import import_snapshot
from moltarium.sim.record.schema import Comment, Post, Quarantine
from moltarium.sim.record.sources import survey
from moltarium.sim.record.store import RunReader
from moltarium.sim.record.unfold import Raw

WHOLE_EVERY = 199
"""Every so many cases an importer's file goes the whole way into a record."""


class Target(NamedTuple):
    """One parser under fuzz."""

    check: Callable[[bytes], None]
    seeds: Sequence[bytes]
    """Well-formed inputs to begin from."""
    words: Sequence[bytes]
    """What its grammar is made of."""


def _item(target: str, author: str | None) -> Item:
    return Item(target, target, "brine", author, "memory", "T", "b", 0, 0, -1, 0.0, "hot", 0, 0)


_SHOWN = Shown({"i1": _item("p1", "a1"), "n1": _item("c7", None)}, {"memory": "m-memory"})


_POINTS_AT: dict[type[Any], set[str]] = {
    WriteComment: {"p1", "c7"},
    RemoveTarget: {"p1", "c7"},
    CastVote: {"p1", "c7"},
    SetFollow: {"a1"},
    WritePost: {"m-memory"},
    SetSubscription: {"m-memory"},
}


def check_answer(data: bytes) -> None:
    """An answer is actions on what was shown, with texts that can be stored, or a named fault."""
    answer = parse(data.decode("utf-8", "surrogateescape"), _SHOWN, max_actions=3)
    if isinstance(answer, Malformed):
        assert answer.reason
        assert answer.category in FAULTS
        return
    assert sum(not isinstance(action, Remember) for action in answer.actions) <= 3
    for action in answer.actions:
        kind = type(action)
        assert kind not in _POINTS_AT or action[0] in _POINTS_AT[kind]
        assert kind is not CastVote or action[1] in {-1, 1}
        assert kind is not Abstain or action[0] == "refused_by_model"
        for value in action:
            if isinstance(value, str):
                value.encode()
        if isinstance(action, Remember):
            assert len(action.text.encode()) <= MEMORY_BYTES


def check_completion(data: bytes) -> None:
    """A completion, or a field of a small JSON answer, is words that can be stored, or a named fault."""
    text = data.decode("utf-8", "surrogateescape")
    for finish in ("stop", "length"):
        wording = clean(Reply(text, finish, "m"), ("Nobody said this before me in here.",))
        if isinstance(wording, Unfit):
            assert wording.category in {"refused_by_model", "empty", "malformed"}
            continue
        title, body = split_title(wording.text)
        assert title.strip()
        assert body.strip()
        assert (title + body).encode()
    value = said.field(Reply(text, "stop", "m"), "text")
    assert value is None or value.encode()


def _located(error: ScenarioError | ImportFailure) -> None:
    assert error.place, "an error without a place"


def check_scenario(data: bytes) -> None:
    """A scenario's text is a scenario that means the same when read back, or an error with a place."""
    path = _folder() / "fuzzed.toml"
    path.write_bytes(data)
    try:
        scenario = load(str(path))
    except ScenarioError as error:
        _located(error)
        return
    meaning = scenario.meaning()
    assert json.loads(json.dumps(meaning, allow_nan=False)) == meaning


@cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    fast = Path("/dev/shm")
    return tempfile.TemporaryDirectory(prefix="fuzz-", dir=fast if fast.is_dir() else None)


def _folder() -> Path:
    return Path(_kept().name)


_COUNT = [0]


def _check_import(data: bytes, name: str) -> None:
    """Every row of a file is read or refused with a reason, within bounds of time and memory."""
    path = _folder() / name
    path.write_bytes(gzip.compress(data, 1) if name.endswith(".gz") else data)
    reader = FieldReader()
    read: dict[str, Callable[[dict[str, Any]], Any]] = {
        "post": reader.post,
        "comment": reader.comment,
        "agent": reader.agent,
        "community": reader.community,
        "follow": reader.follow,
    }
    try:
        for row in Intake(survey(path)).rows():
            if not isinstance(row, Raw):
                assert row.reason
                continue
            try:
                _sane(read[row.kind](row.fields))
            except BadRow:
                continue
    except ImportFailure as error:
        _located(error)
    _COUNT[0] += 1
    if _COUNT[0] % WHOLE_EVERY == 1:
        _whole(path)


def _sane(known: tuple[Any, ...]) -> None:
    for value in known:
        assert not isinstance(value, float) or math.isfinite(value)
        if isinstance(value, tuple):
            _sane(value)


def _whole(path: Path) -> None:
    """Import a file the whole way: in = kept + quarantined, and the record is sound."""
    out = path.with_name("record")
    try:
        report = import_snapshot(path, out)
    except ImportFailure as error:
        _located(error)
        assert not out.exists(), "nothing half-written is left"
        return
    try:
        with RunReader(out) as record:
            record.verify()
            record.digest()
            assert report.in_ == report.kept + report.quarantined
            assert report.quarantined == record.count(Quarantine)
            assert (report.posts, report.comments) == (record.count(Post), record.count(Comment))
    finally:
        for file in out.iterdir():
            file.unlink()
        out.rmdir()


_POST: dict[str, Any] = {
    "id": "p1",
    "title": "Tides",
    "content": "They come back.",
    "upvotes": 3,
    "downvotes": 1,
    "comment_count": 1,
    "created_at": "2026-01-30T08:41:25.330+00:00",
    "submolt": {"id": "s1", "name": "general", "display_name": "General"},
    "author": {"id": "a1", "name": "kelp", "karma": 4, "follower_count": 2},
}
_COMMENT: dict[str, Any] = {
    "id": "c1",
    "post_id": "p1",
    "content": "Mine too.",
    "parent_id": None,
    "upvotes": 1,
    "downvotes": 0,
    "created_at": "2026-01-30T08:50:00Z",
    "author": {"id": "a2", "name": "brine"},
    "replies": [],
}
_DOCUMENT = {
    "success": True,
    "post": _POST,
    "comments": [{**_COMMENT, "replies": [{**_COMMENT, "id": "c2"}]}],
}
_CSV = (
    "id,title,content,submolt,author_id,author,upvotes,downvotes,created_at\n"
    'p1,Tides,"They ""come"" back.",general,a1,kelp,3,1,2026-01-30 08:41:25\n'
    "p2,Ebb,,general,,,0,,1769758885330\n"
)
_UP = {"do": "up", "on": "i1"}
_ANSWERS = (
    {"actions": [_UP, {"do": "comment", "on": "n1", "text": "No."}], "memory": "met brine"},
    {"actions": [{"do": "post", "in": "memory", "title": "T", "text": "B"}]},
    {"tool_calls": [{"function": {"name": "answer", "arguments": json.dumps({"actions": [_UP]})}}]},
    [{"name": "found", "arguments": {"name": "tides", "text": "Water."}}],
)
_SCENARIO = b"""name = "fuzzed"
seed = 3
[clock]
tick = "30m"
steps = 6
[population]
size = 8
[[population.groups]]
mind = "llm"
share = 0.5
parameters = { repairs = 1 }
[[population.groups]]
mind = "surrogate"
share = 0.5
[platform.communities]
general = "Anything."
[models.default]
base_url = "http://127.0.0.1:9/v1"
deadline = "30s"
"""

_BEYOND = (
    b"x = " + b"[" * 3000 + b"]" * 3000,
    b"x = " + b"{a=" * 2000,
    b"a" + b".a" * 3000 + b" = 1",
    b"x = " + b"9" * 5000,
    _SCENARIO.replace(b'"30m"', b'"1e300d"'),
    _SCENARIO.replace(b'"30m"', b'"infd"'),
    _SCENARIO.replace(b"repairs = 1", b"temperature = nan"),
    _SCENARIO.replace(b"share = 0.5", b"share = 0.5\nfeeds = { hot = inf }"),
)
"""Scenarios that fuzzing found to be beyond measure."""

_JSON_WORDS = [
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"true",
    b"NaN",
    b"1e999",
    b"-1",
    b"\\ud800",
]
_FIELDS = [
    json.dumps(word).encode() for word in (*_POST, *_COMMENT, "replies", "comments", "post", "_downloaded_at")
]
_VERBS = (
    "actions",
    "do",
    "on",
    "in",
    "text",
    "up",
    "follow",
    "post",
    "comment",
    "arguments",
    "tool_calls",
    "i1",
)

TARGETS: dict[str, Target] = {
    "answers": Target(
        check_answer,
        [
            *(json.dumps(answer).encode() for answer in _ANSWERS),
            b'```json\n{"actions": []}\n```',
            b"<think>Hm.</think>[]",
            b"I'm sorry, but I can't assist with that.",
        ],
        [*_JSON_WORDS, b"```", b"<think>", b"</think>", *(json.dumps(word).encode() for word in _VERBS)],
    ),
    "completions": Target(
        check_completion,
        [
            b' kelp replies: "Tides teach patience. They come back." | and more',
            b'Sure: {"text": "Mine too, since yesterday."}',
            b"Unfortunately, I can't assist with that.",
        ],
        [
            *_JSON_WORDS,
            b"|",
            b". ",
            b"!",
            b"(calmly) asks: ",
            b"replies: ",
            b"http://",
            b"\xe2\x80\xa6",
            b" word",
        ],
    ),
    "scenario": Target(
        check_scenario,
        [_SCENARIO, *_BEYOND],
        [b"[", b"]", b"[[", b"]]", b"=", b'"""', b"inf", b"nan", b"1979-05-27", b"{", b"}", b"#", b"steps"],
    ),
    "import-json": Target(
        lambda data: _check_import(data, "thread.json"),
        [
            json.dumps(_DOCUMENT).encode(),
            json.dumps({"posts": [_POST], "agents": [_POST["author"]]}).encode(),
        ],
        [*_JSON_WORDS, *_FIELDS],
    ),
    "import-jsonl": Target(
        lambda data: _check_import(data, "comments.jsonl"),
        [
            (
                json.dumps(_COMMENT) + "\n" + json.dumps({**_COMMENT, "id": "c2", "parent_id": "c1"}) + "\n"
            ).encode()
        ],
        [*_JSON_WORDS, *_FIELDS, b"\n"],
    ),
    "import-csv": Target(
        lambda data: _check_import(data, "posts.csv"),
        [_CSV.encode()],
        [b",", b'"', b"\n", b"\r\n", b"\x00", b"\xef\xbb\xbf", b"id", b"created_at", b"2026-01-30", b"=1+1"],
    ),
    "import-gzip": Target(
        lambda data: _check_import(data, "posts.jsonl.gz"),
        [(json.dumps(_POST) + "\n").encode()],
        [*_JSON_WORDS, *_FIELDS, b"\n"],
    ),
}
"""Every target by name."""
