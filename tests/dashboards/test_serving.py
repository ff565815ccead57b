"""Serving over real sockets: what was opened is closed, by the thread that used it."""

from __future__ import annotations

import signal
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from moltarium.dashboards.app import create_app
from moltarium.dashboards.serving import serve, served
from moltarium.sim.record.errors import MoltariumError


def left() -> list[threading.Thread]:
    """Return the server's threads that don't end by themselves."""
    ours = [each for each in threading.enumerate() if each.name.startswith(("waitress", "moltarium"))]
    for each in ours:
        each.join(timeout=5)
    return [each for each in ours if each.is_alive()]


def test_the_end_of_the_block_closes_the_server_and_its_thread(
    hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", broken.append)
    app = create_app(hostile)
    at: list[str] = []
    for _ in range(20):
        with served(app, threads=2) as address, urllib.request.urlopen(address, timeout=60) as answer:
            assert answer.status == 200
            at.append(address)
        assert left() == []
    assert broken == []
    with pytest.raises(OSError, match="refused"), urllib.request.urlopen(at[-1], timeout=60):
        pass


def test_a_taken_port_is_said_with_a_way_out(hostile: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(MoltariumError, match="can't be listened on") as said:
            serve(create_app(hostile), port=port)
    assert said.value.place == f"127.0.0.1:{port}"
    assert "--port" in (said.value.remedy or "")


@pytest.fixture
def heeding() -> Iterator[None]:
    """Heed Ctrl-C, which whoever started the tests in the background may have had them ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.usefixtures("heeding")
def test_an_interrupt_ends_it_and_frees_the_port(hostile: Path, host: str) -> None:
    ports: list[int] = []

    def interrupt(address: str) -> None:
        urllib.request.urlopen(address, timeout=60).close()
        signal.raise_signal(signal.SIGINT)

    def ready(address: str) -> None:
        ports.append(int(address.rpartition(":")[2]))
        threading.Thread(target=interrupt, args=(address,), daemon=True).start()

    serve(create_app(hostile), host=host, port=0, ready=ready)
    assert left() == []
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((host, ports[0]), timeout=5)
