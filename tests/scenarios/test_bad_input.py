"""Bad input: exit code 2, one clear error with place and remedy, no traceback, nothing left behind."""

from __future__ import annotations

import gzip
import json
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.llm.stub_server import stub_server
from tests.scenarios.conftest import SMALL
from tests.scenarios.terminal import Said, Terminal, tree, without_rights

ASKING = SMALL + '[[population.groups]]\nmind = "llm"\nshare = 1.0\n'
POST = {
    "id": "p",
    "title": "T",
    "content": "x",
    "author": "Ann",
    "submolt": "general",
    "created_at": "2026-01-30T08:00:00+00:00",
}


def assert_refused(said: Said, *told: str) -> None:
    """A refusal names what, where and what to do, once, and nothing of the program's inside."""
    assert said.code == 2, said
    assert said.out == ""
    assert said.err.count("error: ") == 1
    assert "Traceback" not in said.err
    assert said.err.count("\n  → ") == 1, said.err
    for text in told:
        assert text in said.err, (text, said.err)


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    """Where nothing may be left."""
    before = {path.name for path in tmp_path.iterdir()}
    yield tmp_path / "out"
    assert not (tmp_path / "out").exists()
    assert not [path for path in tmp_path.iterdir() if path.name not in before and path.name[0] == "."]


@pytest.fixture
def asking(tmp_path: Path) -> Path:
    path = tmp_path / "asking.toml"
    path.write_text(ASKING)
    return path


@pytest.fixture
def locked() -> Iterator[Path]:
    """A folder that its owner, who is not root, has locked against everybody."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


# Scenario files and overrides


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = 'x'\n[clock]\nstpes = 3\n", (":3:1", "unknown key 'clock.stpes'", "did you mean 'steps'?")),
        ("name = 'x'\n[clock\n", ("bad.toml:2:", "not TOML")),
        ("nmae = 'x'\n", ("error: ", ":1:1: unknown key 'nmae'", "did you mean 'name'?")),
        ("\ufeffname = 'x'\nsede = 3\n", (":2:1", "did you mean 'seed'?")),
        ("name = 'x'\n[clock]\ntick = '15 minutes'\n", (":3:1", "clock.tick", '"15m"')),
        ("name = 'x'\n[population]\nsize = 'many'\n", (":3:1", "population.size", "many")),
        ("name = 'x'\n[population]\nsize = 3\n[[population.groups]]\nmind = 'genius'\nshare = 1.0\n",
         (":5:1", "no mind is called 'genius'", "surrogate")),
        ("name = 'x'\n[population]\nsize = 3\n[[population.groups]]\nmind = 'random'\ncount = 9\n",
         (":4:3", "9 agents in a population of 3", "population.size")),
    ],
)  # fmt: skip
def test_a_faulty_scenario(
    terminal: Terminal, tmp_path: Path, out: Path, text: str, told: tuple[str, ...]
) -> None:
    (tmp_path / "bad.toml").write_text(text)
    assert_refused(terminal("run", tmp_path / "bad.toml", "--out", out), "bad.toml", *told)


def test_a_scenario_that_is_not_text(terminal: Terminal, tmp_path: Path, out: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe\x00")
    assert_refused(terminal("run", tmp_path / "bad.toml", "--out", out), "bad.toml", "can't be read")


def test_no_such_scenario(terminal: Terminal, out: Path) -> None:
    assert_refused(terminal("run", "quickstat", "--out", out), "quickstat: no such scenario", "'quickstart'")
    assert_refused(terminal("validate", "nowhere.toml"), "nowhere.toml: no such scenario", "shipped:")


@pytest.mark.parametrize(
    "override",
    [
        "garbage",
        "=3",
        "clock.stpes=3",
        "clock.steps=many",
        "name.x=3",
        "population.groups.7.mind=llm",
        "..=1",
        "population.size=0",
        "clock={steps=0}",
    ],
)
def test_a_garbled_override(terminal: Terminal, small: Path, out: Path, override: str) -> None:
    assert_refused(terminal("run", small, "--out", out, "--set", override), f"--set {override}: ")


def test_a_misspelt_key_under_a_label(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("name = 'x'\n[models.mine]\nconcurency = 3\n")
    said = terminal("validate", tmp_path / "bad.toml")
    assert_refused(said, ":3:1", "unknown key 'models.mine.concurency'", "did you mean 'concurrency'?")


KEY = "sk-typed-where-none-belongs"


@pytest.mark.parametrize(
    "setting",
    [
        f"api_key={KEY}",
        f"api_key_env={KEY}",
        f"bearer_token={KEY}",
        f"base_url=http://me:{KEY}@127.0.0.1:9/v1",
        f"base_url=http://127.0.0.1:9/v1?key={KEY}",
        f"base_url=http://127.0.0.1:9/v1?x=1&access_token={KEY}",
    ],
)
def test_a_key_in_a_scenario_is_refused_and_not_shown(
    terminal: Terminal, asking: Path, out: Path, setting: str
) -> None:
    name, _, value = setting.partition("=")
    bad = asking.with_name("bad.toml")
    assert "[models" not in asking.read_text()
    bad.write_text(f"{asking.read_text()}\n[models.default]\n{name} = {value!r}\n")
    for said in (
        terminal("run", bad, "--out", out),
        terminal("validate", bad),
        terminal("run", asking, "--out", out, "--set", f"models.default.{setting}"),
    ):
        assert_refused(said, f"models.default.{name}" if "api" in name or "bearer" in name else "credentials")
        assert KEY not in said.out + said.err
    assert not out.exists()


# Models


def test_an_unreachable_model(terminal: Terminal, asking: Path, out: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
    said = terminal("run", asking, "--out", out, "--llm", address, "--set", "models.default.retries=0")
    assert_refused(said, address, "unavailable")


def test_a_wrong_key(terminal: Terminal, asking: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-and-secret")
    with stub_server(api_key="right") as server:
        said = terminal("run", asking, "--out", out, "--llm", server.base_url)
    assert_refused(said, server.base_url, "key")
    assert "sk-wrong-and-secret" not in said.err


def test_an_unknown_model(terminal: Terminal, asking: Path, out: Path) -> None:
    with stub_server() as server:
        said = terminal("run", asking, "--out", out, "--llm", server.base_url, "--model", "gtp")
    assert_refused(said, server.base_url, "model")


@pytest.mark.parametrize(
    "address",
    ["localhost:8000", "http://user:pass@127.0.0.1/v1", "http://", "http://[::1/v1", "http://x:0/v1"],
)
def test_an_address_that_is_none(terminal: Terminal, asking: Path, out: Path, address: str) -> None:
    assert_refused(terminal("run", asking, "--out", out, "--llm", address))


# Records


def test_an_out_folder_that_holds_a_record(terminal: Terminal, small: Path, finished: Path) -> None:
    before = tree(finished)
    assert_refused(terminal("run", small, "--out", finished), str(finished), "record already", "--out")
    assert tree(finished) == before


def test_an_out_folder_below_a_file(terminal: Terminal, small: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert_refused(terminal("run", small, "--out", tmp_path / "file" / "run"), "file", "another folder")


def test_an_out_folder_that_may_not_be_written(terminal: Terminal, small: Path, locked: Path) -> None:
    scenario = locked / "small.toml"
    scenario.write_text(SMALL)
    assert terminal("run", scenario, "--out", locked / "first").code == 0
    locked.chmod(0o555)
    with without_rights():
        said = terminal("run", scenario, "--out", locked / "run")
    assert_refused(said, str(locked / "run"), "Permission denied", "another folder")
    assert sorted(path.name for path in locked.iterdir()) == ["first", "small.toml"]


def test_a_record_that_may_not_be_written(terminal: Terminal, finished: Path, locked: Path) -> None:
    run = shutil.copytree(finished, locked / "run")
    locked.chmod(0o755)
    run.chmod(0o555)
    before = tree(run)
    with without_rights():
        said = terminal("resume", run)
        assert terminal("digest", run).code == 0
    assert_refused(said, str(run), "Permission denied", "writable")
    assert tree(run) == before


def test_a_seed_that_is_not_there(terminal: Terminal, small: Path, tmp_path: Path, out: Path) -> None:
    said = terminal("run", small, "--out", out, "--seed-from", tmp_path / "nosuch")
    assert_refused(said, str(tmp_path / "nosuch"), "no such folder", "import")


def test_a_replay_that_is_not_there(terminal: Terminal, asking: Path, tmp_path: Path, out: Path) -> None:
    with stub_server() as server:
        said = terminal(
            "run", asking, "--out", out, "--replay", tmp_path / "nosuch", "--llm", server.base_url
        )
    assert_refused(said, str(tmp_path / "nosuch"))


def test_only_runs_can_be_resumed(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text(json.dumps(POST) + "\n")
    snapshot = tmp_path / "snapshot"
    assert terminal("import", tmp_path / "posts.jsonl", "--out", snapshot).code == 0
    before = tree(snapshot)
    assert_refused(terminal("resume", snapshot), str(snapshot), "is a snapshot", "only runs")
    assert_refused(terminal("resume", tmp_path / "nosuch"), "nosuch", "no such folder", "moltarium run")
    assert tree(snapshot) == before


@pytest.mark.parametrize("command", [("digest",), ("measure",), ("resume",), ("compare", "published")])
def test_what_is_no_record(terminal: Terminal, tmp_path: Path, command: tuple[str, ...]) -> None:
    name, *rest = command
    assert_refused(terminal(name, tmp_path, *rest), str(tmp_path), "no run record here", "moltarium run")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["garbage", "header", "cut", "foreign", "empty"])
@pytest.mark.parametrize("command", [("digest",), ("measure",), ("resume",), ("compare", "published")])
def test_a_damaged_record(
    terminal: Terminal, finished: Path, tmp_path: Path, damage: str, command: tuple[str, ...]
) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    file = run / "record.sqlite"
    content = file.read_bytes()
    file.write_bytes(
        {
            "garbage": b"no database at all" * 100,
            "header": content[:100] + b"\xff" * 4096 + content[4196:],
            "cut": content[: len(content) // 3],
            "foreign": b"SQLite format 3\x00" + b"\x00" * 84,
            "empty": b"",
        }[damage]
    )
    before = tree(run)
    name, *rest = command
    assert_refused(terminal(name, run, *rest), str(run))
    assert tree(run) == before


def test_a_second_record_that_is_not_there(terminal: Terminal, finished: Path) -> None:
    assert_refused(terminal("compare", finished, "nosuch"), "nosuch", "no such folder")


# Snapshots


def test_no_such_snapshot(terminal: Terminal, tmp_path: Path, out: Path) -> None:
    assert_refused(terminal("import", tmp_path / "nosuch", "--out", out), "nosuch", "check the path")


def test_a_snapshot_without_data(terminal: Terminal, tmp_path: Path, out: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert_refused(
        terminal("import", tmp_path / "empty", "--out", out), "empty", "no MoltBook data", ".jsonl"
    )


def test_corrupt_json(terminal: Terminal, tmp_path: Path, out: Path) -> None:
    (tmp_path / "post.json").write_text('{"success": true, "post": {"id": ')
    assert_refused(terminal("import", tmp_path / "post.json", "--out", out), "post.json")


def test_truncated_gzip(terminal: Terminal, tmp_path: Path, out: Path) -> None:
    rows = "".join(
        json.dumps(POST | {"id": f"p{i}", "content": f"{i * 7919 % 104729}"}) + "\n" for i in range(900)
    )
    whole = gzip.compress(rows.encode())
    (tmp_path / "posts.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    said = terminal("import", tmp_path / "posts.jsonl.gz", "--out", out)
    assert_refused(said, "posts.jsonl.gz", "cut off or damaged", "fetch the file again")


def test_a_folder_that_may_not_be_read(terminal: Terminal, locked: Path, out: Path) -> None:
    (locked / "posts.jsonl").write_text(json.dumps(POST) + "\n")
    assert terminal("import", locked, "--out", locked / "out").code == 0
    shutil.rmtree(locked / "out")
    (locked / "closed").mkdir(0)
    locked.chmod(0o777)
    with without_rights():
        said = terminal("import", locked, "--out", locked / "out")
    assert_refused(said, str(locked / "closed"), "Permission denied", "permissions")
    assert sorted(path.name for path in locked.iterdir()) == ["closed", "posts.jsonl"]


def test_a_time_that_is_none(terminal: Terminal, tmp_path: Path, out: Path) -> None:
    (tmp_path / "posts.jsonl").write_text(json.dumps(POST) + "\n")
    said = terminal("import", tmp_path / "posts.jsonl", "--out", out, "--since", "yesterday")
    assert_refused(said, "--since yesterday", "ISO 8601", "2026-01-30")


def test_an_import_over_something(terminal: Terminal, tmp_path: Path, finished: Path) -> None:
    (tmp_path / "posts.jsonl").write_text(json.dumps(POST) + "\n")
    before = tree(finished)
    said = terminal("import", tmp_path / "posts.jsonl", "--out", finished)
    assert_refused(said, str(finished), "something here already", "another folder")
    assert tree(finished) == before


# The command itself


@pytest.mark.parametrize(
    "words", [("fly",), ("run", "null"), ("run", "--out"), ("measure", "x", "--draws", "many")]
)
def test_a_command_that_is_none(terminal: Terminal, words: tuple[str, ...]) -> None:
    said = terminal(*words)
    assert said.code == 2
    assert "Traceback" not in said.err
    assert "Error" in said.err


# Options


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("measure {run} --draws -5", "--draws"),
        ("measure {run} --seed -5", "--seed"),
        ("published {run} --draws -5", "--draws"),
        ("topics {run} --seed -1", "--seed"),
        ("recovery {run} --seed -1", "--seed"),
        ("speech-acts {run} --seed -1", "--seed"),
        ("dashboard {run} --port 99999", "--port"),
        ("dynamics {run} --onset 9 --release 3", "--release"),
        ("network {run} --out {out} --since 2026-02-01 --until 2026-01-01", "--until"),
        ("import {run} --out {out} --since 2026-02-01 --until 2026-01-01", "--until"),
        ("run null --out {out} --seed -5", "--seed"),
    ],
)
def test_a_number_or_time_that_can_mean_nothing(
    terminal: Terminal, finished: Path, out: Path, line: str, told: str
) -> None:
    said = terminal(*(word.format(run=finished, out=out) for word in line.split()))
    assert said.code == 2, said
    assert said.out == ""
    assert told in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("command", ["report", "network"])
def test_a_folder_where_a_file_should_be_written(
    terminal: Terminal, finished: Path, tmp_path: Path, command: str
) -> None:
    assert_refused(terminal(command, finished, "--out", tmp_path), str(tmp_path), "is a folder")
    assert not list(tmp_path.parent.glob("*.part"))


@pytest.mark.parametrize("command", ["report", "network"])
def test_a_file_where_the_folder_of_a_file_should_be(
    terminal: Terminal, finished: Path, tmp_path: Path, command: str
) -> None:
    (tmp_path / "afile").write_text("")
    assert_refused(terminal(command, finished, "--out", tmp_path / "afile" / "x"), "afile", "can't be made")


def test_a_time_ceiling_is_named_as_it_was_written(terminal: Terminal, out: Path) -> None:
    for given in ("5x", "5", "0s", "-3m"):
        said = terminal("run", "null", f"--max-wall={given}", "--out", out)
        assert_refused(said, f"--max-wall {given}: is no length of time above 0", "90s, 15m, 4h")


def test_a_file_is_no_record(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "afile").write_text("")
    for command in (("digest",), ("ctl", "status")):
        name, *rest = command
        assert_refused(terminal(name, tmp_path / "afile", *rest), "afile", "is not a folder")


def test_a_run_may_be_named_before_its_order_or_after(terminal: Terminal, finished: Path) -> None:
    for order in (["status"], ["pause"], ["set", "concurrency=4"]):
        after, before = terminal("ctl", finished, *order), terminal("ctl", *order, finished)
        assert_refused(after, "no run is under way here")
        assert before == after
    assert_refused(terminal("ctl", "set", "concurrency=4"), "ctl set", "names no run")
