"""`finops demo`: the whole product on one machine, against a Slack on localhost."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import click

from bot.demo.place import FOLDER
from bot.log import configure_log
from bot.terminal.run import leave, wait_for_end
from finops.errors import FinopsError


@click.command("demo")
@click.option("--port", type=int, default=8400, show_default=True, help="Where the page is.")
@click.option("--reset", is_flag=True, help="Begin anew.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=FOLDER,
    show_default=True,
    help="Where it keeps all it makes.",
)
@click.option(
    "--check",
    "checked",
    is_flag=True,
    help="Without a page: run two mornings, ask, read the report, answer an alert, list what was seen, and end.",
)
def COMMAND(port: int, reset: bool, folder: Path, checked: bool) -> None:
    """A made-up company with 13 months of bills, in a workspace on localhost that looks and works like Slack."""
    from bot.demo.demo import Demo, begin_anew

    configure_log("warning")
    if checked:
        with tempfile.TemporaryDirectory() as temporary:
            _check(Path(temporary))
        leave()
    _refuse_taken(port)
    if reset:
        begin_anew(folder)
    demo = Demo(folder, port, date.today(), click.echo)
    demo.prepare()
    demo.start()
    click.echo(
        f"\n  Open {demo.sandbox.url}\n\n"
        "  Ctrl-C ends it; `make demo` takes up here again, `make demo RESET=1` begins anew."
        + (
            "\n  In another terminal `.venv/bin/finops --demo alerts` shows the same company."
            if folder == FOLDER
            else ""
        )
    )
    wait_for_end()
    click.echo("\nEnding …")
    demo.stop()
    leave()


def _check(folder: Path) -> None:
    from bot.demo.check import check
    from bot.demo.demo import Demo

    demo = Demo(folder, 0, date.today(), click.echo)
    demo.prepare()
    demo.start()
    try:
        for line in check(demo):
            click.echo(f"seen: {line}")
    finally:
        demo.stop()
    click.echo("The demo works.")


def _refuse_taken(port: int) -> None:
    """Say so before minutes are spent on bills."""
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise FinopsError(f"Port {port} is taken.", f"Choose another: `make demo PORT={port + 1}`.") from None
