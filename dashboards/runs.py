"""Many records, one server: a list at its root, beneath ``/run/KEY/`` a dashboard each, opened when asked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import dash
from dash import Input, Output, dcc
from flask import Response, abort, request
from werkzeug.wrappers import Response as AnyResponse

from moltarium.dashboards.app import addressed, bare_app, frame, protect, read_query, show_lab
from moltarium.dashboards.page import Lab
from moltarium.dashboards.pages import runs as page
from moltarium.dashboards.parts import card
from moltarium.dashboards.shelf import Shelf
from moltarium.dashboards.source import Source
from moltarium.sim.record.errors import MoltariumError

AT_ONCE: Final = 8
"""Dashboards open at once; the one not asked for longest makes room."""

Keys: TypeAlias = tuple[str, ...]
"""The key of one record, or of two beside each other."""


class _Open:
    """A dashboard with its records, closed when it was put away and nobody is being answered."""

    def __init__(self, lab: Lab, app: dash.Dash) -> None:
        self.lab = lab
        self.app = app
        self.users = 0
        self.away = False


class Desk:
    """The dashboards that are open, at most `AT_ONCE`.

    Parameters
    ----------
    shelf
        Where the records are looked up.
    token
        As for `create_runs_app`.
    """

    def __init__(self, shelf: Shelf, token: str | None) -> None:
        self._shelf = shelf
        self._token = token
        self._gate = threading.Lock()
        self._open: OrderedDict[Keys, _Open] = OrderedDict()

    @property
    def keys(self) -> list[Keys]:
        """What is open, the one asked for last at the end."""
        with self._gate:
            return list(self._open)

    @contextmanager
    def use(self, keys: Keys) -> Iterator[dash.Dash]:
        """Give the dashboard of one record or two, and keep its records open until the block ends.

        Raises
        ------
        KeyError
            If the folder holds no such record.
        MoltariumError
            If one can't be read.
        """
        with self._gate:
            found = self._open.get(keys)
            if found is None:
                found = self._open[keys] = self._opened(keys)
            self._open.move_to_end(keys)
            found.users += 1
            while len(self._open) > AT_ONCE:
                self._put_away(self._open.popitem(last=False)[1])
        try:
            yield found.app
        finally:
            with self._gate:
                found.users -= 1
                _close_if_idle(found)

    def close(self) -> None:
        """Put all of them away."""
        with self._gate:
            while self._open:
                self._put_away(self._open.popitem()[1])

    def _opened(self, keys: Keys) -> _Open:
        folders = self._shelf.folders()
        paths = [folders[key] for key in keys]
        source = Source(paths[0])
        try:
            lab = Lab(source, Source(paths[1]) if len(paths) > 1 else None)
        except MoltariumError:
            source.close()
            raise
        return _Open(lab, show_lab(lab, token=self._token, base=f"/run/{'/against/'.join(keys)}"))

    def _put_away(self, opened: _Open) -> None:
        opened.away = True
        _close_if_idle(opened)


def _close_if_idle(opened: _Open) -> None:
    if opened.away and not opened.users:
        opened.lab.close()


def create_runs_app(folder: Path, *, token: str | None = None) -> dash.Dash:
    """Return the dashboard of all records one level beneath `folder`; opens none of them yet.

    Parameters
    ----------
    folder
        Holds a folder for each record.
    token
        What every visitor must show once, as ``?token=``. Without one the app answers to loopback names only.
    """
    shelf = Shelf(folder)
    app = bare_app()
    app.layout = frame([dcc.Link("Runs", href="/", className="nav-link here")], "", [], listed=False)

    @app.callback(Output("answer", "data"), Input("address", "pathname"), Input("address", "search"))
    def show(pathname: str | None, search: str | None) -> dict[str, Any]:
        if (pathname or "/").strip("/"):
            return addressed(
                pathname, search, card("There is no such page. ", dcc.Link("To the runs", href="/"))
            )
        return addressed(pathname, search, page.view(shelf.entries(), read_query(search)))

    protect(app, token)
    _mount(app, Desk(shelf, token))
    return app


def _mount(app: dash.Dash, desk: Desk) -> None:
    """Answer beneath ``/run/`` with the dashboard that the keys name, once the gate let the visitor in."""

    def answer(key: str, other: str | None = None, rest: str = "") -> AnyResponse:
        keys = (key,) if other is None else (key, other)
        base = f"/run/{'/against/'.join(keys)}"
        try:
            with desk.use(keys) as mounted:
                environ = {**request.environ, "SCRIPT_NAME": base, "PATH_INFO": f"/{rest}"}
                return Response.from_app(mounted.server, environ, buffered=True)
        except KeyError:
            abort(404, "There is no such run here.")
        except MoltariumError as error:
            abort(409, f"This run can't be opened: {error.what}.")

    one, two = "/run/<key>/", "/run/<key>/against/<other>/"
    for at, rule in enumerate((one, f"{one}<path:rest>", two, f"{two}<path:rest>")):
        app.server.add_url_rule(rule, f"run-{at}", answer, methods=["GET", "POST"])
