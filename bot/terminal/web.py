"""`finops web`: answer Slack over HTTP."""

from __future__ import annotations

from typing import Any

import click

from bot.installation import Installation
from bot.log import configure_log


@click.command("web")
@click.option("--port", type=int, help="PORT of the environment, or 8080, by default.")
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@click.option("--workers", type=int, default=1, show_default=True, help="Processes.")
@click.option("--threads", type=int, default=8, show_default=True, help="Threads of each process.")
@click.pass_obj
def COMMAND(installation: Installation, port: int | None, host: str, workers: int, threads: int) -> None:
    """Answer Slack's requests at POST /slack/events; /healthz and /metrics beside it. Any number may run."""
    from gunicorn.app.base import BaseApplication

    from bot.web import build_web

    configure_log(installation.settings.finops_log)
    web = build_web(installation)

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            for name, value in {
                "bind": f"{host}:{port or installation.settings.port}",
                "worker_class": "gthread",
                "workers": workers,
                "threads": threads,
                "keepalive": 30,
                "graceful_timeout": 10,
                "loglevel": "warning",
                "post_fork": lambda _server, _worker: installation.state.engine.dispose(close=False),
            }.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return web

    click.echo(f"finops web listens on http://{host}:{port or installation.settings.port}/slack/events", err=True)
    Server().run()
