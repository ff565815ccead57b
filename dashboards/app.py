"""The dashboard: one Dash app over one record, read-only, everything served from this machine."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import dash
from dash import ALL, MATCH, ClientsideFunction, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from flask import Flask, g, request

from moltarium.dashboards import download, gate
from moltarium.dashboards.page import Lab, Page, View
from moltarium.dashboards.pages import (
    agents,
    compare,
    emotions,
    measures,
    network,
    overview,
    questions,
    reasons,
    structure,
    threads,
    words,
)
from moltarium.dashboards.pages.overview import badges, title_of
from moltarium.dashboards.parts import Query, card, lack, link_to, said
from moltarium.dashboards.serving import TOKEN
from moltarium.dashboards.source import Source
from moltarium.dashboards.untrusted import line
from moltarium.dashboards.window import ALWAYS, KEYS, span_of
from moltarium.sim.record.errors import MoltariumError, NotComputable

_LOG: Final = logging.getLogger(__name__)

PAGES: Final[dict[str, Page]] = {
    page.path: page
    for page in (
        overview.PAGE,
        *questions.PAGES,
        *words.PAGES,
        emotions.PAGE,
        *threads.PAGES,
        *agents.PAGES,
        network.PAGE,
        structure.PAGE,
        measures.PAGE,
        compare.PAGE,
    )
}
"""Every page by the first part of its address. Registered here by hand: Dash's own registry is one per
process, and two dashboards must be able to live in one."""

SLOW: Final[dict[str, View]] = {name: view for page in PAGES.values() for name, view in page.slow.items()}
"""Every slow part by name."""

GROUPS: Final = (
    ("", ("overview",)),
    ("Questions", ("topics", "norms", "drift", "motives", "emotions", "alignment", "reciprocity")),
    ("Look inside", ("threads", "agents", "network", "structure", "measures")),
    ("Side by side", ("compare",)),
)


def create_app(run: Path, against: Path | None = None, *, token: str | None = None) -> dash.Dash:
    """Return the dashboard of one record.

    Parameters
    ----------
    run
        The record's folder.
    against
        A second record to compare with.
    token
        What every visitor must show once, as ``?token=``. Without one the app answers to loopback names only.

    Raises
    ------
    RecordError
        If a record can't be read.
    """
    return show_lab(Lab(Source(run), Source(against) if against is not None else None), token=token)


def show_lab(lab: Lab, *, token: str | None = None, base: str = "") -> dash.Dash:
    """Return the dashboard of records that are open already.

    Parameters
    ----------
    lab
        The records.
    token
        As in `create_app`.
    base
        Beneath which address a larger server mounts it (as ``SCRIPT_NAME``); a link then leads back to the
        list of runs at that server's root.
    """
    app = bare_app(base)
    app.layout = lambda: frame(_groups(), title_of(lab.source.run), badges(lab.source.run), listed=bool(base))
    _connect(app, lab)
    protect(app, token)
    return app


def bare_app(base: str = "") -> dash.Dash:
    """Return an app without pages: the look, the assets, nothing from elsewhere."""
    here = Path(__file__).parent
    app = dash.Dash(
        __name__,
        # Found by name, Flask would take the namespace package `moltarium` for a module without a file.
        server=_server(here),
        assets_folder=str(here / "assets"),
        routes_pathname_prefix="/",
        requests_pathname_prefix=f"{base}/",
        use_pages=False,
        serve_locally=True,
        suppress_callback_exceptions=True,
        title="Moltarium",
        update_title="",
        enable_mcp=False,
        add_log_handler=False,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    app.index_string = _INDEX
    turn: Any = app.clientside_callback
    turn(
        ClientsideFunction("moltarium", "turn"),
        Output("theme", "data"),
        Input("theme-switch", "n_clicks"),
        State("theme", "data"),
    )
    # A part that follows a live run asks anew, unless nobody looks.
    turn(
        ClientsideFunction("moltarium", "pulse"),
        Output({"type": "slow-query", "name": MATCH}, "data"),
        Input({"type": "pulse", "name": MATCH}, "n_intervals"),
        State({"type": "slow-query", "name": MATCH}, "data"),
        prevent_initial_call=True,
    )
    # Answers may come in another order than the questions: what was not asked for last is not placed.
    turn(
        ClientsideFunction("moltarium", "place"),
        Output("content", "children"),
        Output({"type": "nav", "page": ALL}, "className"),
        Output({"type": "nav", "page": ALL}, "href"),
        Input("answer", "data"),
        State({"type": "nav", "page": ALL}, "id"),
        State({"type": "nav", "page": ALL}, "href"),
        prevent_initial_call=True,
    )
    return app


def protect(app: dash.Dash, token: str | None) -> None:
    """Put the gate before an app whose callbacks are all there."""
    hosts = gate.LOOPBACK_NAMES if token is None else None
    gate.guard(app.server, gate.content_policy(app.csp_hashes()), hosts, token)
    app.server.config[TOKEN] = token


def _server(here: Path) -> Any:
    return Flask("moltarium-dashboard", root_path=str(here), instance_path=str(here), static_folder=None)


KEYS_TOLD: Final = "Keys: / search · j k step · Enter open · ← → pages"
"""Said at the foot of the navigation."""

_INDEX: Final = """<!DOCTYPE html>
<html lang="en">
<head>{%metas%}<title>{%title%}</title>
<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">{%css%}</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>"""


def _groups() -> list[Component]:
    """The navigation of one record."""
    return [
        html.Div(
            [
                html.P(name, className="nav-group") if name else None,
                *(
                    dcc.Link(
                        PAGES[path].title,
                        href=link_to(path),
                        id={"type": "nav", "page": path},
                        className="nav-link",
                    )
                    for path in paths
                ),
            ],
            className="nav-part",
        )
        for name, paths in GROUPS
    ]


def frame(groups: Sequence[Component], title: str, marks: Sequence[Component], *, listed: bool) -> Component:
    """What stands around every page.

    Parameters
    ----------
    groups
        The navigation.
    title, marks
        What is looked at, and its badges.
    listed
        Whether there is a list of runs, at the server's root, to go back to.
    """
    back = html.A("← All runs", href="/", className="nav-link") if listed else None
    return html.Div(
        [
            dcc.Location(id="address", refresh="callback-nav"),
            dcc.Store(id="theme", storage_type="local"),
            dcc.Store(id="answer"),
            html.A("Skip to content", href="#content", className="skip"),
            html.Aside(
                html.Div(
                    [
                        dcc.Link(
                            [html.Span("molt", className="brand-molt"), "arium"],
                            href=link_to("overview"),
                            className="brand",
                        ),
                        html.Nav([back, *groups], className="nav", **said("Pages")),
                        html.Div(
                            [
                                html.P(title, className="record-title"),
                                html.Div(marks, className="badges"),
                                html.Button(
                                    "Light / dark", id="theme-switch", className="theme-switch", n_clicks=0
                                ),
                                html.P(KEYS_TOLD, className="tiny keys"),
                            ],
                            className="aside-foot",
                        ),
                    ],
                    className="aside-in",
                ),
                className="aside",
            ),
            html.Main(id="content", className="content", tabIndex="-1"),
        ],
        className="frame",
    )


def addressed(pathname: str | None, search: str | None, content: Component, here: str = "") -> dict[str, Any]:
    """Return a page with the address that it answers, for the browser to place if it is still asked for.

    Parameters
    ----------
    pathname, search
        The address, as the browser gave it.
    content
        The page.
    here
        Which entry of the navigation is marked.
    """
    query = read_query(search)
    window = urlencode({key: query[key] for key in KEYS if query.get(key)})
    return {"to": [pathname, search], "content": content, "here": here, "window": window}


def read_query(search: str | None) -> dict[str, str]:
    return dict(parse_qsl((search or "").lstrip("?")[:4000]))


def _shown(view: View, lab: Lab, query: Query, what: str, *, cut: bool = True) -> Component:
    part = lab.during(query) if cut else lab
    try:
        with part.still():
            return view(part, query)
    except NotComputable as missing:
        return lack(missing.needs, what)


def _broken(error: Exception) -> Component:
    """Stands where a part failed, so that nobody waits for it; the log has the rest."""
    _LOG.error("a part of the dashboard failed", exc_info=error)
    words = error.what if isinstance(error, MoltariumError) else type(error).__name__
    return card(html.P([html.Strong("This part failed. "), f"{line(words, 300)}. The log tells more."]))


def _connect(app: dash.Dash, lab: Lab) -> None:
    """Every page, and every slow part of one, is a function of the address."""
    download.offer(app.server, lab)
    _steer(app)

    @app.callback(Output("answer", "data"), Input("address", "pathname"), Input("address", "search"))
    def show(pathname: str | None, search: str | None) -> dict[str, Any]:
        path = (pathname or "/").removeprefix(request.script_root).strip("/") or "overview"
        page = PAGES.get(path)
        if page is None:
            content: Component = card(
                html.P("There is no such page."), dcc.Link("To the overview", href=link_to("overview"))
            )
        else:
            query = read_query(search)
            _keep_window(query)
            content = _shown(page.view, lab, query, page.title, cut=page.cut)
            if page.cut and span_of(query) != ALWAYS:
                content = html.Div([_span(path, query), content], className="cut")
        return addressed(pathname, search, content, {"thread": "threads", "agent": "agents"}.get(path, path))

    @app.callback(
        Output({"type": "slow", "name": MATCH}, "children"),
        Input({"type": "slow-query", "name": MATCH}, "data"),
        State({"type": "slow-query", "name": MATCH}, "id"),
        on_error=_broken,
    )
    def fill(query: dict[str, str] | None, part: dict[str, str]) -> Component:
        name = part["name"]
        _keep_window(query or {})
        return _shown(SLOW[name], lab, query or {}, name.capitalize())

    @app.callback(
        Output({"type": "why", "target": MATCH}, "children"),
        Input({"type": "why-ask", "target": MATCH}, "n_clicks"),
        State({"type": "why-ask", "target": MATCH}, "id"),
        State("address", "search"),
        prevent_initial_call=True,
        on_error=_broken,
    )
    def ask(clicks: int, part: dict[str, str], search: str | None) -> Any:
        _keep_window(read_query(search))
        with lab.still():
            return reasons.explain(lab, part["target"]) if clicks == 1 else no_update


def _steer(app: dash.Dash) -> None:
    """What a visitor types, clicks or drags changes the address, and that alone."""

    @app.callback(
        Output("address", "search"),
        Input({"type": "filter", "name": ALL}, "value"),
        State({"type": "filter", "name": ALL}, "id"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    def narrow(values: list[str | None], parts: list[dict[str, str]], search: str | None) -> Any:
        query = read_query(search)
        asked = {part["name"]: value or "" for part, value in zip(parts, values, strict=True)}
        if not ctx.triggered or all(query.get(name, "") == value for name, value in asked.items()):
            return no_update
        _, mark, rest = link_to("", **{**query, **asked, "page": None}).partition("?")
        return mark + rest

    @app.callback(
        Output("address", "href"),
        Input({"type": "graph", "name": ALL}, "clickData"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    def follow(clicks: list[dict[str, Any] | None], search: str | None) -> Any:
        _keep_window(read_query(search))
        clicked = next((click for click in clicks if click), None)
        lead = clicked["points"][0].get("customdata") if clicked and ctx.triggered else None
        if not (isinstance(lead, list) and len(lead) == 2 and lead[0] in ("thread", "agent")):
            return no_update
        return link_to(str(lead[0]), id=lead[1])

    @app.callback(
        Output("address", "search", allow_duplicate=True),
        Input({"type": "graph", "name": "activity"}, "relayoutData"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    def cut(moved: dict[str, Any] | None, search: str | None) -> Any:
        ends = [(moved or {}).get(f"xaxis.range[{place}]") for place in (0, 1)]
        if not all(isinstance(end, str) for end in ends):
            return no_update
        since, until = (str(end).replace(" ", "T")[:19] for end in ends)
        _, mark, rest = link_to("", **{**read_query(search), "since": since, "until": until}).partition("?")
        return mark + rest


def _keep_window(query: Query) -> None:
    """Let links that are built for this request keep the span of time that its page is about."""
    g.window = {key: query[key] for key in KEYS if query.get(key)}


def _span(path: str, query: Query) -> Component:
    """Say that a page is about a part of the record, and how to see all of it."""
    since, until = (line(query.get(key, ""), 40).replace("T", " ") for key in KEYS)
    told = f"Only {since or 'the beginning'} to {until or 'the end'} UTC"
    everything = link_to(path, **{**query, "since": "", "until": "", "page": None})
    return html.P(
        [html.Span(told), dcc.Link("See the whole record ✕", href=everything, className="choice chosen")],
        className="span",
    )
