"""`finops worker`: jobs by the clock, and the sender."""

from __future__ import annotations

import click

from bot.installation import Installation
from bot.log import configure_log
from bot.terminal.run import leave, wait_for_end


@click.command("worker")
@click.pass_obj
def COMMAND(installation: Installation) -> None:
    """Run the jobs and bring messages to Slack. Any number may run; a claim decides which does what."""
    from bot.health import serve_health
    from bot.worker import Worker

    configure_log(installation.settings.finops_log)
    worker = Worker(installation)
    worker.start()
    serve_health(installation)
    wait_for_end()
    worker.stop()
    leave()
