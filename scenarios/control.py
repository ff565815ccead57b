"""Steering a run that is under way, through a Unix socket in its folder.

One JSON object per line each way. The socket's thread only sets flags; the run reads them between ticks, so
that a command never meets half a tick. `stop` and `set` reach the gateway at once: it drains what is in
flight, or lets more or fewer calls go, which changes no result.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import orjson

from moltarium.sim.record.errors import MoltariumError, RecordError

SOCKET: Final = "ctl.sock"
_LONGEST: Final = 4096
_PATIENCE_S: Final = 5.0
_POLL_S: Final = 0.1

Status = Callable[[], dict[str, Any]]


class Control:
    """What a run has been told to do. Safe to use from any thread and from signal handlers.

    Parameters
    ----------
    status
        Returns the figures that ``status`` answers with.
    on_stop
        Called when the run is told to stop.
    on_concurrency
        Called at once with a new number of calls in flight; from any thread.
    """

    def __init__(
        self, status: Status, on_stop: Callable[[], None], on_concurrency: Callable[[int], None]
    ) -> None:
        self._status = status
        self._on_stop = on_stop
        self._on_concurrency = on_concurrency
        self._go = threading.Event()
        self._go.set()
        self._waiting = False
        self.stopped_by: str | None = None
        """Who told the run to stop; ``None`` as long as nobody has."""

    def stop(self, by: str) -> None:
        """Tell the run to drain, save and stop."""
        self.stopped_by = by
        self._go.set()
        self._on_stop()

    def between_ticks(self, waiting: Callable[[], None]) -> None:
        """Wait as long as the run is paused; return once it may go on, or should stop.

        Parameters
        ----------
        waiting
            Called again and again while the run is paused; may raise to end the pause.
        """
        while not self._go.is_set():
            self._waiting = True
            waiting()
            self._go.wait(_POLL_S)
        self._waiting = False

    @property
    def state(self) -> str:
        """``"running"``, ``"pausing"`` (until the tick under way ends), ``"paused"`` or ``"stopping"``."""
        if self.stopped_by is not None:
            return "stopping"
        if self._go.is_set():
            return "running"
        return "paused" if self._waiting else "pausing"

    def obey(self, order: object) -> dict[str, Any]:
        """Carry out one command and return the answer."""
        match order:
            case {"do": "status"}:
                pass
            case {"do": "pause"} if self.stopped_by is not None:
                return {"ok": False, "error": "the run is stopping already"}
            case {"do": "pause"}:
                self._go.clear()
            case {"do": "resume"}:
                self._go.set()
            case {"do": "stop"}:
                self.stop("moltarium ctl stop")
            case {"do": "set", "concurrency": int(calls)} if 1 <= calls <= 4096:
                self._on_concurrency(calls)
            case _:
                return {"ok": False, "error": "unknown command"}
        return {"ok": True, "state": self.state, "pid": os.getpid(), **self._status()}


@contextmanager
def listening(control: Control, folder: Path) -> Iterator[None]:
    """Obey commands from the socket in `folder` while the block lasts; only its owner may connect.

    Raises
    ------
    RecordError
        If the socket can't be made.
    """
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _address(folder) as address:
            Path(address).unlink(missing_ok=True)  # the writer's lock is ours: it is a dead run's
            before = os.umask(0o177)
            try:
                server.bind(address)
            finally:
                os.umask(before)
        server.listen(8)
    except OSError as error:
        server.close()
        raise RecordError(
            f"the run's control socket can't be made ({error.strerror or error})",
            place=str(folder / SOCKET),
            remedy="choose a folder on a local file system",
        ) from error
    thread = threading.Thread(target=_serve, args=(server, control), name="moltarium-ctl", daemon=True)
    thread.start()
    try:
        yield
    finally:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(_PATIENCE_S)
        (folder / SOCKET).unlink(missing_ok=True)


def _serve(server: socket.socket, control: Control) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            connection.settimeout(_PATIENCE_S)
            try:
                order: object = orjson.loads(_line(connection))
            except orjson.JSONDecodeError:
                order = None
            connection.sendall(orjson.dumps(control.obey(order)) + b"\n")


def _line(connection: socket.socket) -> bytes:
    received = b""
    while b"\n" not in received and len(received) < _LONGEST and (part := connection.recv(_LONGEST)):
        received += part
    return received.partition(b"\n")[0]


def command(folder: Path, order: dict[str, Any]) -> dict[str, Any]:
    """Send one command to the run at `folder` and return its answer.

    Raises
    ------
    RecordError
        If no run is under way there, or it refuses the command.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(_PATIENCE_S)
        with _address(folder) as address:
            connection.connect(address)
        connection.sendall(orjson.dumps(order) + b"\n")
        answer: dict[str, Any] = orjson.loads(_line(connection))
    except (OSError, orjson.JSONDecodeError) as error:
        raise RecordError(
            _silent(folder, error),
            place=str(folder),
            remedy="start it with `moltarium run` or `moltarium resume`",
        ) from error
    finally:
        connection.close()
    if not answer.pop("ok"):
        raise MoltariumError(str(answer["error"]), place=f"ctl {folder}", remedy="see moltarium ctl --help")
    return answer


def _silent(folder: Path, error: Exception) -> str:
    if not folder.is_dir():
        return "is not a folder" if folder.exists() else "there is no such folder"
    # Without a socket nothing listens; whatever else went wrong is worth telling.
    return "no run is under way here" + ("" if isinstance(error, FileNotFoundError) else f" ({error})")


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """Yield an address of the socket that fits the kernel's 107 bytes, however deep the folder."""
    plain = str(folder / SOCKET)
    handles = Path("/proc/self/fd")
    if len(os.fsencode(plain)) < 100 or not handles.is_dir():
        yield plain
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(handles / str(handle) / SOCKET)
    finally:
        os.close(handle)
