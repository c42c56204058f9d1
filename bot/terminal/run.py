"""`finops run`: everything in one process, over Socket Mode."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import NoReturn

import click

from bot.installation import Installation
from bot.log import configure_log


@click.command("run")
@click.pass_obj
def COMMAND(installation: Installation) -> None:
    """Answer Slack over Socket Mode, run the jobs and bring messages to Slack, in one process: the small install."""
    from bot.health import serve_health
    from bot.small_install import SmallInstall

    configure_log(installation.settings.finops_log)
    whole = SmallInstall(installation)
    whole.start()
    serve_health(installation)
    click.echo("finops runs; Ctrl-C ends it.", err=True)
    wait_for_end()
    whole.stop()
    leave()


def leave() -> NoReturn:
    """End the process at once, with everything said and stopped.

    The drawing and query libraries otherwise report, on forty lines, what their own threads had not yet given back.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def wait_for_end() -> None:
    """Return when the process is asked to end, by Ctrl-C or SIGTERM."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
