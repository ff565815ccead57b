"""Tables as files: the figures of the pages, whole, and no agent's text that a spreadsheet would run."""

from __future__ import annotations

import csv
import http.client
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from moltarium.dashboards.app import create_app
from moltarium.dashboards.download import BOM, SHEETS, Sheet, file_name, write_sheet
from moltarium.dashboards.findings import found_measures
from moltarium.dashboards.serving import served
from moltarium.dashboards.source import Source
from moltarium.sim.record.schema import Comment
from moltarium.sim.record.spreadsheet import unguarded

TOKEN = "a-token-of-some-length"


def ask(port: int, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    """Ask a server over real HTTP; return status, headers and body."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    client.request("GET", path, headers=headers)
    answer = client.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read().decode()
    client.close()
    return found


@pytest.fixture(scope="module")
def port(hostile: Path) -> Iterator[int]:
    """Where the dashboard over the hostile record is served."""
    with served(create_app(hostile, hostile)) as address:
        yield int(address.rpartition(":")[2])


def rows_of(text: str) -> list[dict[str, str]]:
    """Read a file as any CSV reader does."""
    assert text.startswith(BOM)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BOM), newline="")))


@pytest.mark.parametrize("name", sorted(set(SHEETS) - {"norm-effects"}))
def test_every_table_comes_as_a_file_that_no_spreadsheet_runs(port: int, name: str) -> None:
    status, headers, text = ask(port, f"/csv/{name}?id={'a0' if name == 'mood' else 'p0'}")
    if status == 404:
        assert "needs" in text, "it says what is missing"
        return
    assert status == 200
    assert headers["Content-Disposition"] == f'attachment; filename="hostile-{name}.csv"'
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = rows_of(text)
    assert rows
    for row in rows:
        assert None not in row, "every row has a cell for each column"
        for cell in row.values():
            bare = cell.replace("e", "").replace(".", "").replace("-", "").replace("+", "")
            assert not cell.startswith(tuple("=+-@\t\r\n")) or bare.isdecimal()


@pytest.mark.parametrize("post", ["p0", "p7", "p9"])
def test_texts_come_back_as_agents_wrote_them(port: int, source: Source, post: str) -> None:
    rows = [unguarded(row) for row in rows_of(ask(port, f"/csv/thread?id={post}")[2])]
    wrote = list(source.record.rows_where(Comment, post_id=post))
    assert [row["body"] for row in rows] == [each.body for each in wrote]
    assert [row["parent"] for row in rows] == [each.parent or "" for each in wrote]


def test_figures_are_whole(port: int, source: Source) -> None:
    found = found_measures(source)
    rows = rows_of(ask(port, "/csv/measures")[2])
    assert [row["measure"] for row in rows] == list(found)
    for row in rows:
        value = found[row["measure"]].value
        assert row["value"] == ("" if value is None else repr(float(value)))


def test_the_address_narrows_a_file_as_it_does_its_page(port: int) -> None:
    rows = rows_of(ask(port, "/csv/agents?q=plain-1&sort=handle&page=7")[2])
    assert [row["handle"] for row in rows] == ["plain-10", "plain-11", "plain-12", "plain-13"]


def test_the_gate_stands_before_files_too(port: int, hostile: Path) -> None:
    assert ask(port, "/csv/agents", Host="evil.example")[0] == 403
    assert ask(port, "/csv/agents", Origin="http://evil.example")[0] == 403
    for path in ("passwd", "record.sqlite", "thread?id=../../etc/passwd", "%2fetc%2fpasswd"):
        status, _, text = ask(port, f"/csv/{path}")
        assert "root:" not in text
        assert status == 404 or "react-entry-point" in text
    with create_app(hostile, token=TOKEN).server.test_client() as client:
        assert client.get("/csv/agents").status_code == 401
        client.set_cookie("moltarium_token", TOKEN)
        assert client.get("/csv/agents").status_code == 200
        assert client.get("/csv/compare").status_code == 404, "there is no second record"


@pytest.mark.parametrize(
    ("run", "name"),
    [
        ("seed-3", "seed-3-topics.csv"),
        ('../a"\r\nX: y', "a-X-y-topics.csv"),
        ("…", "record-topics.csv"),
        ("x" * 300, "x" * 60 + "-topics.csv"),
    ],
)
def test_a_file_name_is_harmless(run: str, name: str) -> None:
    assert file_name(run, "topics") == name


def test_formulas_are_guarded_numbers_bare_and_the_unknown_empty() -> None:
    text = write_sheet(Sheet(["text", "figure"], [("=1+1", -0.1), ('a "b"', float("nan")), (None, 1 / 3)]))
    assert text.splitlines() == [
        f'{BOM}"text","figure","guarded"', '"\'=1+1",-0.1,text', '"a ""b""",,', ",0.3333333333333333,",
    ]  # fmt: skip
