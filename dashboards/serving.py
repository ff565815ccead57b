"""An app on an address: until interrupted, or beside the program that asked for it; then let go cleanly."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import dash

from moltarium.dashboards import gate
from moltarium.sim.record.errors import MoltariumError

TOKEN: Final = "MOLTARIUM_TOKEN"
"""Where an app's server keeps the token that it asks for, if any."""
_PATIENCE_S: Final = 60.0
"""How long an answer that is being computed may hold up the end."""


def _bind(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise MoltariumError(
            f"can't be listened on: {error.strerror}",
            place=f"{host}:{port}",
            remedy="choose another --host or --port",
        ) from error


class _Listener:
    """A bound server.

    Waitress closes its sockets in whatever thread asks, also while its own thread waits for them. Here they
    are closed by that thread itself, which its trigger wakes for errands like this.
    """

    def __init__(self, app: dash.Dash, host: str, port: int, threads: int) -> None:
        from waitress.server import create_server  # type: ignore[import-untyped]

        # A slow page keeps its thread for seconds; that others wait meanwhile is nothing to tell a visitor.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        bound = _bind(host, port)
        self.address = f"http://{host}:{bound.getsockname()[1]}"
        self._sockets: dict[int, Any] = {}
        self._server: Any = create_server(
            app.server, map=self._sockets, sockets=[bound], threads=threads, ident=None
        )

    def run(self) -> None:
        """Answer until stopped or interrupted."""
        self._server.run()

    def stop(self) -> None:
        """Wait for what is being answered, then let `run`, in another thread, return."""
        self._server.task_dispatcher.shutdown(timeout=_PATIENCE_S)
        self._server.trigger.pull_trigger(self.close)

    def close(self) -> None:
        """Let go of threads and sockets; not while `run` is on in another thread."""
        self._server.task_dispatcher.shutdown()
        for each in list(self._sockets.values()):
            each.close()
        self._sockets.clear()


def serve(
    app: dash.Dash,
    host: str = "127.0.0.1",
    port: int = 8050,
    *,
    threads: int = 6,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the dashboard until interrupted.

    Parameters
    ----------
    app
        From `create_app`.
    host, port
        Where to listen; port 0 takes a free one. Anything but loopback needs an app created with a token.
    threads
        Requests worked on at once.
    ready
        Is told the address once it answers.

    Raises
    ------
    MoltariumError
        If `host` is open to the network and the app asks for no token, or the port is taken.
    """
    gate.check_bind(host, app.server.config[TOKEN])
    listener = _Listener(app, host, port, threads)
    try:
        if ready is not None:
            ready(listener.address)
        listener.run()
    finally:
        listener.close()


@contextmanager
def served(app: dash.Dash, *, threads: int = 6) -> Iterator[str]:
    """Serve the dashboard on a free port of loopback as long as the block lasts.

    For notebooks, pictures and tests: the program goes on meanwhile.

    Yields
    ------
    str
        The address.
    """
    listener = _Listener(app, "127.0.0.1", 0, threads)
    thread = threading.Thread(target=listener.run, name="moltarium-dashboard", daemon=True)
    thread.start()
    try:
        yield listener.address
    finally:
        listener.stop()
        thread.join()
