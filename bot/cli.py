"""`finops`: the terminal's entry, which finds its commands in bot/terminal/ and turns refusals into one line."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import click

from bot.installation import Installation
from finops.errors import DeliveryRefused, FinopsError


class OneFileEach(click.Group):
    """A group whose commands are the modules of bot/terminal/ that define COMMAND, imported only when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        names = (Path(entry.name).stem for entry in (files("bot") / "terminal").iterdir() if entry.name.endswith(".py"))
        return sorted(name for name in names if not name.startswith("_") and name != "output")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command by its name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"bot.terminal.{cmd_name}").COMMAND
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; a refusal is one line (and the faults found), and exit code 1."""
        try:
            return super().invoke(ctx)
        except FinopsError as refusal:
            click.echo(f"finops: {refusal}", err=True)
            for fault in refusal.faults[1:] if isinstance(refusal, DeliveryRefused) else ():
                click.echo(f"  {fault}", err=True)
            if isinstance(refusal, DeliveryRefused):
                click.echo("finops: nothing was taken in; what was stored before is as it was.", err=True)
            ctx.exit(1)


@click.group(cls=OneFileEach, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path), help="The configuration file; ./finops.yaml by default.")
@click.option("--demo", is_flag=True, help="Ask about the company of `make demo`, on its day, while it runs or after.")
@click.version_option(package_name="finops-bot", prog_name="finops")
@click.pass_context
def main(ctx: click.Context, config: Path | None, demo: bool) -> None:
    """Put every team's cloud spend beside its budget, in Slack and here."""
    if demo:
        if config:
            raise click.UsageError("The demo has a configuration of its own: leave --config or --demo out.")
        from bot.demo.place import demo_at_the_terminal

        ctx.obj = demo_at_the_terminal()
    elif ctx.obj is None:
        ctx.obj = Installation(config)


def run() -> None:
    """Entry that survives a reader who closes the pipe early."""
    try:
        main()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
