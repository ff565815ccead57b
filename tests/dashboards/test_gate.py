"""Who gets in: loopback names, the own origin, a token beyond; and pages load nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from moltarium.dashboards.app import create_app
from moltarium.dashboards.gate import check_bind, hostname, is_loopback
from moltarium.dashboards.serving import serve
from moltarium.sim.record.errors import MoltariumError

TOKEN = "a-token-of-some-length"


@pytest.fixture
def client(hostile: Path) -> Iterator[FlaskClient]:
    with create_app(hostile).server.test_client() as opened:
        yield opened


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8050", 200),
        ("localhost", 200),
        ("[::1]:9000", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:8050", 403),
    ],
)
def test_only_known_hosts_are_answered(client: FlaskClient, host: str, status: int) -> None:
    assert client.get("/", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:8050", 200),
        ("http://evil.example", 403),
        ("null", 403),
        ("http://127.0.0.1:9999", 403),
    ],
)
def test_other_origins_are_refused(client: FlaskClient, origin: str, status: int) -> None:
    asked = client.get("/_dash-layout", headers={"Host": "127.0.0.1:8050", "Origin": origin})
    assert asked.status_code == status


def test_the_policy_allows_nothing_foreign_and_no_inline_script_but_its_own(client: FlaskClient) -> None:
    policy = client.get("/", headers={"Host": "localhost"}).headers["Content-Security-Policy"]
    rules = dict(part.split(" ", 1) for part in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "'self' data: blob:"
    assert "unsafe" not in rules["script-src"]
    assert "http" not in policy


def test_a_token_is_asked_once_and_then_kept(hostile: Path) -> None:
    with create_app(hostile, token=TOKEN).server.test_client() as client:
        assert client.get("/").status_code == 401
        assert client.get("/?token=wrong").status_code == 401
        welcome = client.get(f"/?token={TOKEN}")
        assert welcome.status_code == 302
        assert TOKEN not in welcome.headers["Location"]
        assert "HttpOnly" in welcome.headers["Set-Cookie"]
        assert client.get("/").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.7", "::", "example.org"])
@pytest.mark.parametrize("token", [None, "short"])
def test_the_network_is_refused_without_a_token(hostile: Path, host: str, token: str | None) -> None:
    with pytest.raises(MoltariumError, match="open to everyone"):
        serve(create_app(hostile, token=token), host=host)
    check_bind(host, TOKEN)
    assert not is_loopback(host)


def test_hosts_are_read_without_port_and_brackets() -> None:
    assert hostname("LOCALHOST:80") == "localhost"
    assert hostname("[::1]:80") == "::1"
    assert hostname("http://a.example:1") == "a.example"
    assert hostname("[broken") == ""
