"""The web process: Slack's requests over HTTP, health and metrics, as one WSGI application."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from slack_bolt.adapter.wsgi import SlackRequestHandler
from sqlalchemy import text

from bot.app import build_app
from bot.installation import Installation
from finops.errors import ConfigurationRefused

LOG = structlog.get_logger("finops.web")
MOST_BYTES = 1_000_000
PATH = "/slack/events"
StartResponse = Callable[..., Any]
Environ = dict[str, Any]


def build_web(installation: Installation) -> Callable[[Environ, StartResponse], Iterable[bytes]]:
    """The application that `finops web` serves.

    Raises:
        ConfigurationRefused: there is no signing secret, so that anybody could speak for Slack.
    """
    if not installation.settings.slack_signing_secret.get_secret_value():
        raise ConfigurationRefused(
            "SLACK_SIGNING_SECRET is not set.", "It is under 'Basic Information' of the app at api.slack.com/apps."
        )
    slack = SlackRequestHandler(build_app(installation), path=PATH)

    def web(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == PATH:
            return _slack(slack, environ, start_response)
        if path == "/healthz":
            return _health(installation, start_response)
        if path == "/metrics":
            start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
            return [generate_latest()]
        return _plain(start_response, "404 Not Found", "not found")

    return web


def _slack(slack: SlackRequestHandler, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Hand a request to Bolt; what is no request of Slack's at all is refused before or after, never with a 5xx."""
    if environ.get("REQUEST_METHOD") != "POST":
        return _plain(start_response, "405 Method Not Allowed", "POST only")
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not length.isdigit() or int(length) > MOST_BYTES:
        return _plain(start_response, "413 Content Too Large", "too large")
    # Slack's SDK fails, instead of refusing, on a time that is no number and a signature that is not ASCII.
    time, signature = (str(environ.get(f"HTTP_X_SLACK_{name}", "")) for name in ("REQUEST_TIMESTAMP", "SIGNATURE"))
    if not re.fullmatch(r"[0-9]{1,12}", time) or not re.fullmatch(r"v0=[0-9a-f]{64}", signature):
        return _plain(start_response, "401 Unauthorized", "invalid request")
    try:
        return list(slack(environ, start_response))
    except (ValueError, KeyError, TypeError, AttributeError, LookupError) as error:
        # Signed, but not a payload that Bolt can take apart.
        LOG.warning("malformed request", error=type(error).__name__)
        return _plain(start_response, "400 Bad Request", "malformed payload")


def _health(installation: Installation, start_response: StartResponse) -> Iterable[bytes]:
    try:
        with installation.state.reading() as connection:
            connection.execute(text("SELECT 1"))
    except Exception as error:  # whatever is wrong with the database, the answer is the same
        LOG.warning("unhealthy", error=type(error).__name__)
        return _plain(start_response, "503 Service Unavailable", "database unavailable")
    return _plain(start_response, "200 OK", "ok")


def _plain(start_response: StartResponse, status: str, body: str) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [body.encode()]
