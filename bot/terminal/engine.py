"""`finops engine`: where bills that stay elsewhere are rolled up."""

from __future__ import annotations

import click

from bot.terminal.output import FORMAT, show
from finops.errors import FinopsError


@click.group("engine")
def COMMAND() -> None:
    """Engines that roll up a bill where it lies."""


@COMMAND.command("check")
@click.option("--engine", required=True, help="Its name: duckdb, postgresql, spark, athena, bigquery, …")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="One of the engine's keys; repeat it.")
@click.option("--table", default="", help="A FOCUS table of yours to look at too; only its columns are read.")
@FORMAT
@click.pass_context
def check(ctx: click.Context, engine: str, settings: tuple[str, ...], table: str, form: str) -> None:
    """Run the rollup over a small built-in FOCUS table and compare it to the last digit; exit 1 where it differs.

    Nothing is created there: the table is part of the query. Credentials are found as engines.md says.
    """
    from storage.engines.check import check as findings_of
    from storage.engines.engine import engine_kind

    kind = engine_kind(engine)
    given = dict(_pair(each) for each in settings)
    if unknown := [key for key in given if key not in kind.keys]:
        raise FinopsError(f"{engine} has no key {unknown[0]}.", f"There are {', '.join(kind.keys)}.")
    if lacking := [key for key in kind.required if not given.get(key)]:
        raise FinopsError(f"{engine} needs --set {lacking[0]}=…: {kind.keys[lacking[0]]}.")
    opened = kind.opened(**given)
    try:
        findings = list(findings_of(kind, opened, table))
    finally:
        opened.close()
    if form == "table":
        for finding in findings:
            click.echo(f"{'ok  ' if finding.good else 'FAIL'} {finding.what}: {finding.said}")
    else:
        show([{"what": each.what, "good": each.good, "said": each.said} for each in findings], form)
    if not all(finding.good for finding in findings):
        ctx.exit(1)


def _pair(text: str) -> tuple[str, str]:
    key, found, value = text.partition("=")
    if not found:
        raise FinopsError(f"--set {text}: it takes KEY=VALUE.")
    return key, value
