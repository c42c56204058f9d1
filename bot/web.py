"""The web process: requests of Slack and alerts of AWS over HTTP, health and metrics, as one WSGI application."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import structlog
from slack_bolt.adapter.wsgi import SlackRequestHandler

from bot import incoming
from bot.app import build_app
from bot.health import Environ, StartResponse, build_health, plain
from bot.installation import Installation
from finops.errors import ConfigurationRefused

LOG = structlog.get_logger("finops.web")
MOST_BYTES = 1_000_000
PATH = "/slack/events"


def build_web(installation: Installation) -> Callable[[Environ, StartResponse], Iterable[bytes]]:
    """The application that `finops web` serves.

    Raises:
        ConfigurationRefused: there is no signing secret, so that anybody could speak for Slack.
    """
    installation.require_configuration()
    if not installation.settings.slack_signing_secret.get_secret_value():
        raise ConfigurationRefused(
            "SLACK_SIGNING_SECRET is not set.", "It is under 'Basic Information' of the app at api.slack.com/apps."
        )
    slack = SlackRequestHandler(build_app(installation), path=PATH)
    health = build_health(installation)
    # Where no topic is listed nobody can be believed, and there is nothing at that address.
    sns = incoming.build_incoming(installation) if installation.company.incoming.topics else health

    def web(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == PATH:
            return _slack(slack, environ, start_response)
        if path == incoming.PATH:
            return sns(environ, start_response)
        return health(environ, start_response)

    return web


def _slack(slack: SlackRequestHandler, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Hand a request to Bolt; what is no request of Slack's at all is refused before or after, never with a 5xx."""
    if environ.get("REQUEST_METHOD") != "POST":
        return plain(start_response, "405 Method Not Allowed", "POST only")
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not length.isdigit() or int(length) > MOST_BYTES:
        return plain(start_response, "413 Content Too Large", "too large")
    # Slack's SDK fails, instead of refusing, on a time that is no number and a signature that is not ASCII.
    time, signature = (str(environ.get(f"HTTP_X_SLACK_{name}", "")) for name in ("REQUEST_TIMESTAMP", "SIGNATURE"))
    if not re.fullmatch(r"[0-9]{1,12}", time) or not re.fullmatch(r"v0=[0-9a-f]{64}", signature):
        return plain(start_response, "401 Unauthorized", "invalid request")
    try:
        return list(slack(environ, start_response))
    except (ValueError, KeyError, TypeError, AttributeError, LookupError) as error:
        # Signed, but not a payload that Bolt can take apart.
        LOG.warning("malformed request", error=type(error).__name__)
        return plain(start_response, "400 Bad Request", "malformed payload")
