"""/healthz and /metrics: beside Slack's requests in the web process, on a port of their own in the others."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import text

from bot.installation import Installation

LOG = structlog.get_logger("finops.health")
StartResponse = Callable[..., Any]
Environ = dict[str, Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


def build_health(installation: Installation) -> Application:
    """A WSGI application: 200 or 503 at /healthz, Prometheus's text at /metrics, 404 elsewhere."""

    def health(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
            return [generate_latest(_registry())]
        if path != "/healthz":
            return plain(start_response, "404 Not Found", "not found")
        try:
            with installation.state.reading() as connection:
                connection.execute(text("SELECT 1"))
        except Exception as error:  # whatever is wrong with the database, the answer is the same
            LOG.warning("unhealthy", error=type(error).__name__)
            return plain(start_response, "503 Service Unavailable", "database unavailable")
        return plain(start_response, "200 OK", "ok")

    return health


def _registry() -> CollectorRegistry:
    """What is counted: by all processes of `finops web` together, elsewhere by this one."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def serve_health(installation: Installation) -> None:
    """Serve /healthz and /metrics in the background where FINOPS_HEALTH_PORT names a port."""
    port = installation.settings.finops_health_port
    if port is None:
        return
    server = make_server("", port, build_health(installation), handler_class=_Silent)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    LOG.info("health is served", port=port)


def plain(start_response: StartResponse, status: str, body: str) -> Iterable[bytes]:
    """A short answer in plain text."""
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [body.encode()]


class _Silent(WSGIRequestHandler):
    """Does not log each probe."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
