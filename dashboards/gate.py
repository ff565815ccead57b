"""Who may talk to the dashboard, and what its pages may load: this machine, unless a token is set."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from moltarium.sim.record.errors import MoltariumError

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
"""Host names under which a loopback server may be addressed."""

COOKIE: Final = "moltarium_token"
_MIN_TOKEN: Final = 16


def is_loopback(host: str) -> bool:
    """Whether binding to `host` keeps the server on this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_bind(host: str, token: str | None) -> None:
    """Refuse to show a record to the network without a token.

    Raises
    ------
    MoltariumError
        If `host` is not a loopback address and `token` is missing or shorter than 16 characters.
    """
    if not is_loopback(host) and len(token or "") < _MIN_TOKEN:
        raise MoltariumError(
            "the dashboard would be open to everyone on this network",
            place=host,
            remedy=f"bind to 127.0.0.1, or set MOLTARIUM_TOKEN to at least {_MIN_TOKEN} characters",
        )


def hostname(value: str) -> str:
    """Return the name in a Host header or an origin, without port or brackets; empty if it has none."""
    try:
        return (urlsplit(value if "//" in value else f"//{value}").hostname or "").lower()
    except ValueError:
        return ""


def content_policy(script_hashes: Sequence[str]) -> str:
    """Return the Content-Security-Policy: nothing but this server's own files, and no inline script but ours.

    Parameters
    ----------
    script_hashes
        Hashes of the inline scripts that Dash writes into its page.
    """
    scripts = " ".join(["'self'", *(f"'{digest.strip(chr(39))}'" for digest in script_hashes)])
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def guard(server: Flask, policy: str, hosts: frozenset[str] | None, token: str | None) -> None:
    """Put the checks before, and the headers after, every request of `server`.

    Parameters
    ----------
    server
        The Flask app.
    policy
        The Content-Security-Policy header.
    hosts
        Names the server may be addressed by, against DNS rebinding; ``None`` accepts any (then with `token`).
    token
        What a visitor must show once as ``?token=``; kept in a cookie afterwards.
    """

    @server.before_request
    def _check() -> AnyResponse | None:
        if hosts is not None and hostname(request.host) not in hosts:
            abort(403, "This dashboard does not answer to that host name.")
        if ".." in request.path.replace("\\", "/").split("/"):
            abort(400, "No address here leads upwards.")
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("//")[2] != request.host:
            abort(403, "Requests from other sites are refused.")
        return _let_in(token) if token else None

    @server.after_request
    def _label(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return response


def _let_in(token: str) -> AnyResponse | None:
    if hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), token.encode()):
        return None
    if not hmac.compare_digest(request.args.get("token", "").encode(), token.encode()):
        abort(401, "This dashboard needs its token: open it with ?token=…")
    # The token leaves the address bar at once, so that it is neither bookmarked nor read over a shoulder.
    welcome = redirect(request.path)
    welcome.set_cookie(COOKIE, token, httponly=True, samesite="Strict")
    return welcome
