"""`finops doctor`: is everything as it must be, and what to do where it is not."""

from __future__ import annotations

import click

from bot.doctor import examine
from bot.installation import Installation
from bot.log import configure_log
from bot.terminal.output import FORMAT, show


@click.command("doctor")
@FORMAT
@click.pass_context
def COMMAND(ctx: click.Context, form: str) -> None:
    """Test configuration, policy, database, ledger, Slack, channels and people; exit 1 where one fails."""
    configure_log("error")
    installation: Installation = ctx.obj
    findings = list(examine(installation))
    if form == "table":
        for finding in findings:
            click.echo(
                f"{'ok  ' if finding.good else 'WARN' if finding.warns else 'FAIL'} {finding.check}: {finding.said}"
            )
            if finding.mend:
                click.echo(f"     → {finding.mend}")
    else:
        show([{name: getattr(finding, name) for name in finding.__slots__} for finding in findings], form)
    if not all(finding.good or finding.warns for finding in findings):
        ctx.exit(1)
