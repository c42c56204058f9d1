"""`finops web`: answer Slack over HTTP."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

import click

from bot.installation import Installation
from finops.errors import FinopsError


@click.command("web")
@click.option("--port", type=int, help="PORT of the environment, or 8080, by default.")
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@click.option("--workers", type=int, default=2, show_default=True, help="Processes.")
@click.option("--threads", type=int, default=1, show_default=True, help="Threads of each process.")
@click.pass_obj
def COMMAND(installation: Installation, port: int | None, host: str, workers: int, threads: int) -> None:
    """Answer Slack at POST /slack/events and SNS at POST /incoming/sns; /healthz and /metrics beside them.

    Any number may run.
    """
    from gunicorn.app.base import BaseApplication

    from bot.web_worker import WebWorker

    address = f"{host}:{port or installation.settings.port}"
    options = {
        "bind": address,
        "worker_class": WebWorker,
        "workers": workers,
        "threads": threads,
        "keepalive": 30,
        "graceful_timeout": 10,
        "loglevel": "warning",
    }

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return _load(installation)

    click.echo(f"finops web listens on http://{address}/slack/events", err=True)
    parent = os.getpid()
    # Where the processes add up what they count; prometheus_client reads it when it is first imported, in each of them.
    counted = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="finops-metrics-")
    try:
        Server().run()
    except SystemExit as ended:
        if os.getpid() != parent:
            raise  # gunicorn's own codes matter between its processes
        shutil.rmtree(counted, ignore_errors=True)
        raise SystemExit(1 if ended.code else 0) from None


def _load(installation: Installation) -> Any:
    """Build the application in the worker process, so that the parent stays small."""
    from gunicorn.errors import AppImportError

    from bot.log import configure_log
    from bot.memory import settle
    from bot.web import build_web

    configure_log(installation.settings.finops_log)
    try:
        web = build_web(installation)
    except FinopsError as refusal:
        # gunicorn ends the parent on this one, instead of starting another worker that fails the same.
        raise AppImportError(f"finops: {refusal}") from None
    settle()
    return web
